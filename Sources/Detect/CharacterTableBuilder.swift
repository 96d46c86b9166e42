import CICU
import ShardifyCore

/// Asks ICU about every code point and packs the answers.
struct CharacterTableBuilder {
  var stageOne: [UInt16] = []
  var stageTwo: [UInt32] = []
  /// Filled by `build`: Swift 6.3 lays out a literal of vectors, aligned to 32, in too little space.
  var sets: [ScriptSet] = []
  var names: [ScriptTag] = []
  private var setNumbers: [ScriptSet: UInt32] = [:]
  private var blocks: [ArraySlice<UInt32>: UInt16] = [:]
  private let variants = HanVariants()

  /// Fills the stages. Planes 4 to 13 hold nothing, planes 15 and 16 are private.
  mutating func build() {
    sets.reserveCapacity(256)
    sets.append(ScriptSet())
    names = (0..<Int32(CharacterTable.scriptLimit)).map { code in
      guard code < 255, let name = cicu_script_name(code) else { return .unknown }
      return ScriptTag(String(cString: name)) ?? .unknown
    }
    let common = names.firstIndex(of: .common) ?? 0
    let inherited = names.firstIndex(of: .inherited) ?? 1
    for first in stride(from: UInt32(0), to: 0x110000, by: 0x1_0000) {
      let kind: Int32? =
        switch first >> 16 {
        case 4...13: Int32(CICU_UNASSIGNED)
        case 15...16: Int32(CICU_PRIVATE)
        default: nil
        }
      if let kind {
        append([UInt32](repeating: UInt32(kind) << 8 | 255, count: 0x1_0000))
      } else {
        append(plane(first, common: common, inherited: inherited))
      }
    }
  }

  /// The entries of 65,536 code points.
  private mutating func plane(_ first: UInt32, common: Int, inherited: Int) -> [UInt32] {
    let count = 0x1_0000
    var script = [UInt8](repeating: 0, count: count)
    var kind = [UInt8](repeating: 0, count: count)
    var lower = [UInt32](repeating: 0, count: count)
    cicu_fill(first, UInt32(count), &script, &kind, &lower)
    var entries = [UInt32](repeating: 0, count: count)
    for i in 0..<count {
      let codePoint = first + UInt32(i)
      var bits = UInt32(script[i]) | UInt32(kind[i]) << 8
      let isWord = kind[i] == UInt8(CICU_LETTER) || kind[i] == UInt8(CICU_MARK)
      if isWord, Int(script[i]) == common || Int(script[i]) == inherited {
        bits = setNumber(of: codePoint, except: [common, inherited]) | UInt32(kind[i]) << 8
        bits |= 1 << 13
      }
      let delta = Int32(bitPattern: lower[i]) &- Int32(bitPattern: codePoint)
      if abs(delta) < 1 << 17 { bits |= UInt32(bitPattern: delta << 14) }
      entries[i] = bits
    }
    for (codePoint, bit) in variants.bits where codePoint >> 16 == first >> 16 {
      entries[Int(codePoint & 0xFFFF)] |= bit
    }
    return entries
  }

  /// The number of the set of scripts that share a character; 0 if it says nothing.
  private mutating func setNumber(of codePoint: UInt32, except: [Int]) -> UInt32 {
    var codes = [Int32](repeating: 0, count: 64)
    let count = Int(cicu_script_extensions(codePoint, &codes, 64))
    var set = ScriptSet()
    for code in codes.prefix(count) where code >= 0 && code < 255 && !except.contains(Int(code)) {
      set.insert(Int(code))
    }
    guard set.first != 255 else { return 0 }
    if let number = setNumbers[set] { return number }
    guard sets.count < 256 else { return 0 }
    setNumbers[set] = UInt32(sets.count)
    sets.append(set)
    return UInt32(sets.count - 1)
  }

  /// Adds blocks, keeping equal ones once.
  private mutating func append(_ entries: [UInt32]) {
    for start in stride(from: 0, to: entries.count, by: CharacterTable.blockSize) {
      let block = entries[start..<start + CharacterTable.blockSize]
      if let known = blocks[block] {
        stageOne.append(known)
      } else {
        let number = UInt16(truncatingIfNeeded: stageTwo.count / CharacterTable.blockSize)
        blocks[block] = number
        stageTwo.append(contentsOf: block)
        stageOne.append(number)
      }
    }
  }
}
