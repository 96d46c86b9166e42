import CSIMD
import ShardifyCore
import Testing

@testable import Tokenize

struct LetterMapTests {
  /// Compares the map of a text with the scanner's own steps, from the start of each run on and, if
  /// `goesBack`, from the first after each.
  private func check(_ text: [UInt8], _ map: LetterMap, goesBack: Bool = false) {
    text.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      let plain = ScanText(base: base, end: text.count, classes: CharacterClasses.shared.table)
      var mapped = plain
      mapped.letterMap = map.of(base, text.count)
      let first = plain.letters(from: 0)
      var at = 0
      var wrong = 0
      while at < text.count {
        let end = plain.letters(from: at)
        if mapped.letters(from: at) != end { wrong += 1 }
        let next = at + plain.character(at: at).length
        if next < end && mapped.letters(from: next) != end { wrong += 1 }
        if goesBack && mapped.letters(from: 0) != first { wrong += 1 }
        at = max(next, end)
      }
      #expect(wrong == 0)
      #expect(mapped.letters(from: text.count) == text.count)
    }
  }

  private func append(_ scalar: UInt32, to text: inout [UInt8]) {
    UTF8Check.append(scalar, to: &text)
  }

  @Test("every code point is a letter or not as the classes say")
  func everyCodePoint() throws {
    guard let map = LetterMap() else { return }
    var text: [UInt8] = []
    for scalar in UInt32(0)..<0x110000 where !(0xD800..<0xE000).contains(scalar) {
      // Few past the letters of planes 1 to 3.
      if scalar > 0x34000 && scalar % 64 != 0 { continue }
      append(scalar, to: &text)
      // A letter after each third one, so that runs end in many ways.
      if scalar % 3 == 0 { text.append(0x61) }
    }
    check(text, map)
  }

  @Test("runs end as the scanner ends them, over windows and in bad text", arguments: 1...40)
  func randomText(_ seed: Int) throws {
    guard let map = LetterMap() else { return }
    var random = TestRandom(seed: UInt64(seed))
    // Runs of letters of several scripts with something between them now and then.
    let scripts: [(UInt32, Int)] = [
      (0x61, 26), (0x430, 32), (0x627, 20), (0x905, 50), (0xE01, 46), (0x4E00, 3000), (0x3041, 80),
      (0xAC00, 1000), (0x10D0, 40), (0x10400, 80), (0x20000, 500), (0x1F600, 50), (0xC0, 100),
    ]
    var text: [UInt8] = []
    let size = [10, 70, 300, 9000][seed % 4]
    while text.count < size {
      let (first, count) = scripts[random.below(scripts.count)]
      for _ in 0..<1 + random.below(seed % 5 == 0 ? 3000 : 20) {
        append(first + UInt32(random.below(count)), to: &text)
      }
      if random.below(2) == 0 { text.append(UInt8(random.below(128))) }
      if seed % 2 == 0 {
        for _ in 0..<random.below(3) { text.append(UInt8(random.below(256))) }
      }
    }
    // The text may stop inside a character.
    text.removeLast(random.below(4))
    check(text, map, goesBack: seed % 3 == 0)
  }

  @Test("words of o200k end as without the map", arguments: 1...40)
  func casedWords(_ seed: Int) throws {
    guard let map = LetterMap(.small) else { return }
    var random = TestRandom(seed: UInt64(seed))
    // Small and capital letters, both at once, marks, titlecase, digits, symbols and contractions.
    let parts = [
      "a", "hello", "A", "HTML", "McDonald", "'s", "'LL", "é", "É", "ж", "Ж", "привет", "ǅ", "ʰ",
      "中", "文字", "ﾀ", "ا", "क\u{93C}", "\u{301}", "\u{200D}", " ", "  ", "\n", "\r\n", "1", "12345",
      ".", "/", "$", "’", "\u{A0}", "\u{3000}", "\u{10400}", "\u{10428}", "🙂", "İ", "ß", "ẞ",
    ]
    var text: [UInt8] = []
    let size = [5, 60, 300, 9000][seed % 4]
    while text.count < size {
      for _ in 0..<1 + random.below(4) { text += Array(parts[random.below(parts.count)].utf8) }
      if seed % 3 == 0 && random.below(9) == 0 { text.append(UInt8(random.below(256))) }
    }
    if seed % 5 == 0 { text.removeLast(random.below(4)) }
    text.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      let plain = ScanText(base: base, end: text.count, classes: CharacterClasses.shared.table)
      var mapped = plain
      mapped.letterMap = map.of(base, text.count)
      for at in text.indices where text[at] & 0xC0 != 0x80 {
        let (found, expected) = (
          O200KScheme.end(mapped, from: at), O200KScheme.end(plain, from: at)
        )
        if found != expected {
          Issue.record("at \(at) of \(text.count): \(found), expected \(expected)")
          return
        }
      }
    }
  }
}
