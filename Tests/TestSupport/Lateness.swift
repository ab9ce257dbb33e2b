/// How long after its deadline a result may arrive on a busy machine: a tenth of the default
/// `write_deadline`.
package let lateness = Duration.milliseconds(200)
