import Foundation

@testable import TokenizerTraining

/// Expectations by adding up every segmentation of every word, one by one.
struct NaiveUnigram {
  var scores: [[UInt32]: Double]

  /// Every way to write a word with pieces.
  func segmentations(_ word: ArraySlice<UInt32>) -> [[[UInt32]]] {
    if word.isEmpty { return [[]] }
    var out: [[[UInt32]]] = []
    for length in 1...word.count {
      let piece = Array(word.prefix(length))
      guard scores[piece] != nil else { continue }
      for rest in segmentations(word.dropFirst(length)) { out.append([piece] + rest) }
    }
    return out
  }

  func expectations(_ words: [(word: [UInt32], weight: Int64)]) -> [[UInt32]: Double] {
    var counts: [[UInt32]: Double] = [:]
    for (word, weight) in words {
      let all = segmentations(word[...])
      let likelihoods = all.map { exp($0.reduce(0) { $0 + (scores[$1] ?? 0) }) }
      let sum = likelihoods.reduce(0, +)
      for (segmentation, likelihood) in zip(all, likelihoods) {
        for piece in segmentation {
          counts[piece, default: 0] += Double(weight) * likelihood / sum
        }
      }
    }
    return counts
  }

  func best(_ word: [UInt32]) -> Double {
    segmentations(word[...]).map { $0.reduce(0) { $0 + (scores[$1] ?? 0) } }.max() ?? 0
  }
}
