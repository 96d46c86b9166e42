import CSIMD
import Files
import Foundation
import ShardifyCore
import Testing

@testable import Detect

/// The kernels under the fastText reader equal the plain form of what they do, on any bytes.
@Suite struct FastTextKernelTests {
  /// Words of ASCII, of longer characters, of bytes that are not UTF-8, and with long runs of bytes that
  /// continue a character.
  static func words(seed: UInt64, count: Int) -> [[UInt8]] {
    var random = SeededRandom(seed: seed)
    let scalars: [[Unicode.Scalar]] = [
      Array("abcdefghij".unicodeScalars), Array("éßñабвгд".unicodeScalars),
      Array("日本語ไทย".unicodeScalars), Array("😀𐍈a".unicodeScalars),
    ]
    return (0..<count).map { number in
      let length = number < 40 ? number : Int(random.below(number % 50 == 0 ? 300 : 20))
      if number % 7 == 6 { return (0..<length).map { _ in UInt8(33 + random.below(223)) } }
      if number % 31 == 30 { return [0xE6] + [UInt8](repeating: 0x80, count: 4 * length) }
      let alphabet = scalars[Int(random.below(4))]
      var text = String.UnicodeScalarView()
      for _ in 0..<length { text.append(alphabet[Int(random.below(UInt64(alphabet.count)))]) }
      return Array(String(text).utf8)
    }
  }

  /// The buckets of the n-grams of a word in brackets: by eights of first characters, then by length.
  static func buckets(
    _ word: [UInt8], _ least: Int, _ most: Int, _ buckets: UInt32, isKept: (UInt32) -> Bool
  ) -> [UInt32] {
    let framed = Array("<".utf8) + word + Array(">".utf8)
    var characters: [[UInt8]] = []
    for byte in framed {
      if byte & 0xC0 == 0x80 {
        characters[characters.count - 1].append(byte)
      } else {
        characters.append([byte])
      }
    }
    var found: [UInt32] = []
    for block in stride(from: 0, to: characters.count, by: 8) {
      for order in least...most {
        for first in block..<min(block + 8, characters.count)
        where first + order <= characters.count {
          if order == 1, first == 0 || first + 1 == characters.count { continue }
          let ngram = Array(characters[first..<first + order].joined())
          let bucket = ngram.withUnsafeBytes { FastTextDictionary.hash($0) } % buckets
          if isKept(bucket) { found.append(bucket) }
        }
      }
    }
    return found
  }

  @Test(arguments: [(1, 4), (2, 4), (1, 1), (3, 6), (5, 8), (2, 11)])
  func ngramsEqualThePlainForm(least: Int, most: Int) {
    var framed = [UInt8](repeating: 7, count: 2000)
    var starts = [UInt32](repeating: 7, count: 2000)
    var rows = [UInt32](repeating: 0, count: 30_000)
    for (number, word) in Self.words(seed: 3, count: 300).enumerated() {
      let bucketCount: UInt32 = [2_000_000, 1, 3, 1 << 31, 2_147_483_647, 4096][number % 6]
      let mask: UInt32 = 1023
      var filter = [UInt32](repeating: 0, count: 32)
      for bit in stride(from: UInt32(number % 5), to: 1024, by: 3) {
        filter[Int(bit >> 5)] |= 1 << (bit & 31)
      }
      for isFiltered in [false, true] {
        let expected = Self.buckets(word, least, most, bucketCount) {
          !isFiltered || filter[Int($0 & mask) >> 5] >> ($0 & 31) & 1 == 1
        }.map { $0 &+ 5 }
        for isPortable in [false, true] {
          let found: [UInt32] = filter.withUnsafeBufferPointer { filter in
            let count = csimd_frame(word, word.count, &framed, &starts)
            return framed.withUnsafeBufferPointer { framed in
              starts.withUnsafeBufferPointer { starts in
                var ngrams = csimd_ngrams(
                  text: framed.baseAddress, starts: starts.baseAddress, count: count,
                  least: UInt32(least), most: UInt32(most), buckets: bucketCount, first: 5,
                  filter: isFiltered ? filter.baseAddress : nil, filter_mask: mask)
                let written =
                  isPortable
                  ? csimd_ngram_rows_portable(&ngrams, &rows) : csimd_ngram_rows(&ngrams, &rows)
                return Array(rows[0..<written])
              }
            }
          }
          #expect(found == expected, "\(word) \(bucketCount) \(isFiltered) \(isPortable)")
        }
      }
    }
  }

  @Test func wordsEqualThePlainForm() {
    var random = SeededRandom(seed: 9)
    for round in 0..<200 {
      var text: [UInt8] = []
      for word in Self.words(seed: UInt64(round), count: Int(random.below(40))) {
        text += word
        let spaces: [UInt8] = [32, 9, 10, 11, 12, 13, 0]
        for _ in 0...random.below(3) { text.append(spaces[Int(random.below(7))]) }
      }
      let expected = text.split { $0 == 32 || 9...13 ~= $0 || $0 == 0 }.map(Array.init)
      var found: [[UInt8]] = []
      var keys: [[UInt8]: [UInt64]] = [:]
      text.withUnsafeBufferPointer { text in
        guard let base = text.baseAddress else { return }
        var batch = [csimd_word](repeating: csimd_word(), count: 5)
        var place = 0
        while true {
          let count = csimd_words(base, &place, text.count, &batch, 5)
          guard count > 0 else { break }
          for word in batch[0..<count] {
            let bytes = Array(UnsafeBufferPointer(start: word.start, count: word.count))
            found.append(bytes)
            var padded =
              Array(bytes.prefix(32)) + [UInt8](repeating: 0, count: max(0, 32 - bytes.count))
            var copy = word
            let isHeld = csimd_holds_key(&padded, &copy)
            padded[Int(random.below(32))] ^= 1
            let isOther = !csimd_holds_key(&padded, &copy)
            #expect(isHeld && isOther, "\(bytes)")
            // Equal words have equal hashes, wherever they stand.
            #expect(keys[Array(bytes.prefix(32)), default: [word.hash]] == [word.hash])
            keys[Array(bytes.prefix(32))] = [word.hash]
          }
        }
      }
      #expect(found == expected)
    }
  }

  @Test func rowsAreAddedInTheirOrder() {
    var random = SeededRandom(seed: 21)
    for columns in [1, 3, 10, 16, 20, 33, 64, 100] {
      let matrix = (0..<50 * columns).map { _ in Float(random.below(1 << 20)) / 1000 - 500 }
      let rows = (0..<40).map { _ in UInt32(random.below(50)) }
      var expected = [Float](repeating: 0.1, count: columns)
      for row in rows {
        for i in 0..<columns { expected[i] += matrix[Int(row) * columns + i] }
      }
      var sums = [Float](repeating: 0.1, count: columns)
      csimd_add_rows(&sums, matrix, columns, rows, rows.count)
      #expect(sums == expected)
      sums = [Float](repeating: 0.1, count: columns)
      matrix.withUnsafeBufferPointer { matrix in
        let vectors = rows.map { row in matrix.baseAddress.map { $0 + Int(row) * columns } }
        csimd_add_vectors(&sums, vectors, vectors.count, columns)
      }
      #expect(sums == expected)
    }
  }

  /// What a worker has seen before changes no bit: not words in the cache, not which words of a text it
  /// lacked together.
  @Test(.enabled(if: FastTextProgram.path != nil, "the fasttext program is not installed"))
  func nothingSeenBeforeChangesAProbability() throws {
    let folder = try FastTextProgram.train(["-loss", "softmax", "-minn", "2", "-maxn", "4"])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FastTextProgram.run(
      ["quantize", "-input", "\(folder)/train.txt", "-output", "\(folder)/model", "-cutoff", "300"])
    for name in ["model.bin", "model.ftz"] {
      let file = try MappedFile(path: "\(folder)/\(name)")
      let model = try FastTextModel(file.bytes, path: name, owner: file)
      func probabilities(_ line: [UInt8], _ predictor: FastTextPredictor) -> [UInt32] {
        predictor.start()
        line.withUnsafeBytes { predictor.add($0, isEnded: true) }
        _ = predictor.finish()
        return (0..<model.dictionary.labels.count).map { predictor.probabilities[$0].bitPattern }
      }
      let lines = (0..<200).map { first -> [UInt8] in
        let words = Self.words(seed: UInt64(first % 20), count: 60)
        return Array(words[first % 30..<first % 30 + 30].joined(separator: [32]))
      }
      let warm = FastTextPredictor(model)
      for line in lines { _ = probabilities(line, warm) }
      for line in lines.prefix(40) {
        #expect(probabilities(line, FastTextPredictor(model)) == probabilities(line, warm))
      }
    }
  }
}
