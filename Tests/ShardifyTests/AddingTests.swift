import Balance
import Files
import Manifest
import ShardifyCore
import Testing

@testable import Shardify

/// A store that grows, and datasets of other sizes from one store.
@Suite struct AddingTests {
  let place: Workplace
  let documents = Corpus.mixed()

  init() throws { place = try Workplace() }

  /// Inputs one after the other, in another order than all at once, give the same dataset.
  @Test func inputsLaterEqualsAllAtOnce() throws {
    let first = try place.write(documents.prefix(70), to: "in/first.jsonl")
    let second = try place.write(documents.dropFirst(70), to: "in/second.jsonl")
    try place.ingest([first, second], store: "at-once") { $0.holdoutMinimum = 0 }
    try place.ingest([second]) { $0.holdoutMinimum = 0 }
    try place.ingest([first]) { $0.holdoutMinimum = 0 }
    let atOnce = try place.balance(store: "at-once", to: "expected")
    #expect(Outcome(try place.balance(to: "data")) == Outcome(atOnce))
  }

  /// What was there keeps its order among itself, and what was held out stays so.
  @Test func documentsDoesNotReorderTheOthers() throws {
    let proportional = Mixture(policy: .proportional)
    let first = try place.write(documents.prefix(90), to: "in/first.jsonl")
    try place.ingest([first])
    let before = try Copies(
      place.at("before"), try place.balance(to: "before", proportional), .train)
    let heldBefore = try Copies(
      place.at("before"), try place.balance(to: "before", proportional), .holdout)
    let second = try place.write(documents.dropFirst(90), to: "in/second.jsonl")
    try place.ingest([first, second])
    let manifest = try place.balance(to: "after", proportional)
    let after = try Copies(place.at("after"), manifest, .train)
    let heldAfter = try Copies(place.at("after"), manifest, .holdout)
    for language in before.languages {
      // Documents are compared: what the second input brings may move a piece, never swap two.
      let old = before.of(language).map(\.copy).filter { $0.piece == 0 }.map(\.content)
      let kept = Set(old).subtracting(heldAfter.documents.map(\.content))
      let now = after.of(language).map(\.copy).filter { $0.piece == 0 }.map(\.content)
      #expect(now.filter { kept.contains($0) } == old.filter { kept.contains($0) })
    }
    #expect(heldBefore.documents.isSubset(of: heldAfter.documents))
    #expect(after.documents.count > before.documents.count)
  }

  @Test func tokensToTheBudgetGivesASuperset() throws {
    try place.ingest([try place.write(documents, to: "in.jsonl")])
    var former: Set<Copy> = []
    for budget in [2_000, 5_000, 9_000, 20_000, 40_000] {
      let mixture = Mixture(policy: .uniform, maxEpochs: nil, budgetTokens: budget)
      let manifest = try place.balance(to: "data\(budget)", mixture, shards: 3)
      let copies = try Copies(place.at("data\(budget)"), manifest, .train)
      let set = Set(copies.entries.map(\.copy))
      #expect(set.count == copies.entries.count, "a copy was written twice")
      #expect(former.isSubset(of: set))
      #expect(set.count > former.count)
      former = set
    }
  }

  @Test func anotherTemperatureLeavesTheStoreAsItIs() throws {
    try place.ingest([try place.write(documents, to: "in.jsonl")])
    let first = try place.balance(to: "one", Mixture(policy: .temperature(1)))
    let before = try place.files(below: "store")
    let second = try place.balance(to: "five", Mixture(policy: .temperature(5)))
    #expect(try place.files(below: "store") == before)
    #expect(Outcome(first) != Outcome(second))
    #expect(try place.verify("five").problems == [])
  }

  @Test func nothingIsDoneByARerun() throws {
    let input = try place.write(documents, to: "in.jsonl")
    try place.ingest([input])
    let outcome = Outcome(try place.balance(to: "data"))
    let store = try place.files(below: "store").filter { $0.key.contains("/runs/") }
    let shards = try place.files(below: "data").filter { $0.key.contains("shard-") }
    try place.ingest([input])
    #expect(Outcome(try place.balance(to: "data")) == outcome)
    #expect(try place.files(below: "store").filter { $0.key.contains("/runs/") } == store)
    let kept = try place.files(below: "data").filter { $0.key.contains("/shards/") }
    #expect(kept == shards.filter { $0.key.contains("/shards/") })
  }
}
