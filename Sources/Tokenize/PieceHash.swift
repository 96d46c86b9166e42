/// Hashing and comparing short runs of bytes, never reading outside them.
///
/// The hash decides only where a thing lies in a table; no output depends on it.
enum PieceHash {
  @inline(__always)
  static func load8(_ at: UnsafePointer<UInt8>, _ offset: Int) -> UInt64 {
    UnsafeRawPointer(at).loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }

  @inline(__always)
  static func load4(_ at: UnsafePointer<UInt8>, _ offset: Int) -> UInt64 {
    UInt64(UnsafeRawPointer(at).loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  @inline(__always)
  private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  /// A hash of `count` bytes, one or more.
  @inline(__always)
  static func of(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    var low: UInt64
    var high: UInt64
    let seed: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: count)
    if count >= 8 {
      low = load8(bytes, 0)
      high = load8(bytes, count &- 8)
      var at = 8
      while at &+ 8 < count {
        low = mix(low ^ 0xA076_1D64_78BD_642F, load8(bytes, at) ^ 0xE703_7ED1_A0B4_28DB)
        at &+= 8
      }
    } else if count >= 4 {
      low = load4(bytes, 0)
      high = load4(bytes, count &- 4)
    } else {
      low = UInt64(bytes[0]) | UInt64(bytes[count &- 1]) << 8
      high = UInt64(bytes[count >> 1])
    }
    return mix(low ^ seed, high ^ 0x8EBC_6AF0_9C88_C6E3) &* 0x5895_58CF_B3CB_9B2D
  }

  /// Whether `count` bytes, one or more, are the same.
  @inline(__always)
  static func equal(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    if count >= 8 {
      var at = 0
      while at &+ 8 < count {
        if load8(a, at) != load8(b, at) { return false }
        at &+= 8
      }
      return load8(a, count &- 8) == load8(b, count &- 8)
    }
    if count >= 4 {
      return load4(a, 0) == load4(b, 0) && load4(a, count &- 4) == load4(b, count &- 4)
    }
    return a[0] == b[0] && a[count &- 1] == b[count &- 1] && a[count >> 1] == b[count >> 1]
  }
}
