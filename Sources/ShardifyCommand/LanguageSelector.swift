import ArgumentParser
import Balance
import ShardifyCore

/// A language, or a pattern of languages: `deu_Latn`, `*_Cyrl`.
enum LanguageSelector: ExpressibleByArgument, Sendable {
  case language(LanguageTag)
  case pattern(LanguagePattern)

  init?(argument: String) {
    if let tag = LanguageTag(argument) {
      self = .language(tag)
    } else if let pattern = LanguagePattern(argument) {
      self = .pattern(pattern)
    } else {
      return nil
    }
  }
}

extension [LanguageSelector] {
  /// The languages.
  var tags: [LanguageTag] {
    compactMap { if case .language(let tag) = $0 { tag } else { nil } }
  }

  /// The patterns.
  var patterns: [LanguagePattern] {
    compactMap { if case .pattern(let pattern) = $0 { pattern } else { nil } }
  }
}
