package import Logging

extension LogOutput {
    /// The configuration of the log of a process.
    package struct Configuration: Sendable {
        /// Whether lines are mozlog JSON or plain text.
        package var json: Bool
        /// Minimum level to log.
        package var level: Logger.Level
        /// Mozlog's `Logger`: `megaphone-<version>`.
        package var loggerName: String
        package var hostname: String
        package var processID: Int32
        /// Whether each line begins with its severity, as `<6>`: the journal's priority (sd-daemon(3)).
        package var hasPriorities: Bool

        /// Host name and process ID default to the system's.
        package init(
            json: Bool = false, level: Logger.Level = .info, loggerName: String,
            hostname: String = systemHostname(), processID: Int32 = systemProcessID(),
            hasPriorities: Bool = false
        ) {
            self.json = json
            self.level = level
            self.loggerName = loggerName
            self.hostname = hostname
            self.processID = processID
            self.hasPriorities = hasPriorities
        }
    }
}
