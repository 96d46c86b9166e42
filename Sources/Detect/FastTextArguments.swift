import ShardifyCore

/// The settings a fastText model was trained with, as far as prediction needs them.
struct FastTextArguments {
  /// How scores become probabilities.
  enum Loss: Int32 {
    case hierarchicalSoftmax = 1
    case negativeSampling = 2
    case softmax = 3
    case oneVersusAll = 4
  }

  let dimension: Int
  let wordNgrams: Int
  let loss: Loss
  let bucket: Int
  let minimumOrder: Int
  let maximumOrder: Int

  init(_ reader: inout FastTextReader) throws(DetectFailure) {
    let magic: Int32 = try reader.read("a magic number")
    let version: Int32 = try reader.read("a version")
    guard magic == FastTextReader.magic, version == 11 || version == 12 else {
      throw DetectFailure(
        .version, "cannot read language model", path: reader.path, offset: 4,
        found: "fastText format version \(version)", expected: "version 11 or 12",
        remedy: "convert the model with a newer fastText")
    }
    dimension = try reader.count("dimension", as: Int32.self, in: 1...65_536)
    for _ in 0..<4 { let _: Int32 = try reader.read("settings") }
    wordNgrams = try reader.count("word n-gram order", as: Int32.self, in: 0...1000)
    let lossAt = reader.offset
    let lossNumber: Int32 = try reader.read("a loss")
    guard let loss = Loss(rawValue: lossNumber) else {
      throw reader.corrupt("loss \(lossNumber)", "1 to 4", at: lossAt)
    }
    self.loss = loss
    let kindAt = reader.offset
    let kind: Int32 = try reader.read("a model kind")
    guard kind == 3 else {
      throw DetectFailure(
        .notAModel, "cannot read language model", path: reader.path, offset: kindAt,
        found: "a fastText model of kind \(kind)", expected: "a classifier, kind 3",
        remedy: "give a model trained with fasttext supervised")
    }
    bucket = try reader.count("bucket count", as: Int32.self, in: 0...Int(Int32.max))
    minimumOrder = try reader.count("minn", as: Int32.self, in: 0...1000)
    let order = try reader.count("maxn", as: Int32.self, in: 0...1000)
    // Version 11 classifiers did not use the letter n-grams they name.
    maximumOrder = version == 11 ? 0 : order
    let _: Int32 = try reader.read("settings")
    let _: UInt64 = try reader.read("settings")
  }
}
