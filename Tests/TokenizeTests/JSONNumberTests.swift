import Testing

@testable import Tokenize

/// Values worked out by the rule in Python; -15.953153617139423 is one of a trained Unigram model,
/// where a path that ties in Hugging Face tokenizers does not with the nearest double.
@Suite struct JSONNumberTests {
  @Test(
    arguments: [
      ("-15.953153617139423", 0xC02F_E803_C03B_5B1A),
      ("-10.493654277310922", 0xC024_FCC0_40E1_296F),
      ("-8.330630549892637", 0xC020_A948_684D_B1DB), ("0.1", 0x3FB9_9999_9999_999A),
      ("1e22", 0x4480_F0CF_064D_D592), ("123456789012345678901234.5", 0x44BA_249B_1F10_A06C),
      ("3.14159265358979323846264338", 0x4009_21FB_5444_2D18), ("2.5e-320", 0x0000_0000_0000_13C4),
      ("1e-400", 0), ("-0.0", 0x8000_0000_0000_0000), ("7E+2", 0x4085_E000_0000_0000),
      ("17976931348623157e292", 0x7FEF_FFFF_FFFF_FFFF), ("1e309", 0x7FF0_0000_0000_0000),
      ("1e99999999999999999999", 0x7FF0_0000_0000_0000), ("1e-99999999999999999999", 0),
    ] as [(String, UInt64)])
  func digitsAreDividedByAPowerOfTen(text: String, bits: UInt64) {
    let bytes = Array(text.utf8)
    #expect(bytes.withUnsafeBytes { JSONNumber.double($0) }.bitPattern == bits)
  }
}
