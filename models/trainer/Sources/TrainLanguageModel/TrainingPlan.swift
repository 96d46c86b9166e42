import Glibc
import ShardifyCore

/// Chooses the lines of each epoch.
///
/// A label gives `cap` bytes, or cap * (have / cap)^alpha if it has less. Its sources share them by
/// the power `sourceAlpha` of their bytes, so that a Bible does not drown the other text. Each source
/// is read through in random order before any of its lines is repeated.
struct TrainingPlan {
  struct Example {
    var label: Int32
    var line: Int32
  }

  /// The line numbers of one source of one label, and where reading goes on.
  private struct Source {
    var lines: [Int32] = []
    var byteCount = 0
    var cursor = 0
    var share = 0.0
  }

  private let texts: [LabelledText]
  private let options: TrainOptions
  private var sources: [[Source]]

  init(_ texts: [LabelledText], options: TrainOptions) {
    self.texts = texts
    self.options = options
    sources = texts.map { text in
      let count = (text.lines.map(\.source).max() ?? -1) + 1
      var parts = [Source](repeating: Source(), count: count)
      for (number, line) in text.lines.enumerated() {
        parts[line.source].lines.append(Int32(number))
        parts[line.source].byteCount += line.bytes.count
      }
      parts.removeAll { $0.lines.isEmpty }
      let weights = parts.map { pow(Double($0.byteCount), options.sourceAlpha) }
      let total = weights.reduce(0, +)
      for i in parts.indices { parts[i].share = weights[i] / total }
      return parts
    }
  }

  /// The lines of one epoch in random order.
  mutating func next(using random: inout SeededRandom) -> [Example] {
    var examples: [Example] = []
    for number in texts.indices {
      let have = Double(sources[number].reduce(0) { $0 + $1.byteCount })
      guard have > 0 else { continue }
      let cap = Double(options.cap) * (texts[number].isCommon ? options.commonCap : 1)
      let wanted = have >= cap ? cap : cap * pow(have / cap, options.alpha)
      for part in sources[number].indices {
        add(number, part, wanted * sources[number][part].share, &examples, &random)
      }
    }
    examples.shuffle(using: &random)
    return examples
  }

  private mutating func add(
    _ label: Int, _ part: Int, _ wanted: Double, _ examples: inout [Example],
    _ random: inout SeededRandom
  ) {
    var source = sources[label][part]
    var bytes = 0.0
    while bytes < wanted {
      if source.cursor % source.lines.count == 0 { source.lines.shuffle(using: &random) }
      let line = source.lines[source.cursor % source.lines.count]
      source.cursor += 1
      bytes += Double(texts[label].lines[Int(line)].bytes.count)
      examples.append(Example(label: Int32(label), line: line))
    }
    sources[label][part] = source
  }
}
