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
    let first = #"{"id":"a","text":"one text","lang":"eng_Latn"}"# + "\n"
    let second = #"{"id":"a","text":"another text","lang":"eng_Latn"}"# + "\n"
    let third = #"{"id":"b","text":"a third","lang":"eng_Latn"}"# + "\n"
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
    let line = #"{"id":"a","text":"one text","lang":"eng_Latn"}"# + "\n"
    let input = try place.write(Array((line + line).utf8), to: "in/copies.jsonl")
    #expect(try warnings(input).isEmpty)
  }
}
