import Files
import ShardifyCore

/// Drops training lines that are not what their label says.
///
/// A quick model judges every line. It has not seen the text of suspect labels, so a line of theirs
/// that it takes for one of the languages it is suspected of goes. A line of any other label goes if the model is sure of another label although it has seen the line
/// under its own.
struct TextCleaner {
  let options: TrainOptions

  func cleaned(_ texts: [LabelledText]) throws -> [LabelledText] {
    guard options.cleanCap > 0 else { return texts }
    let suspects = try readSuspects()
    var seen = texts
    for number in seen.indices where suspects[seen[number].label] != nil {
      seen[number].lines = []
    }
    var quick = options
    quick.cap = options.cleanCap
    quick.epochs = 2
    let judge = Trainer(seen, options: quick)
    judge.train()
    var kept = texts
    for number in kept.indices {
      let foreign = suspects[kept[number].label].map { labels in
        texts.indices.filter { labels.contains(texts[$0].label) }
      }
      kept[number].lines.removeAll { judge.isForeign($0.bytes, label: number, suspected: foreign) }
      let dropped = texts[number].lines.count - kept[number].lines.count
      if dropped * 50 > texts[number].lines.count {
        print("\(texts[number].label): \(dropped) of \(texts[number].lines.count) lines dropped")
      }
    }
    return kept
  }

  /// Lines of a label and, after tabs, the labels it is suspected of; `#` starts a comment line.
  private func readSuspects() throws -> [LanguageTag: [LanguageTag]] {
    guard !options.suspects.isEmpty else { return [:] }
    let file = try MappedFile(path: options.suspects)
    defer { withExtendedLifetime(file) {} }
    var suspects: [LanguageTag: [LanguageTag]] = [:]
    for line in file.bytes.split(separator: 10) where line.first != 0x23 {
      let labels = line.split(separator: 9).compactMap { LanguageTag(bytes: Array($0)) }
      if let label = labels.first { suspects[label] = Array(labels.dropFirst()) }
    }
    return suspects
  }
}
