import Glibc
import ShardifyCore
import Synchronization

/// Ends the process when no step is made for too long: a rank that hangs must not hold the others
/// for ever. Its thread lives as long as the process.
final class Watchdog: Sendable {
  private let lastSign = Atomic<Int>(0)
  private let isOver = Atomic<Bool>(false)

  /// - Parameter rank: For the message.
  init(timeoutSeconds: Int, rank: Int) {
    signOfLife()
    guard timeoutSeconds > 0 else { return }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Watch(self, timeoutSeconds, rank))
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Watch>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    if status == 0 { pthread_detach(thread) } else { box.release() }
  }

  func signOfLife() { lastSign.store(Self.seconds(), ordering: .relaxed) }
  func stop() { isOver.store(true, ordering: .relaxed) }

  private static func seconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int(time.tv_sec)
  }

  private final class Watch: Sendable {
    let dog: Watchdog
    let timeoutSeconds: Int
    let rank: Int

    init(_ dog: Watchdog, _ timeoutSeconds: Int, _ rank: Int) {
      self.dog = dog
      self.timeoutSeconds = timeoutSeconds
      self.rank = rank
    }

    func run() {
      while !dog.isOver.load(ordering: .relaxed) {
        let silent = Watchdog.seconds() - dog.lastSign.load(ordering: .relaxed)
        if silent > timeoutSeconds {
          let line =
            "cannot go on: rank \(rank): no step for \(silent) s, expected one within "
            + "\(timeoutSeconds) s; another rank hangs or is lost; start again with --resume auto\n"
          _ = Array(line.utf8).withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
          _exit(1)
        }
        sleep(1)
      }
    }
  }
}
