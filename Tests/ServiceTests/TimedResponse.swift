import TestSupport
import Time

/// An answer, and the time it took as its client saw it.
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
    /// The field of that name in whole seconds; nil without it.
    var age: Duration? { response["age"].flatMap { Int64($0) }.map { .seconds($0) } }
}
