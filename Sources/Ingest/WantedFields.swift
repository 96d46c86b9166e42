import Glibc

/// The JSON keys that are kept, each with its slot. One key may fill several slots.
struct WantedFields {
  static let text = 0
  static let id = 1
  static let source = 2
  static let language = 3
  static let firstNumber = 4

  /// A key's UTF-8 and the slot it fills.
  private let keys: [(name: [UInt8], slot: Int)]
  let slotCount: Int

  init(_ options: DocumentOptions) {
    var keys: [(name: [UInt8], slot: Int)] = [
      (Array(options.textField.utf8), Self.text), (Array(options.idField.utf8), Self.id),
    ]
    if let field = options.sourceField { keys.append((Array(field.utf8), Self.source)) }
    if let field = options.languageField { keys.append((Array(field.utf8), Self.language)) }
    for (index, field) in options.numericFields.enumerated() {
      keys.append((Array(field.utf8), Self.firstNumber + index))
    }
    self.keys = keys
    slotCount = Self.firstNumber + options.numericFields.count
  }

  /// The first slot at or after entry `entry` whose key has these bytes, and the entry to go on
  /// from; nil if there is none.
  @inline(__always)
  func slot(
    of start: UnsafeRawPointer?, count: Int, from entry: Int
  ) -> (slot: Int, next: Int)? {
    for index in entry..<keys.count {
      let key = keys[index]
      guard key.name.count == count else { continue }
      let isSame = key.name.withUnsafeBytes { bytes in
        guard let start, let base = bytes.baseAddress else { return count == 0 }
        return memcmp(base, start, count) == 0
      }
      if isSame { return (key.slot, index + 1) }
    }
    return nil
  }
}
