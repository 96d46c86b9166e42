/// The substrings of words that occur often, as numbers of characters.
///
/// Found length by length: a text of k + 1 characters can only be frequent if both its parts of k
/// are, and is told by them. Exact, in memory proportional to the text, without a suffix array.
struct SubstringSeeds {
  /// Seeds of two characters and more: where one occurrence starts, its length, its weight.
  struct Seed {
    var place: UInt32
    var length: UInt32
    var weight: Int64
    /// Whether some longer substring occurs as often, so that this one never comes without it.
    var isCovered: Bool
  }

  private(set) var seeds: [Seed] = []
  /// Substrings of less weight are no seeds: what was given, or more where the limit asked for it.
  private(set) var minimum: Int64
  private let limit: Int

  /// - Parameters:
  ///   - minimum: Substrings of less weight are no seeds.
  ///   - longest: Characters of the longest seed.
  ///   - limit: Seeds at most. Where those of a length are too many, `minimum` rises, for it and
  ///     for longer ones, until they are not.
  init(_ text: UnigramText, minimum: Int64, longest: Int, limit: Int = .max) {
    self.minimum = minimum
    self.limit = limit
    let count = text.text.count
    guard count > 1, longest > 1 else { return }
    // The weight and the room to the end of the word, of each place.
    var weights = [Int64](repeating: 0, count: count)
    var room = [UInt16](repeating: 0, count: count)
    var start = 0
    for (word, end) in text.ends.enumerated() {
      for place in start..<end {
        weights[place] = text.weights[word]
        room[place] = UInt16(clamping: end - place)
      }
      start = end
    }
    var ids = text.text
    var places = [UInt32](0..<UInt32(count))
    for length in 2...longest {
      places = places.filter { Int(room[Int($0)]) >= length }
      let found = step(
        &ids, &places, weights, length: length, marksParts: length > 2)
      if found == 0 { return }
    }
  }

  private static let none = UInt32.max

  /// Raises `minimum` until the frequent ones of a table fit, and takes the memory for them.
  private mutating func makeRoom(_ table: PairCounter) {
    let room = max(0, limit - seeds.count)
    var found = table.entries.reduce(0) { $0 + ($1.weight >= minimum ? 1 : 0) }
    if found > room {
      let weights = table.entries.map(\.weight).sorted(by: >)
      // Those of the first weight that does not fit stay away all together.
      minimum = weights[room] + 1
      found = weights.prefix(room).reduce(0) { $0 + ($1 >= minimum ? 1 : 0) }
    }
    seeds.reserveCapacity(seeds.count + found)
  }

  /// Finds the frequent substrings of one length; `ids` are those of the parts that are one shorter.
  private mutating func step(
    _ ids: inout [UInt32], _ places: inout [UInt32], _ weights: [Int64], length: Int,
    marksParts: Bool
  ) -> Int {
    let table = PairCounter(expecting: places.count / 4)
    for place in places {
      let (a, b) = (ids[Int(place)], ids[Int(place) + 1])
      if a != Self.none && b != Self.none {
        table.add(UInt64(a) << 32 | UInt64(b), weights[Int(place)], place)
      }
    }
    makeRoom(table)
    // Numbers in the order of first places: the table's own order means nothing.
    var numbers = [UInt32](repeating: Self.none, count: table.count)
    for (number, entry) in table.entries.enumerated() where entry.weight >= minimum {
      numbers[number] = UInt32(seeds.count)
      seeds.append(
        Seed(
          place: entry.place, length: UInt32(length), weight: entry.weight, isCovered: false))
      guard marksParts else { continue }
      for part in [Int(entry.key >> 32), Int(entry.key & 0xFFFF_FFFF)]
      where seeds[part].weight == entry.weight { seeds[part].isCovered = true }
    }
    var kept: [UInt32] = []
    var found: [UInt32] = []
    for place in places {
      let (a, b) = (ids[Int(place)], ids[Int(place) + 1])
      guard a != Self.none, b != Self.none else { continue }
      let number = numbers[table.index(of: UInt64(a) << 32 | UInt64(b))]
      if number == Self.none { continue }
      kept.append(place)
      found.append(number)
    }
    for index in ids.indices { ids[index] = Self.none }
    for (index, place) in kept.enumerated() { ids[Int(place)] = found[index] }
    places = kept
    return kept.count
  }
}

/// Sums weights by key: open addressing, entries in the order of first sight.
final class PairCounter {
  struct Entry {
    var key: UInt64
    var weight: Int64
    var place: UInt32
  }

  private(set) var entries: [Entry] = []
  private var slots: [UInt32]
  private var mask: Int

  init(expecting: Int) {
    mask = 1 << 10
    while mask < expecting * 2 { mask *= 2 }
    slots = Array(repeating: 0, count: mask)
    mask -= 1
  }

  var count: Int { entries.count }

  @inline(__always)
  func add(_ key: UInt64, _ weight: Int64, _ place: UInt32) {
    var at = Int(truncatingIfNeeded: ByteHash.mix(key ^ 0x2545_F491_4F6C_DD1D)) & mask
    while slots[at] != 0 {
      let number = Int(slots[at]) - 1
      if entries[number].key == key {
        entries[number].weight &+= weight
        return
      }
      at = (at &+ 1) & mask
    }
    entries.append(Entry(key: key, weight: weight, place: place))
    slots[at] = UInt32(entries.count)
    if entries.count * 2 > mask { grow() }
  }

  /// The number of a key that was added.
  @inline(__always)
  func index(of key: UInt64) -> Int {
    var at = Int(truncatingIfNeeded: ByteHash.mix(key ^ 0x2545_F491_4F6C_DD1D)) & mask
    while slots[at] != 0 {
      let number = Int(slots[at]) - 1
      if entries[number].key == key { return number }
      at = (at &+ 1) & mask
    }
    return 0
  }

  private func grow() {
    mask = mask * 2 + 1
    slots = Array(repeating: 0, count: mask + 1)
    for (number, entry) in entries.enumerated() {
      var at = Int(truncatingIfNeeded: ByteHash.mix(entry.key ^ 0x2545_F491_4F6C_DD1D)) & mask
      while slots[at] != 0 { at = (at &+ 1) & mask }
      slots[at] = UInt32(number + 1)
    }
  }
}
