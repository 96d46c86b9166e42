import Glibc
import ShardifyCore

/// The loss on held-out text, by language.
public struct EvaluationResult: Sendable {
  /// One language.
  public struct Language: Sendable {
    /// The language.
    public var tag: LanguageTag
    /// Its share of the training tokens.
    public var share: Double
    /// Held-out tokens predicted.
    public var tokens: Int
    /// Bytes of text they stand for.
    public var bytes: Double
    /// Mean loss of a token, in nats.
    public var lossNats: Double
    /// What the training data's unigram distribution would lose on the same tokens, in nats.
    public var unigramNats: Double
    /// Loss in bits for each byte of text: comparable over tokenizers.
    public var bitsPerByte: Double {
      bytes > 0 ? lossNats * Double(tokens) / bytes / M_LN2 : .nan
    }
  }

  /// Steps done before it.
  public var step: Int
  /// Languages with held-out tokens, in the manifest's order.
  public var languages: [Language]

  /// The mean over languages, weighted by their share of the training tokens: the loss on held-out
  /// text of the same mixture, in nats.
  public var lossNats: Double { mean(\.lossNats) }
  /// The same of the unigram distribution.
  public var unigramNats: Double { mean(\.unigramNats) }
  /// Held-out tokens predicted.
  public var tokens: Int { languages.reduce(0) { $0 + $1.tokens } }

  /// Bits for each byte of held-out text of the training mixture: shares are of tokens, so bytes
  /// are weighted by bytes for each token.
  public var bitsPerByte: Double {
    let bytes = languages.reduce(0) { $0 + $1.share * $1.bytes / Double($1.tokens) }
    let nats = languages.reduce(0) { $0 + $1.share * $1.lossNats }
    return bytes > 0 ? nats / bytes / M_LN2 : .nan
  }

  private func mean(_ value: (Language) -> Double) -> Double {
    let shares = languages.reduce(0) { $0 + $1.share }
    return languages.reduce(0) { $0 + $1.share * value($1) } / shares
  }
}
