import ShardifyCore

/// What a model says of one text.
struct ScoredText {
  /// The best labels, best first.
  var candidates = (Candidate.none, Candidate.none, Candidate.none)
  /// The least probability at which the best one is given.
  var threshold: UInt16 = 0
  /// Another language of parts of the text, and the part it has, in 1/10,000.
  var second = Candidate.none
  /// The text is mostly digits and symbols.
  var isNotLanguage = false
  /// The model has no label of the script, or likes one of another script better.
  var prefersOtherScript = false
}

/// Scores texts with one model. For one thread: it owns its scratch memory.
class LabelScorer {
  /// Scores a text whose writing system is known.
  func score(
    _ text: UnsafeRawBufferPointer, system: WritingSystem, sampling: Bool
  ) -> ScoredText { ScoredText() }

  /// The best labels of the text scored last, best first.
  func ranked(_ count: Int) -> [Candidate] { [] }
}
