/// How late an answer may come after its deadline, on a busy machine: a tenth of the default
/// `write_deadline`.
package let lateness = Duration.milliseconds(200)
