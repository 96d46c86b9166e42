/// Seeded noise for tests.
struct TestRandom {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(max(1, limit))) }

  mutating func bytes(upTo limit: Int) -> [UInt8] {
    (0..<below(limit)).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  /// Valid UTF-8 full of whitespace, marks, contractions, digits and capitals.
  mutating func text(upTo limit: Int) -> [UInt8] {
    let parts = [
      " ", "  ", "\n", "\r\n", "\t", "\u{A0}", "\u{3000}", "\u{85}", "a", "Ab", "ABc", "é", "ǅ",
      "ʰ", "你好", "々", "⺀", "ก้", "\u{301}", "1", "23", "٣", "Ⅷ", "!", "...", "/", "'s", "'S",
      "'ſ", "'re", "'LL", "'", "🙂", "_", "\u{200B}", "\u{1C89}", "Ж", "한", "ー", "<", "|>",
    ]
    var out: [UInt8] = []
    for _ in 0..<below(limit) { out += Array(parts[below(parts.count)].utf8) }
    return out
  }
}
