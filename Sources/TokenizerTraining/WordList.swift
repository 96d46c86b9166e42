/// Words and their weights, ready to be trained on.
///
/// A weight is a whole number: the count of a word, or with languages weighted the sum over
/// languages of count times weight in fixed point.
public final class WordList {
  /// UTF-8 of all words, one after another.
  private(set) var text: [UInt8] = []
  /// Where each word ends in `text`; shape [words].
  private(set) var ends: [Int] = []
  /// The weight of each word, above 0; shape [words].
  private(set) var weights: [Int64] = []

  /// Makes an empty list.
  public init() {}

  /// Words in the list.
  public var count: Int { ends.count }

  /// Bytes of all words.
  public var byteCount: Int { text.count }

  /// The sum over words of weight times bytes.
  public var weightedBytes: Int64 {
    ends.indices.reduce(0) { $0 + weights[$1] * Int64(range($1).count) }
  }

  /// The sum over words of weight times Unicode scalars.
  public var weightedScalars: Int64 {
    ends.indices.reduce(0) { sum, word in
      sum + weights[word] * Int64(text[range(word)].count { $0 & 0xC0 != 0x80 })
    }
  }

  /// Adds a word; a weight below 1 adds nothing.
  public func append(_ word: UnsafeBufferPointer<UInt8>, weight: Int64) {
    guard weight > 0, !word.isEmpty else { return }
    text.append(contentsOf: word)
    ends.append(text.count)
    weights.append(weight)
  }

  /// Adds a word; for tests.
  public func append(_ word: [UInt8], weight: Int64) {
    word.withUnsafeBufferPointer { append($0, weight: weight) }
  }

  /// The range of a word in `text`.
  func range(_ word: Int) -> Range<Int> { (word == 0 ? 0 : ends[word - 1])..<ends[word] }

  /// The numbers of words by falling weight; of equal weights in the order of the list.
  func byWeight() -> [Int] {
    weights.indices.sorted { a, b in
      weights[a] != weights[b] ? weights[a] > weights[b] : a < b
    }
  }
}
