import Ingest
import ShardifyCore
import Tokenize
import TokenizerTraining

/// Counts the pretokens of documents on one thread.
final class WordCounter: DocumentWorker {
  /// Text of one language.
  struct Size {
    var documents = 0
    var bytes = 0
    var scalars = 0
  }

  /// How words are written in the table.
  enum Form: Sendable {
    /// As they are.
    case bytes
    /// Spaces as `▁`, one before the document.
    case metaspace
  }

  let table = WordTable()
  /// Sizes by label.
  private(set) var sizes: [UInt32: Size] = [:]
  /// Documents that a store holds out.
  private(set) var heldOut = 0
  private let pattern: PretokenPattern
  private let form: Form
  private let teller: LanguageTeller?
  private let holdout: SourceFinder.HeldOut?
  private let limitBytes: Int
  private let spill: (WordTable) throws -> Void
  private let ends = UnsafeMutablePointer<Int>.allocate(capacity: WordCounter.batch)
  private var marked: [UInt8] = []
  private static let batch = 512
  /// Longer words are cut in the form `metaspace`.
  private static let longestWord = 96

  /// - Parameters:
  ///   - teller: Tells languages; nil counts all under label 0.
  ///   - limitBytes: The table is spilled when it needs more.
  init(
    pattern: PretokenPattern, form: Form, teller: LanguageTeller?, holdout: SourceFinder.HeldOut?,
    limitBytes: Int, spill: @escaping (WordTable) throws -> Void
  ) {
    self.pattern = pattern
    self.form = form
    self.teller = teller
    self.holdout = holdout
    self.limitBytes = limitBytes
    self.spill = spill
  }

  deinit { ends.deallocate() }

  func take(_ document: ParsedDocument) throws {
    var label: UInt32 = 0
    if let teller {
      let language = teller.language(of: document)
      if let holdout, holdout.contains(document.text, language) {
        heldOut += 1
        return
      }
      label = teller.number(of: language)
    }
    let text = document.text.assumingMemoryBound(to: UInt8.self)
    sizes[label, default: Size()].documents += 1
    sizes[label, default: Size()].bytes += text.count
    sizes[label, default: Size()].scalars += ScalarCount.of(document.text)
    switch form {
    case .bytes: count(text, label)
    case .metaspace: countMarked(text, label)
    }
    if table.memoryBytes > limitBytes {
      try spill(table)
      table.removeAll()
    }
  }

  private func count(_ text: UnsafeBufferPointer<UInt8>, _ label: UInt32) {
    guard let base = text.baseAddress else { return }
    var start = 0
    while start < text.count {
      let found = pattern.ends(of: text, from: start, into: ends, capacity: Self.batch)
      if found == 0 { return }
      for index in 0..<found {
        let end = ends[index]
        table.add(base + start, end &- start, label: label)
        start = end
      }
    }
  }

  /// Counts words with `▁` for each space, one word for each as `Metaspace` cuts; the first word of
  /// a document has one too.
  private func countMarked(_ text: UnsafeBufferPointer<UInt8>, _ label: UInt32) {
    guard let base = text.baseAddress else { return }
    var start = 0
    while start < text.count {
      let found = pattern.ends(of: text, from: start, into: ends, capacity: Self.batch)
      if found == 0 { return }
      for index in 0..<found {
        let end = ends[index]
        marked.removeAll(keepingCapacity: true)
        if start == 0 && base[0] != 0x20 { appendMark() }
        for place in start..<end {
          if base[place] == 0x20 {
            if !marked.isEmpty { addMarked(label) }
            appendMark()
          } else {
            marked.append(base[place])
          }
        }
        addMarked(label)
        start = end
      }
    }
  }

  private func appendMark() {
    marked.append(0xE2)
    marked.append(0x96)
    marked.append(0x81)
  }

  /// Adds the word in hand, a long one in parts.
  private func addMarked(_ label: UInt32) {
    marked.withUnsafeBufferPointer { word in
      guard let base = word.baseAddress else { return }
      var start = 0
      while start < word.count {
        var end = min(word.count, start + Self.longestWord)
        while end < word.count && end > start + 1 && word[end] & 0xC0 == 0x80 { end -= 1 }
        table.add(base + start, end - start, label: label)
        start = end
      }
    }
    marked.removeAll(keepingCapacity: true)
  }
}
