/// Where a run on a dataset got its weights from: a checkpoint of a run on another.
struct StageOrigin: Equatable {
  /// The checkpoint.
  var path: String
  /// Steps it had done.
  var step: Int
}
