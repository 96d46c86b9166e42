import Load

extension PieceSpan {
  /// The first position of its sample that each row may attend to: the token before its piece,
  /// which is the end-of-text id of the document before.
  ///
  /// - Returns: [samples, sequenceLength]
  static func attendFrom(_ spans: [PieceSpan], samples: Int, sequenceLength: Int) -> [Int32] {
    var from = [Int32](repeating: 0, count: samples * sequenceLength)
    for span in spans where span.firstToken > 0 {
      let first = span.firstToken - 1
      // The span's last token is no input if it is the last of the sample.
      for row in first..<min(sequenceLength, first + span.tokenCount) {
        from[span.sample * sequenceLength + row] = Int32(first)
      }
    }
    return from
  }
}
