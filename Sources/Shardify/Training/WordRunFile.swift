import Files
import Glibc
import ShardifyCore
import Synchronization
import TokenizerTraining

/// Words that did not fit in memory: sorted files beside the output, removed at the end.
final class WordRunFolder: Sendable {
  private let prefix: String
  /// The files there are, and how many there ever were.
  private let files = Mutex<(paths: [String], made: Int)>(([], 0))

  /// Files will be named `prefix` and a number.
  init(prefix: String) { self.prefix = prefix }

  deinit { removeAll() }

  /// How many files there are.
  var count: Int { files.withLock { $0.paths.count } }

  /// Writes the words of a table. May be called by several threads.
  func write(_ table: WordTable) throws { try write(table.sorted().cursor()) }

  private func write(_ cursor: any WordCursor) throws {
    let path = newPath()
    let file = try FileDescriptor.create(path)
    var buffer: [UInt8] = []
    buffer.reserveCapacity(1 << 20)
    while let word = try cursor.next() {
      append(word.hash, &buffer)
      append(UInt64(word.bytes.count) << 32 | UInt64(word.label), &buffer)
      append(UInt64(word.count), &buffer)
      buffer.append(contentsOf: word.bytes)
      if buffer.count > 1 << 20 {
        try file.write(buffer)
        buffer.removeAll(keepingCapacity: true)
      }
    }
    try file.write(buffer)
  }

  private func newPath() -> String {
    files.withLock { files in
      let path = "\(prefix)\(files.made)"
      files.paths.append(path)
      files.made += 1
      return path
    }
  }

  private func append(_ value: UInt64, _ buffer: inout [UInt8]) {
    withUnsafeBytes(of: value.littleEndian) { buffer.append(contentsOf: $0) }
  }

  /// Cursors over all files, for one thread. More than `fanIn` are merged into fewer first.
  func cursors(fanIn: Int = 64) throws -> [any WordCursor] {
    while count > fanIn {
      let some = files.withLock { Array($0.paths.prefix(fanIn)) }
      try write(MergedCursor(try some.map { try WordRunCursor($0) }))
      files.withLock { $0.paths.removeFirst(fanIn) }
      for path in some { unlink(path) }
    }
    return try files.withLock { $0.paths }.map { try WordRunCursor($0) }
  }

  /// Removes the files.
  func removeAll() {
    let paths = files.withLock { files in
      defer { files.paths = [] }
      return files.paths
    }
    for path in paths { unlink(path) }
  }
}

/// Reads a file of words.
final class WordRunCursor: WordCursor {
  private let file: FileDescriptor
  private let path: String
  private var buffer: UnsafeMutablePointer<UInt8>
  private var capacity = 1 << 16
  private var start = 0
  private var end = 0

  init(_ path: String) throws {
    self.path = path
    file = try FileDescriptor.readRegular(path)
    buffer = .allocate(capacity: capacity)
  }

  deinit { buffer.deallocate() }

  func next() throws -> CountedWord? {
    guard try has(24) else {
      if end > start { throw damaged() }
      return nil
    }
    let head = UnsafeRawPointer(buffer + start)
    let hash = UInt64(littleEndian: head.loadUnaligned(as: UInt64.self))
    let both = UInt64(littleEndian: head.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    let count = UInt64(littleEndian: head.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
    let length = Int(both >> 32)
    guard try has(24 + length) else { throw damaged() }
    let word = UnsafeBufferPointer(start: buffer + start + 24, count: length)
    start += 24 + length
    return CountedWord(
      hash: hash, bytes: UnsafeBufferPointer(rebasing: word[...]),
      label: UInt32(truncatingIfNeeded: both), count: Int64(truncatingIfNeeded: count))
  }

  private func damaged() -> StageFailure {
    StageFailure(
      .damaged, "cannot read words", path: path, found: "an end in the middle of a word",
      expected: "a whole file", remedy: "run the same command again")
  }

  /// Reads until so many bytes are in the buffer; false if the file ends before.
  private func has(_ wanted: Int) throws -> Bool {
    while end - start < wanted {
      if start + wanted > capacity {
        let larger = max(capacity, wanted * 2)
        let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        fresh.update(from: buffer + start, count: end - start)
        buffer.deallocate()
        (buffer, capacity, end, start) = (fresh, larger, end - start, 0)
      }
      let count = try file.read(
        into: UnsafeMutableRawBufferPointer(start: buffer + end, count: capacity - end))
      if count == 0 { return false }
      end += count
    }
    return true
  }
}

/// Several cursors as one; words that are in several come several times.
final class MergedCursor: WordCursor {
  private let cursors: [any WordCursor]
  private var current: [CountedWord?]
  private var last: Int?

  init(_ cursors: [any WordCursor]) throws {
    self.cursors = cursors
    current = try cursors.map { try $0.next() }
  }

  func next() throws -> CountedWord? {
    if let last { current[last] = try cursors[last].next() }
    var least: Int?
    for (number, word) in current.enumerated() {
      guard let word else { continue }
      guard let other = least.flatMap({ current[$0] }) else {
        least = number
        continue
      }
      let order = word.order(other)
      if order < 0 || order == 0 && word.label < other.label { least = number }
    }
    last = least
    return least.flatMap { current[$0] }
  }
}
