import Files
import Glibc
import ShardifyCore

@testable import Detect

/// `EvaluateLanguageModel MODEL GOLD [framed] [whole] [labels=FILE] [confusions=N]`: accuracy,
/// macro-F1 and speed of a model (`-` for the embedded one).
///
/// GOLD is `label TAB text` lines; `framed`: `label TAB byte-count` lines, each followed by that many
/// bytes and a newline, so that texts may hold newlines.
enum EvaluateCommand {
  static func run(_ arguments: [String]) -> Int32 {
    guard arguments.count >= 2 else {
      print("usage: EvaluateLanguageModel MODEL|- GOLD [framed] [whole] [perLabel] [confusions=N]")
      return 64
    }
    do {
      let detector = try Detector(modelPath: arguments[0] == "-" ? nil : arguments[0])
      if arguments.contains("predict") { return try predict(detector, arguments[1]) }
      let file = try MappedFile(path: arguments[1])
      defer { withExtendedLifetime(file) {} }
      let texts = GoldText.read(file.bytes, framed: arguments.contains("framed"))
      let worker = detector.makeWorker()
      worker.isSampling = !arguments.contains("whole")
      var scores = LabelTally()
      let start = clock()
      for text in texts { scores.add(text.label, worker.detect(text.bytes)) }
      let seconds = Double(clock() - start) / Double(CLOCKS_PER_SEC)
      let bytes = texts.reduce(0) { $0 + $1.bytes.count }
      scores.report(known: Set(detector.labels.map(\.rawValue)))
      if arguments.contains("perLabel") { scores.reportLabels() }
      for argument in arguments where argument.hasPrefix("confusions=") {
        scores.reportConfusions(Int(argument.dropFirst(11)) ?? 20)
      }
      print("speed \(fixed(Double(bytes) / 1e6 / seconds)) MB per CPU second, \(bytes) bytes")
      let scriptStart = clock()
      for text in texts { worker.countScripts(text.bytes) }
      let scriptSeconds = Double(clock() - scriptStart) / Double(CLOCKS_PER_SEC)
      print("script pass alone \(fixed(Double(bytes) / 1e6 / scriptSeconds)) MB per CPU second")
      return 0
    } catch {
      print("failed: \(error)")
      return 1
    }
  }

  /// `MODEL TEXTS predict [characters=N]`: label and probability in 1/10,000 of each text, a line each.
  /// TEXTS is `label TAB source TAB text` lines. The best label is told, before any threshold.
  private static func predict(_ detector: Detector, _ path: String) throws -> Int32 {
    let file = try MappedFile(path: path)
    defer { withExtendedLifetime(file) {} }
    let limit = CommandLine.arguments.lazy.filter { $0.hasPrefix("characters=") }.compactMap {
      Int($0.dropFirst(11))
    }.first
    let worker = detector.makeWorker()
    var out = ""
    for line in file.bytes.split(separator: 10) {
      guard let first = line.firstIndex(of: 9),
        let second = line[(first + 1)...].firstIndex(of: 9)
      else { continue }
      var text = UnsafeRawBufferPointer(rebasing: line[(second + 1)...])
      if let limit { text = cut(text, limit) }
      let found = worker.detect(text)
      let label = found.candidates.0.label ?? found.tag
      out += "\(label)\t\(found.probability)\n"
    }
    print(out, terminator: "")
    return 0
  }

  /// The first `count` code points.
  private static func cut(_ text: UnsafeRawBufferPointer, _ count: Int) -> UnsafeRawBufferPointer {
    var left = count
    for place in text.indices where text[place] & 0xC0 != 0x80 {
      if left == 0 { return UnsafeRawBufferPointer(rebasing: text[..<place]) }
      left -= 1
    }
    return text
  }

  static func fixed(_ value: Double) -> String {
    let thousandths = Int((value * 1000).rounded())
    let rest = String(thousandths % 1000 + 1000).dropFirst()
    return "\(thousandths / 1000).\(rest)"
  }
}

/// A text and the label its source gives it.
struct GoldText {
  var label: UInt64
  var bytes: UnsafeRawBufferPointer

  static func read(_ file: UnsafeRawBufferPointer, framed: Bool) -> [GoldText] {
    var texts: [GoldText] = []
    var place = 0
    while let newline = file[place...].firstIndex(of: 10) {
      let line = UnsafeRawBufferPointer(rebasing: file[place..<newline])
      place = newline + 1
      guard line.count > 9, line[8] == 9, let label = LanguageTag(bytes: line[0..<8]) else {
        continue
      }
      var text = UnsafeRawBufferPointer(rebasing: line[9...])
      if framed {
        let count = Int(String(decoding: text, as: UTF8.self)) ?? 0
        guard place + count < file.count else { break }
        text = UnsafeRawBufferPointer(rebasing: file[place..<place + count])
        place += count + 1
      }
      texts.append(GoldText(label: label.rawValue, bytes: text))
    }
    return texts
  }
}
