import ShardifyCore

/// Finds the best pieces of text, one step for each character. One per thread.
final class UnigramEncoder {
  private struct Best {
    var score: Double
    var start: Int32
    var id: TokenID
  }

  private let model: UnigramModel
  private var best: UnsafeMutablePointer<Best>
  private var capacity = 0
  private var ids: [(id: TokenID, start: Int, end: Int)] = []

  init(_ model: UnigramModel) {
    self.model = model
    best = .allocate(capacity: 0)
  }

  deinit { best.deallocate() }

  /// Appends the ids of a piece of text.
  ///
  /// Neighbouring unknown characters give one id, or their bytes where the model has them.
  func encode(_ text: UnsafeBufferPointer<UInt8>, into output: TokenBuffer) {
    guard let base = text.baseAddress, !text.isEmpty, text.count < Int(Int32.max) - 64 else {
      return
    }
    if capacity <= text.count {
      best.deallocate()
      capacity = text.count + text.count / 2 + 64
      best = .allocate(capacity: capacity)
    }
    if model.arithmetic == .single {
      search(base, text.count, rounds: true)
    } else {
      search(base, text.count, rounds: false)
    }
    ids.removeAll(keepingCapacity: true)
    var end = text.count
    while end > 0 {
      let start = Int(best[end].start)
      ids.append((best[end].id, start, end))
      end = start
    }
    write(base, into: output)
  }

  private func write(_ base: UnsafePointer<UInt8>, into output: TokenBuffer) {
    var wasUnknown = false
    for step in ids.reversed() {
      let isUnknown = step.id == model.unknown
      if !isUnknown {
        output.append(step.id)
      } else if let fallback = model.byteFallback {
        for index in step.start..<step.end {
          let id = fallback[Int(base[index])]
          output.append(id == TokenTable.none ? model.unknown : id)
        }
      } else if !wasUnknown {
        output.append(step.id)
      }
      wasUnknown = isUnknown
    }
  }

  @inline(__always)
  private func search(_ base: UnsafePointer<UInt8>, _ count: Int, rounds: Bool) {
    let best = self.best
    let trie = model.trie
    let scores = model.scores
    for index in 0...count { best[index].start = -1 }
    best[0] = Best(score: 0, start: 0, id: 0)
    var start = 0
    while start < count {
      let here = best[start].score
      let length = max(1, UTF8Check.length(base, at: start, end: count))
      var hasCharacter = false
      var node = trie.root
      var at = start
      while at < count {
        node = trie.child(node, base[at])
        if node == 0 { break }
        at &+= 1
        let value = DoubleArrayTrie.value(node)
        guard value >= 0 else { continue }
        var sum = scores[Int(value)] + here
        if rounds { sum = Double(Float(sum)) }
        if best[at].start < 0 || sum > best[at].score {
          best[at] = Best(
            score: sum, start: Int32(truncatingIfNeeded: start),
            id: TokenID(truncatingIfNeeded: value))
        }
        if at &- start == length { hasCharacter = true }
      }
      if !hasCharacter {
        var sum = model.unknownScore + here
        if rounds { sum = Double(Float(sum)) }
        let end = start &+ length
        if best[end].start < 0 || sum > best[end].score {
          best[end] = Best(
            score: sum, start: Int32(truncatingIfNeeded: start), id: model.unknown)
        }
      }
      start &+= length
    }
  }
}
