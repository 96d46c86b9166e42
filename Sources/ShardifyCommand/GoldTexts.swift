import Detect
import Files
import ShardifyCore

/// The lines of a file of known texts: label, a tab, the text.
struct GoldTexts: Sendable {
  /// A text in the mapped file.
  struct Text: @unchecked Sendable {
    var label: LanguageTag
    var line: UnsafeRawBufferPointer

    /// The text, or its first code points.
    func bytes(cut: Int?) -> UnsafeRawBufferPointer {
      guard let cut else { return line }
      var (place, count) = (0, 0)
      while place < line.count {
        if line[place] & 0xC0 != 0x80 {
          if count == cut { break }
          count += 1
        }
        place += 1
      }
      return UnsafeRawBufferPointer(rebasing: line[..<place])
    }
  }

  /// The texts in slices of a thousand.
  let slices: [[Text]]

  /// Reads the lines of a file that must stay mapped; of other labels than `kept` they are left out.
  init(_ file: MappedFile, kept: Set<LanguageTag>?) throws {
    var slices: [[Text]] = []
    var slice: [Text] = []
    for (number, line) in file.bytes.split(separator: 10).enumerated() {
      guard let tab = line.firstIndex(of: 9),
        let label = LanguageLabels.normalize(file.bytes[line.startIndex..<tab], script: nil)
      else {
        throw StreamFailure(
          .line, "cannot read known texts", path: "\(file.path), line \(number + 1)",
          found: String(decoding: line.prefix(40), as: UTF8.self),
          expected: "a language label, a tab, a text")
      }
      if let kept, !kept.contains(label) { continue }
      var text = UnsafeRawBufferPointer(rebasing: file.bytes[(tab + 1)..<line.endIndex])
      if text.last == 13 { text = UnsafeRawBufferPointer(rebasing: text.dropLast()) }
      slice.append(Text(label: label, line: text))
      if slice.count == 1000 {
        slices.append(slice)
        slice = []
      }
    }
    if !slice.isEmpty { slices.append(slice) }
    self.slices = slices
  }
}
