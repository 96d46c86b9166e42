import Balance
import Manifest
import ShardifyCore

/// What a dataset is to hold, decided before its first shard is written: `plan.txt` as a value.
///
/// Every shard carries the text. With the shards' own tables it is all that a manifest is made of,
/// so a manifest that is lost can be made anew.
struct DatasetPlan: Sendable, Equatable {
  /// The version of the text.
  static let formatVersion = 2
  /// The rule of a language that is not in the mixture.
  static let excluded = "excluded"
  /// Bytes a plan may have.
  static let limitBytes = 256 << 20

  /// A key of the manifest's table `dataset`, and its value.
  struct Fact: Sendable, Equatable {
    var key: String
    var value: String
  }

  /// One language of the store.
  struct Language: Sendable, Equatable {
    /// What there is of it; its `tokensBefore` is where the dataset starts.
    var supply: LanguageSupply
    var heldOutDocuments = 0
    var quota = 0
    var rule = DatasetPlan.excluded
    /// Where the dataset starts on its ring, or would: a language that is not in the mixture keeps
    /// the place where an earlier dataset stopped.
    var start = RingStart.beginning
    /// Tokens from the ring's own start to that place.
    var startOffset = 0
    /// SHA-256 of its keys and token counts, as digits.
    var digest = ""

    /// Whether it is in the mixture.
    var isMixed: Bool { rule != DatasetPlan.excluded }
  }

  /// In the order of the text.
  var facts: [Fact] = []
  /// By tag.
  var languages: [Language] = []
  /// By tag and name.
  var sources: [DatasetManifest.LanguageSource] = []
  /// By tag and reason.
  var filters: [DatasetManifest.Filter] = []
  /// By reason.
  var rejects: [DatasetManifest.Reject] = []

  /// The value of a fact.
  subscript(key: String) -> String? { facts.first { $0.key == key }?.value }

  /// The languages of every shard's header.
  var mixed: [Language] { languages.filter(\.isMixed) }
}

extension DatasetPlan.Language {
  /// Where a dataset that goes on after the whole quota would begin counting, in ring tokens.
  var tokensBefore: Int { supply.tokensBefore }
}
