import ShardifyCore

/// The ids of a decompressed frame, in two bytes each where the vocabulary allows it; never changed
/// once made.
final class FrameTokens: @unchecked Sendable {
  private let count: Int
  private let narrow: UnsafeMutablePointer<UInt16>?
  private let wide: UnsafeMutablePointer<TokenID>?

  /// - Parameter vocabularySize: All ids are below it.
  init(_ tokens: TokenBuffer, _ vocabularySize: Int) {
    count = tokens.count
    let source = tokens.base
    if vocabularySize <= 1 << 16 {
      let target = UnsafeMutablePointer<UInt16>.allocate(capacity: max(1, count))
      for i in 0..<count { target[i] = UInt16(truncatingIfNeeded: source[i]) }
      narrow = target
      wide = nil
    } else {
      let target = UnsafeMutablePointer<TokenID>.allocate(capacity: max(1, count))
      target.initialize(from: source, count: count)
      narrow = nil
      wide = target
    }
  }

  deinit {
    narrow?.deallocate()
    wide?.deallocate()
  }

  /// Appends the ids of a range of places.
  func append(_ range: Range<Int>, to ids: inout [TokenID]) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "inside the frame")
    if let narrow {
      for i in range { ids.append(TokenID(narrow[i])) }
    } else if let wide {
      ids.append(
        contentsOf: UnsafeBufferPointer(start: wide + range.lowerBound, count: range.count))
    }
  }
}
