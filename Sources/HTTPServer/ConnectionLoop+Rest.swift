internal import EventLoop
internal import HTTPWire
internal import Logging
internal import Time

/// What a connection waits for between two events.
extension ConnectionLoop {
    /// Suspends a connection until its next event: stores its bytes, registers its interest, sets its timer.
    mutating func rest(
        _ connection: inout Connection, _ id: ConnectionID, _ input: consuming ReceivedBytes
    ) {
        keep(&connection, input)
        // Reading stays registered here: `drive` removes it if unwanted bytes arrive, which is rare.
        let reading =
            connection.interest?.reading ?? false && !connection.conversation.isStreaming
            || connection.conversation.wantsBytes(pendingCount: connection.pending.count)
        guard watch(&connection, id, reading: reading) else { return }
        schedule(&connection, id)
    }

    mutating func schedule(_ connection: inout Connection, _ id: ConnectionID) {
        guard let deadline = connection.conversation.deadline else { return }
        if let entry = connection.timerEntry, entry <= deadline { return }
        connection.timerEntry = deadline
        loop.timers.add(id.source, at: deadline)
    }

    /// Registers what a connection waits for. Returns false if the connection was closed.
    mutating func watch(_ connection: inout Connection, _ id: ConnectionID, reading: Bool) -> Bool {
        let writing = !connection.output.isEmpty
        // A stream is not read, but the end of the peer's side ends it.
        let ending = connection.conversation.isStreaming
        // Edge-triggered without writing, which is what connections nearly always wait for.
        let interest = Interest(
            reading: reading, writing: writing, ending: ending, byEdge: (reading || ending) && !writing)
        return interest == connection.interest || watch(&connection, id, interest)
    }

    /// Rearms the poller. Returns false if the connection was closed.
    mutating func rearm(_ connection: inout Connection, _ id: ConnectionID) -> Bool {
        watch(&connection, id, connection.interest ?? Interest(reading: true, byEdge: true))
    }

    /// Registers a connection with the poller, or changes its interest. Returns false if the connection was
    /// closed.
    private mutating func watch(_ connection: inout Connection, _ id: ConnectionID, _ interest: Interest)
        -> Bool
    {
        do throws(SystemError) {
            if connection.interest == nil {
                try loop.poller.add(connection.descriptor, source: id.source, interest: interest)
            } else {
                try loop.poller.modify(connection.descriptor, source: id.source, interest: interest)
            }
            connection.interest = interest
            return true
        } catch {
            if connection.interest == nil, let suppressed = state.unwatchedLog.admit(at: loop.clock.now) {
                logger.warning(
                    "Closed a connection: cannot register it with epoll",
                    metadata: ["error": "\(error)", "suppressed": "\(suppressed)"])
            }
            close(connection, id)
            return false
        }
    }
}
