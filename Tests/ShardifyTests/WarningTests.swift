import Ingest
import Logging
import Shardify
import ShardifyCore
import Synchronization
import Testing

@Suite struct WarningTests {
  let place: Workplace

  init() throws { place = try Workplace() }

  private func warnings(_ input: String) throws -> [String] {
    let lines = Mutex<[String]>([])
    let stage = IngestStage(
      options: place.ingestOptions([input]), progress: Progress(), stop: StopFlag(),
      logger: LineLogHandler.logger { line in lines.withLock { $0.append(line) } })
    _ = try stage.run()
    return lines.withLock { $0 }
  }

  @Test func anIDWithTwoTextsIsNamedAndBothAreKept() throws {
    let first = #"{"id":"a","text":"one text","lang":"eng_Latn","source":"web"}"# + "\n"
    let second = #"{"id":"a","text":"another text","lang":"eng_Latn","source":"web"}"# + "\n"
    let third = #"{"id":"b","text":"a third","lang":"eng_Latn","source":"web"}"# + "\n"
    let input = try place.write(Array((first + third + second).utf8), to: "in/ids.jsonl")
    let lines = try warnings(input)
    #expect(lines.count == 1)
    #expect(
      lines.first?.hasPrefix("warning: 1 documents have the id of another document") == true)
    #expect(
      lines.first?.contains("at byte \(first.utf8.count + third.utf8.count); all are kept") == true)
    let summary = try place.ingest([input])
    #expect(summary.documents == 3)
  }

  @Test func aCopyWithItsOwnIDIsNoRepeatedID() throws {
    let line = #"{"id":"a","text":"one text","lang":"eng_Latn","source":"web"}"# + "\n"
    let input = try place.write(Array((line + line).utf8), to: "in/copies.jsonl")
    #expect(try warnings(input).isEmpty)
  }

  private func warnings(
    _ input: String, store: String = "store", _ change: (inout IngestOptions) -> Void
  ) throws -> [String] {
    let lines = Mutex<[String]>([])
    var options = place.ingestOptions([input], store: store)
    change(&options)
    _ = try IngestStage(
      options: options, progress: Progress(), stop: StopFlag(),
      logger: LineLogHandler.logger { line in lines.withLock { $0.append(line) } }
    ).run()
    return lines.withLock { $0 }
  }

  @Test func fieldsThatNoDocumentHasAreNamed() throws {
    let line = #"{"id":"a","text":"one text","lang":"eng_Latn","n":3,"source":7}"# + "\n"
    let input = try place.write(Array(line.utf8), to: "in/fields.jsonl")
    let lines = try warnings(input) {
      $0.documents.idField = "zip"
      $0.documents.languageField = "nope"
      $0.documents.numericFields = ["n", "nada"]
    }
    #expect(lines.count == 4)
    for (line, option) in zip(
      lines,
      ["--id-field zip", "--source-field source", "--language-field nope", "--numeric-field nada"])
    {
      #expect(line.hasPrefix("warning: \(option): none of the 1 documents read has"), "\(line)")
    }
    // A default that no document has is nobody's mistake.
    let bare = try place.write(Array("{\"text\":\"one text\"}\n".utf8), to: "in/bare.jsonl")
    let none = try warnings(bare, store: "bare") {
      $0.documents.languageField = nil
      $0.documents.sourceField = nil
      $0.languageSource = .model
    }
    #expect(none == [])
  }
}
