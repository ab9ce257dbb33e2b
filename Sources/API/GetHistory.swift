import Broadcasts
import Bytes
import HTTP
import HTTPTypes

extension API {
    /// `GET /v1/broadcasts/{broadcaster_id}/{bchannel_id}/history`: the changes of a channel, newest first.
    ///
    /// Checked in this order: the token (401), the IDs, the query (400), the right to read (403). Anonymous
    /// requests may not read it, because it contains the IDs of requests.
    func getHistory(_ request: Request, _ context: inout RequestContext) throws(APIError) -> Handling {
        let identity = try authenticate(request, &context)
        let channel = try channelName(request, context)
        let parameters = QueryParameters(request)
        let limit = try parameters.number("limit", in: 1...100) ?? 20
        let before = try parameters.number("before", in: 1...Int.max)
        guard identity.mayRead(.channel(channel.broadcasterID, channel.channelID)) else {
            throw .accessDenied
        }
        let query = HistoryQuery(channel, limit: limit, before: before)
        return .deferred { [self] _, _ throws(APIError) in
            let page: HistoryPage?
            do throws(StoreError) {
                page = try await feed.history(query)
            } catch {
                throw .storeFailed(error)
            }
            guard let page else { throw .notFound }
            return response(page, limit: limit)
        }
    }

    private func response(_ page: HistoryPage, limit: Int) -> LoggedResponse {
        var json = Array(#"{"code":200,"history":["#.utf8)
        for (index, entry) in page.entries.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            json.append(entry)
        }
        json += Array("]}".utf8)
        var response = LoggedResponse(.ok, json: json)
        if page.hasMore, let last = page.entries.last?.id {
            // RFC 8288 section 3.1: relative to the URL of the request.
            response.response.fields.append(.link, #"<?limit=\#(limit)&before=\#(last)>; rel="next""#)
        }
        return response
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ entry: HistoryEntry) {
        append(contentsOf: #"{"id":"#.utf8)
        append(contentsOf: (entry.id.map(String.init) ?? "null").utf8)
        append("version", entry.version)
        append("previous", entry.previous)
        append("at", entry.time)
        append("request_id", entry.requestID)
        if let time = entry.announceAt { append("announce_at", announceTime(time)) }
        append(UInt8(ascii: "}"))
    }

    private mutating func append(_ key: String, _ value: String?) {
        append(contentsOf: #","\#(key)":"#.utf8)
        if let value { appendJSONString(value) } else { append(contentsOf: "null".utf8) }
    }
}
