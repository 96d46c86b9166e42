/// Which of several pairs with the same count is merged first.
public enum TieRule: String, Sendable, CaseIterable {
  /// The pair whose token is shorter in bytes; then the smaller left id; then the smaller right id.
  case shortest
  /// As Hugging Face's `BpeTrainer`: the smaller left id, then the smaller right id.
  case huggingface

  @inline(__always)
  func key(_ left: UInt32, _ right: UInt32, length: Int) -> UInt64 {
    switch self {
    case .huggingface: UInt64(left) << 32 | UInt64(right)
    case .shortest:
      UInt64(min(length, 0xFFFF)) << 48 | UInt64(left) << 24 | UInt64(right)
    }
  }
}
