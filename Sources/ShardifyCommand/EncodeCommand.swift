import ArgumentParser
import Glibc
import Ingest
import ShardifyCore
import Terminal
import Tokenize

struct EncodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encode",
    abstract: "Tokenize: JSON objects with a text on standard input, an array of ids a line out.")

  @Option(help: "tokenizer.json, a .tiktoken file, a SentencePiece .model, or the word bytes.")
  var tokenizer: String

  @Option(help: "Pattern of a .tiktoken file: gpt2, cl100k, o200k, llama3, qwen2, kimi, ...")
  var pattern: String?

  @Option(help: "JSON field of the text.")
  var textField = "text"

  @Flag(help: "Let special-token text become special tokens.")
  var special = false

  func run() throws {
    let encoder = try Tokenizer.load(tokenizer, pattern: pattern).makeEncoder()
    var input = try LineInput()
    let ids = TokenBuffer()
    var out: [UInt8] = []
    try TextLines.forEach(&input, field: textField, what: "cannot encode") { text in
      ids.truncate(to: 0)
      encoder.encode(text, special: special, into: ids)
      out.append(UInt8(ascii: "["))
      for index in 0..<ids.count {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        Digits.append(ids.base[index], to: &out)
      }
      out.append(UInt8(ascii: "]"))
      out.append(10)
    } flush: {
      Console.write(out, to: STDOUT_FILENO)
      out.removeAll(keepingCapacity: true)
    }
  }
}

/// The texts of JSON objects on standard input, a line each.
enum TextLines {
  static func forEach(
    _ input: inout LineInput, field: String, what: String,
    _ body: (UnsafeRawBufferPointer) throws -> Void, flush: () -> Void
  ) throws {
    let parser = DocumentParser(
      options: DocumentOptions(
        format: .jsonl, textField: field, maxDocumentBytes: LineInput.lineLimitBytes,
        takesAnyText: true), format: .jsonl)
    while let block = try input.next() {
      parser.start(Chunk(block, format: .jsonl, offset: input.offset - block.count))
      while let item = parser.next() {
        switch item {
        case .document(let document): try body(document.text)
        case .reject(let reject):
          flush()
          throw StreamFailure(
            .line, what, path: "standard input", offset: reject.offset,
            found: "\(reject.reason.name) (\(reject.detail))",
            expected: "a JSON object with the string \(field)")
        }
      }
      flush()
    }
  }
}

/// Decimal digits.
enum Digits {
  static func append(_ value: TokenID, to out: inout [UInt8]) {
    var digits: (UInt64, UInt64) = (0, 0)
    withUnsafeMutableBytes(of: &digits) { room in
      var place = room.count
      var rest = value
      repeat {
        place -= 1
        room[place] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
      } while rest > 0
      out.append(contentsOf: room[place...])
    }
  }
}
