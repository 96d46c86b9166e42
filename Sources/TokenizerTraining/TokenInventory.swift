import Tokenize

/// The tokens of a byte-level vocabulary while it grows: special tokens, the 256 bytes, merges.
struct TokenInventory {
  /// Special tokens, which come first.
  let specialCount: Int
  /// Bytes of each token; shape [ids].
  private(set) var tokens: [[UInt8]] = []
  /// Length of each token in bytes; shape [ids].
  private(set) var lengths: [Int32] = []
  /// Pairs in the order in which they were merged, and their tokens.
  private(set) var merges: [(left: UInt32, right: UInt32, merged: UInt32)] = []
  /// The place of each byte among the first 256 ids; shape [256].
  let ranks: [UInt8]
  private let known = WordTable()
  /// The id of each word in `known`.
  private var knownIDs: [UInt32] = []

  init(specialTokens: [String]) {
    specialCount = specialTokens.count
    var ranks = [UInt8](repeating: 0, count: 256)
    for (rank, byte) in ByteLevelText.order.enumerated() { ranks[Int(byte)] = UInt8(rank) }
    self.ranks = ranks
    for token in specialTokens {
      let text = Array(token.utf8)
      tokens.append(text)
      // A vocabulary tells tokens apart by their text: merges must not make that text again.
      let bytes = ByteLevelText.bytes(of: text)
      lengths.append(Int32(clamping: bytes?.count ?? 0))
      if let bytes { remember(bytes, UInt32(tokens.count - 1)) }
    }
    for byte in ByteLevelText.order { add([byte]) }
  }

  /// Ids so far.
  var count: Int { tokens.count }

  /// The id of the first byte.
  var firstID: UInt32 { UInt32(specialCount) }

  /// The id of the token that a pair makes, if it is there already.
  func id(joining left: UInt32, _ right: UInt32) -> UInt32? {
    known.index(of: tokens[Int(left)] + tokens[Int(right)]).map { knownIDs[$0] }
  }

  /// Adds a merge; makes its token unless it is there.
  mutating func merge(_ left: UInt32, _ right: UInt32) -> UInt32 {
    let merged: UInt32
    if let id = id(joining: left, right) {
      merged = id
    } else {
      merged = UInt32(count)
      add(tokens[Int(left)] + tokens[Int(right)])
    }
    merges.append((left, right, merged))
    return merged
  }

  private mutating func add(_ bytes: [UInt8]) {
    tokens.append(bytes)
    lengths.append(Int32(bytes.count))
    remember(bytes, UInt32(tokens.count - 1))
  }

  private mutating func remember(_ bytes: [UInt8], _ id: UInt32) {
    guard known.index(of: bytes) == nil else { return }
    bytes.withUnsafeBufferPointer { pointer in
      guard let base = pointer.baseAddress else { return }
      known.add(base, pointer.count)
      knownIDs.append(id)
    }
  }
}
