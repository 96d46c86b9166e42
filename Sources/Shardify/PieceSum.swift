import ShardifyCore

/// Sums by which two sets of pieces are compared without holding either.
///
/// A piece gives a 64-bit hash of everything that must be the same in all of its copies: key, flags,
/// text bytes, ids, and where it begins on its ring. Hashes are added modulo 2^64, so the order of
/// adding does not matter; sets that differ have the same sum with a chance of 2^-64. Copies are
/// weighted by their pass, so that pieces that changed passes are noticed.
enum PieceSum {
  /// The hash of a piece.
  static func hash(
    key: PieceKey, flags: UInt8, byteCount: Int, tokens: UnsafeRawBufferPointer
  ) -> UInt64 {
    var h = mixed(
      seed: UInt64(truncatingIfNeeded: tokens.count), key.high, key.low, UInt64(key.piece),
      UInt64(flags), UInt64(truncatingIfNeeded: byteCount))
    var offset = 0
    while offset &+ 8 <= tokens.count {
      let word = tokens.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
      h = (h ^ word) &* 0x9E37_79B9_7F4A_7C15
      h ^= h >> 29
      offset &+= 8
    }
    while offset < tokens.count {
      h = (h ^ UInt64(tokens[offset])) &* 0x9E37_79B9_7F4A_7C15
      h ^= h >> 29
      offset &+= 1
    }
    return mix64(h)
  }

  /// The hash of a piece that begins `offset` tokens after its ring's start.
  static func placed(_ hash: UInt64, offset: Int) -> UInt64 {
    mix64(hash &+ mix64(UInt64(truncatingIfNeeded: offset)))
  }

  /// What a pass multiplies its hashes by.
  static func weight(pass: Int) -> UInt64 {
    mix64(UInt64(truncatingIfNeeded: pass) &+ 0x7061_7373) | 1
  }

  /// The sum of a language of whole passes `full`, and then of a part.
  static func expected(full: Int, whole: UInt64, part: UInt64) -> UInt64 {
    var weights: UInt64 = 0
    for pass in 0..<full { weights &+= weight(pass: pass) }
    return weights &* whole &+ weight(pass: full) &* part
  }
}
