import ShardifyCore

@testable import Detect

/// A model file whose calibration is written anew.
struct CalibratedFile {
  private(set) var bytes: [UInt8]
  private let labelCount: Int

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    labelCount = bytes[12..<16].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// Takes all calibration away.
  mutating func reset() {
    write([Double](repeating: 1, count: LanguageModel.temperatureCount))
    for number in 0..<3 { write([Int16](repeating: 0, count: labelCount), number) }
  }

  mutating func write(_ fit: CalibrationFit) {
    write(fit.temperatures)
    write(fit.thresholds(), 0)
    write(fit.priors.map { Int16(($0 * 256).rounded()) }, 1)
    write(fit.slopes.map { Int16(($0 * 4096).rounded()) }, 2)
  }

  private mutating func write(_ temperatures: [Double]) {
    var out: [UInt8] = []
    for value in temperatures { out.appendLittleEndian(value.bitPattern) }
    bytes.replaceSubrange(96..<96 + out.count, with: out)
  }

  /// Writes one of the three tables of a number a label.
  private mutating func write(_ values: [Int16], _ table: Int) {
    var out: [UInt8] = []
    for value in values { out.appendLittleEndian(UInt16(bitPattern: value)) }
    let offset = LanguageModel.headerBytes + (8 + 2 * table) * labelCount
    bytes.replaceSubrange(offset..<offset + out.count, with: out)
  }
}
