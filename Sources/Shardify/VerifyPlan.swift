import Balance
import Files
import Manifest
import ShardifyCore

/// Checks `plan.txt` against the manifest.
struct VerifyPlan {
  let facts: VerifyFacts
  private(set) var problems = VerifyProblems()

  init(facts: VerifyFacts) { self.facts = facts }

  mutating func run() {
    let text: [UInt8]
    do throws(FileFailure) {
      text = try FileSystem.read(facts.folder + "/plan.txt", limitBytes: 256 << 20)
    } catch {
      problems.add("\(error.message); run shardify repair \(facts.folder)")
      return
    }
    if SHA256.of(text) != facts.plan {
      problems.add(
        "plan.txt: SHA-256: \(SHA256.of(text)), expected \(facts.plan);"
          + " run shardify repair \(facts.folder)")
    }
    let plan: DatasetPlan
    do throws(StageFailure) {
      plan = try DatasetPlan(parsing: text, path: "plan.txt")
    } catch {
      problems.add(error.message)
      return
    }
    var seen = Set<String>()
    for fact in plan.facts {
      seen.insert(fact.key)
      problems.compare(
        "plan.txt: \(fact.key)", found: fact.value,
        expected: facts.manifest.dataset[fact.key] ?? "none")
    }
    let own = ["fingerprint", "format_version", "plan_sha256"]
    let accounts = ["in_shards", "held_out", "left_over", "filtered", "rejected"]
      .map { "documents_\($0)" }
    for key in facts.manifest.dataset.keys.sorted()
    where !seen.contains(key) && !own.contains(key) && !accounts.contains(key) {
      problems.add("plan.txt: no \(key)")
    }
    let rows = facts.manifest.languages
    compare(
      "language", plan.languages.map(VerifyPlan.line), rows.map(VerifyPlan.line))
    compare(
      "part", plan.parts.map(VerifyPlan.line), facts.manifest.languageParts.map(VerifyPlan.line))
    func source(_ row: DatasetManifest.LanguageSource) -> String {
      "\(row.tag) \(row.source): \(row.documents) documents, \(row.tokens) tokens"
    }
    compare("source", plan.sources.map(source), facts.manifest.languageSources.map(source))
    func filter(_ row: DatasetManifest.Filter) -> String {
      "\(row.tag) \(row.reason): \(row.documents)"
    }
    compare("filter", plan.filters.map(filter), facts.manifest.filters.map(filter))
    func reject(_ row: DatasetManifest.Reject) -> String { "\(row.reason): \(row.documents)" }
    compare("reject", plan.rejects.map(reject), facts.manifest.rejects.map(reject))
  }

  /// Says the first line that differs.
  private mutating func compare(_ what: String, _ found: [String], _ expected: [String]) {
    problems.compare("plan.txt: \(what) lines", found: found.count, expected: expected.count)
    for (line, wanted) in zip(found, expected) where line != wanted {
      problems.add("plan.txt: \(what) \(line), expected \(wanted)")
      return
    }
  }

  private static func line(_ row: DatasetPlan.Language) -> String {
    let supply = row.supply
    let key = row.start.key.map { Hex.string($0.bytes) } ?? ""
    return "\(supply.tag) \(supply.documents) \(supply.pieces) \(supply.tokens) \(supply.bytes)"
      + " \(supply.scalars) \(row.heldOutDocuments) \(row.quota) \(row.rule) \(row.start.pass)"
      + " \(key) \(row.startOffset)"
  }

  private static func line(_ row: DatasetManifest.Language) -> String {
    "\(row.tag) \(row.documents) \(row.pieces) \(row.availableTokens) \(row.availableBytes)"
      + " \(row.availableScalars) \(row.heldOutDocuments) \(row.quotaTokens) \(row.bindingRule)"
      + " \(row.firstPass) \(Hex.string(row.firstKey)) \(row.firstOffset)"
  }

  private static func line(_ row: DatasetPlan.Part) -> String {
    let key = row.start.key.map { Hex.string($0.bytes) } ?? ""
    return "\(row.tag) \(row.part) \(row.pattern) \(row.documents) \(row.pieces) \(row.tokens)"
      + " \(row.bytes) \(row.quota) \(row.rule) \(row.start.pass) \(key) \(row.startOffset)"
  }

  private static func line(_ row: DatasetManifest.LanguagePart) -> String {
    "\(row.tag) \(row.part) \(row.pattern) \(row.documents) \(row.pieces)"
      + " \(row.availableTokens) \(row.availableBytes) \(row.quotaTokens) \(row.bindingRule)"
      + " \(row.firstPass) \(Hex.string(row.firstKey)) \(row.firstOffset)"
  }
}
