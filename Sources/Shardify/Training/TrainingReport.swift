import Balance
import ShardifyCore
import Tokenize
import TokenizerTraining

/// What training came to, beside the tokens.
struct TrainingOutcome {
  /// Ids.
  var tokens: Int
  /// The weight of all tokens of the training text.
  var tokenWeight: Int64
  /// More figures, as members of the report: name and JSON.
  var more: [(String, String)] = []
}

/// What a training did: for people, and as the file beside the tokenizer. Nothing in the file
/// depends on threads, order of inputs or time.
public struct TrainingReport: Sendable {
  /// The tokenizer.
  public let path: String
  /// The report beside it.
  public let reportPath: String
  /// Ids.
  public let vocabularySize: Int
  /// Ids that were asked for.
  public let wantedSize: Int
  /// Documents and UTF-8 bytes counted.
  public let documents: Int
  public let bytes: Int
  /// Different words, and those that memory did not hold.
  public let differentWords: Int
  public let droppedWords: Int
  /// Bytes of (weighted) training text for each of its tokens.
  public let bytesPerToken: Double
  /// The fingerprint that `ingest` records.
  public let fingerprint: String
  /// The plan of weights; nil where every document counts once.
  public let plan: MixturePlan?
  /// The file's text.
  public let json: String

  init(
    options: TrainingOptions, pattern: PretokenPattern, counts: TrainTokenizerStage.Counts,
    set: WordSet, outcome: TrainingOutcome, json tokenizer: [UInt8]
  ) throws {
    // What was written must be what every other command reads.
    let loaded = try Tokenizer.read(tokenizer, name: options.output)
    path = options.output
    reportPath = Self.reportPath(options.output)
    vocabularySize = loaded.vocabularySize
    wantedSize = options.vocabularySize
    documents = counts.documents
    bytes = counts.bytes
    differentWords = set.differentWords
    droppedWords = set.droppedWords
    fingerprint = "\(loaded.fingerprint)"
    plan = counts.weights.plan
    var weighted = Double(0)
    for (label, size) in counts.sizes.sorted(by: { $0.key < $1.key }) {
      weighted += Double(counts.weights.weights[Int(label)]) * Double(size.bytes)
    }
    bytesPerToken = outcome.tokenWeight > 0 ? weighted / Double(outcome.tokenWeight) : 0
    var members: [(String, String)] = [
      ("shardify", Self.quoted(ShardifyVersion.text)),
      ("kind", Self.quoted(options.kind.rawValue)),
      ("vocabulary_size", "\(loaded.vocabularySize)"),
      ("wanted_size", "\(options.vocabularySize)"),
      ("fingerprint", Self.quoted(fingerprint)),
      ("pattern", Self.quoted(pattern.name)),
      ("regex", Self.quoted(pattern.regex)),
      ("special_tokens", "[\(options.specialTokens.map(Self.quoted).joined(separator: ","))]"),
    ]
    if options.kind != .unigram {
      members += [
        ("tie_rule", Self.quoted(options.tieRule.rawValue)),
        ("min_frequency", "\(options.minFrequency)"),
        ("max_token_bytes", "\(options.maxTokenBytes)"),
      ]
    }
    members += [
      ("documents", "\(documents)"), ("bytes", "\(bytes)"),
      ("held_out_documents", "\(counts.heldOut)"),
      ("different_words", "\(differentWords)"), ("dropped_words", "\(droppedWords)"),
      ("least_weight", "\(set.leastWeight)"), ("weight_scale_bits", "\(counts.weights.scaleBits)"),
      ("token_weight", "\(outcome.tokenWeight)"),
    ]
    members += outcome.more
    if let plan { members.append(("mixture", plan.json())) }
    json = "{" + members.map { "\(Self.quoted($0.0)):\($0.1)" }.joined(separator: ",\n") + "}"
  }

  static func reportPath(_ output: String) -> String {
    (output.hasSuffix(".json") ? String(output.dropLast(5)) : output) + ".report.json"
  }

  static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": out += "\\\(scalar)"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case _ where scalar.value < 32:
        let hex = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
