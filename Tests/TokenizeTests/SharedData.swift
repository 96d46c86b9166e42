import Compression
import Files
import ShardifyCore

@testable import Tokenize

/// Public tokenizers and reference ids, beside the checkout; tests that need them are skipped
/// where they are not.
enum SharedData {
  static let folder: String = {
    var parts = #filePath.split(separator: "/").map(String.init)
    parts.removeLast(4)
    return "/" + parts.joined(separator: "/") + "/shared/data/tokenizers"
  }()

  static var isThere: Bool { FileSystem.status(folder)?.kind == .folder }

  /// A file under the folder, decompressed.
  static func read(_ name: String) throws -> [UInt8] {
    let packed = try FileSystem.read("\(folder)/\(name)", limitBytes: 1 << 26)
    return try packed.withUnsafeBytes { bytes in
      let size = try Zstd.contentSize(of: bytes) ?? 0
      return try ZstdDecompressor().decompress(bytes, limitBytes: max(size, 1))
    }
  }

  /// A vocabulary, loaded from a decompressed copy.
  static func tokenizer(_ name: String, pattern: String? = nil) throws -> Tokenizer {
    try TemporaryFile.with(try read("vocabs/\(name).zst"), ending: name) {
      try Tokenizer.load($0, pattern: pattern)
    }
  }
}
