import ArgumentParser
import Balance
import Manifest
import Shardify
import ShardifyCore
import Terminal

struct BalanceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "balance",
    abstract: "Plan a mixture of languages and write it as shards that each hold it.",
    discussion: """
      Shares follow token counts: temperature T gives share ∝ tokens^(1/T), alpha is 1/T. No \
      language is repeated more than --max-epochs times; what that leaves over goes to the \
      others. und_* and zxx_* stay out unless named. A rerun writes only what is missing.
      """)

  @Argument(help: "The token store; with --diff, a plan or dataset.")
  var store: String

  @Argument(help: "With --diff, the plan or dataset to compare with.")
  var other: String?

  @Flag(
    help: ArgumentHelp(
      "Compare two plans: each a dataset, a manifest, a plan.txt, or what --dry-run --json printed."
    ))
  var diff = false

  @Option(name: .customLong("to"), help: "The dataset: a new folder, or one begun before.")
  var dataset: String?

  @Option(help: "A mixture file (docs/mixture.md); instead of the options below.")
  var mixture: String?

  @Option(help: "A mixture file with a list of stages, each going on where the last stopped.")
  var stages: String?

  @Option(
    parsing: .unconditional, help: "Flatten shares: 1 keeps them, 3.33 is usual, larger is flatter."
  )
  var temperature: Double?

  @Option(parsing: .unconditional, help: "The same as an exponent: 1 keeps shares, 0 is uniform.")
  var alpha: Double?

  @Flag(help: "As uniform as --max-epochs allows (UniMax).")
  var unimax = false

  @Flag(help: "Shares as they are in the store (the default).")
  var proportional = false

  @Flag(help: "The same share for every language.")
  var uniform = false

  @Option(parsing: .unconditional, help: "At most so many passes over a language, or none.")
  var maxEpochs: String = "4"

  @Option(
    parsing: .unconditional,
    help: "Tokens of the whole dataset; by default as many as are available.")
  var budget: Amount?

  @Option(help: "Unit of sizes: tokens, bytes, chars, documents or content (byte premium).")
  var unit: SizeUnit = .tokens

  @Option(help: "Only this language, or pattern such as '*_Cyrl'; may be given several times.")
  var include: [LanguageSelector] = []

  @Option(help: "Not this language or pattern; may be given several times.")
  var exclude: [LanguageSelector] = []

  @Option(help: "A fixed share, given first: eng_Latn=0.4.")
  var share: [LanguageShare] = []

  @Option(help: "At least this share: eng_Latn=0.2.")
  var floor: [LanguageShare] = []

  @Option(help: "At most this share: eng_Latn=0.5.")
  var cap: [LanguageShare] = []

  @Option(
    help: ArgumentHelp(
      "A group: 'slavic=*_Cyrl,pol_Latn;share=0.3;temperature=5'; also floor=, cap=, alpha=, unimax, "
        + "uniform, proportional, shares=TAG:S,..., in=GROUP; may be given several times.",
      valueName: "group"))
  var group: [GroupArgument] = []

  @Option(
    help: ArgumentHelp(
      "Weight of sources inside each language: 'wiki*=3'; 0 leaves them out, others have 1. The first "
        + "that matches decides; may be given several times.", valueName: "source"))
  var sourceWeight: [SourceWeightArgument] = []

  @Option(
    help: "What source weights multiply: size (weights are ratios of epochs) or weight (of tokens)."
  )
  var sourceBasis: SourceWeights.Basis?

  @Flag(help: "Let und_* and zxx_* take part.")
  var includeUndetermined = false

  @Flag(help: "Let a language get nothing where its quota rounds to nothing.")
  var allowZero = false

  @OptionGroup var filters: FilterArguments

  @Option(parsing: .unconditional, help: "How many shards; instead of --shard-size.")
  var shards: Int?

  @Option(parsing: .unconditional, help: "Tokens of a shard (default: 64Mi).")
  var shardSize: Amount?

  @Option(
    parsing: .unconditional,
    help: "Picks the order of documents (default: 0, or that of the dataset continued).")
  var seed: UInt64?

  @OptionGroup(title: "Going on from a dataset")
  var continuing: ContinueArguments

  @Option(parsing: .unconditional, help: "zstd level of the shards, -7 to 22.")
  var compressionLevel = 3

  @Option(
    parsing: .unconditional, help: "Shards written at the same time (default: all processors).")
  var jobs: Int?

  @Option(parsing: .unconditional, help: "Memory to stay below.")
  var memory = Bytes(1_000_000_000)

  @Flag(help: "Print the plan and write nothing.")
  var dryRun = false

  @Option(
    parsing: .unconditional,
    help: "Rows of the table: the largest languages, the others as one row (default: all).")
  var top: Int?

  @OptionGroup var output: OutputOptions

  func validate() throws {
    if diff {
      guard other != nil else { throw ValidationError("give --diff A B: two plans or datasets") }
      return
    }
    let policies =
      [temperature != nil, alpha != nil, unimax, proportional, uniform].count { $0 }
    if policies > 1 {
      throw ValidationError(
        "give one of --temperature, --alpha, --unimax, --proportional, --uniform")
    }
    if mixture != nil && stages != nil {
      throw ValidationError("give --mixture or --stages, not both")
    }
    let option = mixture != nil ? "--mixture" : "--stages"
    if file != nil && policies > 0 {
      throw ValidationError(
        "give \(option) or a policy, not both: the policy goes into the mixture file")
    }
    if shards != nil && shardSize != nil {
      throw ValidationError("give --shards or --shard-size, not both")
    }
    try Limits.check(memory, "--memory")
    let beside = [
      ("--budget", budget != nil), ("--share", !share.isEmpty), ("--floor", !floor.isEmpty),
      ("--cap", !cap.isEmpty), ("--include", !include.isEmpty), ("--exclude", !exclude.isEmpty),
      ("--max-epochs", maxEpochs != "4"), ("--unit", unit != .tokens), ("--group", !group.isEmpty),
      ("--source-weight", !sourceWeight.isEmpty), ("--source-basis", sourceBasis != nil),
      ("--include-undetermined", includeUndetermined), ("--allow-zero", allowZero),
    ]
    if file != nil, let given = beside.first(where: \.1) {
      throw ValidationError("\(given.0) goes into the mixture file, not beside \(option)")
    }
    if sourceBasis != nil && sourceWeight.isEmpty && file == nil {
      throw ValidationError("--source-basis needs --source-weight SOURCE=W")
    }
    if let top, top < 1 { throw ValidationError("--top \(top): expected at least 1") }
    try continuing.check()
    if dataset == nil && !dryRun { throw ValidationError("give --to DATASET, or --dry-run") }
    if let jobs, jobs < 1 || jobs > 1024 {
      throw ValidationError("--jobs \(jobs): expected from 1 to 1024")
    }
    if maxEpochs != "none" && Double(maxEpochs) == nil {
      throw ValidationError("--max-epochs \(maxEpochs): expected a number or none")
    }
  }

  func run() throws {
    if diff { return try compare() }
    // Not in `validate`: an unknown option is the better message, and it is found after that.
    if let other { throw ValidationError("unexpected argument \(other); two plans need --diff") }
    let stages = try file.flatMap { try StagesFile.read($0) }
    if let path = self.stages, stages == nil {
      throw ValidationError("--stages \(path): expected a list under the key stages")
    }
    let (mixture, view) = try mixtureValue(stages)
    if file == nil {
      try UsageFailure.checking { () throws(BalanceFailure) in try mixture.check() }
    }
    var options = BalanceOptions(store: store, dataset: dataset, mixture: mixture)
    options.view = try filters.added(to: view)
    options.shardCount = shards
    if let shardSize { options.shardTokens = shardSize.value }
    options.seed = seed
    options.continuing = continuing.options
    options.commandLine = ShellWords.joined(CommandLine.arguments)
    options.compressionLevel = compressionLevel
    options.jobs = jobs ?? Parallel.availableProcessors
    options.memoryBytes = memory.value
    try UsageFailure.checking { () throws(StageFailure) in try options.check() }
    let progress = Progress()
    if let stages {
      let work = StagesBalance(
        options: options, stages: stages, progress: progress, stop: Signals.stopFlag())
      return try StagesText(command: self, stages: stages).run(work, progress)
    }
    let stage = BalanceStage(options: options, progress: progress, stop: Signals.stopFlag())
    if dryRun {
      let outcome = try stage.plan()
      if output.json {
        Console.out(outcome.json)
      } else {
        Console.out(outcome.plan.table(width: Console.outputWidth, top: top))
        if let text = outcome.filterText { Console.out(text) }
        if let line = continuing.text(outcome.continuation) { Console.out(line) }
        Console.out(ManifestText.planned(outcome))
      }
      return
    }
    let start = ProgressLine.now()
    let outcome = try ProgressLine.show(
      progress, unit: .tokens, quiet: output.quiet || output.json
    ) { try stage.run() }
    guard let manifest = outcome.manifest else { return }
    if output.json {
      Console.out(ManifestText.json(manifest, dataset: dataset ?? ""))
    } else if !output.quiet {
      Console.out(outcome.plan.table(width: Console.outputWidth, top: top))
      if let text = outcome.filterText { Console.out(text) }
      if let line = continuing.text(outcome.continuation) { Console.out(line) }
      Console.out("")
      Console.out(
        ManifestText.text(
          outcome, manifest, dataset: dataset ?? "", seconds: ProgressLine.now() - start))
    }
  }

  /// Prints how two plans differ; that they do is no failure.
  private func compare() throws {
    let difference = try PlanDifference(store, other ?? "")
    Console.out(output.json ? difference.json() : difference.text())
  }

  /// The file that says the mixture or stages.
  private var file: String? { mixture ?? stages }

  private func mixtureValue(
    _ stages: [MixtureStage]?
  ) throws -> (mixture: Mixture, view: ViewOptions) {
    if let file, let stages { return (stages[0].mixture, try StagesFile.readView(file)) }
    if let mixture { return try MixtureFile.readWithView(mixture) }
    let policy: Policy =
      if let temperature {
        .temperature(temperature)
      } else if let alpha {
        .alpha(alpha)
      } else if unimax {
        .unimax
      } else if uniform {
        .uniform
      } else {
        .proportional
      }
    var mixture = Mixture(
      policy: policy, maxEpochs: maxEpochs == "none" ? nil : Double(maxEpochs),
      budgetTokens: budget?.value, unit: unit, include: include.tags.isEmpty ? nil : include.tags,
      exclude: exclude.tags, fixedShares: try table(share, "share"),
      floors: try table(floor, "floor"),
      caps: try table(cap, "cap"), includeUndetermined: includeUndetermined,
      allowZero: allowZero)
    mixture.includePatterns = include.patterns
    mixture.excludePatterns = exclude.patterns
    mixture.groups = try GroupArgument.tree(group)
    if !sourceWeight.isEmpty {
      mixture.sourceWeights = SourceWeights(
        basis: sourceBasis ?? .size, entries: sourceWeight.map(\.entry))
    }
    return (mixture, ViewOptions())
  }

  private func table(
    _ shares: [LanguageShare], _ option: String
  ) throws -> [LanguageTag: Double] {
    var out: [LanguageTag: Double] = [:]
    for share in shares {
      guard out.updateValue(share.share, forKey: share.tag) == nil else {
        throw ValidationError("--\(option) \(share.tag): given twice")
      }
    }
    return out
  }
}

extension SizeUnit: ExpressibleByArgument {}

/// What a balance prints when it is done.
enum ManifestText {
  /// The last line of a dry run.
  static func planned(_ outcome: BalanceStage.Outcome) -> String {
    let over =
      outcome.overrunTokens > 0
      ? "the last piece of a language may run over its quota: at most "
        + "\(Figures.count(outcome.overrunTokens)) tokens more than the budget in all; " : ""
    return "\(Figures.count(outcome.shardCount, "shard")); \(over)nothing was written"
  }

  static func text(
    _ outcome: BalanceStage.Outcome, _ manifest: DatasetManifest, dataset: String, seconds: Double
  ) -> String {
    let train = manifest.shards.filter { $0.split == .train }
    let heldOut = manifest.shards.filter { $0.split == .holdout }
    func fact(_ key: String) -> String {
      Int(manifest.dataset[key] ?? "").map { Figures.count($0) } ?? "?"
    }
    let filtered = manifest.filters.reduce(0) { $0 + $1.documents }
    let leftOut = (manifest.dataset["documents_filtered"].flatMap { Int($0) } ?? 0) - filtered
    let written = outcome.writtenShards
    let made =
      written == 0
      ? "kept \(Figures.count(train.count, "shard")), nothing to write"
      : written < train.count
        ? "wrote \(Figures.count(written, "shard")), kept \(Figures.count(train.count - written)) from before"
        : "wrote \(Figures.count(train.count, "shard"))"
    let tokens = train.reduce(0) { $0 + $1.tokens }
    let size = train.reduce(0) { $0 + $1.fileSizeBytes }
    return [
      "\(made): \(Figures.count(tokens)) tokens, "
        + "\(Figures.bytes(size)) (\(Figures.decimal(Double(size) / Double(max(1, tokens)), 2))"
        + " bytes per token) in \(Figures.duration(Int(seconds.rounded())))",
      "last pieces of languages run \(Figures.count(tokens - outcome.plan.budget)) tokens over the budget",
      "and \(Figures.count(heldOut.count, "held-out shard")), "
        + "\(Figures.count(heldOut.reduce(0) { $0 + $1.tokens })) tokens",
      "documents: \(fact("documents_in")) in = \(fact("documents_in_shards")) in shards + "
        + "\(fact("documents_held_out")) held out + \(fact("documents_left_over")) left over + "
        + "\(Figures.count(filtered)) filtered + \(Figures.count(leftOut)) in languages left out + "
        + "\(fact("documents_duplicate")) duplicates + "
        + "\(fact("documents_rejected")) rejected",
      "fingerprint \(manifest.dataset["fingerprint"] ?? "?")",
      "next: " + ShellWords.joined(["shardify", "verify", dataset]),
      "      " + ShellWords.joined(["train-from-manifest", dataset + "/manifest.sqlite"]),
    ].joined(separator: "\n")
  }

  static func json(_ manifest: DatasetManifest, dataset: String) -> String {
    let train = manifest.shards.filter { $0.split == .train }
    return JSONText.line([
      ("dataset", .text(dataset)),
      ("shards", .number(train.count)),
      ("tokens", .number(train.reduce(0) { $0 + $1.tokens })),
      ("size_bytes", .number(train.reduce(0) { $0 + $1.fileSizeBytes })),
      (
        "facts",
        .object(manifest.dataset.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) })
      ),
      (
        "languages",
        .list(
          manifest.languages.map { language in
            let parts = manifest.languageParts.filter { $0.tag == language.tag }
            return .object(
              [
                ("language", .text("\(language.tag)")),
                ("documents", .number(language.documents)),
                ("available_tokens", .number(language.availableTokens)),
                ("quota_tokens", .number(language.quotaTokens)),
                ("written_tokens", .number(language.writtenTokens)),
                ("binding_rule", .text(language.bindingRule)),
              ] + (parts.isEmpty ? [] : [("parts", .list(parts.map(object)))]))
          })
      ),
    ])
  }

  private static func object(_ part: DatasetManifest.LanguagePart) -> JSONText {
    .object([
      ("source", .text(part.pattern)),
      ("documents", .number(part.documents)),
      ("available_tokens", .number(part.availableTokens)),
      ("quota_tokens", .number(part.quotaTokens)),
      ("written_tokens", .number(part.writtenTokens)),
      ("binding_rule", .text(part.bindingRule)),
    ])
  }
}
