import Balance
import Files
import Ingest
import ShardifyCore
import Synchronization
import Testing
import Tokenize
import TokenizerTraining

@testable import Shardify

/// A trained tokenizer is a function of text and options, and of nothing else.
@Suite struct TrainTokenizerTests {
  let place: Workplace
  let documents = Corpus.mixed()

  init() throws { place = try Workplace() }

  func options(_ inputs: [String], _ name: String) -> TrainingOptions {
    var source = SourceOptions(inputs: inputs, languageSource: .input, jobs: 2)
    source.documents.languageField = "lang"
    var options = TrainingOptions(source: source, output: place.at(name))
    options.vocabularySize = 420
    options.overwrites = true
    return options
  }

  /// Trains and gives the bytes of the tokenizer and of the report.
  func train(
    _ options: TrainingOptions, stop: StopFlag = StopFlag(), tableBytes: Int? = nil
  ) throws -> [[UInt8]] {
    var stage = TrainTokenizerStage(
      options: options, progress: Progress(), stop: stop, logger: LineLogHandler.logger { _ in })
    stage.tableBytes = tableBytes
    let report = try stage.run()
    return try [report.path, report.reportPath].map {
      try FileSystem.read($0, limitBytes: 1 << 24)
    }
  }

  func shuffled() throws -> [String] {
    var random = SeededRandom(seed: 3)
    var mixed = documents
    for index in mixed.indices.reversed() {
      mixed.swapAt(index, Int(random.below(UInt64(index + 1))))
    }
    return try (0..<5).map { part in
      try place.write(
        mixed.enumerated().filter { $0.offset % 5 == part }.map(\.element), to: "cut/\(part).jsonl")
    }.reversed()
  }

  @Test(arguments: TrainingOptions.Kind.allCases)
  func threadsOrderAndSpillingDoNotMatter(kind: TrainingOptions.Kind) throws {
    let whole = try place.write(documents, to: "whole.jsonl")
    var expected = options([whole], "a.json")
    expected.kind = kind
    expected.vocabularySize = 500
    expected.mixture = Mixture(policy: .temperature(2), unit: .bytes)
    let files = try train(expected)
    for jobs in [1, 4] {
      var other = expected
      other.output = place.at("b\(jobs).json")
      other.source.inputs = try shuffled()
      other.source.jobs = jobs
      // Four jobs write their tables out after every document: more files than are merged at once.
      let isSame = try train(other, tableBytes: jobs == 4 ? 1 : nil) == files
      #expect(isSame, "jobs \(jobs)")
    }
    #expect(try FileSystem.names(in: place.path).allSatisfy { !$0.contains(".words.") })
  }

  /// Documents of a language given twice weigh as much as the language with weight two.
  @Test func aWeightIsARepetition() throws {
    let german = documents.filter { $0.language == "deu_Latn" }
    let english = documents.filter { $0.language == "eng_Latn" }
    let once = try place.write(german + english, to: "once.jsonl")
    let twice = try place.write(german + english + german, to: "twice.jsonl")
    func bytes(_ documents: [TestDocument]) -> Int {
      documents.reduce(0) { $0 + $1.text.utf8.count }
    }
    var weighted = options([once], "weighted.json")
    let all = bytes(english) + 2 * bytes(german)
    weighted.mixture = Mixture(
      policy: .explicit([
        LanguageTag("deu_Latn")!: Double(2 * bytes(german)) / Double(all),
        LanguageTag("eng_Latn")!: Double(bytes(english)) / Double(all),
      ]), budgetTokens: all, unit: .bytes)
    weighted.minFrequency = 1
    var repeated = options([twice], "repeated.json")
    repeated.minFrequency = 1
    let isSame = try train(weighted)[0] == train(repeated)[0]
    #expect(isSame)
  }

  @Test func aFileThatIsThereStays() throws {
    let input = try place.write(documents, to: "in.jsonl")
    var options = options([input], "kept.json")
    options.overwrites = false
    let first = try train(options)
    options.vocabularySize = 430
    do {
      _ = try train(options)
      Issue.record("written over")
    } catch let failure as StageFailure {
      #expect(failure.message.contains("kept.json: a file that is there already"))
      #expect(failure.message.contains("--overwrite"))
    }
    let kept = try FileSystem.read(options.output, limitBytes: 1 << 24)
    #expect(kept == first[0])
    options.overwrites = true
    let second = try train(options)
    #expect(second[0] != first[0])
  }

  @Test func aStoreGivesItsInputsWithoutWhatItHoldsOut() throws {
    let input = try place.write(documents, to: "in.jsonl")
    try place.ingest([input]) { $0.holdoutRate = 0.25 }
    var fromStore = options([], "store.json")
    fromStore.source.store = place.at("store")
    fromStore.source.documents = .init()
    let report = try TrainTokenizerStage(
      options: fromStore, progress: Progress(), stop: StopFlag(),
      logger: LineLogHandler.logger { _ in }
    ).run()
    #expect(report.documents < documents.count && report.documents > documents.count / 2)
    #expect(report.json.contains("\"held_out_documents\":\(documents.count - report.documents),"))
    try place.write(documents.dropLast(), to: "in.jsonl")
    #expect(throws: StageFailure.self) { try train(fromStore) }
  }

  @Test func aStopWritesNothing() throws {
    let input = try place.write(documents, to: "in.jsonl")
    let stop = StopFlag()
    stop.set()
    let options = options([input], "stopped.json")
    do {
      _ = try train(options, stop: stop)
      Issue.record("no failure")
    } catch let failure as StageFailure {
      #expect(failure.code == .stopped)
    }
    #expect(FileSystem.status(options.output) == nil)
  }

  @Test(arguments: [
    (["x"], 300, "gpt3", "cannot use pattern: gpt3, expected gpt2, cl100k"),
    (["x"], 256, "gpt2", "cannot train tokenizer: --vocabulary-size 256, expected from 257"),
    ([], 300, "gpt2", "no text, expected at least one document"),
  ]) func badOptionsAreNamed(texts: [String], size: Int, pattern: String, message: String) throws {
    let input = try place.write(
      texts.map { TestDocument(id: "1", language: "eng_Latn", source: "s", text: $0) },
      to: "in.jsonl")
    var options = options([input], "bad.json")
    options.vocabularySize = size
    options.pattern = pattern
    do {
      _ = try train(options)
      Issue.record("no failure")
    } catch let failure as any DescribedFailure {
      #expect(failure.message.contains(message), "\(failure.message)")
    }
  }

  @Test func aPlaceThatCannotBeWrittenIsNamedBeforeReading() throws {
    let input = try place.write([TestDocument](), to: "in.jsonl")
    let options = options([input], "missing/out.json")
    do {
      _ = try train(options)
      Issue.record("no failure")
    } catch let failure as FileFailure {
      #expect(failure.message.contains("missing/out.json.partial: no such file or folder"))
    }
  }

  @Test func oneUniqueWordIsEnough() throws {
    let input = try place.write(
      (0..<9).map { TestDocument(id: "\($0)", language: "eng_Latn", source: "s", text: "word") },
      to: "in.jsonl")
    let report = try TrainTokenizerStage(
      options: options([input], "one.json"), progress: Progress(), stop: StopFlag(),
      logger: LineLogHandler.logger { _ in }
    ).run()
    #expect(report.vocabularySize == 257 + 3 && report.differentWords == 1)
  }

  @Test func theClassesOfWeightsAreOrdered() {
    var last = -1
    for weight in Array(1...5000) + [1 << 20, 1 << 40, 1 << 61, Int64.max] {
      let slot = WeightHistogram.slot(weight)
      #expect(slot >= last)
      #expect(WeightHistogram.first(slot) <= weight)
      if slot + 1 < 57 * 64 { #expect(WeightHistogram.first(slot + 1) > weight) }
      last = slot
    }
    var histogram = WeightHistogram()
    for weight in [Int64(1), 1, 2, 5, 5, 9] { histogram.add(weight, 10) }
    #expect(histogram.least(fitting: 60) == 0)
    #expect(histogram.least(fitting: 45) == 2)
    #expect(histogram.least(fitting: 29) == 6)
    #expect(histogram.least(fitting: 5) == 10)
  }

  @Test(arguments: ["none", "2d2d0a"]) func aStoresOptionsAreReadBack(separator: String) {
    var options = IngestOptions(inputs: [], store: "s", tokenizer: "bytes")
    options.documents.textField = "a b"
    options.documents.languageField = "lang"
    options.documents.documentSeparator = separator == "none" ? nil : Array("--\n".utf8)
    options.documents.maxDocumentBytes = 77
    #expect(StoredOptions.read(options.documentOptionsText) == options.documents)
    #expect(StoredOptions.read("format=jsonl") == nil)
  }
}
