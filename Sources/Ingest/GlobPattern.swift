/// A file name pattern over UTF-8: `*` and `?` stay inside one name, `[a-c]` and `[!a]` match one
/// character, `**` as a whole name matches any number of folders.
struct GlobPattern {
  /// Whether a path holds any character that a pattern gives a meaning.
  static func isPattern(_ path: String) -> Bool {
    path.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") || $0 == 0x5B }
  }

  private let scalars: [Unicode.Scalar]

  /// A pattern of one name, without slashes.
  init(_ name: some StringProtocol) { scalars = Array(name.unicodeScalars) }

  /// Whether a whole name matches. A leading dot must be named.
  func matches(_ name: String) -> Bool {
    let text = Array(name.unicodeScalars)
    if text.first == "." && scalars.first != "." { return false }
    // The usual two-pointer match: on a mismatch the last star takes one character more.
    var (p, t) = (0, 0)
    var star: (pattern: Int, text: Int)?
    while t < text.count {
      if p < scalars.count, scalars[p] == "*" {
        star = (p, t)
        p += 1
      } else if let next = matchOne(text[t], at: p) {
        p = next
        t += 1
      } else if let last = star {
        star = (last.pattern, last.text + 1)
        (p, t) = (last.pattern + 1, last.text + 1)
      } else {
        return false
      }
    }
    return scalars[p...].allSatisfy { $0 == "*" }
  }

  /// Where the pattern goes on after one character; nil if that does not match.
  private func matchOne(_ scalar: Unicode.Scalar, at p: Int) -> Int? {
    guard p < scalars.count else { return nil }
    switch scalars[p] {
    case "?": return p + 1
    case "[":
      guard let set = bracket(at: p) else { return scalar == "[" ? p + 1 : nil }
      return set.ranges.contains { $0.contains(scalar) } != set.isNegated ? set.next : nil
    default: return scalars[p] == scalar ? p + 1 : nil
    }
  }

  /// The set that opens at `p`; nil if it is not closed, and the bracket stands for itself.
  private func bracket(
    at p: Int
  ) -> (ranges: [ClosedRange<Unicode.Scalar>], isNegated: Bool, next: Int)? {
    var i = p + 1
    var isNegated = false
    if i < scalars.count, scalars[i] == "!" || scalars[i] == "^" {
      isNegated = true
      i += 1
    }
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    let first = i
    while i < scalars.count {
      // A closing bracket that comes first stands for itself.
      if scalars[i] == "]" && i > first { return (ranges, isNegated, i + 1) }
      if i + 2 < scalars.count, scalars[i + 1] == "-", scalars[i + 2] != "]" {
        if scalars[i] <= scalars[i + 2] { ranges.append(scalars[i]...scalars[i + 2]) }
        i += 3
      } else {
        ranges.append(scalars[i]...scalars[i])
        i += 1
      }
    }
    return nil
  }
}
