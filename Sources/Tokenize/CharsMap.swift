import ShardifyCore

/// A precompiled character map of SentencePiece: a double-array trie from text to replacements.
struct CharsMap: Sendable {
  private let units: [UInt32]
  private let replacements: [UInt8]

  /// Reads the map; nil if it is cut or its sizes do not fit. Every step of a search is checked,
  /// so that offsets pointing outside find nothing.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 4 else { return nil }
    let words = bytes.withUnsafeBytes { raw in
      (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self) }
    }
    let size = Int(UInt32(littleEndian: words[0]))
    guard size % 4 == 0, size > 0, size <= bytes.count - 4 else { return nil }
    units = words[1...size / 4].map { UInt32(littleEndian: $0) }
    replacements = Array(bytes[(4 + size)...])
  }

  /// The keys that start at `start`, shortest first: (length, where the replacement starts).
  private func search(
    _ text: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int,
    _ found: (Int, Int) -> Bool
  ) {
    var node = 0
    guard !units.isEmpty else { return }
    var unit = units[0]
    node = Self.offset(unit)
    for at in start..<end {
      let byte = text[at]
      if byte == 0 { return }
      node ^= Int(byte)
      guard node < units.count else { return }
      unit = units[node]
      guard unit & 0x8000_00FF == UInt32(byte) else { return }
      node ^= Self.offset(unit)
      if unit >> 8 & 1 == 1 {
        guard node < units.count else { return }
        let value = Int(units[node] & 0x7FFF_FFFF)
        if !found(at - start + 1, value) { return }
      }
    }
  }

  private static func offset(_ unit: UInt32) -> Int {
    Int(unit >> 10) << Int((unit & 0x200) >> 6)
  }

  /// The replacement that starts at an offset: bytes up to a NUL.
  private func replacement(_ offset: Int) -> ArraySlice<UInt8> {
    guard offset < replacements.count else { return [] }
    let end = replacements[offset...].firstIndex(of: 0) ?? replacements.endIndex
    return replacements[offset..<end]
  }

  /// Whether the replacement that starts at an offset is one space.
  private func isSpace(_ offset: Int) -> Bool {
    offset < replacements.count && replacements[offset] == 0x20
      && (offset + 1 == replacements.count || replacements[offset + 1] == 0)
  }

  /// The longest key at `start` and its replacement, or nil.
  func longest(_ text: UnsafeBufferPointer<UInt8>, from start: Int)
    -> (length: Int, replacement: ArraySlice<UInt8>)?
  {
    var best: (Int, Int)?
    search(text, from: start, to: text.count) { length, value in
      best = (length, value)
      return true
    }
    return best.map { ($0.0, replacement($0.1)) }
  }

  /// The replacement of a key, if it has at most `limit` bytes.
  func replacement(of key: UnsafeBufferPointer<UInt8>, limit: Int) -> ArraySlice<UInt8>? {
    var found: Int?
    search(key, from: 0, to: key.count) { length, value in
      if length == key.count { found = value }
      return true
    }
    guard let found, found < replacements.count else { return nil }
    let part = replacements[found...].prefix(limit + 1)
    let end = part.firstIndex(of: 0) ?? part.endIndex
    return end - found > limit ? nil : replacements[found..<end]
  }

  /// Calls `body` with the first one and two bytes of each key; the second is nil for keys of one.
  func forEachStart(_ body: (UInt8, UInt8?) -> Void) {
    guard let first = units.first else { return }
    let root = Self.offset(first)
    for byte in UInt8(1)...UInt8.max {
      guard let (node, isEnd) = child(root, byte) else { continue }
      if isEnd { body(byte, nil) }
      for second in UInt8(1)...UInt8.max where child(node, second) != nil { body(byte, second) }
    }
  }

  /// Whether all replacements are UTF-8, without `▁` and two spaces in a row.
  var isRegular: Bool {
    let parts = replacements.split(separator: 0)
    let isUTF8 = replacements.withUnsafeBytes { UTF8Check.firstError($0, 0..<$0.count) } == nil
    return isUTF8
      && parts.allSatisfy { part in
        !part.indices.contains { index in
          part[index...].starts(with: [0x20, 0x20])
            || part[index...].starts(with: SentencePieceText.mark)
        }
      }
  }

  /// Whether a key starts with a byte.
  func startsKey(_ byte: UInt8) -> Bool {
    units.first.map { child(Self.offset($0), byte) != nil } ?? false
  }

  /// Calls `alone` with each character that is a key, whether it becomes a space and whether longer
  /// keys start with it, and `later` with each that comes second or later in a key. Returns false if
  /// a key ends inside a character, or if that would take more than `budget` steps, as in no known
  /// map.
  func forEachCharacter(
    budget: Int, alone: (UInt32, Bool, Bool) -> Void, later: (UInt32) -> Void
  ) -> Bool {
    guard let first = units.first else { return true }
    var steps = budget
    var looks = budget
    // Tails of keys are shared: each is looked at once.
    var seen = [Bool](repeating: false, count: units.count)
    var open: [Int] = []
    let isWhole = forEachCharacter(after: Self.offset(first), &steps) { scalar, node, isEnd in
      looks -= 255
      if looks < 0 { return }
      let isStart = (UInt8(1)...UInt8.max).contains { child(node, $0) != nil }
      if isEnd { alone(scalar, isSpace(Int(units[node] & 0x7FFF_FFFF)), isStart) }
      if isStart { open.append(node) }
    }
    guard isWhole && looks >= 0 else { return false }
    while let node = open.popLast() {
      if seen[node] { continue }
      seen[node] = true
      let isWhole = forEachCharacter(after: node, &steps) { scalar, next, _ in
        later(scalar)
        open.append(next)
      }
      if !isWhole { return false }
    }
    return true
  }

  /// Calls `body` with each character that keys have after a node, and where that leads to.
  private func forEachCharacter(
    after node: Int, _ steps: inout Int, _ body: (UInt32, Int, Bool) -> Void
  ) -> Bool {
    var open: [(node: Int, scalar: UInt32, left: Int)] = [(node, 0, -1)]
    while let place = open.popLast() {
      steps -= 255
      if steps < 0 { return false }
      for byte in place.left < 0 ? UInt8(1)...0xF4 : UInt8(0x80)...0xBF {
        guard let (next, isEnd) = child(place.node, byte), next < units.count else { continue }
        let left = place.left < 0 ? Self.tailLength(byte) : place.left - 1
        let bits = place.left >= 0 ? 0x3F : byte < 0x80 ? 0x7F : UInt8(0x3F) >> UInt8(max(left, 1))
        let scalar = place.scalar << 6 | UInt32(byte & bits)
        if left == 0 {
          body(scalar, next, isEnd)
        } else if left > 0 {
          if isEnd { return false }
          open.append((next, scalar, left))
        }
      }
    }
    return true
  }

  /// How many bytes follow a first byte; -1 for a byte that is none.
  private static func tailLength(_ byte: UInt8) -> Int {
    byte < 0x80 ? 0 : byte < 0xC2 ? -1 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3
  }

  private func child(_ node: Int, _ byte: UInt8) -> (node: Int, isEnd: Bool)? {
    let place = node ^ Int(byte)
    guard place < units.count, units[place] & 0x8000_00FF == UInt32(byte) else { return nil }
    return (place ^ Self.offset(units[place]), units[place] >> 8 & 1 == 1)
  }

  /// The length of the longest key at `start` and where its replacement lies, or nil.
  @inline(__always)
  func longestRange(_ text: UnsafeBufferPointer<UInt8>, from start: Int)
    -> (length: Int, replacement: Range<Int>)?
  {
    var length = 0
    var value = 0
    search(text, from: start, to: text.count) {
      (length, value) = ($0, $1)
      return true
    }
    guard length > 0 else { return nil }
    var end = value
    while end < replacements.count && replacements[end] != 0 { end &+= 1 }
    return (length, min(value, end)..<end)
  }

  /// Bytes of a replacement that `longestRange` gave.
  @inline(__always)
  func withReplacement(_ range: Range<Int>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
    replacements.withUnsafeBufferPointer {
      let isInside = range.upperBound <= $0.count
      body(UnsafeBufferPointer(rebasing: isInside ? $0[range] : $0[0..<0]))
    }
  }

  /// The replacement of the shortest key that `range` starts with, or nil.
  private func shortest(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>)
    -> ArraySlice<UInt8>?
  {
    var first: Int?
    search(text, from: range.lowerBound, to: range.upperBound) { _, value in
      first = value
      return false
    }
    return first.map { replacement($0) }
  }

  /// Appends text as Hugging Face maps it: each grapheme cluster below six bytes by the shortest
  /// key it starts with, else character by character.
  func appendByGrapheme(_ text: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
    guard let base = text.baseAddress else { return }
    var at = 0
    while at < text.count {
      let end = Graphemes.end(text, from: at)
      if end - at < 6, let mapped = shortest(text, at..<end) {
        out.append(contentsOf: mapped)
        at = end
        continue
      }
      while at < end {
        let length = UTF8Check.length(base, at: at, end: text.count)
        let next = at + max(1, length)
        if let mapped = shortest(text, at..<next) {
          out.append(contentsOf: mapped)
        } else {
          out.append(contentsOf: text[at..<next])
        }
        at = next
      }
    }
  }
}
