import Balance
import Files
import Manifest
import ShardifyCore
import Synchronization
import Testing

@testable import Shardify

/// Curricula: several mixtures, each going on where the last stopped.
@Suite struct StagesTests {
  let place: Workplace

  init() throws {
    place = try Workplace()
    try place.ingest([try place.write(Corpus.mixed(), to: "in.jsonl")])
  }

  let three = """
    temperature: 2
    max_epochs: none
    stages:
      - budget: 5000
      - name: without-english
        budget: 7000
        shards: 2
        exclude: [eng_Latn]
        uniform: true
      - {name: cooldown, budget: 4k, shares: {eng_Latn: 0.5, deu_Latn: 0.5}}

    """

  func stages(_ text: String) throws -> [MixtureStage]? {
    try StagesFile.parse(Array(text.utf8), path: "m.yaml")
  }

  func work(
    _ stages: [MixtureStage], to name: String = "data", stop: StopFlag = StopFlag(),
    progress: Progress = Progress(), _ change: (inout BalanceOptions) -> Void = { _ in }
  ) -> StagesBalance {
    var options = BalanceOptions(
      store: place.at("store"), dataset: place.at(name), mixture: stages[0].mixture)
    options.shardCount = 3
    options.jobs = 2
    change(&options)
    return StagesBalance(options: options, stages: stages, progress: progress, stop: stop)
  }

  func verify(_ name: String) throws -> [String] {
    let stages = StagesVerify(
      dataset: place.at(name), store: place.at("store"), jobs: 2, progress: Progress(),
      stop: StopFlag())
    return try #require(stages).run().flatMap(\.report.problems)
  }

  /// A language that an earlier stage gave to its last epoch gets nothing, is in the manifest with the
  /// rule, and the stage is sound.
  @Test func aLanguageWithoutEpochsLeftLeavesByItself() throws {
    let two = try #require(
      try stages(
        """
        max_epochs: 1
        stages:
          - {name: small, proportional: true, include: [eng_Latn]}
          - {name: rest, uniform: true, budget: 3000}

        """))
    let planned = try work(two).plan()
    let english = try #require(planned[1].plan.languages.first { "\($0.tag)" == "eng_Latn" })
    #expect(english.quota == 0 && english.bindingRule == .maxEpochs)
    #expect(
      planned[1].plan.warnings.contains {
        $0.hasPrefix("1 language has had all its epochs (--max-epochs 1) in the datasets before")
      })
    let written = try work(two).run()
    #expect(
      written[1].manifest?.languages.first { "\($0.tag)" == "eng_Latn" }?.bindingRule
        == "max-epochs")
    #expect(try verify("data") == [])
  }

  @Test func theFileIsReadAsWritten() throws {
    let read = try #require(try stages(three))
    #expect(read.map(\.name) == ["stage-00", "without-english", "cooldown"])
    #expect(read.map(\.mixture.budgetTokens) == [5_000, 7_000, 4_000])
    #expect(read.map(\.shardCount) == [nil, 2, nil])
    #expect(read[0].mixture.policy == .temperature(2))
    #expect(read[1].mixture.policy == .uniform)
    #expect(read.allSatisfy { $0.mixture.maxEpochs == nil })
    #expect(try stages("temperature: 2\n") == nil)
    for (text, message) in [
      ("stages: 3", "m.yaml line 1: stages that are no list, expected a list of 1 to 1000"),
      ("stages: []", "stages that are no list"),
      ("uniform: true\nstages: [7]", "stage 0 is no mapping"),
      ("stages: [{budget: 3}]", "no policy, expected one of"),
      ("stages: [{uniform: true, nme: x}]", "unknown key nme"),
      ("stages: [{uniform: true, name: ../x}]", "the name \"../x\", expected small letters"),
      ("stages: [{uniform: true, name: shards}]", "the name \"shards\""),
      ("stages: [{uniform: true, shards: 0}]", "shards 0, expected from 1 to 99999"),
      ("uniform: true\nstages: [{name: a}, {name: a}]", "two stages named a"),
    ] {
      #expect(failure { _ = try stages(text) }?.contains(message) == true, "\(text)")
    }
  }

  @Test func eachGoesOnWhereTheLastStopped() throws {
    let list = try #require(try stages(three))
    let planned = try work(list).plan()
    let outcomes = try work(list).run()
    #expect(try verify("data") == [])
    // What is planned without shards is what the shards say.
    for (plan, outcome) in zip(planned, outcomes) {
      #expect(plan.plan == outcome.plan)
      #expect(plan.continuation?.starts == outcome.continuation?.starts)
    }
    var joined: [String: [Copy]] = [:]
    for (stage, outcome) in zip(list, outcomes) {
      let manifest = try #require(outcome.manifest)
      let copies = try Copies(place.at("data/" + stage.name), manifest, .train)
      for language in copies.languages {
        joined[language, default: []] += copies.of(language).map(\.copy)
      }
    }
    let long = Mixture(policy: .uniform, maxEpochs: nil, budgetTokens: 150_000)
    let ring = try Copies(place.at("long"), try place.balance(to: "long", long), .train)
    #expect(joined.count == 6)
    for (language, copies) in joined {
      #expect(copies == Array(ring.of(language).map(\.copy).prefix(copies.count)), "\(language)")
    }
    // By hand it comes to the same.
    try place.balance(to: "one", list[0].mixture, shards: 3)
    let two = try place.balance(to: "two", list[1].mixture, shards: 2) {
      $0.continuing = ContinueOptions(dataset: place.at("one"))
    }
    #expect(outcomes[1].manifest.map(Outcome.init) == Outcome(two))
  }

  @Test func aRerunDoesOnlyWhatIsMissing() throws {
    let list = try #require(try stages(three))
    _ = try work(Array(list.prefix(2))).run()
    let before = try place.files(below: "data").filter { $0.key.contains("/shards/") }
    let all = try work(list).run()
    let after = try place.files(below: "data").filter { $0.key.contains("/shards/") }
    #expect(after.filter { before[$0.key] != nil } == before && after.count > before.count)
    // Stopped anywhere, it goes on.
    for tokens in stride(from: 1, to: 16_000, by: 3_500) {
      let watcher = Watcher()
      _ = try watcher.stops(
        when: { $0.tokens.load(ordering: .relaxed) >= tokens },
        { _ = try work(list, to: "again", stop: watcher.stop, progress: watcher.progress).run() })
    }
    let again = try work(list, to: "again").run()
    #expect(
      again.map { $0.manifest.map(Outcome.init) } == all.map { $0.manifest.map(Outcome.init) })
    let other = failure { _ = try work(Array(list.reversed())).run() }
    #expect(other?.contains("found") == false && other?.contains("stages stage-00") == true)
  }

  @Test func nothingIsWrittenIfALaterStageCannotBe() throws {
    var list = try #require(try stages(three))
    list[2].mixture.maxEpochs = 1
    list[2].mixture.budgetTokens = 1 << 40
    let message = failure { _ = try work(list).run() }
    #expect(message?.contains("stage cooldown") == true, "\(message ?? "no failure")")
    #expect(FileSystem.status(place.at("data")) == nil)
  }

  @Test func aBrokenChainIsFound() throws {
    let list = try #require(try stages(three))
    _ = try work(list).run()
    var other = list
    other[0].mixture.policy = .proportional
    _ = try work(other, to: "other").run()
    // The first stage of another curriculum in the place of this one's.
    for (name, _) in try place.files(below: "data/stage-00") {
      try FileSystem.remove(place.at(name))
    }
    for (name, _) in try place.files(below: "other/stage-00") {
      let bytes = try FileSystem.read(place.at(name), limitBytes: 1 << 24)
      try place.write(bytes, to: "data" + name.dropFirst("other".count))
    }
    let problems = try verify("data")
    #expect(problems.contains { $0.hasPrefix("without-english: parent_fingerprint: ") })
    #expect(problems.contains { $0.hasPrefix("without-english: where ") })
    try FileSystem.remove(place.at("data/cooldown/manifest.sqlite"))
    #expect(
      try verify("data").contains {
        $0.hasPrefix("cooldown: no manifest.sqlite in it; run shardify repair ")
      })
    let asked: [() throws -> Void] = [
      { _ = try InspectStage(path: place.at("data")).run() },
      {
        _ = try LocateStage(dataset: place.at("data"), store: nil, stop: StopFlag())
          .run(.text([65]))
      },
      {
        _ = try RepairStage(path: place.at("data"), jobs: 1, progress: Progress(), stop: StopFlag())
          .run()
      },
      { _ = try PlanSnapshot.read(place.at("data")) },
      {
        try place.balance(to: "more") { $0.continuing = ContinueOptions(dataset: place.at("data")) }
      },
    ]
    for work in asked {
      let message = failure(work) ?? "no failure"
      #expect(
        message.contains("a folder of stages: stage-00, without-english, cooldown, expected"),
        "\(message)")
      #expect(message.hasSuffix("; name one of them, e.g. \(place.at("data"))/cooldown"))
    }
    let single = failure { try place.balance(to: "data") }
    #expect(single?.contains("a folder of stages, expected a new or empty folder") == true)
  }
}
