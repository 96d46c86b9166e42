import CSystem
import Glibc
import Synchronization

/// Threads, and a queue between them. Work that blocks (files, codecs, other machines) must not
/// run on Swift's cooperative pool, which has one thread a core.
public enum Parallel {
  /// Runs `body` once on each of `count` threads and waits for all of them.
  ///
  /// - Parameters:
  ///   - count: Threads, at least 1; the calling thread is one of them.
  ///   - body: Given its number from 0.
  /// - Throws: The error of the lowest-numbered thread that threw.
  public static func run<Failure: Error>(
    count: Int, _ body: @Sendable (Int) throws(Failure) -> Void
  ) throws(Failure) {
    let errors = Mutex<[Int: Failure]>([:])
    withoutActuallyEscaping(body) { escapable in
      let work = Work { index in
        do throws(Failure) {
          try escapable(index)
        } catch {
          errors.withLock { $0[index] = error }
        }
      }
      var threads: [pthread_t] = []
      for index in 1..<max(1, count) {
        if let thread = work.start(index) {
          threads.append(thread)
        } else {
          // No more threads to be had: this one does that share too, after its own.
          work.leftOver.withLock { $0.append(index) }
        }
      }
      work.body(0)
      for index in work.leftOver.withLock({ $0 }) { work.body(index) }
      for thread in threads { pthread_join(thread, nil) }
    }
    let failed = errors.withLock { $0 }
    if let first = failed.keys.min(), let error = failed[first] { throw error }
  }

  /// Runs `body` for every index below `total` on `threads` threads, in no fixed order.
  ///
  /// After a failure no further index is started.
  /// - Throws: The error of the lowest-numbered thread that threw.
  public static func forEach<Failure: Error>(
    below total: Int, threads: Int, _ body: @Sendable (Int) throws(Failure) -> Void
  ) throws(Failure) {
    let next = Atomic<Int>(0)
    let failed = Atomic<Bool>(false)
    try run(count: min(threads, max(1, total))) { (_: Int) throws(Failure) in
      while !failed.load(ordering: .relaxed) {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if index >= total { return }
        do throws(Failure) {
          try body(index)
        } catch {
          failed.store(true, ordering: .relaxed)
          throw error
        }
      }
    }
  }

  /// Processors this process may use: its affinity mask, and the quota of its cgroup (version 2).
  public static var availableProcessors: Int {
    var count = Int(csystem_affinity_count())
    if count == 0 { count = sysconf(Int32(_SC_NPROCESSORS_ONLN)) }
    if let quota = cgroupQuota() { count = min(count, quota) }
    return max(1, count)
  }

  private static func cgroupQuota() -> Int? {
    guard let file = fopen("/sys/fs/cgroup/cpu.max", "re") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 64)
    guard fgets(&line, 64, file) != nil else { return nil }
    let bytes = line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
    let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
    guard words.count == 2, let quota = Int(words[0]), let period = Int(words[1]), period > 0
    else { return nil }
    return max(1, (quota + period - 1) / period)
  }

  private final class Work: Sendable {
    let body: @Sendable (Int) -> Void
    let leftOver = Mutex<[Int]>([])

    init(_ body: @escaping @Sendable (Int) -> Void) { self.body = body }

    func start(_ index: Int) -> pthread_t? {
      let start = Unmanaged.passRetained(Start(work: self, index: index))
      var attributes = pthread_attr_t()
      pthread_attr_init(&attributes)
      defer { pthread_attr_destroy(&attributes) }
      pthread_attr_setstacksize(&attributes, 4 << 20)
      var thread = pthread_t()
      let status = pthread_create(
        &thread, &attributes,
        { context in
          guard let context else { return nil }
          let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
          start.work.body(start.index)
          return nil
        }, start.toOpaque())
      if status == 0 { return thread }
      start.release()
      return nil
    }
  }

  private final class Start: Sendable {
    let work: Work
    let index: Int
    init(work: Work, index: Int) {
      self.work = work
      self.index = index
    }
  }
}

/// A queue of bounded length between threads: `push` waits while it is full, `pop` while it is
/// empty. `Synchronization.Mutex` has no condition variable, hence pthreads.
public final class BoundedQueue<Element>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let notEmpty = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let notFull = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var items: [Element?]
  private var head = 0
  private var count = 0
  private var closed = false

  /// Makes a queue that holds at most `capacity` elements.
  public init(capacity: Int) {
    items = Array(repeating: nil, count: max(1, capacity))
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(notEmpty, nil)
    pthread_cond_init(notFull, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(notEmpty)
    pthread_cond_destroy(notFull)
    mutex.deallocate()
    notEmpty.deallocate()
    notFull.deallocate()
  }

  /// Appends, waiting while the queue is full; false once the queue is closed.
  @discardableResult
  public func push(_ element: sending Element) -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while count == items.count && !closed { pthread_cond_wait(notFull, mutex) }
    if closed { return false }
    items[(head + count) % items.count] = element
    count += 1
    pthread_cond_signal(notEmpty)
    return true
  }

  /// Takes the oldest element, waiting while the queue is empty; nil once it is closed and empty.
  public func pop() -> sending Element? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while count == 0 && !closed { pthread_cond_wait(notEmpty, mutex) }
    if count == 0 { return nil }
    nonisolated(unsafe) let element = items[head]
    items[head] = nil
    head = (head + 1) % items.count
    count -= 1
    pthread_cond_signal(notFull)
    return element
  }

  /// Ends the queue: what is in it can still be taken, nothing more goes in.
  public func close() {
    pthread_mutex_lock(mutex)
    closed = true
    pthread_cond_broadcast(notEmpty)
    pthread_cond_broadcast(notFull)
    pthread_mutex_unlock(mutex)
  }
}
