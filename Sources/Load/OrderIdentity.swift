import ShardifyCore

/// What decides the order of samples. Two loaders with equal identities deliver the same sequence.
public struct OrderIdentity: Hashable, Sendable {
  /// The fingerprint of the dataset's manifest.
  public var dataset: SHA256.Digest
  /// The seed.
  public var seed: UInt64
  /// Tokens that a sample predicts.
  public var sequenceLength: Int
  /// The number of lanes.
  public var lanes: Int

  /// Joins the parts; see the properties.
  public init(dataset: SHA256.Digest, seed: UInt64, sequenceLength: Int, lanes: Int) {
    self.dataset = dataset
    self.seed = seed
    self.sequenceLength = sequenceLength
    self.lanes = lanes
  }

  /// SHA-256 of the version of the rules and the four values, as `docs/sample-order.md` says.
  public var fingerprint: SHA256.Digest {
    var message = Array("shardify sample order v1".utf8)
    message += dataset.bytes
    message.appendLittleEndian(seed)
    message.appendLittleEndian(UInt64(sequenceLength))
    message.appendLittleEndian(UInt64(lanes))
    return SHA256.of(message)
  }

  /// Refuses to go on from a state of another order.
  ///
  /// - Parameter path: Where the state was read, for the message.
  /// - Throws: `.mismatch`, naming the first value that differs.
  public func check(_ state: LoaderState, path: String?) throws(LoadFailure) {
    let saved = state.identity
    func refuse(_ name: String, _ found: String, _ expected: String, _ remedy: String)
      -> LoadFailure
    {
      LoadFailure(
        .mismatch, "cannot resume", path: path, found: "\(name) \(found)",
        expected: expected, remedy: remedy)
    }
    if saved.dataset != dataset {
      throw refuse(
        "dataset", "\(saved.dataset)", "\(dataset)",
        "point to the dataset it was made with, go on to this one with --start-from, or start anew "
          + "with --resume none")
    }
    if saved.seed != seed {
      throw refuse("seed", "\(saved.seed)", "\(seed)", "use --seed \(saved.seed)")
    }
    if saved.sequenceLength != sequenceLength {
      throw refuse(
        "sequence length", "\(saved.sequenceLength)", "\(sequenceLength)",
        "use --sequence-length \(saved.sequenceLength)")
    }
    if saved.lanes != lanes {
      throw refuse("lanes", "\(saved.lanes)", "\(lanes)", "use --lanes \(saved.lanes)")
    }
  }
}
