import ShardifyCore

/// Reads `pre_tokenizer`.
struct PretokenizerReader {
  let json: JSONDocument
  let path: String

  /// The pre-tokenizer; without one, the whole text is one piece.
  func read(_ value: JSONDocument.Value?) throws(TokenizeFailure) -> Pretokenizer {
    guard let value, json.isPresent(value) else { return .steps([]) }
    return Self.simplified(try steps(value, depth: 0))
  }

  /// Finds the scanner that does what the steps do, if there is one.
  private static func simplified(_ steps: [PretokenizerStep]) -> Pretokenizer {
    if steps.count == 1, case .byteLevel(false, true) = steps[0] { return .scheme(.gpt2) }
    if steps.count == 1, case .byteLevel(false, false) = steps[0] { return .scheme(.whole) }
    if steps.count == 2, case .split(.scheme(let scheme), .isolated, false) = steps[0],
      case .byteLevel(false, false) = steps[1]
    {
      return .scheme(scheme)
    }
    return .steps(steps)
  }

  private func steps(_ value: JSONDocument.Value, depth: Int) throws(TokenizeFailure)
    -> [PretokenizerStep]
  {
    guard let type = json.optionalString(value, "type") else {
      throw .load(.malformed, path, at: json.offset(value), "a pre_tokenizer without a type")
    }
    let maps = ScalarMaps.shared
    switch String(decoding: type, as: UTF8.self) {
    case "Sequence":
      var out: [PretokenizerStep] = []
      guard let list = json.member(value, "pretokenizers"), json.kind(list) == .array else {
        throw .load(.malformed, path, at: json.offset(value), "a Sequence without pretokenizers")
      }
      for item in json.children(list) { out += try steps(item, depth: depth + 1) }
      return out
    case "ByteLevel":
      return [
        .byteLevel(
          addsSpace: json.flag(value, "add_prefix_space", default: true),
          usesPattern: json.flag(value, "use_regex", default: true))
      ]
    case "Split":
      return [
        .split(
          try PatternReader(json: json, path: path).read(value), try behavior(value),
          inverted: json.flag(value, "invert"))
      ]
    case "Digits":
      let each = json.flag(value, "individual_digits")
      return [.split(.characters(maps.digits), each ? .isolated : .contiguous, inverted: false)]
    case "Punctuation":
      return [.split(.characters(maps.punctuation), try behavior(value), inverted: false)]
    case "Whitespace": return [.split(.words, .removed, inverted: true)]
    case "WhitespaceSplit": return [.split(.characters(maps.spaces), .removed, inverted: false)]
    case "BertPreTokenizer":
      return [
        .split(.characters(maps.spaces), .removed, inverted: false),
        .split(.characters(maps.bertPunctuation), .isolated, inverted: false),
      ]
    case "CharDelimiterSplit":
      return [
        .split(
          .literal(json.optionalString(value, "delimiter") ?? []), .removed, inverted: false)
      ]
    case "Metaspace": return [try metaspace(value)]
    case let other: throw .unsupported(path, "pre_tokenizer \(other)")
    }
  }

  private func behavior(_ value: JSONDocument.Value) throws(TokenizeFailure) -> SplitBehavior {
    guard let name = json.optionalString(value, "behavior") else { return .isolated }
    guard let behavior = SplitBehavior(rawValue: String(decoding: name, as: UTF8.self)) else {
      throw .unsupported(path, "split behavior \(quoted(name))")
    }
    return behavior
  }

  private func metaspace(_ value: JSONDocument.Value) throws(TokenizeFailure) -> PretokenizerStep {
    let mark = json.optionalString(value, "replacement") ?? Array("▁".utf8)
    var scheme = PrependScheme.always
    if let name = json.optionalString(value, "prepend_scheme") {
      guard let known = PrependScheme(rawValue: String(decoding: name, as: UTF8.self)) else {
        throw .unsupported(path, "prepend_scheme \(quoted(name))")
      }
      scheme = known
    } else if !json.flag(value, "add_prefix_space", default: true) {
      scheme = .never
    }
    return .metaspace(mark: mark, scheme, splits: json.flag(value, "split", default: true))
  }
}

/// Reads a `pattern` object: a string or a regex.
struct PatternReader {
  let json: JSONDocument
  let path: String

  /// The pattern of `value`.
  func read(_ value: JSONDocument.Value) throws(TokenizeFailure) -> SplitPattern {
    guard let pattern = json.member(value, "pattern") else {
      throw .load(.malformed, path, at: json.offset(value), "no pattern", expected: "a pattern")
    }
    if let text = json.string(pattern) ?? json.optionalString(pattern, "String") {
      return .literal(text)
    }
    guard let source = json.optionalString(pattern, "Regex") else {
      throw .load(
        .malformed, path, at: json.offset(pattern), "a pattern of no known kind",
        expected: "String or Regex")
    }
    if let scheme = KnownPatterns.scheme(source) { return .scheme(scheme) }
    return .regex(try Regex(source, path: path))
  }
}
