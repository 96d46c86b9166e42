import Balance
import ShardifyCore
import TokenizerTraining

/// What `train-tokenizer` is asked to do.
public struct TrainingOptions: Sendable {
  /// The kind of vocabulary.
  public enum Kind: String, Sendable, CaseIterable {
    /// Byte-level BPE.
    case bpe
    /// Unigram over characters, with bytes for the others.
    case unigram
    /// Byte-level BPE whose merges are chosen for the language that is compressed worst.
    case parityBPE = "parity-bpe"
  }

  /// Where the text comes from.
  public var source: SourceOptions
  /// The `tokenizer.json` to write; the report goes beside it.
  public var output: String
  /// Whether a file that is there goes.
  public var overwrites = false
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
  /// Byte premiums for units of content.
  public var bytePremiums = BytePremiums.builtIn
  /// Memory to stay below, in bytes.
  public var memoryBytes = 2_000_000_000
  /// What parity-aware BPE is told.
  public var parity = ParityOptions()
  /// The part of characters that get a piece of their own (Unigram).
  public var characterCoverage = 0.9995

  /// Makes options with their defaults.
  public init(source: SourceOptions, output: String) {
    self.source = source
    self.output = output
  }
}

/// What parity-aware BPE is told.
public struct ParityOptions: Sendable {
  /// Text with the same content in every language, labelled; nil: the training text.
  public var development: SourceOptions?
  /// Merges made for all languages together before parity begins.
  public var warmupMerges = 0
  /// Choices that are looked back on; 0: no limit on how often a language is chosen.
  public var window = 100
  /// How often a language may be chosen in a window, as a multiple of an equal part of it.
  public var windowFactor = 2.0
  /// In what content is counted, where there is no parallel text.
  public var unit = Unit.content

  /// What stands for the same content in two languages.
  public enum Unit: String, Sendable, CaseIterable {
    /// Bytes over the language's byte premium.
    case content
    /// Unicode scalars.
    case chars
    /// UTF-8 bytes.
    case bytes
  }

  /// Makes options with their defaults.
  public init() {}
}
