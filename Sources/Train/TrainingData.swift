import Load
import ShardifyCore

/// A dataset as the trainer sees it.
public struct TrainingData: Sendable {
  /// The manifest's facts.
  public var facts: DatasetFacts
  /// The shards of `facts.shards`.
  public var training: any TokenSource
  /// The shards of `facts.holdout`.
  public var holdout: any TokenSource

  /// The shards lie on disk.
  public init(_ facts: DatasetFacts) {
    self.facts = facts
    training = ShardTokenSource(facts)
    holdout = ShardTokenSource(facts, holdout: true)
  }

  /// The shards lie anywhere.
  public init(_ facts: DatasetFacts, training: any TokenSource, holdout: any TokenSource) {
    self.facts = facts
    self.training = training
    self.holdout = holdout
  }
}
