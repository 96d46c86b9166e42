import ShardifyCore

/// Places inside a pretoken that no token reaches across.
///
/// Nothing merges across such a place, so that the parts on both sides can be encoded on their own:
/// a sentence of Han, where words are not set apart, becomes short parts that repeat. The test is
/// one-sided: a place may be taken for one that tokens cross, never the other way round.
final class SafeCuts: @unchecked Sendable {
  private static let bits: UInt64 = 20
  private static let unknown: UInt32 = 0xFF00_0000

  /// The seams inside tokens, as a Bloom filter over their hashes.
  private let seams: UnsafeMutablePointer<UInt64>
  /// Whether tokens begin or end inside characters.
  private var cutsCharacters = false

  /// Takes the tokens that text can become.
  init(_ tokens: TokenTable, isWanted: (Int) -> Bool) {
    seams = HugePages.allocate(byteCount: 1 << Int(Self.bits - 3))
      .bindMemory(to: UInt64.self, capacity: 1 << Int(Self.bits - 6))
    for id in 0..<tokens.count where isWanted(id) { add(tokens.bytes(of: TokenID(id))) }
  }

  deinit { HugePages.free(seams) }

  /// Adds the places in a token where a character may start: what stands on both sides, as far as
  /// it lies in the token.
  private func add(_ token: UnsafeBufferPointer<UInt8>) {
    guard let base = token.baseAddress, token.count > 1 else { return }
    for place in 1..<token.count where base[place] & 0xC0 != 0x80 {
      var start = place - 1
      while start > 0 && base[start] & 0xC0 == 0x80 { start -= 1 }
      let isWholeLeft = UTF8Check.length(base, at: start, end: place) == place - start
      let length = UTF8Check.length(base, at: place, end: token.count)
      cutsCharacters = cutsCharacters || !isWholeLeft || length == 0
      // Of a character that is cut off, its byte at the seam.
      let left =
        isWholeLeft ? Self.load(base, start, place) : Self.unknown | UInt32(base[place - 1])
      let right =
        length > 0 ? Self.load(base, place, place + length) : Self.unknown | UInt32(base[place])
      let hash = Self.hash(left, right)
      seams[Int(truncatingIfNeeded: hash >> 6)] |= 1 << (hash & 63)
    }
  }

  @inline(__always)
  private static func load(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> UInt32 {
    var value: UInt32 = 0
    for index in start..<end { value = value << 8 | UInt32(base[index]) }
    return value
  }

  @inline(__always)
  private static func hash(_ left: UInt32, _ right: UInt32) -> UInt64 {
    let key = UInt64(left) << 32 | UInt64(right)
    let product = key.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return ((product.high ^ product.low) &* 0xD6E8_FEB8_6659_FD93) >> (64 - bits)
  }

  @inline(__always)
  private func has(_ left: UInt32, _ right: UInt32) -> Bool {
    let hash = Self.hash(left, right)
    return seams[Int(truncatingIfNeeded: hash >> 6)] >> (hash & 63) & 1 != 0
  }

  /// The first place after `start` and before `end` where the text can be cut, or `end`.
  ///
  /// Looks at places between well-formed characters of three bytes only.
  @inline(__always)
  func next(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
    var at = start
    var left: UInt32 = 0
    while at &+ 3 <= end {
      let right = Self.three(base, at)
      if right == 0 {
        left = 0
        at &+= 1
        continue
      }
      if left != 0 {
        if isCut(left, right, first: right >> 16) { return at }
      }
      left = right
      at &+= 3
    }
    return end
  }

  /// Whether nothing reaches across the place between two well-formed characters, whose bytes are
  /// packed, the first uppermost.
  @inline(__always)
  func isCut(_ left: UInt32, _ right: UInt32) -> Bool {
    var first = right
    while first > 0xFF { first >>= 8 }
    return isCut(left, right, first: first)
  }

  @inline(__always)
  private func isCut(_ left: UInt32, _ right: UInt32, first: UInt32) -> Bool {
    if has(left, right) { return false }
    if !cutsCharacters { return true }
    let (x, y) = (Self.unknown | left & 0xFF, Self.unknown | first)
    return !has(left, y) && !has(x, right) && !has(x, y)
  }

  /// The character of three bytes at a place, or 0 if there is none.
  @inline(__always)
  private static func three(_ base: UnsafePointer<UInt8>, _ at: Int) -> UInt32 {
    let value =
      UInt32(base[at]) << 16 | UInt32(base[at &+ 1]) << 8 | UInt32(base[at &+ 2])
    return value & 0xF0_C0C0 == 0xE0_8080 ? value : 0
  }
}
