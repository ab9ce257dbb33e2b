import Access
import Broadcasts
import HTTP
import HTTPTypes
import Time

extension API {
    /// `PUT /v1/broadcasts/{broadcaster_id}/{bchannel_id}`: the body is the new version.
    ///
    /// What the head alone shows to be wrong is answered before the body is read: an unknown token (401),
    /// then an id that cannot be one (400). The version is next (400), then the right to write here (403),
    /// then the store.
    func putBroadcast(_ request: Request, _ context: inout RequestContext) throws(APIError) -> Handling {
        let identity = try authenticate(request, &context)
        guard let broadcasterID = context.segments.text(at: 2, of: request).flatMap(BroadcasterID.init) else {
            throw .invalidBroadcasterID
        }
        guard let channelID = context.segments.text(at: 3, of: request).flatMap(ChannelID.init) else {
            throw .invalidChannelID
        }
        return .deferred { [self] body throws(APIError) in
            let change = Change(
                broadcasterID: broadcasterID, channelID: channelID, version: try version(body),
                author: broadcasterID.text, requestID: "")
            guard identity == .broadcaster(broadcasterID.text) else { throw .accessDenied }
            return try await put(change)
        }
    }

    private func version(_ body: [UInt8]) throws(APIError) -> Version {
        do {
            return try Version(bytes: body)
        } catch {
            throw .invalidVersion(error)
        }
    }

    /// A twentieth of the time is left for the way back: the client is promised an answer within it.
    private func put(_ change: Change) async throws(APIError) -> LoggedResponse {
        let start = clock.now
        let outcome: ChangeOutcome
        do {
            outcome = try await boards.put(change, deadline: start + configuration.writeDeadline * 19 / 20)
        } catch {
            throw .storeFailed(error)
        }
        metrics.recordUpdate(change, since: start)
        let status: HTTPResponse.Status = outcome == .created ? .created : .ok
        return LoggedResponse(status, json: Array(#"{"code":\#(status.code)}"#.utf8))
    }
}
