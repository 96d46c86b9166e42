import Synchronization

/// Set when the user asks the program to stop; long work looks at it between units.
public final class StopFlag: Sendable {
  private let flag = Atomic<Bool>(false)

  /// Makes a flag that is not set.
  public init() {}

  /// Whether the work should end at the next safe place.
  public var isSet: Bool { flag.load(ordering: .relaxed) }

  /// Asks for the end; true if it had been asked for before.
  @discardableResult
  public func set() -> Bool { flag.exchange(true, ordering: .relaxed) }
}
