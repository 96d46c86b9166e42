/// Which Han characters only simplified, and which only traditional text uses.
///
/// The lists are made from ICU's Simplified-Traditional transliterator by `models/han_variants.c`.
struct HanVariants {
  /// Code points with the bit of `CharacterTable.Entry` that marks their form.
  let bits: [(UInt32, UInt32)]

  init() {
    bits =
      Self.scalars(Self.simplified).map { ($0, 1 << 11) }
      + Self.scalars(Self.traditional).map { ($0, 1 << 12) }
  }

  private static func scalars(_ list: StaticString) -> [UInt32] {
    list.description.unicodeScalars.map(\.value).filter { $0 >= 0x3400 }
  }
}
