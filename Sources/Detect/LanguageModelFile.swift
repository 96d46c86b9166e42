import CLanguageModel
import ShardifyCore

/// Reads and checks the parts of a model file; every size is checked before it is used.
struct LanguageModelFile {
  let bytes: UnsafeRawBufferPointer
  let path: String?

  /// The fixed part of the file, and where the others are.
  struct Header {
    var labelCount = 0
    var rowCount = 0
    var maxOrder = 0
    var usesWords = false
    var defaultThreshold: UInt16 = 0
    var featureCap = 0
    var scale = 0.0
    var name = ""
    var codebook: [Int8] = []
    var temperatures: [Double] = []
    var labelsOffset: Int { LanguageModel.headerBytes }
    var thresholdsOffset: Int { labelsOffset + 8 * labelCount }
    var priorsOffset: Int { thresholdsOffset + 2 * labelCount }
    var slopesOffset: Int { priorsOffset + 2 * labelCount }
    var weightsOffset: Int { slopesOffset + 2 * labelCount }
    var tagsOffset: Int { (weightsOffset + 128 * labelCount + 63) / 64 * 64 }
    var rowsOffset: Int { (tagsOffset + rowCount + 63) / 64 * 64 }
    var fileBytes: Int { rowsOffset + 32 * rowCount }
  }

  func readHeader() throws(DetectFailure) -> Header {
    guard bytes.count >= LanguageModel.headerBytes else {
      throw failure(
        .truncated, 0, "\(bytes.count) bytes", "a header of \(LanguageModel.headerBytes)")
    }
    var reader = ByteReader(bytes)
    _ = reader.take(8)
    let version = reader.read(UInt32.self) ?? 0
    guard version == LanguageModel.version else {
      throw failure(
        .version, 8, "format version \(version)", "version \(LanguageModel.version)",
        "use a model made for this shardify")
    }
    var header = Header()
    header.labelCount = Int(reader.read(UInt32.self) ?? 0)
    header.rowCount = Int(reader.read(UInt32.self) ?? 0)
    let dimension = Int(reader.read(UInt32.self) ?? 0)
    header.maxOrder = Int(reader.read(UInt8.self) ?? 0)
    header.usesWords = reader.read(UInt8.self) ?? 0 != 0
    header.defaultThreshold = reader.read(UInt16.self) ?? 0
    header.featureCap = Int(reader.read(UInt32.self) ?? 0)
    header.scale = Double(bitPattern: reader.read(UInt64.self) ?? 0)
    let name = (reader.take(24).map { Array($0) } ?? []).prefix { $0 != 0 }
    header.name = String(decoding: name.filter { (0x20..<0x7F).contains($0) }, as: UTF8.self)
    header.codebook = (reader.take(16).map { Array($0) } ?? []).map { Int8(bitPattern: $0) }
    _ = reader.take(16)
    header.temperatures = (0..<LanguageModel.temperatureCount).map { _ in
      Double(bitPattern: reader.read(UInt64.self) ?? 0)
    }
    try check(header, dimension: dimension)
    return header
  }

  private func check(_ header: Header, dimension: Int) throws(DetectFailure) {
    func require(
      _ holds: Bool, _ offset: Int, _ found: String, _ expected: String
    ) throws(DetectFailure) {
      if !holds { throw failure(.corrupt, offset, found, expected) }
    }
    try require(
      (1...4096).contains(header.labelCount), 12, "\(header.labelCount) labels", "1 to 4096")
    try require(
      (4...(1 << 28)).contains(header.rowCount) && header.rowCount % 4 == 0, 16,
      "\(header.rowCount) rows", "a multiple of 4 up to 268435456")
    try require(
      dimension == Int(CLM_DIMENSION), 20, "dimension \(dimension)",
      "\(CLM_DIMENSION)")
    try require(
      (3...5).contains(header.maxOrder), 24, "n-grams of \(header.maxOrder)", "3 to 5")
    try require(
      header.scale > 0 && header.scale < 1e6, 32, "a scale of \(header.scale)",
      "a positive number below 1000000")
    try require(
      header.codebook.allSatisfy { abs(Int($0)) <= 31 }, 64, "a codebook value out of range",
      "-31 to 31")
    for (number, value) in header.temperatures.enumerated() {
      try require(
        value > 0 && value < 1000, 96 + 8 * number, "a temperature of \(value)",
        "a positive number below 1000")
    }
    guard bytes.count == header.fileBytes else {
      throw failure(
        bytes.count < header.fileBytes ? .truncated : .corrupt, min(bytes.count, header.fileBytes),
        "\(bytes.count) bytes", "\(header.fileBytes)", "fetch the model again")
    }
  }

  func readLabels(_ header: Header) throws(DetectFailure) -> [LanguageTag] {
    var labels: [LanguageTag] = []
    for number in 0..<header.labelCount {
      let offset = header.labelsOffset + 8 * number
      guard let label = LanguageTag(bytes: bytes[offset..<offset + 8]) else {
        throw failure(.corrupt, offset, "a label that is not xxx_Scrp", "such a label")
      }
      if let last = labels.last, (last.script, last) >= (label.script, label) {
        throw failure(.corrupt, offset, "\(label) after \(last)", "labels sorted by script")
      }
      labels.append(label)
    }
    return labels
  }

  func readThresholds(_ header: Header) -> [UInt16] {
    (0..<header.labelCount).map { number in
      let offset = header.thresholdsOffset + 2 * number
      let own = UInt16(
        littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
      return min(own == 0 ? header.defaultThreshold : own, 10_000)
    }
  }

  /// The numbers of 16 bits, one a label, that start at `offset`.
  func readNumbers(_ header: Header, at offset: Int) -> [Int16] {
    (0..<header.labelCount).map { number in
      Int16(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 2 * number, as: Int16.self))
    }
  }

  private func failure(
    _ code: DetectFailureCode, _ offset: Int, _ found: String, _ expected: String,
    _ remedy: String? = nil
  ) -> DetectFailure {
    DetectFailure(
      code, "cannot read language model", path: path ?? "(embedded model)", offset: offset,
      found: found, expected: expected, remedy: remedy)
  }
}
