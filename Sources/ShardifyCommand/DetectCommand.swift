import ArgumentParser
import Detect
import Glibc
import ShardifyCore
import Terminal

struct DetectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Tell language and script: a text a line in; tag, probability, script, share out.",
    discussion: "Columns are separated by tabs: eng_Latn, 0.9871, Latn, 1.0000.")

  @Flag(help: "Lines are JSON objects.")
  var jsonl = false

  @Option(help: "JSON field of the text.")
  var textField = "text"

  @Option(help: "A fastText language model; by default the built-in one.")
  var languageModel: String?

  func run() throws {
    let worker = try Detector(modelPath: languageModel).makeWorker()
    var input = try LineInput()
    var out: [UInt8] = []
    func answer(_ text: UnsafeRawBufferPointer) {
      let found = worker.detect(text)
      let line =
        "\(found.tag)\t\(DetectCommand.fraction(found.probability))\t\(found.script)\t"
        + "\(DetectCommand.fraction(found.scriptShare))\n"
      out.append(contentsOf: line.utf8)
    }
    func flush() {
      Console.write(out, to: STDOUT_FILENO)
      out.removeAll(keepingCapacity: true)
    }
    if jsonl {
      try TextLines.forEach(
        &input, field: textField, what: "cannot detect", { answer($0) }, flush: { flush() })
      return
    }
    while let block = try input.next() {
      block.withUnsafeBytes { all in
        var start = 0
        while start < all.count {
          let end = all[start...].firstIndex(of: 10) ?? all.count
          var line = UnsafeRawBufferPointer(rebasing: all[start..<end])
          if line.last == 13 { line = UnsafeRawBufferPointer(rebasing: line.dropLast()) }
          answer(line)
          start = end + 1
        }
      }
      flush()
    }
  }

  /// Ten-thousandths as 0.1234.
  static func fraction(_ value: UInt16) -> String {
    let digits = String(value % 10_000)
    return "\(value / 10_000)." + String(repeating: "0", count: 4 - digits.utf8.count) + digits
  }
}
