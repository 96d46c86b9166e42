import CLanguageModel
import ShardifyCore
import Testing

@testable import Detect

/// The kernels find the rows of the very features that `NgramExtractor`, which the trainer uses, names.
@Suite struct SymbolReaderTests {
  private static let texts: [String] = [
    "", "a", "Ein längerer Satz, in Teilen gelesen: e\u{301}te\u{301} — ok.", "  two  spaces  ",
    "Bo\u{323}n tre\u{309} cha\u{323}\u{302}m 12,5% của «ngày»",
    "Příliš žluťoučký kůň ÚPĚL ďábelské ódy",
    "Съешь ещё этих мягких французских булок, да выпей чаю. 1234567890", "ЙЦУКЕН и\u{306} x\u{301}",
    "漢字かな交じり文、カタカナー。ABC 漢字", "한국어 문장입니다. 漢字 한글", "नमस्ते दुनिया, यह हिन्दी है।",
    "\u{10400}\u{10401}\u{10428} 𝒜𝒷 😀😀 text 👩‍👩‍👧 more", "العربية ـــ نصّ مُشكَّل",
    "a\u{300}\u{301}b\u{342}",
    String(repeating: "abcdefghij", count: 40), String(repeating: "é ", count: 100),
    String(repeating: "wörter von mittlerer Länge ", count: 30), "ΑΒΓ ά\u{345} ϊ\u{301}",
    "ﬁ ẞ ǅ İi Iı ª º",
  ]
  private static let scripts = [
    "Latn", "Cyrl", "Jpan", "Kore", "Deva", "Arab", "Grek", "Dsrt", "Zyyy",
  ]

  /// The features of a text by the extractor.
  private func features(_ bytes: [UInt8], _ code: Int, order: Int, words: Bool) -> [UInt64] {
    var extractor = NgramExtractor(table: .shared, maxOrder: order, usesWords: words)
    extractor.reset(scriptCode: code)
    var ids = [UInt64](repeating: 0, count: bytes.count * NgramExtractor.mostPerByte + 24)
    var place = 0
    let count = extractor.feed(bytes, &place, stop: bytes.count, end: bytes.count, ids: &ids)
    let found = Array(ids.prefix(count))
    let last = extractor.finish(ids: &ids)
    return found + ids.prefix(last)
  }

  /// A table in which each of the features has a row, if its bucket has room, and the number of buckets.
  private func tags(_ features: [UInt64]) -> (tags: [UInt8], buckets: UInt32) {
    let buckets = UInt64(max(features.count, 1) * 2)
    var tags = [UInt8](repeating: 0, count: Int(buckets) * 4)
    for feature in features {
      let first = 4 * Int(((feature >> 32) &* buckets) >> 32)
      let tag = max(UInt8(truncatingIfNeeded: feature >> 24), 1)
      if tags[first..<first + 4].contains(tag) { continue }
      if let free = tags[first..<first + 4].firstIndex(of: 0) { tags[free] = tag }
    }
    return (tags, UInt32(buckets))
  }

  private func rows(
    _ bytes: [UInt8], _ code: Int, order: Int, words: Bool, part: Int, isUTF8: Bool,
    _ table: (tags: [UInt8], buckets: UInt32)
  ) -> (rows: [UInt32], letters: Int, others: Int) {
    let reader = SymbolReader(.shared, maxOrder: order, usesWords: words, partBytes: part)
    reader.reset(scriptCode: code)
    let values = [UInt8](repeating: 0, count: 32 * table.tags.count)
    var ids = [UInt32](repeating: 0, count: (part + 16) * NgramExtractor.mostPerByte)
    var found: [UInt32] = []
    func find() {
      let count = clm_find_ngrams(
        table.tags, table.buckets, values, reader.symbols, reader.count, Int32(order), &ids)
      found += ids.prefix(count)
      let more = clm_find_rows(table.tags, table.buckets, reader.words, reader.wordCount, &ids)
      found += ids.prefix(more)
    }
    var place = 0
    while place < bytes.count {
      reader.read(
        bytes, &place, stop: min(place + part, bytes.count), end: bytes.count, isUTF8: isUTF8)
      find()
    }
    reader.finish()
    find()
    return (found.sorted(), reader.letters, reader.others)
  }

  private func compare(_ bytes: [UInt8], isUTF8: Bool, _ name: String) {
    for script in Self.scripts {
      let code = CharacterTable.shared.code(of: ScriptTag(script) ?? .common)
      for (order, words) in [(3, true), (4, true), (5, true), (4, false)] {
        let wanted = features(bytes, code, order: order, words: words)
        let table = tags(wanted)
        var ids = [UInt32](repeating: 0, count: wanted.count + 8)
        let count = clm_find_rows_plain(
          table.tags, table.buckets, wanted, wanted.count, &ids)
        for part in [1, 7, 63, 64, 65, 200, 5000] {
          let found = rows(
            bytes, code, order: order, words: words, part: part, isUTF8: isUTF8, table)
          // Not compared in `expect`, which would print thousands of rows.
          let isEqual = found.rows == ids.prefix(count).sorted()
          #expect(
            isEqual, "\(name) \(script) \(order) \(part): \(found.rows.count) rows, not \(count)")
        }
      }
    }
  }

  @Test(arguments: texts.indices) func rowsAreThoseOfTheExtractorsFeatures(number: Int) {
    let bytes = Array(Self.texts[number].utf8)
    compare(bytes, isUTF8: true, "text \(number)")
    compare(bytes, isUTF8: false, "text \(number), slowly")
  }

  @Test func marksAreJoinedAcrossBlocks() {
    for before in 56...68 {
      compare(
        Array((String(repeating: "b ", count: before / 2) + "xe\u{301}tude e\u{323}\u{302}").utf8),
        isUTF8: true, "a mark after \(before) bytes")
    }
  }

  @Test func textThatIsNotUTF8IsReadAlike() {
    var random = SeededRandom(seed: 5)
    var bytes = Array(Self.texts.joined(separator: " ").utf8)
    for _ in 0..<40 {
      bytes[Int(random.below(UInt64(bytes.count)))] = UInt8(random.below(256))
    }
    compare(bytes, isUTF8: false, "damaged")
    compare(Array("abc \u{e9}t".utf8) + [0xC3], isUTF8: false, "cut")
  }

  @Test func lettersAndOthersAreThoseOfTheSlowReader() {
    let bytes = Array(Self.texts.joined(separator: " ").utf8)
    for script in Self.scripts {
      let code = CharacterTable.shared.code(of: ScriptTag(script) ?? .common)
      let fast = rows(
        bytes, code, order: 4, words: true, part: 300, isUTF8: true, ([0, 0, 0, 0], 1))
      let slow = rows(
        bytes, code, order: 4, words: true, part: 300, isUTF8: false, ([0, 0, 0, 0], 1))
      #expect(fast.letters == slow.letters)
      #expect(fast.others == slow.others)
      #expect(script != "Latn" || fast.letters > 1000)
    }
  }

  @Test func kernelsEqualThePlainOnes() {
    var random = SeededRandom(seed: 7)
    let tags = (0..<4 * 50).map { _ in UInt8(random.below(256)) }
    let values = [UInt8](repeating: 0, count: 32 * tags.count)
    for count in [0, 1, 7, 8, 9, 100, 257] {
      // Letters and boundaries, four before and eight after.
      let symbols = (0..<count + 12).map { _ in
        random.below(5) == 0 ? UInt32(random.below(33)) : UInt32(33 + random.below(0x10FFDE))
      }
      var one = [UInt32](repeating: 0, count: count * 5 + 8)
      var two = one
      symbols.withUnsafeBufferPointer { all in
        guard let base = all.baseAddress else { return }
        for order in Int32(3)...5 {
          let a = clm_find_ngrams(tags, 50, values, base + 4, count, order, &one)
          let b = clm_find_ngrams_plain(tags, 50, values, base + 4, count, order, &two)
          let isEqual = one.prefix(a).sorted() == two.prefix(b).sorted()
          #expect(isEqual, "\(count) symbols, order \(order): \(a) rows, not \(b)")
        }
      }
      let features = (0..<count).map { _ in random.next() }
      let a = clm_find_rows(tags, 50, features, count, &one)
      let b = clm_find_rows_plain(tags, 50, features, count, &two)
      let isEqual = one.prefix(a) == two.prefix(b)
      #expect(isEqual, "\(count) features: \(a) rows, not \(b)")
      #expect(count < 257 || a > 0)
    }
  }

  @Test func symbolKernelEqualsThePlainOneOnAnyBytes() {
    var random = SeededRandom(seed: 8)
    let code = CharacterTable.shared.code(of: .latin)
    var table = SymbolTable.of(scriptCode: code, .shared).pointers
    for round in 0..<2000 {
      // Also bytes that are not UTF-8: what they give does not matter, but nothing may be read out of place.
      let limit: UInt64 = round % 2 == 0 ? 256 : 128
      let block = (0..<Int(CLM_BLOCK_BYTES)).map { _ in UInt8(random.below(limit)) }
      let leads = random.next() & (round % 3 == 0 ? .max : random.next())
      var one = [UInt32](repeating: 0, count: 80)
      var two = one
      var states = (clm_symbol_state(), clm_symbol_state())
      states.0.inside = UInt64(round & 1)
      states.1.inside = UInt64(round & 1)
      let a = clm_read_symbols(&table, block, leads, &states.0, &one)
      let b = clm_read_symbols_plain(&table, block, leads, &states.1, &two)
      #expect(one.prefix(a) == two.prefix(b))
      #expect(states.0.letters == states.1.letters)
      #expect(states.0.others == states.1.others)
      #expect(states.0.inside == states.1.inside || leads == 0)
    }
  }
}
