import Balance
import Files
import Manifest
import ShardifyCore
import Shards
import Synchronization

/// Checks a dataset against its manifest, its own rules and, if given, the store it came from.
///
/// Memory: one shard's piece table and a frame a thread, and a few integers for each ring of each
/// shard.
public struct VerifyStage: Sendable {
  private let dataset: String
  private let store: String?
  /// The list of content hashes the dataset was made without, to compare it with its store.
  public var excludedHashes: String?
  private let jobs: Int
  private let progress: Progress
  private let stop: StopFlag

  /// - Parameters:
  ///   - dataset: The dataset's folder, or its manifest.
  ///   - store: The token store it came from, to compare contents; nil leaves that out.
  ///   - jobs: Shards read at the same time.
  public init(dataset: String, store: String?, jobs: Int, progress: Progress, stop: StopFlag) {
    self.dataset = dataset
    self.store = store
    self.jobs = jobs
    self.progress = progress
    self.stop = stop
  }

  /// Reads everything and says what is wrong.
  ///
  /// - Throws: Only if the work itself cannot be done: no dataset there, no such store, asked to
  ///   stop. What is wrong with the dataset is in the report.
  public func run() throws -> VerifyReport {
    var report = VerifyReport()
    var problems = VerifyProblems()
    let path =
      FileSystem.status(dataset)?.kind == .folder ? dataset + "/manifest.sqlite" : dataset
    let opened = try store.map { try TokenStore.open($0) }
    guard let manifest = try manifest(path, &problems) else {
      report.problems = problems.report
      return report
    }
    report.fingerprint = manifest.dataset["fingerprint"] ?? "none"
    do throws(VerifyProblem) {
      let facts = try VerifyFacts(folder: FileSystem.parent(path), manifest: manifest)
      try check(facts, opened, &report, &problems)
    } catch {
      problems.add(error.line)
    }
    if problems.lines.contains(where: { $0.contains("/shard-") }) {
      report.notes.append(redo(path, manifest))
    }
    if stop.isSet {
      throw StageFailure(
        .stopped, "stopped", path: dataset, found: "asked to end before all was verified",
        remedy: "run the same command again")
    }
    report.problems = problems.report
    progress.start(.done, total: 0)
    return report
  }

  /// How damaged shards are written again.
  private func redo(_ path: String, _ manifest: DatasetManifest) -> String {
    "what writes a shard again, once the damaged file is removed: "
      + RedoText.command(
        recorded: manifest.provenance["command"], folder: FileSystem.parent(path),
        plan: { manifest.dataset[$0] })
  }

  private func manifest(
    _ path: String, _ problems: inout VerifyProblems
  ) throws -> DatasetManifest? {
    do throws(ManifestFailure) {
      let manifest = try ManifestFile.readUnsealed(path)
      do throws(ManifestFailure) {
        try ManifestFile.checkFingerprint(manifest, path: path)
      } catch {
        problems.add(error.message)
      }
      return manifest
    } catch {
      if error.code == .missing { throw error }
      problems.add(error.message)
      return nil
    }
  }

  private func check(
    _ facts: VerifyFacts, _ store: TokenStore?, _ report: inout VerifyReport,
    _ problems: inout VerifyProblems
  ) throws(VerifyProblem) {
    checkFacts(facts, &problems)
    var plan = VerifyPlan(facts: facts)
    plan.run()
    problems.add(plan.problems)
    let shards = facts.manifest.shards
    progress.start(.verifying, total: shards.reduce(0) { $0 + $1.tokens })
    let audits = read(facts, shards)
    for audit in audits { problems.add(audit.problems) }
    report.shards = audits.count(where: \.isThere)
    report.tokens = audits.reduce(0) { $0 + $1.tokens }
    report.pieces = audits.reduce(0) { $0 + $1.pieces }
    let inner = audits.reduce(0) { $0 + $1.innerEndOfText }
    if inner > 0 { report.notes.append("\(inner) end-of-text ids in the midst of pieces") }
    let train = zip(shards, audits).filter { $0.0.split == .train }
    let holdout = zip(shards, audits).filter { $0.0.split == .holdout }
    guard train.map(\.0.shard) == Array(0..<facts.shardCount),
      holdout.map(\.0.shard) == Array(0..<holdout.count)
    else {
      throw VerifyProblem(
        line: "manifest: \(train.count) training shards, expected 0 to \(facts.shardCount - 1)")
    }
    if audits.allSatisfy(\.isWhole) {
      var totals = VerifyTotals(facts: facts, train: train.map(\.1), holdout: holdout.map(\.1))
      totals.run()
      problems.add(totals.problems)
      report.languages = totals.rows
    } else if !stop.isSet {
      report.notes.append("totals are not checked, since not every shard could be read")
    }
    if let store {
      let comparison = VerifyStore(
        facts: facts, train: train.map(\.1), holdout: holdout.map(\.1), store: store, jobs: jobs,
        stop: stop, excludedHashes: excludedHashes)
      do {
        let found = try comparison.run()
        problems.add(found.problems)
        report.details += found.details
      } catch { problems.add("store: \(error)") }
    }
  }

  private func read(_ facts: VerifyFacts, _ shards: [DatasetManifest.Shard]) -> [ShardAudit] {
    let auditor = ShardAuditor(
      facts: facts, tokensBefore: facts.tokensBefore(), progress: progress, stop: stop)
    let results = Mutex<[ShardAudit?]>(Array(repeating: nil, count: shards.count))
    Parallel.forEach(below: shards.count, threads: max(1, jobs)) { number in
      let audit = auditor.audit(shards[number])
      results.withLock { $0[number] = audit }
    }
    return results.withLock { $0.compactMap { $0 } }
  }

  /// The facts that must agree among themselves, and files that no row names.
  private func checkFacts(_ facts: VerifyFacts, _ problems: inout VerifyProblems) {
    for (key, expected) in [
      ("ring_version", "\(Ring.version)"),
      ("shard_format_version", facts.isDivided ? "2" : "1"),
      ("format_version", "\(facts.manifest.formatVersion)"),
      ("token_width_bytes", facts.vocabularySize <= 1 << 16 ? "2" : "4"),
    ] {
      problems.compare(
        "manifest: \(key)", found: facts.manifest.dataset[key] ?? "none", expected: expected)
    }
    if Int(facts.endOfTextID) >= facts.vocabularySize {
      problems.add("manifest: end_of_text_id \(facts.endOfTextID) is not below vocabulary_size")
    }
    for language in facts.languages {
      let start = ContentHash(high: language.start.high, low: language.start.low).bytes
      if language.row.startKey != start {
        problems.add("manifest: start_key of \(language.row.tag) is not that of the seed")
      }
    }
    for part in facts.manifest.languageParts {
      problems.compare(
        "manifest: pattern of \(part.tag) part \(part.part)", found: part.pattern,
        expected: SourceParts.name(of: part.part, facts.sourcePatterns ?? []))
      if part.part > facts.sourcePatterns?.count ?? 0 {
        problems.add("manifest: \(part.tag) part \(part.part): there is no such pattern")
      }
    }
    let named = Set(facts.manifest.shards.map(\.path))
    for part in ["shards", "holdout"] {
      let names = (try? FileSystem.names(in: facts.folder + "/" + part)) ?? []
      for name in names where !named.contains("\(part)/\(name)") {
        problems.add(
          "\(part)/\(name): no row of the manifest names it; rm \(facts.folder)/\(part)/\(name)")
      }
    }
  }
}
