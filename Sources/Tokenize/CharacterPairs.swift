import ShardifyCore

/// The `SurePairs` of the 255 characters that most merges need, and the symbols of all characters.
///
/// Nothing is sure of other characters, which all have the number 0.
final class CharacterPairs: @unchecked Sendable {
  typealias Merge = (left: TokenID, right: TokenID, rank: UInt32)

  /// The bits of a symbol above these are the character's number.
  static let idBits: UInt32 = 21
  static let idMask: TokenID = 1 << idBits - 1

  /// What merges see of a token: its first and last character, and whether it is but one.
  private struct Ends {
    var first: UInt32
    var last: UInt32
    var isOne: Bool
  }

  let known = SurePairs()
  /// As `BPEModel.characterTokens`, with the numbers in the upper bits; shape [65536].
  let symbols: UnsafeMutablePointer<TokenID>

  /// Takes all merges, each pair once, in the order in which they are made, with the `numbers` that
  /// stand for ranks, if not these; the token that each rank makes, and of each character.
  ///
  /// Nil where a symbol of a merge may stand for something else than its text.
  init?(
    _ merges: [Merge], by numbers: [UInt32]?, merged: [TokenID], tokens: TokenTable,
    characters: UnsafePointer<TokenID>, options: BPEModel.Options
  ) {
    symbols = .allocate(capacity: 65536)
    symbols.update(from: characters, count: 65536)
    guard options.frozen == nil else { return nil }
    var isOther = [Bool](repeating: false, count: tokens.count)
    for id in (options.byteFallback ?? []) + [options.unknown ?? TokenTable.none] {
      if Int(id) < isOther.count { isOther[Int(id)] = true }
    }
    var ends = [Ends?](repeating: nil, count: tokens.count)
    for id in ends.indices where !isOther[id] {
      ends[id] = Self.ends(TokenID(id), tokens, characters)
    }
    // The least number of a merge that has a token for a part.
    var uses = [UInt32](repeating: .max, count: tokens.count)
    var counts = [Int](repeating: 0, count: 65536)
    for merge in merges {
      guard let left = ends[Int(merge.left)], let right = ends[Int(merge.right)] else {
        return nil
      }
      let number = numbers.map { $0[Int(merge.rank)] } ?? merge.rank
      uses[Int(merge.left)] = min(uses[Int(merge.left)], number)
      uses[Int(merge.right)] = min(uses[Int(merge.right)], number)
      if left.isOne && left.first < 65536 { counts[Int(left.first)] += 1 }
      if right.isOne && right.first < 65536 { counts[Int(right.first)] += 1 }
    }
    let places = Self.number(counts)
    for (scalar, place) in places.enumerated() where place > 0 {
      symbols[scalar] |= TokenID(place) << Self.idBits
    }
    let place = { (scalar: UInt32) in scalar < 65536 ? Int(places[Int(scalar)]) : 0 }
    for merge in merges {
      guard let left = ends[Int(merge.left)], let right = ends[Int(merge.right)] else { continue }
      let number = numbers.map { $0[Int(merge.rank)] } ?? merge.rank
      let (last, first) = (place(left.last), place(right.first))
      known.add(
        last: last, isWhole: left.isOne, first: first, isWhole: right.isOne, rank: number,
        isSure: last > 0 && first > 0 && uses[Int(merged[Int(merge.rank)])] > number)
    }
  }

  deinit { symbols.deallocate() }

  /// Nil for what is not text of characters, or is a character that is another token.
  private static func ends(
    _ id: TokenID, _ tokens: TokenTable, _ characters: UnsafePointer<TokenID>
  ) -> Ends? {
    let bytes = tokens.bytes(of: id)
    guard let base = bytes.baseAddress, bytes.count > 0 else { return nil }
    var ends: Ends?
    var at = 0
    while at < bytes.count {
      let length = UTF8Check.length(base, at: at, end: bytes.count)
      if length == 0 { return nil }
      let scalar = UTF8Check.scalar(base, at: at, length: length)
      ends = Ends(first: ends?.first ?? scalar, last: scalar, isOne: ends == nil)
      at += length
    }
    if let ends, ends.isOne, ends.first < 65536, characters[Int(ends.first)] != id { return nil }
    return ends
  }

  /// Numbers the characters of the highest counts from 1 on, in the order of code points: those of
  /// a script stand side by side in memory. Of equal counts, the lower code points have numbers.
  private static func number(_ counts: [Int]) -> [UInt8] {
    var order = counts.indices.filter { counts[$0] > 0 }
    order.sort { counts[$0] != counts[$1] ? counts[$0] > counts[$1] : $0 < $1 }
    var numbers = [UInt8](repeating: 0, count: counts.count)
    for (index, scalar) in order.prefix(SurePairs.numberCount - 1).sorted().enumerated() {
      numbers[scalar] = UInt8(index + 1)
    }
    return numbers
  }
}
