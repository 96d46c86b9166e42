import ShardifyCore

/// Trains a Unigram vocabulary: from many pieces down to those that explain the text best.
///
/// Seeds are the substrings of most weight times length; then, again and again, probabilities by
/// expectation maximization and the pieces whose loss costs least go, until a tenth more than
/// wanted are left; the most probable of those stay, with all characters.
///
/// Source: Kudo 2018 (arXiv:1804.10959); the losses and thresholds are those of SentencePiece.
public struct UnigramTrainer {
  private let settings: UnigramSettings
  private let stop: StopFlag

  /// - Throws: If a setting is out of range.
  public init(_ settings: UnigramSettings, stop: StopFlag = StopFlag()) throws(TrainingFailure) {
    try settings.check()
    self.settings = settings
    self.stop = stop
  }

  /// Trains on words.
  ///
  /// - Parameter progress: Told the number of pieces that are left, now and then.
  /// - Throws: If there is no word, the characters alone are more than the vocabulary, or the user
  ///   asked for the end.
  public func train(
    _ words: WordList, progress: (Int) -> Void = { _ in }
  ) throws(TrainingFailure) -> TrainedUnigram {
    guard words.count > 0 else { throw .training(.tooLittle, found: "no text", expected: "words") }
    let text = UnigramText(
      words, coverage: settings.characterCoverage, required: requiredCharacters)
    let wanted = settings.vocabularySize - settings.otherIDs
    guard text.characters.count <= wanted else {
      throw .training(
        .options, found: "--vocabulary-size \(settings.vocabularySize)",
        expected: "at least \(text.characters.count + settings.otherIDs) "
          + "(\(text.characters.count) characters, \(settings.otherIDs) others)",
        remedy: "give more, or a lower --character-coverage")
    }
    let lattice = UnigramLattice(text, seeds: seeds(text))
    if stop.isSet { throw BPETrainer.stopped }
    let sums = UnigramSums(lattice: lattice, jobs: settings.jobs)
    let target = max(wanted, wanted + wanted / 10)
    var shift = 4.0
    var alive = lattice.count
    while true {
      progress(alive)
      for _ in 0..<2 {
        shift = maximize(lattice, sums.expectation(shift: shift, stop: stop))
        if stop.isSet { throw BPETrainer.stopped }
      }
      alive = lattice.isAlive.count { $0 }
      lattice.dropDead()
      if alive <= target { break }
      let least = max(target, Int(Double(alive) * settings.shrinkingFactor))
      prune(lattice, sums.bestCounts(stop: stop), to: least)
      if stop.isSet { throw BPETrainer.stopped }
      lattice.dropDead()
      let left = lattice.isAlive.count { $0 }
      // Nothing more can go: each piece is its own only way.
      if left == alive { break }
      alive = left
    }
    return result(lattice, wanted, natsPerCharacter: shift)
  }

  /// The space mark, and what the names of other ids are written with: else text that spells such
  /// a name would be read as it, being cheaper than unknown characters.
  private var requiredCharacters: Set<UInt32> {
    let names = settings.specialTokens + ["<unk>", "<0x123456789ABCDEF>", "▁"]
    return Set(names.joined().unicodeScalars.map(\.value))
  }

  private func seeds(_ text: UnigramText) -> [(place: Int, length: Int, weight: Int64)] {
    let found = SubstringSeeds(
      text, minimum: 2 * settings.unit, longest: settings.maxPieceCharacters,
      limit: settings.substringLimit
    ).seeds
    // Weight times length; of equals the one whose characters come first.
    var order = found.indices.filter { !found[$0].isCovered }
    func gain(_ index: Int) -> UInt128 {
      UInt128(found[index].weight) * UInt128(found[index].length)
    }
    func characters(_ index: Int) -> ArraySlice<UInt32> {
      let seed = found[index]
      return text.text[Int(seed.place)..<Int(seed.place) + Int(seed.length)]
    }
    order.sort { a, b in
      let (x, y) = (gain(a), gain(b))
      return x != y ? x > y : characters(a).lexicographicallyPrecedes(characters(b))
    }
    return order.prefix(max(0, settings.seedPieces - text.characters.count)).map {
      (Int(found[$0].place), Int(found[$0].length), found[$0].weight)
    }
  }

  /// New scores from expected counts; pieces expected less than half an occurrence go, but for
  /// characters. Gives the nats for a character.
  private func maximize(
    _ lattice: UnigramLattice, _ expected: UnigramSums.Expectation
  ) -> Double {
    let one = Double(settings.unit) * Double(sign: .plus, exponent: expected.bits, significand: 1)
    let characters = lattice.text.characters.count
    var counts = [Double](repeating: 0, count: lattice.count)
    var sum = 0.0
    for piece in 0..<lattice.count where lattice.isAlive[piece] {
      var count = Double(expected.counts[piece]) / one
      if count < 0.5 {
        if piece >= characters {
          lattice.isAlive[piece] = false
          lattice.scores[piece] = -.infinity
          continue
        }
        count = 0.5
      }
      counts[piece] = count
      sum += count
    }
    let total = StableMath.digamma(sum)
    for piece in 0..<lattice.count where lattice.isAlive[piece] {
      lattice.scores[piece] = StableMath.digamma(counts[piece]) - total
    }
    return expected.natsPerCharacter
  }

  /// Takes out the pieces that cost least, down to so many.
  private func prune(_ lattice: UnigramLattice, _ best: [Int64], to least: Int) {
    let characters = lattice.text.characters.count
    let sum = best.reduce(0.0) { $0 + Double($1) }
    let logSum = StableMath.log(max(1, sum))
    var losses: [(piece: Int, loss: Double)] = []
    var kept = characters
    for piece in characters..<lattice.count where lattice.isAlive[piece] {
      guard let other = lattice.alternative(to: piece) else { continue }
      let count = Double(best[piece])
      let otherScore = other.reduce(0.0) { $0 + lattice.scores[Int($1)] }
      // A piece that is not even its own best segmentation is never used.
      if count == 0 || otherScore >= lattice.scores[piece] {
        lattice.isAlive[piece] = false
        continue
      }
      kept += 1
      let logOther = StableMath.log(sum + count * Double(other.count - 1))
      var gone = 0.0
      for part in other { gone += StableMath.log(Double(best[Int(part)]) + count) - logOther }
      losses.append((piece, count * (StableMath.log(count) - logSum - gone)))
    }
    guard kept > least else { return }
    losses.sort { a, b in a.loss != b.loss ? a.loss < b.loss : a.piece > b.piece }
    for (piece, _) in losses.prefix(kept - least) { lattice.isAlive[piece] = false }
  }

  private func result(
    _ lattice: UnigramLattice, _ wanted: Int, natsPerCharacter: Double
  ) -> TrainedUnigram {
    let characters = lattice.text.characters.count
    let others = (characters..<lattice.count).filter { lattice.isAlive[$0] }.sorted { a, b in
      lattice.scores[a] != lattice.scores[b] ? lattice.scores[a] > lattice.scores[b] : a < b
    }
    // A piece must not have the name of another id.
    let names = Set(settings.specialTokens.map { Array($0.utf8) } + TokenizerJSON.otherNames)
    let pieces = (Array(0..<characters) + others.prefix(wanted - characters)).filter {
      !names.contains(written(lattice, $0))
    }
    let sorted = pieces.map { (text: written(lattice, $0), score: lattice.scores[$0]) }
      .sorted { a, b in
        a.score != b.score ? a.score > b.score : a.text.lexicographicallyPrecedes(b.text)
      }
    return TrainedUnigram(
      pieces: sorted, specialTokens: settings.specialTokens, characters: characters,
      natsPerCharacter: natsPerCharacter)
  }

  private func written(_ lattice: UnigramLattice, _ piece: Int) -> [UInt8] {
    var text: [UInt8] = []
    for character in lattice.characters[lattice.range(piece)] {
      Self.append(lattice.text.characters[Int(character)], to: &text)
    }
    return text
  }

  private static func append(_ scalar: UInt32, to out: inout [UInt8]) {
    switch scalar {
    case 0..<0x80: out.append(UInt8(scalar))
    case 0x80..<0x800:
      out += [0xC0 | UInt8(scalar >> 6), 0x80 | UInt8(scalar & 0x3F)]
    case 0x800..<0x10000:
      out += [
        0xE0 | UInt8(scalar >> 12), 0x80 | UInt8(scalar >> 6 & 0x3F), 0x80 | UInt8(scalar & 0x3F),
      ]
    default:
      out += [
        0xF0 | UInt8(truncatingIfNeeded: scalar >> 18), 0x80 | UInt8(scalar >> 12 & 0x3F),
        0x80 | UInt8(scalar >> 6 & 0x3F), 0x80 | UInt8(scalar & 0x3F),
      ]
    }
  }
}
