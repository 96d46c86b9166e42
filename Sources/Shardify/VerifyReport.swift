import Balance
import ShardifyCore

/// What a verification found.
public struct VerifyReport: Sendable {
  /// One language of the mixture: requested against achieved.
  public struct Language: Sendable {
    /// The language.
    public var tag: LanguageTag
    /// The pattern of a part, in a row of one.
    public var part: String?
    /// Its parts, where it is divided over its sources.
    public var parts: [Language] = []
    /// Tokens the store has of it.
    public var availableTokens: Int
    /// Tokens planned.
    public var quotaTokens: Int
    /// Tokens found in the shards.
    public var writtenTokens = 0
    /// Pieces found in the shards.
    public var writtenPieces = 0
    /// The largest distance from quota · x at the end of any shard, in tokens.
    public var worstDeviationTokens = 0.0
    /// The same in pieces: the distance over the length of the piece at the shard's end.
    public var worstDeviationPieces = 0.0
    /// The largest distance of what a single shard holds from quota / shards, in pieces.
    public var worstShardPieces = 0.0
    /// The shard at whose end that is.
    public var worstShard: Int?
    /// Whether every copy of a document was found exactly `availableTokens` ring tokens after the
    /// one before; nil if nothing repeats.
    public var repeatsOnePassApart: Bool?

    /// Passes over the language in the dataset.
    public var epochs: Double {
      availableTokens > 0 ? Double(writtenTokens) / Double(availableTokens) : 0
    }
  }

  /// What is wrong, a clear line each; the last counts those that are not shown.
  public internal(set) var problems: [String] = []
  /// What follows from a problem, for machines: each difference of a store that is another one.
  public internal(set) var details: [String] = []
  /// What is not wrong, but good to know.
  public internal(set) var notes: [String] = []
  /// The languages of the mixture, by tag.
  public internal(set) var languages: [Language] = []
  /// Shards read, held out ones with them.
  public internal(set) var shards = 0
  /// Tokens read.
  public internal(set) var tokens = 0
  /// Pieces read.
  public internal(set) var pieces = 0
  /// The fingerprint the manifest names.
  public internal(set) var fingerprint = ""

  /// Whether nothing is wrong.
  public var isClean: Bool { problems.isEmpty }

  /// For people: several lines, no newline after the last.
  public func text() -> String {
    var table = ReportTable([
      "language", "available", "quota", "written", "requested", "achieved", "epochs",
      "worst (tokens)", "worst (pieces)", "one shard", "repeats",
    ])
    let quota = languages.reduce(0) { $0 + $1.quotaTokens }
    let written = languages.reduce(0) { $0 + $1.writtenTokens }
    let sorted = languages.sorted {
      $0.writtenTokens != $1.writtenTokens ? $0.writtenTokens > $1.writtenTokens : $0.tag < $1.tag
    }
    // A language that no pattern concerns is one part, and its row says all of it.
    for row in sorted.flatMap({
      [$0] + ($0.parts.map(\.part) == [SourceWeights.others] ? [] : $0.parts)
    }) {
      table.add([
        row.part.map { "  \($0)" } ?? "\(row.tag)", ReportTable.grouped(row.availableTokens),
        ReportTable.grouped(row.quotaTokens), ReportTable.grouped(row.writtenTokens),
        ReportTable.percent(row.quotaTokens, of: quota),
        ReportTable.percent(row.writtenTokens, of: written),
        ReportTable.fixed(row.epochs, places: 2),
        ReportTable.fixed(row.worstDeviationTokens, places: 1),
        ReportTable.fixed(row.worstDeviationPieces, places: 3),
        ReportTable.fixed(row.worstShardPieces, places: 3),
        row.repeatsOnePassApart.map { $0 ? "1 pass apart" : "WRONG" } ?? "none",
      ])
    }
    var out = table.text
    if !out.isEmpty { out += "\n" }
    out += "\(ReportTable.grouped(shards)) shards, \(ReportTable.grouped(tokens)) tokens, "
    out += "\(ReportTable.grouped(pieces)) pieces read"
    out += fingerprint.isEmpty ? "\n" : "; fingerprint \(fingerprint)\n"
    if isClean {
      for note in notes { out += "note: \(note)\n" }
      return out + "nothing is wrong"
    }
    return out + problemText()
  }

  /// What is wrong and what to do, without the table: several lines, no newline after the last.
  public func problemText() -> String {
    let count = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
    return
      (notes.map { "note: \($0)" } + problems.map { "problem: \($0)" } + ["\(count) found"])
      .joined(separator: "\n")
  }

  /// For machines: one JSON object on one line.
  public func json() -> String {
    ReportJSON.object([
      ("clean", isClean ? "true" : "false"),
      ("fingerprint", ReportJSON.string(fingerprint)),
      ("shards", "\(shards)"), ("tokens", "\(tokens)"), ("pieces", "\(pieces)"),
      ("problems", ReportJSON.array(problems.map(ReportJSON.string))),
      ("details", ReportJSON.array(details.map(ReportJSON.string))),
      ("notes", ReportJSON.array(notes.map(ReportJSON.string))),
      ("languages", ReportJSON.array(languages.map(VerifyReport.object))),
    ])
  }

  private static func object(_ row: Language) -> String {
    ReportJSON.object(
      [
        row.part.map { ("source", ReportJSON.string($0)) }
          ?? ("language", ReportJSON.string("\(row.tag)")),
        ("available_tokens", "\(row.availableTokens)"), ("quota_tokens", "\(row.quotaTokens)"),
        ("written_tokens", "\(row.writtenTokens)"), ("written_pieces", "\(row.writtenPieces)"),
        ("epochs", ReportJSON.number(row.epochs)),
        ("worst_deviation_tokens", ReportJSON.number(row.worstDeviationTokens)),
        ("worst_deviation_pieces", ReportJSON.number(row.worstDeviationPieces)),
        ("worst_single_shard_pieces", ReportJSON.number(row.worstShardPieces)),
        ("worst_shard", row.worstShard.map { "\($0)" } ?? "null"),
        ("repeats_one_pass_apart", row.repeatsOnePassApart.map { $0 ? "true" : "false" } ?? "null"),
      ] + (row.parts.isEmpty ? [] : [("parts", ReportJSON.array(row.parts.map(object)))]))
  }
}
