import ShardifyCore
import Shards

/// The filters of a view, made ready for the runs of its store.
struct ViewFilter: DocumentFilter {
  let needsLength: Bool
  private let excluded: ExcludedHashes?
  private let conditions: [FilterExpression]
  /// For each run, each test of source names and each of the run's names: the outcome.
  private let sources: [[[Bool]]]

  /// - Parameters:
  ///   - conditions: What a document must meet, each a reason of its own.
  ///   - sources: The source names of each run.
  init(excluded: ExcludedHashes?, conditions: [FilterExpression], sources: [[String]]) {
    self.excluded = excluded
    needsLength = conditions.contains(where: \.needsLength)
    var tests: [[FilterExpression.TextTest]] = []
    self.conditions = conditions.map { $0.withSourceTests(in: &tests) }
    self.sources = sources.map { names in
      let bytes = names.map { Array($0.utf8) }
      return tests.map { test in bytes.map { name in test.contains { $0.holds(name) } } }
    }
  }

  /// The list of hashes comes first, then the conditions in their order; the reason is the first
  /// that is not met.
  func reason(_ document: StoredDocument) -> Int? {
    if let excluded, excluded.contains(document.table.content(document.index)) { return 0 }
    let first = excluded == nil ? 0 : 1
    for (number, condition) in conditions.enumerated() where !holds(condition, document) {
      return first + number
    }
    return nil
  }

  private func holds(_ expression: FilterExpression, _ document: StoredDocument) -> Bool {
    switch expression {
    case .all(let parts): return parts.allSatisfy { holds($0, document) }
    case .any(let parts): return parts.contains { holds($0, document) }
    case .not(let part): return !holds(part, document)
    case .number(let column, let comparison, let value):
      return comparison.holds(number(column, document), value)
    case .numberIn(let column, let values): return values.contains(number(column, document))
    case .code(let column, let codes):
      let code = code(column, document)
      return code != 0 && codes.contains(code)
    case .text(let column, let tests):
      return matches(column, tests, document)
    case .source(let test):
      return sources[document.run][test][document.table.source(document.index)]
    case .flag(let bit): return document.table.detectionFlags(document.index) & bit != 0
    case .missing(let column):
      return column.kind == .number
        ? number(column, document).isNaN : code(column, document) == 0
    }
  }

  private func matches(
    _ column: FilterColumn, _ tests: [FilterExpression.TextTest], _ document: StoredDocument
  ) -> Bool {
    let code = code(column, document)
    if code == 0 { return false }
    let count = column.kind == .script ? 4 : 8
    let text = (0..<count).map { UInt8(truncatingIfNeeded: code >> UInt64(8 * (count - 1 - $0))) }
    return tests.contains { $0.holds(text) }
  }

  private func code(_ column: FilterColumn, _ document: StoredDocument) -> UInt64 {
    switch column {
    case .language: document.language.rawValue
    case .inputLanguage: document.table.inputLanguage(document.index)
    case .label: document.table.label(document.index, rank: 0)
    case .script: UInt64(document.table.script(document.index))
    default: 0
    }
  }

  private func number(_ column: FilterColumn, _ document: StoredDocument) -> Double {
    let (table, index) = (document.table, document.index)
    switch column {
    // Whole 1/10,000 divided once: 0.65 here is the double that a filter's 0.65 is.
    case .confidence: return Double(Self.confidence(document)) / 10_000
    case .labelConfidence: return Double(table.probability(index, rank: 0)) / 10_000
    case .scriptShare: return Double(table.scriptShare(index)) / 10_000
    case .tokens: return Double(document.length.tokens)
    case .bytes: return Double(document.length.bytes)
    case .chars: return Double(document.length.scalars)
    case .number(let number): return table.number(index, column: number)
    default: return .nan
    }
  }

  /// The probability of the language the document is filed under, in 1/10,000: of the first of the
  /// three labels with the same three letters, since the script may have been settled by other
  /// evidence; 0 if there is none.
  private static func confidence(_ document: StoredDocument) -> Int {
    for rank in 0..<3 {
      let label = document.table.label(document.index, rank: rank)
      if label != 0, label >> 40 == document.language.rawValue >> 40 {
        return document.table.probability(document.index, rank: rank)
      }
    }
    return 0
  }
}

extension FilterExpression {
  /// The same with tests of source names put into a list, to be made once for each name.
  fileprivate func withSourceTests(in tests: inout [[TextTest]]) -> FilterExpression {
    switch self {
    case .all(let parts): return .all(parts.map { $0.withSourceTests(in: &tests) })
    case .any(let parts): return .any(parts.map { $0.withSourceTests(in: &tests) })
    case .not(let part): return .not(part.withSourceTests(in: &tests))
    case .text(.source, let wanted):
      tests.append(wanted)
      return .source(tests.count - 1)
    default: return self
    }
  }
}
