import ArgumentParser
import Detect
import Files
import ShardifyCore

/// Which language model, and from what probability its labels are given.
struct ModelOptions: ParsableArguments {
  @Option(
    help: "A language model, fastText's .bin or .ftz or our own; by default the built-in one.")
  var languageModel: String?

  @Option(
    parsing: .unconditional,
    help: "The least probability of a label, from 0 to 1; by default what the model says.")
  var threshold: Double?

  @Option(help: "A file of lines \"eng_Latn 0.65\": the least probability of single labels.")
  var labelThresholds: String?

  func detector() throws -> Detector {
    var single: [LanguageTag: UInt16] = [:]
    if let labelThresholds { single = try ModelOptions.thresholds(labelThresholds) }
    return try Detector(
      modelPath: languageModel, threshold: try threshold.map { try ModelOptions.fixed($0) },
      labelThresholds: single)
  }

  private static func fixed(_ value: Double) throws -> UInt16 {
    guard value >= 0, value <= 1 else {
      throw ValidationError("--threshold \(value): expected from 0 to 1")
    }
    return UInt16((value * 10_000).rounded())
  }

  private static func thresholds(_ path: String) throws -> [LanguageTag: UInt16] {
    var found: [LanguageTag: UInt16] = [:]
    let file = try MappedFile(path: path)
    defer { withExtendedLifetime(file) {} }
    for (number, line) in file.bytes.split(separator: 10).enumerated() {
      let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
      if words.isEmpty || words[0].hasPrefix("#") { continue }
      guard words.count == 2, let value = Double(words[1]), value >= 0, value <= 1,
        let tag = LanguageLabels.normalize(words[0].utf8, script: nil)
      else {
        throw StreamFailure(
          .line, "cannot read label thresholds", path: "\(path), line \(number + 1)",
          found: String(decoding: line.prefix(60), as: UTF8.self),
          expected: "a label and a number from 0 to 1")
      }
      found[tag] = UInt16((value * 10_000).rounded())
    }
    return found
  }
}
