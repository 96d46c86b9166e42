import CLanguageModel
import Files
import ShardifyCore

/// Tells the script and language of texts. Make one, share it; make a worker for each thread.
///
/// The default model is part of the program. Another may be given by path, in shardify's own
/// format or fastText's.
public final class Detector: @unchecked Sendable {
  /// The version of ICU whose properties the scripts come from.
  public let icuVersion: String
  /// The model's own name, or its file name.
  public let modelName: String

  let model: AnyLanguageModel
  private let threshold: UInt16?
  private let labelThresholds: [LanguageTag: UInt16]
  private let modelBytes: UnsafeRawBufferPointer
  private let file: MappedFile?

  /// Opens a model.
  ///
  /// - Parameters:
  ///   - modelPath: A model file; nil for the embedded default model.
  ///   - threshold: The least probability of a label, in 1/10,000, in place of the model's own.
  ///   - labelThresholds: The least probability of single labels, in place of both.
  /// - Throws: `DetectFailure` if the file cannot be read or is not a sound model.
  public init(
    modelPath: String? = nil, threshold: UInt16? = nil,
    labelThresholds: [LanguageTag: UInt16] = [:]
  ) throws(DetectFailure) {
    let highest = max(threshold ?? 0, labelThresholds.values.max() ?? 0)
    if highest > 10_000 {
      throw DetectFailure(
        .setting, "cannot use threshold", found: "\(highest)", expected: "0 to 10000",
        remedy: "give the least probability in 1/10,000")
    }
    self.threshold = threshold
    self.labelThresholds = labelThresholds
    icuVersion = CharacterTable.shared.version
    guard let modelPath else {
      var count = 0
      let bytes = UnsafeRawBufferPointer(start: clm_model(&count), count: count)
      let native = try LanguageModel(bytes, path: nil, owner: nil)
      model = .native(native)
      modelName = native.name
      modelBytes = bytes
      self.file = nil
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
    modelBytes = file.bytes
    self.file = file
  }

  /// A detector whose model is in memory, which must outlive it.
  init(model bytes: UnsafeRawBufferPointer, path: String) throws(DetectFailure) {
    model = try AnyLanguageModel(bytes, path: path, owner: nil)
    modelName = model.name ?? path
    (threshold, labelThresholds, file) = (nil, [:], nil)
    modelBytes = bytes
    icuVersion = CharacterTable.shared.version
  }

  /// SHA-256 of the model file; reads all of it.
  public var modelFingerprint: SHA256.Digest {
    withExtendedLifetime(file) { SHA256.of(modelBytes) }
  }

  /// Letters below which a text is a word or two, which many languages share.
  static let fewLetters: UInt64 = 12
  /// The least probability, in 1/10,000, of the label of such a text.
  static let fewLettersThreshold: UInt16 = 9000

  /// The least probability at which a label is given; `model` is what the model says.
  func threshold(of label: LanguageTag, model: UInt16, letters: UInt64) -> UInt16 {
    labelThresholds[label] ?? threshold
      ?? (letters < Self.fewLetters ? max(model, Self.fewLettersThreshold) : model)
  }

  /// The labels of the model as it names them, and the tag each is read as, in the model's order.
  public var modelLabels: [(name: String, tag: LanguageTag?)] { model.namedLabels }

  /// The labels the model can give.
  public var labels: [LanguageTag] { model.labels }

  /// A worker with scratch memory of its own, for one thread.
  public func makeWorker() -> DetectWorker { DetectWorker(self) }
}
