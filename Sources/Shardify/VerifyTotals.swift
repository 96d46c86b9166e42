import Balance
import Manifest
import ShardifyCore
import Shards

/// Checks what only all shards together tell: totals, quotas, deviations, repeats, accounts.
struct VerifyTotals {
  let facts: VerifyFacts
  /// Of the training shards, by number.
  let train: [ShardAudit]
  let holdout: [ShardAudit]
  private(set) var problems = VerifyProblems()
  private(set) var rows: [VerifyReport.Language] = []

  init(facts: VerifyFacts, train: [ShardAudit], holdout: [ShardAudit]) {
    self.facts = facts
    self.train = train
    self.holdout = holdout
  }

  mutating func run() {
    for number in facts.languages.indices {
      let row = language(number)
      rows.append(row)
    }
    for number in facts.languages.indices { heldOut(number) }
    shardLanguages()
    if facts.isDivided { shardParts() }
    accounts()
  }

  /// The rings of a language, and their sums where it is divided.
  private mutating func language(_ number: Int) -> VerifyReport.Language {
    let language = facts.languages[number]
    var parts: [(row: VerifyReport.Language, ends: [Deviation])] = []
    for number in language.rings { parts.append(ring(number)) }
    guard facts.isDivided else { return parts[0].row }
    var row = VerifyReport.Language(
      tag: language.row.tag, availableTokens: language.row.availableTokens,
      quotaTokens: language.row.quotaTokens)
    var former = Deviation()
    for shard in train.indices {
      // Each part is off by at most one of its pieces, so the language by at most their sum.
      var here = Deviation()
      for part in parts { here.add(part.ends[shard]) }
      note(here, shard, &row)
      note(single: here, former, &row)
      former = here
    }
    for part in parts {
      row.writtenTokens += part.row.writtenTokens
      row.writtenPieces += part.row.writtenPieces
      if let apart = part.row.repeatsOnePassApart {
        row.repeatsOnePassApart = (row.repeatsOnePassApart ?? true) && apart
      }
    }
    row.parts = parts.map(\.row)
    sums(language)
    return row
  }

  /// A language's row against those of its parts.
  private mutating func sums(_ language: VerifyFacts.Language) {
    let row = language.row
    var sums = Array(repeating: 0, count: 8)
    for part in facts.manifest.languageParts where part.tag == row.tag {
      let own = [
        part.documents, part.pieces, part.availableTokens, part.availableBytes, part.quotaTokens,
        part.writtenTokens, part.writtenPieces, part.documentsInShards,
      ]
      for index in sums.indices { sums[index] = min(sums[index] + own[index], 1 << 60) }
    }
    problems.compare(
      "manifest: \(row.tag): documents, pieces, tokens, bytes, quota and what is written, against"
        + " the sum of its parts",
      found: [
        row.documents, row.pieces, row.availableTokens, row.availableBytes, row.quotaTokens,
        row.writtenTokens, row.writtenPieces, row.documentsInShards,
      ], expected: sums)
  }

  /// One ring over all shards, and how far off its share it is at the end of each.
  private mutating func ring(
    _ number: Int
  ) -> (row: VerifyReport.Language, ends: [Deviation]) {
    let expected = facts.rings[number]
    let name = expected.name
    var row = VerifyReport.Language(
      tag: expected.tag, availableTokens: expected.availableTokens,
      quotaTokens: expected.quotaTokens)
    row.part = expected.part.map { _ in expected.pattern }
    var documents = 0
    var last: ShardAudit.Edge?
    var ends: [Deviation] = []
    for (shard, audit) in train.enumerated() {
      if let part = audit.parts[number] {
        if let wrong = last?.problem(before: part.first) {
          problems.add("\(name): at the start of shard \(shard): \(wrong)")
        }
        last = part.last
        row.writtenTokens += part.tokens
        row.writtenPieces += part.pieces
        documents += part.documents
      }
      let here = deviation(number, after: shard, last: last, &row)
      single(shard, ends.last ?? Deviation(), here, name, &row)
      ends.append(here)
    }
    problems.compare(
      "\(name): tokens in shards", found: row.writtenTokens, expected: expected.writtenTokens)
    problems.compare(
      "\(name): pieces in shards", found: row.writtenPieces, expected: expected.writtenPieces)
    problems.compare(
      "\(name): documents in shards", found: documents, expected: expected.documentsInShards)
    let over = row.writtenTokens - expected.quotaTokens
    if over < 0 || over >= max(1, last?.tokenCount ?? 1) {
      problems.add(
        "\(name): \(row.writtenTokens) tokens, expected its quota of \(expected.quotaTokens)"
          + " to within the last piece of \(last?.tokenCount ?? 0)")
    }
    if row.writtenTokens > expected.availableTokens, row.writtenTokens == expected.writtenTokens {
      row.repeatsOnePassApart = repeats(number)
    }
    return (row, ends)
  }

  /// At the end of a shard: given - quota·x, at most the piece given last, or the one to come.
  private mutating func deviation(
    _ number: Int, after shard: Int, last: ShardAudit.Edge?, _ row: inout VerifyReport.Language
  ) -> Deviation {
    let quota = facts.rings[number].quotaTokens
    let next = train[(shard + 1)...].lazy.compactMap { $0.parts[number]?.first.tokenCount }.first
    let scaled =
      Int128(row.writtenTokens) * Int128(train.count) - Int128(quota) * Int128(shard + 1)
    let here = Deviation(
      scaled: scaled, length: Int128((scaled > 0 ? last?.tokenCount : next) ?? 0))
    note(here, shard, &row)
    if scaled.magnitude > (here.length * Int128(train.count)).magnitude {
      let tokens = Double(scaled) / Double(train.count)
      problems.add(
        "\(facts.rings[number].name): at the end of shard \(shard)"
          + " \(ReportTable.fixed(tokens, places: 1)) tokens off"
          + " its share, expected at most one piece (\(here.length))")
    }
    return here
  }

  private func note(_ here: Deviation, _ shard: Int, _ row: inout VerifyReport.Language) {
    let tokens = Double(here.scaled) / Double(train.count)
    let pieces =
      here.length > 0 ? abs(tokens) / Double(here.length) : here.scaled == 0 ? 0 : .infinity
    if pieces > row.worstDeviationPieces {
      row.worstDeviationPieces = pieces
      row.worstShard = shard
    }
    if abs(tokens) > abs(row.worstDeviationTokens) { row.worstDeviationTokens = tokens }
  }

  /// How far a ring is off its share at the end of a shard.
  private struct Deviation {
    /// Tokens times the number of shards.
    var scaled: Int128 = 0
    /// The piece it is measured by.
    var length: Int128 = 0

    mutating func add(_ other: Deviation) {
      scaled += other.scaled
      length += other.length
    }
  }

  /// What a shard holds by itself: its share to within two pieces, one at each end.
  private mutating func single(
    _ shard: Int, _ former: Deviation, _ here: Deviation, _ name: String,
    _ row: inout VerifyReport.Language
  ) {
    note(single: here, former, &row)
    let off = here.scaled - former.scaled
    if off.magnitude > ((former.length + here.length) * Int128(train.count)).magnitude {
      let tokens = Double(off) / Double(train.count)
      problems.add(
        "\(name): shard \(shard) holds \(ReportTable.fixed(tokens, places: 1)) tokens off its"
          + " share, expected at most two pieces (\(former.length) and \(here.length))")
    }
  }

  private func note(
    single here: Deviation, _ former: Deviation, _ row: inout VerifyReport.Language
  ) {
    let tokens = Double(here.scaled - former.scaled) / Double(train.count)
    let length = max(former.length, here.length)
    if length > 0 {
      row.worstShardPieces = max(row.worstShardPieces, abs(tokens) / Double(length))
    }
  }

  /// Whether each pass gave the same pieces at the same distance from its start as the first.
  private mutating func repeats(_ number: Int) -> Bool {
    let ring = facts.rings[number]
    var sum: UInt64 = 0
    var whole: UInt64 = 0
    var part: UInt64 = 0
    for audit in train {
      sum &+= audit.parts[number]?.sum ?? 0
      whole &+= audit.parts[number]?.firstLap ?? 0
      part &+= audit.parts[number]?.firstLapPart ?? 0
    }
    let full = ring.writtenTokens / max(1, ring.availableTokens)
    if sum == PieceSum.expected(full: full, whole: whole, part: part) { return true }
    problems.add(
      "\(ring.name): copies of its documents are not all one pass (\(ring.availableTokens) tokens)"
        + " apart")
    return false
  }

  private mutating func heldOut(_ number: Int) {
    let expected = facts.languages[number].row
    var documents = 0
    var last: ShardAudit.Edge?
    for audit in holdout {
      guard let part = audit.parts[number] else { continue }
      if let wrong = last?.problem(before: part.first) {
        problems.add("\(expected.tag): held out: \(wrong)")
      }
      last = part.last
      documents += part.documents
    }
    problems.compare(
      "\(expected.tag): documents held out", found: documents, expected: expected.heldOutDocuments)
  }

  private mutating func shardLanguages() {
    var rows: [String: DatasetManifest.ShardLanguage] = [:]
    func key(_ split: DatasetManifest.Split, _ shard: Int, _ tag: LanguageTag) -> String {
      "\(split.rawValue) \(shard) \(tag)"
    }
    for row in facts.manifest.shardLanguages { rows[key(row.split, row.shard, row.tag)] = row }
    for (split, audits) in [(DatasetManifest.Split.train, train), (.holdout, holdout)] {
      for (shard, audit) in audits.enumerated() {
        for (number, language) in facts.languages.enumerated() {
          let own = split == .train ? language.rings : number..<number + 1
          let parts = own.map { audit.parts[$0] }
          let name = key(split, shard, language.row.tag)
          let row = rows.removeValue(forKey: name)
          let found = [
            parts.reduce(0) { $0 + ($1?.tokens ?? 0) }, parts.reduce(0) { $0 + ($1?.pieces ?? 0) },
            parts.reduce(0) { $0 + ($1?.bytes ?? 0) },
          ]
          let expected = [row?.tokens ?? 0, row?.pieces ?? 0, row?.bytes ?? 0]
          problems.compare(
            "manifest: shard_languages \(name): tokens, pieces, bytes", found: expected,
            expected: found)
        }
      }
    }
    for name in rows.keys.sorted() {
      problems.add("manifest: shard_languages \(name): no such shard or language")
    }
  }

  private mutating func shardParts() {
    var rows: [String: DatasetManifest.ShardPart] = [:]
    for row in facts.manifest.shardParts { rows["\(row.shard) \(row.tag) \(row.part)"] = row }
    for (shard, audit) in train.enumerated() {
      for (ring, part) in zip(facts.rings, audit.parts) {
        let name = "\(shard) \(ring.tag) \(ring.part ?? 0)"
        let row = rows.removeValue(forKey: name)
        problems.compare(
          "manifest: shard_parts \(name): tokens, pieces, bytes",
          found: [row?.tokens ?? 0, row?.pieces ?? 0, row?.bytes ?? 0],
          expected: [part?.tokens ?? 0, part?.pieces ?? 0, part?.bytes ?? 0])
      }
    }
    for name in rows.keys.sorted() {
      problems.add("manifest: shard_parts \(name): no such shard or part")
    }
  }

  /// documents in = in shards + held out + left over + filtered + duplicates + rejected.
  private mutating func accounts() {
    let manifest = facts.manifest
    func fact(_ name: String) -> Int? {
      manifest.dataset[name].flatMap { Int($0) }.flatMap { (0..<1 << 56).contains($0) ? $0 : nil }
    }
    let names = [
      "in_shards", "held_out", "left_over", "filtered", "duplicate", "rejected",
    ].map { "documents_\($0)" }
    let parts = names.compactMap(fact)
    guard parts.count == names.count, let all = fact("documents_in") else {
      problems.add("manifest: a documents_* fact is missing or no number")
      return
    }
    problems.compare(
      "manifest: documents_in", found: all, expected: parts.reduce(0, +))
    func sum(_ rows: [DatasetManifest.Language], _ value: (DatasetManifest.Language) -> Int) -> Int
    {
      rows.reduce(0) { min($0 + value($1), 1 << 60) }
    }
    let mixed = facts.languages.map(\.row)
    let excluded = manifest.languages.filter { $0.bindingRule == DatasetPlan.excluded }
    let inShards = sum(mixed) { $0.documentsInShards }
    let expected = [
      inShards, sum(manifest.languages) { $0.heldOutDocuments },
      sum(mixed) { $0.documents } - inShards,
      manifest.filters.reduce(sum(excluded) { $0.documents }) { min($0 + $1.documents, 1 << 60) },
      parts[4],
      manifest.rejects.reduce(0) { min($0 + $1.documents, 1 << 60) },
    ]
    for (index, name) in names.enumerated() {
      problems.compare("manifest: \(name)", found: parts[index], expected: expected[index])
    }
    problems.compare(
      "manifest: budget_tokens", found: fact("budget_tokens") ?? -1,
      expected: sum(mixed) { $0.quotaTokens })
    sources()
  }

  private mutating func sources() {
    var sums: [LanguageTag: (documents: Int, tokens: Int)] = [:]
    for row in facts.manifest.languageSources {
      let sum = sums[row.tag] ?? (0, 0)
      sums[row.tag] = (
        min(sum.documents + row.documents, 1 << 60), min(sum.tokens + row.tokens, 1 << 60)
      )
    }
    for row in facts.manifest.languages {
      let sum = sums[row.tag] ?? (0, 0)
      problems.compare(
        "manifest: language_sources of \(row.tag): documents, tokens",
        found: [sum.documents, sum.tokens], expected: [row.documents, row.availableTokens])
    }
  }
}
