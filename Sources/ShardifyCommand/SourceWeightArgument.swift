import ArgumentParser
import Balance

/// A source or pattern and its weight: `wiki*=3`; the last `=` divides them.
struct SourceWeightArgument: ExpressibleByArgument, Sendable {
  var entry: SourceWeights.Entry

  init?(argument: String) {
    guard let sign = argument.utf8.lastIndex(of: UInt8(ascii: "=")),
      let weight = Double(argument[argument.index(after: sign)...])
    else { return nil }
    entry = SourceWeights.Entry(pattern: String(argument[..<sign]), weight: weight)
  }
}

extension SourceWeights.Basis: ExpressibleByArgument {}
