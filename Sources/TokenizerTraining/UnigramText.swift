/// The words of a corpus as numbers of characters, words cut at characters that get no piece.
struct UnigramText {
  /// Scalars by number, the most frequent first.
  private(set) var characters: [UInt32] = []
  /// Numbers of characters, word after word.
  private(set) var text: [UInt32] = []
  /// Where each word ends in `text`; shape [words].
  private(set) var ends: [Int] = []
  /// The weight of each word; shape [words].
  private(set) var weights: [Int64] = []
  /// The weight of each character; shape [characters].
  private(set) var characterWeights: [Int64] = []

  /// Takes words that are valid UTF-8; what is not becomes U+FFFD.
  ///
  /// - Parameter required: Characters that are in, whether they occur or not.
  init(_ words: WordList, coverage: Double, required: Set<UInt32> = []) {
    var counts = Self.counts(words)
    for scalar in required { counts[scalar, default: 0] += 0 }
    let sorted = counts.sorted { a, b in a.value != b.value ? a.value > b.value : a.key < b.key }
    let total = sorted.reduce(0) { $0 + Double($1.value) }
    var sum = 0.0
    var numbers: [UInt32: UInt32] = [:]
    for (scalar, weight) in sorted {
      if sum >= total * coverage && !required.contains(scalar) { continue }
      sum += Double(weight)
      numbers[scalar] = UInt32(characters.count)
      characters.append(scalar)
      characterWeights.append(weight)
    }
    fill(words, numbers)
  }

  private static func counts(_ words: WordList) -> [UInt32: Int64] {
    var low = [Int64](repeating: 0, count: 1 << 16)
    var high: [UInt32: Int64] = [:]
    forEachScalar(words) { word, scalar in
      if scalar < 1 << 16 {
        low[Int(scalar)] += words.weights[word]
      } else {
        high[scalar, default: 0] += words.weights[word]
      }
    }
    for (scalar, weight) in low.enumerated() where weight > 0 { high[UInt32(scalar)] = weight }
    return high
  }

  private mutating func fill(_ words: WordList, _ numbers: [UInt32: UInt32]) {
    let none = UInt32.max
    var low = [UInt32](repeating: none, count: 1 << 16)
    for (scalar, number) in numbers where scalar < 1 << 16 { low[Int(scalar)] = number }
    var text: [UInt32] = []
    var ends: [Int] = []
    var weights: [Int64] = []
    var open = -1
    func close() {
      guard open >= 0, text.count > (ends.last ?? 0) else { return }
      ends.append(text.count)
      weights.append(words.weights[open])
    }
    Self.forEachScalar(words) { word, scalar in
      let number = scalar < 1 << 16 ? low[Int(scalar)] : numbers[scalar] ?? none
      if word != open || number == none { close() }
      open = word
      if number != none { text.append(number) }
    }
    close()
    self.text = text
    self.ends = ends
    self.weights = weights
  }

  private static func forEachScalar(_ words: WordList, _ body: (Int, UInt32) -> Void) {
    words.text.withUnsafeBufferPointer { text in
      for word in 0..<words.count {
        let range = words.range(word)
        var at = range.lowerBound
        while at < range.upperBound {
          let (scalar, length) = decode(text, at, range.upperBound)
          body(word, scalar)
          at += length
        }
      }
    }
  }

  private static func decode(
    _ text: UnsafeBufferPointer<UInt8>, _ at: Int, _ end: Int
  ) -> (UInt32, Int) {
    let lead = UInt32(text[at])
    if lead < 0x80 { return (lead, 1) }
    let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
    guard lead >= 0xC2, lead < 0xF5, at + length <= end else { return (0xFFFD, 1) }
    var scalar = lead & (0xFF >> UInt32(length + 1))
    for index in at + 1..<at + length {
      guard text[index] & 0xC0 == 0x80 else { return (0xFFFD, 1) }
      scalar = scalar << 6 | UInt32(text[index] & 0x3F)
    }
    return (scalar, length)
  }
}
