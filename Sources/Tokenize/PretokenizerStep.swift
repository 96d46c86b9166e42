/// What becomes of the text that a pattern matches.
enum SplitBehavior: String, Sendable {
  case removed = "Removed"
  case isolated = "Isolated"
  case mergedWithPrevious = "MergedWithPrevious"
  case mergedWithNext = "MergedWithNext"
  case contiguous = "Contiguous"
}

/// Which text gets the leading mark of `Metaspace`.
enum PrependScheme: String, Sendable { case always, first, never }

/// One step of a `tokenizer.json` pre-tokenizer.
enum PretokenizerStep: Sendable {
  /// Cuts at what a pattern matches (with `inverted`, at what it does not match).
  case split(SplitPattern, SplitBehavior, inverted: Bool)
  /// Writes bytes with the byte alphabet, after GPT-2's pattern if `usesPattern`.
  case byteLevel(addsSpace: Bool, usesPattern: Bool)
  /// Spaces become a mark; pieces start at marks if `splits`.
  case metaspace(mark: [UInt8], PrependScheme, splits: Bool)
}

/// Text being cut: bytes, and the pieces of them in order.
struct Pieces {
  var bytes: [UInt8] = []
  var ranges: [Range<Int>] = []

  /// Makes one piece of text.
  mutating func start(_ text: UnsafeBufferPointer<UInt8>) {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(contentsOf: text)
    ranges.removeAll(keepingCapacity: true)
    if !bytes.isEmpty { ranges.append(0..<bytes.count) }
  }

  /// Applies a step. `isStart`: the first piece begins the document.
  mutating func apply(_ step: PretokenizerStep, isStart: Bool) {
    switch step {
    case .split(let pattern, let behavior, let inverted):
      split(pattern, behavior, inverted: inverted)
    case .byteLevel(let addsSpace, let usesPattern):
      if addsSpace {
        rewrite { text, _, out in
          if text.first != 0x20 { out.append(0x20) }
          out.append(contentsOf: text)
        }
      }
      if usesPattern { split(.scheme(.gpt2), .isolated, inverted: false) }
      rewrite { text, _, out in ByteAlphabet.appendText(of: text, to: &out) }
    case .metaspace(let mark, let scheme, let splits):
      rewrite { text, index, out in
        let begin = out.count
        for byte in text {
          if byte == 0x20 { out.append(contentsOf: mark) } else { out.append(byte) }
        }
        let wants = scheme == .always || scheme == .first && isStart && index == 0
        if wants && !out[begin...].starts(with: mark) { out.insert(contentsOf: mark, at: begin) }
      }
      if splits { split(.literal(mark), .mergedWithNext, inverted: false) }
    }
  }

  private mutating func rewrite(
    _ body: (UnsafeBufferPointer<UInt8>, Int, inout [UInt8]) -> Void
  ) {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count * 2)
    bytes.withUnsafeBufferPointer { text in
      for index in ranges.indices {
        let begin = out.count
        body(UnsafeBufferPointer(rebasing: text[ranges[index]]), index, &out)
        ranges[index] = begin..<out.count
      }
    }
    bytes = out
  }

  private mutating func split(_ pattern: SplitPattern, _ behavior: SplitBehavior, inverted: Bool) {
    var out: [Range<Int>] = []
    bytes.withUnsafeBufferPointer { text in
      for range in ranges {
        let matches = pattern.matches(UnsafeBufferPointer(rebasing: text[range]))
        if matches.isEmpty && !inverted {
          out.append(range)
          continue
        }
        Self.cut(range, matches, behavior, inverted: inverted, into: &out)
      }
    }
    ranges = out
  }

  private static func cut(
    _ range: Range<Int>, _ matches: [Range<Int>], _ behavior: SplitBehavior, inverted: Bool,
    into out: inout [Range<Int>]
  ) {
    var parts: [(range: Range<Int>, isMatch: Bool)] = []
    var from = range.lowerBound
    for match in matches {
      let start = range.lowerBound + match.lowerBound
      if start > from { parts.append((from..<start, inverted)) }
      from = range.lowerBound + match.upperBound
      parts.append((start..<from, !inverted))
    }
    if from < range.upperBound { parts.append((from..<range.upperBound, inverted)) }
    let first = out.count
    switch behavior {
    case .isolated: out += parts.map(\.range)
    case .removed: out += parts.filter { !$0.isMatch }.map(\.range)
    case .contiguous:
      var previous = false
      for part in parts {
        if part.isMatch == previous && out.count > first {
          out[out.count - 1] = out[out.count - 1].lowerBound..<part.range.upperBound
        } else {
          out.append(part.range)
        }
        previous = part.isMatch
      }
    case .mergedWithPrevious:
      var previous = false
      for part in parts {
        if part.isMatch && !previous && out.count > first {
          out[out.count - 1] = out[out.count - 1].lowerBound..<part.range.upperBound
        } else {
          out.append(part.range)
        }
        previous = part.isMatch
      }
    case .mergedWithNext:
      var merged: [Range<Int>] = []
      var previous = false
      for part in parts.reversed() {
        if part.isMatch && !previous, let last = merged.last {
          merged[merged.count - 1] = part.range.lowerBound..<last.upperBound
        } else {
          merged.append(part.range)
        }
        previous = part.isMatch
      }
      out += merged.reversed()
    }
  }
}
