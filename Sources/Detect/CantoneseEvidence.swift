import ShardifyCore

/// The characters that written Cantonese has and written Mandarin has not.
///
/// Cantonese prose of some length always has some of them, so a longer text without any is not given
/// the label `yue_Hant`. A short one may lack them by chance: there the model decides alone.
enum CantoneseEvidence {
  /// Letters from which the evidence is asked for.
  static let leastLetters = 60

  static let label = LanguageTag("yue_Hant")

  private static let characters: [UInt32] = "嘅唔咗喺佢哋嚟啲冇嘢咁嗰乜攞噉啱咩喎嘞晒冚孖揾搵諗俾畀"
    .unicodeScalars.map(\.value).sorted()

  /// Whether one of the characters occurs in a part of `text`.
  static func occurs(in text: UnsafeRawBufferPointer, _ ranges: [Range<Int>]) -> Bool {
    guard let start = text.baseAddress else { return false }
    let base = start.assumingMemoryBound(to: UInt8.self)
    return characters.withUnsafeBufferPointer { characters in
      for range in ranges {
        var place = range.lowerBound
        while place < range.upperBound {
          let codePoint = UTF8Decoder.next(base, &place, text.count)
          if codePoint >= 0x4E00, codePoint < 0xA000, characters.contains(codePoint) {
            return true
          }
        }
      }
      return false
    }
  }
}
