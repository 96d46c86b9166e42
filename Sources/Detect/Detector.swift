import CLanguageModel
import Files
import ShardifyCore

/// Tells the script and language of texts. Make one, share it; make a worker for each thread.
///
/// The default model is part of the program. Another may be given by path, in shardify's own
/// format or fastText's.
public final class Detector: Sendable {
  /// The version of ICU whose properties the scripts come from.
  public let icuVersion: String
  /// SHA-256 of the model file.
  public let modelFingerprint: SHA256.Digest
  /// The model's own name, or its file name.
  public let modelName: String

  let model: AnyLanguageModel
  let threshold: UInt16?

  /// Opens a model.
  ///
  /// - Parameters:
  ///   - modelPath: A model file; nil for the embedded default model.
  ///   - threshold: The least probability of a label, in 1/10,000, in place of the model's own.
  /// - Throws: `DetectFailure` if the file cannot be read or is not a sound model.
  public init(modelPath: String? = nil, threshold: UInt16? = nil) throws(DetectFailure) {
    if let threshold, threshold > 10_000 {
      throw DetectFailure(
        .setting, "cannot use threshold", found: "\(threshold)", expected: "0 to 10000",
        remedy: "give the least probability in 1/10,000")
    }
    self.threshold = threshold
    icuVersion = CharacterTable.shared.version
    guard let modelPath else {
      var count = 0
      let bytes = UnsafeRawBufferPointer(start: clm_model(&count), count: count)
      let native = try LanguageModel(bytes, path: nil, owner: nil)
      model = .native(native)
      modelName = native.name
      modelFingerprint = SHA256.of(bytes)
      return
    }
    let file: MappedFile
    do {
      file = try MappedFile(path: modelPath)
    } catch {
      throw DetectFailure(
        .file, "cannot read language model", path: modelPath, found: error.found,
        expected: error.expected, remedy: error.remedy)
    }
    model = try AnyLanguageModel(file)
    modelName = model.name ?? String(modelPath.split(separator: "/").last ?? "model")
    modelFingerprint = SHA256.of(file.bytes)
  }

  /// The labels the model can give.
  public var labels: [LanguageTag] { model.labels }

  /// A worker with scratch memory of its own, for one thread.
  public func makeWorker() -> DetectWorker { DetectWorker(self) }
}
