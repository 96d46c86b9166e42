import Detect
import ShardifyCore
import Testing

@Suite struct DetectorTests {
  let detector: Detector
  let worker: DetectWorker

  init() throws {
    detector = try Detector()
    worker = detector.makeWorker()
  }

  static let sentences: [(String, String)] = [
    ("eng_Latn", "The children walked slowly down to the harbour to see the ships come in."),
    ("deu_Latn", "Die Kinder gingen langsam zum Hafen hinunter, um die Schiffe zu sehen."),
    ("fra_Latn", "Les enfants descendaient lentement vers le port pour voir arriver les bateaux."),
    ("spa_Latn", "Los niños bajaron despacio hasta el puerto para ver llegar los barcos."),
    ("ita_Latn", "I bambini scesero lentamente al porto per vedere arrivare le navi."),
    ("por_Latn", "As crianças desceram devagar até o porto para ver os navios chegarem."),
    ("nld_Latn", "De kinderen liepen langzaam naar de haven om de schepen te zien aankomen."),
    ("swe_Latn", "Barnen gick långsamt ner till hamnen för att se fartygen komma in."),
    ("fin_Latn", "Lapset kävelivät hitaasti satamaan katsomaan, kun laivat tulivat."),
    ("pol_Latn", "Dzieci powoli zeszły do portu, żeby zobaczyć przypływające statki."),
    ("ces_Latn", "Děti pomalu sešly do přístavu, aby viděly připlouvat lodě."),
    ("hun_Latn", "A gyerekek lassan lesétáltak a kikötőbe, hogy lássák a hajókat."),
    ("tur_Latn", "Çocuklar gemilerin gelişini görmek için yavaşça limana indiler."),
    ("vie_Latn", "Bọn trẻ chậm rãi đi xuống bến cảng để xem những con tàu cập bến."),
    ("swa_Latn", "Watoto walitembea polepole hadi bandarini kuona meli zikiingia."),
    ("rus_Cyrl", "Дети медленно спустились в гавань, чтобы посмотреть на корабли."),
    ("ukr_Cyrl", "Діти повільно спустилися до гавані, щоб побачити, як прибувають кораблі."),
    ("bul_Cyrl", "Децата бавно слязоха до пристанището, за да видят корабите."),
    ("ell_Grek", "Τα παιδιά κατέβηκαν αργά στο λιμάνι για να δουν τα πλοία."),
    ("heb_Hebr", "הילדים ירדו לאט אל הנמל כדי לראות את האוניות נכנסות."),
    ("hin_Deva", "बच्चे जहाज़ों को आते देखने के लिए धीरे-धीरे बंदरगाह की ओर चले।"),
    ("ben_Beng", "বাচ্চারা জাহাজ দেখতে ধীরে ধীরে বন্দরের দিকে হেঁটে গেল।"),
    ("tha_Thai", "เด็กๆ เดินช้าๆ ลงไปที่ท่าเรือเพื่อดูเรือเข้ามา"),
    ("jpn_Jpan", "子どもたちは船が入ってくるのを見るために、ゆっくりと港へ歩いていった。"),
    ("kor_Kore", "아이들은 배가 들어오는 것을 보려고 천천히 항구로 걸어 내려갔다."),
    ("zho_Hans", "孩子们慢慢地走到港口，去看进港的船只。"),
    ("zho_Hant", "孩子們慢慢地走到港口，去看進港的船隻。他們的母親在家裡準備晚餐，等他們回來一起吃。"),
  ]

  @Test(arguments: sentences) func sentenceIsRecognised(label: String, text: String) {
    let found = worker.detect(text)
    #expect(found.tag.description == label)
    #expect(found.candidates.0.label == found.tag)
    #expect(found.probability == found.candidates.0.probability)
  }

  @Test(arguments: sentences) func twiceTheTextKeepsItsLabel(label: String, text: String) {
    let long = String(repeating: text + "\n", count: 200)
    #expect(worker.detect(long).tag.description == label)
    #expect(worker.detect(long).flags.contains(.sampled) == (long.utf8.count > 1024))
  }

  @Test(arguments: sentences) func linksNumbersAndEmojiDoNotChangeTheLabel(
    label: String, text: String
  ) {
    let long = String(repeating: text + " ", count: 4)
    #expect(
      worker.detect("12.5 % \u{1F600} " + long + "http://a.b/c?d=12345").tag.description == label)
  }

  @Test func decomposedTextGetsTheSameLabelAsComposed() {
    let text = "Bọn trẻ chậm rãi đi xuống bến cảng để xem những con tàu cập bến."
    let decomposed = text.unicodeScalars.reduce(into: "") { result, scalar in
      result += Self.decomposed(scalar)
    }
    #expect(decomposed.utf8.count > text.utf8.count)
    #expect(worker.detect(decomposed).candidates.0 == worker.detect(text).candidates.0)
  }

  private static func decomposed(_ scalar: Unicode.Scalar) -> String {
    let marks: [Unicode.Scalar: String] = [
      "ọ": "o\u{323}", "ẻ": "e\u{309}", "ậ": "a\u{323}\u{302}", "ã": "a\u{303}",
      "ế": "e\u{302}\u{301}", "ả": "a\u{309}", "ể": "e\u{302}\u{309}", "à": "a\u{300}",
    ]
    return marks[scalar] ?? String(Character(scalar))
  }

  @Test func mostlyDigitsAndSymbolsIsNotLanguage() {
    #expect(worker.detect("x = 12; y = 34; 56, 78, 90, 12, 34, 56, 78").tag.isNotLanguage)
    #expect(worker.detect("12 + 34 = 46 !").tag.description == "zxx_Zyyy")
    #expect(worker.detect("").tag.description == "zxx_Zyyy")
  }

  @Test func cantoneseNeedsItsOwnCharacters() {
    #expect(worker.detect("佢哋而家喺邊度呀？我唔知佢哋去咗邊。").tag.description == "yue_Hant")
    for text in ["孩子們慢慢地走到港口", "請問這個怎麼說"] {
      let found = worker.detect(String(repeating: text, count: 10)).candidates
      for candidate in [found.0, found.1, found.2] {
        #expect(candidate.label?.description != "yue_Hant")
      }
    }
  }

  @Test func scriptWithoutALabelIsUndetermined() {
    let ugaritic = worker.detect("\u{10380}\u{10381}\u{10382}\u{10383}")
    #expect(ugaritic.tag.description == "und_Ugar")
    #expect(ugaritic.flags.contains(.contradiction))
  }

  @Test(arguments: ["hello", "Hello!", "yes", "ciao", "ok 12"])
  func aWordThatManyLanguagesShareIsUndetermined(text: String) {
    #expect(worker.detect(text).tag.description == "und_Latn")
  }

  @Test func aThresholdThatIsGivenStandsForShortTextsToo() throws {
    let found = try Detector(threshold: 0).makeWorker().detect("hello")
    #expect(found.tag == found.candidates.0.label)
  }

  @Test func thresholdDecidesBetweenLabelAndUndetermined() throws {
    let strict = try Detector(threshold: 10_000).makeWorker()
    let loose = try Detector(threshold: 0).makeWorker()
    let text = "la casa"
    #expect(strict.detect(text).tag.description == "und_Latn")
    #expect(loose.detect(text).tag == loose.detect(text).candidates.0.label)
    #expect(throws: DetectFailure.self) { try Detector(threshold: 10_001) }
  }

  @Test func factsOfTheModelAreKnown() {
    #expect(detector.labels.count > 250)
    #expect(detector.icuVersion.contains("."))
    #expect(!detector.modelName.isEmpty)
    #expect(Set(detector.labels).count == detector.labels.count)
  }

  @Test func candidatesAreOrderedAndTheirSharesSumToAtMostOne() {
    for (_, text) in Self.sentences {
      let found = worker.detect(text).candidates
      #expect(found.0.probability >= found.1.probability)
      #expect(found.1.probability >= found.2.probability)
      #expect(
        Int(found.0.probability) + Int(found.1.probability) + Int(found.2.probability) <= 10_002)
    }
  }
}
