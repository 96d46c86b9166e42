/// In what a language's size is counted when a policy turns sizes into shares.
///
/// The policy's shares are shares *of this unit*; they become tokens through the language's own
/// tokens per unit. So `uniform` in `bytes` gives every language the same number of bytes, and
/// `proportional` is the same mixture in every unit.
public enum SizeUnit: String, Sendable, CaseIterable {
  /// Tokens of the store's tokenizer.
  case tokens
  /// UTF-8 bytes.
  case bytes
  /// Unicode scalars.
  case chars
  /// Documents.
  case documents
  /// Bytes divided by the language's byte premium: bytes of English that say as much.
  case content
}
