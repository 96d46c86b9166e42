import ShardifyCore

/// Cuts one input into chunks of whole documents, in order, decompressing as it goes.
///
/// Memory is bounded: about twice `chunkBytes`, and for a long document up to the longest that is
/// allowed. A longer one is skipped and told as a reject. Not for two threads at once; the chunks
/// may go to any thread.
public final class ChunkReader {
  /// What is read.
  public let input: InputFile
  /// How documents lie in it; never `.automatic`.
  public let format: InputFormat
  /// Where the next chunk starts in the decompressed input.
  public private(set) var decompressedOffset = 0

  private let source: DecodedInput
  private let boundary: DocumentBoundary
  private let unitBytes: Int
  private let chunkBytes: Int
  private let limitBytes: Int
  /// Its first byte is at `decompressedOffset` and starts a document, except while discarding.
  private var buffer: PaddedBytes
  private var count = 0
  /// No separator lies whole in the first so many bytes of the buffer.
  private var searchedBytes = 0
  private var ended = false
  private var failure: IngestFailure?

  /// Opens an input and tells its format.
  ///
  /// - Parameters:
  ///   - unitBytes: Decompressed bytes of a unit.
  ///   - chunkBytes: Bytes a chunk should have; it decides nothing but speed and memory.
  /// - Throws: If the input cannot be opened, or is named as compressed and is not.
  public init(
    _ input: InputFile, options: DocumentOptions, unitBytes: Int, chunkBytes: Int = 1 << 20
  ) throws(IngestFailure) {
    self.input = input
    self.unitBytes = min(max(1, unitBytes), 1 << 60)
    // What lies behind the end of a unit is copied: a chunk much longer than a unit would make
    // that dear.
    self.chunkBytes = min(max(1, chunkBytes), max(1 << 16, self.unitBytes), 1 << 30)
    limitBytes = options.documentLimitBytes
    source = try DecodedInput(input)
    let (buffer, sniffed) = FormatSniffer.resolve(
      options.format, name: input.name, source: source, chunkBytes: self.chunkBytes)
    self.buffer = buffer
    count = sniffed.byteCount
    ended = sniffed.ended
    failure = sniffed.failure
    format = sniffed.format
    boundary = format == .jsonl ? .newline : DocumentBoundary(options.documentSeparator)
  }

  /// Bytes read from the file or pipe so far, compressed if it is.
  public var consumedBytes: Int { source.consumedBytes }

  /// The next chunk; nil at the end of the input.
  ///
  /// - Throws: If the input cannot be read, is damaged or truncated; whole documents before that
  ///   place are handed out first. Every later call throws the same.
  public func next() throws(IngestFailure) -> Chunk? {
    fill()
    while true {
      if count == 0 {
        if let failure { throw failure }
        return nil
      }
      if let end = endOfWholeDocuments() { return take(end) }
      // Here the buffer holds the start of one document and not its end.
      if let failure { throw failure }
      if count > limitBytes + boundary.byteCount { return try rejectLongDocument() }
      grow()
      fill()
    }
  }

  /// Drops what lies before the first document that starts in unit `unit` or later.
  ///
  /// A plain file is jumped into, anything else is read and dropped. Going back is not possible
  /// and does nothing.
  public func skip(toUnit unit: Int) throws(IngestFailure) {
    let (product, overflow) = max(0, unit).multipliedReportingOverflow(by: unitBytes)
    let target = overflow ? Int.max : product
    guard target > decompressedOffset else { return }
    if boundary.byteCount == 0 {
      // One document in unit 0, and nothing after it.
      count = 0
      ended = true
      return
    }
    let jump = target - boundary.byteCount
    if source.canSeek && !boundary.overlapsItself && jump > decompressedOffset + count {
      decompressedOffset = try source.seek(to: jump)
      count = 0
      searchedBytes = 0
      ended = false
    }
    fill()
    _ = discard(toBoundaryAtOrAfter: target)
    if count == 0, let failure { throw failure }
  }

  /// Reads until the buffer is full or has `chunkBytes` more.
  private func fill() {
    let target = min(buffer.capacity, count + chunkBytes)
    while count < target && !ended {
      do throws(IngestFailure) {
        let added = try source.read(
          into: UnsafeMutableRawBufferPointer(start: buffer.base + count, count: target - count))
        if added == 0 { ended = true }
        count += added
      } catch {
        failure = error
        ended = true
      }
    }
  }

  /// Where the documents to hand out now end: whole ones that start in the unit of the first.
  private func endOfWholeDocuments() -> Int? {
    let isWhole = ended && failure == nil
    let unitEnd = endOfUnit(at: decompressedOffset) - decompressedOffset
    let from = max(0, searchedBytes - max(0, boundary.byteCount - 1))
    if unitEnd < count {
      if let end = boundary.firstEnd(buffer.base, from: from, to: count, atOrAfter: unitEnd) {
        return end
      }
    }
    if isWhole { return count }
    let end = boundary.lastEnd(buffer.base, from: from, to: count)
    if end == nil { searchedBytes = count }
    return end
  }

  private func endOfUnit(at offset: Int) -> Int {
    let (end, overflow) = (offset / unitBytes + 1).multipliedReportingOverflow(by: unitBytes)
    return overflow ? Int.max : end
  }

  /// Makes a chunk of the first `end` bytes and goes on with a fresh buffer.
  private func take(_ end: Int) -> Chunk {
    let (full, offset) = (buffer, decompressedOffset)
    drop(end, intoFreshBuffer: true)
    return Chunk(
      unit: offset / unitBytes, offset: offset, byteCount: end, format: format,
      isLastOfUnit: isUnitDone(startedAt: offset), storage: full)
  }

  /// Whether the next document lies beyond the unit of `offset`; reads on to know it.
  private func isUnitDone(startedAt offset: Int) -> Bool {
    if count == 0 { fill() }
    return decompressedOffset >= endOfUnit(at: offset)
      || (count == 0 && ended && failure == nil)
  }

  private func rejectLongDocument() throws(IngestFailure) -> Chunk {
    let offset = decompressedOffset
    let found = discard(toBoundaryAtOrAfter: offset)
    if !found, let failure { throw failure }
    let length = decompressedOffset - offset - (found ? boundary.byteCount : 0)
    return Chunk(
      unit: offset / unitBytes, offset: offset, byteCount: 0, format: format,
      rejects: [.tooLong(length, limitBytes: limitBytes, offset: offset)],
      isLastOfUnit: isUnitDone(startedAt: offset), storage: PaddedBytes(capacity: 1))
  }

  /// Drops everything up to the end of the first separator that ends at or after `target`, an
  /// offset in the decompressed input; false if the input ends first.
  private func discard(toBoundaryAtOrAfter target: Int) -> Bool {
    var from = max(0, searchedBytes - max(0, boundary.byteCount - 1))
    while true {
      let wanted = target - decompressedOffset
      if let end = boundary.firstEnd(buffer.base, from: from, to: count, atOrAfter: wanted) {
        drop(end, intoFreshBuffer: true)
        return true
      }
      if ended {
        drop(count, intoFreshBuffer: true)
        return false
      }
      // A separator may have begun in the last bytes; one that ended too early is behind us.
      var kept = min(count, max(0, boundary.byteCount - 1))
      if boundary.overlapsItself,
        let end = boundary.lastEnd(buffer.base, from: from, to: count)
      {
        kept = min(kept, count - end)
      }
      drop(count - kept, intoFreshBuffer: buffer.capacity > 2 * chunkBytes + kept)
      from = 0
      if count == buffer.capacity { grow() }
      fill()
    }
  }

  /// Forgets the first `dropped` bytes of the buffer.
  private func drop(_ dropped: Int, intoFreshBuffer fresh: Bool) {
    let kept = count - dropped
    if fresh {
      let next = PaddedBytes(capacity: max(chunkBytes, kept + chunkBytes / 2 + 1))
      next.base.copyMemory(from: buffer.base + dropped, byteCount: kept)
      buffer = next
    } else {
      // The regions may overlap.
      buffer.base.copyMemory(from: buffer.base + dropped, byteCount: kept)
    }
    count = kept
    decompressedOffset += dropped
    searchedBytes = 0
  }

  private func grow() {
    guard count == buffer.capacity else { return }
    let most = limitBytes + boundary.byteCount + 1
    let capacity = max(count + 1, min(count * 2, most))
    let larger = PaddedBytes(capacity: capacity)
    larger.base.copyMemory(from: buffer.base, byteCount: count)
    buffer = larger
  }
}
