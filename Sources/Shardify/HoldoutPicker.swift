import Compression
import Manifest
import ShardifyCore
import Shards

/// Holds out the few documents with the smallest rank in languages that the rate alone leaves
/// with too few, at most a tenth of a language. What is held out once stays so.
struct HoldoutPicker {
  let store: TokenStore

  func run() throws {
    try pickAll()
    try HoldoutFile.write(try store.catalog.holdout(), store: store.folder)
  }

  private func pickAll() throws {
    let minimum = store.facts.holdoutMinimum
    if minimum <= 0 { return }
    let runs = try store.openRuns()
    let holdout = try store.holdout()
    let zstd = try ZstdDecompressor()
    var picked: [(language: LanguageTag, content: ContentHash)] = []
    for language in Set(runs.flatMap { $0.languages.map(\.language) }).sorted() {
      let documents = runs.reduce(0) { sum, run in
        run.frames(of: language).reduce(sum) { $0 + run.index.frames[$1].documentCount }
      }
      // Languages this large have enough by the rate, with a margin for chance.
      let expected =
        Double(documents) * Double(store.facts.holdoutThreshold >> 32) / 4_294_967_296
      if expected > Double(minimum) * 8 { continue }
      picked += try pick(language, minimum, runs, holdout, zstd)
    }
    try store.catalog.addHoldout(picked)
  }

  private func pick(
    _ language: LanguageTag, _ minimum: Int, _ runs: [RunReader], _ holdout: Holdout,
    _ zstd: ZstdDecompressor
  ) throws -> [(language: LanguageTag, content: ContentHash)] {
    var ranked: [(rank: UInt64, content: ContentHash)] = []
    let training = LanguageCursor(
      runs: runs, language: language, part: .training, holdout: holdout, zstd: zstd)
    try training.rewind()
    while let (_, table, index) = training.current {
      if table.key(index).piece == 0 {
        let content = table.content(index)
        ranked.append((store.facts.storeKey.holdoutRank(of: content), content))
      }
      try training.advance()
    }
    var heldOut = 0
    let held = LanguageCursor(
      runs: runs, language: language, part: .heldOut, holdout: holdout, zstd: zstd)
    try held.rewind()
    while let (_, table, index) = held.current {
      if table.key(index).piece == 0 { heldOut += 1 }
      try held.advance()
    }
    let wanted = min(minimum, (ranked.count + heldOut) / 10) - heldOut
    if wanted <= 0 { return [] }
    ranked.sort { $0.rank != $1.rank ? $0.rank < $1.rank : $0.content < $1.content }
    return ranked.prefix(wanted).map { (language, $0.content) }
  }
}
