import Files
import ShardifyCore

/// Leaves out sources that one of several close labels alone has.
///
/// Such a source would stand for its label: a model that has read everyday sentences in Indonesian alone
/// takes those in Malay for Indonesian, since kinds of text differ more than the two languages do.
enum CloseLabels {
  /// A source of fewer bytes does not count as had.
  private static let leastBytes = 5000

  /// `path` names the close labels, a group a line, with tabs between them; `#` starts a comment line.
  static func thin(_ texts: inout [LabelledText], path: String) throws {
    guard !path.isEmpty else { return }
    let file = try MappedFile(path: path)
    defer { withExtendedLifetime(file) {} }
    for line in file.bytes.split(separator: 10) where line.first != 0x23 {
      let labels = Set(line.split(separator: 9).compactMap { LanguageTag(bytes: Array($0)) })
      let group = texts.indices.filter { labels.contains(texts[$0].label) }
      var holders: [[UInt8]: Int] = [:]
      for number in group {
        for (source, name) in texts[number].sources.enumerated() {
          let bytes = texts[number].lines.reduce(0) {
            $1.source == source ? $0 + $1.bytes.count : $0
          }
          if bytes >= leastBytes { holders[name, default: 0] += 1 }
        }
      }
      for number in group {
        let names = texts[number].sources
        let before = texts[number].lines.count
        texts[number].lines.removeAll { holders[names[$0.source], default: 0] == 1 }
        print("\(texts[number].label): \(texts[number].lines.count) of \(before) lines")
      }
    }
  }
}
