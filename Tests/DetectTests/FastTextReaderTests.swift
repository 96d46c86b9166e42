import Foundation
import ShardifyCore
import Testing

@testable import Detect

/// Damaged fastText models are refused in one line; the model is written here, byte by byte.
@Suite struct FastTextReaderTests {
  /// Two words, two labels, two dimensions, no buckets. The dictionary begins at byte 64, the input
  /// matrix at 164, the output matrix at 181 + 8 * `inputRows`.
  static func model(inputRows: Int = 2, outputRows: Int = 2) -> [UInt8] {
    var bytes: [UInt8] = []
    let settings: [Int32] = [793_712_314, 12, 2, 5, 5, 1, 5, 1, 3, 3, 0, 0, 0, 100]
    for value in settings { bytes.appendLittleEndian(UInt32(bitPattern: value)) }
    bytes.appendLittleEndian((0.0).bitPattern)
    for value in [4, 2, 2] { bytes.appendLittleEndian(UInt32(value)) }
    bytes.appendLittleEndian(UInt64(20))
    bytes.appendLittleEndian(UInt64.max)
    for (number, word) in ["das", "</s>", "__label__deu", "__label__eng"].enumerated() {
      bytes += Array(word.utf8) + [0]
      bytes.appendLittleEndian(UInt64(9))
      bytes.append(number < 2 ? 0 : 1)
    }
    for rows in [inputRows, outputRows] {
      bytes.append(0)
      bytes.appendLittleEndian(UInt64(rows))
      bytes.appendLittleEndian(UInt64(2))
      for value in 0..<2 * rows { bytes.appendLittleEndian(Float(value).bitPattern) }
    }
    return bytes
  }

  private func failure(_ bytes: [UInt8]) -> String {
    bytes.withUnsafeBytes {
      do {
        _ = try Detector(model: $0, path: "FILE").makeWorker().detect("das ist")
        return ""
      } catch {
        return (error as? DetectFailure)?.message ?? "\(error)"
      }
    }
  }

  @Test func soundModelIsRead() { #expect(failure(Self.model()) == "") }

  static let damages: [(Int, [UInt8], String)] = [
    (0, [0], "0: no magic of a known format, expected a shardify or fastText model"),
    (
      4, [10],
      "4: fastText format version 10, expected version 11 or 12; convert the model with a newer fastText"
    ),
    (
      8, [0xFF, 0xFF, 0xFF, 0x7F],
      "8: dimension 2147483647, expected 1 to 65536; fetch the model again"
    ),
    (8, [3], "172: a matrix of 2 columns, expected 3; fetch the model again"),
    (32, [7], "32: loss 7, expected 1 to 4; fetch the model again"),
    (
      36, [2],
      "36: a fastText model of kind 2, expected a classifier, kind 3; "
        + "give a model trained with fasttext supervised"
    ),
    (
      40, [8], "164: 2 input rows, expected 10 for 2 words and 8 buckets; fetch the model again"
    ),
    (
      64, [0xFF, 0xFF, 0xFF, 0x7F],
      "64: entries 2147483647, expected 0 to 16; fetch the model again"
    ),
    (68, [3], "64: 3 words and 2 labels, expected 4 together; fetch the model again"),
    (72, [0], "72: labels 0, expected 1 to 65536; fetch the model again"),
    (
      84, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
      "84: 9223372036854775807 kept n-grams, expected fewer than the file holds; fetch the model again"
    ),
    (
      104, [1], "105: a label among words, expected words first, then labels; fetch the model again"
    ),
    (
      164, [2, 0, 0, 0, 0, 1],
      "164: rows 1099511627778, expected 0 to 1099511627776; fetch the model again"
    ),
    (164, [0, 0, 0, 0, 1], "180: 49 bytes left, expected a matrix; fetch the model again"),
  ]

  @Test(arguments: damages) func damageIsNamedWithItsPlace(
    place: Int, change: [UInt8], message: String
  ) {
    var bytes = Self.model()
    bytes.replaceSubrange(place..<place + change.count, with: change)
    #expect(failure(bytes) == "cannot read language model: FILE at byte " + message)
  }

  @Test func matricesThatDoNotMatchTheDictionaryAreRefused() {
    let message = "cannot read language model: FILE at byte "
    #expect(
      failure(Self.model(inputRows: 1))
        == message + "164: 1 input rows, expected at least 2; fetch the model again")
    #expect(
      failure(Self.model(inputRows: 3))
        == message
        + "164: 3 input rows, expected 2 for 2 words and 0 buckets; fetch the model again")
    #expect(
      failure(Self.model(outputRows: 3))
        == message + "197: 3 output rows, expected 2; fetch the model again")
    #expect(
      failure(Self.model() + [0])
        == message + "229: 1 bytes after the model, expected none; fetch the model again")
  }

  @Test func everyCutModelIsRefused() {
    let bytes = Self.model()
    for count in 0..<bytes.count {
      let found = failure(Array(bytes.prefix(count)))
      #expect(found.hasPrefix("cannot read language model: FILE at byte "), "\(count): \(found)")
    }
  }
}
