import Testing
import Tokenize

/// Patterns by name and by regex cut text alike, and cover it.
@Suite struct PretokenPatternTests {
  static let text = "Hello,  world's 12345\n\n  Äpfel 你好 don't\tΑΒΓδ \u{2028}x   "

  static func cut(_ pattern: PretokenPattern, _ text: String, capacity: Int) -> [String] {
    let bytes = Array(text.utf8)
    var out: [String] = []
    var ends = [Int](repeating: 0, count: capacity)
    bytes.withUnsafeBufferPointer { text in
      ends.withUnsafeMutableBufferPointer { room in
        guard let base = room.baseAddress else { return }
        var at = 0
        while at < text.count {
          let count = pattern.ends(of: text, from: at, into: base, capacity: capacity)
          for index in 0..<count {
            out.append(String(decoding: text[at..<room[index]], as: UTF8.self))
            at = room[index]
          }
        }
      }
    }
    return out
  }

  @Test(arguments: PretokenPattern.names) func aNamedPatternHasAScanner(name: String) throws {
    let pattern = try PretokenPattern(name)
    #expect(pattern.hasScanner)
    let pieces = Self.cut(pattern, Self.text, capacity: 256)
    #expect(pieces.joined() == Self.text)
    #expect(Self.cut(pattern, Self.text, capacity: 2) == pieces)
    // A group around it keeps the meaning and loses the scanner.
    let slow = try PretokenPattern("(?:\(pattern.regex))")
    #expect(!slow.hasScanner)
    #expect(Self.cut(slow, Self.text, capacity: 3) == pieces)
  }

  @Test func whatARegexLeavesIsCutToo() throws {
    let pattern = try PretokenPattern(#"\p{N}+"#)
    #expect(Self.cut(pattern, "ab12cd3", capacity: 4) == ["ab", "12", "cd", "3"])
  }

  @Test func anUnknownNameIsRefused() {
    #expect(throws: TokenizeFailure.self) { try PretokenPattern("cl200k") }
    #expect(throws: TokenizeFailure.self) { try PretokenPattern("") }
    #expect(throws: TokenizeFailure.self) { try PretokenPattern("(ab") }
  }
}
