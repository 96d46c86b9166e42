import Balance
import ShardifyCore

/// What the filters of a view left out, for people and for `--json`.
public struct FilterSummary: Sendable {
  /// Documents left out, by reason, in the order they are asked.
  public let reasons: [(reason: String, documents: Int)]
  /// Hashes to leave out, and how many of them the store has.
  public let excludedHashes: (all: Int, found: Int)?
  /// Languages under other tags.
  public let labels: [(from: LanguageTag, to: LanguageTag)]
  /// Languages of the label map that the store does not have.
  public let unknownLabels: [LanguageTag]
  /// Facts of the plan beside the mixture: seed, shards, filters.
  let facts: [(key: String, value: String)]

  init(_ prepared: PreparedBalance) {
    let view = prepared.view
    let languages = prepared.scan.languages
    reasons = view.reasons.enumerated().map { number, reason in
      (reason, languages.reduce(0) { $0 + $1.filtered[number] })
    }
    excludedHashes = view.excludedHashes.map { ($0.hashes.count, $0.foundCount) }
    labels = view.labelMap.pairs
    let known = Set(view.languages.flatMap(\.members))
    unknownLabels = view.labelMap.pairs.map(\.from).filter { !known.contains($0) }
    facts =
      [("seed", "\(prepared.seed)"), ("shard_count", "\(prepared.shardCount)")]
      + ViewFacts(view).rows.map { (key: $0.0, value: $0.1) }
  }

  /// Lines for a terminal; nil if nothing is filtered or renamed.
  public var text: String? {
    var lines: [String] = []
    for (reason, documents) in reasons {
      var line = "filtered: \(ReportTable.grouped(documents)) documents by \(reason)"
      if reason == "exclude-hashes", let (all, found) = excludedHashes {
        line +=
          " (\(ReportTable.grouped(all)) hashes, \(ReportTable.grouped(all - found)) not in the store)"
      }
      lines.append(line)
    }
    if !labels.isEmpty {
      let targets = Set(labels.map(\.to)).count
      lines.append("label map: \(labels.count) languages filed under \(targets) other tags")
    }
    if !unknownLabels.isEmpty {
      lines.append(
        "label map: not in the store: \(unknownLabels.prefix(5).map(\.description).joined(separator: ", "))"
          + (unknownLabels.count > 5 ? " and \(unknownLabels.count - 5) more" : ""))
    }
    return lines.isEmpty ? nil : lines.joined(separator: "\n")
  }
}

extension BalanceStage.Outcome {
  /// What filters left out, for a terminal.
  public var filterText: String? { filters.text }

  /// The plan as one JSON object on one line.
  public var json: String {
    let facts = filters.facts.map { ($0.key, ReportJSON.string($0.value)) }
    let filtered = filters.reasons.map { reason, documents in
      "{\"reason\":\(ReportJSON.string(reason)),\"documents\":\(documents)}"
    }
    return plan.json(more: facts + [("filtered", "[" + filtered.joined(separator: ",") + "]")])
  }
}
