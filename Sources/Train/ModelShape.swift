import ShardifyCore

/// The sizes of a model.
public struct ModelShape: Hashable, Sendable {
  /// Ids are below this.
  public var vocabularySize: Int
  /// Width of the residual stream.
  public var width: Int
  /// Blocks of attention and feed-forward.
  public var layers: Int
  /// Attention heads; `width` is a multiple, and each head's share is even.
  public var heads: Int
  /// Width of the feed-forward layer.
  public var hiddenWidth: Int

  /// Joins the parts; see the properties.
  public init(vocabularySize: Int, width: Int, layers: Int, heads: Int, hiddenWidth: Int) {
    self.vocabularySize = vocabularySize
    self.width = width
    self.layers = layers
    self.heads = heads
    self.hiddenWidth = hiddenWidth
  }

  /// Width of a head.
  public var headWidth: Int { width / heads }

  /// - Throws: `.configuration` if a size is out of range.
  public func check() throws(TrainFailure) {
    func check(_ name: String, _ value: Int, _ limits: ClosedRange<Int>) throws(TrainFailure) {
      guard limits.contains(value) else {
        throw TrainFailure(
          .configuration, "cannot make model", found: "\(name) \(value)",
          expected: "\(limits.lowerBound) to \(limits.upperBound)")
      }
    }
    try check("vocabulary size", vocabularySize, 2...1 << 24)
    try check("width", width, 2...1 << 14)
    try check("layers", layers, 1...256)
    try check("heads", heads, 1...width)
    try check("hidden width", hiddenWidth, 1...1 << 16)
    guard width % heads == 0, headWidth % 2 == 0 else {
      throw TrainFailure(
        .configuration, "cannot make model", found: "width \(width) with \(heads) heads",
        expected: "an even number of dimensions for each head",
        remedy: "choose a width that is a multiple of twice the heads")
    }
  }

  /// The shape as names and text values, for a checkpoint's metadata.
  var fields: [(name: String, value: String)] {
    [
      ("model.vocabulary_size", "\(vocabularySize)"), ("model.width", "\(width)"),
      ("model.layers", "\(layers)"), ("model.heads", "\(heads)"),
      ("model.hidden_width", "\(hiddenWidth)"),
    ]
  }
}
