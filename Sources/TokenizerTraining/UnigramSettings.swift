import ShardifyCore

/// What a Unigram vocabulary should be.
public struct UnigramSettings: Sendable {
  /// Ids: special tokens, `<unk>`, 256 bytes, and pieces.
  public var vocabularySize: Int
  /// Special tokens; they get the first ids.
  public var specialTokens: [String]
  /// Weight of one occurrence.
  public var unit: Int64
  /// The part of characters, by occurrence, that get a piece; the others become bytes.
  public var characterCoverage: Double
  /// Longest piece in characters.
  public var maxPieceCharacters: Int
  /// Pieces that training starts from.
  public var seedPieces: Int
  /// Substrings that may become seeds, `substringBytes` each; the lightest do not.
  public var substringLimit = Int.max
  /// The part of the pieces that stays when some are taken out.
  public var shrinkingFactor: Double
  /// Threads.
  public var jobs: Int

  /// Makes settings with SentencePiece's defaults.
  public init(
    vocabularySize: Int, specialTokens: [String] = [], unit: Int64 = 1,
    characterCoverage: Double = 0.9995, maxPieceCharacters: Int = 16, seedPieces: Int = 1_000_000,
    shrinkingFactor: Double = 0.75, jobs: Int = 1
  ) {
    self.vocabularySize = vocabularySize
    self.specialTokens = specialTokens
    self.unit = unit
    self.characterCoverage = characterCoverage
    self.maxPieceCharacters = maxPieceCharacters
    self.seedPieces = seedPieces
    self.shrinkingFactor = shrinkingFactor
    self.jobs = jobs
  }

  /// Memory a word takes while seeds are looked for: its characters with their weights, places and
  /// pairs, all of which may be different.
  public static func wordBytes(characters: Int) -> Int { characters * 100 + 80 }

  /// Memory a substring takes that may be a seed, with the copy while their list grows.
  public static let substringBytes = 64

  /// Ids that are no pieces: special tokens, `<unk>`, bytes.
  var otherIDs: Int { specialTokens.count + 1 + 256 }

  /// Checks what can be checked without text.
  public func check() throws(TrainingFailure) {
    guard vocabularySize > otherIDs, vocabularySize <= BPESettings.largestVocabulary else {
      throw .training(
        .options, found: "--vocabulary-size \(vocabularySize)",
        expected: "from \(otherIDs + 1) (special tokens, <unk> and 256 bytes take \(otherIDs)) to "
          + "\(BPESettings.largestVocabulary)")
    }
    guard characterCoverage > 0, characterCoverage <= 1 else {
      throw .training(
        .options, found: "--character-coverage \(characterCoverage)",
        expected: "above 0 and at most 1")
    }
    try BPESettings.checkSpecial(specialTokens + ["<unk>"])
    let first = "<0x00>"
    if specialTokens.contains(where: { $0.hasPrefix("<0x") && $0.utf8.count == first.utf8.count }) {
      throw .training(
        .options, found: "a special token named as a byte", expected: "another name")
    }
  }
}

/// A trained Unigram vocabulary.
public struct TrainedUnigram: Sendable {
  /// Pieces as UTF-8 with their logarithmic probabilities, the most probable first.
  public var pieces: [(text: [UInt8], score: Double)]
  /// Special tokens.
  public var specialTokens: [String]
  /// Characters that have a piece.
  public var characters: Int
  /// Nats for each occurrence's character of the training text, at the last step.
  public var natsPerCharacter: Double
}
