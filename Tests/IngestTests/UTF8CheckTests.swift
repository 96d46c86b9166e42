import ShardifyCore
import Testing

@testable import Ingest

/// Validation and repair against the standard library.
@Suite struct UTF8CheckTests {
  private func firstInvalid(_ bytes: [UInt8]) -> Int? {
    bytes.withUnsafeBytes { buffer in
      buffer.baseAddress.flatMap { UTF8Check.firstInvalid($0, count: buffer.count) }
    }
  }

  private func repaired(_ bytes: [UInt8]) -> [UInt8] {
    bytes.withUnsafeBytes { UTF8Check.repaired($0) }
  }

  /// Where the library's decoder first meets an error.
  private func reference(_ bytes: [UInt8]) -> Int? {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var offset = 0
    while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar): offset += UTF8.width(scalar)
      case .emptyInput: return nil
      case .error: return offset
      }
    }
  }

  @Test func everyTwoBytesAndEveryEdgeOfLongerOnesAgreeWithTheLibrary() {
    let edges: [UInt8] = [
      0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1,
      0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
    ]
    // At the front of a long text the fast loop sees them, at its end the careful one.
    let tail = Array("0123456789abcdef0123".utf8)
    for a in UInt8.min...UInt8.max {
      for b in UInt8.min...UInt8.max {
        #expect(firstInvalid([a, b]) == reference([a, b]))
        #expect(firstInvalid([a, b] + tail) == reference([a, b] + tail))
      }
    }
    for a in edges {
      for b in edges {
        for c in edges {
          for d in edges {
            let bytes = [a, b, c, d]
            let expected = reference(bytes)
            if firstInvalid(bytes) != expected || firstInvalid(bytes + tail) != expected {
              Issue.record("\(bytes): expected \(String(describing: expected))")
            }
          }
        }
      }
    }
  }

  @Test func randomMixturesAgreeWithTheLibraryAndAreRepairedAsItDoes() {
    var random = SeededRandom(seed: testSeed)
    let pieces: [[UInt8]] = ["a", " ", "é", "ы", "中", "한", "😀", "\u{7FF}", "\u{FFFF}"]
      .map { Array($0.utf8) }
    for round in 0..<20_000 {
      var bytes: [UInt8] = []
      for _ in 0..<random.below(60) {
        let piece = pieces[Int(random.below(UInt64(pieces.count)))]
        for _ in 0...random.below(12) { bytes += piece }
      }
      if round % 2 == 1 && !bytes.isEmpty {
        for _ in 0...random.below(3) {
          bytes[Int(random.below(UInt64(bytes.count)))] = UInt8(random.below(256))
        }
        if random.below(2) == 0 { bytes.removeLast(Int(random.below(UInt64(bytes.count)))) }
      }
      let expected = reference(bytes)
      let fixed = Array(String(decoding: bytes, as: UTF8.self).utf8)
      if firstInvalid(bytes) != expected || repaired(bytes) != fixed {
        Issue.record("seed \(testSeed), round \(round): \(bytes)")
        return
      }
    }
  }

  @Test func onlyUnicodeWhiteSpaceIsBlank() {
    for value in UInt32(0)...0x1_FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let bytes = Array(String(Character(scalar)).utf8)
      let isBlank = bytes.withUnsafeBytes { Whitespace.fills($0) }
      if isBlank != scalar.properties.isWhitespace { Issue.record("U+\(String(value, radix: 16))") }
    }
  }

  @Test func numbersAreTheNearestDoubles() {
    var random = SeededRandom(seed: testSeed)
    var texts = ["0", "-0", "0.1", "123456789012345", "1234567890123456789", "-2.5e-3", "1E22"]
    for _ in 0..<20_000 {
      let digits = String(random.next() >> random.below(64))
      let point = Int(random.below(UInt64(digits.utf8.count)))
      texts.append(point == 0 ? digits : digits.prefix(point) + "." + digits.dropFirst(point))
      texts.append("-\(digits)e-\(random.below(330))")
    }
    for text in texts {
      let value = Array(text.utf8).withUnsafeBytes { JSONNumber.value($0) }
      if value != Double(text) { Issue.record("\(text): \(String(describing: value))") }
    }
    #expect(Array("1e400".utf8).withUnsafeBytes { JSONNumber.value($0) } == nil)
  }
}
