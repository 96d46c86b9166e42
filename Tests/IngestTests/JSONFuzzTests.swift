import Foundation
import Ingest
import ShardifyCore
import Testing

/// The scanner against Foundation's JSON reader, on random lines and random damage to them.
///
/// Known differences, where ours is right by RFC 8259 or stricter by choice: see `isExcused`.
@Suite struct JSONFuzzTests {
  private struct Generator {
    var random: SeededRandom

    mutating func pick<T>(_ items: [T]) -> T { items[Int(random.below(UInt64(items.count)))] }

    mutating func space() -> String { pick(["", "", "", " ", "\t", "  "]) }

    mutating func string() -> String {
      var text = "\""
      for _ in 0..<random.below(pick([4, 12, 60])) {
        text += pick([
          "a", "zebra ", "é", "中文", "😀", "\\n", "\\\"", "\\\\", "\\/", "\\b\\f\\r\\t", "\\u0041",
          "\\u00E9", "\\ud83d\\ude00", "\\u4e2d", "{", "]", ",", ":", "'", "\u{7F}",
        ])
      }
      return text + "\""
    }

    mutating func number() -> String {
      pick(["0", "-0", "7", "-12", "1.5", "0.25", "1e5", "2E-3", "1.5e+7", "123456789", "-0.0"])
    }

    mutating func value(_ depth: Int) -> String {
      switch random.below(depth > 4 ? 6 : 9) {
      case 0: return pick(["true", "false", "null"])
      case 1, 2: return number()
      case 3, 4, 5: return string()
      case 6: return "[" + space() + "]"
      case 7:
        let items = (0...random.below(4)).map { _ in space() + value(depth + 1) + space() }
        return "[" + items.joined(separator: ",") + "]"
      default:
        return object((0..<random.below(4)).map { "\"k\($0)\"" }, depth + 1)
      }
    }

    mutating func object(_ keys: [String], _ depth: Int) -> String {
      let members = keys.map { space() + $0 + space() + ":" + space() + value(depth) + space() }
      return "{" + (members.isEmpty ? space() : members.joined(separator: ",")) + "}"
    }

    mutating func line() -> String {
      var keys = ["\"text\"", "\"id\"", "\"meta\"", "\"x\\ty\"", "\"\"", "\"té\""]
      keys.shuffle(using: &random)
      keys.removeLast(Int(random.below(5)))
      return space() + (random.below(12) == 0 ? value(0) : object(keys, 0)) + space()
    }

    /// Changes a few bytes: flips, deletions, doubled ranges, bytes that matter to JSON.
    mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
      var bytes = bytes
      for _ in 0...random.below(3) where !bytes.isEmpty {
        let place = Int(random.below(UInt64(bytes.count)))
        switch random.below(5) {
        case 0: bytes[place] = UInt8(random.below(256))
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(pick(Array("{}[]\",:\\0-+.eEtfnu/ \t".utf8)), at: place)
        case 3: bytes.removeLast(bytes.count - place)
        default:
          let end = min(bytes.count, place + Int(random.below(8)))
          bytes.insert(contentsOf: bytes[place..<end], at: place)
        }
      }
      return bytes.filter { $0 != 0x0A }
    }
  }

  private enum Verdict: Equatable, CustomStringConvertible {
    case text([UInt8])
    case reason(RejectReason)
    case malformed
    case blank

    var description: String {
      switch self {
      case .text(let bytes): "text \(String(decoding: bytes, as: UTF8.self))"
      case .reason(let reason): reason.name
      case .malformed: "malformed"
      case .blank: "blank"
      }
    }
  }

  private func ours(_ bytes: [UInt8], _ parser: DocumentParser) -> Verdict {
    guard let found = parsed(Chunk(bytes, format: .jsonl, offset: 1), parser).first else {
      return .blank
    }
    switch found.reason {
    case nil: return .text(found.text)
    case .notJSON, .invalidUTF8: return .malformed
    case .nulByte where found.detail.hasPrefix("a NUL byte"): return .malformed
    case .some(let reason): return .reason(reason)
    }
  }

  private func foundations(_ bytes: [UInt8]) -> Verdict {
    if bytes.allSatisfy({ [0x20, 0x09, 0x0D].contains($0) }) { return .blank }
    guard
      let value = try? JSONSerialization.jsonObject(
        with: Data(bytes), options: [.fragmentsAllowed])
    else { return .malformed }
    guard let object = value as? [String: Any] else { return .reason(.notAnObject) }
    guard let text = object["text"] else { return .reason(.missingText) }
    guard let text = text as? String else { return .reason(.textNotString) }
    if text.unicodeScalars.contains("\0") { return .reason(.nulByte) }
    if text.unicodeScalars.allSatisfy(\.properties.isWhitespace) { return .reason(.emptyText) }
    return .text(Array(text.utf8))
  }

  /// Lines on which the two may differ.
  private func isExcused(_ bytes: [UInt8]) -> Bool {
    // Foundation guesses UTF-16 and UTF-32 from NUL bytes and byte order marks.
    if bytes.contains(0) || bytes.starts(with: [0xEF, 0xBB, 0xBF])
      || bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE])
    {
      return true
    }
    // It refuses numbers that no double holds, and takes a comma before a closing bracket.
    let line = String(decoding: bytes, as: UTF8.self)
    if line.firstMatch(of: /[eE][+-]?0*[1-9][0-9][0-9]/) != nil { return true }
    if line.firstMatch(of: /,[ \t\r]*[}\]]/) != nil { return true }
    // It refuses half a surrogate pair anywhere; RFC 8259 allows it, and we mind it in wanted
    // fields only. Of a key that comes twice it need not keep the last.
    return hasLoneSurrogate(bytes) || line.components(separatedBy: "\"text\"").count > 2
  }

  private func hasLoneSurrogate(_ bytes: [UInt8]) -> Bool {
    func unit(_ place: Int) -> UInt16? {
      guard place + 6 <= bytes.count, bytes[place] == 0x5C, bytes[place + 1] == 0x75 else {
        return nil
      }
      return UInt16(String(decoding: bytes[place + 2..<place + 6], as: UTF8.self), radix: 16)
    }
    var place = 0
    while place < bytes.count {
      if let first = unit(place), first & 0xF800 == 0xD800 {
        guard first < 0xDC00, let second = unit(place + 6), second & 0xFC00 == 0xDC00 else {
          return true
        }
        place += 12
      } else {
        place += bytes[place] == 0x5C ? 2 : 1
      }
    }
    return false
  }

  @Test func randomLinesMeanTheSameToFoundation() {
    var generator = Generator(random: SeededRandom(seed: testSeed))
    let parser = DocumentParser(options: DocumentOptions())
    var taken = 0
    for round in 0..<4_000 {
      let bytes = Array(generator.line().utf8)
      let (mine, theirs) = (ours(bytes, parser), foundations(bytes))
      if case .text = mine { taken += 1 }
      if mine != theirs || mine == .malformed {
        Issue.record(
          "seed \(testSeed), round \(round): \(mine), Foundation \(theirs): \(String(decoding: bytes, as: UTF8.self))"
        )
        return
      }
    }
    #expect(taken > 500, "the generator makes too few lines with text")
  }

  @Test func damagedLinesAreJudgedAsFoundationDoes() {
    var generator = Generator(random: SeededRandom(seed: testSeed))
    let parser = DocumentParser(options: DocumentOptions())
    var (judged, malformed, differences) = (0, 0, 0)
    for round in 0..<20_000 {
      let bytes = generator.damaged(Array(generator.line().utf8))
      if isExcused(bytes) { continue }
      let (mine, theirs) = (ours(bytes, parser), foundations(bytes))
      judged += 1
      if mine == .malformed { malformed += 1 }
      if mine != theirs {
        differences += 1
        Issue.record(
          "seed \(testSeed), round \(round): \(mine), Foundation \(theirs): \(String(decoding: bytes, as: UTF8.self)) \(bytes)"
        )
        if differences > 12 { return }
      }
    }
    #expect(judged > 10_000 && malformed > 3_000 && judged - malformed > 1_000)
  }

  @Test func randomBytesNeverTrap() {
    var random = SeededRandom(seed: testSeed)
    for options in [DocumentOptions(), DocumentOptions(repairUTF8: true)] {
      let parser = DocumentParser(options: options)
      for _ in 0..<20_000 {
        let bytes = (0..<random.below(40)).map { _ in
          random.below(2) == 0
            ? UInt8(random.below(256)) : Array("{\"text\":\\u }".utf8)[Int(random.below(12))]
        }
        _ = parsed(Chunk(bytes, format: .jsonl), parser)
        _ = parsed(
          Chunk(Array("{\"text\":\"".utf8) + bytes + [0x22, 0x7D], format: .jsonl), parser)
        _ = parsed(Chunk(bytes, format: .text), parser)
      }
    }
  }
}
