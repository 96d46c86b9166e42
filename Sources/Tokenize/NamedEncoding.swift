import ShardifyCore

/// The patterns that `.tiktoken` files are used with, and the special tokens of the published
/// vocabularies.
struct NamedEncoding {
  /// How text is cut.
  private enum Pattern {
    case scheme(KnownScheme)
    case regex(Regex)
  }

  private let pattern: Pattern
  /// Ranks of the published file, whose special tokens are then known.
  /// -1 for none.
  private let publishedRanks: Int
  private let published: [(String, Int)]
  /// Ranks that may be missing.
  let gaps: Set<Int>

  /// The names, for errors.
  static let names = "gpt2, r50k, p50k, cl100k, o200k, llama3, qwen2 or kimi"

  private init(
    scheme: KnownScheme, publishedRanks: Int, published: [(String, Int)], gaps: Set<Int>
  ) {
    pattern = .scheme(scheme)
    self.publishedRanks = publishedRanks
    self.published = published
    self.gaps = gaps
  }

  private init(_ regex: Regex) {
    pattern = KnownPatterns.scheme(regex.source).map { .scheme($0) } ?? .regex(regex)
    publishedRanks = -1
    published = []
    gaps = []
  }

  /// The encoding of one of `names`, or of a regex: anything but letters, digits, `_` and `-`.
  static func read(_ pattern: String, path: String) throws(TokenizeFailure) -> NamedEncoding {
    if let known = named(pattern) { return known }
    let isWord = pattern.utf8.allSatisfy { byte in
      byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte >= 0x30 && byte <= 0x39
        || byte == 0x5F || byte == 0x2D
    }
    if isWord {
      throw .load(.pattern, path, "pattern \(pattern)", expected: "\(names), or a regex")
    }
    return NamedEncoding(try Regex(Array(pattern.utf8), path: path, syntax: .rust))
  }

  /// How text is cut. What a regex does not match has no ids, as in tiktoken.
  var pretokenizer: Pretokenizer {
    switch pattern {
    case .scheme(let scheme): .scheme(scheme)
    case .regex(let regex): .steps([.split(.regex(regex), .removed, inverted: true)])
    }
  }

  /// The pattern, for fingerprints.
  var fingerprint: String {
    switch pattern {
    case .scheme(let scheme): scheme.rawValue
    case .regex(let regex): "regex \(String(decoding: regex.source, as: UTF8.self))"
    }
  }

  /// The encoding of a name, with or without `_base`; nil if it is none of `names`.
  static func named(_ name: String) -> NamedEncoding? {
    let end = "<|endoftext|>"
    switch name.hasSuffix("_base") ? String(name.dropLast(5)) : name {
    case "gpt2", "r50k":
      return .init(scheme: .gpt2, publishedRanks: 50256, published: [(end, 50256)], gaps: [])
    case "p50k":
      return .init(scheme: .gpt2, publishedRanks: 50281, published: [(end, 50256)], gaps: [50256])
    case "cl100k":
      return .init(
        scheme: .cl100kWholeEnd, publishedRanks: 100256,
        published: [
          (end, 100257), ("<|fim_prefix|>", 100258), ("<|fim_middle|>", 100259),
          ("<|fim_suffix|>", 100260), ("<|endofprompt|>", 100276),
        ], gaps: [])
    case "o200k":
      return .init(
        scheme: .o200k, publishedRanks: 199998,
        published: [(end, 199999), ("<|endofprompt|>", 200018)], gaps: [])
    case "llama3":
      return .init(scheme: .cl100k, publishedRanks: 128_000, published: llama3(), gaps: [])
    case "qwen2":
      return .init(
        scheme: .qwen2, publishedRanks: 151_643,
        published: [(end, 151_643), ("<|im_start|>", 151_644), ("<|im_end|>", 151_645)], gaps: [])
    case "kimi":
      return .init(
        scheme: .kimi, publishedRanks: 163_584,
        published: [("[BOS]", 163_584), ("[EOS]", 163_585)], gaps: [])
    default: return nil
    }
  }

  private static func llama3() -> [(String, Int)] {
    var names = [
      "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>",
      "<|reserved_special_token_1|>", "<|finetune_right_pad_id|>", "<|step_id|>",
      "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>", "<|python_tag|>",
    ]
    for number in 2..<(256 - names.count + 2) {
      names.append("<|reserved_special_token_\(number)|>")
    }
    return names.enumerated().map { ($1, 128_000 + $0) }
  }

  /// The published special tokens if the file has as many ranks as the published one; else none.
  func special(ranks: Int) -> [AddedTokens.Token] {
    guard ranks == publishedRanks else { return [] }
    return published.map { AddedTokens.Token(text: Array($0.0.utf8), id: TokenID($0.1)) }
  }
}
