import Balance
import ShardifyCore
import TokenizerTraining

/// What `train-tokenizer` is asked to do.
public struct TrainingOptions: Sendable {
  /// The kind of vocabulary.
  public enum Kind: String, Sendable, CaseIterable {
    /// Byte-level BPE.
    case bpe
  }

  /// Where the text comes from.
  public var source: SourceOptions
  /// The `tokenizer.json` to write; the report goes beside it.
  public var output: String
  /// The kind of vocabulary.
  public var kind = Kind.bpe
  /// Ids, special tokens counted.
  public var vocabularySize = 32_000
  /// How text is cut: a name or a regex.
  public var pattern = "o200k"
  /// Special tokens; they get the first ids.
  public var specialTokens: [String] = ["<|endoftext|>"]
  /// Pairs that occur less often are not merged.
  public var minFrequency = 2
  /// Longest token in bytes.
  public var maxTokenBytes = 128
  /// Which of several equal pairs is merged first.
  public var tieRule = TieRule.shortest
  /// How languages are weighted; nil: every document counts once, whatever its language.
  public var mixture: Mixture?
  /// Byte premiums for the unit `content`.
  public var bytePremiums: BytePremiums?
  /// Memory to stay below, in bytes.
  public var memoryBytes = 2_000_000_000
  /// Makes options with their defaults.
  public init(source: SourceOptions, output: String) {
    self.source = source
    self.output = output
  }
}
