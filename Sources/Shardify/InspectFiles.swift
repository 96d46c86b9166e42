import Balance
import Manifest
import ShardifyCore
import Shards

/// Describes single runs and shards from what they say of themselves.
enum InspectFiles {
  static func run(_ path: String) throws(ShardsFailure) -> InspectReport {
    let reader = try RunReader(path: path)
    var report = InspectReport(
      kind: "run", path: path, columns: ["tokens", "pieces", "documents", "bytes", "frames"])
    let frames = reader.index.frames
    report.add("format_version", Int(RunIndex.formatVersion))
    report.add("store_key", "\(reader.index.storeKey)")
    report.add("tokenizer_sha256", "\(reader.index.tokenizer)")
    report.add("token_width_bytes", reader.index.tokenWidthBytes)
    report.add("tokens", reader.tokenCount)
    report.add("pieces", frames.reduce(0) { $0 + $1.pieceCount })
    report.add("documents", reader.documentCount)
    report.add("documents_duplicate", reader.index.duplicates)
    report.add("frames", frames.count)
    report.add("frame_size_bytes_largest", frames.map(\.tokensSizeBytes).max() ?? 0)
    report.add("tokens_size_bytes", frames.reduce(0) { $0 + $1.tokensSizeBytes })
    report.add("tables_size_bytes", frames.reduce(0) { $0 + $1.tableSizeBytes })
    report.add("sources", reader.names.sources.count)
    report.add("numeric_columns", reader.names.numberColumns.joined(separator: " "))
    for (language, range) in reader.languages {
      let own = frames[range]
      report.add(
        language,
        [
          own.reduce(0) { $0 + $1.tokenCount }, own.reduce(0) { $0 + $1.pieceCount },
          own.reduce(0) { $0 + $1.documentCount }, own.reduce(0) { $0 + $1.byteCount }, own.count,
        ])
    }
    return report
  }

  static func shard(_ path: String) throws(ShardsFailure) -> InspectReport {
    let reader = try ShardReader(path: path)
    let header = reader.header
    var report = InspectReport(kind: "shard", path: path, columns: ["tokens", "pieces", "bytes"])
    report.add("format_version", Int(header.version))
    report.add("part", header.isHoldout ? "holdout" : "train")
    report.add("shard", header.shard)
    report.add("shard_count", header.shardCount)
    report.add("tokenizer_sha256", "\(header.tokenizer)")
    report.add("plan_sha256", "\(header.plan)")
    report.add("payload_sha256", "\(header.payload)")
    report.add("vocabulary_size", header.vocabularySize)
    report.add("end_of_text_id", Int(header.endOfTextID))
    report.add("token_width_bytes", header.tokenWidthBytes)
    report.add("tokens", header.tokenCount)
    report.add("pieces", reader.pieces.count)
    report.add("size_bytes", reader.fileSizeBytes)
    report.add("frames", reader.frames.count)
    report.add("frame_tokens", header.frameTokens)
    report.add("frames_size_bytes", reader.frames.reduce(0) { $0 + $1.sizeBytes })
    let pieces = (0..<reader.pieces.count).lazy.map { reader.pieces[$0] }
    let parts = ShardSummary.parts(of: Array(pieces), languages: header.languages.count)
    if header.version == 1 {
      for part in parts {
        report.add(header.languages[part.languageIndex], [part.tokens, part.pieces, part.bytes])
      }
    } else {
      addParts(parts, names(reader), header.languages, to: &report)
    }
    return report
  }

  /// The patterns of a divided shard's list of languages, from its plan.
  private static func names(_ reader: ShardReader) -> [String] {
    guard let plan = try? DatasetPlan(parsing: reader.planText, path: reader.path) else {
      return []
    }
    let patterns = SourceParts.patterns(plan[SourceParts.fact]) ?? []
    let rings = plan.rings
    guard rings.map(\.tag) == reader.header.languages else { return [] }
    return rings.map { SourceParts.name(of: $0.part ?? 0, patterns) }
  }

  /// Languages as the sums of their parts.
  private static func addParts(
    _ parts: [ShardSummary.Part], _ names: [String], _ tags: [LanguageTag],
    to report: inout InspectReport
  ) {
    for tag in Set(tags).sorted() {
      let own = parts.filter { tags[$0.languageIndex] == tag }
      if own.isEmpty { continue }
      let counts = own.map { [$0.tokens, $0.pieces, $0.bytes] }
      let sums = (0..<3).map { column in counts.reduce(0) { $0 + $1[column] } }
      report.add(
        tag, sums,
        parts: zip(own, counts).map { part, counts in
          let number = part.languageIndex
          return (names.indices.contains(number) ? names[number] : "number \(number)", counts)
        })
    }
  }
}
