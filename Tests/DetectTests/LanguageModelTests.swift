import CLanguageModel
import Foundation
import ShardifyCore
import Testing

@testable import Detect

@Suite struct LanguageModelTests {
  /// A model of two labels and four rows.
  static func model() -> [UInt8] {
    var bytes = Array("SHRDLID\n".utf8)
    bytes.appendLittleEndian(UInt32(2))
    bytes.appendLittleEndian(UInt32(2))
    bytes.appendLittleEndian(UInt32(4))
    bytes.appendLittleEndian(UInt32(64))
    bytes += [4, 1]
    bytes.appendLittleEndian(UInt16(5000))
    bytes.appendLittleEndian(UInt32(1500))
    bytes.appendLittleEndian((0.001).bitPattern)
    bytes += Array("test".utf8) + [UInt8](repeating: 0, count: 20)
    bytes += (0..<16).map { UInt8(bitPattern: Int8($0 * 4 - 31)) }
    bytes += [UInt8](repeating: 0, count: 16)
    for _ in 0..<16 { bytes.appendLittleEndian((1.0).bitPattern) }
    bytes += Array("deu_Latneng_Latn".utf8)
    bytes += [UInt8](repeating: 0, count: 12)
    for value in 0..<128 { bytes.appendLittleEndian(Int16(value - 64)) }
    bytes += [UInt8](repeating: 0, count: (64 - bytes.count % 64) % 64)
    bytes += [1, 2, 3, 4] + [UInt8](repeating: 0, count: 60)
    bytes += (0..<128).map { UInt8($0) }
    return bytes
  }

  private func failure(_ bytes: [UInt8]) throws -> String {
    let path = NSTemporaryDirectory() + "model-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    do {
      _ = try Detector(modelPath: path)
      return ""
    } catch {
      return error.message.replacing(path, with: "FILE")
    }
  }

  @Test func soundModelIsRead() throws {
    #expect(try failure(Self.model()) == "")
  }

  static let damages: [(Int, [UInt8], String)] = [
    (
      0, [88],
      "cannot read language model: FILE at byte 0: no magic of a known format, expected a "
        + "shardify or fastText model"
    ),
    (
      8, [9],
      "cannot read language model: FILE at byte 8: format version 9, expected version 2; "
        + "use a model made for this shardify"
    ),
    (12, [0, 0], "cannot read language model: FILE at byte 12: 0 labels, expected 1 to 4096"),
    (
      16, [252, 255, 255, 255],
      "cannot read language model: FILE at byte 16: 4294967292 rows, "
        + "expected a multiple of 4 up to 268435456"
    ),
    (
      16, [6],
      "cannot read language model: FILE at byte 16: 6 rows, "
        + "expected a multiple of 4 up to 268435456"
    ),
    (
      16, [252, 255],
      "cannot read language model: FILE at byte 704: 704 bytes, expected 2163072; "
        + "fetch the model again"
    ),
    (20, [65], "cannot read language model: FILE at byte 20: dimension 65, expected 64"),
    (24, [9], "cannot read language model: FILE at byte 24: n-grams of 9, expected 3 to 5"),
    (39, [0xFF], "cannot read language model: FILE at byte 32: a scale of -"),
    (
      64, [100],
      "cannot read language model: FILE at byte 64: a codebook value out of range, "
        + "expected -31 to 31"
    ),
    (
      104, [0, 0, 0, 0, 0, 0, 0, 0],
      "cannot read language model: FILE at byte 104: a temperature of 0.0, "
        + "expected a positive number below 1000"
    ),
    (
      224, [0],
      "cannot read language model: FILE at byte 224: a label that is not xxx_Scrp, "
        + "expected such a label"
    ),
    (
      224, [0x7A],
      "cannot read language model: FILE at byte 232: eng_Latn after zeu_Latn, "
        + "expected labels sorted by script"
    ),
  ]

  @Test(arguments: damages) func damageIsNamedWithItsPlace(
    place: Int, change: [UInt8], message: String
  ) throws {
    var bytes = Self.model()
    bytes.replaceSubrange(place..<place + change.count, with: change)
    let found = try failure(bytes)
    #expect(found.hasPrefix(message), "\(found)")
  }

  @Test func everyCutModelIsRefused() throws {
    let bytes = Self.model()
    for count in 0..<bytes.count {
      #expect(try failure(Array(bytes.prefix(count))) != "")
    }
  }

  @Test func missingFileIsNamed() {
    #expect {
      try Detector(modelPath: "/no/such/model")
    } throws: {
      ($0 as? DetectFailure)?.message
        == "cannot read language model: /no/such/model: no such file or folder; check the path"
    }
  }

  @Test func rowsAreFoundByBucketAndTag() {
    // Two buckets of four rows; tags 7, 8, 9, none and 7, 255, none, 1.
    let tags: [UInt8] = [7, 8, 9, 0, 7, 255, 0, 1]
    func feature(_ bucket: UInt64, _ tag: UInt64) -> UInt64 {
      bucket << 63 | 0x1234 << 40 | tag << 24 | 0xABCDEF
    }
    let wanted: [(UInt64, UInt32?)] = [
      (feature(0, 7), 0), (feature(0, 9), 2), (feature(0, 1), nil), (feature(0, 255), nil),
      (feature(1, 7), 4), (feature(1, 255), 5), (feature(1, 0), 7), (feature(1, 1), 7),
      (feature(1, 8), nil), (feature(0, 0), nil), (feature(0, 8), 1),
    ]
    var rows = [UInt32](repeating: 99, count: wanted.count + 8)
    let count = clm_find_rows(tags, 2, wanted.map(\.0), wanted.count, &rows)
    #expect(Array(rows.prefix(count)) == wanted.compactMap(\.1))
  }

  @Test func sumOfRowsEqualsThePlainSum() {
    var random = SeededRandom(seed: 3)
    let rows = (0..<100 * 32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let codebook: [Int8] = [-31, -30, -20, -15, -9, -6, -3, -1, 1, 3, 6, 9, 15, 20, 30, 31]
    for count in [0, 1, 3, 4, 5, 100, 1023, 1024, 1030, 5000] {
      let ids = (0..<count).map { _ in UInt32(random.below(100)) }
      var sums = [Int32](repeating: 7, count: 64)
      clm_sum_rows(rows, codebook, ids, count, &sums)
      var plain = [Int32](repeating: 7, count: 64)
      for id in ids {
        for j in 0..<32 {
          let byte = rows[Int(id) * 32 + j]
          plain[j] += Int32(codebook[Int(byte & 15)])
          plain[j + 32] += Int32(codebook[Int(byte >> 4)])
        }
      }
      #expect(sums == plain)
      var portable = [Int32](repeating: 7, count: 64)
      clm_sum_rows_plain(rows, codebook, ids, count, &portable)
      #expect(portable == plain)
    }
    // All rows at the largest value: the narrow sums must not overflow.
    var sums = [Int32](repeating: 0, count: 64)
    let largest = [UInt8](repeating: 0xFF, count: 32)
    clm_sum_rows(largest, codebook, [UInt32](repeating: 0, count: 9000), 9000, &sums)
    #expect(sums == [Int32](repeating: 31 * 9000, count: 64))
  }

  @Test func manyDotProductsEqualSingleOnes() {
    var random = SeededRandom(seed: 9)
    func vector(_ count: Int, _ largest: UInt64) -> [Int16] {
      (0..<count).map { _ in Int16(random.below(2 * largest + 1)) - Int16(largest) }
    }
    for count in [1, 2, 7, 300] {
      let (a, b) = (vector(64, 8191), vector(64 * count, 4095))
      var products = [Int32](repeating: 1, count: count)
      clm_dots(a, b, count, &products)
      #expect(products == (0..<count).map { clm_dot(a, Array(b[(64 * $0)..<(64 * $0 + 64)])) })
    }
    var largest = [Int32](repeating: 0, count: 1)
    clm_dots([Int16](repeating: 8191, count: 64), [Int16](repeating: -4095, count: 64), 1, &largest)
    #expect(largest == [-64 * 8191 * 4095])
  }

  @Test func exponentialIsCloseToTheLibrarysAndFalls() {
    for step in 0..<4000 {
      let x = -Double(step) / 100
      let exact = exp(x)
      #expect(abs(FixedExponential.exp(x) - exact) <= 1e-13 * exact)
    }
    #expect(FixedExponential.exp(-1000) == 0)
    #expect(FixedExponential.exp(.nan) == 1)
  }
}
