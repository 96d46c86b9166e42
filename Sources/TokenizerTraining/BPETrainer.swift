import ShardifyCore
import Synchronization

/// Trains byte-level BPE: again and again the pair of most weight becomes a token.
///
/// The result depends on the words, their weights and the settings alone, not on the order of words.
/// Source: Sennrich et al. 2016 (arXiv:1508.07909); byte level: Radford et al. 2019.
public struct BPETrainer {
  private let settings: BPESettings
  private let stop: StopFlag

  /// - Throws: If a setting is out of range.
  public init(_ settings: BPESettings, stop: StopFlag = StopFlag()) throws(TrainingFailure) {
    try settings.check()
    self.settings = settings
    self.stop = stop
  }

  /// Trains on words.
  ///
  /// - Parameter progress: Told the number of ids there are, now and then.
  /// - Throws: If there is no word, or the user asked for the end.
  public func train(
    _ words: WordList, progress: (Int) -> Void = { _ in }
  ) throws(TrainingFailure) -> TrainedBPE {
    guard words.count > 0 else { throw .training(.tooLittle, found: "no text", expected: "words") }
    var inventory = TokenInventory(specialTokens: settings.specialTokens)
    let index = PairIndex(
      words, firstID: inventory.firstID, ranks: inventory.ranks,
      settings: PairIndex.Settings(
        tieRule: settings.tieRule, minimum: settings.minimumWeight,
        maxTokenBytes: settings.maxTokenBytes, keepsAll: false),
      scratch: MergeScratch())
    var weights: [Int64] = []
    while inventory.count < settings.vocabularySize, let best = index.best() {
      if stop.isSet { throw Self.stopped }
      let (left, right) = index.pair(of: best)
      // Only text that spells a special token is there already.
      if settings.tieRule == .shortest, inventory.id(joining: left, right) != nil {
        index.removeBest()
        continue
      }
      let merged = inventory.merge(left, right)
      weights.append(best.count)
      index.merge(best, into: merged, lengths: inventory.lengths)
      if inventory.count % 64 == 0 { progress(inventory.count) }
    }
    return TrainedBPE(
      tokens: inventory.tokens, specialCount: inventory.specialCount,
      merges: inventory.merges, weights: weights,
      tokenWeight: index.tokenWeight)
  }

  static let stopped = TrainingFailure.training(
    .stopped, found: "asked to end before the vocabulary was complete",
    remedy: "run the same command again")
}
