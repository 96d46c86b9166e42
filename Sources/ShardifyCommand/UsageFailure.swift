import ShardifyCore

/// An option that means nothing whatever the inputs are: exit status 64.
struct UsageFailure: Error {
  let message: String

  /// Runs a check of the command line alone.
  static func checking<Failure: DescribedFailure>(_ check: () throws(Failure) -> Void) throws {
    do throws(Failure) { try check() } catch { throw UsageFailure(message: error.message) }
  }
}
