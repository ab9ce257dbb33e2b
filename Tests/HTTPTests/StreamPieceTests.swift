import HTTP
import Testing

@Suite struct StreamPieceTests {
    /// The sizes at which the number of hexadecimal digits changes.
    @Test(arguments: [(1, "1"), (15, "f"), (16, "10"), (255, "ff"), (256, "100"), (65536, "10000")])
    func piece_isOneChunk_ofItsContent(count: Int, size: String) {
        let content = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let piece = StreamPiece(content)
        #expect(piece.chunk == Array("\(size)\r\n".utf8) + content + Array("\r\n".utf8))
        #expect(Array(piece.chunk[piece.content]) == content)
    }
}
