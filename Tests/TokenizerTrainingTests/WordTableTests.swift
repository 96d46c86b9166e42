import ShardifyCore
import Testing

@testable import TokenizerTraining

/// Counting and merging lose no word and depend on no order.
@Suite struct WordTableTests {
  struct Key: Hashable, Comparable {
    var word: [UInt8]
    var label: UInt32
    static func < (a: Key, b: Key) -> Bool {
      a.word != b.word ? a.word.lexicographicallyPrecedes(b.word) : a.label < b.label
    }
  }

  @Test(arguments: 1...6) func mergedTablesHoldTheSums(tables: Int) throws {
    var random = SeededRandom(seed: UInt64(tables))
    var expected: [Key: Int64] = [:]
    let parts = (0..<tables).map { _ in WordTable() }
    for _ in 0..<20_000 {
      let length = Int(random.next() % 20)
      let word = (0..<length).map { _ in UInt8(random.next() % 3) }
      let label = UInt32(random.next() % 3)
      expected[Key(word: word, label: label), default: 0] += 1
      let table = parts[Int(random.next() % UInt64(tables))]
      word.withUnsafeBufferPointer {
        guard let base = $0.baseAddress else { return }
        table.add(base, $0.count, label: label)
      }
    }
    var found: [Key: Int64] = [:]
    var last: UInt64 = 0
    var merge = try WordMerge(parts.map { $0.sorted().cursor() })
    try merge.visit { hash, bytes, counts in
      #expect(hash >= last)
      last = hash
      for (label, count) in counts {
        #expect(found.updateValue(count, forKey: Key(word: Array(bytes), label: label)) == nil)
      }
    }
    // Compared first: a failure would print thousands of words.
    let isSame = found == expected
    #expect(isSame)
  }

  @Test func aWordIsFoundWhateverItsLength() {
    let table = WordTable()
    let words = (1...40).map { length in (0..<length).map { UInt8($0) } }
    for word in words { word.withUnsafeBufferPointer { table.add($0.baseAddress!, $0.count) } }
    for (number, word) in words.enumerated() { #expect(table.index(of: word) == number) }
    #expect(table.index(of: [1]) == nil)
    table.removeAll()
    #expect(table.count == 0 && table.index(of: [0]) == nil)
  }
}
