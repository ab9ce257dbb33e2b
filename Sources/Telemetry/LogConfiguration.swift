package import Logging

extension LogOutput {
    /// What is the same in all lines of a process.
    package struct Configuration: Sendable {
        /// Whether lines are mozlog JSON for a log pipeline, or text for people.
        package var json: Bool
        /// The least level that is written.
        package var level: Logger.Level
        /// Mozlog's `Logger`: `megaphone-<version>`.
        package var loggerName: String
        package var hostname: String
        package var processID: Int32

        /// Host name and process number are asked of the system where they are not given.
        package init(
            json: Bool = false, level: Logger.Level = .info, loggerName: String,
            hostname: String = systemHostname(), processID: Int32 = systemProcessID()
        ) {
            self.json = json
            self.level = level
            self.loggerName = loggerName
            self.hostname = hostname
            self.processID = processID
        }
    }
}
