import ArgumentParser
import Ingest
import Shardify
import ShardifyCore
import Terminal

struct IngestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ingest",
    abstract: "Read a corpus into a token store: detect script and language, tokenize, sort.",
    discussion: """
      Inputs are JSONL or plain text, each plain or compressed with gzip or zstd. A rerun does \
      only what is missing; more inputs can be added later. Documents that cannot be taken are \
      counted by reason and do not stop the run.
      """)

  @Argument(help: "Files, folders (recursive), patterns, or - for standard input.")
  var inputs: [String]

  @Option(name: .customLong("to"), help: "The token store: a new folder, or one to add to.")
  var store: String

  @Option(help: "tokenizer.json, a .tiktoken file, a SentencePiece .model, or the word bytes.")
  var tokenizer: String

  @Option(help: "Pattern of a .tiktoken file: gpt2, cl100k, o200k, llama3, qwen2, kimi, ...")
  var pattern: String?

  @Option(help: "Special token that ends a document, where the tokenizer does not say.")
  var endOfText: String?

  @Option(help: "jsonl or text; by default told by the name.")
  var format: InputFormat = .automatic

  @Option(help: "JSON field of the text.")
  var textField = "text"

  @Option(help: "JSON field of the document's id.")
  var idField = "id"

  @Option(help: "JSON field of a language label that came with the text.")
  var languageField: String?

  @Option(help: "JSON field that names the source, for tables and filters.")
  var sourceField: String?

  @Option(help: "JSON field of a number to keep for filters; may be given several times.")
  var numericField: [String] = []

  @Option(
    help: #"What stands between documents of plain text, \n for a line each; else a file is one."#)
  var documentSeparator: String?

  @Option(parsing: .unconditional, help: "Longer documents are rejected.")
  var maxDocumentSize = Bytes(32 << 20)

  @Flag(name: .customLong("repair-utf8"), help: "Put U+FFFD where bytes are not UTF-8.")
  var repairUTF8 = false

  @Option(
    help: "A language model, fastText's .bin or .ftz or our own; by default the built-in one.")
  var languageModel: String?

  @Option(
    help: """
      Whose language label rules: model, input (the model where it has none), or agree \
      (undetermined where the two differ).
      """)
  var trust: IngestOptions.LanguageSource = .model

  @Option(parsing: .unconditional, help: "Longer documents are cut into pieces of so many tokens.")
  var maxPieceTokens = 65_536

  @Option(
    parsing: .unconditional, help: "Part of each language's documents held out for evaluation.")
  var holdoutRate = 1.0 / 256

  @Option(
    parsing: .unconditional,
    help: "Held-out documents a language should have at least, within a tenth of it.")
  var holdoutMinimum = 4

  @Option(parsing: .unconditional, help: "Seed of the order of documents in the store.")
  var storeSeed: UInt64 = 0

  @Option(
    parsing: .unconditional,
    help: "Threads that parse, detect and tokenize (default: all processors).")
  var jobs: Int?

  @Option(parsing: .unconditional, help: "Memory to stay below.")
  var memory = Bytes(1_000_000_000)

  @Option(
    parsing: .unconditional, help: "Fail if more than this part of the documents is rejected.")
  var maxRejectRate = 0.01

  @OptionGroup var output: OutputOptions

  func validate() throws {
    if let jobs, jobs < 1 || jobs > 1024 {
      throw ValidationError("--jobs \(jobs): expected from 1 to 1024")
    }
    try Limits.check(memory, "--memory")
    try Limits.check(part: maxRejectRate, "--max-reject-rate")
    if trust != .model && languageField == nil {
      throw ValidationError(
        "--trust \(trust.rawValue) needs --language-field FIELD, the field of the input's label")
    }
    if inputs.isEmpty { throw ValidationError("no input given") }
  }

  func run() throws {
    var options = IngestOptions(inputs: inputs, store: store, tokenizer: tokenizer)
    options.tokenizerPattern = pattern
    options.endOfText = endOfText
    options.documents = DocumentOptions(
      format: format, textField: textField, idField: idField, languageField: languageField,
      sourceField: sourceField, numericFields: numericField,
      documentSeparator: documentSeparator.map { Escapes.bytes($0) },
      maxDocumentBytes: maxDocumentSize.value, repairUTF8: repairUTF8)
    options.languageModel = languageModel
    options.languageSource = trust
    options.maxPieceTokens = maxPieceTokens
    options.holdoutRate = holdoutRate
    options.holdoutMinimum = holdoutMinimum
    options.storeSeed = storeSeed
    options.jobs = jobs ?? Parallel.availableProcessors
    options.memoryBytes = memory.value
    options.maxRejectRate = maxRejectRate
    let progress = Progress()
    let stage = IngestStage(
      options: options, progress: progress, stop: Signals.stopFlag(),
      logger: ConsoleLogHandler.logger(quiet: output.quiet))
    let start = ProgressLine.now()
    let summary = try ProgressLine.show(
      progress, unit: .inputBytes, quiet: output.quiet || output.json
    ) { try stage.run() }
    if output.json {
      Console.out(StoreSummaryText.json(summary, store: store))
    } else if !output.quiet {
      Console.out(
        StoreSummaryText.text(summary, store: store, seconds: ProgressLine.now() - start))
    }
  }
}

extension InputFormat: ExpressibleByArgument {}
extension IngestOptions.LanguageSource: ExpressibleByArgument {}

/// Escapes in an option: \n, \t, \0, \\.
enum Escapes {
  static func bytes(_ text: String) -> [UInt8] {
    var out: [UInt8] = []
    var escaped = false
    for byte in text.utf8 {
      if escaped {
        escaped = false
        switch byte {
        case UInt8(ascii: "n"): out.append(10)
        case UInt8(ascii: "t"): out.append(9)
        case UInt8(ascii: "r"): out.append(13)
        case UInt8(ascii: "0"): out.append(0)
        case UInt8(ascii: "\\"): out.append(UInt8(ascii: "\\"))
        default: out += [UInt8(ascii: "\\"), byte]
        }
      } else if byte == UInt8(ascii: "\\") {
        escaped = true
      } else {
        out.append(byte)
      }
    }
    if escaped { out.append(UInt8(ascii: "\\")) }
    return out
  }
}
