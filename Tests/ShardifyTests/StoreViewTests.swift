import ShardifyCore
import Shards
import Testing

@testable import Shardify

@Suite struct StoreViewTests {
  /// A condition as text, and as a Swift function that knows nothing of the parser.
  typealias Condition = (text: String, holds: (ViewDocument) -> Bool)

  static func condition(_ random: inout SeededRandom, depth: Int = 3) -> Condition {
    if depth > 0 && random.below(3) > 0 {
      let a = condition(&random, depth: depth - 1)
      let b = condition(&random, depth: depth - 1)
      switch random.below(3) {
      case 0: return ("(\(a.text)) and (\(b.text))", { a.holds($0) && b.holds($0) })
      case 1: return ("(\(a.text) or \(b.text))", { a.holds($0) || b.holds($0) })
      default: return ("not (\(a.text))", { !a.holds($0) })
      }
    }
    let tests: [Condition] = [
      ("source = \"books\"", { $0.source == "books" }),
      ("source like 'web/*'", { $0.source.hasPrefix("web/") }),
      ("source not in (books, 'web/a')", { $0.source != "books" && $0.source != "web/a" }),
      ("confidence >= 0.65", { ($0.label == $0.language ? $0.probability : 0) >= 6_500 }),
      ("label_confidence < 0.65", { $0.probability < 6_500 }),
      ("script_share = 0.9", { $0.scriptShare == 9_000 }),
      ("script != Cyrl", { $0.script != "Cyrl" }),
      ("tokens > 9", { $0.tokens > 9 }),
      ("bytes in (4, 8, 12, 16, 20)", { [4, 8, 12, 16, 20].contains($0.bytes) }),
      ("chars <= 3e1", { 2 * $0.bytes <= 30 }),
      ("quality > 0.25", { $0.numbers[0] == 3 }),
      ("`stars` != 5", { $0.numbers[1] == -1 }),
      ("missing(quality)", { $0.numbers[0].isNaN }),
      ("stars not in (5)", { $0.numbers[1] == -1 }),
      ("contradiction", { $0.flags & 4 != 0 }),
      ("language like \"?rv_*\"", { $0.language.description == "hrv_Latn" }),
      ("label = deu_Latn", { $0.label?.description == "deu_Latn" }),
      ("input_language != deu_Latn", { $0.inputLanguage?.description == "hrv_Latn" }),
    ]
    return tests[Int(random.below(UInt64(tests.count)))]
  }

  /// Documents in random runs; copies in several, of which the smallest source stays.
  static func corpus(
    _ random: inout SeededRandom, count: Int = 60, runs: Int
  ) -> (files: [[ViewDocument]], kept: [ViewDocument], copies: Int) {
    var files = [[ViewDocument]](repeating: [], count: runs)
    var kept: [ViewDocument] = []
    var copies = 0
    for number in 0..<count {
      let document = ViewDocument.random(number, &random)
      var best = document
      for run in 0..<runs where run == number % runs || random.below(4) == 0 {
        var copy = document
        copy.source = ["books", "web/a", "web/b", ""][Int(random.below(4))]
        files[run].append(copy)
        if run != number % runs { copies += 1 }
        let isFirst = files[run].count > 0 && files[..<run].allSatisfy { $0.last?.number != number }
        if isFirst || copy.source < best.source { best = copy }
      }
      kept.append(best)
    }
    return (files, kept, copies)
  }

  private static func keys(_ documents: [ViewDocument]) -> [PieceKey] {
    documents.flatMap { $0.rows(source: 0).map(\.key) }.sorted()
  }

  @Test(arguments: 0..<12) func filtersAgreeWithBruteForce(seed: Int) throws {
    var random = SeededRandom(seed: UInt64(seed))
    let (files, kept, copies) = Self.corpus(&random, runs: 1 + seed % 4)
    let fixture = try ViewFixture(files)
    var walked = 0
    for _ in 0..<15 {
      let conditions = (0...Int(random.below(2))).map { _ in Self.condition(&random) }
      let excluded = kept.filter { $0.number % 7 == 0 }.map(\.content)
      let view = try fixture.view(conditions.map(\.text), excluded: excluded)
      var duplicates = 0
      for tag in ViewDocument.languages {
        let own = kept.filter { $0.language == tag }
        let passed = own.filter { document in
          document.number % 7 != 0 && conditions.allSatisfy { $0.holds(document) }
        }
        let training = try ViewWalk(view, tag, .training)
        #expect(
          training.keys == Self.keys(passed.filter { !$0.isHeldOut }),
          "\(seed): \(conditions.map(\.text))")
        let held = try ViewWalk(view, tag, .heldOut)
        #expect(held.keys == Self.keys(passed.filter(\.isHeldOut)))
        let all = try ViewWalk(view, tag, .all)
        #expect(all.keys == Self.keys(own))
        for (key, status) in zip(all.keys, all.status) {
          let document = own.first { ViewDocument.storeKey.key(of: $0.content).high == key.high }
          let reason = document.flatMap { document in
            document.number % 7 == 0
              ? 0 : conditions.firstIndex { !$0.holds(document) }.map { $0 + 1 }
          }
          #expect(status.reason == reason)
          #expect(status.isHeldOut == document?.isHeldOut)
        }
        duplicates += all.duplicates
        walked += training.keys.count
      }
      #expect(duplicates == copies)
      #expect(view.excludedHashes?.foundCount == excluded.count)
    }
    #expect(walked > 0)
  }

  @Test func theSamePiecesFromOneRunAndFromMany() throws {
    var random = SeededRandom(seed: 5)
    let (files, kept, _) = Self.corpus(&random, runs: 4)
    let labels = LabelMap([(from: ViewDocument.languages[1], to: ViewDocument.languages[2])])
    let many = try ViewFixture(files)
    let one = try ViewFixture([kept])
    let conditions = ["source != \"web/b\"", "tokens < 15"]
    for labels in [nil, labels] {
      for tag in ViewDocument.languages {
        let a = try ViewWalk(try many.view(conditions, labels: labels), tag, .training)
        let b = try ViewWalk(try one.view(conditions, labels: labels), tag, .training)
        #expect(a.keys == b.keys && a.tokens == b.tokens)
      }
    }
  }

  @Test func aLabelMapMakesOneLanguageOfSeveral() throws {
    var random = SeededRandom(seed: 9)
    var documents = (0..<40).map { ViewDocument.random($0, &random) }
    for index in documents.indices { documents[index].isHeldOut = false }
    // One text filed under two languages: it is there once when they are one, from the first source.
    var twin = documents[0]
    documents[0].language = ViewDocument.languages[1]
    documents[0].source = "web/b"
    twin.language = ViewDocument.languages[2]
    twin.source = "books"
    let fixture = try ViewFixture([documents, [twin]])
    let (hrv, srp) = (ViewDocument.languages[1], ViewDocument.languages[2])
    let group = try #require(LanguageTag("qaa_Latn"))
    let labels = try #require(LabelMap([(from: hrv, to: group), (from: srp, to: group)]))
    let view = try fixture.view(labels: labels)
    #expect(view.languages.map(\.tag) == [ViewDocument.languages[0], group])
    #expect(view.language(group).members == [hrv, srp])
    let walk = try ViewWalk(view, group, .all)
    let members = documents.filter { $0.language != ViewDocument.languages[0] }
    #expect(walk.keys == Self.keys(members))
    #expect(walk.duplicates == 1)
    #expect(try ViewWalk(view, hrv, .all).keys.isEmpty)
    let books = try fixture.view(["source = books"], labels: labels)
    #expect(try ViewWalk(books, group, .training).keys.contains(twin.rows(source: 0)[0].key))
    let others = try fixture.view(["source = 'web/b'"], labels: labels)
    #expect(try !ViewWalk(others, group, .training).keys.contains(twin.rows(source: 0)[0].key))
  }

  @Test func aDocumentHeldOutUnderOneOfItsLanguagesIsHeldOut() throws {
    var document = ViewDocument(
      number: 1, language: ViewDocument.languages[1], source: "", pieceTokens: [3], pieceBytes: [3],
      numbers: [1, 1])
    let first = document
    document.language = ViewDocument.languages[2]
    let fixture = try ViewFixture([[first, document]])
    let group = try #require(LanguageTag("qaa_Latn"))
    var options = ViewOptions()
    options.labelMap = LabelMap([
      (from: ViewDocument.languages[1], to: group), (from: ViewDocument.languages[2], to: group),
    ])
    let holdout = Holdout(documents: [ViewDocument.languages[2]: [document.content]])
    let view = try StoreView(runs: fixture.runs, holdout: holdout, options: options)
    #expect(try ViewWalk(view, group, .training).keys.isEmpty)
    #expect(try ViewWalk(view, group, .heldOut).keys.count == 1)
  }

  /// Pieces of one document in several frames: its length is of all, wherever a walk begins.
  @Test func aDocumentPassesOrFailsAsAWhole() throws {
    func long(_ number: Int, pieces: Int) -> ViewDocument {
      ViewDocument(
        number: number, language: ViewDocument.languages[0], source: "",
        pieceTokens: Array(repeating: 120_000, count: pieces - 1) + [10],
        pieceBytes: Array(repeating: 300_000, count: pieces - 1) + [7], numbers: [.nan, .nan])
    }
    let documents = [long(1, pieces: 7), long(2, pieces: 6), long(3, pieces: 1)]
    let fixture = try ViewFixture([documents])
    #expect(fixture.runs[0].index.frames.count > 4)
    let tag = ViewDocument.languages[0]
    let view = try fixture.view(["tokens = 720010 or tokens = 10"])
    let kept = Self.keys([documents[0], documents[2]])
    #expect(try ViewWalk(view, tag, .training).keys == kept)
    for key in Self.keys(documents) {
      #expect(try ViewWalk(view, tag, .training, from: key).keys == kept.filter { !($0 < key) })
    }
    #expect(try ViewWalk(try fixture.view(["bytes = 1800007"]), tag, .training).keys.count == 7)
    #expect(try ViewWalk(try fixture.view(["chars <= 14"]), tag, .training).keys.count == 1)
  }
}
