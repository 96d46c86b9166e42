import Files
import Glibc
import ShardifyCore

/// A line of training text and the number of the source it comes from.
struct TextLine {
  var bytes: [UInt8]
  var source: Int
}

/// The training lines of one label.
struct LabelledText {
  /// Longer lines are cut here, at a whole code point.
  static let longestLine = 800

  var label: LanguageTag
  var lines: [TextLine] = []
  /// The names of its sources, by number.
  var sources: [[UInt8]] = []
  /// Whether much of users' text is in this language.
  var isCommon = false

  var byteCount: Int { lines.reduce(0) { $0 + $1.bytes.count } }

  /// Reads every xxx_Scrp.txt of a folder, `source TAB text` a line, sorted as the model file sorts
  /// labels.
  static func read(folder: String) throws -> [LabelledText] {
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
    return try labels.sorted { ($0.script, $0) < ($1.script, $1) }.map { label in
      var text = LabelledText(label: label)
      let file = try MappedFile(path: "\(folder)/\(label).txt")
      withExtendedLifetime(file) { text.split(file.bytes) }
      return text
    }
  }

  /// Marks the labels that a file names, one a line.
  static func mark(_ texts: inout [LabelledText], common path: String) throws {
    guard !path.isEmpty else { return }
    let file = try MappedFile(path: path)
    defer { withExtendedLifetime(file) {} }
    let labels = Set(file.bytes.split(separator: 10).compactMap { LanguageTag(bytes: Array($0)) })
    for number in texts.indices { texts[number].isCommon = labels.contains(texts[number].label) }
  }

  /// Splits into lines, each once, in the order of their hashes.
  private mutating func split(_ bytes: UnsafeRawBufferPointer) {
    var numbers: [[UInt8]: Int] = [:]
    var keyed: [(hash: UInt64, line: TextLine)] = []
    for row in bytes.split(separator: 10) {
      guard let tab = row.firstIndex(of: 9) else { continue }
      let name = Array(row[..<tab])
      let source = numbers[name, default: numbers.count]
      if source == sources.count { sources.append(name) }
      numbers[name] = source
      var line = Array(row[(tab + 1)...])
      if line.count > Self.longestLine {
        var end = Self.longestLine
        while end > 0, line[end] & 0xC0 == 0x80 { end -= 1 }
        line.removeLast(line.count - end)
      }
      if line.count >= 8 { keyed.append((Self.hash(line), TextLine(bytes: line, source: source))) }
    }
    keyed.sort { ($0.hash, $0.line.bytes.count) < ($1.hash, $1.line.bytes.count) }
    var last: UInt64?
    for entry in keyed where entry.hash != last {
      lines.append(entry.line)
      last = entry.hash
    }
  }

  private static func hash(_ line: [UInt8]) -> UInt64 {
    var h: UInt64 = 0
    for byte in line { h = (h ^ UInt64(byte)) &* 0x100_0000_01B3 &+ 1 }
    return mix64(h)
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
