internal import EventLoop
internal import HTTP
internal import HTTPWire
internal import Time

/// Sends what waiters deliver: responses, and the pieces of streams.
extension ConnectionLoop {
    /// Send buffer of a stream's socket in bytes: the kernel must not queue many pieces for a slow client.
    private static let streamSendBuffer: Int32 = 65536
    /// How long a stream's connection lives without an acknowledgement, in milliseconds: frees the place of a
    /// client that has vanished.
    private static let streamUserTimeout: Int32 = 30_000

    /// Sends what a waiter delivers.
    mutating func deliver(
        _ part: Delivery.Part, to connection: inout Connection, _ id: ConnectionID, at now: Instant
    ) {
        guard case .waiter(let waiter) = connection.response else { return }
        switch part {
        case .response(let response, let piece):
            guard response.isStream else { return finish(&connection, id, with: response, at: now) }
            begin(&connection, id, response, piece, at: now)
        case .piece(let piece):
            guard connection.output.isEmpty else { return waiter.pieceDropped() }
            connection.output.append(body: connection.conversation.encoded(piece))
            guard flush(&connection, id, at: now), connection.isBlocked,
                watch(&connection, id, reading: false)
            else { return }
            schedule(&connection, id)
        case .end(let piece):
            guard connection.output.isEmpty else { return waiter.pieceDropped() }
            connection.response = .none
            lendSpare(&connection)
            connection.output.encode { encoded in
                connection.conversation.endStream(last: piece, into: &encoded, at: now)
            }
            advance(&connection, id, at: now)
        }
    }

    /// Begins a stream.
    private mutating func begin(
        _ connection: inout Connection, _ id: ConnectionID, _ response: Response, _ piece: StreamPiece?,
        at now: Instant
    ) {
        // A stream works without these options, so errors are ignored.
        try? loop.system.setOption(connection.descriptor, .sendBuffer, Self.streamSendBuffer)
        try? loop.system.setOption(connection.descriptor, .userTimeout, Self.streamUserTimeout)
        var input = takePending(&connection)
        guard respond(&connection, id, response, first: piece, &input, at: now) else { return }
        advance(&connection, id, input, at: now)
    }
}
