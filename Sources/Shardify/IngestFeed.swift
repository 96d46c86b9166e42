import Ingest
import Manifest
import ShardifyCore
import Synchronization

/// Reads the inputs one after another and hands their chunks out, a run at a time.
///
/// A run ends where a unit ends, so that what is written is whole units. Used by one thread at a
/// time.
final class IngestFeed {
  /// An input still to be read.
  struct Pending {
    var file: InputFile
    var record: InputRecord
    /// Units that are read already; where a run was lost they need not be the first ones.
    var knownUnits: Set<Int>

    /// The first unit that is in no run yet.
    var firstUnit: Int {
      var unit = 0
      while knownUnits.contains(unit) { unit += 1 }
      return unit
    }
  }

  /// What a run holds when its last chunk has been handed out.
  struct RunContents {
    var units: [UnitRecord] = []
    var finishedInputs: [Int] = []
    /// Units that were begun and not ended: their documents must not be taken.
    var abandoned: Set<UnitKey> = []
    var isLast = false
  }

  private var pending: [Pending]
  private let options: DocumentOptions
  private let unitBytes: Int
  private let runTextBytes: Int
  private let progress: Progress
  private let stop: StopFlag
  private var reader: ChunkReader?
  private var digest = SHA256()
  private var unit: (key: UnitKey, bytes: Int)?
  private var consumedBefore = 0
  /// Inputs that could not be read to their end.
  private(set) var failures: [IngestFailure] = []
  /// Inputs without a single byte of documents.
  private(set) var emptyInputs: [String] = []

  init(
    pending: [Pending], options: DocumentOptions, unitBytes: Int = IngestOptions.unitBytes,
    runTextBytes: Int, progress: Progress, stop: StopFlag
  ) {
    self.unitBytes = unitBytes
    self.pending = pending.reversed()
    self.options = options
    self.runTextBytes = runTextBytes
    self.progress = progress
    self.stop = stop
  }

  /// Hands out the chunks of one run.
  ///
  /// - Parameter push: Takes a chunk; it may wait.
  func nextRun(_ push: (FeedItem) -> Void) -> RunContents {
    var contents = RunContents()
    var bytes = 0
    while true {
      if stop.isSet {
        if let unit { contents.abandoned.insert(unit.key) }
        unit = nil
        contents.isLast = true
        return contents
      }
      guard let current = pending.last else {
        contents.isLast = true
        return contents
      }
      do throws(IngestFailure) {
        let reader: ChunkReader
        if let open = self.reader { reader = open } else { reader = try open(current) }
        self.reader = reader
        if let chunk = try reader.next() {
          if current.knownUnits.contains(chunk.unit) {
            endUnit(&contents)
            continue
          }
          let key = UnitKey(input: current.record.number, unit: chunk.unit)
          if let open = unit, open.key != key { endUnit(&contents) }
          if unit == nil { unit = (key, 0) }
          unit?.bytes += chunk.byteCount
          chunk.withUnsafeBytes { digest.update($0) }
          bytes += chunk.byteCount
          let ends = chunk.isLastOfUnit
          push(FeedItem(input: current.record.number, chunk: chunk))
          progress.done.store(consumedBefore + reader.consumedBytes, ordering: .relaxed)
          if ends { endUnit(&contents) }
          if ends && bytes >= runTextBytes { return contents }
          continue
        }
        endUnit(&contents)
        if reader.decompressedOffset == 0 { emptyInputs.append(current.file.path) }
        contents.finishedInputs.append(current.record.number)
      } catch {
        failures.append(error)
        abandon(current.record.number, all: error.code == .corrupt, &contents)
      }
      consumedBefore += current.file.fileSizeBytes
      progress.done.store(consumedBefore, ordering: .relaxed)
      reader = nil
      pending.removeLast()
    }
  }

  /// Drops the unit that was cut off; of a damaged input everything the run holds, since a
  /// checksum comes after the bytes it is for.
  private func abandon(_ input: Int, all: Bool, _ contents: inout RunContents) {
    if let unit { contents.abandoned.insert(unit.key) }
    unit = nil
    digest = SHA256()
    guard all else { return }
    for unit in contents.units where unit.input == input {
      contents.abandoned.insert(UnitKey(input: input, unit: unit.unit))
    }
    contents.units.removeAll { $0.input == input }
  }

  private func open(_ input: Pending) throws(IngestFailure) -> ChunkReader {
    let reader = try ChunkReader(
      input.file, options: options, unitBytes: unitBytes, chunkBytes: 512 << 10)
    if input.firstUnit > 0 { try reader.skip(toUnit: input.firstUnit) }
    return reader
  }

  private func endUnit(_ contents: inout RunContents) {
    guard let (key, bytes) = unit else { return }
    let hash = digest.finish().leading128.high
    contents.units.append(
      UnitRecord(input: key.input, unit: key.unit, bytes: bytes, documents: 0, digest: hash))
    unit = nil
  }
}
