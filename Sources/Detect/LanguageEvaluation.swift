import ShardifyCore

/// Counts how often a detector's labels are right. Add every text, then read the figures.
///
/// The answer for a text is its best label, before any threshold; where there is none, its tag. Texts whose
/// label the model does not know are counted apart, and are in no other figure but as false answers.
public struct LanguageEvaluation: Sendable {
  /// The figures of one label.
  public struct Row: Sendable {
    public var tag: LanguageTag
    /// Texts of this label, answers of this label, and both at once.
    public var texts = 0
    public var answers = 0
    public var right = 0

    public var precision: Double { answers == 0 ? 0 : Double(right) / Double(answers) }
    public var recall: Double { texts == 0 ? 0 : Double(right) / Double(texts) }
    public var f1: Double {
      texts + answers == 0 ? 0 : 2 * Double(right) / Double(texts + answers)
    }
  }

  /// Answers by their stated probability.
  public struct Bin: Sendable, Equatable {
    public var texts = 0
    public var right = 0
    /// The sum of the stated probabilities, in 1/10,000.
    public var stated = 0
  }

  public static let binCount = 10

  /// Texts with a known label, and right answers among them.
  public private(set) var texts = 0
  public private(set) var right = 0
  /// Texts whose tag was `und_Scrp` or `zxx_Scrp`.
  public private(set) var undetermined = 0
  public private(set) var notLanguage = 0
  /// Texts whose label the model does not know, by label.
  public private(set) var unknown: [LanguageTag: Int] = [:]
  public private(set) var bins = [Bin](repeating: Bin(), count: binCount)
  private var rowsByTag: [LanguageTag: Row] = [:]
  private var confused: [LanguageTag: [LanguageTag: Int]] = [:]
  private let known: Set<LanguageTag>

  /// Starts an evaluation of a model with these labels.
  public init(labels: [LanguageTag]) { known = Set(labels) }

  /// Adds what was found for a text with a label.
  public mutating func add(_ label: LanguageTag, _ found: Detection) {
    guard known.contains(label) else {
      unknown[label, default: 0] += 1
      return
    }
    let answer = found.candidates.0.label ?? found.tag
    texts += 1
    if found.tag.isUndetermined { undetermined += 1 }
    if found.tag.isNotLanguage { notLanguage += 1 }
    rowsByTag[label, default: Row(tag: label)].texts += 1
    rowsByTag[answer, default: Row(tag: answer)].answers += 1
    let place = min(Self.binCount - 1, Int(found.probability) * Self.binCount / 10_000)
    bins[place].texts += 1
    bins[place].stated += Int(found.probability)
    if answer == label {
      right += 1
      bins[place].right += 1
      rowsByTag[label, default: Row(tag: label)].right += 1
    } else {
      confused[label, default: [:]][answer, default: 0] += 1
    }
  }

  /// Adds the counts of another evaluation of the same model.
  public mutating func add(_ other: LanguageEvaluation) {
    texts += other.texts
    right += other.right
    undetermined += other.undetermined
    notLanguage += other.notLanguage
    for (label, count) in other.unknown { unknown[label, default: 0] += count }
    for place in bins.indices {
      bins[place].texts += other.bins[place].texts
      bins[place].right += other.bins[place].right
      bins[place].stated += other.bins[place].stated
    }
    for (tag, row) in other.rowsByTag {
      rowsByTag[tag, default: Row(tag: tag)].texts += row.texts
      rowsByTag[tag, default: Row(tag: tag)].answers += row.answers
      rowsByTag[tag, default: Row(tag: tag)].right += row.right
    }
    for (label, answers) in other.confused {
      for (answer, count) in answers { confused[label, default: [:]][answer, default: 0] += count }
    }
  }

  /// Labels that texts have, by tag.
  public var rows: [Row] {
    rowsByTag.values.filter { $0.texts > 0 }.sorted { $0.tag < $1.tag }
  }

  /// Answers that no text has as its label, by tag.
  public var strangers: [Row] {
    rowsByTag.values.filter { $0.texts == 0 }.sorted { $0.tag < $1.tag }
  }

  /// The mean F1 of the labels that texts have.
  public var macroF1: Double {
    rows.reduce(0) { $0 + $1.f1 } / Double(max(rows.count, 1))
  }

  /// F1 over all texts; one answer for each text makes it the share of right answers.
  public var microF1: Double { Double(right) / Double(max(texts, 1)) }

  /// How far stated probabilities are from shares of right answers: the mean over bins, by their texts.
  public var calibrationError: Double {
    let sum = bins.reduce(0.0) {
      $0 + abs(Double($1.right) - Double($1.stated) / 10_000)
    }
    return sum / Double(max(texts, 1))
  }

  /// The most frequent wrong answers, ties by label, then answer.
  public func confusions(_ count: Int) -> [(label: LanguageTag, answer: LanguageTag, texts: Int)] {
    let all = confused.flatMap { label, answers in
      answers.map { (label: label, answer: $0.key, texts: $0.value) }
    }
    return Array(
      all.sorted { ($1.texts, $0.label, $0.answer) < ($0.texts, $1.label, $1.answer) }
        .prefix(count))
  }
}
