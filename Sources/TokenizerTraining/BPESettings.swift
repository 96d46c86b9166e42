/// What a byte-level BPE vocabulary should be.
public struct BPESettings: Sendable {
  /// Ids: special tokens, 256 bytes, and merges.
  public var vocabularySize: Int
  /// Special tokens; they get the first ids.
  public var specialTokens: [String]
  /// Pairs of less weight are not merged.
  public var minimumWeight: Int64
  /// Longest token in bytes.
  public var maxTokenBytes: Int
  /// Which of several pairs with the same weight is merged first.
  public var tieRule: TieRule

  /// Makes settings.
  public init(
    vocabularySize: Int, specialTokens: [String] = [], minimumWeight: Int64 = 1,
    maxTokenBytes: Int = 128, tieRule: TieRule = .shortest
  ) {
    self.vocabularySize = vocabularySize
    self.specialTokens = specialTokens
    self.minimumWeight = minimumWeight
    self.maxTokenBytes = maxTokenBytes
    self.tieRule = tieRule
  }

  /// The most ids a tokenizer can have.
  public static let largestVocabulary = 2_097_150

  /// Checks what can be checked without text.
  public func check() throws(TrainingFailure) {
    let least = 256 + specialTokens.count
    guard vocabularySize >= least, vocabularySize <= Self.largestVocabulary else {
      throw .training(
        .options, found: "--vocabulary-size \(vocabularySize)",
        expected: "from \(least) (256 bytes and \(specialTokens.count) special tokens) to "
          + "\(Self.largestVocabulary)")
    }
    guard (2...65_535).contains(maxTokenBytes) else {
      throw .training(
        .options, found: "--max-token-bytes \(maxTokenBytes)", expected: "from 2 to 65535")
    }
    guard minimumWeight >= 1 else {
      throw .training(.options, found: "--min-frequency below 1", expected: "at least 1")
    }
    try Self.checkSpecial(specialTokens)
  }

  static func checkSpecial(_ tokens: [String]) throws(TrainingFailure) {
    var seen: [[UInt8]] = []
    for token in tokens {
      let bytes = Array(token.utf8)
      guard bytes.count > 1 else {
        throw .training(
          .options, found: "--special-token \"\(token)\"", expected: "at least two characters")
      }
      guard !seen.contains(bytes) else {
        throw .training(
          .options, found: "--special-token \(token) twice", expected: "each special token once")
      }
      seen.append(bytes)
    }
  }
}

/// A trained byte-level BPE vocabulary.
public struct TrainedBPE: Sendable {
  /// Bytes of each id: special tokens, then the 256 bytes, then merges.
  public var tokens: [[UInt8]]
  /// How many of them are special.
  public var specialCount: Int
  /// Pairs of ids in order of rank, with the id they make.
  public var merges: [(left: UInt32, right: UInt32, merged: UInt32)]
  /// The weight of the pair when it was merged; shape [merges made].
  public var weights: [Int64]
  /// The weight of all tokens of the training text at the end.
  public var tokenWeight: Int64
}
