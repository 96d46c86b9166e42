import ArgumentParser
import Detect
import Files
import ShardifyCore
import Synchronization
import Terminal

struct LanguageEvalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "language-eval",
    abstract: "Measure a language model on texts whose language is known: label TAB text a line.",
    discussion: """
      The best label of each text is compared, before any threshold. Labels of the file are read as \
      everywhere (eng_Latn, en, __label__eng_Latn); those the model does not know are reported apart.
      """)

  @Argument(help: "The file: label, a tab, the text; a line each.")
  var gold: String

  @OptionGroup var model: ModelOptions

  @Option(parsing: .unconditional, help: "Cut each text to so many characters (code points).")
  var cut: Int?

  @Option(help: "A file of labels, one a line: other texts are left out.")
  var labels: String?

  @Flag(help: "Sample long texts in eight windows, as ingest does.")
  var sample = false

  @Option(parsing: .unconditional, help: "Confusions to show.")
  var confusions = 20

  @Option(parsing: .unconditional, help: "Threads.")
  var jobs = 1

  @Flag(help: "Write one JSON object.")
  var json = false

  func validate() throws {
    if jobs < 1 || jobs > 1024 { throw ValidationError("--jobs \(jobs): expected from 1 to 1024") }
    if let cut, cut < 1 { throw ValidationError("--cut \(cut): expected at least 1") }
    if confusions < 0 { throw ValidationError("--confusions \(confusions): expected at least 0") }
  }

  func run() throws {
    let detector = try model.detector()
    let file = try MappedFile(path: gold)
    defer { withExtendedLifetime(file) {} }
    let kept = try labels.map { try LanguageEvalCommand.labelSet($0) }
    let texts = try GoldTexts(file, kept: kept)
    if texts.slices.isEmpty {
      throw StreamFailure(
        .line, "cannot measure", path: gold,
        found: labels == nil ? "no text" : "no text with one of the labels of \(labels ?? "")",
        expected: "a label, a tab, a text on each line")
    }
    let (isSampling, cut) = (sample, cut)
    let total = Mutex(LanguageEvaluation(labels: detector.labels))
    let slices = texts.slices
    Parallel.forEach(below: slices.count, threads: jobs) { number in
      let worker = detector.makeWorker()
      worker.isSampling = isSampling
      var part = LanguageEvaluation(labels: detector.labels)
      for text in slices[number] { part.add(text.label, worker.detect(text.bytes(cut: cut))) }
      total.withLock { $0.add(part) }
    }
    let found = total.withLock { $0 }
    let report = LanguageEvalReport(
      evaluation: found, model: detector.modelName, confusions: confusions)
    Console.out(json ? report.json : report.text)
  }

  private static func labelSet(_ path: String) throws -> Set<LanguageTag> {
    let file = try MappedFile(path: path)
    defer { withExtendedLifetime(file) {} }
    var set: Set<LanguageTag> = []
    for (number, line) in file.bytes.split(separator: 10).enumerated() {
      let word = line.prefix { $0 > 32 }
      if word.isEmpty { continue }
      guard let tag = LanguageLabels.normalize(word, script: nil) else {
        throw StreamFailure(
          .line, "cannot read labels", path: "\(path), line \(number + 1)",
          found: String(decoding: word.prefix(60), as: UTF8.self), expected: "a language label")
      }
      set.insert(tag)
    }
    return set
  }
}
