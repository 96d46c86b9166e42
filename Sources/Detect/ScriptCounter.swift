import CICU
import CSIMD

/// Counts the scripts of a text in one pass. One per thread: it owns its counters.
///
/// A letter or mark counts for its script. One that several scripts share (Common and Inherited in
/// ICU's words: the Arabic tatweel, the kana length mark, combining accents) counts for the script
/// of the letter before it where that is among them, else for the first of them; where nothing is
/// known of it, for the letter before it. Digits, punctuation, symbols and space do not count.
///
/// Text is taken in blocks of 64 bytes. Which bytes lead two- and three-byte sequences is known
/// from compare masks, so that the loop over them has no branch that depends on the text; all but
/// shared letters may be counted in any order, and those look back for the letter they follow. A
/// block that is not UTF-8, and the last bytes of a text, are decoded one code point at a time.
final class ScriptCounter {
  let table = CharacterTable.shared
  /// Letters and marks by script code; place 255 holds those of no known script.
  let counts: UnsafeMutablePointer<UInt64>
  /// The scripts that occur, by code, in ascending order.
  private let seen: UnsafeMutablePointer<UInt8>
  private var seenCount = 0
  /// Characters that only simplified, or only traditional Chinese uses.
  private(set) var simplified: UInt64 = 0
  private(set) var traditional: UInt64 = 0
  /// Code points of private use, unassigned ones, and bytes that are not UTF-8.
  private(set) var privateUse: UInt64 = 0
  private(set) var unassigned: UInt64 = 0
  private(set) var invalidBytes: UInt64 = 0
  private let latin: Int
  private let han: Int

  /// Counts of two lanes by class.
  private let lanes: UnsafeMutablePointer<UInt32>
  private static let laneSize = 256
  private static let laneCount = 2
  private var counter: csimd_script_counter
  /// Lanes hold 32 bits, so they are emptied before so many bytes are through.
  private static let flushBytes = 1 << 30

  /// The last shared letter that was counted, and what it counted for.
  private var sharedPlace = -1
  private var sharedScript = 255

  init() {
    counts = .allocate(capacity: CharacterTable.scriptLimit)
    counts.initialize(repeating: 0, count: CharacterTable.scriptLimit)
    seen = .allocate(capacity: CharacterTable.scriptLimit)
    seen.initialize(repeating: 0, count: CharacterTable.scriptLimit)
    lanes = .allocate(capacity: Self.laneSize * Self.laneCount)
    lanes.initialize(repeating: 0, count: Self.laneSize * Self.laneCount)
    latin = table.code(of: .latin)
    han = table.code(of: .han)
    counter = csimd_script_counter(
      two_byte: table.classes.twoByte, three_byte: table.classes.threeByte, lanes: lanes,
      stopping: UInt32(ScriptClasses.shared), letters: 0)
  }

  deinit {
    counts.deallocate()
    seen.deallocate()
    lanes.deallocate()
  }

  /// The codes of the scripts that occur, 255 for letters of no known script, in ascending order.
  var codes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: seen, count: seenCount) }

  /// Counts all of `text`, forgetting what was counted before.
  func count(_ text: UnsafeRawBufferPointer) {
    for code in codes { counts[Int(code)] = 0 }
    seenCount = 0
    (simplified, traditional, privateUse, unassigned, invalidBytes) = (0, 0, 0, 0, 0)
    (sharedPlace, sharedScript) = (-1, 255)
    guard let start = text.baseAddress else { return }
    let base = start.assumingMemoryBound(to: UInt8.self)
    var place = 0
    while place < text.count {
      countPart(base, &place, min(text.count, place &+ Self.flushBytes), text.count)
    }
    sortOut()
  }

  /// Counts up to `stop`.
  private func countPart(_ base: UnsafePointer<UInt8>, _ place: inout Int, _ stop: Int, _ end: Int)
  {
    counter.letters = 0
    while true {
      let found = csimd_count_scripts(&counter, base, place, stop)
      place = found.place
      switch found.reason {
      case Int32(CSIMD_NOT_UTF8): scan(base, &place, place &+ 64, end)
      case Int32(CSIMD_ATTENTION):
        lanes[Int(ScriptClasses.shared)] = 0
        lanes[Self.laneSize + Int(ScriptClasses.shared)] = 0
        attend(base, place, found.leads, end)
        place &+= found.width
      default:
        scan(base, &place, stop, end)
        counts[latin] &+= counter.letters
        flush()
        return
      }
    }
  }

  /// Counts the sequences of four bytes and the shared letters of a block, first to last.
  private func attend(_ base: UnsafePointer<UInt8>, _ start: Int, _ leads: UInt64, _ end: Int) {
    var rest = leads
    while rest != 0 {
      var at = start &+ rest.trailingZeroBitCount
      rest &= rest &- 1
      let first = at
      let codePoint = UTF8Decoder.next(base, &at, end)
      guard codePoint != UTF8Decoder.invalid else {
        // Beyond U+10FFFF: none of the four bytes is part of a code point.
        if base[first] >= 0xF0 { invalidBytes &+= 4 }
        continue
      }
      let entry = table.entry(codePoint)
      let kind = ScriptClasses.classify(entry, han: han)
      if kind == ScriptClasses.shared {
        countShared(base, first, entry.script, end)
      } else if codePoint >= 0x1_0000 || base[first] >= 0xF0 {
        lanes[Int(kind)] &+= 1
      }
    }
  }

  /// Counts the shared letter at `place`, whose scripts are set `number`.
  private func countShared(_ base: UnsafePointer<UInt8>, _ place: Int, _ number: Int, _ end: Int) {
    var last = scriptBefore(base, place, end)
    let set = table.sets[number]
    if !set.contains(last), set.first != 255 { last = set.first }
    counts[last] &+= 1
    (sharedPlace, sharedScript) = (place, last)
  }

  /// The script of the last letter before `place`, or 255. Looks back no further than the shared
  /// letter counted last, so that all looking back together passes over the text once.
  private func scriptBefore(_ base: UnsafePointer<UInt8>, _ place: Int, _ end: Int) -> Int {
    var at = place &- 1
    while at > sharedPlace {
      let byte = base[at]
      if byte < 0x80 {
        if (byte | 0x20) &- 0x61 < 26 { return latin }
      } else if byte >= 0xC2 {
        var after = at
        let codePoint = UTF8Decoder.next(base, &after, end)
        if codePoint != UTF8Decoder.invalid {
          let entry = table.entry(codePoint)
          if entry.isWord { return entry.isShared ? sharedScript : entry.script }
        }
      }
      at &-= 1
    }
    return sharedScript
  }

  /// Counts code points one by one until `stop` is reached or passed.
  private func scan(
    _ base: UnsafePointer<UInt8>, _ place: inout Int, _ stop: Int, _ end: Int
  ) {
    while place < stop {
      let at = place
      if place &+ 16 <= stop, csimd_high16(base + place) == 0 {
        counter.letters &+= UInt64(csimd_letters16(base + place).nonzeroBitCount)
        place &+= 16
        continue
      }
      let codePoint = UTF8Decoder.next(base, &place, end)
      if codePoint == UTF8Decoder.invalid {
        invalidBytes &+= 1
        continue
      }
      let entry = table.entry(codePoint)
      let kind = ScriptClasses.classify(entry, han: han)
      if kind == ScriptClasses.shared {
        countShared(base, at, entry.script, end)
      } else {
        lanes[Int(kind)] &+= 1
      }
    }
  }

  /// Adds what the lanes hold to the counts, and empties them.
  private func flush() {
    for start in stride(from: 0, to: Self.laneSize, by: 8) {
      guard
        Self.isUsed(UnsafePointer(lanes + start))
          || Self.isUsed(UnsafePointer(lanes + Self.laneSize + start))
      else {
        continue
      }
      for kind in start..<start &+ 8 {
        counts[kind] &+= UInt64(lanes[kind]) &+ UInt64(lanes[Self.laneSize &+ kind])
        lanes[kind] = 0
        lanes[Self.laneSize &+ kind] = 0
      }
    }
  }

  /// Whether one of 32 bytes is not zero.
  @inline(__always)
  private static func isUsed<T>(_ memory: UnsafePointer<T>) -> Bool {
    let raw = UnsafeRawPointer(memory)
    let first = raw.loadUnaligned(as: UInt64.self)
    let second = raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
    let third = raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
    return first | second | third | raw.loadUnaligned(fromByteOffset: 24, as: UInt64.self) != 0
  }

  /// Takes what is not a script out of the counts.
  private func sortOut() {
    func take(_ kind: UInt8) -> UInt64 {
      defer { counts[Int(kind)] = 0 }
      return counts[Int(kind)]
    }
    simplified = take(ScriptClasses.simplified)
    traditional = take(ScriptClasses.traditional)
    counts[han] &+= simplified &+ traditional
    privateUse = take(ScriptClasses.privateUse)
    unassigned = take(ScriptClasses.unassigned)
    invalidBytes &+= 2 &* take(ScriptClasses.overlong)
    _ = take(ScriptClasses.other)
    for start in stride(from: 0, to: CharacterTable.scriptLimit, by: 4)
    where Self.isUsed(UnsafePointer(counts + start)) {
      for code in start..<start &+ 4 where counts[code] != 0 {
        seen[seenCount] = UInt8(truncatingIfNeeded: code)
        seenCount &+= 1
      }
    }
  }
}
