import FuzzSupport

@testable import HTTPWire

/// Checks the invariants of a conversation. The first byte of the input selects the check: splitting the
/// bytes, or events in any order.
func checkConversation(_ data: [UInt8]) {
    var input = FuzzInput(data)
    let seed = input.byte()
    if seed & 1 == 0 {
        checkPieces(input.remainder(), seed)
    } else {
        checkEvents(&input)
    }
}

/// The same bytes, at once and in pieces, must lead to the same steps and the same output.
private func checkPieces(_ bytes: [UInt8], _ seed: UInt8) {
    let whole = Server()
    whole.deliver(bytes)
    whole.end()
    let split = Server()
    var pieces = Pieces(seed: seed)
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = pieces.next(of: rest.count)
        split.deliver(Array(rest.prefix(count)))
        rest = rest.dropFirst(count)
    }
    split.end()
    // Whether the sending side is shut down before the close depends on whether unread bytes have arrived by
    // then.
    let (steps, splitSteps) = (
        whole.log.filter { $0 != .shutdownWrite }, split.log.filter { $0 != .shutdownWrite }
    )
    require(steps == splitSteps, "splitting the input does not change the steps: \(steps) \(splitSteps)")
    // `100 Continue` is sent only if the body has not arrived, so the output may differ then.
    if !split.hasContinued {
        require(whole.output == split.output, "splitting the input does not change the output")
    }
}

/// Applies events in the order given by the input: bytes, time, the end, responses, pieces and ends of
/// streams, blocked output, draining.
private func checkEvents(_ input: inout FuzzInput) {
    let server = Server()
    server.defersLate = true
    while !input.isEmpty {
        let event = input.byte()
        switch event & 7 {
        case 0, 1, 2: server.deliver(input.bytes(Int(input.byte())))
        case 3: server.pass(seconds: Int(event >> 3))
        case 4: server.end()
        case 5: server.answer()
        case 6: server.setBlocked(event & 8 != 0)
        default:
            switch event >> 3 {
            case 0..<20: server.sendPiece(count: 1 + Int(event >> 3))
            case 20..<24: server.endStream(last: Int(event >> 3) - 20)
            case 31: server.drain()
            default: break
            }
        }
    }
    server.setBlocked(false)
    server.finish()
}
