import Balance
import Files
import Ingest
import Manifest
import ShardifyCore
import Synchronization

@testable import Shardify

/// A temporary folder with the stages run in it; removed when the value goes.
final class Workplace: Sendable {
  let path: String

  init() throws {
    path = TemporaryPath.unused()
    try FileSystem.makeFolders(path)
  }

  deinit { TemporaryPath.remove(path) }

  func at(_ name: String) -> String { path + "/" + name }

  /// Writes documents as one JSONL file and gives its path.
  @discardableResult
  func write(_ documents: some Sequence<TestDocument>, to name: String) throws -> String {
    try write(documents.map(\.line).joined().utf8, to: name)
  }

  /// Writes a file, making the folders above it, and gives its path.
  @discardableResult
  func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
    let path = at(name)
    try FileSystem.makeFolders(FileSystem.parent(path))
    try FileSystem.writeAtomically(Array(bytes), to: path)
    return path
  }

  /// What an ingest in these tests is asked for: labels of the input, small pieces.
  func ingestOptions(_ inputs: [String], store: String = "store") -> IngestOptions {
    var options = IngestOptions(inputs: inputs, store: at(store), tokenizer: "bytes")
    options.documents.languageField = "lang"
    options.documents.sourceField = "source"
    options.languageSource = .input
    options.maxPieceTokens = Corpus.maxPieceTokens
    options.holdoutRate = 1.0 / 16
    options.holdoutMinimum = 2
    options.jobs = 2
    return options
  }

  @discardableResult
  func ingest(
    _ inputs: [String], store: String = "store", stop: StopFlag = StopFlag(),
    progress: Progress = Progress(), _ change: (inout IngestOptions) -> Void = { _ in }
  ) throws -> StoreSummary {
    var options = ingestOptions(inputs, store: store)
    change(&options)
    return try IngestStage(
      options: options, progress: progress, stop: stop, logger: LineLogHandler.logger { _ in }
    ).run()
  }

  @discardableResult
  func balance(
    store: String = "store", to dataset: String,
    _ mixture: Mixture = Mixture(policy: .temperature(2)), shards: Int = 5,
    stop: StopFlag = StopFlag(), progress: Progress = Progress(),
    _ change: (inout BalanceOptions) -> Void = { _ in }
  ) throws -> DatasetManifest {
    var options = BalanceOptions(store: at(store), dataset: at(dataset), mixture: mixture)
    options.shardCount = shards
    options.jobs = 2
    change(&options)
    let outcome = try BalanceStage(options: options, progress: progress, stop: stop).run()
    return outcome.manifest ?? DatasetManifest()
  }

  func verify(_ dataset: String, store: String? = "store") throws -> VerifyReport {
    try VerifyStage(
      dataset: at(dataset), store: store.map(at), jobs: 2, progress: Progress(), stop: StopFlag()
    ).run()
  }

  /// Every file below a folder with its time of change and the hash of its bytes.
  func files(below folder: String) throws -> [String: String] {
    var found: [String: String] = [:]
    for name in try FileSystem.names(in: at(folder)) {
      let inside = folder + "/" + name
      guard let status = FileSystem.status(at(inside)) else { continue }
      if status.kind == .folder {
        found.merge(try files(below: inside)) { $1 }
      } else {
        let bytes = try FileSystem.read(at(inside), limitBytes: 1 << 30)
        found[inside] = "\(status.modifiedNanoseconds) \(SHA256.of(bytes))"
      }
    }
    return found
  }
}

/// What must not depend on how a dataset came about.
struct Outcome: Equatable {
  var fingerprint: String
  var shards: [String]

  init(_ manifest: DatasetManifest) {
    fingerprint = "\(manifest.fingerprint)"
    shards = manifest.shards.map { "\($0.path) \($0.fileDigest)" }
  }
}

/// The message of the failure that `work` ends with; nil if it does not fail.
func failure(_ work: () throws -> Void) -> String? {
  do {
    try work()
    return nil
  } catch {
    return (error as? any DescribedFailure)?.message ?? "\(error)"
  }
}

/// Sets a flag as soon as a condition on the progress holds; gives up when the work is done.
final class Watcher: Sendable {
  let stop = StopFlag()
  let progress = Progress()
  private let done = Atomic<Bool>(false)

  /// Runs `work` and stops it when `condition` holds; whether it ended as stopped.
  func stops(
    when condition: @escaping @Sendable (Progress) -> Bool, _ work: () throws -> Void
  ) throws -> Bool {
    nonisolated(unsafe) var result: Result<Void, any Error> = .success(())
    withoutActuallyEscaping(work) { work in
      nonisolated(unsafe) let work = work
      Parallel.run(count: 2) { thread in
        if thread == 0 {
          result = Result { try work() }
          done.store(true, ordering: .relaxed)
        } else {
          while !done.load(ordering: .relaxed) && !condition(progress) {}
          stop.set()
        }
      }
    }
    do {
      try result.get()
      return false
    } catch let error as StageFailure where error.code == .stopped {
      return true
    }
  }
}
