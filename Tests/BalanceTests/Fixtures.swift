import Balance
import ShardifyCore
import Testing

/// A tag in tests; a wrong one is a mistake of the test.
func tag(_ text: String) -> LanguageTag { LanguageTag(text) ?? LanguageTag(unchecked: 0) }

/// A supply whose other counts follow from its tokens.
func supply(_ name: String, _ tokens: Int, bytes: Int? = nil) -> LanguageSupply {
  LanguageSupply(
    tag: tag(name), documents: max(1, tokens / 100), pieces: max(1, tokens / 90), tokens: tokens,
    bytes: bytes ?? tokens * 4, scalars: (bytes ?? tokens * 4) / 2)
}

/// `aaa_Latn`, `aab_Latn`, ... with these tokens.
func supplies(_ tokens: [Int]) -> [LanguageSupply] {
  tokens.enumerated().map { index, count in supply(name(index), count) }
}

func name(_ index: Int) -> String {
  let letters = [index / 676 % 26, index / 26 % 26, index % 26].map { UInt8(97 + $0) }
  return String(decoding: letters, as: UTF8.self) + "_Latn"
}

/// The failure of a plan; nil if it succeeds.
func failure(_ supplies: [LanguageSupply], _ mixture: Mixture) -> BalanceFailure? {
  do throws(BalanceFailure) {
    _ = try planMixture(supplies, mixture)
    return nil
  } catch {
    return error
  }
}
