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
  /// lower id is found.
  init(_ builder: Builder, isFindable: (Int) -> Bool = { _ in true }) {
    count = builder.ranges.count
    arena = .allocate(capacity: builder.arena.count + 8)
    starts = .allocate(capacity: count + 1)
    var at = 0
    for (id, range) in builder.ranges.enumerated() {
      starts[id] = UInt32(at)
      guard range.count != .max else { continue }
      for offset in 0..<Int(range.count) {
        arena[at + offset] = builder.arena[Int(range.start) + offset]
      }
      at += Int(range.count)
    }
    starts[count] = UInt32(at)
    var bits: UInt64 = 4
    while 1 << bits < count * 2 { bits += 1 }
    shift = 64 - bits
    mask = (1 << Int(bits)) - 1
    slots = .allocate(capacity: mask + 1)
    slots.initialize(repeating: .max, count: mask + 1)
    for id in 0..<count where starts[id + 1] > starts[id] && isFindable(id) {
      let bytes = bytes(of: TokenID(id))
      guard let base = bytes.baseAddress,
        find(base, bytes.count, PieceHash.of(base, bytes.count)) == Self.none
      else { continue }
      insert(TokenID(id), PieceHash.of(base, bytes.count))
    }
  }

  deinit {
    arena.deallocate()
    starts.deallocate()
    slots.deallocate()
  }

  private func insert(_ id: TokenID, _ hash: UInt64) {
    var index = Int(truncatingIfNeeded: hash >> shift)
    while slots[index] != .max { index = (index &+ 1) & mask }
    slots[index] = hash << 32 | UInt64(id)
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

  /// The id of the token with these bytes, or nil.
  func id(of bytes: some Collection<UInt8>) -> TokenID? {
    Array(bytes).withUnsafeBufferPointer {
      guard let base = $0.baseAddress, !$0.isEmpty else { return nil }
      let id = find(base, $0.count, PieceHash.of(base, $0.count))
      return id == Self.none ? nil : id
    }
  }
}
