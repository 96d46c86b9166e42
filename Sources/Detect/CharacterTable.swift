import CICU
import ShardifyCore

/// What detection knows of every code point: script, class, lower case, Han form.
///
/// Built once from ICU, in about 12 ms, as a two-stage table: a block number for every 128 code
/// points, and the blocks, each kept once.
final class CharacterTable: @unchecked Sendable {
  /// The table of the running ICU.
  static let shared = CharacterTable()

  /// A packed entry. Bits 0-7: script code, or the number of a script set if `isShared`.
  /// Bits 8-10: class. Bit 11: simplified Han only. Bit 12: traditional Han only.
  /// Bit 13: the script is shared or inherited. Bits 14-31: lower case minus code point, signed.
  struct Entry {
    var bits: UInt32

    @inline(__always) var script: Int { Int(bits & 0xFF) }
    @inline(__always) var kind: UInt32 { bits >> 8 & 7 }
    @inline(__always) var isLetter: Bool { kind == UInt32(CICU_LETTER) }
    /// A letter or a mark: part of a word.
    @inline(__always) var isWord: Bool { kind &- 1 < 2 }
    @inline(__always) var simplified: UInt32 { bits >> 11 & 1 }
    @inline(__always) var traditional: UInt32 { bits >> 12 & 1 }
    @inline(__always) var isShared: Bool { bits & 1 << 13 != 0 }
    @inline(__always) var lowerDelta: Int32 { Int32(bitPattern: bits) >> 14 }
  }

  static let blockBits: UInt32 = 7
  static let blockSize = 1 << Int(blockBits)
  static let blockCount = 0x11_0000 / blockSize
  static let scriptLimit = 256

  /// Block number of every 128 code points; 8,704 of them.
  let stageOne: UnsafePointer<UInt16>
  /// The blocks.
  let stageTwo: UnsafePointer<UInt32>
  /// The scripts of each shared set, as 256 bits; set 0 is empty.
  let sets: [ScriptSet]
  /// The tag of each script code; Zzzz where there is none.
  let names: [ScriptTag]
  /// For each script code, 256 bytes: which scripts its texts are written in. A script is written in
  /// itself; Jpan in Han and kana, Kore in Hangul and Han, Hans and Hant in Han and Bopomofo.
  private let writtenIn: UnsafePointer<UInt8>
  /// The classes that script histograms count.
  let classes: ScriptClasses
  /// The compositions of a lower-case letter and a mark.
  let compositions: CompositionTable
  /// ICU's version.
  let version: String

  /// The entry of a code point below 0x110000.
  @inline(__always)
  func entry(_ codePoint: UInt32) -> Entry {
    let block = stageOne[Int(codePoint >> Self.blockBits)]
    let place = Int(block) << Int(Self.blockBits) | Int(codePoint) & (Self.blockSize - 1)
    return Entry(bits: stageTwo[place])
  }

  /// Which script codes (256 bytes, 0 or 1) texts of a script are written in.
  @inline(__always)
  func scripts(of code: Int) -> UnsafePointer<UInt8> {
    writtenIn + (code & 0xFF) * Self.scriptLimit
  }

  /// The code of a script, or 255.
  func code(of tag: ScriptTag) -> Int { names.firstIndex(of: tag) ?? 255 }

  private init() {
    var builder = CharacterTableBuilder()
    builder.build()
    stageOne = Self.copied(builder.stageOne)
    stageTwo = Self.copied(builder.stageTwo)
    sets = builder.sets
    names = builder.names
    writtenIn = Self.copied(Self.joinedScripts(builder.names))
    compositions = CompositionTable()
    classes = Self.classes(builder)
    var text = [CChar](repeating: 0, count: 20)
    cicu_version(&text)
    version = String(
      decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func classes(_ builder: CharacterTableBuilder) -> ScriptClasses {
    ScriptClasses(
      { codePoint in
        let block = Int(builder.stageOne[Int(codePoint >> blockBits)])
        return Entry(
          bits: builder.stageTwo[block << Int(blockBits) | Int(codePoint) & (blockSize - 1)])
      }, han: builder.names.firstIndex(of: .han) ?? 255)
  }

  private static func joinedScripts(_ names: [ScriptTag]) -> [UInt8] {
    var table = [UInt8](repeating: 0, count: scriptLimit * scriptLimit)
    let joined: [(ScriptTag, [ScriptTag])] = [
      (.japanese, [.han, .hiragana, .katakana]), (.korean, [.hangul, .han]),
      (.simplifiedHan, [.han, .bopomofo]), (.traditionalHan, [.han, .bopomofo]),
    ]
    for code in 0..<scriptLimit {
      table[code * scriptLimit + code] = 1
      for (name, parts) in joined where names[code] == name {
        for part in names.indices where parts.contains(names[part]) {
          table[code * scriptLimit + part] = 1
        }
      }
    }
    return table
  }

  /// The process keeps the one table until it ends.
  private static func copied<T>(_ values: [T]) -> UnsafePointer<T> {
    let memory = UnsafeMutablePointer<T>.allocate(capacity: values.count)
    memory.initialize(from: values, count: values.count)
    return UnsafePointer(memory)
  }
}

/// A set of script codes.
struct ScriptSet: Hashable, Sendable {
  private var words: SIMD4<UInt64> = .zero
  /// The lowest code in the set, which ICU lists first; 255 if it is empty.
  private(set) var first = 255

  @inline(__always)
  func contains(_ code: Int) -> Bool { words[code >> 6 & 3] >> UInt64(code & 63) & 1 != 0 }

  mutating func insert(_ code: Int) {
    words[code >> 6 & 3] |= 1 << UInt64(code & 63)
    first = min(first, code)
  }
}
