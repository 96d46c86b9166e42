import ArgumentParser
import Balance
import Shardify
import ShardifyCore
import Terminal

struct TokenizerReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenizer-report",
    abstract: "Measure tokenizers on text, language by language, side by side.",
    discussion: """
      Tokens for a word (ICU's boundaries), bytes and characters for a token, tokens for the same \
      content relative to English, unknown and byte tokens, documents that do not fit a context, \
      and how unequal languages are (Gini). The same content is a parallel text (--parallel: each \
      language's documents say the same) or bytes by the built-in table of byte premiums.
      """)

  @OptionGroup var source: SourceArguments

  @Option(help: "A tokenizer as for ingest; may be given several times.")
  var tokenizer: [String] = []

  @Option(help: "Pattern of .tiktoken files: gpt2, cl100k, o200k, llama3, qwen2, kimi, ...")
  var pattern: String?

  @Flag(help: "The documents of each language say the same as those of the others.")
  var parallel = false

  @Option(help: "The language that others are compared with.")
  var reference = LanguageTag("eng_Latn") ?? LanguageTag(unchecked: 0)

  @Option(
    parsing: .unconditional, help: "Tokens of a context: the part of documents with more is shown.")
  var context: Amount?

  @Option(parsing: .unconditional, help: "Languages with less text are not in the summary.")
  var minBytes = Bytes(1000)

  @Option(help: "Order of the table: size, language or tokens (the worst first).")
  var sort: TokenizerReport.Order = .size

  @Flag(help: "Print CSV.")
  var csv = false

  @OptionGroup var output: OutputOptions

  func validate() throws {
    try source.check()
    try Limits.check(part: source.maxRejectRate, "--max-reject-rate")
    if tokenizer.isEmpty { throw ValidationError("give --tokenizer, once or more") }
    if csv && output.json { throw ValidationError("give --csv or --json, not both") }
  }

  func run() throws {
    var options = TokenizerReportOptions(
      source: source.options(),
      tokenizers: tokenizer.map {
        TokenizerReportOptions.Named(path: $0, pattern: $0.hasSuffix(".tiktoken") ? pattern : nil)
      }, bytePremiums: .builtIn, reference: reference)
    options.isParallel = parallel
    options.contextTokens = context?.value
    options.minimumBytes = minBytes.value
    let progress = Progress()
    let stage = TokenizerReportStage(
      options: options, progress: progress, stop: Signals.stopFlag())
    let report = try ProgressLine.show(
      progress, unit: .inputBytes, quiet: output.quiet || output.json || csv
    ) { try stage.run() }
    if !report.hasReference {
      Console.note(
        "warning: no text in the reference language \(reference): nothing is relative to it; "
          + "choose another --reference")
    }
    if output.json {
      Console.out(report.json())
    } else if csv {
      Console.write(report.csv(), to: 1)
    } else {
      Console.write(report.table(sort), to: 1)
    }
  }
}

extension TokenizerReport.Order: ExpressibleByArgument {}
