import ShardifyCore

/// Reads JSON into nodes, one pass, no recursion deeper than `JSONDocument.maxDepth`.
struct JSONParser {
  let bytes: UnsafeRawBufferPointer
  let path: String
  var nodes: [JSONDocument.Node] = []
  private var at = 0

  init(bytes: UnsafeRawBufferPointer, path: String) {
    self.bytes = bytes
    self.path = path
  }

  /// Parses one value and nothing after it.
  mutating func parseAll() throws(TokenizeFailure) {
    skipSpace()
    try value(depth: 0)
    skipSpace()
    if at < bytes.count { throw failure("text after the value", expected: "the end of the file") }
  }

  private func failure(_ found: String, expected: String) -> TokenizeFailure {
    .load(.malformed, path, at: at, "bad JSON, \(found)", expected: expected)
  }

  private func unexpected(_ expected: String) -> TokenizeFailure {
    guard at < bytes.count else {
      return failure("the end of the file", expected: expected)
    }
    return failure(quoted(bytes[at...at]), expected: expected)
  }

  private mutating func skipSpace() {
    while at < bytes.count {
      let byte = bytes[at]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      at += 1
    }
  }

  private mutating func add(_ kind: JSONDocument.Kind, from start: Int) {
    nodes.append(
      .init(start: start, end: at, next: Int32(nodes.count + 1), kind: kind, isEscaped: false))
  }

  private mutating func value(depth: Int) throws(TokenizeFailure) {
    guard at < bytes.count else { throw unexpected("a value") }
    let start = at
    switch bytes[at] {
    case 0x22: try string()
    case 0x7B: try container(.object, depth: depth)
    case 0x5B: try container(.array, depth: depth)
    case 0x74: try word("true", .bool, from: start)
    case 0x66: try word("false", .bool, from: start)
    case 0x6E: try word("null", .null, from: start)
    case 0x2D, 0x30...0x39: try number()
    default: throw unexpected("a value")
    }
  }

  private mutating func word(_ word: StaticString, _ kind: JSONDocument.Kind, from start: Int)
    throws(TokenizeFailure)
  {
    for index in 0..<word.utf8CodeUnitCount {
      guard at < bytes.count, bytes[at] == word.utf8Start[index] else {
        throw unexpected("\(word)")
      }
      at += 1
    }
    add(kind, from: start)
  }

  private mutating func digits() throws(TokenizeFailure) {
    guard at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 else {
      throw unexpected("a digit")
    }
    while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 { at += 1 }
  }

  private mutating func number() throws(TokenizeFailure) {
    let start = at
    if bytes[at] == 0x2D { at += 1 }
    let first = at
    try digits()
    if bytes[first] == 0x30 && at > first + 1 {
      at = first
      throw failure("a number with a leading 0", expected: "no leading 0")
    }
    if at < bytes.count, bytes[at] == 0x2E {
      at += 1
      try digits()
    }
    if at < bytes.count, bytes[at] | 0x20 == 0x65 {
      at += 1
      if at < bytes.count, bytes[at] == 0x2B || bytes[at] == 0x2D { at += 1 }
      try digits()
    }
    add(.number, from: start)
  }

  private mutating func container(_ kind: JSONDocument.Kind, depth: Int) throws(TokenizeFailure) {
    guard depth < JSONDocument.maxDepth else {
      throw failure(
        "nesting deeper than \(JSONDocument.maxDepth)",
        expected: "at most \(JSONDocument.maxDepth) levels")
    }
    let index = nodes.count
    let start = at
    let close: UInt8 = kind == .object ? 0x7D : 0x5D
    at += 1
    add(kind, from: start)
    skipSpace()
    if at < bytes.count, bytes[at] == close {
      at += 1
    } else {
      while true {
        if kind == .object { try key() }
        try value(depth: depth + 1)
        skipSpace()
        guard at < bytes.count, bytes[at] == 0x2C || bytes[at] == close else {
          throw unexpected(kind == .object ? "',' or '}'" : "',' or ']'")
        }
        at += 1
        if bytes[at - 1] == close { break }
        skipSpace()
      }
    }
    nodes[index].end = at
    nodes[index].next = Int32(nodes.count)
  }

  private mutating func key() throws(TokenizeFailure) {
    guard at < bytes.count, bytes[at] == 0x22 else { throw unexpected("a key") }
    try string()
    skipSpace()
    guard at < bytes.count, bytes[at] == 0x3A else { throw unexpected("':'") }
    at += 1
    skipSpace()
  }

  private mutating func string() throws(TokenizeFailure) {
    at += 1
    let start = at
    var escaped = false
    var wide = false
    while true {
      guard at < bytes.count else { throw unexpected("the end of a string") }
      let byte = bytes[at]
      if byte == 0x22 { break }
      if byte == 0x5C {
        escaped = true
        guard let length = JSONEscapes.length(bytes, at: at) else {
          throw failure("a bad escape", expected: "\\n, \\u1234 or another JSON escape")
        }
        at += length
        continue
      }
      guard byte >= 0x20 else { throw failure("a control character", expected: "an escape") }
      if byte >= 0x80 { wide = true }
      at += 1
    }
    if wide, let bad = UTF8Check.firstError(bytes, start..<at) {
      at = bad
      throw failure("bytes that are not UTF-8", expected: "UTF-8")
    }
    nodes.append(
      .init(
        start: start, end: at, next: Int32(nodes.count + 1), kind: .string, isEscaped: escaped))
    at += 1
  }
}
