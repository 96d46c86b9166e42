/// A fixed hash of bytes: it orders words the same way on every machine and in every run.
enum ByteHash {
  private static let odd: UInt64 = 0x9E37_79B9_7F4A_7C15

  @inline(__always)
  static func mix(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: odd)
    return product.high ^ product.low
  }

  /// The hash of `count` bytes.
  @inline(__always)
  static func of(_ base: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    let raw = UnsafeRawPointer(base)
    var hash = UInt64(truncatingIfNeeded: count) &* 0xD6E8_FEB8_6659_FD93
    var at = 0
    while at &+ 8 < count {
      hash = mix(hash ^ word(raw + at))
      at &+= 8
    }
    if count >= 8 { return mix(hash ^ word(raw + (count &- 8)) ^ 0x5851_F42D_4C95_7F2D) }
    if count >= 4 {
      let both = UInt64(half(raw)) << 32 | UInt64(half(raw + (count &- 4)))
      return mix(hash ^ both ^ 0x5851_F42D_4C95_7F2D)
    }
    guard count > 0 else { return mix(hash) }
    let three =
      UInt64(base[0]) << 16 | UInt64(base[count >> 1]) << 8 | UInt64(base[count &- 1])
    return mix(hash ^ three ^ 0x5851_F42D_4C95_7F2D)
  }

  @inline(__always)
  private static func word(_ at: UnsafeRawPointer) -> UInt64 {
    UInt64(littleEndian: at.loadUnaligned(as: UInt64.self))
  }

  @inline(__always)
  private static func half(_ at: UnsafeRawPointer) -> UInt32 {
    UInt32(littleEndian: at.loadUnaligned(as: UInt32.self))
  }
}
