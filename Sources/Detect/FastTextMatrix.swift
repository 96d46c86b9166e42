import ShardifyCore

/// A matrix of a fastText model, dense or product-quantised, left where the file is mapped.
struct FastTextMatrix {
  let rowCount: Int
  let columnCount: Int
  private let dense: UnsafeRawBufferPointer?
  private let codes: UnsafeRawBufferPointer
  private let quantizer: FastTextQuantizer
  private let normCodes: UnsafeRawBufferPointer
  private let normQuantizer: FastTextQuantizer

  /// Reads a matrix; `columns` is what the model's dimension asks for.
  init(_ reader: inout FastTextReader, quantized: Bool, columns: Int) throws(DetectFailure) {
    let hasNorms = quantized ? try reader.flag("norm flag") : false
    let at = reader.offset
    rowCount = try reader.count("rows", as: Int64.self, in: 0...(1 << 40))
    columnCount = try reader.count("columns", as: Int64.self, in: 1...65_536)
    guard columnCount == columns else {
      throw reader.corrupt("a matrix of \(columnCount) columns", "\(columns)", at: at + 8)
    }
    guard quantized else {
      dense = try reader.take(rowCount, times: columnCount, width: 4, "a matrix")
      codes = UnsafeRawBufferPointer(start: nil, count: 0)
      normCodes = codes
      quantizer = FastTextQuantizer()
      normQuantizer = quantizer
      return
    }
    dense = nil
    let codeBytes = try reader.count("codes", as: Int32.self, in: 0...Int(Int32.max))
    codes = try reader.take(codeBytes, "codes")
    quantizer = try FastTextQuantizer(&reader, dimension: columnCount)
    let (wanted, overflow) = rowCount.multipliedReportingOverflow(by: quantizer.partCount)
    guard !overflow, wanted == codeBytes else {
      throw reader.corrupt("\(codeBytes) codes", "\(quantizer.partCount) for each row", at: at)
    }
    normCodes =
      hasNorms
      ? try reader.take(rowCount, "norm codes") : UnsafeRawBufferPointer(start: nil, count: 0)
    normQuantizer =
      hasNorms ? try FastTextQuantizer(&reader, dimension: 1) : FastTextQuantizer()
  }

  private func norm(_ row: Int) -> Float {
    normCodes.isEmpty ? 1 : normQuantizer.value(part: 0, code: normCodes[row], 0)
  }

  /// Adds a row to `sums`; `row` is below `rowCount`.
  func add(_ row: Int, to sums: UnsafeMutablePointer<Float>) {
    if let base = dense?.baseAddress {
      let start = base + row * columnCount * 4
      for i in 0..<columnCount {
        sums[i] += start.loadUnaligned(fromByteOffset: 4 * i, as: Float.self)
      }
      return
    }
    let scale = norm(row)
    for part in 0..<quantizer.partCount {
      let code = codes[row * quantizer.partCount + part]
      for i in 0..<quantizer.width(part) {
        sums[part * quantizer.partWidth + i] += scale * quantizer.value(part: part, code: code, i)
      }
    }
  }

  /// The dot product of a row with a vector.
  func dot(_ row: Int, _ vector: UnsafePointer<Float>) -> Float {
    var sum: Float = 0
    if let base = dense?.baseAddress {
      let start = base + row * columnCount * 4
      for i in 0..<columnCount {
        sum += start.loadUnaligned(fromByteOffset: 4 * i, as: Float.self) * vector[i]
      }
      return sum
    }
    for part in 0..<quantizer.partCount {
      let code = codes[row * quantizer.partCount + part]
      for i in 0..<quantizer.width(part) {
        sum += vector[part * quantizer.partWidth + i] * quantizer.value(part: part, code: code, i)
      }
    }
    return sum * norm(row)
  }
}

/// The centroids of a product quantizer: 256 for each part of a row.
struct FastTextQuantizer {
  let partCount: Int
  let partWidth: Int
  private let lastWidth: Int
  private let centroids: UnsafeRawBufferPointer

  /// No parts.
  init() {
    (partCount, partWidth, lastWidth) = (0, 0, 0)
    centroids = UnsafeRawBufferPointer(start: nil, count: 0)
  }

  init(_ reader: inout FastTextReader, dimension: Int) throws(DetectFailure) {
    let at = reader.offset
    let own = try reader.count("quantizer dimension", as: Int32.self, in: 1...65_536)
    partCount = try reader.count("quantizer parts", as: Int32.self, in: 1...65_536)
    partWidth = try reader.count("quantizer width", as: Int32.self, in: 1...65_536)
    lastWidth = try reader.count("quantizer width", as: Int32.self, in: 1...65_536)
    guard own == dimension, lastWidth <= partWidth,
      (partCount - 1) * partWidth + lastWidth == dimension
    else {
      throw reader.corrupt(
        "a quantizer of \(partCount) parts of \(partWidth)", "parts that make \(dimension)", at: at)
    }
    centroids = try reader.take(dimension, times: 256, width: 4, "centroids")
  }

  @inline(__always)
  func width(_ part: Int) -> Int { part == partCount - 1 ? lastWidth : partWidth }

  /// Value `i` of a part's centroid.
  @inline(__always)
  func value(part: Int, code: UInt8, _ i: Int) -> Float {
    let place = part * 256 * partWidth + Int(code) * width(part) + i
    return centroids.loadUnaligned(fromByteOffset: 4 * place, as: Float.self)
  }
}
