import ShardifyCore

/// The manifest of a dataset as a value: what `manifest.sqlite` holds.
public struct DatasetManifest: Sendable, Equatable {
  /// The formats this program reads and writes.
  public static let formatVersions = 2...3

  /// The format it is written in: 3 adds parts of languages to 2.
  public var formatVersion: Int { languageParts.isEmpty ? 2 : 3 }

  /// Facts by name; `docs/manifest.md` lists them.
  public var dataset: [String: String] = [:]
  /// The languages of the store, sorted by tag.
  public var languages: [Language] = []
  /// The parts of languages that are divided over their sources, sorted by tag and number; none where
  /// no language is.
  public var languageParts: [LanguagePart] = []
  /// The shards, training first, by number.
  public var shards: [Shard] = []
  /// What each shard holds of each language, in the order of shards and tags.
  public var shardLanguages: [ShardLanguage] = []
  /// What each training shard holds of each part, in the order of shards, tags and parts.
  public var shardParts: [ShardPart] = []
  /// What each source gave to each language, sorted by tag and name.
  public var languageSources: [LanguageSource] = []
  /// Documents that filters left out, sorted by tag and reason.
  public var filters: [Filter] = []
  /// Rejected documents by reason, sorted.
  public var rejects: [Reject] = []
  /// Who made it, when, how: outside the fingerprint.
  public var provenance: [String: String] = [:]

  /// Makes an empty manifest.
  public init() {}

  /// Which part of the dataset a shard belongs to.
  public enum Split: String, Sendable { case train, holdout }

  /// One language.
  public struct Language: Sendable, Equatable {
    /// The language.
    public var tag: LanguageTag
    /// Documents that may be trained on.
    public var documents = 0
    /// Their pieces.
    public var pieces = 0
    /// Their tokens.
    public var availableTokens = 0
    /// Their UTF-8 bytes.
    public var availableBytes = 0
    /// Their Unicode scalars.
    public var availableScalars = 0
    /// Documents held out.
    public var heldOutDocuments = 0
    /// Tokens planned.
    public var quotaTokens = 0
    /// Tokens written.
    public var writtenTokens = 0
    /// Pieces written.
    public var writtenPieces = 0
    /// Different documents written.
    public var documentsInShards = 0
    /// What bound its quota; `excluded` if it is not in the mixture.
    public var bindingRule = ""
    /// Where its ring starts: 16 bytes.
    public var startKey: [UInt8] = []
    /// Passes over its ring completed before this dataset, by the datasets it continues.
    public var firstPass = 0
    /// The first key of this dataset on that pass, 20 bytes; empty: the ring's own start.
    public var firstKey: [UInt8] = []
    /// Tokens of the ring before it.
    public var firstOffset = 0

    /// Makes a row for a language.
    public init(tag: LanguageTag) { self.tag = tag }
  }

  /// A part of a language that is divided over its sources: a ring of its own.
  public struct LanguagePart: Sendable, Equatable {
    /// The language.
    public var tag: LanguageTag
    /// The number of the pattern its sources match, or how many patterns there are.
    public var part: Int
    /// The pattern; `*` for the sources that match none.
    public var pattern: String
    /// Documents that may be trained on.
    public var documents = 0
    /// Their pieces.
    public var pieces = 0
    /// Their tokens.
    public var availableTokens = 0
    /// Their UTF-8 bytes.
    public var availableBytes = 0
    /// Tokens planned.
    public var quotaTokens = 0
    /// Tokens written.
    public var writtenTokens = 0
    /// Pieces written.
    public var writtenPieces = 0
    /// Different documents written.
    public var documentsInShards = 0
    /// What bound its quota; `excluded` if it gives nothing.
    public var bindingRule = ""
    /// As of a language.
    public var firstPass = 0
    /// As of a language.
    public var firstKey: [UInt8] = []
    /// As of a language.
    public var firstOffset = 0

    /// Makes a row for a part.
    public init(tag: LanguageTag, part: Int, pattern: String) {
      self.tag = tag
      self.part = part
      self.pattern = pattern
    }
  }

  /// What a training shard holds of a part of a language.
  public struct ShardPart: Sendable, Equatable {
    /// The shard's number.
    public var shard: Int
    /// The language.
    public var tag: LanguageTag
    /// The part's number.
    public var part: Int
    /// Its tokens.
    public var tokens: Int
    /// Its pieces.
    public var pieces: Int
    /// Its UTF-8 bytes of text.
    public var bytes: Int

    /// Makes a row; see the properties.
    public init(shard: Int, tag: LanguageTag, part: Int, tokens: Int, pieces: Int, bytes: Int) {
      self.shard = shard
      self.tag = tag
      self.part = part
      self.tokens = tokens
      self.pieces = pieces
      self.bytes = bytes
    }
  }

  /// One shard.
  public struct Shard: Sendable, Equatable {
    /// Its part of the dataset.
    public var split: Split
    /// Its number in that part.
    public var shard: Int
    /// Its path, relative to the dataset's folder.
    public var path: String
    /// Its file's size.
    public var fileSizeBytes: Int
    /// Its tokens.
    public var tokens: Int
    /// Its pieces.
    public var pieces: Int
    /// The SHA-256 of the file.
    public var fileDigest: SHA256.Digest
    /// The SHA-256 of its raw tokens.
    public var payloadDigest: SHA256.Digest

    /// Makes a row; see the properties.
    public init(
      split: Split, shard: Int, path: String, fileSizeBytes: Int, tokens: Int, pieces: Int,
      fileDigest: SHA256.Digest, payloadDigest: SHA256.Digest
    ) {
      self.split = split
      self.shard = shard
      self.path = path
      self.fileSizeBytes = fileSizeBytes
      self.tokens = tokens
      self.pieces = pieces
      self.fileDigest = fileDigest
      self.payloadDigest = payloadDigest
    }
  }

  /// What a shard holds of a language.
  public struct ShardLanguage: Sendable, Equatable {
    /// The shard's part of the dataset.
    public var split: Split
    /// The shard's number.
    public var shard: Int
    /// The language.
    public var tag: LanguageTag
    /// Its tokens.
    public var tokens: Int
    /// Its pieces.
    public var pieces: Int
    /// Its UTF-8 bytes of text.
    public var bytes: Int

    /// Makes a row; see the properties.
    public init(
      split: Split, shard: Int, tag: LanguageTag, tokens: Int, pieces: Int, bytes: Int
    ) {
      self.split = split
      self.shard = shard
      self.tag = tag
      self.tokens = tokens
      self.pieces = pieces
      self.bytes = bytes
    }
  }

  /// What a source gave to a language, before any mixture.
  public struct LanguageSource: Sendable, Equatable {
    /// The language.
    public var tag: LanguageTag
    /// The source's name; empty if the input named none.
    public var source: String
    /// Documents.
    public var documents: Int
    /// Tokens.
    public var tokens: Int

    /// Makes a row; see the properties.
    public init(tag: LanguageTag, source: String, documents: Int, tokens: Int) {
      self.tag = tag
      self.source = source
      self.documents = documents
      self.tokens = tokens
    }
  }

  /// Documents of a language that filters left out for one reason.
  public struct Filter: Sendable, Equatable {
    /// The language.
    public var tag: LanguageTag
    /// `exclude-hashes`, or `where` and the condition that was not met.
    public var reason: String
    /// How many, the held-out ones with them.
    public var documents: Int

    /// Makes a row; see the properties.
    public init(tag: LanguageTag, reason: String, documents: Int) {
      self.tag = tag
      self.reason = reason
      self.documents = documents
    }
  }

  /// Documents rejected for one reason.
  public struct Reject: Sendable, Equatable {
    /// The reason's name.
    public var reason: String
    /// How many.
    public var documents: Int

    /// Makes a row.
    public init(reason: String, documents: Int) {
      self.reason = reason
      self.documents = documents
    }
  }

  /// The SHA-256 of the canonical dump: every row of every table but `provenance`, a line each,
  /// the table's name and the columns of `docs/manifest.md` between tabs.
  public var fingerprint: SHA256.Digest {
    var hash = SHA256()
    for line in canonicalLines() { hash.update(Array((line + "\n").utf8)) }
    return hash.finish()
  }

  /// The lines the fingerprint is made of.
  public func canonicalLines() -> [String] {
    func line(_ table: String, _ values: [String]) -> String {
      ([table] + values.map(DatasetManifest.escaped)).joined(separator: "\t")
    }
    var lines = dataset.filter { $0.key != "fingerprint" }
      .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      .map { line("dataset", [$0.key, $0.value]) }
    lines += languages.map {
      line(
        "languages",
        [
          "\($0.tag)", "\($0.documents)", "\($0.pieces)", "\($0.availableTokens)",
          "\($0.availableBytes)", "\($0.availableScalars)", "\($0.heldOutDocuments)",
          "\($0.quotaTokens)", "\($0.writtenTokens)", "\($0.writtenPieces)",
          "\($0.documentsInShards)", $0.bindingRule, Hex.string($0.startKey), "\($0.firstPass)",
          Hex.string($0.firstKey), "\($0.firstOffset)",
        ])
    }
    lines += languageParts.map {
      line(
        "language_parts",
        [
          "\($0.tag)", "\($0.part)", $0.pattern, "\($0.documents)", "\($0.pieces)",
          "\($0.availableTokens)", "\($0.availableBytes)", "\($0.quotaTokens)",
          "\($0.writtenTokens)", "\($0.writtenPieces)", "\($0.documentsInShards)",
          $0.bindingRule, "\($0.firstPass)", Hex.string($0.firstKey), "\($0.firstOffset)",
        ])
    }
    lines += shards.map {
      line(
        "shards",
        [
          $0.split.rawValue, "\($0.shard)", $0.path, "\($0.fileSizeBytes)", "\($0.tokens)",
          "\($0.pieces)", "\($0.fileDigest)", "\($0.payloadDigest)",
        ])
    }
    lines += shardLanguages.map {
      line(
        "shard_languages",
        [
          $0.split.rawValue, "\($0.shard)", "\($0.tag)", "\($0.tokens)", "\($0.pieces)",
          "\($0.bytes)",
        ])
    }
    lines += shardParts.map {
      line(
        "shard_parts",
        [
          "\($0.shard)", "\($0.tag)", "\($0.part)", "\($0.tokens)", "\($0.pieces)", "\($0.bytes)",
        ])
    }
    lines += languageSources.map {
      line("language_sources", ["\($0.tag)", $0.source, "\($0.documents)", "\($0.tokens)"])
    }
    lines += filters.map { line("filters", ["\($0.tag)", $0.reason, "\($0.documents)"]) }
    lines += rejects.map { line("rejects", [$0.reason, "\($0.documents)"]) }
    return lines
  }

  /// Escapes tab, newline and backslash, so that a value stays one field of one line.
  public static func escaped(_ text: String) -> String {
    var out: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): out += Array("\\\\".utf8)
      case UInt8(ascii: "\t"): out += Array("\\t".utf8)
      case UInt8(ascii: "\n"): out += Array("\\n".utf8)
      default: out.append(byte)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// The opposite of `escaped`.
  public static func unescaped(_ text: some StringProtocol) -> String {
    guard text.utf8.contains(UInt8(ascii: "\\")) else { return String(text) }
    var out: [UInt8] = []
    var isEscaped = false
    for byte in text.utf8 {
      if isEscaped {
        switch byte {
        case UInt8(ascii: "t"): out.append(UInt8(ascii: "\t"))
        case UInt8(ascii: "n"): out.append(UInt8(ascii: "\n"))
        default: out.append(byte)
        }
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else {
        out.append(byte)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
