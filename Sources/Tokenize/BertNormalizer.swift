/// The BertNormalizer of Hugging Face: cleaning, spaces around Han, accents, case.
struct BertNormalizer: Sendable {
  let cleansText: Bool
  let padsHan: Bool
  let stripsAccents: Bool
  let lowercases: Bool

  /// Appends the normalized text.
  func append(_ text: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
    let maps = ScalarMaps.shared
    var cleaned: [UInt8] = []
    cleaned.reserveCapacity(text.count + text.count / 4)
    // Runs that stand as they are, are copied whole.
    var copied = 0
    var at = 0
    forEachScalar(text) { scalar, bytes in
      let start = at
      at &+= bytes.count
      if scalar >= 0x20 && scalar < 0x7F { return }
      let isRemoved = cleansText && maps.bertRemoved.contains(scalar)
      let isSpace = cleansText && !isRemoved && maps.bertSpaces.contains(scalar)
      let isPadded = padsHan && maps.bertHan.contains(scalar)
      guard isRemoved || isSpace || isPadded else { return }
      cleaned.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<start]))
      copied = at
      if isRemoved { return }
      cleaned.append(0x20)
      if isSpace { return }
      cleaned.append(contentsOf: bytes)
      cleaned.append(0x20)
    }
    cleaned.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied...]))
    if stripsAccents { strip(&cleaned) }
    cleaned.withUnsafeBufferPointer {
      if lowercases { maps.appendLowercase($0, to: &out) } else { out.append(contentsOf: $0) }
    }
  }

  /// Decomposes text and takes the marks out.
  private func strip(_ cleaned: inout [UInt8]) {
    let marks = ScalarMaps.shared.bertMarks
    var decomposed: [UInt8] = []
    decomposed.reserveCapacity(cleaned.count + cleaned.count / 4)
    cleaned.withUnsafeBufferPointer { UnicodeForm.nfd.append($0, to: &decomposed) }
    cleaned.removeAll(keepingCapacity: true)
    decomposed.withUnsafeBufferPointer { text in
      var copied = 0
      var at = 0
      forEachScalar(text) { scalar, bytes in
        let start = at
        at &+= bytes.count
        guard scalar >= 0x300 && marks.contains(scalar) else { return }
        cleaned.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<start]))
        copied = at
      }
      cleaned.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied...]))
    }
  }
}
