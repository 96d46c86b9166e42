import Files
import ShardifyCore

/// A model of any known format.
enum AnyLanguageModel: Sendable {
  case native(LanguageModel)
  case fastText(FastTextModel)

  init(_ file: MappedFile) throws(DetectFailure) {
    self = try Self(file.bytes, path: file.path, owner: file)
  }

  /// Reads the format off the first bytes, which live as long as `owner`, or for ever if there is
  /// none.
  init(
    _ bytes: UnsafeRawBufferPointer, path: String, owner: MappedFile?
  ) throws(DetectFailure) {
    if bytes.count >= 8, bytes[0..<8].elementsEqual(LanguageModel.magic) {
      self = .native(try LanguageModel(bytes, path: path, owner: owner))
      return
    }
    var reader = ByteReader(bytes)
    if reader.read(Int32.self) == FastTextReader.magic {
      self = .fastText(try FastTextModel(bytes, path: path, owner: owner))
      return
    }
    throw DetectFailure(
      .notAModel, "cannot read language model", path: path, offset: 0,
      found: bytes.isEmpty ? "an empty file" : "no magic of a known format",
      expected: "a shardify or fastText model")
  }

  var labels: [LanguageTag] {
    switch self {
    case .native(let model): model.labels
    case .fastText(let model):
      model.dictionary.labels.compactMap { LanguageLabels.normalize($0, script: nil) }
    }
  }

  var namedLabels: [(name: String, tag: LanguageTag?)] {
    switch self {
    case .native(let model): model.labels.map { ($0.description, $0) }
    case .fastText(let model):
      model.dictionary.labels.map {
        (String(decoding: $0, as: UTF8.self), LanguageLabels.normalize($0, script: nil))
      }
    }
  }

  var name: String? {
    switch self {
    case .native(let model): model.name
    case .fastText: nil
    }
  }
}
