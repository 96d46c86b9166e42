import Synchronization

/// Counters of a stage in progress: written by its threads, read by whoever shows them.
public final class Progress: Sendable {
  /// What is being done now.
  public enum Phase: Int, Sendable {
    case starting, reading, merging, planning, writing, verifying, training, done
  }

  private let phaseValue = Atomic<Int>(Phase.starting.rawValue)
  /// Units of work in the phase (bytes of input, tokens), 0 if not known.
  public let total = Atomic<Int>(0)
  /// Units of work done in the phase.
  public let done = Atomic<Int>(0)
  /// Documents read.
  public let documents = Atomic<Int>(0)
  /// UTF-8 bytes of text read.
  public let textBytes = Atomic<Int>(0)
  /// Tokens made or written.
  public let tokens = Atomic<Int>(0)
  /// Documents rejected.
  public let rejected = Atomic<Int>(0)

  /// Makes counters at zero.
  public init() {}

  /// What is being done now.
  public var phase: Phase { Phase(rawValue: phaseValue.load(ordering: .relaxed)) ?? .starting }

  /// Starts a phase of `total` units of work.
  public func start(_ phase: Phase, total: Int) {
    done.store(0, ordering: .relaxed)
    self.total.store(total, ordering: .relaxed)
    phaseValue.store(phase.rawValue, ordering: .relaxed)
  }
}
