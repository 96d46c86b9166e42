extension TokenizerJSON {
  /// Special tokens, `<unk>` and bytes score so low that no text is ever read as their names.
  static let nameScore = -10_000.0

  /// `<unk>`, and the names of the bytes in order.
  static let otherNames: [[UInt8]] = {
    let digits = Array("0123456789ABCDEF".utf8)
    return [Array("<unk>".utf8)]
      + (0..<256).map { Array("<0x".utf8) + [digits[$0 >> 4], digits[$0 & 15], 0x3E] }
  }()

  /// A Unigram model: `Metaspace` with a space before the text, bytes for unknown characters.
  public static func unigram(_ trained: TrainedUnigram) -> [UInt8] {
    let special = trained.specialTokens.map { Array($0.utf8) }
    let unknown = special.count
    var out = header(
      special: (special + [Array("<unk>".utf8)]).enumerated().map { ($1, $0) })
    let metaspace =
      #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}"#
    out += "\"normalizer\":null,\"pre_tokenizer\":\(metaspace),\"post_processor\":null,\n".utf8
    out += #""decoder":{"type":"Sequence","decoders":["#.utf8
    out +=
      #"{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},"#
      .utf8
    out += #"{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]},"#.utf8
    out += "\n\"model\":{\"type\":\"Unigram\",\"unk_id\":\(unknown),\"byte_fallback\":true,".utf8
    out += "\"vocab\":[\n".utf8
    var isFirst = true
    func add(_ text: [UInt8], _ score: Double) {
      out += (isFirst ? "[" : ",\n[").utf8
      isFirst = false
      quote(text, &out)
      out += ",\(score)]".utf8
    }
    for text in special { add(text, nameScore) }
    for text in otherNames { add(text, nameScore) }
    for piece in trained.pieces { add(piece.text, piece.score) }
    out += "]}}\n".utf8
    return out
  }
}
