/// The rule that fixed a language's quota.
public enum BindingRule: String, Sendable, CaseIterable {
  /// The policy's share, after what the other rules took or left.
  case policy
  /// The limit on repetition.
  case maxEpochs = "max-epochs"
  /// The language's least share.
  case floor
  /// The language's greatest share.
  case cap
  /// The language's fixed share.
  case fixed
}
