import ShardifyCore

@testable import TokenizerTraining

/// Small random corpora: few letters, so that pairs repeat, overlap and tie.
enum RandomWords {
  static func make(
    _ random: inout SeededRandom, words: Int, letters: Int, longest: Int, weights: Int
  ) -> [(bytes: [UInt8], weight: Int64)] {
    var out: [[UInt8]: Int64] = [:]
    for _ in 0..<words {
      let length = 1 + Int(random.next() % UInt64(longest))
      let bytes = (0..<length).map { _ in UInt8(97 + random.next() % UInt64(letters)) }
      out[bytes, default: 0] += 1 + Int64(random.next() % UInt64(weights))
    }
    return out.map { ($0.key, $0.value) }.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
  }

  static func list(_ words: [(bytes: [UInt8], weight: Int64)]) -> WordList {
    let list = WordList()
    for word in words { list.append(word.bytes, weight: word.weight) }
    return list
  }
}
