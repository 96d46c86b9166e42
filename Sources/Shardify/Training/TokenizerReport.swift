import Balance
import ShardifyCore

/// How tokenizers treat the languages of a text.
public struct TokenizerReport: Sendable {
  /// A tokenizer of the report.
  public struct Named: Sendable {
    public var path: String
    public var kind: String
    public var vocabularySize: Int
    public var fingerprint: String
  }

  /// One language.
  public struct Row: Sendable {
    public var tag: LanguageTag
    public var figures: LanguageFigures
    /// Bytes of the reference language that say as much as this text; parallel: documents.
    public var content: Double
    /// Whether `content` rests on an estimate.
    public var isEstimated: Bool
    /// Whether the summary counts it: a language with enough text.
    public var isCounted: Bool
    /// Tokens for the same content, relative to the reference language; shape [tokenizers].
    public var relative: [Double?]
  }

  /// What one tokenizer comes to over the languages that count.
  public struct Summary: Sendable {
    /// Languages that count.
    public var languages: Int
    /// Inequality of tokens for the same content: 0 if equal, towards 1 if one language bears all.
    public var gini: Double
    /// The language with the most tokens for its content, and how many times those of the one with
    /// the fewest, and of the reference language (nil without it).
    public var worst: LanguageTag?
    public var worstToBest: Double
    public var worstToReference: Double?
    /// Means over languages, each counting once.
    public var meanFertility: Double
    public var meanBytesPerToken: Double
    /// Over all text.
    public var bytesPerToken: Double
    public var tokens: Int
  }

  public let tokenizers: [Named]
  /// By tag.
  public let rows: [Row]
  /// Shape [tokenizers].
  public let summaries: [Summary]
  /// The language that others are compared with.
  public let reference: LanguageTag
  /// Whether there is text in it.
  public let hasReference: Bool
  /// Whether the text was parallel.
  public let isParallel: Bool
  /// Tokens of a context, where asked for.
  public let contextTokens: Int?
  /// The least text that counts.
  public let minimumBytes: Int

  init(
    tokenizers: [Named], languages: [(LanguageTag, LanguageFigures)],
    options: TokenizerReportOptions
  ) {
    self.tokenizers = tokenizers
    reference = options.reference
    isParallel = options.isParallel
    contextTokens = options.contextTokens
    minimumBytes = options.minimumBytes
    var rows = languages.map { tag, figures in
      let content = Self.content(tag, figures, options)
      return Row(
        tag: tag, figures: figures, content: content.value, isEstimated: content.isEstimated,
        isCounted: figures.bytes >= options.minimumBytes && !tag.isUndetermined
          && !tag.isNotLanguage, relative: [])
    }
    hasReference = rows.contains { $0.tag == options.reference }
    let base = rows.first { $0.tag == options.reference }
    for index in rows.indices {
      rows[index].relative = tokenizers.indices.map { tokenizer in
        guard let base, let mine = rows[index].cost(tokenizer), let other = base.cost(tokenizer)
        else { return nil }
        return mine / other
      }
    }
    self.rows = rows
    summaries = tokenizers.indices.map { Self.summary(rows, $0) }
  }

  private static func content(
    _ tag: LanguageTag, _ figures: LanguageFigures, _ options: TokenizerReportOptions
  ) -> (value: Double, isEstimated: Bool) {
    if options.isParallel { return (Double(figures.documents), false) }
    let premium = options.bytePremiums.premium(
      of: LanguageSupply(
        tag: tag, documents: figures.documents, pieces: figures.documents, tokens: figures.bytes,
        bytes: figures.bytes, scalars: figures.scalars))
    return (Double(figures.bytes) / premium.value, premium.isEstimated)
  }

  private static func summary(_ rows: [Row], _ tokenizer: Int) -> Summary {
    let counted = rows.filter { $0.isCounted && $0.cost(tokenizer) != nil }
    let costs = counted.map { $0.cost(tokenizer) ?? 0 }
    var summary = Summary(
      languages: counted.count, gini: gini(costs), worst: nil, worstToBest: 1,
      worstToReference: nil, meanFertility: 0, meanBytesPerToken: 0, bytesPerToken: 0, tokens: 0)
    let bytes = rows.reduce(0) { $0 + $1.figures.bytes }
    summary.tokens = rows.reduce(0) { $0 + $1.figures.tokenizers[tokenizer].tokens }
    summary.bytesPerToken = Double(bytes) / Double(max(1, summary.tokens))
    guard let most = costs.max(), let least = costs.min(), least > 0,
      let index = costs.firstIndex(of: most)
    else { return summary }
    summary.worst = counted[index].tag
    summary.worstToBest = most / least
    summary.worstToReference = counted[index].relative[tokenizer]
    let count = Double(counted.count)
    summary.meanFertility = counted.reduce(0) { $0 + ($1.fertility(tokenizer) ?? 0) } / count
    summary.meanBytesPerToken =
      counted.reduce(0) { $0 + ($1.bytesPerToken(tokenizer) ?? 0) } / count
    return summary
  }

  /// The mean difference between two, over twice the mean.
  static func gini(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let sum = sorted.reduce(0, +)
    guard sum > 0 else { return 0 }
    let count = Double(sorted.count)
    var weighted = 0.0
    for (index, value) in sorted.enumerated() {
      weighted += (2 * Double(index + 1) - count - 1) * value
    }
    return weighted / (count * sum)
  }
}

extension TokenizerReport.Row {
  /// Tokens for a unit of content; nil without tokens.
  public func cost(_ tokenizer: Int) -> Double? {
    let tokens = figures.tokenizers[tokenizer].tokens
    return tokens > 0 && content > 0 ? Double(tokens) / content : nil
  }

  /// Tokens for a word by ICU's boundaries.
  public func fertility(_ tokenizer: Int) -> Double? {
    figures.words > 0
      ? Double(figures.tokenizers[tokenizer].tokens) / Double(figures.words) : nil
  }

  /// UTF-8 bytes for a token.
  public func bytesPerToken(_ tokenizer: Int) -> Double? {
    let tokens = figures.tokenizers[tokenizer].tokens
    return tokens > 0 ? Double(figures.bytes) / Double(tokens) : nil
  }

  /// Unicode scalars for a token.
  public func charactersPerToken(_ tokenizer: Int) -> Double? {
    let tokens = figures.tokenizers[tokenizer].tokens
    return tokens > 0 ? Double(figures.scalars) / Double(tokens) : nil
  }

  /// The part of tokens that are unknown.
  public func unknownShare(_ tokenizer: Int) -> Double {
    let own = figures.tokenizers[tokenizer]
    return Double(own.unknown) / Double(max(1, own.tokens))
  }

  /// The part of tokens that are one byte of a character of several.
  public func byteShare(_ tokenizer: Int) -> Double {
    let own = figures.tokenizers[tokenizer]
    return Double(own.partsOfCharacters) / Double(max(1, own.tokens))
  }

  /// The part of documents that do not fit into the context.
  public func cutShare(_ tokenizer: Int) -> Double {
    Double(figures.tokenizers[tokenizer].cutDocuments) / Double(max(1, figures.documents))
  }
}
