import Glibc
import ShardifyCore
import Synchronization
import Testing

@Suite struct ParallelTests {
  struct Wrong: Error, Equatable { var number: Int }

  @Test func runGivesEachThreadItsNumberOnce() {
    let seen = Mutex<[Int]>([])
    Parallel.run(count: 5) { number in seen.withLock { $0.append(number) } }
    let sorted = seen.withLock { $0.sorted() }
    #expect(sorted == [0, 1, 2, 3, 4])
  }

  @Test func runWithNoCountIsTheCallersThread() {
    let seen = Atomic<Int>(0)
    Parallel.run(count: 0) { _ in seen.wrappingAdd(1, ordering: .relaxed) }
    let count = seen.load(ordering: .relaxed)
    #expect(count == 1)
  }

  @Test func theErrorOfTheLowestThreadIsThrownAfterAllEnded() {
    let ended = Atomic<Int>(0)
    #expect(throws: Wrong(number: 1)) {
      try Parallel.run(count: 4) { (number: Int) throws(Wrong) in
        ended.wrappingAdd(1, ordering: .relaxed)
        if number > 0 { throw Wrong(number: number) }
      }
    }
    let count = ended.load(ordering: .relaxed)
    #expect(count == 4)
  }

  @Test(arguments: [1, 3, 16]) func forEachTakesEveryIndexOnce(threads: Int) {
    let seen = Mutex<[Int]>([])
    Parallel.forEach(below: 100, threads: threads) { index in seen.withLock { $0.append(index) } }
    let sorted = seen.withLock { $0.sorted() }
    #expect(sorted == Array(0..<100))
    Parallel.forEach(below: 0, threads: threads) { _ in Issue.record("nothing is below 0") }
  }

  @Test func forEachStartsNothingAfterAFailure() {
    let started = Atomic<Int>(0)
    let failed = Atomic<Bool>(false)
    #expect(throws: Wrong(number: 0)) {
      try Parallel.forEach(below: 1000, threads: 2) { (index: Int) throws(Wrong) in
        started.wrappingAdd(1, ordering: .relaxed)
        if index == 0 {
          failed.store(true, ordering: .relaxed)
          throw Wrong(number: index)
        }
        // The other thread waits for the failure, then has 998 more to start.
        while !failed.load(ordering: .relaxed) {}
        usleep(100)
      }
    }
    let count = started.load(ordering: .relaxed)
    #expect(count < 900)
  }

  @Test func atLeastOneProcessorIsThere() { #expect(Parallel.availableProcessors >= 1) }
}

@Suite struct BoundedQueueTests {
  @Test func elementsComeOutInOrder() {
    let queue = BoundedQueue<Int>(capacity: 3)
    var out: [Int] = []
    for round in 0..<5 {
      for number in 0..<3 { #expect(queue.push(round * 3 + number)) }
      for _ in 0..<3 { if let number = queue.pop() { out.append(number) } }
    }
    #expect(out == Array(0..<15))
  }

  @Test func aClosedQueueGivesWhatItHoldsAndTakesNothing() {
    let queue = BoundedQueue<Int>(capacity: 0)
    #expect(queue.push(1))
    queue.close()
    #expect(!queue.push(2))
    #expect(queue.pop() == 1)
    #expect(queue.pop() == nil)
    #expect(queue.pop() == nil)
  }

  @Test func manyThreadsLoseAndDoubleNothing() {
    let queue = BoundedQueue<Int>(capacity: 2)
    let left = Atomic<Int>(3)
    let taken = Mutex<[Int]>([])
    Parallel.run(count: 6) { thread in
      if thread < 3 {
        for number in 0..<500 { queue.push(thread * 500 + number) }
        if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { queue.close() }
      } else {
        while let number = queue.pop() { taken.withLock { $0.append(number) } }
      }
    }
    let sorted = taken.withLock { $0.sorted() }
    #expect(sorted == Array(0..<1500))
  }

  @Test func closingWakesAPushThatWaits() {
    let queue = BoundedQueue<Int>(capacity: 1)
    queue.push(0)
    let refused = Atomic<Bool>(false)
    Parallel.run(count: 2) { thread in
      if thread == 0 {
        queue.close()
      } else {
        refused.store(!queue.push(1), ordering: .relaxed)
      }
    }
    let wasRefused = refused.load(ordering: .relaxed)
    #expect(wasRefused)
  }
}
