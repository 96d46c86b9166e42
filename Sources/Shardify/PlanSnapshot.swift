import Balance
import Files
import Manifest
import ShardifyCore

/// A plan or a dataset as a comparison sees it: what was asked, and what each language gets.
struct PlanSnapshot: Sendable {
  /// One language of the mixture.
  struct Language: Sendable, Equatable {
    var documents: Int
    var available: Int
    var quota: Int
    var rule: String

    var epochs: Double { available > 0 ? Double(quota) / Double(available) : 0 }
  }

  /// The path it was read from.
  let path: String
  /// `dataset`, `plan` or `dry run`.
  let kind: String
  /// What was asked, by name; values as text.
  var settings: [String: String]
  /// The languages that get something or are in the mixture.
  var languages: [LanguageTag: Language]

  var budget: Int { languages.values.reduce(0) { $0 + $1.quota } }

  /// Files may have this many bytes.
  static let limitBytes = 256 << 20
  /// Facts that are settings of a mixture; others follow from the store or the shards.
  static let facts = [
    "seed", "shard_count", "where", "label_map", "exclude_hashes", "exclude_hashes_sha256",
    "byte_premiums", "statistics_sha256", "store_key", "tokenizer_sha256", "parent_fingerprint",
    "compression_level",
  ]

  /// Reads a dataset's folder, a manifest, a `plan.txt`, or what `balance --dry-run --json` printed.
  static func read(_ path: String) throws -> PlanSnapshot {
    guard let status = FileSystem.status(path) else {
      throw StageFailure(
        .options, "cannot compare", path: path,
        found: FileSystem.whyUnreadable(path, "file or folder") ?? "no such file or folder",
        expected: "a dataset, a manifest, a plan.txt or the output of balance --dry-run --json",
        remedy: "check the path")
    }
    if status.kind == .folder {
      if let stages = StagesFolder.refusal(path, "cannot compare") { throw stages }
      let manifest = path + "/manifest.sqlite"
      if FileSystem.status(manifest) != nil { return try PlanSnapshot(manifest: manifest, path) }
      let plan = path + "/plan.txt"
      guard FileSystem.status(plan) != nil else {
        throw StageFailure(
          .options, "cannot compare", path: path, found: "neither manifest.sqlite nor plan.txt",
          expected: "a dataset")
      }
      return try PlanSnapshot(plan: plan, path)
    }
    if path.hasSuffix(".sqlite") { return try PlanSnapshot(manifest: path, path) }
    let bytes = try FileSystem.read(path, limitBytes: limitBytes)
    if bytes.starts(with: "SQLite format 3".utf8) { return try PlanSnapshot(manifest: path, path) }
    if bytes.starts(with: "shardify plan v".utf8) { return try PlanSnapshot(plan: path, path) }
    return try PlanSnapshot(json: bytes, path)
  }

  private init(manifest file: String, _ path: String) throws {
    let manifest = try ManifestFile.read(file)
    self.path = path
    kind = "dataset"
    settings = try PlanSnapshot.settings { manifest.dataset[$0] }
    languages = [:]
    for row in manifest.languages where row.bindingRule != DatasetPlan.excluded {
      languages[row.tag] = Language(
        documents: row.documents, available: row.availableTokens, quota: row.quotaTokens,
        rule: row.bindingRule)
    }
  }

  private init(plan file: String, _ path: String) throws {
    let plan = try DatasetPlan(
      parsing: try FileSystem.read(file, limitBytes: DatasetPlan.limitBytes), path: file)
    self.path = path
    kind = "plan"
    settings = try PlanSnapshot.settings { plan[$0] }
    languages = [:]
    for row in plan.mixed {
      languages[row.supply.tag] = Language(
        documents: row.supply.documents, available: row.supply.tokens, quota: row.quota,
        rule: row.rule)
    }
  }

  private init(json bytes: [UInt8], _ path: String) throws {
    let root = try PlanJSON(bytes, path: path)
    self.path = path
    kind = "dry run"
    settings = root.mixtureSettings()
    for name in PlanSnapshot.facts { settings[name] = root.text(name) }
    languages = try root.languages()
  }

  private static func settings(_ fact: (String) -> String?) throws -> [String: String] {
    var settings: [String: String] = [:]
    for name in facts { settings[name] = fact(name) }
    if let text = fact("mixture"), let mixture = try? PlanJSON(Array(text.utf8), path: "mixture") {
      settings.merge(mixture.mixtureSettings()) { $1 }
    }
    return settings
  }
}
