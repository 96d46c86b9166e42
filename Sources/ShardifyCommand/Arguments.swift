import ArgumentParser
import ShardifyCore

/// A number of bytes: `1000000`, `64Mi`, `1.5GB`, `500M`.
struct Bytes: ExpressibleByArgument, Sendable {
  var value: Int

  init(_ value: Int) { self.value = value }

  init?(argument: String) {
    let digits = argument.hasSuffix("B") ? String(argument.dropLast()) : argument
    guard let amount = Amount(argument: digits) else { return nil }
    value = amount.value
  }

  var defaultValueDescription: String {
    value % 1_000_000 == 0
      ? "\(value / 1_000_000)MB" : Amount(value).defaultValueDescription + "B"
  }
}

/// A number of tokens: `1000000`, `64Mi`, `1.5G`, `2T`.
struct Amount: ExpressibleByArgument, Sendable {
  var value: Int

  init(_ value: Int) { self.value = value }

  init?(argument: String) {
    var digits = argument[...]
    var scale = 1.0
    let units: [(String, Double)] = [
      ("Ki", 1024), ("Mi", 1_048_576), ("Gi", 1_073_741_824), ("Ti", 1_099_511_627_776),
      ("k", 1e3), ("K", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12),
    ]
    for (suffix, factor) in units where digits.hasSuffix(suffix) {
      digits.removeLast(suffix.utf8.count)
      scale = factor
      break
    }
    guard let number = Double(digits), number >= 0, number * scale < 9e18 else { return nil }
    value = Int((number * scale).rounded())
  }

  var defaultValueDescription: String {
    for (unit, size) in [("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)]
    where value >= size && value % size == 0 {
      return "\(value / size)\(unit)"
    }
    return "\(value)"
  }
}

/// A language with a number: `eng_Latn=0.4`.
struct LanguageShare: ExpressibleByArgument, Sendable {
  var tag: LanguageTag
  var share: Double

  init?(argument: String) {
    let parts = argument.split(separator: "=")
    guard parts.count == 2, let tag = LanguageTag(parts[0]), let share = Double(parts[1]) else {
      return nil
    }
    self.tag = tag
    self.share = share
  }
}

extension LanguageTag: ExpressibleByArgument {
  /// Reads `xxx_Scrp`.
  public init?(argument: String) { self.init(argument) }
}

/// What every long command can be told about its output.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print nothing but errors and what was asked for.")
  var quiet = false

  @Flag(help: "Print the summary as one JSON object on standard output.")
  var json = false
}
