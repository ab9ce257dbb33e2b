import Logging

/// The swift-log handler of a `LogOutput`.
struct LogOutputHandler: LogHandler {
    let label: String
    let output: LogOutput
    var metadata: Logger.Metadata = [:]
    /// The level of this logger, if it has been set; otherwise it has the level of the output.
    private var ownLevel: Logger.Level?

    init(label: String, output: LogOutput) {
        self.label = label
        self.output = output
    }

    var logLevel: Logger.Level {
        get { ownLevel ?? output.level }
        set { ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = metadata
        if let given = event.metadata { fields.merge(given) { _, new in new } }
        if let error = event.error { fields["error"] = "\(error)" }
        // `msg` is the name of the message's own field.
        fields["msg"] = nil
        output.write(
            LogMessage(
                label: label, severity: Severity(event.level), text: event.message.description,
                metadata: fields.sorted { $0.key < $1.key }.map {
                    (name: $0.key, value: $0.value.description)
                }))
    }
}
