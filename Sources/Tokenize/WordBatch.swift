import CSIMD
import ShardifyCore

/// Words waiting to be looked up in a cache of their ids. One per thread.
///
/// Add words until it is full, each asks for its cache line; then take them in order.
final class WordBatch {
  static let capacity = 64

  let cache: PieceCache
  private(set) var count = 0
  private let keys: UnsafeMutablePointer<PieceCache.Key>
  /// 24 bytes of ones, 24 of zeros, and 32 for the last bytes of a text.
  private let masks: UnsafeMutablePointer<UInt8>

  init(cacheBits: Int) {
    cache = PieceCache(lineCount: 1 << cacheBits)
    keys = .allocate(capacity: Self.capacity)
    keys.initialize(repeating: PieceCache.Key(), count: Self.capacity)
    masks = .allocate(capacity: 80)
    masks.initialize(repeating: 0, count: 80)
    masks.update(repeating: 0xFF, count: 24)
  }

  deinit {
    keys.deallocate()
    masks.deallocate()
  }

  var isFull: Bool { count == Self.capacity }

  /// Adds a word with `left` bytes to the end of the text.
  @inline(__always)
  func add(_ bytes: UnsafePointer<UInt8>, _ length: Int, left: Int) {
    if length > PieceCache.maxKeyBytes {
      keys[count].length = length
    } else if left >= 24 {
      keys[count] = PieceCache.Key(bytes, length, masks)
      cache.prefetch(keys[count].hash)
    } else {
      let padded = masks + 48
      padded.update(from: bytes, count: length)
      keys[count] = PieceCache.Key(padded, length, masks)
    }
    count &+= 1
  }

  /// Adds a word that is not to be looked up.
  @inline(__always)
  func addNone() {
    keys[count].length = 0
    count &+= 1
  }

  /// The key of a word; of those over 24 bytes only the length counts.
  @inline(__always) subscript(_ index: Int) -> PieceCache.Key { keys[index] }

  func removeAll() { count = 0 }
}

/// Where text in which spaces are `▁` parts into words.
enum MarkedWords {
  /// Whether no token has a `▁` after another character, so that nothing reaches across the place
  /// before a `▁`; `▁` itself must be a token.
  static func areApart(_ tokens: TokenTable, where isWanted: (Int) -> Bool) -> Bool {
    guard let mark = tokens.id(of: SentencePieceText.mark), isWanted(Int(mark)) else {
      return false
    }
    for id in 0..<tokens.count where isWanted(id) {
      let bytes = tokens.bytes(of: TokenID(id))
      var wasMark = true
      var at = 0
      while at < bytes.count {
        let isMark = bytes[at] == 0xE2 && bytes[at...].starts(with: SentencePieceText.mark)
        if isMark && !wasMark { return false }
        wasMark = isMark
        at += isMark ? 3 : 1
      }
    }
    return true
  }

  /// Whether a word starts with `▁▁`; no other place of a word holds two of them.
  @inline(__always)
  static func startsWithTwo(_ word: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    count >= 6 && word[0] == 0xE2 && word[1] == 0x96 && word[2] == 0x81 && word[3] == 0xE2
      && word[4] == 0x96 && word[5] == 0x81
  }

  /// Whether bytes are only `▁`.
  static func isRun(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    bytes.count % 3 == 0
      && bytes.indices.allSatisfy { bytes[$0] == SentencePieceText.mark[$0 % 3] }
  }

  /// Where the word that starts at `start` ends: before the first `▁` that follows another
  /// character.
  @inline(__always)
  static func end(_ base: UnsafePointer<UInt8>, _ count: Int, from start: Int) -> Int {
    var at = start
    while at &+ 2 < count && base[at] == 0xE2 && base[at &+ 1] == 0x96 && base[at &+ 2] == 0x81 {
      at &+= 3
    }
    while at < count {
      if at &+ 16 <= count {
        let leads = csimd_equal16(base + at, 0xE2)
        at &+= leads == 0 ? 16 : leads.trailingZeroBitCount
        if leads == 0 { continue }
      }
      if base[at] == 0xE2 && at &+ 2 < count && base[at &+ 1] == 0x96 && base[at &+ 2] == 0x81 {
        return at
      }
      at &+= 1
    }
    return count
  }
}
