import CSIMD
import Glibc
import ShardifyCore

/// The words and labels of a fastText model, and the rows of a word.
///
/// Words stay in the mapped file; an open-addressing table finds them by their hash.
final class FastTextDictionary: @unchecked Sendable {
  let wordCount: Int
  let labels: [[UInt8]]
  let labelCounts: [Int64]
  private let bytes: UnsafeRawBufferPointer
  private let arguments: FastTextArguments
  /// The hash in the high half, the entry's number plus one in the low; 0 is empty.
  private var places: UnsafeMutablePointer<UInt64>
  private var placeMask = 0
  /// Words, then labels.
  private var entries: [Range<Int>] = []
  /// The letter n-grams that were kept, if not all were.
  private(set) var pruned: FastTextPruning?

  /// The word that ends a line.
  static let endOfSentence = Array("</s>".utf8)

  @inline(__always)
  static func isEndOfSentence(_ word: UnsafeRawPointer, _ count: Int) -> Bool {
    // The bytes as a number, the first lowest.
    count == 4 && UInt32(littleEndian: word.loadUnaligned(as: UInt32.self)) == 0x3E73_2F3C
  }

  /// Whether a word starts with `__label__`.
  @inline(__always)
  private static func isLabel(_ word: UnsafeRawPointer, _ count: Int) -> Bool {
    count >= 9
      && UInt64(littleEndian: word.loadUnaligned(as: UInt64.self)) == 0x5F6C_6562_616C_5F5F
      && word.load(fromByteOffset: 8, as: UInt8.self) == UInt8(ascii: "_")
  }

  init(
    _ reader: inout FastTextReader, bytes: UnsafeRawBufferPointer, arguments: FastTextArguments
  ) throws(DetectFailure) {
    self.bytes = bytes
    self.arguments = arguments
    places = .allocate(capacity: 1)
    let at = reader.offset
    // An entry takes at least ten bytes, so the file bounds their number.
    let size = try reader.count("entries", as: Int32.self, in: 0...max(reader.remaining / 10, 0))
    wordCount = try reader.count("words", as: Int32.self, in: 0...size)
    let labelCount = try reader.count("labels", as: Int32.self, in: 1...65_536)
    guard wordCount + labelCount == size else {
      throw reader.corrupt(
        "\(wordCount) words and \(labelCount) labels", "\(size) together", at: at)
    }
    let _: Int64 = try reader.read("a token count")
    let prunedAt = reader.offset
    let prunedCount: Int64 = try reader.read("a count of kept n-grams")
    var labels: [[UInt8]] = []
    var counts: [Int64] = []
    for entry in 0..<size {
      let range = try reader.zeroTerminated("a word")
      let count: Int64 = try reader.read("a word's count")
      let isLabel = try reader.flag("a word's kind")
      guard isLabel == (entry >= wordCount) else {
        throw reader.corrupt("a label among words", "words first, then labels")
      }
      entries.append(range)
      if isLabel {
        labels.append(Array(bytes[range]))
        counts.append(count)
      }
    }
    self.labels = labels
    labelCounts = counts
    if prunedCount >= 0 {
      guard prunedCount <= Int64(reader.remaining / 8) else {
        throw reader.corrupt(
          "\(prunedCount) kept n-grams", "fewer than the file holds", at: prunedAt)
      }
      pruned = try FastTextPruning(&reader, count: Int(prunedCount), firstRow: wordCount)
    }
    fillTable()
  }

  /// Whether n-grams were pruned, which only a quantised model may be.
  var isPruned: Bool { pruned != nil }

  private func fillTable() {
    var size = 16
    while size < 2 * entries.count { size *= 2 }
    places.deallocate()
    places = .allocate(capacity: size)
    places.initialize(repeating: 0, count: size)
    placeMask = size - 1
    for (number, range) in entries.enumerated() {
      let hash = Self.hash(UnsafeRawBufferPointer(rebasing: bytes[range]))
      var place = Int(hash) & placeMask
      while places[place] != 0 { place = (place + 1) & placeMask }
      places[place] = UInt64(hash) << 32 | UInt64(number + 1)
    }
  }

  deinit { places.deallocate() }

  /// FNV-1a over bytes taken as signed, as fastText does.
  static func hash(_ word: UnsafeRawBufferPointer) -> UInt32 {
    var h: UInt32 = 2_166_136_261
    for byte in word { h = (h ^ UInt32(bitPattern: Int32(Int8(bitPattern: byte)))) &* 16_777_619 }
    return h
  }

  /// What a word of the text is to the model.
  enum Found {
    /// The model's word of this number.
    case word(Int)
    /// A label, which is no part of the text.
    case label
    case unknown
  }

  func find(_ word: UnsafeRawBufferPointer, _ hash: UInt32) -> Found {
    guard let start = bytes.baseAddress, let other = word.baseAddress else { return .unknown }
    var place = Int(hash) & placeMask
    while places[place] != 0 {
      if places[place] >> 32 == UInt64(hash) {
        let number = Int(truncatingIfNeeded: places[place] & 0xFFFF_FFFF) - 1
        let range = entries[number]
        if range.count == word.count, memcmp(start + range.lowerBound, other, word.count) == 0 {
          return number < wordCount ? .word(number) : .label
        }
      }
      place = (place + 1) & placeMask
    }
    return Self.isLabel(other, word.count) ? .label : .unknown
  }

  /// Fetches the place where a hash is looked up.
  @inline(__always)
  func prefetch(_ hash: UInt32) { csimd_prefetch(places + (Int(hash) & placeMask)) }

  /// Whether runs of words have rows.
  var usesWordNgrams: Bool { arguments.wordNgrams > 1 && arguments.bucket > 0 }

  /// Puts the rows of the runs of words that start at `first` of the words' hashes into `rows`, which is
  /// empty.
  func wordNgrams(_ hashes: [UInt32], from first: Int, into rows: FastTextRows) {
    var h = UInt64(bitPattern: Int64(Int32(bitPattern: hashes[first])))
    let end = min(hashes.count, first + arguments.wordNgrams)
    let room = rows.end(reserving: end - first)
    for hash in hashes[min(first + 1, end)..<end] {
      h = h &* 116_049_371 &+ UInt64(bitPattern: Int64(Int32(bitPattern: hash)))
      let bucket = UInt32(truncatingIfNeeded: h % UInt64(arguments.bucket))
      guard let row = pruned == nil ? bucket &+ UInt32(wordCount) : pruned?.row(bucket) else {
        continue
      }
      room[rows.count] = row
      rows.count &+= 1
    }
  }
}
