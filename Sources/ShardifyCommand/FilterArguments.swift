import ArgumentParser
import Shardify

/// Which documents of a store take part, and under which language.
struct FilterArguments: ParsableArguments {
  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "A condition every document must meet, e.g. 'confidence >= 0.65 and tokens > 50'; may be "
        + "given several times (docs/filters.md).", valueName: "condition"))
  var conditions: [String] = []

  @Option(
    help: ArgumentHelp(
      "A file of content hashes to leave out, 32 hexadecimal digits a line.", valueName: "file"))
  var excludeHashes: String?

  @Option(
    help: ArgumentHelp(
      "A file that files languages under other tags: 'hrv_Latn hbs_Latn' a line.",
      valueName: "file"))
  var labelMap: String?

  /// What was given here, after what a mixture file says.
  func added(to options: ViewOptions) throws -> ViewOptions {
    var options = options
    options.conditions += conditions
    if let excludeHashes {
      if options.excludedHashesPath != nil {
        throw ValidationError("--exclude-hashes is in the mixture file already")
      }
      options.excludedHashesPath = excludeHashes
    }
    if let labelMap {
      if options.labelMapPath != nil || options.labelMap != nil {
        throw ValidationError("--label-map is in the mixture file already")
      }
      options.labelMapPath = labelMap
    }
    return options
  }
}
