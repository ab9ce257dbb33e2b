import TestSupport
import Time

/// A response, and when its request began and it ended, as measured by the client.
struct TimedResponse {
    let response: ReceivedResponse
    let began: Instant
    let ended: Instant

    init(_ ask: () throws -> ReceivedResponse) rethrows {
        began = .now
        response = try ask()
        ended = .now
    }

    var status: Int { response.status }
    var duration: Duration { began.duration(to: ended) }
    /// The value of the `Age` field, in whole seconds; nil without the field.
    var age: Duration? { response["age"].flatMap { Int64($0) }.map { .seconds($0) } }
}
