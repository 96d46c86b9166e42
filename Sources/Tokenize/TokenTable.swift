import CSIMD
import ShardifyCore

/// The bytes of every token of a vocabulary, and the way back from bytes to an id.
///
/// Ids without a token have no bytes. Immutable, shared by all encoders.
final class TokenTable: @unchecked Sendable {
  /// No id has this value.
  static let none: TokenID = .max
  /// Ids are below this, so that a pair of them and a rank fit one word.
  static let maxCount = (1 << 21) - 1

  /// One past the largest id.
  let count: Int
  private let arena: UnsafeMutablePointer<UInt8>
  private let starts: UnsafeMutablePointer<UInt32>
  private let slots: UnsafeMutablePointer<UInt64>
  private let shift: UInt64
  private let mask: Int
  /// The lowest id whose bytes a lower one has too, and that one; nil if all bytes differ. Only ids
  /// that a search may find count.
  let firstDouble: (id: TokenID, lower: TokenID)?

  /// Tokens being collected; then a table is made of them.
  struct Builder {
    fileprivate var arena: [UInt8] = []
    fileprivate var ranges: [(start: UInt32, count: UInt32)] = []

    /// One past the largest id so far.
    var count: Int { ranges.count }

    /// Adds a token. Returns false if the id is taken or too large, or the bytes are too many.
    mutating func add(_ id: Int, _ bytes: some Collection<UInt8>) -> Bool {
      guard id >= 0, id < TokenTable.maxCount, arena.count + bytes.count < 1 << 31 else {
        return false
      }
      while ranges.count <= id { ranges.append((0, .max)) }
      guard ranges[id].count == .max else { return false }
      ranges[id] = (UInt32(arena.count), UInt32(bytes.count))
      arena.append(contentsOf: bytes)
      return true
    }
  }

  /// Makes the table. `isFindable` tells which ids a search by bytes may find; of equal bytes the
  /// lower id is found. In a table that is not searched, nothing is.
  init(
    _ builder: Builder, isSearched: Bool = true, isFindable: (Int) -> Bool = { _ in true }
  ) {
    let count = builder.ranges.count
    let arena = UnsafeMutablePointer<UInt8>.allocate(capacity: builder.arena.count + 8)
    let starts = UnsafeMutablePointer<UInt32>.allocate(capacity: count + 1)
    var at = 0
    builder.arena.withUnsafeBufferPointer { source in
      for (id, range) in builder.ranges.enumerated() {
        starts[id] = UInt32(at)
        guard range.count != .max, range.count > 0, let base = source.baseAddress else { continue }
        (arena + at).update(from: base + Int(range.start), count: Int(range.count))
        at += Int(range.count)
      }
    }
    starts[count] = UInt32(at)
    var bits: UInt64 = 4
    while isSearched && 1 << bits < count * 2 { bits += 1 }
    let index = Index(arena: arena, starts: starts, shift: 64 - bits)
    firstDouble = isSearched ? index.fill(count, isFindable) : nil
    self.count = count
    self.arena = arena
    self.starts = starts
    slots = index.slots
    shift = index.shift
    mask = index.mask
  }

  deinit {
    arena.deallocate()
    starts.deallocate()
    slots.deallocate()
  }

  /// The bytes of a token; none if the id has no token.
  @inline(__always)
  func bytes(of id: TokenID) -> UnsafeBufferPointer<UInt8> {
    guard Int(id) < count else { return UnsafeBufferPointer(start: nil, count: 0) }
    let start = starts[Int(id)]
    return UnsafeBufferPointer(start: arena + Int(start), count: Int(starts[Int(id) &+ 1] &- start))
  }

  /// The id of the token with these bytes (one or more) and this hash, or `none`.
  @inline(__always)
  func find(_ bytes: UnsafePointer<UInt8>, _ byteCount: Int, _ hash: UInt64) -> TokenID {
    var index = Int(truncatingIfNeeded: hash >> shift)
    while true {
      let slot = slots[index]
      if slot == .max { return Self.none }
      if slot >> 32 == hash & 0xFFFF_FFFF {
        let id = TokenID(truncatingIfNeeded: slot)
        let start = starts[Int(id)]
        if Int(starts[Int(id) &+ 1] &- start) == byteCount
          && PieceHash.equal(arena + Int(start), bytes, byteCount)
        {
          return id
        }
      }
      index = (index &+ 1) & mask
    }
  }

  /// Asks for the slot that `find` will read.
  @inline(__always)
  func prefetchSlot(_ hash: UInt64) {
    csimd_prefetch(slots + Int(truncatingIfNeeded: hash >> shift))
  }

  /// Asks for the bytes that `find` will compare with, going by the slot.
  @inline(__always)
  func prefetchBytes(_ hash: UInt64) {
    let slot = slots[Int(truncatingIfNeeded: hash >> shift)]
    guard slot != .max else { return }
    csimd_prefetch(arena + Int(starts[Int(TokenID(truncatingIfNeeded: slot))]))
  }

  /// The id of the token with these bytes, or nil.
  func id(of bytes: some Collection<UInt8>) -> TokenID? {
    Array(bytes).withUnsafeBufferPointer {
      guard let base = $0.baseAddress, !$0.isEmpty else { return nil }
      let id = find(base, $0.count, PieceHash.of(base, $0.count))
      return id == Self.none ? nil : id
    }
  }
}

/// The slots of a table while they are filled.
private struct Index {
  private static let batch = 32

  let arena: UnsafeMutablePointer<UInt8>
  let starts: UnsafeMutablePointer<UInt32>
  let slots: UnsafeMutablePointer<UInt64>
  let shift: UInt64
  let mask: Int

  init(arena: UnsafeMutablePointer<UInt8>, starts: UnsafeMutablePointer<UInt32>, shift: UInt64) {
    self.arena = arena
    self.starts = starts
    self.shift = shift
    mask = (1 << Int(64 - shift)) - 1
    slots = .allocate(capacity: mask + 1)
    slots.initialize(repeating: .max, count: mask + 1)
  }

  /// Puts in all ids that may be found, a batch at a time, whose slots are asked for before they
  /// are read. Returns the first id that was there already by its bytes.
  func fill(_ count: Int, _ isFindable: (Int) -> Bool) -> (id: TokenID, lower: TokenID)? {
    var double: (id: TokenID, lower: TokenID)?
    withUnsafeTemporaryAllocation(of: (id: TokenID, hash: UInt64).self, capacity: Self.batch) {
      waiting in
      var next = 0
      while next < count {
        var size = 0
        while next < count && size < Self.batch {
          let length = Int(starts[next + 1] &- starts[next])
          if length > 0 && isFindable(next) {
            let hash = PieceHash.of(arena + Int(starts[next]), length)
            waiting[size] = (TokenID(next), hash)
            csimd_prefetch(slots + Int(truncatingIfNeeded: hash >> shift))
            size += 1
          }
          next += 1
        }
        for place in 0..<size {
          let (id, hash) = waiting[place]
          if let lower = insert(id, hash), double == nil { double = (id, lower) }
        }
      }
    }
    return double
  }

  /// Returns the id that has these bytes already, and then leaves it.
  private func insert(_ id: TokenID, _ hash: UInt64) -> TokenID? {
    var index = Int(truncatingIfNeeded: hash >> shift)
    while slots[index] != .max {
      let slot = slots[index]
      let other = TokenID(truncatingIfNeeded: slot)
      if slot >> 32 == hash & 0xFFFF_FFFF && isEqual(id, other) { return other }
      index = (index &+ 1) & mask
    }
    slots[index] = hash << 32 | UInt64(id)
    return nil
  }

  private func isEqual(_ a: TokenID, _ b: TokenID) -> Bool {
    let (x, y) = (Int(starts[Int(a)]), Int(starts[Int(b)]))
    let count = Int(starts[Int(a) + 1]) - x
    return Int(starts[Int(b) + 1]) - y == count && PieceHash.equal(arena + x, arena + y, count)
  }
}
