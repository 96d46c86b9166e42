import Balance
import Files
import Manifest
import ShardifyCore
import Testing

@testable import Shardify

/// Datasets that go on where others stopped.
@Suite struct ContinuationTests {
  let place: Workplace
  let documents = Corpus.mixed()

  init() throws {
    place = try Workplace()
    try place.ingest([try place.write(documents, to: "in.jsonl")])
  }

  func mixture(_ budget: Int, _ policy: Policy = .temperature(2)) -> Mixture {
    Mixture(policy: policy, maxEpochs: nil, budgetTokens: budget)
  }

  func copies(_ name: String, _ manifest: DatasetManifest) throws -> Copies {
    try Copies(place.at(name), manifest, .train)
  }

  /// Balances on from a dataset, and checks what was written against the store.
  func goOn(
    from parent: String, to name: String, _ mixture: Mixture, afterShard: Int? = nil,
    shards: Int = 3
  ) throws -> DatasetManifest {
    let manifest = try place.balance(to: name, mixture, shards: shards) {
      $0.continuing = ContinueOptions(dataset: place.at(parent), afterShard: afterShard)
    }
    #expect(try place.verify(name).problems == [])
    return manifest
  }

  /// What is given up to the end of any shard, and what comes after it, is the ring in its order:
  /// nothing lost, nothing twice before its turn, whatever the mixtures are.
  @Test(arguments: [900, 6_000, 30_000]) func isTheRingInItsOrder(budget: Int) throws {
    let first = try place.balance(to: "first", mixture(budget), shards: 4)
    let given = try copies("first", first)
    let long = try copies("long", try place.balance(to: "long", mixture(200_000, .uniform)))
    for (shard, policy) in [Policy.temperature(2), .uniform, .proportional, .alpha(0.1)]
      .enumerated()
    {
      let name = "second\(shard)"
      let second = try goOn(
        from: "first", to: name, mixture(7_000, policy), afterShard: shard, shards: shard + 1)
      let after = try copies(name, second)
      for language in second.languages where language.quotaTokens > 0 {
        let tag = "\(language.tag)"
        let joined =
          given.of(tag).filter { $0.shard <= shard }.map(\.copy) + after.of(tag).map(\.copy)
        #expect(joined == Array(long.of(tag).map(\.copy).prefix(joined.count)), "\(tag)")
      }
    }
  }

  /// Three stages of one mixture are the dataset of the summed quota, language by language.
  @Test func ofOneMixtureIsOneDataset() throws {
    var joined: [String: [Copy]] = [:]
    var parent: String?
    var tokens = 0
    for (number, budget) in [5_000, 9_000, 4_000].enumerated() {
      let name = "stage\(number)"
      let manifest =
        try parent.map { try goOn(from: $0, to: name, mixture(budget)) }
        ?? place.balance(to: name, mixture(budget), shards: 3)
      let all = try copies(name, manifest)
      for language in all.languages {
        joined[language, default: []] += all.of(language).map(\.copy)
      }
      tokens += manifest.languages.reduce(0) { $0 + $1.writtenTokens }
      parent = name
    }
    let whole = try copies("whole", try place.balance(to: "whole", mixture(18_000)))
    #expect(tokens >= 18_000)
    for (language, all) in joined {
      // Each stage may run over by a part of a piece, so the stages may be some pieces ahead.
      let expected = whole.of(language).map(\.copy)
      let common = min(all.count, expected.count)
      #expect(Array(all.prefix(common)) == Array(expected.prefix(common)))
      #expect(all.count >= expected.count - 1 && all.count <= expected.count + 3)
    }
  }

  @Test func keepsThePlaceOfALanguageThatIsLeftOut() throws {
    let russian = try #require(LanguageTag("rus_Cyrl"))
    let first = try place.balance(to: "first", mixture(6_000), shards: 2)
    var without = mixture(5_000)
    without.exclude = [russian]
    let second = try goOn(from: "first", to: "second", without)
    let kept = try #require(second.languages.first { $0.tag == russian })
    #expect(kept.bindingRule == "excluded" && !kept.firstKey.isEmpty)
    let third = try goOn(from: "second", to: "third", mixture(5_000))
    let given =
      try copies("first", first).of("rus_Cyrl") + copies("third", third).of("rus_Cyrl")
    let long = try copies("long", try place.balance(to: "long", mixture(90_000, .uniform)))
    #expect(
      given.map(\.copy) == Array(long.of("rus_Cyrl").map(\.copy).prefix(given.count)))
  }

  @Test func startsANewLanguageAtTheStartOfItsRing() throws {
    var few = mixture(4_000)
    few.include = ["eng_Latn", "deu_Latn"].compactMap { LanguageTag($0) }
    try place.balance(to: "first", few, shards: 2)
    let second = try goOn(from: "first", to: "second", mixture(6_000))
    let fresh = try copies("fresh", try place.balance(to: "fresh", mixture(90_000, .uniform)))
    let own = try copies("second", second).of("jpn_Jpan").map(\.copy)
    #expect(!own.isEmpty)
    #expect(own == Array(fresh.of("jpn_Jpan").map(\.copy).prefix(own.count)))
  }

  /// Documents that were added come on this pass where their place is still ahead, and on the next
  /// where it is not; the others keep their order.
  @Test func takesInWhatTheStoreGained() throws {
    let half = try Workplace()
    try half.ingest([try half.write(documents.prefix(90), to: "one.jsonl")]) {
      $0.holdoutRate = 0
      $0.holdoutMinimum = 0
    }
    let first = try half.balance(to: "first", mixture(5_000), shards: 2)
    let more = [half.at("one.jsonl"), try half.write(documents.dropFirst(90), to: "two.jsonl")]
    try half.ingest(more) {
      $0.holdoutRate = 0
      $0.holdoutMinimum = 0
    }
    let second = try half.balance(to: "second", mixture(60_000), shards: 3) {
      $0.continuing = ContinueOptions(dataset: half.at("first"))
    }
    #expect(try half.verify("second").problems == [])
    let before = try Copies(half.at("first"), first, .train)
    let after = try Copies(half.at("second"), second, .train)
    for language in before.languages {
      let seen = Set(before.of(language).map(\.copy))
      let next = after.of(language).map(\.copy)
      #expect(seen.isDisjoint(with: next), "\(language): a copy came again on its pass")
      // All of the ring comes within two passes.
      let all = Corpus.unique(documents).filter { $0.language == language }.map(\.content)
      #expect(Set((Array(seen) + next).map(\.content)).isSuperset(of: all))
    }
  }

  @Test func countsEarlierPassesInMaxEpochs() throws {
    let all = try place.balance(to: "first", Mixture(policy: .proportional, maxEpochs: 3))
    var again = Mixture(policy: .proportional, maxEpochs: 3)
    let second = try goOn(from: "first", to: "second", again)
    for row in second.languages {
      #expect(
        row.firstPass * row.availableTokens + row.firstOffset + row.quotaTokens
          <= 3 * row.availableTokens)
    }
    #expect(all.dataset["budget_tokens"] == second.dataset["budget_tokens"])
    again.budgetTokens = all.languages.reduce(0) { $0 + $1.availableTokens } + 50
    let message = failure { _ = try goOn(from: "second", to: "third", again) }
    #expect(message?.contains("tokens") == true, "\(message ?? "no failure")")
    #expect(FileSystem.status(place.at("third")) == nil)
  }

  @Test func refusesWhatDoesNotFit() throws {
    try place.balance(to: "first", mixture(6_000), shards: 4)
    func message(_ change: (inout BalanceOptions) -> Void) -> String {
      failure {
        try place.balance(to: "second", mixture(6_000)) {
          $0.continuing = ContinueOptions(dataset: place.at("first"))
          change(&$0)
        }
      } ?? "no failure"
    }
    let first = place.at("first")
    #expect(
      message { $0.seed = 9 }
        == "cannot go on from dataset: \(first): seed 0, expected --seed 9; leave --seed out: "
        + "another seed is another order, and its start means nothing there")
    let beyond = message { $0.continuing?.afterShard = 4 }
    #expect(
      beyond
        == "cannot go on from dataset: \(first): --after-shard 4, expected from 0 to 3, as it has "
        + "4 shards")
    let negative = message { $0.continuing?.afterShard = -1 }
    #expect(negative.contains("--after-shard -1, expected from"))
    let tokens = message { $0.continuing?.afterToken = 1 << 40 }
    #expect(tokens.contains("--after-token 1099511627776"))
    let none = message { $0.continuing?.dataset = place.at("none") }
    #expect(
      none.hasPrefix("cannot open manifest: \(place.at("none")): no such file"))
    let other = try Workplace()
    try other.ingest([try other.write(documents.dropFirst(20), to: "in.jsonl")])
    #expect(
      message { $0.store = other.at("store") }
        .contains("that \(other.at("store")) does not hold, expected a dataset made from this"))
    try other.ingest([other.at("in.jsonl")], store: "pieces") { $0.maxPieceTokens = 99 }
    #expect(
      message { $0.store = other.at("pieces") }
        .contains("max_piece_tokens 64, expected 99 as in the store"))
    try other.ingest([other.at("in.jsonl")], store: "key") { $0.storeSeed = 5 }
    #expect(message { $0.store = other.at("key") }.contains("store_key "))
    try FileSystem.remove(first + "/shards/shard-00003.zst")
    #expect(message { _ in }.contains("shard-00003.zst"))
    #expect(FileSystem.status(place.at("second")) == nil)
  }

  /// Tokens given in the midst of a shard are rounded up to its end, and what that skips is told.
  @Test func roundsTokensUpToTheEndOfAShard() throws {
    let first = try place.balance(to: "first", mixture(6_000), shards: 4)
    let ends = first.shards.filter { $0.split == .train }.map(\.tokens)
    func continuation(_ token: Int) throws -> Continuation? {
      var options = BalanceOptions(
        store: place.at("store"), dataset: nil, mixture: mixture(6_000))
      options.continuing = ContinueOptions(dataset: place.at("first"), afterToken: token)
      return try BalanceStage(options: options, progress: Progress(), stop: StopFlag()).plan()
        .continuation
    }
    let exact = try #require(try continuation(ends[0] + ends[1]))
    #expect(exact.shards == 2 && exact.skippedTokens == 0)
    let inside = try #require(try continuation(ends[0] + 1))
    #expect(inside.shards == 2 && inside.skippedTokens == ends[1] - 1)
    #expect(inside.remainingTokens == ends[2] + ends[3])
    #expect(inside.starts == exact.starts)
    #expect(inside.text(dataset: "x").contains("are skipped by going on at the shard's end"))
  }
}
