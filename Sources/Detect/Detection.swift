import ShardifyCore

/// What was found out about one text.
public struct Detection: Sendable, Equatable {
  /// The language and script: `xxx_Scrp`; `und_Scrp` if no label reached the threshold; `zxx_Scrp`
  /// if the text is not language.
  public var tag: LanguageTag
  /// The probability of the best label, in 1/10,000: a whole number, the same on every machine.
  public var probability: UInt16
  /// The script most letters are written in; Hans, Hant, Jpan and Kore where the evidence says so,
  /// Zyyy if the text has no letters of a script.
  public var script: ScriptTag
  /// The share of letters written in `script`, in 1/10,000.
  public var scriptShare: UInt16
  /// The best labels before any threshold, best first.
  public var candidates: (Candidate, Candidate, Candidate)
  /// Another language of parts of the text, and the part it has, in 1/10,000; none as a rule.
  public var second: Candidate
  /// What a reader of the label should know.
  public var flags: DetectionFlags

  /// A text of which nothing is known but its script.
  init(tag: LanguageTag, script: ScriptTag, share: UInt16 = 0, flags: DetectionFlags = []) {
    self.tag = tag
    self.probability = 0
    self.script = script
    self.scriptShare = share
    self.candidates = (.none, .none, .none)
    self.second = .none
    self.flags = flags
  }

  /// How far the best label is ahead of the next one, in 1/10,000.
  public var margin: UInt16 { candidates.0.probability &- candidates.1.probability }

  public static func == (a: Detection, b: Detection) -> Bool {
    a.tag == b.tag && a.probability == b.probability && a.script == b.script
      && a.scriptShare == b.scriptShare && a.candidates == b.candidates && a.second == b.second
      && a.flags == b.flags
  }
}

/// A label and its probability.
public struct Candidate: Sendable, Equatable {
  /// The label's eight bytes as in `LanguageTag.rawValue`; 0 if there is no candidate.
  public var tag: UInt64
  /// In 1/10,000.
  public var probability: UInt16

  /// Makes a candidate.
  public init(tag: UInt64, probability: UInt16) {
    self.tag = tag
    self.probability = probability
  }

  /// No candidate.
  public static let none = Candidate(tag: 0, probability: 0)

  /// The label, or nil if there is none.
  public var label: LanguageTag? { tag == 0 ? nil : LanguageTag(unchecked: tag) }
}

/// What a reader of a label should know.
public struct DetectionFlags: OptionSet, Sendable, Hashable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A second script holds at least a tenth of the letters.
  public static let mixedScript = DetectionFlags(rawValue: 1)
  /// Fewer than 40 letters: the label rests on little.
  public static let short = DetectionFlags(rawValue: 2)
  /// The model has no label of the text's script, or prefers one of another script.
  public static let contradiction = DetectionFlags(rawValue: 4)
  /// Only a few fixed windows of the text were scored.
  public static let sampled = DetectionFlags(rawValue: 8)
  /// Parts of the text are another language, or another script has its own.
  public static let secondLanguage = DetectionFlags(rawValue: 16)
  /// The input gave another label than the detector.
  public static let inputDisagrees = DetectionFlags(rawValue: 32)
}
