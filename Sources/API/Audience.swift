import Broadcasts
import HTTP
import Time

/// The held requests of one loop that have the same view of the board, and the state that they wait to differ
/// from.
///
/// A pass visits all members in turn and delivers the newest state. It takes several turns of the loop if
/// there are many; a state that arrives meanwhile goes to the members that are still to be visited, and the
/// next pass brings it to the others.
final class Audience {
    let view: BoardView
    /// The position in the loop's list of audiences.
    var index = 0
    private(set) var members: [HeldRequest] = []
    /// Nil before the first good read.
    private(set) var content: Content?
    /// Counts the states, from 1.
    private(set) var number = 0
    /// When the read that brought the state ended.
    private(set) var readEnded: Instant?
    /// Number of members that wait until the store answers again.
    var recovering = 0
    /// Whether the audience is in the loop's queue of passes.
    var isQueued = false

    /// States are at least this far apart, so that a burst of changes does not become a burst of events.
    private static let spacing = Duration.milliseconds(50)

    /// The state as an event, made when the first member needs it.
    private var event: StreamPiece?
    /// Of a channel: its version, so that an unchanged one need not be rendered.
    private var version: String?
    /// The number of members that the pass has still to visit, and the next one.
    private var remaining = 0
    private var cursor = 0
    private var passNumber = 0
    /// The earliest time of the next pass.
    private(set) var notBefore: Instant?

    init(_ view: BoardView) {
        self.view = view
    }

    // MARK: - The state

    /// Takes the state from a read. Returns whether it differs from the last one.
    func update(_ read: GoodRead) -> Bool {
        let new: Content
        if let newVersion = channelVersion(on: read.board) {
            if content != nil, isSame(version, newVersion) { return false }
            version = newVersion
            new = API.content(of: view, on: read.board)
        } else {
            new = API.content(of: view, on: read.board)
            if new === content || new.entityTag == content?.entityTag { return false }
        }
        content = new
        event = nil
        number += 1
        readEnded = read.ended
        return true
    }

    /// Returns the version of the channel, nil in an optional if it is absent; nil if the view is no channel.
    private func channelVersion(on board: Board) -> String?? {
        switch view {
        case .channel(let broadcasterID, let channelID): board.version(of: broadcasterID, channelID)
        case .ownChannel(let broadcasterID, let channelID):
            board.accepted.version(of: broadcasterID, channelID)
        default: nil
        }
    }

    /// Returns the state as an event.
    func stateEvent(_ content: Content) -> StreamPiece {
        if let event { return event }
        let event = StreamPiece(EventText.state(content))
        self.event = event
        return event
    }

    // MARK: - Members

    func add(_ request: HeldRequest) {
        request.place = members.count
        members.append(request)
        // The new member's turn comes before the end of the pass, and must not use up that of another.
        if remaining > 0 { remaining += 1 }
    }

    func remove(_ request: HeldRequest) {
        let last = members.removeLast()
        if last !== request {
            members[request.place] = last
            last.place = request.place
        }
        // The member that was moved may be one that the pass has still to visit.
        if remaining > 0 { remaining = members.count }
    }

    // MARK: - Passes

    /// Whether a pass is under way.
    var isInPass: Bool { remaining > 0 }

    /// Whether the last pass had the newest state.
    var isSettled: Bool { passNumber == number }

    func beginPass(at now: Instant) {
        passNumber = number
        remaining = members.count
        notBefore = now + Self.spacing
    }

    /// Visits members until all have been visited, or `maximum` deliveries have been made.
    func continuePass(_ deliveries: inout [Delivery], maximum: Int, at now: Instant) {
        while remaining > 0, deliveries.count < maximum {
            if cursor >= members.count { cursor = 0 }
            let (member, count) = (members[cursor], members.count)
            if let delivery = member.stateChanged(self, at: now) { deliveries.append(delivery) }
            // A member that has been answered has left, and another one has taken its place.
            guard members.count == count else { continue }
            cursor += 1
            remaining -= 1
        }
    }
}

/// Returns whether two versions have the same bytes.
private func isSame(_ left: String?, _ right: String?) -> Bool {
    switch (left, right) {
    case (nil, nil): true
    case (.some(let left), .some(let right)): left.utf8.elementsEqual(right.utf8)
    default: false
    }
}
