import CSIMD
import ShardifyCore

/// Sums the rows of words, some words at a time: what each step reads is fetched while the step before it
/// is made for all of them.
///
/// The row of the word comes first, then those of its letter n-grams in the order of `csimd_ngram_rows`:
/// a sum depends on the word alone.
final class FastTextWordSums {
  private let dictionary: FastTextDictionary
  private let pruned: FastTextPruning?
  private let input: FastTextMatrix
  private let dimension: Int
  private let rows = FastTextRows()
  /// What is known of each word.
  let entries: UnsafeMutablePointer<FastTextWordCache.Entry>
  /// The sum of each word; shape [words, dimension].
  private let sums: UnsafeMutablePointer<Float>
  /// Where the rows of each word end.
  private let ends: UnsafeMutablePointer<Int>
  private let grams: FastTextSubwords

  init(_ model: FastTextModel, capacity: Int) {
    dictionary = model.dictionary
    pruned = model.dictionary.pruned
    input = model.input
    dimension = model.arguments.dimension
    entries = .allocate(capacity: capacity)
    sums = .allocate(capacity: capacity * dimension)
    ends = .allocate(capacity: capacity)
    grams = FastTextSubwords(model)
  }

  deinit {
    entries.deallocate()
    sums.deallocate()
    ends.deallocate()
  }

  func sum(_ number: Int) -> UnsafePointer<Float> { UnsafePointer(sums + number &* dimension) }

  /// Sums the words of these numbers, in `entries` and `sum` from 0 on.
  func run(
    _ words: UnsafePointer<csimd_word>, _ numbers: UnsafePointer<Int>, count: Int
  ) {
    rows.count = 0
    for i in 0..<count {
      let word = words + numbers[i]
      let bytes = UnsafeRawBufferPointer(start: word.pointee.start, count: word.pointee.count)
      let hash = FastTextDictionary.hash(bytes)
      entries[i] = FastTextWordCache.Entry(hash: hash)
      dictionary.prefetch(hash)
      let first = rows.count
      grams.append(bytes, to: rows)
      prefetch(from: first)
      ends[i] = rows.count
    }
    if let pruned { keep(pruned, count) }
    for i in 0..<count {
      let word = words + numbers[i]
      finish(
        i, UnsafeRawBufferPointer(start: word.pointee.start, count: word.pointee.count),
        rows: i == 0 ? 0..<ends[0] : ends[i &- 1]..<ends[i])
    }
  }

  private func prefetch(from first: Int) {
    let base = rows.base
    if let pruned {
      for i in first..<rows.count { pruned.prefetch(base[i]) }
    } else {
      for i in first..<rows.count { input.prefetch(Int(base[i])) }
    }
  }

  /// Puts in place of buckets the rows they moved to. One that the matrix lacks counts, as zeros.
  private func keep(_ pruned: FastTextPruning, _ count: Int) {
    let (base, limit) = (rows.base, input.rowCount)
    var (at, kept) = (0, 0)
    for i in 0..<count {
      while at < ends[i] {
        let row = pruned.row(base[at])
        at &+= 1
        guard let row else { continue }
        guard Int(row) < limit else {
          entries[i].rowCount &+= 1
          continue
        }
        input.prefetch(Int(row))
        base[kept] = row
        kept &+= 1
      }
      ends[i] = kept
    }
  }

  private func finish(_ number: Int, _ word: UnsafeRawBufferPointer, rows range: Range<Int>) {
    let sum = sums + number &* dimension
    sum.initialize(repeating: 0, count: dimension)
    let entry = entries + number
    switch dictionary.find(word, entry.pointee.hash) {
    case .label:
      entry.pointee.isLabel = true
      return
    case .word(let row):
      entry.pointee.rowCount &+= 1
      if row < input.rowCount { input.add(row, to: sum) }
    case .unknown: break
    }
    entry.pointee.rowCount &+= Int32(truncatingIfNeeded: range.count)
    input.add(rows.base + range.lowerBound, range.count, to: sum)
  }
}
