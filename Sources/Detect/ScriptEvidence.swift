import CICU
import ShardifyCore

/// Whether a text in a script that one label alone is written in is that label's language.
///
/// A model cannot tell: whatever the text, the one label gets all of the probability. So the text must
/// show itself to be running text: enough letters, and pairs of neighbouring letters that are common in
/// the language's training text. `models/script_evidence.py` made the lists and the least shares.
struct ScriptEvidence: Sendable {
  /// Pairs of letters below which no text is judged: it is undetermined.
  static let leastPairs = 4
  /// Pairs that are looked at; more would not change the answer.
  static let mostPairs = 2000

  private let least: Double
  private let scriptCode: Int
  /// Sorted pairs, the first letter in the high half.
  private let pairs: [UInt64]

  /// The evidence that each of the scripts asks for.
  static let all: [ScriptTag: ScriptEvidence] = {
    var all: [ScriptTag: ScriptEvidence] = [:]
    for (script, least, text) in lists {
      let scalars = text.description.unicodeScalars.map { UInt64($0.value) }
      let pairs = stride(from: 0, to: scalars.count - 1, by: 2).map {
        scalars[$0] << 32 | scalars[$0 + 1]
      }
      all[script] = ScriptEvidence(
        least: Double(least) / 1000, scriptCode: CharacterTable.shared.code(of: script),
        pairs: pairs.sorted())
    }
    return all
  }()

  /// How likely a text is running text of the language, in 1/10,000; 5,000 at the least share.
  func probability(_ text: UnsafeRawBufferPointer, _ ranges: [Range<Int>]) -> UInt16 {
    let (seen, common) = count(text, ranges)
    guard seen >= Self.leastPairs else { return 0 }
    let ratio = Double(common) / Double(seen) / least
    // From the ratio's fourth power: 1/2 at the least share, 0.94 at twice of it.
    let power = ratio * ratio * ratio * ratio
    return Probability.fixed(power / (1 + power))
  }

  private func count(
    _ text: UnsafeRawBufferPointer, _ ranges: [Range<Int>]
  ) -> (seen: Int, common: Int) {
    guard let start = text.baseAddress else { return (0, 0) }
    let base = start.assumingMemoryBound(to: UInt8.self)
    let table = CharacterTable.shared
    var (seen, common) = (0, 0)
    for range in ranges {
      var place = range.lowerBound
      var last: UInt64 = 0
      while place < range.upperBound, seen < Self.mostPairs {
        let codePoint = UTF8Decoder.next(base, &place, text.count)
        let entry = codePoint == UTF8Decoder.invalid ? nil : table.entry(codePoint)
        guard let entry, entry.isWord, !entry.isShared, entry.script == scriptCode else {
          last = 0
          continue
        }
        if last != 0 {
          seen += 1
          if contains(last << 32 | UInt64(codePoint)) { common += 1 }
        }
        last = UInt64(codePoint)
      }
    }
    return (seen, common)
  }

  private func contains(_ pair: UInt64) -> Bool {
    var (low, high) = (0, pairs.count)
    while low < high {
      let middle = (low + high) / 2
      if pairs[middle] < pair { low = middle + 1 } else { high = middle }
    }
    return low < pairs.count && pairs[low] == pair
  }
}
