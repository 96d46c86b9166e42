import Files
import Foundation
import ShardifyCore
import Testing

@testable import Detect

/// Labels and probabilities equal the fasttext program's, on models of every kind trained here.
@Suite(.enabled(if: FastTextProgram.path != nil, "the fasttext program is not installed"))
struct FastTextTests {
  static let kinds: [(String, [String])] = [
    ("softmax", ["-loss", "softmax", "-minn", "1", "-maxn", "4"]),
    ("words", ["-loss", "softmax", "-minn", "0", "-maxn", "0", "-wordNgrams", "3"]),
    ("hierarchical", ["-loss", "hs", "-minn", "2", "-maxn", "3", "-wordNgrams", "2"]),
    ("ova", ["-loss", "ova", "-minn", "2", "-maxn", "4"]),
    ("negative", ["-loss", "ns", "-minn", "2", "-maxn", "4"]),
    ("noBuckets", ["-loss", "softmax", "-minn", "0", "-maxn", "0", "-bucket", "0"]),
  ]

  @Test(arguments: kinds) func denseModelEqualsTheProgram(name: String, arguments: [String]) throws
  {
    let folder = try FastTextProgram.train(arguments)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FastTextProgram.compare("\(folder)/model.bin", folder: folder)
  }

  @Test(arguments: [
    ["-qnorm"], ["-qnorm", "-qout"], ["-cutoff", "300"],
    ["-cutoff", "280", "-qnorm", "-dsub", "3"],
  ]) func quantisedModelEqualsTheProgram(options: [String]) throws {
    let arguments = ["-loss", "softmax", "-minn", "1", "-maxn", "4"]
    // The program quantises an output matrix only if it has 256 rows, that is, labels.
    let folder = try FastTextProgram.train(arguments, extraLabels: 300)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FastTextProgram.run(
      ["quantize", "-input", "\(folder)/train.txt", "-output", "\(folder)/model"] + options)
    try FastTextProgram.compare("\(folder)/model.ftz", folder: folder)
  }

  @Test func detectorUsesAFastTextModel() throws {
    let folder = try FastTextProgram.train(["-loss", "softmax", "-minn", "1", "-maxn", "4"])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let detector = try Detector(modelPath: "\(folder)/model.bin")
    #expect(detector.labels.map(\.description).sorted().contains("deu_Latn"))
    let worker = detector.makeWorker()
    let german = worker.detect("das ist ein haus und der hund ist gut")
    #expect(german.tag.description == "deu_Latn")
    // A label of another script is never given, however sure the model is.
    #expect(worker.detect("дом и собака на улице").tag.script.description == "Cyrl")
  }

  @Test func everyCutModelIsRefused() throws {
    let folder = try FastTextProgram.train(["-loss", "hs", "-minn", "2", "-maxn", "2"])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let whole = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/model.bin"))
    let path = "\(folder)/cut.bin"
    for count in stride(from: 0, to: whole.count, by: max(1, whole.count / 200)) {
      try whole.prefix(count).write(to: URL(fileURLWithPath: path))
      #expect(throws: DetectFailure.self) { try Detector(modelPath: path) }
    }
  }

  @Test func changedBytesNeverTrap() throws {
    let folder = try FastTextProgram.train(["-loss", "hs", "-minn", "2", "-maxn", "2"])
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FastTextProgram.run(
      ["quantize", "-input", "\(folder)/train.txt", "-output", "\(folder)/model", "-qnorm"])
    var random = SeededRandom(seed: 5)
    for name in ["model.bin", "model.ftz"] {
      let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
      for _ in 0..<300 {
        var changed = whole
        // Most changes in the settings and the dictionary, where they do most harm.
        let reach = random.below(2) == 0 ? 120 : UInt64(whole.count)
        for _ in 0..<3 {
          changed[Int(random.below(reach))] = UInt8(truncatingIfNeeded: random.next())
        }
        let path = "\(folder)/changed.bin"
        try Data(changed).write(to: URL(fileURLWithPath: path))
        guard let detector = try? Detector(modelPath: path) else { continue }
        _ = detector.makeWorker().detect("das ist ein haus und der hund")
      }
    }
  }
}

/// Trains with and asks the fasttext program.
enum FastTextProgram {
  static let path = ["/usr/bin/fasttext", "/usr/local/bin/fasttext"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  static let sentences = [
    ("deu", "das ist ein haus und der hund ist gut"), ("deu", "ich habe keine zeit für dich"),
    ("eng", "this is a house and the dog is good"), ("eng", "i have no time for you at all"),
    ("fra", "c'est une maison et le chien est bon"), ("fra", "je n'ai pas le temps été"),
    ("rus", "это дом и собака на улице"), ("rus", "у меня нет времени для тебя"),
    ("tur", "bu bir ev ve köpek çok iyi"), ("tur", "senin için hiç zamanım yok şimdi"),
  ]

  @discardableResult
  static func run(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path ?? "")
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return String(decoding: data, as: UTF8.self)
  }

  /// A folder with `model.bin`, `train.txt` and `ask.txt`.
  static func train(_ arguments: [String], extraLabels: Int = 0) throws -> String {
    let folder = NSTemporaryDirectory() + "fasttext-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var lines: [String] = []
    for round in 0..<60 {
      for (label, text) in sentences { lines.append("__label__\(label) \(text) w\(round % 7)") }
    }
    for label in 0..<extraLabels { lines.append("__label__x\(label) word\(label) this das") }
    try write(lines, "\(folder)/train.txt")
    try Data(questions()).write(to: URL(fileURLWithPath: "\(folder)/ask.txt"))
    try run(
      [
        "supervised", "-input", "\(folder)/train.txt", "-output", "\(folder)/model", "-dim", "10",
        "-epoch", "20", "-thread", "1", "-lr", "0.5",
      ] + (arguments.contains("-bucket") ? [] : ["-bucket", "2000"]) + arguments)
    return folder
  }

  private static func write(_ lines: [String], _ path: String) throws {
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
  }

  /// Lines with all that may upset a reader: nothing, spaces, zero bytes, unknown and long words, bytes
  /// that are not UTF-8, labels and the end of a sentence written out; then some hundred mixed ones.
  static func questions() -> [UInt8] {
    var lines: [[UInt8]] = sentences.map { Array($0.1.utf8) }
    lines += [
      "haus dog maison", "unbekannt wörter überall", "x", "ß", "__label__deu das", "a\tb  c",
      "это house", "  leading", "日本語 の 文", "", "   ", "\u{B}\u{C}", "a\u{0}b",
      "__label__ das", "__label__nothing", "< > </s", "trailing  ", "crlf\r",
      String(repeating: "langeswort", count: 9), String(repeating: "日本", count: 40),
    ].map { Array($0.utf8) }
    lines += [[0xFF, 0xFE, 32, 0x80, 0x80], [0xC3], [0xE6, 0x97, 32, 0x61], [0xED, 0xA0, 0x80]]
    var random = SeededRandom(seed: 11)
    let words = sentences.flatMap { $0.1.split(separator: " ").map { Array($0.utf8) } }
    for round in 0..<400 {
      var line: [UInt8] = []
      // Some lines are thousands of words long, as documents are.
      for _ in 0..<(round % 100 == 99 ? 4000 : 1 + Int(random.below(30))) {
        if !line.isEmpty { line.append(32) }
        var word = words[Int(random.below(UInt64(words.count)))]
        if random.below(3) == 0 {
          word[Int(random.below(UInt64(word.count)))] = UInt8(33 + random.below(222))
        }
        line += word
      }
      lines.append(line)
    }
    // Last, because the program takes what follows as another line.
    lines.append(Array("das ist </s>".utf8))
    return Array(lines.joined(separator: [10])) + [10]
  }

  /// Asks the program and our reader about every line of `ask.txt`.
  static func compare(_ modelPath: String, folder: String) throws {
    let file = try MappedFile(path: modelPath)
    let model = try FastTextModel(file.bytes, path: modelPath, owner: file)
    let predictor = FastTextPredictor(model)
    let answers = try run(["predict-prob", modelPath, "\(folder)/ask.txt", "10"])
      .split(separator: "\n", omittingEmptySubsequences: false)
    let asked = try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder)/ask.txt")))
      .split(separator: 10, omittingEmptySubsequences: false).dropLast()
    #expect(answers.count >= asked.count)
    var compared = 0
    for (line, answer) in zip(asked, answers) {
      predictor.start()
      Array(line).withUnsafeBytes { predictor.add($0, isEnded: true) }
      let isKnown = predictor.finish()
      let words = answer.split(separator: " ")
      #expect(isKnown == !words.isEmpty, "\(line)")
      guard isKnown else { continue }
      for pair in stride(from: 0, to: words.count - 1, by: 2) {
        let label = try #require(
          model.dictionary.labels.firstIndex { $0.elementsEqual(words[pair].utf8) })
        let probability = try #require(Float(words[pair + 1]))
        let ours = predictor.probabilities[label]
        // Over tens of thousands of rows the program's own sums, one row after the other in single
        // precision, are no better than this.
        let slack: Float = line.count > 4096 ? 1e-4 : 1e-5
        #expect(abs(ours - probability) <= slack + 1e-5 * probability, "\(line.count) \(answer)")
        compared += 1
      }
    }
    #expect(compared > 1000)
  }
}
