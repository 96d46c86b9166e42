/// What a splitting step looks for.
enum SplitPattern: Sendable {
  /// A fixed string.
  case literal([UInt8])
  case regex(Regex)
  /// A regex that has a scanner of its own; it covers all text.
  case scheme(KnownScheme)
  /// Single characters of a set.
  case characters(ScalarSet)
  /// Runs of word characters, and runs of what is neither word nor space.
  case words

  /// What the pattern matches in valid UTF-8, in order, without overlap or empty matches.
  func matches(_ text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    guard let base = text.baseAddress else { return [] }
    var out: [Range<Int>] = []
    switch self {
    case .literal(let wanted):
      guard !wanted.isEmpty else { return [] }
      var at = 0
      while at + wanted.count <= text.count {
        if text[at] == wanted[0], text[at..<at + wanted.count].elementsEqual(wanted) {
          out.append(at..<at + wanted.count)
          at += wanted.count
        } else {
          at += 1
        }
      }
    case .regex(let regex): return regex.matches(Self.scan(text, base))
    case .scheme(let scheme):
      let scan = Self.scan(text, base)
      var at = 0
      while at < text.count {
        let end = scheme.end(scan, from: at)
        out.append(at..<end)
        at = end
      }
    case .characters(let set):
      var at = 0
      forEachScalar(text) { scalar, bytes in
        if set.contains(scalar) { out.append(at..<at + bytes.count) }
        at += bytes.count
      }
    case .words: appendWords(text, to: &out)
    }
    return out
  }

  private static func scan(_ text: UnsafeBufferPointer<UInt8>, _ base: UnsafePointer<UInt8>)
    -> ScanText
  {
    ScanText(base: base, end: text.count, classes: CharacterClasses.shared.table)
  }

  private func appendWords(_ text: UnsafeBufferPointer<UInt8>, to out: inout [Range<Int>]) {
    var at = 0
    var last = 0
    forEachScalar(text) { scalar, bytes in
      let maps = ScalarMaps.shared
      let kind = maps.word.contains(scalar) ? 1 : maps.spaces.contains(scalar) ? 0 : 2
      let end = at + bytes.count
      if kind != 0 {
        if kind == last, let open = out.last {
          out[out.count - 1] = open.lowerBound..<end
        } else {
          out.append(at..<end)
        }
      }
      last = kind
      at = end
    }
  }
}

extension KnownScheme {
  /// Where the pretoken starting at an index ends.
  func end(_ text: ScanText, from index: Int) -> Int {
    switch self {
    case .gpt2: GPT2Scheme.end(text, from: index)
    case .cl100k: CL100KScheme<ThreeDigits>.end(text, from: index)
    case .cl100kWholeEnd: CL100KScheme<ThreeDigitsWholeEnd>.end(text, from: index)
    case .qwen2: CL100KScheme<OneDigit>.end(text, from: index)
    case .o200k: O200KScheme.end(text, from: index)
    case .kimi: KimiScheme.end(text, from: index)
    case .whole: text.end
    }
  }
}
