import ShardifyCore

/// The script of a text in the words of language tags, and how sure it is.
///
/// ICU's scripts are joined where one way of writing uses several: kana with Han is Jpan, Hangul
/// with Han is Kore, Han alone is Hans or Hant by the characters that only one of them uses.
struct WritingSystem: Equatable {
  /// The script, or Zyyy if the text has no letters.
  var script: ScriptTag
  /// ICU's code of `script`.
  var code: Int
  /// Han without evidence for simplified or traditional: both are to be tried.
  var isUndecidedHan = false
  /// Letters and marks of the text.
  var letters: UInt64
  /// Letters in this script, in 1/10,000 of `letters`.
  var share: UInt16
  /// Another script has at least a tenth of the letters.
  var isMixed: Bool
  /// The text it was counted in is UTF-8 throughout.
  var isUTF8 = false
}

/// Decides the writing system from counted scripts.
struct WritingSystemResolver {
  private let names: [ScriptTag]
  /// What a letter of each script weighs.
  private let weights: [UInt64]
  private let isEast: [Bool]
  private let han: Int
  private let kana: [Int]
  private let hangul: Int
  private let japanese: Int
  private let korean: Int
  private let simplified: Int
  private let traditional: Int

  private static let twoByteScripts: [ScriptTag] = [
    ScriptTag(named: "Arab"), ScriptTag(named: "Armn"), ScriptTag(named: "Cyrl"),
    ScriptTag(named: "Grek"), ScriptTag(named: "Hebr"), ScriptTag(named: "Nkoo"),
    ScriptTag(named: "Syrc"), ScriptTag(named: "Thaa"),
  ]

  init(_ table: CharacterTable) {
    names = table.names
    weights = table.names.map { $0 == .latin ? 1 : Self.twoByteScripts.contains($0) ? 2 : 3 }
    let east: [ScriptTag] = [.han, .hiragana, .katakana, .hangul, .bopomofo]
    isEast = table.names.map { east.contains($0) }
    han = table.code(of: .han)
    kana = [table.code(of: .hiragana), table.code(of: .katakana)]
    hangul = table.code(of: .hangul)
    japanese = table.code(of: .japanese)
    korean = table.code(of: .korean)
    simplified = table.code(of: .simplifiedHan)
    traditional = table.code(of: .traditionalHan)
  }

  /// The writing system of the text that `counter` has counted.
  ///
  /// A letter weighs what it takes in UTF-8: 1 in Latin, 2 in Cyrillic or Arabic, 3 in Han or
  /// Devanagari. Latin is the usual guest, as code, markup and names, and a Han character says what
  /// three Latin letters say. The East Asian scripts compete with the others as one.
  func resolve(_ counter: ScriptCounter) -> WritingSystem {
    let counts = counter.counts
    var total: UInt64 = 0
    var east: UInt64 = 0
    var best = 255
    var bestWeight: UInt64 = 0
    for code in counter.codes.lazy.map({ Int($0) }) {
      total &+= counts[code]
      if isEast[code] {
        east &+= counts[code]
      } else if counts[code] &* weights[code] > bestWeight {
        (best, bestWeight) = (code, counts[code] &* weights[code])
      }
    }
    var system = WritingSystem(script: .common, code: 255, letters: total, share: 0, isMixed: false)
    system.isUTF8 = counter.invalidBytes == 0
    guard total > 0 else { return system }
    var inScript = counts[best]
    if east &* 3 > bestWeight {
      best = eastern(counter, east: east)
      inScript = east
      system.isUndecidedHan =
        best == traditional && counter.simplified == counter.traditional
    }
    system.code = best
    system.script = names[best]
    system.share = UInt16((inScript &* 10_000 &+ total / 2) / total)
    system.isMixed = (total &- inScript) &* 10 >= total
    return system
  }

  /// The writing system of the letters that are not in `first`: what the text would be without those.
  func second(_ counter: ScriptCounter, after first: WritingSystem) -> WritingSystem? {
    let counts = counter.counts
    let firstIsEast = isEast.indices.contains(first.code) && parts(first.code)
    var best = 255
    var letters: UInt64 = 0
    for code in counter.codes.lazy.map({ Int($0) })
    where code != first.code && code != 255 && !isEast[code] && counts[code] > letters {
      (best, letters) = (code, counts[code])
    }
    let east =
      firstIsEast ? 0 : counter.codes.reduce(0) { $0 + (isEast[Int($1)] ? counts[Int($1)] : 0) }
    guard max(letters, east) > 0 else { return nil }
    var system = first
    system.isUndecidedHan = false
    if east > letters {
      (best, letters) = (eastern(counter, east: east), east)
      system.isUndecidedHan = best == traditional && counter.simplified == counter.traditional
    }
    (system.code, system.script, system.letters) = (best, names[best], letters)
    system.share = UInt16((letters &* 10_000 &+ first.letters / 2) / max(first.letters, 1))
    return system
  }

  /// Whether a code is that of an East Asian way of writing.
  private func parts(_ code: Int) -> Bool {
    isEast[code] || [japanese, korean, simplified, traditional].contains(code)
  }

  /// Hangul wins if it has at least a third of the East Asian letters, then kana with a twentieth:
  /// Japanese prose has a half, a Chinese text that quotes a Japanese name has less.
  private func eastern(_ counter: ScriptCounter, east: UInt64) -> Int {
    let counts = counter.counts
    if counts[hangul] >= (east &+ 2) / 3 { return korean }
    if (counts[kana[0]] &+ counts[kana[1]]) &* 20 >= east { return japanese }
    return counter.simplified > counter.traditional ? simplified : traditional
  }
}
