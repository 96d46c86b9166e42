import Compression
import Files
import Manifest
import ShardifyCore
import Shards
import Synchronization

/// Checks a token store: reads every byte of its runs, and compares them with the catalog.
///
/// Memory: a frame of tokens and its table a thread.
public struct StoreVerify: Sendable {
  private let folder: String
  private let jobs: Int
  private let progress: Progress
  private let stop: StopFlag

  /// - Parameters:
  ///   - store: The store's folder.
  ///   - jobs: Runs read at the same time.
  public init(store: String, jobs: Int, progress: Progress, stop: StopFlag) {
    folder = store
    self.jobs = jobs
    self.progress = progress
    self.stop = stop
  }

  /// Whether a folder is a token store, be it a damaged one.
  public static func isStore(_ path: String) -> Bool {
    ["catalog.sqlite", "runs"].contains { FileSystem.status(path + "/" + $0) != nil }
      && FileSystem.status(path + "/shards") == nil
  }

  /// Reads everything and says what is wrong.
  ///
  /// - Throws: Only if the catalog cannot be read, or it was asked to stop.
  public func run() throws -> StoreVerifyReport {
    let store = try TokenStore.open(folder)
    let runs = try store.catalog.runs()
    let inputs = Set(try store.catalog.inputs().map(\.number))
    progress.start(.verifying, total: runs.reduce(0) { $0 + $1.tokens })
    let audits = Mutex<[RunAudit]>(runs.map { RunAudit(record: $0) })
    Parallel.forEach(below: runs.count, threads: max(1, jobs)) { number in
      var audit = RunAudit(record: runs[number])
      audit.read(store, inputs: inputs, progress: progress, stop: stop)
      audits.withLock { $0[number] = audit }
    }
    if stop.isSet {
      throw StageFailure(
        .stopped, "stopped", path: folder, found: "asked to end before all was verified",
        remedy: "run the same command again")
    }
    var report = StoreVerifyReport(path: folder)
    var problems = VerifyProblems()
    for audit in audits.withLock({ $0 }) {
      problems.add(audit.problems)
      report.runs += audit.isWhole ? 1 : 0
      report.tokens += audit.tokens
      report.pieces += audit.pieces
      report.documents += audit.documents
    }
    try accounts(store, runs, &problems, &report)
    report.problems = problems.report
    progress.start(.done, total: 0)
    return report
  }

  /// What only the catalog as a whole tells.
  private func accounts(
    _ store: TokenStore, _ runs: [RunRecord], _ problems: inout VerifyProblems,
    _ report: inout StoreVerifyReport
  ) throws {
    let catalog = store.catalog
    let again = "run shardify repair \(folder), then the same ingest again"
    if try catalog.unitsOfMissingRuns() > 0 {
      problems.add("catalog: units of input in a run that it does not name; \(again)")
    }
    let rejected = try catalog.rejects().reduce(0) { $0 + $1.documents }
    let (documents, duplicates) = runs.reduce((0, 0)) {
      ($0.0 + $1.documents, $0.1 + $1.duplicates)
    }
    let read = try catalog.documentCount()
    if read != documents + duplicates + rejected {
      problems.add(
        "catalog: \(read) documents read, expected \(documents) in runs + \(duplicates) duplicates"
          + " within runs + \(rejected) rejected; rm \(catalog.path), then \(again)")
    }
    let held = try catalog.holdout()
    let listed = try HoldoutFile.read(store: folder)
    if let listed {
      let rows = Set(listed.map { "\($0.language) \($0.content)" })
      let own = Set(held.flatMap { tag, contents in contents.map { "\(tag) \($0)" } })
      if rows != own {
        problems.add(
          "\(HoldoutFile.name): \(rows.count) documents held out beyond the rate, expected the"
            + " \(own.count) of the catalog; run the same ingest again, which writes it anew")
      }
    } else if held.contains(where: { !$0.value.isEmpty }) {
      report.notes.append(
        "no \(HoldoutFile.name): if the catalog is lost, what is held out beyond the rate is picked"
          + " anew; run the same ingest again, which writes it")
    }
    if try !catalog.isFinished() {
      report.notes.append(
        "the last shardify ingest into it did not finish: run it again before a balance")
    }
    for input in try catalog.inputs() where !input.isDone {
      report.notes.append("\(input.name): not read to its end")
    }
    let known = Set(runs.map(\.file))
    for name in (try? FileSystem.names(in: folder + "/runs")) ?? []
    where !known.contains("runs/" + name) {
      report.notes.append("runs/\(name): no row of the catalog names it")
    }
  }
}

/// What the reading of one run tells.
private struct RunAudit: Sendable {
  let record: RunRecord
  var problems = VerifyProblems(limit: VerifyProblems.limitPerShard)
  var tokens = 0
  var pieces = 0
  var documents = 0
  /// Whether it was read to its end.
  var isWhole = false

  init(record: RunRecord) { self.record = record }

  mutating func read(
    _ store: TokenStore, inputs: Set<Int>, progress: Progress, stop: StopFlag
  ) {
    let path = store.path(of: record)
    guard FileSystem.staysInside(record.file) else {
      problems.add(
        "catalog: run path \(record.file.debugDescription), expected one inside the store")
      return
    }
    do throws(ShardsFailure) {
      let run = try RunReader(path: path)
      let zstd = try StoreView.decompressor()
      compare("store key", "\(run.index.storeKey)", "\(store.facts.storeKey)")
      compare("tokenizer", "\(run.index.tokenizer)", "\(store.facts.tokenizer)")
      compare("token width", run.index.tokenWidthBytes, store.facts.tokenWidthBytes)
      compare("numeric columns", run.names.numberColumns, store.facts.numberColumns)
      guard problems.lines.isEmpty else { return finish(path) }
      compare("duplicates", run.index.duplicates, record.duplicates)
      compare("bytes", FileSystem.status(path)?.fileSizeBytes ?? 0, record.fileSizeBytes)
      var walk = RunWalk(facts: store.facts, inputs: inputs)
      for number in run.index.frames.indices {
        if stop.isSet { return }
        // One bad frame does not hide the next.
        do throws(ShardsFailure) {
          let table = try run.table(of: number, with: zstd)
          let bytes = try run.tokens(of: number, with: zstd)
          for wrong in walk.take(run.index.frames[number], table, bytes) {
            problems.add("\(record.file): frame \(number): \(wrong)")
          }
        } catch {
          problems.add("\(record.file): frame \(number): \(error.found)")
          walk.skip()
        }
        progress.done.wrappingAdd(run.index.frames[number].tokenCount, ordering: .relaxed)
      }
      tokens = run.tokenCount
      documents = run.documentCount
      pieces = run.index.frames.reduce(0) { $0 + $1.pieceCount }
      compare("tokens", tokens, record.tokens)
      compare("documents", documents, record.documents)
      compare("pieces", pieces, record.pieces)
      isWhole = problems.lines.isEmpty
    } catch {
      let isThere = FileSystem.status(path) != nil
      problems.add("\(record.file): " + (isThere ? error.found : "no such file"))
    }
    finish(path)
  }

  /// Says once what redoes the run.
  private mutating func finish(_ path: String) {
    if !problems.lines.isEmpty {
      problems.add("\(record.file): what mends it: \(RunReader.remedy(path))")
    }
  }

  private mutating func compare<Value: Equatable>(
    _ what: String, _ found: Value, _ expected: Value
  ) {
    problems.compare("\(record.file): \(what)", found: found, expected: expected)
  }
}

/// Checks the pieces of a run one after another: ids, end of text, keys, documents, sums.
private struct RunWalk {
  let facts: StoreFacts
  let inputs: Set<Int>
  /// The piece before, of the same language; nil at the start of one.
  private var former: (language: LanguageTag, key: PieceKey, isLast: Bool)?

  init(facts: StoreFacts, inputs: Set<Int>) {
    self.facts = facts
    self.inputs = inputs
  }

  /// After a frame that could not be read the next piece may be any.
  mutating func skip() { former = nil }

  /// What is wrong with a frame, the first piece of each kind.
  mutating func take(_ frame: RunFrame, _ table: PieceTable, _ bytes: [UInt8]) -> [String] {
    var wrong: [String: String] = [:]
    func note(_ kind: String, _ piece: Int, _ text: String) {
      if wrong[kind] == nil { wrong[kind] = "piece \(piece): \(text)" }
    }
    var (documents, textBytes, scalars, start) = (0, 0, 0, 0)
    for index in 0..<table.count {
      let row = table.row(index, language: frame.language)
      let count = table.tokenCount(index)
      let ids = bytes[start..<start + count * facts.tokenWidthBytes]
      start += count * facts.tokenWidthBytes
      let (largest, last) = facts.tokenWidthBytes == 2 ? Self.scan2(ids) : Self.scan4(ids)
      if Int(largest) >= facts.vocabularySize {
        note("id", index, "token id \(largest), expected below \(facts.vocabularySize)")
      }
      let isLast = row.flags.contains(.last)
      if isLast && last != facts.endOfTextID {
        note("end", index, "ends with id \(last), expected the end-of-text id")
      }
      if count > facts.maxPieceTokens || (!isLast && count != facts.maxPieceTokens) {
        note("size", index, "\(count) tokens, expected pieces of \(facts.maxPieceTokens)")
      }
      if row.flags.contains(.first) != (row.key.piece == 0) {
        note("flags", index, "number \(row.key.piece) with flags \(row.flags.rawValue)")
      }
      let key = facts.storeKey.key(of: row.content)
      if (key.high, key.low) != (row.key.high, row.key.low) {
        note("key", index, "a key that is not that of its content hash")
      }
      let isHeldOut = facts.storeKey.holdoutRank(of: row.content) < facts.holdoutThreshold
      if row.flags.contains(.heldOut) != isHeldOut {
        note("held", index, isHeldOut ? "not held out" : "held out against its rank")
      }
      if !inputs.contains(Int(row.input)) {
        note("input", index, "input \(row.input), which the catalog does not name")
      }
      if let former, former.language == frame.language {
        let goesOn =
          !former.isLast && former.key.high == row.key.high && former.key.low == row.key.low
          && former.key.piece &+ 1 == row.key.piece
        if former.isLast ? row.key.piece != 0 : !goesOn {
          note("document", index, "a document's pieces are not together")
        }
      }
      former = (frame.language, row.key, isLast)
      documents += row.key.piece == 0 ? 1 : 0
      textBytes += table.byteCount(index)
      scalars += table.scalarCount(index)
    }
    let found = [documents, textBytes, scalars]
    let expected = [frame.documentCount, frame.byteCount, frame.scalarCount]
    var lines = wrong.sorted { $0.key < $1.key }.map(\.value)
    if found != expected {
      lines.append("documents, bytes and scalars of its pieces: \(found), expected \(expected)")
    }
    return lines
  }

  private static func scan2(_ ids: ArraySlice<UInt8>) -> (largest: TokenID, last: TokenID) {
    ids.withUnsafeBytes { scan($0, as: UInt16.self) }
  }

  private static func scan4(_ ids: ArraySlice<UInt8>) -> (largest: TokenID, last: TokenID) {
    ids.withUnsafeBytes { scan($0, as: UInt32.self) }
  }

  private static func scan<ID: FixedWidthInteger & UnsignedInteger>(
    _ ids: UnsafeRawBufferPointer, as type: ID.Type
  ) -> (largest: TokenID, last: TokenID) {
    var (largest, last) = (ID(0), ID(0))
    var offset = 0
    while offset < ids.count {
      last = ID(littleEndian: ids.loadUnaligned(fromByteOffset: offset, as: type))
      largest = max(largest, last)
      offset &+= MemoryLayout<ID>.size
    }
    return (TokenID(largest), TokenID(last))
  }
}
