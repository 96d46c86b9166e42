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
  private var places: [UInt32] = []
  /// Words, then labels.
  private var entries: [Range<Int>] = []
  private var pruned: FastTextPruning?
  /// 2^64 / buckets, rounded up: remainders by two multiplications in place of a division.
  private let reciprocal: UInt64

  /// The word that ends a line.
  static let endOfSentence = Array("</s>".utf8)

  init(
    _ reader: inout FastTextReader, bytes: UnsafeRawBufferPointer, arguments: FastTextArguments
  ) throws(DetectFailure) {
    self.bytes = bytes
    self.arguments = arguments
    reciprocal = arguments.bucket > 0 ? UInt64.max / UInt64(arguments.bucket) &+ 1 : 0
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
      pruned = try FastTextPruning(&reader, count: Int(prunedCount))
    }
    fillTable()
  }

  /// Whether n-grams were pruned, which only a quantised model may be.
  var isPruned: Bool { pruned != nil }

  private func fillTable() {
    var size = 16
    while size < 2 * entries.count { size *= 2 }
    places = [UInt32](repeating: .max, count: size)
    for (number, range) in entries.enumerated() {
      var place = Int(Self.hash(UnsafeRawBufferPointer(rebasing: bytes[range]))) & (size - 1)
      while places[place] != .max { place = (place + 1) & (size - 1) }
      places[place] = UInt32(number)
    }
  }

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
    var place = Int(hash) & (places.count - 1)
    while places[place] != .max {
      let number = Int(places[place])
      let range = entries[number]
      if range.count == word.count, let start = bytes.baseAddress, let other = word.baseAddress,
        memcmp(start + range.lowerBound, other, word.count) == 0
      {
        return number < wordCount ? .word(number) : .label
      }
      place = (place + 1) & (places.count - 1)
    }
    return word.starts(with: "__label__".utf8) ? .label : .unknown
  }

  /// Fetches the place where a hash is looked up.
  @inline(__always)
  func prefetch(_ hash: UInt32) {
    places.withUnsafeBufferPointer { places in
      if let base = places.baseAddress { csimd_prefetch(base + (Int(hash) & (places.count &- 1))) }
    }
  }

  /// Puts the rows of a word's letter n-grams into `rows`, which is empty.
  func subwords(_ word: UnsafeRawBufferPointer, into rows: FastTextRows) {
    guard arguments.maximumOrder > 0, arguments.bucket > 0,
      !word.elementsEqual(Self.endOfSentence)
    else { return }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: word.count + 2) { framed in
      framed[0] = UInt8(ascii: "<")
      for i in 0..<word.count { framed[i + 1] = word[i] }
      framed[word.count + 1] = UInt8(ascii: ">")
      addSubwords(UnsafeBufferPointer(framed), rows)
    }
    pruned?.keep(rows)
    rows.shift(by: Int32(truncatingIfNeeded: wordCount))
  }

  /// The buckets of the letter n-grams of a word in angle brackets.
  private func addSubwords(_ word: UnsafeBufferPointer<UInt8>, _ rows: FastTextRows) {
    let bucket = UInt64(arguments.bucket)
    for i in 0..<word.count where word[i] & 0xC0 != 0x80 {
      var h: UInt32 = 2_166_136_261
      var j = i
      var order = 1
      while j < word.count, order <= arguments.maximumOrder {
        repeat {
          h = (h ^ UInt32(bitPattern: Int32(Int8(bitPattern: word[j])))) &* 16_777_619
          j += 1
        } while j < word.count && word[j] & 0xC0 == 0x80
        if order >= arguments.minimumOrder, !(order == 1 && (i == 0 || j == word.count)) {
          // Source: Lemire, Kaser, Kurz 2019 (arXiv:1902.01961): exact for 32 bits.
          let rest = (reciprocal &* UInt64(h)).multipliedFullWidth(by: bucket).high
          rows.append(Int32(truncatingIfNeeded: rest))
        }
        order += 1
      }
    }
  }

  /// Whether runs of words have rows.
  var usesWordNgrams: Bool { arguments.wordNgrams > 1 && arguments.bucket > 0 }

  /// Puts the rows of the runs of words that start at `first` of the words' hashes into `rows`, which is
  /// empty.
  func wordNgrams(_ hashes: [UInt32], from first: Int, into rows: FastTextRows) {
    var h = UInt64(bitPattern: Int64(Int32(bitPattern: hashes[first])))
    let end = min(hashes.count, first + arguments.wordNgrams)
    for hash in hashes[min(first + 1, end)..<end] {
      h = h &* 116_049_371 &+ UInt64(bitPattern: Int64(Int32(bitPattern: hash)))
      rows.append(Int32(truncatingIfNeeded: h % UInt64(arguments.bucket)))
    }
    pruned?.keep(rows)
    rows.shift(by: Int32(truncatingIfNeeded: wordCount))
  }
}
