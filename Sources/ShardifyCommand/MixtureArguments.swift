import ArgumentParser
import Balance
import Shardify
import ShardifyCore

/// A mixture for `train-tokenizer`: the policies of `balance` on bytes of text.
struct MixtureArguments: ParsableArguments {
  @Option(help: "A mixture file (docs/mixture.md); instead of the options below.")
  var mixture: String?

  @Option(
    parsing: .unconditional,
    help: "Flatten weights: 1 keeps natural shares, 3.33 is usual, larger is flatter.")
  var temperature: Double?

  @Option(parsing: .unconditional, help: "The same as an exponent: 1 keeps shares, 0 is uniform.")
  var alpha: Double?

  @Flag(help: "As uniform as --max-epochs allows (UniMax).")
  var unimax = false

  @Flag(help: "Natural shares, without und_* and zxx_*.")
  var proportional = false

  @Flag(help: "The same share for every language.")
  var uniform = false

  @Option(parsing: .unconditional, help: "No language counts more than so many times, or none.")
  var maxEpochs = "4"

  @Option(help: "Unit of sizes: bytes, chars, documents or content.")
  var unit: SizeUnit = .bytes

  @Option(help: "Only this language; may be given several times.")
  var include: [LanguageTag] = []

  @Option(help: "Not this language; may be given several times.")
  var exclude: [LanguageTag] = []

  @Option(help: "A fixed share, given first: eng_Latn=0.4.")
  var share: [LanguageShare] = []

  @Option(help: "At least this share: eng_Latn=0.2.")
  var floor: [LanguageShare] = []

  @Option(help: "At most this share: eng_Latn=0.5.")
  var cap: [LanguageShare] = []

  @Flag(help: "Let und_* and zxx_* take part.")
  var includeUndetermined = false

  private var policies: Int {
    [temperature != nil, alpha != nil, unimax, proportional, uniform].count { $0 }
  }

  private var others: [(String, Bool)] {
    [
      ("--share", !share.isEmpty), ("--floor", !floor.isEmpty), ("--cap", !cap.isEmpty),
      ("--include", !include.isEmpty), ("--exclude", !exclude.isEmpty),
      ("--max-epochs", maxEpochs != "4"), ("--unit", unit != .bytes),
      ("--include-undetermined", includeUndetermined),
    ]
  }

  func check() throws {
    if policies > 1 {
      throw ValidationError(
        "give one of --temperature, --alpha, --unimax, --proportional, --uniform")
    }
    if mixture != nil && policies > 0 {
      throw ValidationError("give --mixture or a policy, not both")
    }
    if mixture != nil, let given = others.first(where: \.1) {
      throw ValidationError("\(given.0) goes into the mixture file, not beside --mixture")
    }
    if maxEpochs != "none" && Double(maxEpochs) == nil {
      throw ValidationError("--max-epochs \(maxEpochs): expected a number or none")
    }
  }

  /// The mixture; nil if no option of it was given.
  func value() throws -> Mixture? {
    if let mixture { return try MixtureFile.read(mixture) }
    guard policies > 0 || others.contains(where: \.1) else { return nil }
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
    let mixture = Mixture(
      policy: policy, maxEpochs: maxEpochs == "none" ? nil : Double(maxEpochs), unit: unit,
      include: include.isEmpty ? nil : include, exclude: exclude,
      fixedShares: try table(share, "share"), floors: try table(floor, "floor"),
      caps: try table(cap, "cap"), includeUndetermined: includeUndetermined, allowZero: true)
    try UsageFailure.checking { () throws(BalanceFailure) in try mixture.check() }
    return mixture
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
