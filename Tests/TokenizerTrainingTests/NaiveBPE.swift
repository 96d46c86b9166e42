import Tokenize

@testable import TokenizerTraining

/// Trains by counting everything anew at each step: slow, and simple enough to be believed.
struct NaiveBPE {
  var tokens: [[UInt8]]
  var merges: [[UInt8]] = []
  private var words: [(symbols: [[UInt8]], weight: Int64)]

  init(_ words: [(bytes: [UInt8], weight: Int64)]) {
    tokens = ByteLevelText.order.map { [$0] }
    self.words = words.map { ($0.bytes.map { [$0] }, $0.weight) }
  }

  struct Pair: Hashable {
    var left: [UInt8]
    var right: [UInt8]
  }

  static func counts(_ words: [(symbols: [[UInt8]], weight: Int64)]) -> [Pair: Int64] {
    var counts: [Pair: Int64] = [:]
    for word in words where word.symbols.count > 1 {
      for index in 1..<word.symbols.count {
        counts[Pair(left: word.symbols[index - 1], right: word.symbols[index]), default: 0] +=
          word.weight
      }
    }
    return counts
  }

  static func merge(_ symbols: [[UInt8]], _ pair: Pair) -> [[UInt8]] {
    var out: [[UInt8]] = []
    var at = 0
    while at < symbols.count {
      if at + 1 < symbols.count, symbols[at] == pair.left, symbols[at + 1] == pair.right {
        out.append(pair.left + pair.right)
        at += 2
      } else {
        out.append(symbols[at])
        at += 1
      }
    }
    return out
  }

  /// The best pair of `words` by the rule `shortest`.
  func best(
    _ words: [(symbols: [[UInt8]], weight: Int64)], minimum: Int64, maxBytes: Int = .max
  ) -> Pair? {
    let ids = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, $0) })
    let wanted = Self.counts(words).filter { pair, count in
      count >= minimum && ids[pair.left + pair.right] == nil
        && pair.left.count + pair.right.count <= maxBytes
    }
    return wanted.max { a, b in
      func key(_ item: (key: Pair, value: Int64)) -> (Int64, Int, Int, Int) {
        (
          item.value, -(item.key.left.count + item.key.right.count), -(ids[item.key.left] ?? 0),
          -(ids[item.key.right] ?? 0)
        )
      }
      return key(a) < key(b)
    }?.key
  }

  mutating func train(to size: Int, minimum: Int64, maxBytes: Int = .max) {
    while tokens.count < size, let pair = best(words, minimum: minimum, maxBytes: maxBytes) {
      for index in words.indices {
        words[index].symbols = Self.merge(words[index].symbols, pair)
      }
      tokens.append(pair.left + pair.right)
    }
  }
}

/// Hugging Face's `BpeTrainer` step by step, with its queue of words and its late corrections.
struct NaiveHuggingFace {
  var tokens: [[UInt8]]
  var merges: [(Int, Int)] = []

  init(special: [String]) {
    tokens = special.map { Array($0.utf8) } + ByteLevelText.order.map { [$0] }
  }

  private struct Queued {
    var pair: [Int]
    var count: Int64
    var words: Set<Int>
  }

  mutating func train(_ input: [(bytes: [UInt8], weight: Int64)], to size: Int, minimum: Int64) {
    var ids = Dictionary(uniqueKeysWithValues: tokens.enumerated().map { ($1, $0) })
    var words = input.map { word in word.bytes.map { ids[[$0]] ?? 0 } }
    var counts: [[Int]: Int64] = [:]
    var places: [[Int]: Set<Int>] = [:]
    for (number, word) in words.enumerated() where word.count > 1 {
      for index in 1..<word.count {
        let pair = [word[index - 1], word[index]]
        counts[pair, default: 0] += input[number].weight
        places[pair, default: []].insert(number)
      }
    }
    var queue = places.map { Queued(pair: $0, count: counts[$0] ?? 0, words: $1) }
    while tokens.count < size {
      queue.sort { a, b in
        a.count != b.count
          ? a.count > b.count : a.pair.lexicographicallyPrecedes(b.pair)
      }
      guard !queue.isEmpty else { break }
      var top = queue.removeFirst()
      let now = counts[top.pair] ?? 0
      if top.count != now {
        top.count = now
        queue.append(top)
        continue
      }
      if top.count < 1 || top.count < minimum { break }
      let text = tokens[top.pair[0]] + tokens[top.pair[1]]
      let merged = ids[text] ?? tokens.count
      if ids[text] == nil {
        ids[text] = merged
        tokens.append(text)
      }
      merges.append((top.pair[0], top.pair[1]))
      var changed: [[Int]: Set<Int>] = [:]
      for number in top.words {
        let weight = input[number].weight
        func change(_ a: Int, _ b: Int, _ sign: Int64) {
          counts[[a, b], default: 0] += sign * weight
          if sign > 0 { changed[[a, b], default: []].insert(number) }
        }
        var at = 0
        while at + 1 < words[number].count {
          if words[number][at] == top.pair[0] && words[number][at + 1] == top.pair[1] {
            if at > 0 {
              change(words[number][at - 1], top.pair[0], -1)
              change(words[number][at - 1], merged, 1)
            }
            if at + 2 < words[number].count {
              change(top.pair[1], words[number][at + 2], -1)
              change(merged, words[number][at + 2], 1)
            }
            words[number][at] = merged
            words[number].remove(at: at + 1)
          }
          at += 1
        }
      }
      for (pair, words) in changed where counts[pair] ?? 0 > 0 {
        queue.append(Queued(pair: pair, count: counts[pair] ?? 0, words: words))
      }
    }
  }
}
