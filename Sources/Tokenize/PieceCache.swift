import CSIMD
import ShardifyCore

/// A cache from short pretokens to their ids, of fixed size. One per thread.
///
/// An entry is a mark of 16 bits and, elsewhere, the pretoken, its ids in two or three bytes each
/// and, where the caller has one, a note at the end. Entries of up to 30 bytes, which most are, lie
/// two to a cache line, and a search for them reads one line. One whose line is full goes to a
/// second line, or one in its way does. Wide ones, of up to 60 bytes, have lines of their own, two
/// to a set. Each is searched if a filter of 4 bits in the first line tells that one of its hash may
/// be there. Where all is full the entry that was not used since the last insertion goes, so that
/// pretokens seen once do not drive out those seen often. Results never depend on it.
final class PieceCache {
  /// Longer pretokens are not kept.
  static let maxKeyBytes = 24
  /// `take` may write so many ids, whatever it says.
  static let maxIDs = 16

  /// A pretoken of up to 24 bytes in registers, with its hash.
  struct Key {
    var first: UInt64 = 0
    var second: UInt64 = 0
    var third: UInt64 = 0
    var hash: UInt64 = 0
    /// Bytes.
    var length = 0
    /// Where its first line is, see `locate`.
    fileprivate var line = 0

    init() {}

    /// Takes `length` bytes; 24 must be readable. `masks`: 24 bytes of ones and 24 of zeros.
    @inline(__always)
    init(_ bytes: UnsafePointer<UInt8>, _ length: Int, _ masks: UnsafePointer<UInt8>) {
      let mask = masks + (24 &- length)
      self.init(
        PieceHash.load8(bytes, 0) & PieceHash.load8(mask, 0),
        PieceHash.load8(bytes, 8) & PieceHash.load8(mask, 8),
        PieceHash.load8(bytes, 16) & PieceHash.load8(mask, 16), length: length)
    }

    /// The same without masks.
    fileprivate init(_ bytes: UnsafePointer<UInt8>, _ length: Int) {
      self.init(
        Self.part(bytes, length, 0), Self.part(bytes, length, 8), Self.part(bytes, length, 16),
        length: length)
    }

    private static func part(_ bytes: UnsafePointer<UInt8>, _ length: Int, _ start: Int) -> UInt64 {
      if length <= start { return 0 }
      let unwanted = UInt64(8 * max(0, start + 8 - length))
      return PieceHash.load8(bytes, start) & (UInt64.max >> unwanted)
    }

    /// Takes `length` bytes in three words, the rest zeros.
    @inline(__always)
    init(_ first: UInt64, _ second: UInt64, _ third: UInt64, length: Int) {
      (self.first, self.second, self.third) = (first, second, third)
      self.length = length
      let seed = UInt64(truncatingIfNeeded: length) &* 0x9E37_79B9_7F4A_7C15
      let product = (first ^ 0xA076_1D64_78BD_642F)
        .multipliedFullWidth(by: (second &+ seed) ^ 0xE703_7ED1_A0B4_28DB)
      let mixed = product.high ^ product.low ^ (third &* 0x8EBC_6AF0_9C88_C6E3)
      hash = (mixed ^ mixed >> 29) &* 0x5895_58CF_B3CB_9B2D
    }
  }

  /// A place for an entry, or none: where its line is, and its number there in the lowest bit.
  struct Slot {
    static let none = Slot(address: 0)
    fileprivate var address: Int

    @inline(__always) var isThere: Bool { address != 0 }
    @inline(__always) fileprivate var number: Int { address & 1 }
    @inline(__always) fileprivate var markOffset: Int { (address & 1) &* 2 }
    @inline(__always) fileprivate var bytesOffset: Int {
      PieceCache.headBytes &+ PieceCache.narrowBytes &* (address & 1)
    }
  }

  private static let lineBytes = 64
  private static let headBytes = 4
  private static let narrowBytes = 30
  private static let wideBytes = 60
  /// Up to this length of a pretoken there is room for four short ids behind it.
  private static let maxFourAt = narrowBytes - 8
  /// A mark: length in 5 bits, count of ids in 5, whether it is wide, whether it was used; above
  /// them 4 bits of the filter for entries elsewhere.
  private static let wide: UInt16 = 1 << 10
  private static let used: UInt16 = 1 << 11
  private static let lengthMask: UInt16 = 31
  private static let countMask: UInt16 = 31
  private static let filterMask: UInt16 = 0xF000

  /// Some of the lines.
  private struct Region {
    var start: UInt64
    var count: UInt64
  }

  private let lines: UnsafeMutableRawPointer
  /// Bytes of an id: 2 or 3.
  private let idBytes: Int
  /// Where the first lines of pretokens lie, by their bytes; shape [maxKeyBytes + 1].
  private let regions: UnsafeMutablePointer<Region>
  private let narrowCount: UInt64
  /// Narrow entries that may still come before second lines are not tried any more: then few have
  /// room.
  private var roomLeft: Int
  private let wideCount: UInt64

  /// Makes an empty cache of so many lines of 64 bytes, for ids below `idLimit`.
  init(lineCount: Int, idLimit: Int = .max) {
    idBytes = idLimit <= 1 << 16 ? 2 : 3
    wideCount = UInt64(max(1, lineCount / 6))
    narrowCount = UInt64(max(1, lineCount - Int(wideCount) * 2))
    roomLeft = Int(narrowCount) * 2 / 4 * 3
    // One before, see `line`, and one after, since reading ids may pass the end of the last.
    lines = HugePages.allocate(byteCount: Self.lineBytes * (lineCount + 4))
    regions = .allocate(capacity: Self.maxKeyBytes + 1)
    for length in 0...Self.maxKeyBytes {
      regions[length] = Self.region(of: narrowCount, length: length)
    }
  }

  deinit {
    HugePages.free(lines)
    regions.deallocate()
  }

  /// Lines of short pretokens lie close together: half of a text is pretokens of up to 4 bytes,
  /// which are a twentieth of its words, and so come from near memory.
  private static func region(of count: UInt64, length: Int) -> Region {
    let (short, middle) = (count / 16, count / 16 * 6)
    if short == 0 { return Region(start: 1, count: count) }
    if length <= 4 { return Region(start: 1, count: short) }
    return length <= 8
      ? Region(start: 1 + short, count: middle - short)
      : Region(start: 1 + middle, count: count - middle)
  }

  /// Whether so many ids of a pretoken of so many bytes can be kept, with a note if `noted`.
  @inline(__always)
  func fits(_ length: Int, _ idCount: Int, noted: Bool = false) -> Bool {
    length <= Self.maxKeyBytes && idCount > 0 && idCount < Self.maxIDs
      && length &+ idBytes &* idCount &+ (noted ? 2 : 0) <= Self.wideBytes
  }

  /// Asks for the memory that the insertion of so many ids will write, past the first line.
  @inline(__always)
  func prefetchRoom(_ key: Key, _ idCount: Int) {
    if key.length &+ idBytes &* idCount > Self.narrowBytes {
      prefetchWide(key.hash)
    } else if roomLeft > 0 && freeWay(key.line) < 0 {
      csimd_prefetch(lines + secondLine(key.hash))
    }
  }

  /// Sets where the first line of a pretoken is, which all that takes the key needs, and asks for
  /// its memory.
  @inline(__always)
  func locate(_ key: inout Key) {
    let region = regions[key.length]
    // Line 0 stays empty: its place stands for none.
    let index = key.hash.multipliedFullWidth(by: region.count).high &+ region.start
    key.line = Int(truncatingIfNeeded: index) &* Self.lineBytes
    csimd_prefetch(lines + key.line)
  }

  /// The line that takes entries which do not fit in the first.
  @inline(__always)
  private func secondLine(_ hash: UInt64) -> Int {
    let index = (hash << 32 | hash >> 32).multipliedFullWidth(by: narrowCount).high &+ 1
    return Int(truncatingIfNeeded: index) &* Self.lineBytes
  }

  /// The first of the two lines of a set of wide entries.
  @inline(__always)
  private func wideSet(_ hash: UInt64) -> Int {
    let index = hash.multipliedFullWidth(by: wideCount).high &* 2 &+ narrowCount &+ 1
    return Int(truncatingIfNeeded: index) &* Self.lineBytes
  }

  /// Asks for the memory that a search past the first line will read.
  @inline(__always)
  func prefetchElsewhere(_ key: Key) {
    let marks = (lines + key.line).load(as: UInt32.self)
    let bit = Self.filterBit(key.hash)
    if marks & bit != 0 { csimd_prefetch(lines + secondLine(key.hash)) }
    if marks & bit << 16 != 0 { prefetchWide(key.hash) }
  }

  @inline(__always)
  private func prefetchWide(_ hash: UInt64) {
    let set = lines + wideSet(hash)
    csimd_prefetch(set)
    csimd_prefetch(set + Self.lineBytes)
  }

  /// The entry of a pretoken, or none. Valid until the next insertion.
  @inline(__always)
  func find(_ key: Key) -> Slot {
    let slot = findFirst(key)
    return slot.isThere || !mayBeElsewhere(key) ? slot : findElsewhere(key)
  }

  /// Which of the four bits of a filter is a hash's.
  @inline(__always)
  private static func filterBit(_ hash: UInt64) -> UInt32 {
    1 << (12 | UInt32(truncatingIfNeeded: hash & 3))
  }

  /// Whether a pretoken that is not in its first line may be elsewhere.
  @inline(__always)
  func mayBeElsewhere(_ key: Key) -> Bool {
    let bit = Self.filterBit(key.hash)
    return (lines + key.line).load(as: UInt32.self) & (bit | bit << 16) != 0
  }

  /// Makes `mayBeElsewhere` true for a pretoken: in its second line, or in a wide one.
  @inline(__always)
  func sendElsewhere(_ key: Key, isWide: Bool) {
    let marks = lines + key.line
    let bit = Self.filterBit(key.hash) << (isWide ? 16 : 0)
    marks.storeBytes(of: marks.load(as: UInt32.self) | bit, as: UInt32.self)
  }

  /// The entry of a pretoken past its first line, or none.
  @inline(__always)
  func findElsewhere(_ key: Key) -> Slot {
    let marks = (lines + key.line).load(as: UInt32.self)
    let bit = Self.filterBit(key.hash)
    if marks & bit != 0 {
      let slot = findNarrow(key, secondLine(key.hash))
      if slot.isThere { return slot }
    }
    if marks & bit << 16 == 0 { return .none }
    let set = wideSet(key.hash)
    if holds(set, key) { return Slot(address: set) }
    return Slot(address: holds(set &+ Self.lineBytes, key) ? set &+ Self.lineBytes : 0)
  }

  @inline(__always)
  private func holds(_ line: Int, _ key: Key) -> Bool {
    let mark = UInt32((lines + line).load(as: UInt16.self))
    return difference(line &+ Self.headBytes, mark, key) == 0
  }

  /// The entry of a pretoken in its first line, or none.
  @inline(__always)
  func findFirst(_ key: Key) -> Slot { findNarrow(key, key.line) }

  @inline(__always)
  private func findNarrow(_ key: Key, _ line: Int) -> Slot {
    let (first, second) = differences(key, line)
    let other = second == 0 ? line | 1 : 0
    return Slot(address: first == 0 ? line : other)
  }

  /// The same as `findFirst` without branches, for where many pretokens are not there.
  @inline(__always)
  func chooseFirst(_ key: Key) -> Slot {
    let (first, second) = differences(key, key.line)
    let other = csimd_either(second == 0, Int64(key.line | 1), 0)
    return Slot(address: Int(csimd_either(first == 0, Int64(key.line), other)))
  }

  @inline(__always)
  private func differences(_ key: Key, _ line: Int) -> (UInt32, UInt32) {
    let marks = (lines + line).load(as: UInt32.self)
    return (
      difference(line &+ Self.headBytes, marks, key),
      difference(line &+ (Self.headBytes &+ Self.narrowBytes), marks >> 16, key)
    )
  }

  /// 0 if the entry with this mark at a place is that of the pretoken.
  @inline(__always)
  private func difference(_ place: Int, _ mark: UInt32, _ key: Key) -> UInt32 {
    let equal = csimd_equal24(lines + place, key.first, key.second, key.third)
    let length = UInt32(truncatingIfNeeded: key.length)
    return ~equal & ((1 &<< length) &- 1) | ((mark & 31) ^ length)
  }

  @inline(__always)
  private func line(_ slot: Slot) -> UnsafeMutableRawPointer { lines + (slot.address & ~1) }

  /// Writes the ids of an entry and returns how many. Room for 16 ids must be at `out`.
  @inline(__always)
  func take(_ slot: Slot, into out: UnsafeMutablePointer<TokenID>) -> Int {
    let line = line(slot)
    let mark = line.load(fromByteOffset: slot.markOffset, as: UInt16.self)
    // Not if it says so already: most lines that are read are then not written.
    if mark & Self.used == 0 {
      line.storeBytes(of: mark | Self.used, toByteOffset: slot.markOffset, as: UInt16.self)
    }
    let count = Int(mark >> 5 & Self.countMask)
    let ids = UnsafeRawPointer(line + (slot.bytesOffset &+ Int(mark & Self.lengthMask)))
    var at = 4
    if idBytes == 2 {
      Self.fourShort(ids, out)
      while at < count {
        Self.fourShort(ids + at &* 2, out + at)
        at &+= 4
      }
      return count
    }
    // Four bytes from one before the id, the first of which is not of it.
    Self.four(ids - 1, out)
    while at < count {
      Self.four(ids + (at &* 3 &- 1), out + at)
      at &+= 4
    }
    return count
  }

  /// The first four ids of an entry, with anything behind them, and how many it has; of none, zeros.
  @inline(__always)
  func takeFour(_ slot: Slot) -> (ids: SIMD4<TokenID>, count: Int) {
    let line = line(slot)
    let mark = line.load(fromByteOffset: slot.markOffset, as: UInt16.self)
    // Not that of none, which is empty.
    if mark & (Self.used | Self.lengthMask) &- 1 < Self.lengthMask {
      line.storeBytes(of: mark | Self.used, toByteOffset: slot.markOffset, as: UInt16.self)
    }
    let ids = UnsafeRawPointer(line + (slot.bytesOffset &+ Int(mark & Self.lengthMask)))
    let count = Int(mark >> 5 & Self.countMask)
    if idBytes == 2 {
      let short = ids.loadUnaligned(as: SIMD4<UInt16>.self)
      return (SIMD4<TokenID>(truncatingIfNeeded: short), count)
    }
    let low = ids.loadUnaligned(fromByteOffset: -1, as: UInt64.self)
    let high = ids.loadUnaligned(fromByteOffset: 5, as: UInt64.self)
    let four = SIMD4<TokenID>(
      UInt32(truncatingIfNeeded: low >> 8), UInt32(truncatingIfNeeded: low >> 32),
      UInt32(truncatingIfNeeded: high >> 8), UInt32(truncatingIfNeeded: high >> 32))
    return (four & 0xFF_FFFF, count)
  }

  @inline(__always)
  private static func fourShort(_ ids: UnsafeRawPointer, _ out: UnsafeMutablePointer<TokenID>) {
    let short = ids.loadUnaligned(as: SIMD4<UInt16>.self)
    UnsafeMutableRawPointer(out).storeBytes(
      of: SIMD4<UInt32>(truncatingIfNeeded: short), as: SIMD4<UInt32>.self)
  }

  @inline(__always)
  private static func four(_ ids: UnsafeRawPointer, _ out: UnsafeMutablePointer<TokenID>) {
    let low = ids.loadUnaligned(as: UInt64.self)
    let high = ids.loadUnaligned(fromByteOffset: 6, as: UInt64.self)
    out[0] = UInt32(truncatingIfNeeded: low >> 8) & 0xFF_FFFF
    out[1] = UInt32(truncatingIfNeeded: low >> 32) & 0xFF_FFFF
    out[2] = UInt32(truncatingIfNeeded: high >> 8) & 0xFF_FFFF
    out[3] = UInt32(truncatingIfNeeded: high >> 32) & 0xFF_FFFF
  }

  /// The note of an entry that was inserted with one.
  @inline(__always)
  func note(_ slot: Slot) -> UInt16 {
    let line = line(slot)
    let mark = line.load(fromByteOffset: slot.markOffset, as: UInt16.self)
    return line.loadUnaligned(
      fromByteOffset: slot.bytesOffset &+ Self.noteOffset(mark), as: UInt16.self)
  }

  @inline(__always)
  private static func noteOffset(_ mark: UInt16) -> Int {
    Int(csimd_either(mark & wide != 0, Int64(wideBytes), Int64(narrowBytes))) &- 2
  }

  /// Keeps the ids of a pretoken, and a note; they must fit. With a note four ids are
  /// read in any case.
  @inline(__always)
  func insert(_ key: Key, _ ids: UnsafePointer<TokenID>, _ idCount: Int, note: UInt16? = nil) {
    // A batch may have it twice.
    if findFirst(key).isThere { return }
    let isWide = key.length &+ idBytes &* idCount &+ (note == nil ? 0 : 2) > Self.narrowBytes
    let slot = isWide ? wideRoom(key) : narrowRoom(key)
    let line = line(slot)
    let kept = line.load(fromByteOffset: slot.markOffset, as: UInt16.self) & Self.filterMask
    let mark = UInt16(truncatingIfNeeded: key.length | idCount << 5) | (isWide ? Self.wide : 0)
    line.storeBytes(of: mark | kept, toByteOffset: slot.markOffset, as: UInt16.self)
    let bytes = line + slot.bytesOffset
    bytes.storeBytes(of: key.first, as: UInt64.self)
    bytes.storeBytes(of: key.second, toByteOffset: 8, as: UInt64.self)
    bytes.storeBytes(of: key.third, toByteOffset: 16, as: UInt64.self)
    if idBytes == 2 {
      var place = 0
      if note != nil && key.length <= Self.maxFourAt {
        // Four at once, as most have no more.
        let four = UnsafeRawPointer(ids).loadUnaligned(as: SIMD4<TokenID>.self)
        bytes.storeBytes(
          of: SIMD4<UInt16>(truncatingIfNeeded: four), toByteOffset: key.length,
          as: SIMD4<UInt16>.self)
        place = 4
      }
      while place < idCount {
        bytes.storeBytes(
          of: UInt16(truncatingIfNeeded: ids[place]), toByteOffset: key.length &+ place &* 2,
          as: UInt16.self)
        place &+= 1
      }
    } else {
      storeThree(ids, idCount, bytes + key.length)
    }
    if let note {
      bytes.storeBytes(of: note, toByteOffset: Self.noteOffset(mark), as: UInt16.self)
    }
  }

  @inline(__always)
  private func storeThree(
    _ ids: UnsafePointer<TokenID>, _ idCount: Int, _ bytes: UnsafeMutableRawPointer
  ) {
    var at = 0
    let last = idCount &- 1
    for place in 0..<last {
      bytes.storeBytes(of: ids[place], toByteOffset: at, as: UInt32.self)
      at &+= 3
    }
    // Not four bytes here: the fourth may be of the other entry.
    bytes.storeBytes(of: UInt16(truncatingIfNeeded: ids[last]), toByteOffset: at, as: UInt16.self)
    bytes.storeBytes(
      of: UInt8(truncatingIfNeeded: ids[last] >> 16), toByteOffset: at &+ 2, as: UInt8.self)
  }

  /// The entry that an insertion overwrites: in the first line, unless only the second has room.
  @inline(__always)
  private func narrowRoom(_ key: Key) -> Slot {
    let first = key.line
    let way = freeWay(first)
    if way >= 0 {
      roomLeft &-= 1
      return Slot(address: first | way)
    }
    if roomLeft > 0 {
      let second = secondLine(key.hash)
      let same = findNarrow(key, second)
      if same.isThere { return same }
      let other = freeWay(second)
      if other >= 0 {
        roomLeft &-= 1
        sendElsewhere(key, isWide: false)
        return Slot(address: second | other)
      }
      for way in 0..<2 where pushAside(first | way) { return Slot(address: first | way) }
    }
    return Slot(address: first | choose(lines + first, lines + (first &+ 2), key.hash))
  }

  /// Moves a narrow entry that is in its first line to its second; false if that is full.
  @inline(never)
  private func pushAside(_ address: Int) -> Bool {
    let from = Slot(address: address)
    let mark = line(from).load(fromByteOffset: from.markOffset, as: UInt16.self)
    let bytes = line(from) + from.bytesOffset
    var key = Key(bytes.assumingMemoryBound(to: UInt8.self), Int(mark & Self.lengthMask))
    locate(&key)
    let second = secondLine(key.hash)
    let way = freeWay(second)
    guard key.line == address & ~1, way >= 0 else { return false }
    let to = Slot(address: second | way)
    let kept = line(to).load(fromByteOffset: to.markOffset, as: UInt16.self) & Self.filterMask
    line(to).storeBytes(
      of: mark & ~Self.filterMask | kept, toByteOffset: to.markOffset, as: UInt16.self)
    (line(to) + to.bytesOffset).copyMemory(from: bytes, byteCount: Self.narrowBytes)
    sendElsewhere(key, isWide: false)
    roomLeft &-= 1
    return true
  }

  /// The number of an empty entry in a line, or -1.
  @inline(__always)
  private func freeWay(_ line: Int) -> Int {
    let marks = (lines + line).load(as: UInt32.self)
    let mask = UInt32(Self.lengthMask)
    let second = csimd_either(marks >> 16 & mask == 0, 1, -1)
    return Int(csimd_either(marks & mask == 0, 0, second))
  }

  @inline(__always)
  private func wideRoom(_ key: Key) -> Slot {
    sendElsewhere(key, isWide: true)
    let set = wideSet(key.hash)
    if holds(set, key) { return Slot(address: set) }
    let number = choose(lines + set, lines + (set &+ Self.lineBytes), key.hash)
    return Slot(address: set &+ number &* Self.lineBytes)
  }

  /// Which of the two entries with these marks goes: one that is empty, else one that was not used
  /// since this was asked last.
  @inline(__always)
  private func choose(_ a: UnsafeMutableRawPointer, _ b: UnsafeMutableRawPointer, _ hash: UInt64)
    -> Int
  {
    let first = a.load(as: UInt16.self)
    let second = b.load(as: UInt16.self)
    if first & Self.lengthMask == 0 { return 0 }
    if second & Self.lengthMask == 0 { return 1 }
    let isFirstUsed = first & Self.used != 0
    let isSecondUsed = second & Self.used != 0
    if isFirstUsed != isSecondUsed { return isFirstUsed ? 1 : 0 }
    if isFirstUsed {
      a.storeBytes(of: first & ~Self.used, as: UInt16.self)
      b.storeBytes(of: second & ~Self.used, as: UInt16.self)
    }
    return Int(hash & 1)
  }
}
