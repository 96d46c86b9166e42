import ArgumentParser
import Ingest
import Shardify
import ShardifyCore

/// Inputs of a command that reads text once.
struct SourceArguments: ParsableArguments {
  @Argument(help: "Files, folders (recursive), patterns, or - for standard input.")
  var inputs: [String] = []

  @Option(help: "A token store whose inputs are read again, instead of inputs.")
  var store: String?

  @Option(help: "jsonl or text; by default told by the name.")
  var format: InputFormat = .automatic

  @Option(help: "JSON field of the text.")
  var textField = "text"

  @Option(help: "JSON field of a language label that came with the text.")
  var languageField: String?

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
      Whose language label rules: model, input (the model where it has none), or agree (und \
      where they differ).
      """)
  var trust: IngestOptions.LanguageSource = .model

  @Option(
    parsing: .unconditional, help: "Fail if more than this part of the documents is rejected.")
  var maxRejectRate = 0.01

  @Option(parsing: .unconditional, help: "Threads (default: all processors).")
  var jobs: Int?

  func check() throws {
    if inputs.isEmpty && store == nil { throw ValidationError("give inputs, or --store") }
    if !inputs.isEmpty && store != nil {
      throw ValidationError("give inputs or --store, not both")
    }
    if let jobs, jobs < 1 || jobs > 1024 {
      throw ValidationError("--jobs \(jobs): expected from 1 to 1024")
    }
  }

  func options(inputs other: [String]? = nil) -> SourceOptions {
    SourceOptions(
      inputs: other ?? inputs, store: other == nil ? store : nil,
      documents: DocumentOptions(
        format: format, textField: textField, languageField: languageField,
        documentSeparator: documentSeparator.map { Escapes.bytes($0) },
        maxDocumentBytes: maxDocumentSize.value, repairUTF8: repairUTF8),
      languageModel: languageModel, languageSource: trust, maxRejectRate: maxRejectRate,
      jobs: jobs ?? Parallel.availableProcessors)
  }
}
