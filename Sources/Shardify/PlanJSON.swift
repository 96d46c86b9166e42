import Foundation
import ShardifyCore

/// Reads the JSON of a plan: what `balance --dry-run --json` prints, or the settings in a manifest.
struct PlanJSON {
  private let root: [String: Any]
  private let path: String

  /// Members that are settings of a mixture.
  static let settings = [
    "policy", "unit", "max_epochs", "budget_asked", "include", "exclude", "include_undetermined",
    "allow_zero", "fixed_shares", "floors", "caps", "groups", "source_basis", "source_weights",
  ]

  init(_ bytes: [UInt8], path: String) throws(StageFailure) {
    guard let object = try? JSONSerialization.jsonObject(with: Data(bytes)),
      let root = object as? [String: Any]
    else {
      throw StageFailure(
        .options, "cannot compare", path: path, found: "no JSON object",
        expected: "a dataset, a manifest, a plan.txt or the output of balance --dry-run --json")
    }
    self.root = root
    self.path = path
  }

  /// A member as text: a string as it is, anything else as JSON with sorted keys; nil if missing.
  func text(_ name: String) -> String? {
    switch root[name] {
    case nil: return nil
    case let text as String: return text
    case let value?:
      guard
        let data = try? JSONSerialization.data(
          withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed, .withoutEscapingSlashes])
      else { return nil }
      return String(decoding: data, as: UTF8.self)
    }
  }

  /// The settings of a mixture, those that are written only where they are made with them.
  func mixtureSettings() -> [String: String] {
    var settings: [String: String] = [:]
    for name in PlanJSON.settings { settings[name] = text(name) }
    for name in ["source_basis", "source_weights"] where settings[name] == nil {
      settings[name] = "none"
    }
    return settings
  }

  /// The languages of the mixture.
  func languages() throws(StageFailure) -> [LanguageTag: PlanSnapshot.Language] {
    guard let rows = root["languages"] as? [[String: Any]] else {
      throw wrong("no list of languages")
    }
    var languages: [LanguageTag: PlanSnapshot.Language] = [:]
    for row in rows {
      guard let name = row["language"] as? String, let tag = LanguageTag(name),
        let documents = count(row["documents"]), let available = count(row["available"]),
        let quota = count(row["quota"]), let rule = row["binding_rule"] as? String,
        languages[tag] == nil
      else {
        throw wrong("a language without its numbers: \(row["language"] ?? "no name")")
      }
      languages[tag] = PlanSnapshot.Language(
        documents: documents, available: available, quota: quota, rule: rule)
    }
    return languages
  }

  private func count(_ value: Any?) -> Int? {
    (value as? Int).flatMap { (0...1 << 61).contains($0) ? $0 : nil }
  }

  private func wrong(_ found: String) -> StageFailure {
    StageFailure(
      .options, "cannot compare", path: path, found: found,
      expected: "the output of balance --dry-run --json")
  }
}
