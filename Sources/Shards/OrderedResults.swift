import Synchronization

/// Results of numbered work done on several threads.
final class OrderedResults<Value: Sendable>: Sendable {
  private let values: Mutex<[Value?]>

  init(count: Int) { values = Mutex(Array(repeating: nil, count: count)) }

  func set(_ index: Int, _ value: Value) { values.withLock { $0[index] = value } }

  func take() -> [Value?] {
    values.withLock {
      let all = $0
      $0 = []
      return all
    }
  }
}
