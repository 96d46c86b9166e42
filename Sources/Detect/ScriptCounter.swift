import CICU
import CSIMD

/// Counts the scripts of a text in one pass. One per thread: it owns its counters.
///
/// A letter or mark counts for its script. One that several scripts share (Common and Inherited in
/// ICU's words: the Arabic tatweel, the kana length mark, combining accents) counts for the script
/// of the letter before it where that is among them, else for the first of them; where nothing is
/// known of it, for the letter before it. Digits, punctuation, symbols and space do not count.
final class ScriptCounter {
  let table = CharacterTable.shared
  /// Letters and marks by script code; place 255 holds those of no known script.
  let counts: UnsafeMutablePointer<UInt64>
  /// Characters that only simplified, or only traditional Chinese uses.
  private(set) var simplified: UInt64 = 0
  private(set) var traditional: UInt64 = 0
  /// Code points of private use, unassigned ones, and bytes that are not UTF-8.
  private(set) var privateUse: UInt64 = 0
  private(set) var unassigned: UInt64 = 0
  private(set) var invalidBytes: UInt64 = 0
  private let latin: Int

  init() {
    counts = .allocate(capacity: CharacterTable.scriptLimit)
    counts.initialize(repeating: 0, count: CharacterTable.scriptLimit)
    latin = table.code(of: .latin)
  }

  deinit { counts.deallocate() }

  /// Counts all of `text`, forgetting what was counted before.
  func count(_ text: UnsafeRawBufferPointer) {
    counts.update(repeating: 0, count: CharacterTable.scriptLimit)
    (simplified, traditional, privateUse, unassigned, invalidBytes) = (0, 0, 0, 0, 0)
    guard let start = text.baseAddress else { return }
    let base = start.assumingMemoryBound(to: UInt8.self)
    var last = 255
    var place = 0
    let end = text.count
    while place &+ 16 <= end {
      if csimd_high16(base + place) == 0 {
        let letters = csimd_letters16(base + place).nonzeroBitCount
        if letters != 0 { last = latin }
        counts[latin] &+= UInt64(letters)
        place &+= 16
      } else {
        scan(base, &place, place &+ 16, end, &last)
      }
    }
    scan(base, &place, end, end, &last)
  }

  /// Counts code points one by one until `stop` is reached or passed.
  @inline(__always)
  private func scan(
    _ base: UnsafePointer<UInt8>, _ place: inout Int, _ stop: Int, _ end: Int, _ last: inout Int
  ) {
    var han: UInt32 = 0
    while place < stop {
      let codePoint = UTF8Decoder.next(base, &place, end)
      if codePoint == UTF8Decoder.invalid {
        invalidBytes &+= 1
        continue
      }
      let entry = table.entry(codePoint)
      if entry.isWord {
        if entry.isShared {
          countShared(entry.script, &last)
        } else {
          last = entry.script
          counts[last] &+= 1
        }
        // Two 16-bit counters in one word; `stop` is at most 16 bytes away or the tail.
        han &+= entry.simplified | entry.traditional << 16
      } else if entry.kind >= CICU_PRIVATE {
        if entry.kind == CICU_PRIVATE { privateUse &+= 1 } else { unassigned &+= 1 }
      }
    }
    simplified &+= UInt64(han & 0xFFFF)
    traditional &+= UInt64(han >> 16)
  }

  private func countShared(_ number: Int, _ last: inout Int) {
    let set = table.sets[number]
    if !set.contains(last), set.first != 255 { last = set.first }
    counts[last] &+= 1
  }
}
