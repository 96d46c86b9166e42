import ShardifyCore

/// A parsed JSON text: a flat list of nodes over the bytes, which must outlive it.
///
/// Strict RFC 8259: no comments, no trailing commas, strings of valid UTF-8 and paired surrogates.
/// Depth is bounded, and memory is at most 24 bytes for each two bytes of text.
struct JSONDocument {
  /// What a node is.
  enum Kind: UInt8 { case null, bool, number, string, array, object }

  struct Node {
    /// First byte of the value (of a string: after the quote).
    var start: Int
    /// Past its last byte (of a string: at the closing quote).
    var end: Int
    /// The index of the node after this one and all it holds.
    var next: Int32
    var kind: Kind
    /// Whether a string holds escapes.
    var isEscaped: Bool
  }

  /// Deeper nesting is refused.
  static let maxDepth = 64

  /// The text.
  let bytes: UnsafeRawBufferPointer
  /// Values in text order; the first is the root. In an object, keys and values alternate.
  private(set) var nodes: [Node] = []

  /// Parses all of `bytes`. `path` names the file in errors.
  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(TokenizeFailure) {
    self.bytes = bytes
    guard bytes.count < 1 << 31 else {
      throw .load(.malformed, path, "\(bytes.count) bytes", expected: "less than 2 GiB")
    }
    var parser = JSONParser(bytes: bytes, path: path)
    parser.nodes.reserveCapacity(bytes.count / 12 + 16)
    try parser.parseAll()
    nodes = parser.nodes
  }

  /// A value in the document.
  struct Value {
    let index: Int
  }

  /// The value that is the whole document.
  var root: Value { Value(index: 0) }

  /// What a value is.
  func kind(_ value: Value) -> Kind { nodes[value.index].kind }

  /// Where a value starts, for errors.
  func offset(_ value: Value) -> Int { nodes[value.index].start }

  /// The values of an array, or keys and values of an object in turn.
  func children(_ value: Value) -> Children {
    let node = nodes[value.index]
    let holds = node.kind == .array || node.kind == .object
    return Children(document: self, at: value.index + 1, end: holds ? Int(node.next) : 0)
  }

  /// Walks the values inside another.
  struct Children: Sequence, IteratorProtocol {
    let document: JSONDocument
    var at: Int
    let end: Int

    mutating func next() -> Value? {
      guard at < end else { return nil }
      defer { at = Int(document.nodes[at].next) }
      return Value(index: at)
    }
  }

  /// The value of a key (the last, if it stands twice), or nil; also nil if this is no object.
  func member(_ value: Value, _ key: StaticString) -> Value? {
    guard kind(value) == .object else { return nil }
    let wanted = UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
    var found: Value?
    var walk = children(value)
    while let name = walk.next(), let member = walk.next() {
      if rawBytes(name).elementsEqual(wanted) { found = member }
    }
    return found
  }

  /// A string's bytes between the quotes, escapes as they stand.
  func rawBytes(_ value: Value) -> UnsafeRawBufferPointer {
    let node = nodes[value.index]
    return UnsafeRawBufferPointer(rebasing: bytes[node.start..<node.end])
  }

  /// A string's UTF-8; nil if the value is no string.
  func string(_ value: Value) -> [UInt8]? {
    let node = nodes[value.index]
    guard node.kind == .string else { return nil }
    var out: [UInt8] = []
    appendString(value, to: &out)
    return out
  }

  /// Appends a string's UTF-8.
  func appendString(_ value: Value, to out: inout [UInt8]) {
    let raw = rawBytes(value)
    guard nodes[value.index].isEscaped else {
      out.append(contentsOf: raw)
      return
    }
    JSONEscapes.appendUnescaped(raw, to: &out)
  }

  /// A string as Swift text; nil if the value is no string.
  func text(_ value: Value) -> String? { string(value).map { String(decoding: $0, as: UTF8.self) } }

  /// A boolean; nil if the value is none.
  func bool(_ value: Value) -> Bool? {
    nodes[value.index].kind == .bool ? bytes[nodes[value.index].start] == 0x74 : nil
  }

  /// A whole number from 0 to 2^53; nil if the value is anything else.
  func integer(_ value: Value) -> Int? {
    guard nodes[value.index].kind == .number else { return nil }
    var result = 0
    for byte in rawBytes(value) {
      guard byte >= 0x30, byte <= 0x39, result < 1 << 53 else { return nil }
      result = result * 10 + Int(byte - 0x30)
    }
    return result
  }

  /// A number, rounded as Hugging Face tokenizers rounds it; nil if the value is none.
  func double(_ value: Value) -> Double? {
    guard nodes[value.index].kind == .number else { return nil }
    return JSONNumber.double(rawBytes(value))
  }

  /// Whether a value is there and is not `null`.
  func isPresent(_ value: Value?) -> Bool { value.map { kind($0) != .null } ?? false }

  /// The value without layout, keys sorted by bytes, strings unescaped and length-prefixed: what
  /// fingerprints are made of.
  func canonical(_ value: Value?) -> [UInt8] {
    guard let value else { return Array("null".utf8) }
    var out: [UInt8] = []
    switch kind(value) {
    case .string:
      let text = string(value) ?? []
      out = Array("\(text.count):".utf8) + text
    case .array:
      out = Array("[".utf8)
      for child in children(value) { out += canonical(child) + Array(",".utf8) }
      out += Array("]".utf8)
    case .object:
      var members: [(key: [UInt8], value: [UInt8])] = []
      var walk = children(value)
      while let key = walk.next(), let member = walk.next() {
        members.append((canonical(key), canonical(member)))
      }
      members.sort { $0.key.lexicographicallyPrecedes($1.key) }
      out = Array("{".utf8)
      for member in members { out += member.key + member.value }
      out += Array("}".utf8)
    default: out = Array(rawBytes(value))
    }
    return out
  }
}
