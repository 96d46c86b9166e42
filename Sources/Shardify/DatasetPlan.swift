import Balance
import Manifest
import ShardifyCore

/// What a dataset is to hold, decided before its first shard is written: `plan.txt` as a value.
///
/// Every shard carries the text. With the shards' own tables it is all that a manifest is made of,
/// so a manifest that is lost can be made anew.
struct DatasetPlan: Sendable, Equatable {
  /// The versions of the text: 3 adds parts of languages to 2.
  static let formatVersions = 2...3
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

  /// A part of a language that is divided over its sources.
  struct Part: Sendable, Equatable {
    var tag: LanguageTag
    var part: Int
    /// What its sources match.
    var pattern: String
    var documents = 0
    var pieces = 0
    var tokens = 0
    var bytes = 0
    var quota = 0
    var rule = DatasetPlan.excluded
    /// As of a language.
    var start = RingStart.beginning
    var startOffset = 0

    /// Whether it gives anything.
    var isMixed: Bool { rule != DatasetPlan.excluded }
  }

  /// In the order of the text.
  var facts: [Fact] = []
  /// By tag.
  var languages: [Language] = []
  /// By tag and number; none where no language is divided.
  var parts: [Part] = []
  /// By tag and name.
  var sources: [DatasetManifest.LanguageSource] = []
  /// By tag and reason.
  var filters: [DatasetManifest.Filter] = []
  /// By reason.
  var rejects: [DatasetManifest.Reject] = []

  /// The value of a fact.
  subscript(key: String) -> String? { facts.first { $0.key == key }?.value }

  /// The languages of the mixture.
  var mixed: [Language] { languages.filter(\.isMixed) }

  /// Whether languages are divided over their sources.
  var isDivided: Bool { !parts.isEmpty }

  /// The rings of every training shard's header, by number.
  var rings: [RingPlan] {
    var parts: [LanguageTag: [Part]] = [:]
    for part in self.parts where part.isMixed { parts[part.tag, default: []].append(part) }
    return mixed.flatMap { language -> [RingPlan] in
      let tag = language.supply.tag
      guard let own = parts[tag] else {
        return [
          RingPlan(
            tag: tag, part: nil, tokens: language.supply.tokens, quota: language.quota,
            start: language.start, tokensBefore: language.supply.tokensBefore)
        ]
      }
      return own.map { part in
        RingPlan(
          tag: tag, part: part.part, tokens: part.tokens, quota: part.quota, start: part.start,
          tokensBefore: part.start.tokens(offset: part.startOffset, ring: part.tokens) ?? 0)
      }
    }
  }
}
