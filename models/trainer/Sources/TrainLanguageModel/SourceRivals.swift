/// Weighs the labels that a line of some source is told apart from.
///
/// A source has its own words whatever its language. A label without text of it is pushed away from those words
/// by the labels that have some, and loses its own texts of that kind to them: Moroccan Arabic, trained on
/// subtitles, lost those of software to Algerian Arabic, trained on such. So a label without text of a line's source
/// counts less as a wrong answer to that line, if some other source tells the two apart.
struct SourceRivals {
  /// A source of fewer bytes does not count as had.
  private static let leastBytes = 5000

  /// Shape [labels][sources of the label][labels].
  private let table: [[[Float]]]

  /// `blame` is what such a label weighs, 1 for as much as others.
  init(_ texts: [LabelledText], blame: Float) {
    let had = texts.map { text in
      var bytes = [Int](repeating: 0, count: text.sources.count)
      for line in text.lines { bytes[line.source] += line.bytes.count }
      return Set(text.sources.indices.filter { bytes[$0] >= Self.leastBytes }.map { text.sources[$0] })
    }
    table = texts.enumerated().map { label, text in
      let shares = had.map { !$0.isDisjoint(with: had[label]) }
      return text.sources.map { source in
        texts.indices.map { rival in
          rival == label || !shares[rival] || had[rival].contains(source) ? 1 : blame
        }
      }
    }
  }

  /// The weights of all labels for a line of a label's source.
  func weights(_ label: Int, _ source: Int) -> [Float] { table[label][source] }
}
