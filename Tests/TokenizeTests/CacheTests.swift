import ShardifyCore
import Testing

@testable import Tokenize

struct CacheTests {
  private typealias Entry = (bytes: [UInt8], ids: [TokenID])

  /// Distinct pretokens of 1 to `maxBytes` bytes, most of them short, with ids that differ.
  private func entries(
    _ count: Int, seed: UInt64, maxBytes: Int, maxIDs: Int, idLimit: Int = .max
  ) -> [Entry] {
    var random = TestRandom(seed: seed)
    return (0..<count).map { number in
      let length = max(3, 1 + random.below(random.below(maxBytes) + 1))
      var bytes = (0..<length).map { _ in UInt8(random.below(256)) }
      for place in 0..<3 { bytes[place] = UInt8(truncatingIfNeeded: number >> (8 * place)) }
      let ids = (0..<1 + random.below(min(length, maxIDs))).map { _ in
        TokenID(random.below(min(idLimit, 1 << 21)))
      }
      return (bytes, ids)
    }
  }

  /// How many of `entries` a cache holds; of each that it does, the ids must be right.
  private func held(_ entries: [Entry], _ find: (Entry, UnsafeMutablePointer<TokenID>) -> Int)
    -> Int
  {
    let out = UnsafeMutablePointer<TokenID>.allocate(capacity: 64)
    defer { out.deallocate() }
    var held = 0
    for entry in entries {
      let count = find(entry, out)
      if count == 0 { continue }
      held += 1
      #expect(Array(UnsafeBufferPointer(start: out, count: count)) == entry.ids)
    }
    return held
  }

  private func key(_ bytes: [UInt8], _ cache: PieceCache) -> PieceCache.Key {
    let masks = [UInt8](repeating: 0xFF, count: 24) + [UInt8](repeating: 0, count: 24)
    let padded = bytes + [UInt8](repeating: 0xAB, count: 24)
    return padded.withUnsafeBufferPointer { padded in
      masks.withUnsafeBufferPointer { masks in
        guard let padded = padded.baseAddress, let masks = masks.baseAddress else { return .init() }
        var key = PieceCache.Key(padded, bytes.count, masks)
        cache.locate(&key)
        return key
      }
    }
  }

  @Test(
    "short pretokens: what is found is what was put in; little is lost before it is full",
    arguments: [1 << 16, Int.max])
  func shortOnesComeBack(_ idLimit: Int) {
    let cache = PieceCache(lineCount: 6000, idLimit: idLimit)
    let all = entries(12_000, seed: 5, maxBytes: 24, maxIDs: 6, idLimit: idLimit)
      .filter { cache.fits($0.bytes.count, $0.ids.count) }
    for part in [all.prefix(4000), all[...]] {
      for entry in part { cache.insert(key(entry.bytes, cache), entry.ids, entry.ids.count) }
      let count = held(Array(part)) { entry, out in
        let slot = cache.find(key(entry.bytes, cache))
        let (four, count) = cache.takeFour(slot)
        #expect(count == (slot.isThere ? entry.ids.count : 0))
        for place in 0..<(slot.isThere ? min(4, count) : 4) {
          #expect(four[place] == (slot.isThere ? entry.ids[place] : 0))
        }
        return slot.isThere ? cache.take(slot, into: out) : 0
      }
      #expect(part.count == all.count || count > part.count * 985 / 1000)
    }
  }

  @Test(
    "notes and ids do not write over each other or other entries", arguments: [1 << 16, Int.max])
  func notesComeBack(_ idLimit: Int) {
    let cache = PieceCache(lineCount: 6000, idLimit: idLimit)
    var random = TestRandom(seed: 7)
    // Of those of 22 bytes and more, four ids would not fit between them and the note.
    let all = (0..<3000).map { number -> Entry in
      var bytes = [UInt8](repeating: 0x61, count: 19 + number % 6)
      for place in 0..<3 { bytes[place] = UInt8(truncatingIfNeeded: number >> (8 * place)) }
      return (bytes, (0..<1 + random.below(3)).map { _ in TokenID(random.below(1 << 16)) })
    }
    var notes: [[UInt8]: UInt16] = [:]
    for (number, entry) in all.enumerated() {
      let ids = entry.ids + [7, 7, 7]
      notes[entry.bytes] = UInt16(number)
      cache.insert(key(entry.bytes, cache), ids, entry.ids.count, note: UInt16(number))
    }
    let count = held(all) { entry, out in
      let slot = cache.find(key(entry.bytes, cache))
      if !slot.isThere { return 0 }
      #expect(cache.note(slot) == notes[entry.bytes])
      return cache.take(slot, into: out)
    }
    // Ids of three bytes need more room.
    #expect(count > all.count * (idLimit == .max ? 90 : 97) / 100)
  }

  @Test("longer pretokens: what is found is what was put in; little is lost before it is full")
  func longerOnesComeBack() {
    let cache = PretokenCache(bits: 12)
    let all = entries(10_000, seed: 6, maxBytes: PretokenCache.maxKeyBytes, maxIDs: 20)
    for part in [all.prefix(2000), all[...]] {
      for entry in part {
        cache.insert(entry.bytes, entry.bytes.count, hash(entry), entry.ids, entry.ids.count)
      }
      let count = held(Array(part)) { entry, out in
        cache.find(entry.bytes, entry.bytes.count, hash(entry), into: out)
      }
      #expect(part.count == all.count || count > part.count * 97 / 100)
    }
  }

  private func hash(_ entry: Entry) -> UInt64 {
    entry.bytes.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.map { PieceHash.of($0, bytes.count) } ?? 0
    }
  }
}
