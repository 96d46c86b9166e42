/// The finalizer of SplitMix64: a bijection of 64-bit integers in which every output bit depends
/// on every input bit.
///
/// Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", with the
/// constants of Stafford's variant 13.
@inlinable
public func mix64(_ value: UInt64) -> UInt64 {
  var z = value
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return z ^ (z >> 31)
}

/// A stream of numbers fixed by its seed: SplitMix64.
public struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts the stream of `seed`.
  public init(seed: UInt64) { state = seed }

  /// The next number, uniform over all 64-bit integers.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return mix64(state)
  }

  /// A number from 0 up to, not including, `bound`: the high half of the product.
  public mutating func below(_ bound: UInt64) -> UInt64 {
    next().multipliedFullWidth(by: bound).high
  }
}

/// A number fixed by a seed and a list of words: each word is mixed into what came before.
@inlinable
public func mixed(seed: UInt64, _ words: UInt64...) -> UInt64 {
  var h = mix64(seed &+ 0x9E37_79B9_7F4A_7C15)
  for word in words { h = mix64((h ^ word) &+ 0x9E37_79B9_7F4A_7C15) }
  return h
}
