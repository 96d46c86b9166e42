import ArgumentParser
import Balance
import Shardify
import ShardifyCore
import Terminal
import TokenizerTraining

struct TrainTokenizerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-tokenizer",
    abstract: "Train a tokenizer.json on text: byte-level BPE, parity-aware BPE or Unigram.",
    discussion: """
      Reads inputs as ingest does, or with --store the inputs that a token store was made from, \
      without what it holds out. Without a policy every document counts once; with one, languages \
      are weighted as balance would (sizes in bytes of text). The file loads in Hugging Face \
      tokenizers and in every shardify command. docs/tokenizer-training.md has the algorithms.
      """)

  @OptionGroup var source: SourceArguments

  @Option(name: .customLong("to"), help: "The tokenizer.json to write; a report goes beside it.")
  var output: String?

  @Flag(help: "Write over a file that is there; else that is refused.")
  var overwrite = false

  @Option(help: "bpe, unigram or parity-bpe.")
  var kind: TrainingOptions.Kind = .bpe

  @Option(parsing: .unconditional, help: "Ids: special tokens, bytes and what is learned.")
  var vocabularySize = Amount(32_000)

  @Option(
    help: "How text is cut before: gpt2, cl100k, llama3, qwen2, o200k, kimi, or a regex.")
  var pattern = "o200k"

  @Option(help: "A special token; may be given several times. They get the first ids.")
  var specialToken: [String] = []

  @Option(help: "The special token that ends a document, or none.")
  var endOfText = "<|endoftext|>"

  @Option(parsing: .unconditional, help: "Pairs that occur less often are not merged.")
  var minFrequency = 2

  @Option(parsing: .unconditional, help: "Longest token in bytes.")
  var maxTokenBytes = 128

  @Option(
    help: "Which of equal pairs goes first: shortest, or huggingface for BpeTrainer's choice.")
  var tieRule: TieRule = .shortest

  @Option(
    parsing: .unconditional,
    help: "unigram: the part of characters that get a piece; the others become bytes.")
  var characterCoverage = 0.9995

  @OptionGroup(title: "Parity-aware BPE") var parity: ParityArguments

  @OptionGroup(title: "Weights of languages") var mixture: MixtureArguments

  @Option(
    parsing: .unconditional,
    help: "Memory for words and, with unigram, its seeds; the program comes on top.")
  var memory = Bytes(2_000_000_000)

  @Flag(help: "Print the plan of weights and write nothing.")
  var dryRun = false

  @OptionGroup var outputOptions: OutputOptions

  func validate() throws {
    try source.check()
    try mixture.check()
    try Limits.check(part: source.maxRejectRate, "--max-reject-rate")
    if kind != .parityBPE, let given = parity.given {
      throw ValidationError("\(given) goes with --kind parity-bpe")
    }
    if output == nil && !dryRun { throw ValidationError("give --to FILE, or --dry-run") }
  }

  func run() throws {
    var options = TrainingOptions(source: source.options(), output: output ?? "tokenizer.json")
    options.overwrites = overwrite
    options.kind = kind
    options.vocabularySize = vocabularySize.value
    options.pattern = pattern
    options.specialTokens = (endOfText == "none" ? [] : [endOfText]) + specialToken
    options.minFrequency = minFrequency
    options.maxTokenBytes = maxTokenBytes
    options.tieRule = tieRule
    options.mixture = try mixture.value()
    options.memoryBytes = memory.value
    options.characterCoverage = characterCoverage
    options.parity = parity.options(source)
    let progress = Progress()
    let stage = TrainTokenizerStage(
      options: options, progress: progress, stop: Signals.stopFlag(),
      logger: ConsoleLogHandler.logger(quiet: outputOptions.quiet))
    let isQuiet = outputOptions.quiet || outputOptions.json
    if dryRun {
      let plan = try ProgressLine.show(progress, unit: .inputBytes, quiet: isQuiet) {
        try stage.plan()
      }
      Console.out(
        outputOptions.json ? plan.json() : TrainingReportText.table(plan) + "\nnothing was written")
      return
    }
    let start = ProgressLine.now()
    let report = try ProgressLine.show(progress, unit: .inputBytes, quiet: isQuiet) {
      try stage.run()
    }
    if outputOptions.json {
      Console.out(report.json)
    } else if !outputOptions.quiet {
      Console.out(TrainingReportText.text(report, seconds: ProgressLine.now() - start))
    }
  }
}

extension TrainingOptions.Kind: ExpressibleByArgument {}
extension TieRule: ExpressibleByArgument {}

/// What a training prints when it is done.
enum TrainingReportText {
  /// The plan of weights, which is one of bytes: there are no tokens yet.
  static func table(_ plan: MixturePlan) -> String {
    plan.table(amount: "bytes of text (there are no tokens yet)")
  }

  static func text(_ report: TrainingReport, seconds: Double) -> String {
    var lines: [String] = []
    if let plan = report.plan { lines += [table(plan), ""] }
    lines += [
      "read \(Figures.count(report.documents)) documents, \(Figures.bytes(report.bytes)), "
        + "\(Figures.count(report.differentWords)) different words",
      "trained \(Figures.count(report.vocabularySize)) ids, "
        + (report.bytesPerToken > 0
          ? "\(Figures.decimal(report.bytesPerToken, 3)) bytes per token of the training text, "
          : "") + "in " + Figures.duration(seconds),
      "fingerprint \(report.fingerprint)",
    ]
    if report.vocabularySize < report.wantedSize {
      lines.append(
        "warning: \(Figures.count(report.wantedSize)) ids were asked for: the text has no more "
          + "pairs that occur often enough")
    }
    lines += [
      "wrote \(report.path) and \(report.reportPath)",
      "next: shardify tokenizer-report CORPUS --tokenizer \(report.path)",
    ]
    return lines.joined(separator: "\n")
  }
}
