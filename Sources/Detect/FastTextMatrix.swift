import CSIMD
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
    normCodes.isEmpty
      ? 1
      : normQuantizer.centroid(part: 0, code: normCodes[row]).loadUnaligned(as: Float.self)
  }

  /// Fetches a row before it is added: where it starts, and where it ends if that is near.
  @inline(__always)
  func prefetch(_ row: Int) {
    if let base = dense?.baseAddress {
      csimd_prefetch(base + row * columnCount * 4)
      csimd_prefetch(base + row * columnCount * 4 + min(columnCount * 4 - 1, 64))
    } else if let base = codes.baseAddress {
      csimd_prefetch(base + row * quantizer.partCount)
    }
  }

  /// Adds a row to `sums`; `row` is below `rowCount`.
  @inline(__always)
  func add(_ row: Int, to sums: UnsafeMutablePointer<Float>) {
    if let base = dense?.baseAddress {
      csimd_add_floats(sums, base + row * columnCount * 4, columnCount)
      return
    }
    let scale = norm(row)
    let first = row * quantizer.partCount
    if quantizer.isPairs, let base = codes.baseAddress {
      csimd_add_pairs(
        sums, quantizer.centroid(part: 0, code: 0),
        base.assumingMemoryBound(to: UInt8.self) + first, quantizer.partCount, scale)
      return
    }
    for part in 0..<quantizer.partCount {
      csimd_add_scaled(
        sums + part * quantizer.partWidth,
        quantizer.centroid(part: part, code: codes[first + part]),
        quantizer.width(part), scale)
    }
  }

  /// Adds rows to `sums` in their order; each is below `rowCount`.
  func add(_ rows: UnsafePointer<UInt32>, _ count: Int, to sums: UnsafeMutablePointer<Float>) {
    if let base = dense?.baseAddress {
      csimd_add_rows(sums, base, columnCount, rows, count)
    } else if quantizer.isPairs, let base = codes.baseAddress {
      var pairs = csimd_pairs(
        centroids: quantizer.centroid(part: 0, code: 0),
        codes: base.assumingMemoryBound(to: UInt8.self), parts: quantizer.partCount,
        norm_codes: normCodes.baseAddress?.assumingMemoryBound(to: UInt8.self),
        norms: normCodes.isEmpty ? nil : normQuantizer.centroid(part: 0, code: 0))
      csimd_add_pair_rows(sums, &pairs, rows, count)
    } else {
      for i in 0..<count { add(Int(rows[i]), to: sums) }
    }
  }

  /// The dot product of a row with a vector.
  @inline(__always)
  func dot(_ row: Int, _ vector: UnsafePointer<Float>) -> Float {
    if let base = dense?.baseAddress {
      return csimd_dot_floats(vector, base + row * columnCount * 4, columnCount)
    }
    var sum: Float = 0
    let first = row * quantizer.partCount
    for part in 0..<quantizer.partCount {
      sum += csimd_dot_floats(
        vector + part * quantizer.partWidth,
        quantizer.centroid(part: part, code: codes[first + part]), quantizer.width(part))
    }
    return sum * norm(row)
  }
}

/// The centroids of a product quantizer: 256 for each part of a row.
struct FastTextQuantizer {
  let partCount: Int
  let partWidth: Int
  private let lastWidth: Int
  /// The centroids, which need not be aligned.
  private let base: UnsafeRawPointer
  nonisolated(unsafe) private static let none = UnsafeRawPointer(
    UnsafeMutablePointer<Float>.allocate(capacity: 1))

  /// No parts; its centroids are not to be asked for.
  init() {
    (partCount, partWidth, lastWidth) = (0, 0, 0)
    base = Self.none
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
    let centroids = try reader.take(dimension, times: 256, width: 4, "centroids")
    base = centroids.baseAddress ?? Self.none
  }

  /// Whether every part is two values, as `fasttext quantize` makes them by default.
  @inline(__always)
  var isPairs: Bool { partWidth == 2 && lastWidth == 2 }

  @inline(__always)
  func width(_ part: Int) -> Int { part == partCount - 1 ? lastWidth : partWidth }

  /// The values of a part's centroid, `width(part)` floats that need not be aligned.
  @inline(__always)
  func centroid(part: Int, code: UInt8) -> UnsafeRawPointer {
    let place = part * 256 * partWidth + Int(code) * width(part)
    return base + 4 * place
  }
}
