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
}

/// Counts the votes of segments.
struct SegmentVotes {
  private var votes = InlineArray<8, Int>(repeating: 0)
  /// How many segments have voted.
  private(set) var segments = 0

  /// Adds the vote of a segment, by its scores of the labels: the whole text's first, at most
  /// `TextSegments.candidates` in all.
  mutating func add(_ scores: UnsafeMutableBufferPointer<Double>) {
    guard let first = scores.first else { return }
    segments += 1
    var best = 0
    for place in scores.indices where scores[place] > scores[best] { best = place }
    if best > 0, best < votes.count, scores[best] >= first + TextSegments.margin {
      votes[best] += 1
    }
  }

  /// The label that has most votes, if those are enough: its place among the labels, and its votes.
  var second: (number: Int, votes: Int)? {
    var winner = 0
    for place in votes.indices.dropFirst() where votes[place] > votes[winner] { winner = place }
    guard winner > 0, votes[winner] >= TextSegments.leastVotes else { return nil }
    return (winner, votes[winner])
  }
}
