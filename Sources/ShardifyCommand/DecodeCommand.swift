import ArgumentParser
import Glibc
import ShardifyCore
import Terminal
import Tokenize

struct DecodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode",
    abstract: "The reverse of encode: an array of ids a line in, a JSON string a line out.",
    discussion: "Bytes that are not UTF-8 become U+FFFD.")

  @Option(help: "tokenizer.json, a .tiktoken file, a SentencePiece .model, or the word bytes.")
  var tokenizer: String

  @Option(help: "Pattern of a .tiktoken file: gpt2, cl100k, o200k, llama3, qwen2, kimi, ...")
  var pattern: String?

  func run() throws {
    let tokenizer = try Tokenizer.load(tokenizer, pattern: pattern)
    var input = try LineInput()
    while let block = try input.next() {
      var out: [UInt8] = []
      var offset = input.offset - block.count
      for line in block.split(separator: 10, omittingEmptySubsequences: false).dropLast(
        block.last == 10 ? 1 : 0)
      {
        guard let ids = DecodeCommand.ids(line) else {
          Console.write(out, to: STDOUT_FILENO)
          throw StreamFailure(
            .line, "cannot decode", path: "standard input", offset: offset,
            found: "not an array of ids", expected: "[1,2,3]")
        }
        let text = String(decoding: try tokenizer.decode(ids), as: UTF8.self)
        out.append(UInt8(ascii: "\""))
        JSONText.appendEscaped(Array(text.utf8), to: &out)
        out += [UInt8(ascii: "\""), 10]
        offset += line.count + 1
      }
      Console.write(out, to: STDOUT_FILENO)
    }
  }

  /// Reads `[1, 2, 3]`; nil if it is anything else.
  static func ids(_ line: ArraySlice<UInt8>) -> [TokenID]? {
    func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }
    var trimmed = line.drop(while: isSpace)
    while let last = trimmed.last, isSpace(last) { trimmed.removeLast() }
    guard trimmed.first == UInt8(ascii: "["), trimmed.last == UInt8(ascii: "]"),
      trimmed.count >= 2
    else { return nil }
    let inner = trimmed.dropFirst().dropLast()
    if inner.allSatisfy(isSpace) { return [] }
    var ids: [TokenID] = []
    for part in inner.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let digits = part.drop(while: isSpace).prefix { !isSpace($0) }
      guard let id = TokenID(String(decoding: digits, as: UTF8.self)) else { return nil }
      ids.append(id)
    }
    return ids
  }
}
