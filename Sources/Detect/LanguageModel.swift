import CLanguageModel
import Files
import ShardifyCore

/// A model in shardify's own format: rows of 64 four-bit values for chosen features, and a weight
/// vector for each label. `models/FORMAT.md` describes the file.
final class LanguageModel: @unchecked Sendable {
  static let magic = Array("SHRDLID\n".utf8)
  static let version: UInt32 = 2
  static let headerBytes = 224
  /// How many temperatures a model has: one for each bit length of the feature count.
  static let temperatureCount = 16

  let name: String
  /// Sorted by script, then language, so that the labels of a script are neighbours.
  let labels: [LanguageTag]
  /// The least probability at which a label is given, in 1/10,000; one a label.
  let thresholds: [UInt16]
  let rowCount: Int
  let maxOrder: Int
  let usesWords: Bool
  /// Features beyond which more text no longer makes the model surer.
  let featureCap: Int
  /// What a whole-number score is worth.
  let scale: Double
  let codebook: [Int8]
  /// What scores are multiplied by, by the bit length of the feature count: calibration.
  let temperatures: [Double]
  /// What each label's score gets beside its dot product, in nats: once, and for each root of a feature.
  let priors: [Double]
  let slopes: [Double]
  /// One byte a row: which feature has it.
  let tags: UnsafePointer<UInt8>
  /// Shape [labels, 64], each value at most 4,095 either way.
  let weights: UnsafePointer<Int16>
  /// Shape [rows, 32] bytes.
  let rows: UnsafePointer<UInt8>
  private let owner: MappedFile?

  /// Reads a model from bytes that live as long as `owner`, or for ever if there is none.
  init(
    _ bytes: UnsafeRawBufferPointer, path: String?, owner: MappedFile?
  ) throws(DetectFailure) {
    let file = LanguageModelFile(bytes: bytes, path: path)
    let header = try file.readHeader()
    name = header.name
    rowCount = header.rowCount
    maxOrder = header.maxOrder
    usesWords = header.usesWords
    featureCap = header.featureCap
    scale = header.scale
    codebook = header.codebook
    temperatures = header.temperatures
    labels = try file.readLabels(header)
    thresholds = file.readThresholds(header)
    priors = file.readNumbers(header, at: header.priorsOffset).map { Double($0) / 256 }
    slopes = file.readNumbers(header, at: header.slopesOffset).map { Double($0) / 4096 }
    let weightCount = labels.count * Int(CLM_DIMENSION)
    // Copied: a mapped file need not hold them aligned, and may be in the other byte order.
    let copy = UnsafeMutablePointer<Int16>.allocate(capacity: weightCount)
    for i in 0..<weightCount {
      let raw = bytes.loadUnaligned(fromByteOffset: header.weightsOffset + 2 * i, as: Int16.self)
      copy[i] = max(-4095, min(4095, Int16(littleEndian: raw)))
    }
    weights = UnsafePointer(copy)
    let base = bytes.baseAddress ?? UnsafeRawPointer(copy)
    tags = base.advanced(by: header.tagsOffset).assumingMemoryBound(to: UInt8.self)
    rows = base.advanced(by: header.rowsOffset).assumingMemoryBound(to: UInt8.self)
    self.owner = owner
  }

  deinit { weights.deallocate() }

  /// What the scores of a text of `count` features are multiplied by.
  private func temperature(_ count: Int) -> Double {
    temperatures[min(Int.bitWidth - count.leadingZeroBitCount, Self.temperatureCount - 1)]
  }

  /// The numbers of the labels a writing system allows.
  func candidates(_ system: WritingSystem) -> Range<Int> {
    var range = labelRange(system.script)
    if system.isUndecidedHan {
      range = labelRange(.simplifiedHan).lowerBound..<labelRange(.traditionalHan).upperBound
    }
    return range
  }

  private func labelRange(_ script: ScriptTag) -> Range<Int> {
    let first = labels.firstIndex { $0.script >= script } ?? labels.count
    let end = labels[first...].firstIndex { $0.script > script } ?? labels.count
    return first..<end
  }

  /// Scores of the labels in `range`, from the summed rows of `count` features, into `scores`.
  func score(
    _ sums: UnsafePointer<Int32>, count: Int, range: Range<Int>,
    scores: UnsafeMutablePointer<Double>
  ) {
    withCut(sums, count: count) { hidden, text in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: range.count) { products in
        guard let first = products.baseAddress else { return }
        clm_dots(hidden, weights + range.lowerBound * Int(CLM_DIMENSION), range.count, first)
        for (number, label) in range.enumerated() {
          scores[label] = text.score(first[number], slopes[label], priors[label])
        }
      }
    }
  }

  /// Scores of single labels, as `score(_:count:range:scores:)` gives them, in their order; room for each.
  func score(
    _ sums: UnsafePointer<Int32>, count: Int, labels: [Int],
    _ scores: UnsafeMutableBufferPointer<Double>
  ) {
    withCut(sums, count: count) { hidden, text in
      for (number, label) in labels.enumerated() {
        scores[number] = text.score(
          clm_dot(hidden, weights + label * Int(CLM_DIMENSION)), slopes[label], priors[label])
      }
    }
  }

  /// What scores of a text are made of beside its products with the labels' weights.
  private struct TextScale {
    /// What a product is worth.
    var unit: Double
    /// The root of the features that count, times the temperature.
    var root: Double

    @inline(__always)
    func score(_ product: Int32, _ slope: Double, _ prior: Double) -> Double {
      Double(product) * unit + slope * root + prior
    }
  }

  /// Calls `body` with sums cut to whole numbers of at most 8,191.
  private func withCut<Result>(
    _ sums: UnsafePointer<Int32>, count: Int,
    _ body: (UnsafePointer<Int16>, TextScale) -> Result
  ) -> Result {
    let dimension = Int(CLM_DIMENSION)
    var largest: UInt32 = 0
    for i in 0..<dimension { largest = max(largest, sums[i].magnitude) }
    let shrink = largest > 8191 ? 8191 / Double(largest) : 1
    let root = Double(min(count, featureCap)).squareRoot() * temperature(count)
    let text = TextScale(unit: scale / shrink / Double(max(count, 1)) * root, root: root)
    return withUnsafeTemporaryAllocation(of: Int16.self, capacity: dimension) { hidden in
      for i in 0..<dimension {
        hidden[i] = Int16(truncatingIfNeeded: Int32(Double(sums[i]) * shrink))
      }
      return body(hidden.baseAddress.map { UnsafePointer($0) } ?? weights, text)
    }
  }
}
