import ShardifyCore

/// Encodes text between added tokens: normalizer, pre-tokenizer, model.
final class ModelEncoder {
  private let definition: TokenizerDefinition
  private let bpe: BPEEncoder?
  private let characters: CharacterBPEEncoder?
  private let unigram: UnigramEncoder?
  private let wordPiece: WordPieceEncoder?
  private let cutter: SentencePieceCutter?
  private let letterMap: LetterMap?
  private var normalized: [UInt8] = []
  private var scratch: [UInt8] = []
  private let sink = ByteSink(capacity: 0)
  private var pieces = Pieces()

  init(_ definition: TokenizerDefinition) {
    self.definition = definition
    var bpe: BPEEncoder?
    var characters: CharacterBPEEncoder?
    var unigram: UnigramEncoder?
    switch definition.model {
    case .bytes: break
    case .bpe(let model) where model.options.symbols == .bytes: bpe = BPEEncoder(model)
    case .bpe(let model): characters = CharacterBPEEncoder(model)
    case .unigram(let model): unigram = UnigramEncoder(model)
    case .wordPiece, .wordLevel: break
    }
    self.bpe = bpe
    self.characters = characters
    self.unigram = unigram
    if case .scheme(let scheme) = definition.pretokenizer {
      letterMap = LetterMap(scheme == .o200k ? .small : .letters)
    } else {
      letterMap = nil
    }
    cutter = definition.sentencePieceWords.map { SentencePieceCutter($0) }
    wordPiece = definition.wordPieceActions.map { WordPieceEncoder($0) }
  }

  /// Appends the ids of text that holds no added token. `isStart`: it begins the document.
  func encode(
    _ text: UnsafeBufferPointer<UInt8>, special: Bool, isStart: Bool, into output: TokenBuffer
  ) {
    guard let base = text.baseAddress, !text.isEmpty else { return }
    if case .bytes = definition.model {
      let out = output.reserve(text.count)
      for index in 0..<text.count { out[index] = TokenID(base[index]) }
      output.advance(by: text.count)
      return
    }
    if let wordPiece, definition.normalizedTokens.isIdle(special: special) {
      wordPiece.encode(text, into: output) {
        normalize($0, special: special, isStart: isStart, into: output)
      }
      return
    }
    if encodeWords(text, special: special, into: output) { return }
    normalize(text, special: special, isStart: isStart, into: output)
  }

  /// Encodes text cut before it is normalized, if it can be so cut.
  private func encodeWords(
    _ text: UnsafeBufferPointer<UInt8>, special: Bool, into output: TokenBuffer
  ) -> Bool {
    guard let cutter, definition.normalizedTokens.isIdle(special: special)
    else { return false }
    let first = output.count
    let isDone =
      unigram?.encode(text, cutter, into: output)
      ?? characters?.encode(text, cutter, into: output) ?? false
    if !isDone { output.truncate(to: first) }
    return isDone
  }

  private func normalize(
    _ text: UnsafeBufferPointer<UInt8>, special: Bool, isStart: Bool, into output: TokenBuffer
  ) {
    guard let normalizer = definition.normalizer, !normalizer.leaves(text) else {
      splitNormalized(text, special: special, isStart: isStart, into: output)
      return
    }
    if normalizer.steps.count == 1, case .sentencePiece(let only) = normalizer.steps[0] {
      sink.removeAll()
      only.append(text, to: sink)
      splitNormalized(sink.bytes, special: special, isStart: isStart, into: output)
      return
    }
    normalized.removeAll(keepingCapacity: true)
    normalized.append(contentsOf: text)
    normalizer.apply(&normalized, scratch: &scratch)
    normalized.withUnsafeBufferPointer {
      splitNormalized($0, special: special, isStart: isStart, into: output)
    }
  }

  private func splitNormalized(
    _ text: UnsafeBufferPointer<UInt8>, special: Bool, isStart: Bool, into output: TokenBuffer
  ) {
    guard !definition.normalizedTokens.isIdle(special: special) else {
      cut(text, isStart: isStart, into: output)
      return
    }
    definition.normalizedTokens.split(text, special: special) { part in
      if let id = part.id {
        output.append(id)
      } else {
        cut(
          UnsafeBufferPointer(rebasing: text[part.range]),
          isStart: isStart && part.range.lowerBound == 0, into: output)
      }
    }
  }

  private func cut(_ text: UnsafeBufferPointer<UInt8>, isStart: Bool, into output: TokenBuffer) {
    guard let base = text.baseAddress, !text.isEmpty else { return }
    switch definition.pretokenizer {
    case .scheme(let scheme):
      let table = CharacterClasses.shared.table
      var scan = ScanText(base: base, end: text.count, classes: table)
      scan.letterMap = letterMap?.of(base, text.count)
      encode(scan, scheme, into: output)
    case .steps(let steps) where steps.isEmpty: encodePiece(text, into: output)
    case .steps(let steps): cut(text, steps, isStart: isStart, into: output)
    }
  }

  private func cut(
    _ text: UnsafeBufferPointer<UInt8>, _ steps: [PretokenizerStep], isStart: Bool,
    into output: TokenBuffer
  ) {
    pieces.start(text)
    for step in steps { pieces.apply(step, isStart: isStart) }
    let writesBytes = definition.pretokenizer.isByteLevel
    pieces.bytes.withUnsafeBufferPointer { bytes in
      for range in pieces.ranges {
        let piece = UnsafeBufferPointer(rebasing: bytes[range])
        if writesBytes {
          scratch.removeAll(keepingCapacity: true)
          _ = ByteAlphabet.appendBytes(of: piece, to: &scratch)
          scratch.withUnsafeBufferPointer { encodePiece($0, into: output) }
        } else {
          encodePiece(piece, into: output)
        }
      }
    }
  }

  private func encodePiece(_ piece: UnsafeBufferPointer<UInt8>, into output: TokenBuffer) {
    guard let base = piece.baseAddress, !piece.isEmpty else { return }
    switch definition.model {
    case .bytes: break
    case .bpe:
      bpe?.encodePiece(base, piece.count, into: output)
      characters?.encode(piece, into: output)
    case .unigram: unigram?.encode(piece, into: output)
    case .wordPiece(let model):
      let out = output.reserve(piece.count)
      output.advance(by: model.encode(base, piece.count, into: out))
    case .wordLevel(let model):
      let id = model.tokens.find(base, piece.count, PieceHash.of(base, piece.count))
      output.append(id == TokenTable.none ? model.unknown : id)
    }
  }

  private func encode(_ text: ScanText, _ scheme: KnownScheme, into output: TokenBuffer) {
    guard let bpe else { return }
    switch scheme {
    case .gpt2: bpe.encode(GPT2Scheme.self, text, into: output)
    case .cl100k: bpe.encode(CL100KScheme<ThreeDigits>.self, text, into: output)
    case .cl100kWholeEnd: bpe.encode(CL100KScheme<ThreeDigitsWholeEnd>.self, text, into: output)
    case .qwen2: bpe.encode(CL100KScheme<OneDigit>.self, text, into: output)
    case .o200k: bpe.encode(O200KScheme.self, text, into: output)
    case .kimi: bpe.encode(KimiScheme.self, text, into: output)
    case .whole: bpe.encodePiece(text.base, text.end, into: output)
    }
  }
}
