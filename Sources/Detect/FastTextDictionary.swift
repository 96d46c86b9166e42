import ShardifyCore

/// The words and labels of a fastText model, and how text becomes row numbers.
///
/// Words stay in the mapped file; an open-addressing table finds them by their hash.
struct FastTextDictionary {
  let wordCount: Int
  let labels: [[UInt8]]
  let labelCounts: [Int64]
  private let bytes: UnsafeRawBufferPointer
  private let arguments: FastTextArguments
  private var places: [UInt32] = []
  private var words: [Range<Int>] = []
  private var pruned: [Int32: Int32]?

  static let endOfSentence = Array("</s>".utf8)

  init(
    _ reader: inout FastTextReader, bytes: UnsafeRawBufferPointer, arguments: FastTextArguments
  ) throws(DetectFailure) {
    self.bytes = bytes
    self.arguments = arguments
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
      if isLabel {
        labels.append(Array(bytes[range]))
        counts.append(count)
      } else {
        words.append(range)
      }
    }
    self.labels = labels
    labelCounts = counts
    if prunedCount >= 0 {
      guard prunedCount <= Int64(reader.remaining / 8) else {
        throw reader.corrupt(
          "\(prunedCount) kept n-grams", "fewer than the file holds", at: prunedAt)
      }
      var kept: [Int32: Int32] = [:]
      for _ in 0..<prunedCount {
        let from: Int32 = try reader.read("a kept n-gram")
        kept[from] = try reader.read("a kept n-gram")
      }
      pruned = kept
    }
    fillTable()
  }

  /// Whether n-grams were pruned, which only a quantised model may be.
  var isPruned: Bool { pruned != nil }

  private mutating func fillTable() {
    var size = 16
    while size < 2 * words.count { size *= 2 }
    places = [UInt32](repeating: .max, count: size)
    for (number, range) in words.enumerated() {
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

  /// The number of a word, or -1.
  private func find(_ word: UnsafeRawBufferPointer, _ hash: UInt32) -> Int {
    var place = Int(hash) & (places.count - 1)
    while places[place] != .max {
      let number = Int(places[place])
      if bytes[words[number]].elementsEqual(word) { return number }
      place = (place + 1) & (places.count - 1)
    }
    return -1
  }

  /// Appends the rows of one line of text. A newline counts as a space; `isEnded` says whether the
  /// line ends in one, which gives the end-of-sentence word. That word, written out, ends the line.
  func rows(_ text: UnsafeRawBufferPointer, isEnded: Bool, into rows: inout [Int32]) {
    var hashes: [Int32] = []
    var start = 0
    var isOpen = true
    for place in 0...text.count {
      guard place == text.count || Self.isSpace(text[place]) else { continue }
      let word = UnsafeRawBufferPointer(rebasing: text[start..<place])
      if !word.isEmpty { add(word, &hashes, &rows) }
      isOpen = !word.elementsEqual(Self.endOfSentence)
      if !isOpen { break }
      start = place + 1
    }
    if isEnded, isOpen { Self.endOfSentence.withUnsafeBytes { add($0, &hashes, &rows) } }
    addWordNgrams(hashes, &rows)
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 32 || (9...13).contains(byte) || byte == 0
  }

  private func add(
    _ word: UnsafeRawBufferPointer, _ hashes: inout [Int32], _ rows: inout [Int32]
  ) {
    let h = Self.hash(word)
    let number = find(word, h)
    if number < 0, word.starts(with: "__label__".utf8) { return }
    hashes.append(Int32(bitPattern: h))
    let isEnd = word.elementsEqual(Self.endOfSentence)
    if number >= 0 { rows.append(Int32(number)) }
    // A word in the dictionary has letter n-grams only if the model uses them; one that is not
    // has nothing else.
    if !isEnd, arguments.maximumOrder > 0 { addSubwords(word, &rows) }
  }

  /// The letter n-grams of `<word>`.
  private func addSubwords(_ word: UnsafeRawBufferPointer, _ rows: inout [Int32]) {
    guard arguments.bucket > 0 else { return }
    let last = word.count + 1
    func byte(_ i: Int) -> UInt8 { i == 0 ? 0x3C : i == last ? 0x3E : word[i - 1] }
    for i in 0...last where byte(i) & 0xC0 != 0x80 {
      var h: UInt32 = 2_166_136_261
      var j = i
      var order = 1
      while j <= last, order <= arguments.maximumOrder {
        repeat {
          h = (h ^ UInt32(bitPattern: Int32(Int8(bitPattern: byte(j))))) &* 16_777_619
          j += 1
        } while j <= last && byte(j) & 0xC0 == 0x80
        if order >= arguments.minimumOrder, !(order == 1 && (i == 0 || j > last)) {
          push(Int32(h % UInt32(arguments.bucket)), &rows)
        }
        order += 1
      }
    }
  }

  private func addWordNgrams(_ hashes: [Int32], _ rows: inout [Int32]) {
    guard arguments.wordNgrams > 1, arguments.bucket > 0 else { return }
    for i in hashes.indices {
      var h = UInt64(bitPattern: Int64(hashes[i]))
      for j in (i + 1)..<max(i + 1, min(hashes.count, i + arguments.wordNgrams)) {
        h = h &* 116_049_371 &+ UInt64(bitPattern: Int64(hashes[j]))
        push(Int32(h % UInt64(arguments.bucket)), &rows)
      }
    }
  }

  private func push(_ id: Int32, _ rows: inout [Int32]) {
    var id = id
    if let pruned {
      guard let kept = pruned[id] else { return }
      id = kept
    }
    let (row, overflow) = id.addingReportingOverflow(Int32(truncatingIfNeeded: wordCount))
    if !overflow, row >= 0 { rows.append(row) }
  }
}
