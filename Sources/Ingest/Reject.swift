/// A document that was not taken.
public struct Reject: Sendable, Equatable {
  /// Why.
  public let reason: RejectReason
  /// Where the document starts: a byte offset in the decompressed input.
  public let offset: Int
  /// One line for the user: what was found, with its own offset where there is one.
  public let detail: String

  /// Makes a reject; see the properties.
  public init(reason: RejectReason, offset: Int, detail: String) {
    self.reason = reason
    self.offset = offset
    self.detail = detail
  }
}
