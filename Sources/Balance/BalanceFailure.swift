import ShardifyCore

/// What can go wrong with a mixture.
public enum BalanceFailureCode: Equatable, Sendable {
  /// A number or a combination of options that means nothing: temperature 0, shares over 1.
  case invalidOption
  /// A language is named that the store does not have, or has no tokens of.
  case unknownLanguage
  /// Two options contradict each other.
  case conflict
  /// The budget cannot be met under the limits.
  case infeasibleBudget
  /// A language of the mixture would get nothing.
  case zeroQuota
  /// No language is left to plan.
  case emptyMixture
  /// The counts given are not possible: negative, doubled, too large.
  case invalidSupply
  /// The unit needs a table that was not given.
  case missingTable
}

/// The error of this module.
public typealias BalanceFailure = ModuleFailure<BalanceFailureCode>

extension ModuleFailure where Code == BalanceFailureCode {
  /// A failure of planning, in the common form.
  static func plan(
    _ code: BalanceFailureCode, found: String, expected: String? = nil, remedy: String? = nil
  ) -> BalanceFailure {
    BalanceFailure(
      code, "cannot plan the mixture", found: found, expected: expected, remedy: remedy)
  }
}
