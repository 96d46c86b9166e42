import ArgumentParser
import Detect
import ShardifyCore
import Terminal

struct LanguagesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "languages",
    abstract:
      "List the labels of a language model: tag, name, codes read as it, the model's label.",
    discussion: """
      Labels are xxx_Scrp: ISO 639-3 and ISO 15924. A label that is read as none is listed as -, and is \
      never given.
      """)

  @Option(help: "A language model; by default the built-in one.")
  var languageModel: String?

  @Flag(help: "Write one JSON object.")
  var json = false

  func run() throws {
    let detector = try Detector(modelPath: languageModel)
    var labels = detector.modelLabels.map { (name: $0.name, tag: $0.tag) }
    labels.sort { ($0.tag?.rawValue ?? 0, $0.name) < ($1.tag?.rawValue ?? 0, $1.name) }
    if json {
      Console.out(
        JSONText.line([
          ("model", .text(detector.modelName)), ("icu", .text(detector.icuVersion)),
          ("languages", .list(labels.map { LanguagesCommand.object($0.name, $0.tag) })),
        ]))
      return
    }
    Console.out(
      Figures.table(
        ["tag", "name", "codes", "label of \(detector.modelName)"],
        labels.map { label in
          guard let tag = label.tag else { return ["-", "", "", label.name] }
          return [
            "\(tag)", LanguageLabels.name(of: tag.language) ?? "",
            LanguageLabels.aliases(of: tag.language).joined(separator: " "), label.name,
          ]
        }))
  }

  private static func object(_ name: String, _ tag: LanguageTag?) -> JSONText {
    guard let tag else { return .object([("label", .text(name))]) }
    var members: [(String, JSONText)] = [("label", .text(name)), ("tag", .text("\(tag)"))]
    if let english = LanguageLabels.name(of: tag.language) {
      members.append(("name", .text(english)))
    }
    members.append(
      ("codes", .list(LanguageLabels.aliases(of: tag.language).map { .text($0) })))
    members.append(
      ("scripts", .list(LanguageLabels.scripts(of: tag.language).map { .text("\($0)") })))
    return .object(members)
  }
}
