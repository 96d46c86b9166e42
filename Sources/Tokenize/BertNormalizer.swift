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
    forEachScalar(text) { scalar, bytes in
      if scalar >= 0x20 && scalar < 0x7F {
        cleaned.append(UInt8(truncatingIfNeeded: scalar))
        return
      }
      if cleansText {
        if maps.bertRemoved.contains(scalar) { return }
        if maps.bertSpaces.contains(scalar) {
          cleaned.append(0x20)
          return
        }
      }
      let isPadded = padsHan && maps.bertHan.contains(scalar)
      if isPadded { cleaned.append(0x20) }
      cleaned.append(contentsOf: bytes)
      if isPadded { cleaned.append(0x20) }
    }
    if stripsAccents {
      var decomposed: [UInt8] = []
      cleaned.withUnsafeBufferPointer { UnicodeForm.nfd.append($0, to: &decomposed) }
      cleaned.removeAll(keepingCapacity: true)
      decomposed.withUnsafeBufferPointer {
        forEachScalar($0) { scalar, bytes in
          if scalar < 0x300 || !maps.bertMarks.contains(scalar) {
            cleaned.append(contentsOf: bytes)
          }
        }
      }
    }
    cleaned.withUnsafeBufferPointer {
      if lowercases { maps.appendLowercase($0, to: &out) } else { out.append(contentsOf: $0) }
    }
  }
}
