import ShardifyCore
import Synchronization

/// The sums over all words that a step of training needs. Sums are of whole numbers, so threads do
/// not matter.
struct UnigramSums {
  let lattice: UnigramLattice
  let jobs: Int
  /// Words in one unit of a thread's work.
  private static let block = 4096

  /// Expected occurrences, and the logarithmic likelihood.
  struct Expectation {
    /// Of each piece, as multiples of 2^-bits of a weight of 1; shape [pieces].
    var counts: [Int64]
    var bits: Int
    /// The sum over words of weight times logarithmic likelihood.
    var likelihood: Double
    /// The mean over words of nats for a character; words count once.
    var natsPerCharacter: Double
  }

  /// One thread's buffers.
  private final class Buffers {
    var sums: [Int64]
    var alpha = [Double](repeating: 0, count: 1024)
    var beta = [Double](repeating: 0, count: 1024)
    var last = [UInt32](repeating: 0, count: 1024)

    init(_ pieces: Int) { sums = Array(repeating: 0, count: pieces) }

    func grow(_ length: Int) {
      guard length + 1 > alpha.count else { return }
      alpha = Array(repeating: 0, count: length * 2)
      beta = Array(repeating: 0, count: length * 2)
      last = Array(repeating: 0, count: length * 2)
    }
  }

  /// Forward and backward over every word.
  ///
  /// - Parameter shift: Nats for a character that likelihoods are moved by, to stay in range.
  func expectation(shift: Double, stop: StopFlag) -> Expectation {
    let text = lattice.text
    var mass = 0.0
    var start = 0
    for (word, end) in text.ends.enumerated() {
      mass += Double(text.weights[word]) * Double(end - start)
      start = end
    }
    let bits = 60 - Int(mass.exponent)
    let factor = Double(sign: .plus, exponent: bits, significand: 1)
    let probabilities = lattice.scores.indices.map { piece in
      let value = lattice.scores[piece] + shift * Double(lattice.length(piece))
      return value > -690 ? StableMath.exp(min(690, value)) : 0
    }
    let lengths = (0..<lattice.count).map { UInt8(truncatingIfNeeded: lattice.length($0)) }
    let blocks = (text.ends.count + Self.block - 1) / Self.block
    let results = Mutex<[(likelihood: Double, nats: Double)]>(
      Array(repeating: (0, 0), count: blocks))
    let sums = inBlocks(blocks, stop) { block, buffers in
      let found = probabilities.withUnsafeBufferPointer { probabilities in
        lengths.withUnsafeBufferPointer {
          expect(block, buffers, probabilities, $0, factor, shift)
        }
      }
      results.withLock { $0[block] = found }
    }
    // Added up block by block: the order is fixed.
    let parts = results.withLock { $0 }
    return Expectation(
      counts: sums, bits: bits, likelihood: parts.reduce(0) { $0 + $1.likelihood },
      natsPerCharacter: parts.reduce(0) { $0 + $1.nats } / Double(max(1, text.ends.count)))
  }

  private func expect(
    _ block: Int, _ buffers: Buffers, _ probabilities: UnsafeBufferPointer<Double>,
    _ lengths: UnsafeBufferPointer<UInt8>, _ factor: Double, _ shift: Double
  ) -> (likelihood: Double, nats: Double) {
    var total = (likelihood: 0.0, nats: 0.0)
    forEachWord(block) { start, end, weight in
      buffers.grow(end - start)
      let all = forward(start, end, buffers, probabilities, lengths)
      guard all > 0, all.isFinite else { return }
      let scale = Double(weight) * factor / all
      backward(start, end, buffers, probabilities, lengths, scale)
      let nats = shift * Double(end - start) - StableMath.log(all)
      total.likelihood -= Double(weight) * nats
      total.nats += nats / Double(end - start)
    }
    return total
  }

  @inline(__always)
  private func forward(
    _ start: Int, _ end: Int, _ buffers: Buffers, _ probabilities: UnsafeBufferPointer<Double>,
    _ lengths: UnsafeBufferPointer<UInt8>
  ) -> Double {
    let count = end - start
    return lattice.matches.withUnsafeBufferPointer { matches in
      lattice.matchStarts.withUnsafeBufferPointer { starts in
        buffers.alpha.withUnsafeMutableBufferPointer { alpha in
          for index in 0...count { alpha[index] = 0 }
          alpha[0] = 1
          for index in 0..<count {
            let here = alpha[index]
            for match in starts[start &+ index]..<starts[start &+ index &+ 1] {
              let piece = Int(matches[match])
              alpha[index &+ Int(lengths[piece])] += here * probabilities[piece]
            }
          }
          return alpha[count]
        }
      }
    }
  }

  @inline(__always)
  private func backward(
    _ start: Int, _ end: Int, _ buffers: Buffers, _ probabilities: UnsafeBufferPointer<Double>,
    _ lengths: UnsafeBufferPointer<UInt8>, _ scale: Double
  ) {
    let count = end - start
    lattice.matches.withUnsafeBufferPointer { matches in
      lattice.matchStarts.withUnsafeBufferPointer { starts in
        buffers.beta.withUnsafeMutableBufferPointer { beta in
          buffers.sums.withUnsafeMutableBufferPointer { sums in
            beta[count] = 1
            for index in stride(from: count - 1, through: 0, by: -1) {
              let here = buffers.alpha[index] * scale
              var sum = 0.0
              for match in starts[start &+ index]..<starts[start &+ index &+ 1] {
                let piece = Int(matches[match])
                let value = probabilities[piece] * beta[index &+ Int(lengths[piece])]
                sum += value
                sums[piece] &+= Int64(here * value)
              }
              beta[index] = sum
            }
          }
        }
      }
    }
  }

  /// How often each piece is used in the best segmentation of every word, by weight.
  func bestCounts(stop: StopFlag) -> [Int64] {
    let blocks = (lattice.text.ends.count + Self.block - 1) / Self.block
    let lengths = (0..<lattice.count).map { lattice.length($0) }
    return inBlocks(blocks, stop) { block, buffers in
      forEachWord(block) { start, end, weight in
        buffers.grow(end - start)
        let count = end - start
        for index in 0...count { buffers.alpha[index] = -.infinity }
        buffers.alpha[0] = 0
        for index in 0..<count {
          let here = buffers.alpha[index]
          for match in lattice.matchStarts[start + index]..<lattice.matchStarts[start + index + 1] {
            let piece = lattice.matches[match]
            let score = here + lattice.scores[Int(piece)]
            let end = index + lengths[Int(piece)]
            if score > buffers.alpha[end] {
              buffers.alpha[end] = score
              buffers.last[end] = piece
            }
          }
        }
        var at = count
        while at > 0 {
          let piece = Int(buffers.last[at])
          buffers.sums[piece] += weight
          at -= lengths[piece]
        }
      }
    }
  }

  private func forEachWord(_ block: Int, _ body: (Int, Int, Int64) -> Void) {
    let text = lattice.text
    let first = block * Self.block
    for word in first..<min(first + Self.block, text.ends.count) {
      body(word == 0 ? 0 : text.ends[word - 1], text.ends[word], text.weights[word])
    }
  }

  /// Runs blocks on all threads, each thread with buffers of its own; adds their sums.
  private func inBlocks(
    _ blocks: Int, _ stop: StopFlag, _ body: @Sendable (Int, Buffers) -> Void
  ) -> [Int64] {
    let next = Atomic<Int>(0)
    let pieces = lattice.count
    let total = Mutex<[Int64]>(Array(repeating: 0, count: pieces))
    Parallel.run(count: max(1, min(jobs, blocks))) { (_: Int) in
      let buffers = Buffers(pieces)
      while !stop.isSet {
        let block = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if block >= blocks { break }
        body(block, buffers)
      }
      total.withLock { total in
        for piece in 0..<pieces { total[piece] &+= buffers.sums[piece] }
      }
    }
    return total.withLock { $0 }
  }
}
