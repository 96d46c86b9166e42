import Files
import ShardifyCore

/// A document of a made-up corpus.
struct TestDocument: Hashable, Sendable {
  var id: String
  var language: String
  var source: String
  var text: String

  /// One line of JSONL. Texts here need no escapes.
  var line: String {
    #"{"id":"\#(id)","text":"\#(text)","lang":"\#(language)","source":"\#(source)"}"# + "\n"
  }

  var content: ContentHash { Array(text.utf8).withUnsafeBytes { ContentHash(of: $0) } }
}

/// Corpora made from a seed.
enum Corpus {
  static let maxPieceTokens = 64

  /// A path in `fixtures/`.
  static func fixture(_ name: String) -> String {
    FileSystem.parent(FileSystem.parent(FileSystem.parent("\(#filePath)"))) + "/fixtures/" + name
  }

  private static let alphabets: [String: [String]] = [
    "eng_Latn": ["a", "e", "i", "n", "o", "r", "s", "t"],
    "deu_Latn": ["ä", "e", "i", "n", "ö", "r", "ß", "t"],
    "rus_Cyrl": ["а", "е", "и", "н", "о", "р", "с", "т"],
    "jpn_Jpan": ["か", "き", "く", "日", "本", "語", "の", "は"],
    "tur_Latn": ["a", "ı", "i", "ş", "ğ", "ü", "k", "l"],
    "yor_Latn": ["à", "ẹ", "ọ", "ṣ", "b", "g", "k", "l"],
  ]

  /// A text of about `byteCount` bytes in the letters of a language.
  static func text(_ language: String, byteCount: Int, _ random: inout SeededRandom) -> String {
    let letters = alphabets[language] ?? ["x"]
    var text = ""
    while text.utf8.count < byteCount {
      if !text.isEmpty { text += " " }
      for _ in 0...Int(random.below(7)) {
        text += letters[Int(random.below(UInt64(letters.count)))]
      }
    }
    return text
  }

  /// Documents of `language` from three sources.
  static func documents(
    _ language: String, count: Int, bytes: ClosedRange<Int>, _ random: inout SeededRandom
  ) -> [TestDocument] {
    (0..<count).map { number in
      let size = bytes.lowerBound + Int(random.below(UInt64(bytes.count)))
      return TestDocument(
        id: "\(language)-\(number)", language: language,
        source: ["books", "news", "web"][Int(random.below(3))],
        text: text(language, byteCount: size, &random))
    }
  }

  /// Six languages, one of a single document, one document longer than a shard's part of its
  /// language, exact duplicates within and across sources, and one text under two languages.
  static func mixed(seed: UInt64 = 7) -> [TestDocument] {
    var random = SeededRandom(seed: seed)
    var all = documents("eng_Latn", count: 90, bytes: 20...400, &random)
    all += documents("deu_Latn", count: 45, bytes: 20...300, &random)
    all += documents("rus_Cyrl", count: 30, bytes: 30...300, &random)
    all += documents("jpn_Jpan", count: 12, bytes: 10...200, &random)
    all += documents("tur_Latn", count: 3, bytes: 40...160, &random)
    all += documents("yor_Latn", count: 1, bytes: 100...100, &random)
    all.append(
      TestDocument(
        id: "long", language: "deu_Latn", source: "books",
        text: text("deu_Latn", byteCount: 6_000, &random)))
    for (number, copied) in [3, 3, 17, 95, 140, 3].enumerated() {
      var copy = all[copied]
      copy.id = "copy-\(number)"
      copy.source = number % 2 == 0 ? "zines" : "archive"
      all.append(copy)
    }
    var other = all[5]
    other.id = "other-language"
    other.language = "tur_Latn"
    all.append(other)
    return shuffled(all, &random)
  }

  static func shuffled<T>(_ items: [T], _ random: inout SeededRandom) -> [T] {
    items.shuffled(using: &random)
  }

  /// The documents that stay when copies of the same text in the same language go.
  static func unique(_ documents: [TestDocument]) -> Set<TestKey> {
    Set(documents.map { TestKey(language: $0.language, content: $0.content) })
  }
}

/// What a document is told by.
struct TestKey: Hashable {
  var language: String
  var content: ContentHash
}
