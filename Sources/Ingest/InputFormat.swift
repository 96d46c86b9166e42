/// How documents lie in an input, once it is decompressed.
public enum InputFormat: String, Sendable, CaseIterable {
  /// Told by the name; where the name says nothing, JSONL if the first byte that is no white
  /// space is `{`, else text.
  case automatic
  /// One JSON object a line.
  case jsonl
  /// Plain text, whole or cut at a separator.
  case text

  /// The format that a file name stands for; nil if it says nothing.
  ///
  /// `.gz`, `.zst` and `.zstd` are taken off first. Letter case does not matter.
  public static func named(_ name: String) -> InputFormat? {
    switch fileExtension(withoutCompression(name)) {
    case "jsonl", "ndjson", "json": .jsonl
    case "txt", "text", "md": .text
    default: nil
    }
  }

  /// Whether the name ends in that of a compressed file.
  static func namesCompressed(_ name: String) -> Bool {
    ["gz", "zst", "zstd"].contains(fileExtension(name))
  }

  private static func withoutCompression(_ name: String) -> String {
    guard namesCompressed(name), let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else {
      return name
    }
    return String(name[..<dot])
  }

  /// What follows the last dot of the last part of a path, with ASCII letters made small.
  private static func fileExtension(_ name: String) -> String {
    let last = name.utf8.lastIndex(of: UInt8(ascii: "/")).map { name.utf8.index(after: $0) }
    let file = name.utf8[(last ?? name.utf8.startIndex)...]
    guard let dot = file.lastIndex(of: UInt8(ascii: ".")), dot != file.startIndex else { return "" }
    let bytes = file[file.index(after: dot)...].map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    return String(decoding: bytes, as: UTF8.self)
  }
}
