import Glibc

/// Counts words, each with a label: an open-addressing table over bytes, one for each thread.
///
/// A label is a small number that stands for a language; it is part of the key. Nothing is
/// allocated for a word but its bytes in an arena.
public final class WordTable {
  /// A word: 32 bytes.
  struct Entry {
    var hash: UInt64
    var offset: Int
    var length: UInt32
    var label: UInt32
    var count: Int64
  }

  /// Different words, told apart by label.
  public private(set) var count = 0
  private(set) var entries: UnsafeMutablePointer<Entry>
  private(set) var text: UnsafeMutablePointer<UInt8>
  private var entryCapacity = 1 << 12
  private var textCapacity = 1 << 16
  private var textCount = 0
  /// Per place the upper half of the hash and an entry's number + 1; 0 is free.
  private var slots: UnsafeMutablePointer<UInt64>
  private var mask = (1 << 13) - 1

  /// Makes an empty table.
  public init() {
    entries = .allocate(capacity: entryCapacity)
    text = .allocate(capacity: textCapacity)
    slots = .allocate(capacity: mask + 1)
    slots.initialize(repeating: 0, count: mask + 1)
  }

  deinit {
    entries.deallocate()
    text.deallocate()
    slots.deallocate()
  }

  /// Memory in use, in bytes, with what the next doubling would take.
  public var memoryBytes: Int {
    (mask + 1) * 8 + entryCapacity * MemoryLayout<Entry>.stride + textCapacity
  }

  /// Adds `times` to the count of a word.
  @inline(__always)
  public func add(_ base: UnsafePointer<UInt8>, _ length: Int, label: UInt32 = 0, times: Int64 = 1)
  {
    let hash = ByteHash.of(base, length)
    let entry = find(base, length, label, hash)
    if entry >= 0 {
      entries[entry].count &+= times
    } else {
      insert(base, length, label, hash, ~entry, times)
    }
  }

  /// The number of a word in the order in which words were added; nil if it is not there.
  public func index(of word: [UInt8], label: UInt32 = 0) -> Int? {
    word.withUnsafeBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return nil }
      let found = find(base, bytes.count, label, ByteHash.of(base, bytes.count))
      return found >= 0 ? found : nil
    }
  }

  /// The entry of a word, or the complement of the free place where it belongs.
  @inline(__always)
  private func find(
    _ base: UnsafePointer<UInt8>, _ length: Int, _ label: UInt32, _ hash: UInt64
  ) -> Int {
    let slots = self.slots
    let tag = hash >> 32
    var place = Int(truncatingIfNeeded: hash &+ UInt64(label) &* 0x9E37_79B9) & mask
    while true {
      let slot = slots[place]
      if slot == 0 { return ~place }
      if slot >> 32 == tag {
        let number = Int(slot & 0xFFFF_FFFF) &- 1
        let entry = entries[number]
        if entry.hash == hash && entry.label == label && Int(entry.length) == length
          && memcmp(text + entry.offset, base, length) == 0
        {
          return number
        }
      }
      place = (place &+ 1) & mask
    }
  }

  private func insert(
    _ base: UnsafePointer<UInt8>, _ length: Int, _ label: UInt32, _ hash: UInt64, _ place: Int,
    _ times: Int64
  ) {
    reserve(length)
    memcpy(text + textCount, base, length)
    entries[count] = Entry(
      hash: hash, offset: textCount, length: UInt32(length), label: label, count: times)
    textCount += length
    count += 1
    slots[place] = (hash & ~0xFFFF_FFFF) | UInt64(count)
    if count * 2 > mask { grow() }
  }

  private func reserve(_ length: Int) {
    if textCount + length > textCapacity {
      textCapacity = max(textCapacity * 2, textCount + length)
      let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: textCapacity)
      larger.update(from: text, count: textCount)
      text.deallocate()
      text = larger
    }
    guard count == entryCapacity else { return }
    entryCapacity *= 2
    let larger = UnsafeMutablePointer<Entry>.allocate(capacity: entryCapacity)
    larger.update(from: entries, count: count)
    entries.deallocate()
    entries = larger
  }

  private func grow() {
    slots.deallocate()
    mask = mask * 2 + 1
    slots = .allocate(capacity: mask + 1)
    slots.initialize(repeating: 0, count: mask + 1)
    for number in 0..<count {
      let entry = entries[number]
      var place =
        Int(truncatingIfNeeded: entry.hash &+ UInt64(entry.label) &* 0x9E37_79B9) & mask
      while slots[place] != 0 { place = (place &+ 1) & mask }
      slots[place] = (entry.hash & ~0xFFFF_FFFF) | UInt64(number + 1)
    }
  }

  /// Forgets all words and gives the memory back.
  public func removeAll() {
    entries.deallocate()
    text.deallocate()
    slots.deallocate()
    count = 0
    textCount = 0
    entryCapacity = 1 << 12
    textCapacity = 1 << 16
    mask = (1 << 13) - 1
    entries = .allocate(capacity: entryCapacity)
    text = .allocate(capacity: textCapacity)
    slots = .allocate(capacity: mask + 1)
    slots.initialize(repeating: 0, count: mask + 1)
  }

  /// The words in their fixed order: by hash, then bytes, then label.
  public func sorted() -> SortedTable { SortedTable(self) }
}
