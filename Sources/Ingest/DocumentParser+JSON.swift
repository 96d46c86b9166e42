import ShardifyCore

/// One line of JSONL.
extension DocumentParser {
  /// Nil if the line is blank.
  func parseLine(
    _ raw: UnsafeRawBufferPointer, base: UnsafeRawPointer, offset: Int
  ) -> ParsedItem? {
    var bytes = Self.trimmed(raw)
    if bytes.isEmpty { return nil }
    if let reject = checkUTF8(&bytes, base: base, offset: offset) { return .reject(reject) }
    guard let start = bytes.baseAddress else { return nil }
    if scratch.capacity < bytes.count {
      scratch = PaddedBytes(capacity: bytes.count + bytes.count / 4)
    }
    // In a repaired copy offsets count from its own start.
    let origin = repaired == nil ? base : start
    var line = JSONLine(start, end: start + bytes.count, output: scratch.base)
    let isObject = line.byte == UInt8(ascii: "{")
    let isSound = isObject ? takeObject(&line) : line.skipValue(depth: 0)
    if !isSound { return .reject(.syntax(line, base: origin, offset: offset)) }
    line.skipSpace()
    if line.at != line.end {
      line.expected = "the end of the line"
      return .reject(.syntax(line, base: origin, offset: offset))
    }
    if !isObject {
      return .reject(
        Reject(reason: .notAnObject, offset: offset, detail: "not a JSON object"))
    }
    if let reject = checkValues(offset: offset) {
      return .reject(reject.reason == .missingText ? naming(reject, bytes) : reject)
    }
    return .document(
      ParsedDocument(
        text: content(WantedFields.text), id: content(WantedFields.id),
        source: content(WantedFields.source), language: content(WantedFields.language),
        numbers: UnsafeBufferPointer(numbers), offset: offset))
  }

  /// Adds the keys that a sound object has instead of the text's.
  private func naming(_ reject: Reject, _ bytes: UnsafeRawBufferPointer) -> Reject {
    guard let start = bytes.baseAddress else { return reject }
    var line = JSONLine(start, end: start + bytes.count, output: scratch.base)
    var names: [String] = []
    line.at += 1
    line.skipSpace()
    while line.byte == UInt8(ascii: "\"") {
      var key = JSONLine.Value()
      guard line.takeString(&key) else { break }
      names.append(
        String(
          decoding: UnsafeRawBufferPointer(start: key.start, count: min(40, key.byteCount)),
          as: UTF8.self
        ).debugDescription)
      line.skipSpace()
      guard line.take(UInt8(ascii: ":"), "a colon"), line.skipValue(depth: 1) else { break }
      line.skipSpace()
      if names.count > 8 || line.byte != UInt8(ascii: ",") { break }
      line.at += 1
      line.skipSpace()
    }
    if names.isEmpty { return reject }
    let more = names.count > 8 ? ", ..." : ""
    return Reject(
      reason: reject.reason, offset: reject.offset,
      detail: reject.detail + ", but " + names.prefix(8).joined(separator: ", ") + more)
  }

  /// Without JSON's white space at both ends.
  private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
    var (from, to) = (0, bytes.count)
    while from < to, isSpace(bytes[from]) { from += 1 }
    while to > from, isSpace(bytes[to - 1]) { to -= 1 }
    return UnsafeRawBufferPointer(rebasing: bytes[from..<to])
  }

  /// Takes the line's object and keeps the wanted values. `line` is on the brace.
  private func takeObject(_ line: inout JSONLine) -> Bool {
    values.withUnsafeMutableBufferPointer { values in
      for slot in values.indices { values[slot] = JSONLine.Value() }
      line.at += 1
      line.skipSpace()
      if line.byte == UInt8(ascii: "}") {
        line.at += 1
        return true
      }
      while true {
        guard takeMember(&line, values) else { return false }
        line.skipSpace()
        if line.byte == UInt8(ascii: "}") {
          line.at += 1
          return true
        }
        guard line.take(UInt8(ascii: ","), "a comma or a closing brace") else { return false }
      }
    }
  }

  /// Takes a key, the colon and the value.
  private func takeMember(
    _ line: inout JSONLine, _ values: UnsafeMutableBufferPointer<JSONLine.Value>
  ) -> Bool {
    guard line.byte == UInt8(ascii: "\"") else { return line.fail("a key in quotes") }
    var key = JSONLine.Value()
    guard line.takeString(&key) else { return false }
    line.skipSpace()
    guard line.take(UInt8(ascii: ":"), "a colon") else { return false }
    guard let first = fields.slot(of: key.start, count: key.byteCount, from: 0) else {
      return line.skipValue(depth: 1)
    }
    guard takeWanted(&line, &values[first.slot]) else { return false }
    // The same key may be wanted twice, say as the id and as a number.
    var entry = first.next
    while let more = fields.slot(of: key.start, count: key.byteCount, from: entry) {
      values[more.slot] = values[first.slot]
      entry = more.next
    }
    return true
  }

  private func takeWanted(_ line: inout JSONLine, _ value: inout JSONLine.Value) -> Bool {
    switch line.byte {
    case UInt8(ascii: "\""):
      return line.takeString(&value)
    case UInt8(ascii: "-"), 0x30...0x39:
      let start = line.at
      guard line.skipNumber() else { return false }
      value = JSONLine.Value(kind: .number, start: start, byteCount: line.at - start)
      return true
    case UInt8(ascii: "n"):
      value = JSONLine.Value(kind: .null)
    default:
      value = JSONLine.Value(kind: .other)
    }
    return line.skipValue(depth: 1)
  }

  /// The bytes of a string or number; empty for anything else.
  private func content(_ slot: Int) -> UnsafeRawBufferPointer {
    let value = values[slot]
    return UnsafeRawBufferPointer(start: value.start, count: value.byteCount)
  }

  /// What is wrong with the values of a sound object; fills `numbers`.
  private func checkValues(offset: Int) -> Reject? {
    switch values[WantedFields.text].kind {
    case .absent:
      return Reject(
        reason: .missingText, offset: offset, detail: "no field \(quoted(options.textField))")
    case .string: break
    default:
      return Reject(
        reason: .textNotString, offset: offset,
        detail: "field \(quoted(options.textField)) is no string")
    }
    for slot in 0..<WantedFields.firstNumber {
      if values[slot].hasLoneSurrogate && !options.repairUTF8 {
        return Reject(
          reason: .invalidUTF8, offset: offset,
          detail: "half of a surrogate pair in field \(quoted(fieldName(slot)))")
      }
      if values[slot].hasNUL && !options.takesAnyText {
        return Reject(
          reason: .nulByte, offset: offset,
          detail: "a NUL character in field \(quoted(fieldName(slot)))")
      }
    }
    // A source or a language is a string; an id may be a number.
    for slot in [WantedFields.source, WantedFields.language] where values[slot].kind == .number {
      values[slot] = JSONLine.Value()
    }
    if !options.takesAnyText && Whitespace.fills(content(WantedFields.text)) {
      return Reject(reason: .emptyText, offset: offset, detail: "only white space")
    }
    for index in numbers.indices {
      guard let number = number(WantedFields.firstNumber + index) else {
        return Reject(
          reason: .numericFieldInvalid, offset: offset,
          detail: "field \(quoted(options.numericFields[index])) is no finite number")
      }
      numbers[index] = number
    }
    return nil
  }

  /// NaN if absent or null; nil if it is no finite number.
  private func number(_ slot: Int) -> Double? {
    switch values[slot].kind {
    case .absent, .null: return .nan
    case .number: return JSONNumber.value(content(slot))
    case .string, .other: return nil
    }
  }

  private func fieldName(_ slot: Int) -> String {
    switch slot {
    case WantedFields.text: options.textField
    case WantedFields.id: options.idField
    case WantedFields.source: options.sourceField ?? ""
    default: options.languageField ?? ""
    }
  }

  private func quoted(_ name: String) -> String { "\"\(name)\"" }
}
