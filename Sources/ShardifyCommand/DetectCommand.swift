import ArgumentParser
import Detect
import ShardifyCore
import Terminal

struct DetectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Tell language and script: a text a line in; tag, probability, script, share out.",
    discussion: """
      Columns are separated by tabs: eng_Latn, 0.9871, Latn, 1.0000. With --top K as many labels \
      follow, each with its probability; with --json a line is an object with all that was found.
      """)

  @Flag(help: "Lines are JSON objects.")
  var jsonl = false

  @Option(help: "JSON field of the text.")
  var textField = "text"

  @OptionGroup var model: ModelOptions

  @Option(
    parsing: .unconditional,
    help: "Add the best K labels and their probabilities, before any threshold.")
  var top = 0

  @Flag(help: "Write JSON objects.")
  var json = false

  @Flag(help: "Score long texts whole, not in eight windows.")
  var noSample = false

  @Flag(help: "Tell the script only: the tag is und_Scrp.")
  var onlyScript = false

  @Option(
    name: [.customLong("jobs"), .customLong("threads")], parsing: .unconditional,
    help: "Threads.")
  var jobs = 1

  func validate() throws {
    if jobs < 1 || jobs > 1024 { throw ValidationError("--jobs \(jobs): expected from 1 to 1024") }
    if top < 0 || top > 4096 { throw ValidationError("--top \(top): expected from 0 to 4096") }
  }

  func run() throws {
    let detector = try model.detector()
    let blocks = DetectBlocks(
      detector: detector, form: jsonl ? .jsonl(field: textField) : .lines, jobs: jobs,
      isSampling: !noSample)
    let (top, json, onlyScript) = (top, json, onlyScript)
    try blocks.run { worker, text, out in
      let found = onlyScript ? worker.script(text) : worker.detect(text)
      let best = top > 0 && !onlyScript ? worker.candidates(text, count: top) : []
      let line =
        json
        ? DetectCommand.object(found, best, worker.scripts(text))
        : DetectCommand.columns(found, best)
      out.append(contentsOf: line.utf8)
      out.append(10)
    }
  }

  private static func columns(_ found: Detection, _ best: [Candidate]) -> String {
    var line =
      "\(found.tag)\t\(fraction(found.probability))\t\(found.script)\t\(fraction(found.scriptShare))"
    for candidate in best {
      line += "\t\(candidate.label.map(\.description) ?? "")\t\(fraction(candidate.probability))"
    }
    return line
  }

  private static func object(
    _ found: Detection, _ best: [Candidate], _ scripts: ScriptHistogram
  ) -> String {
    func share(_ value: UInt16) -> JSONText { .real(Double(value) / 10_000) }
    func labels(_ candidates: [Candidate]) -> JSONText {
      .list(
        candidates.filter { $0.tag != 0 }.map {
          .object([
            ("language", .text($0.label?.description ?? "")),
            ("probability", share($0.probability)),
          ])
        })
    }
    let three = [found.candidates.0, found.candidates.1, found.candidates.2]
    var members: [(String, JSONText)] = [
      ("language", .text("\(found.tag)")), ("probability", share(found.probability)),
      ("margin", share(found.margin)), ("script", .text("\(found.script)")),
      ("script_share", share(found.scriptShare)),
      ("candidates", labels(best.isEmpty ? three : best)),
    ]
    if let second = found.second.label {
      members.append(
        (
          "second",
          .object([("language", .text("\(second)")), ("part", share(found.second.probability))])
        ))
    }
    members.append(("flags", .list(flagNames(found.flags).map { .text($0) })))
    members.append(
      ("scripts", .object(scripts.rows.map { ("\($0.script)", .number(Int($0.letters))) })))
    for (name, count) in [
      ("unassigned", scripts.unassigned), ("private_use", scripts.privateUse),
      ("invalid_bytes", scripts.invalidBytes),
    ] where count > 0 {
      members.append((name, .number(Int(count))))
    }
    return JSONText.line(members)
  }

  private static func flagNames(_ flags: DetectionFlags) -> [String] {
    let names: [(DetectionFlags, String)] = [
      (.mixedScript, "mixed_script"), (.short, "short"), (.contradiction, "contradiction"),
      (.sampled, "sampled"), (.secondLanguage, "second_language"),
    ]
    return names.filter { flags.contains($0.0) }.map(\.1)
  }

  /// Ten-thousandths as 0.1234.
  static func fraction(_ value: UInt16) -> String {
    let digits = String(value % 10_000)
    return "\(value / 10_000)." + String(repeating: "0", count: 4 - digits.utf8.count) + digits
  }
}
