import ShardifyCore

/// Where a loader is: samples consumed by all ranks together, and the order they belong to.
///
/// It says nothing of ranks, so any number of them can go on from it.
public struct LoaderState: Hashable, Sendable {
  /// The order.
  public var identity: OrderIdentity
  /// Global samples consumed; the next one delivered has this number.
  public var samplesConsumed: Int

  /// Joins the parts.
  public init(identity: OrderIdentity, samplesConsumed: Int) {
    self.identity = identity
    self.samplesConsumed = samplesConsumed
  }

  /// The state as text values, for a checkpoint's metadata.
  public var fields: [String: String] {
    [
      "loader.order_version": "\(SampleOrder.version)",
      "loader.samples_consumed": "\(samplesConsumed)",
      "loader.dataset": "\(identity.dataset)",
      "loader.seed": "\(identity.seed)",
      "loader.sequence_length": "\(identity.sequenceLength)",
      "loader.lanes": "\(identity.lanes)",
      "loader.fingerprint": "\(identity.fingerprint)",
    ]
  }

  /// Reads what `fields` made.
  ///
  /// - Throws: `.mismatch` if a value is missing, malformed, or the fingerprint does not fit.
  public init(fields: [String: String], path: String?) throws(LoadFailure) {
    func value<T>(_ name: String, _ parse: (String) -> T?) throws(LoadFailure) -> T {
      guard let text = fields["loader." + name], let value = parse(text) else {
        throw LoadFailure(
          .mismatch, "cannot read loader state", path: path,
          found: fields["loader." + name].map { "\(name) \($0.prefix(80))" } ?? "no \(name)",
          expected: "a valid \(name)", remedy: "use another checkpoint")
      }
      return value
    }
    let version = try value("order_version") { Int($0) }
    guard version == SampleOrder.version else {
      throw LoadFailure(
        .mismatch, "cannot read loader state", path: path, found: "sample order \(version)",
        expected: "\(SampleOrder.version)", remedy: "use the program that wrote it")
    }
    identity = OrderIdentity(
      dataset: try value("dataset") { SHA256.Digest(hex: $0) },
      seed: try value("seed") { UInt64($0) },
      sequenceLength: try value("sequence_length") {
        Int($0).flatMap { (1...SampleOrder.sequenceLimit).contains($0) ? $0 : nil }
      },
      lanes: try value("lanes") {
        Int($0).flatMap { (1...SampleOrder.laneLimit).contains($0) ? $0 : nil }
      })
    samplesConsumed = try value("samples_consumed") {
      Int($0).flatMap { (0...SampleOrder.sampleLimit).contains($0) ? $0 : nil }
    }
    let fingerprint = try value("fingerprint") { SHA256.Digest(hex: $0) }
    guard fingerprint == identity.fingerprint else {
      throw LoadFailure(
        .mismatch, "cannot read loader state", path: path, found: "fingerprint \(fingerprint)",
        expected: "\(identity.fingerprint)", remedy: "the checkpoint is damaged; use another")
    }
  }
}
