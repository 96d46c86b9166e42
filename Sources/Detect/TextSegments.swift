/// A text cut in eight, to see whether parts of it are another language.
///
/// A segment votes for the label that is most likely there, if that is ten times as likely as the label
/// of the whole text. Two votes for one label make it the text's second language.
struct TextSegments {
  static let count = 8
  /// Bytes below which a text is not cut.
  static let leastBytes = 512
  /// Features below which a segment does not vote.
  static let leastFeatures = 60
  /// The labels that are considered: the best of the whole text.
  static let candidates = 8
  /// The logarithm of ten, in the scores' unit.
  static let margin = 2.302585092994046
  static let leastVotes = 2

  /// The second language, given the scores of each segment: label number and votes, or nil.
  ///
  /// - Parameters:
  ///   - labels: The considered labels, the whole text's first.
  ///   - scores: Shape [segments that vote, labels].
  static func second(labels: [Int], scores: [[Double]]) -> (label: Int, votes: Int)? {
    var votes = [Int](repeating: 0, count: labels.count)
    for segment in scores {
      guard let first = segment.first else { continue }
      var best = 0
      for place in segment.indices where segment[place] > segment[best] { best = place }
      if best > 0, segment[best] >= first + margin { votes[best] += 1 }
    }
    var winner = 0
    for place in votes.indices.dropFirst() where votes[place] > votes[winner] { winner = place }
    guard winner > 0, votes[winner] >= leastVotes else { return nil }
    return (labels[winner], votes[winner])
  }
}
