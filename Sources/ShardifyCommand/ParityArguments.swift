import ArgumentParser
import Shardify

/// What `--kind parity-bpe` can be told.
struct ParityArguments: ParsableArguments {
  @Option(
    help: """
      Text with the same content in every language, labelled like the input: languages are \
      compared by its tokens for a document; may be given several times. Without it they are \
      compared on the training text.
      """)
  var parallel: [String] = []

  @Option(
    help: "Without --parallel, what counts as content: content (byte premiums), chars, bytes.")
  var parityUnit: ParityOptions.Unit = .content

  @Option(
    parsing: .unconditional,
    help: "Merges made for all languages together before parity begins (hybrid).")
  var parityWarmup = 0

  @Option(
    parsing: .unconditional,
    help: "Choices looked back on so that no language takes them all; 0: no window.")
  var parityWindow = 100

  @Option(
    parsing: .unconditional,
    help: "In a window a language is chosen at most so many times its equal part.")
  var parityWindowFactor = 2.0

  /// An option that was given.
  var given: String? {
    let all = [
      ("--parallel", !parallel.isEmpty), ("--parity-unit", parityUnit != .content),
      ("--parity-warmup", parityWarmup != 0), ("--parity-window", parityWindow != 100),
      ("--parity-window-factor", parityWindowFactor != 2),
    ]
    return all.first(where: \.1)?.0
  }

  func options(_ source: SourceArguments) -> ParityOptions {
    var options = ParityOptions()
    options.development = parallel.isEmpty ? nil : source.options(inputs: parallel)
    options.warmupMerges = parityWarmup
    options.window = parityWindow
    options.windowFactor = parityWindowFactor
    options.unit = parityUnit
    return options
  }
}

extension ParityOptions.Unit: ExpressibleByArgument {}
