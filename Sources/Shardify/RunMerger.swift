import Compression
import Files
import Manifest
import ShardifyCore
import Shards

/// Merges runs when there are many, so that balancing opens few files at once.
struct RunMerger {
  /// More runs than this are merged.
  static let runLimit = 8
  /// Runs merged at once.
  static let fanIn = 16

  let store: TokenStore
  let jobs: Int
  let stop: StopFlag

  func run() throws {
    while true {
      let runs = try store.catalog.runs()
      if runs.count <= RunMerger.runLimit || stop.isSet { return }
      // The smallest go first, so that a token is rewritten a number of times that grows with the
      // logarithm of the store, not with the number of times something was added.
      let group = runs.sorted { ($0.tokens, $0.number) < ($1.tokens, $1.number) }
        .prefix(RunMerger.fanIn).sorted { $0.number < $1.number }
      try merge(group)
    }
  }

  private func merge(_ group: [RunRecord]) throws {
    var readers: [RunReader] = []
    for run in group { readers.append(try RunReader(path: store.path(of: run))) }
    let number = try store.catalog.nextRunNumber()
    let name = "runs/\(String(number).leftPadded(to: 8)).run.zst"
    let facts = store.facts
    let sources = Set(readers.flatMap { $0.names.sources.map { Array($0.utf8) } })
      .sorted { $0.lexicographicallyPrecedes($1) }
    var numbers: [[UInt8]: Int] = [:]
    for (number, source) in sources.enumerated() { numbers[source] = number }
    let writer = try RunWriter(
      path: store.folder + "/" + name,
      index: RunIndex(
        storeKey: facts.storeKey, tokenizer: facts.tokenizer,
        tokenWidthBytes: facts.tokenWidthBytes),
      numberColumns: facts.numberColumns.count, level: 1, jobs: jobs)
    let zstd = try ZstdDecompressor()
    var duplicates = readers.reduce(0) { $0 + $1.index.duplicates }
    var tokens: [UInt8] = []
    for language in Set(readers.flatMap { $0.languages.map(\.language) }).sorted() {
      if stop.isSet { return }
      let cursor = LanguageCursor(
        runs: readers, language: language, part: .all, holdout: Holdout(), zstd: zstd)
      try cursor.rewind()
      while let (run, table, index) = cursor.current {
        var row = table.row(index, language: language)
        row.source = UInt32(numbers[Array(run.names.sources[Int(row.source)].utf8)] ?? 0)
        tokens.removeAll(keepingCapacity: true)
        try cursor.appendTokens(to: &tokens)
        let values = (0..<table.numberColumns).map { table.number(index, column: $0) }
        try tokens.withUnsafeBytes { try writer.append(row, numbers: values, tokens: $0) }
        try cursor.advance()
      }
      duplicates += cursor.duplicateDocuments
    }
    let index = try writer.finish(
      names: RunNames(
        sources: sources.map { String(decoding: $0, as: UTF8.self) },
        numberColumns: facts.numberColumns, notes: RunNotes.merged(readers.map(\.names.notes))),
      duplicates: duplicates)
    var record = RunRecord(number: number, file: name, index: index, duplicates: duplicates)
    record.fileSizeBytes = FileSystem.status(store.folder + "/" + name)?.fileSizeBytes ?? 0
    try store.catalog.replace(group, with: record)
    for run in group { try FileSystem.remove(store.path(of: run)) }
  }
}
