import ShardifyCore
import Testing

@testable import Detect

/// The rules of docs/languages.md.
@Suite struct RuleTests {
  let worker: DetectWorker

  init() throws { worker = try Detector().makeWorker() }

  @Test(arguments: [
    "int main(void) { for (int i = 0; i < n; i++) { sum += a[i] * b[i]; } return sum; }",
    #"{"id": 17, "name": "x", "tags": ["a", "b"], "size": {"w": 10, "h": 20}, "ok": true}"#,
    "<div class=\"a b\"><a href=\"/x/y\">Home</a><a href=\"/z\">About</a></div><p></p><br/>",
    "TWFuIGlzIGRpc3Rpbmd1aXNoZWQsIG5vdCBvbmx5IGJ5IGhpcyByZWFzb24sIGJ1dCBieSB0aGlzIHNpbmd1bGFy",
    "https://example.org/a/b/c?d=1 https://example.org/news/archive/2041 http://kernel.org/x/y/z",
    "d41d8cd98f00b204e9800998ecf8427e 0cc175b9c0f1b6a831c399e269772661 92eb5ffee6ae2fec3ad71c777531578f",
    "1.25,3.5,7.75,12.5,13.0,14.25\n2.5,3.75,8.5,11.25,13.5,15.0\n3.5,4.5,9.25,12.75,14.0,16.5",
  ]) func codeAndDataAreNotLanguage(text: String) {
    #expect(worker.detect(text).tag.isNotLanguage, "\(worker.detect(text).tag)")
  }

  @Test(arguments: [
    "Call `open(path)` first; it returns a handle (or -1), which `read(handle, buffer)` then takes.",
    "In 1998 and 2004 they sold 12,500 and 14,250 units, that is 35% and 41% of all there were.",
    "See https://example.org/a/b/c?d=12345 for what the committee said about the new harbour.",
    "Äpfel, Birnen und Kirschen\nApril, Mai und Juni\nHamburg, Bremen und Lübeck",
  ]) func proseWithCodeNumbersOrLinksIsLanguage(text: String) {
    #expect(!worker.detect(text).tag.isNotLanguage)
  }

  @Test func shapeDoesNotDependOnWhereBlocksBegin() {
    let text = "word and word; x = y+1;\n\nhttps://example.org/a/very/long/path/of/a/page é ß "
    for shift in 0..<70 {
      let plain = TextShape.of(text)
      let moved = TextShape.of(String(repeating: " ", count: shift) + text)
      #expect(moved == plain, "\(shift)")
    }
  }

  @Test func oneScriptAloneIsNoProof() {
    let thai = "เด็กๆ เดินช้าๆ ลงไปที่ท่าเรือเพื่อดูเรือเข้ามา"
    #expect(worker.detect(thai).tag.description == "tha_Thai")
    var random = SeededRandom(seed: 4)
    let letters = (0xE01...0xE2E).compactMap { Unicode.Scalar($0) }
    for _ in 0..<50 {
      let mash = (0..<40).map { _ in letters[Int(random.below(UInt64(letters.count)))] }
      let found = worker.detect(String(String.UnicodeScalarView(mash)))
      #expect(found.tag.description == "und_Thai")
    }
    #expect(worker.detect("ก ข ค").tag.description == "und_Thai")
  }

  @Test func secondLanguageOfATextIsTold() {
    let english = """
      The children walked slowly down to the harbour to see the ships come in. Their mother had told \
      them to be back before dark, and so they hurried past the market without looking at anything.
      """
    let german = """
      Die Kinder gingen langsam zum Hafen hinunter, um die Schiffe zu sehen. Ihre Mutter hatte gesagt, \
      dass sie vor der Dunkelheit zurück sein sollten, und so liefen sie am Markt vorbei nach Hause.
      """
    let both = english + english + english + " " + german + german
    let found = worker.detect(both)
    #expect(found.tag.description == "eng_Latn")
    #expect(found.second.label?.description == "deu_Latn")
    #expect(found.flags.contains(.secondLanguage))
    #expect(worker.detect(english + english + english).second.tag == 0)
    let mixed =
      english
      + " Дети медленно спустились в гавань, чтобы посмотреть на корабли, и долго ждали на берегу."
    #expect(worker.detect(mixed).second.label?.description == "rus_Cyrl")
  }

  @Test func rankedLabelsBeginWithTheThreeBest() {
    for (_, text) in DetectorTests.sentences {
      let found = worker.detect(text).candidates
      let bytes = Array(text.utf8)
      let ranked = bytes.withUnsafeBytes { worker.candidates($0, count: 5) }
      #expect(ranked.first == found.0)
      if ranked.count > 2 { #expect(ranked[1] == found.1 && ranked[2] == found.2) }
    }
  }

  @Test func thresholdOfALabelOverridesTheOthers() throws {
    let text = "The children walked slowly down to the harbour."
    let tag = try #require(LanguageTag("eng_Latn"))
    let strict = try Detector(threshold: 0, labelThresholds: [tag: 10_000]).makeWorker()
    let loose = try Detector(threshold: 10_000, labelThresholds: [tag: 1]).makeWorker()
    let probability = loose.detect(text).probability
    #expect(loose.detect(text).tag == tag)
    if probability < 10_000 { #expect(strict.detect(text).tag.isUndetermined) }
    #expect(throws: DetectFailure.self) { try Detector(labelThresholds: [tag: 10_001]) }
  }

  @Test func evaluationCountsAsByHand() throws {
    let (a, b, c) = (
      try #require(LanguageTag("aaa_Latn")), try #require(LanguageTag("bbb_Latn")),
      try #require(LanguageTag("ccc_Latn"))
    )
    func answer(_ tag: LanguageTag, _ probability: UInt16) -> Detection {
      var found = Detection(tag: tag, script: .latin)
      found.probability = probability
      found.candidates.0 = Candidate(tag: tag.rawValue, probability: probability)
      return found
    }
    var first = LanguageEvaluation(labels: [a, b])
    var second = LanguageEvaluation(labels: [a, b])
    first.add(a, answer(a, 9000))
    first.add(a, answer(b, 9000))
    second.add(b, answer(b, 5000))
    second.add(c, answer(b, 5000))
    first.add(second)
    #expect(first.texts == 3 && first.right == 2 && first.unknown == [c: 1])
    #expect(first.rows.map(\.tag) == [a, b])
    #expect(first.rows.map(\.f1) == [2.0 / 3, 2.0 / 3])
    #expect(abs(first.macroF1 - 2.0 / 3) < 1e-12 && abs(first.microF1 - 2.0 / 3) < 1e-12)
    // Two texts at 0.9 with one right, one at 0.5 that is right: (0.8 + 0.5) / 3.
    #expect(abs(first.calibrationError - 1.3 / 3) < 1e-12)
    #expect(first.confusions(5).map(\.texts) == [1])
  }
}

extension TextShape {
  static func of(_ text: String) -> TextShape {
    Array(text.utf8).withUnsafeBytes { TextShape($0) }
  }
}
