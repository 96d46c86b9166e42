import Files
import Glibc
import ShardifyCore

/// The lines of one label.
struct LabelledText {
  /// Longer lines are cut here, at a whole code point.
  static let longestLine = 800
  static let heldOutPerLabel = 100

  var label: LanguageTag
  var lines: [[UInt8]] = []
  var heldOut: [[UInt8]] = []
  var byteCount = 0

  /// Reads every xxx_Scrp.txt of a folder, sorted as the model file sorts labels.
  static func read(folder: String, options: TrainOptions) throws -> [LabelledText] {
    var names: [String] = []
    guard let entries = opendir(folder) else { throw OutputFile.Failure(path: folder) }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    let labels = names.filter { $0.hasSuffix(".txt") }.compactMap { LanguageTag($0.dropLast(4)) }
    var texts: [LabelledText] = []
    for label in labels.sorted(by: { ($0.script, $0) < ($1.script, $1) }) {
      var text = LabelledText(label: label)
      let file = try MappedFile(path: "\(folder)/\(label).txt")
      withExtendedLifetime(file) { text.split(file.bytes) }
      texts.append(text)
    }
    return texts
  }

  /// Splits into lines and sets some aside: those with the smallest hash, at most a twelfth, so that
  /// the choice does not depend on the order of lines. Lines equal to a held-out one go too.
  private mutating func split(_ bytes: UnsafeRawBufferPointer) {
    var keyed: [(UInt64, [UInt8])] = []
    for line in bytes.split(separator: 10) {
      var line = Array(line)
      if line.count > Self.longestLine {
        var end = Self.longestLine
        while end > 0, line[end] & 0xC0 == 0x80 { end -= 1 }
        line.removeLast(line.count - end)
      }
      if line.count >= 8 { keyed.append((Self.hash(line), line)) }
    }
    keyed.sort { ($0.0, $0.1.count) < ($1.0, $1.1.count) }
    var unique: [(UInt64, [UInt8])] = []
    for entry in keyed where unique.last?.0 != entry.0 { unique.append(entry) }
    let count = min(Self.heldOutPerLabel, unique.count / 12)
    heldOut = unique.prefix(count).map(\.1)
    lines = unique.dropFirst(count).map(\.1)
    byteCount = lines.reduce(0) { $0 + $1.count }
  }

  private static func hash(_ line: [UInt8]) -> UInt64 {
    var h: UInt64 = 0
    for byte in line { h = (h ^ UInt64(byte)) &* 0x100_0000_01B3 &+ 1 }
    return mix64(h)
  }

  /// Writes `label TAB line`, whole and cut after 50 characters.
  static func writeHeldOut(_ texts: [LabelledText], folder: String) throws {
    var whole: [UInt8] = []
    var cut: [UInt8] = []
    for text in texts {
      for line in text.heldOut {
        let prefix = Array("\(text.label)\t".utf8)
        let clean = line.map { $0 == 9 || $0 == 13 ? 32 : $0 }
        whole += prefix + clean + [10]
        cut += prefix + clean[..<Self.end(clean, from: 0, characters: 50)] + [10]
      }
    }
    try OutputFile.write(whole, to: folder + "/heldout.tsv")
    try OutputFile.write(cut, to: folder + "/heldout50.tsv")
  }

  /// The byte offset `characters` code points after `from`.
  static func end(_ line: [UInt8], from: Int, characters: Int) -> Int {
    var place = from
    var left = characters
    while place < line.count {
      if line[place] & 0xC0 != 0x80 {
        if left == 0 { break }
        left -= 1
      }
      place += 1
    }
    return place
  }
}
