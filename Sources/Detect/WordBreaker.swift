import CICU

/// Counts words by ICU's word boundaries (UAX #29 with dictionaries for scripts that have no spaces).
/// One per thread.
public final class WordBreaker {
  private let breaker: OpaquePointer

  /// Opens ICU's word rules of the root locale; nil if ICU has lost its data.
  public init?() {
    guard let breaker = cicu_words_open() else { return nil }
    self.breaker = breaker
  }

  deinit { cicu_words_close(breaker) }

  /// Segments with a letter, digit, kana or ideograph in them.
  ///
  /// - Parameter text: UTF-8; bytes that are not count as U+FFFD.
  public func countWords(_ text: UnsafeRawBufferPointer) -> Int {
    guard let base = text.baseAddress, text.count > 0 else { return 0 }
    return Int(
      cicu_words_count(
        breaker, base.assumingMemoryBound(to: UInt8.self), Int64(text.count)))
  }

  /// The same of bytes.
  public func countWords(_ text: [UInt8]) -> Int { text.withUnsafeBytes { countWords($0) } }
}
