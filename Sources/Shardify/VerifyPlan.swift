import Files
import Manifest
import ShardifyCore

/// Checks `plan.txt` against the manifest.
struct VerifyPlan {
  let facts: VerifyFacts
  private(set) var problems = VerifyProblems()

  init(facts: VerifyFacts) { self.facts = facts }

  mutating func run() {
    let text: [UInt8]
    do throws(FileFailure) {
      text = try FileSystem.read(facts.folder + "/plan.txt", limitBytes: 256 << 20)
    } catch {
      problems.add(error.message)
      return
    }
    problems.compare(
      "plan.txt: SHA-256", found: "\(SHA256.of(text))", expected: "\(facts.plan)")
    var languages: [String: [Substring]] = [:]
    var values: [String: String] = [:]
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      if fields.first == "language", fields.count >= 8 {
        languages[String(fields[1])] = Array(fields[2..<8])
      } else if fields.count == 2 {
        values[String(fields[0])] = String(fields[1])
      }
    }
    for key in [
      "ring_version", "store_key", "tokenizer_sha256", "vocabulary_size", "end_of_text_id",
      "max_piece_tokens", "policy", "unit", "seed", "shard_count", "compression_level",
      "libzstd_version", "budget_tokens",
    ] {
      problems.compare(
        "plan.txt: \(key)", found: values[key] ?? "none",
        expected: facts.manifest.dataset[key] ?? "none")
    }
    for language in facts.languages {
      let row = language.row
      let found = languages.removeValue(forKey: "\(row.tag)") ?? []
      problems.compare(
        "plan.txt: language \(row.tag)", found: found.joined(separator: " "),
        expected: "\(row.documents) \(row.pieces) \(row.availableTokens) \(row.availableBytes)"
          + " \(row.quotaTokens) \(row.bindingRule)")
    }
    for tag in languages.keys.sorted() {
      problems.add("plan.txt: language \(tag) is not in the manifest")
    }
  }
}
