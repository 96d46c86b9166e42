import ShardifyCore

/// What can go wrong when samples are loaded.
public enum LoadFailureCode: Equatable, Sendable {
  /// A setting is out of range.
  case configuration
  /// The dataset is too short for the settings, or its numbers make no sense.
  case dataset
  /// A state belongs to another dataset, seed, sequence length or number of lanes.
  case mismatch
  /// A shard is missing or cannot be opened.
  case missingShard
  /// A shard is not what the manifest says.
  case corruptShard
  /// The reader was stopped.
  case stopped
}

/// The error of this module.
public typealias LoadFailure = ModuleFailure<LoadFailureCode>
