import ShardifyCore

/// How sizes become shares, before floors, caps and the epoch limit.
public enum Policy: Sendable, Equatable {
  /// Share ∝ size^(1/temperature): 1 is proportional, larger is flatter.
  case temperature(Double)
  /// Share ∝ size^alpha: 1 is proportional, 0 is uniform.
  case alpha(Double)
  /// As uniform as the epoch limit allows.
  ///
  /// Source: Chung et al. 2023, "UniMax", Algorithm 1 (arXiv:2304.09151).
  case unimax
  /// Share ∝ size: every language gets the same number of epochs.
  case proportional
  /// The same share for every language.
  case uniform
  /// Shares of the dataset's tokens that sum to 1; languages not named are left out.
  case explicit([LanguageTag: Double])

  /// The exponent on sizes; nil for explicit shares.
  var exponent: Double? {
    switch self {
    case .temperature(let temperature): 1 / temperature
    case .alpha(let alpha): alpha
    case .unimax, .uniform: 0
    case .proportional: 1
    case .explicit: nil
    }
  }
}

extension Policy: CustomStringConvertible {
  /// The policy and its number: `temperature 3.33`.
  public var description: String {
    switch self {
    case .temperature(let temperature): "temperature \(Grouped.plain(temperature))"
    case .alpha(let alpha): "alpha \(Grouped.plain(alpha))"
    case .unimax: "unimax"
    case .proportional: "proportional"
    case .uniform: "uniform"
    case .explicit: "explicit shares"
    }
  }
}
