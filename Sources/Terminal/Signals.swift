import Dispatch
import Glibc
import ShardifyCore

/// SIGINT and SIGTERM ask for a clean end; a second one ends at once.
public enum Signals {
  private nonisolated(unsafe) static var sources: [any DispatchSourceSignal] = []

  /// Sets a flag on the first signal.
  ///
  /// - Parameters:
  ///   - numbers: The signals.
  ///   - work: What is still done before the end, for the line that is printed.
  public static func stopFlag(
    on numbers: [Int32] = [SIGINT, SIGTERM], after work: String = "the work in hand"
  ) -> StopFlag {
    let flag = StopFlag()
    let queue = DispatchQueue(label: "shardify.signals")
    for number in numbers {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        if flag.set() { _exit(130) }
        Console.note("\nstopping after \(work); once more to stop at once")
      }
      source.resume()
      sources.append(source)
    }
    return flag
  }

  /// Puts `/dev/null` in the place of standard streams that are closed. Else the first file that is
  /// opened would be taken for one of them: a tokenizer for standard input.
  public static func openStandardStreams() {
    for number in Int32(0)...2 where fcntl(number, F_GETFD) < 0 && errno == EBADF {
      // The lowest free number is this one, since those below it are open by now.
      _ = open("/dev/null", O_RDWR)
    }
  }

  /// Lets `shardify ... | head` end without a signal in the middle of a write, and a file-size
  /// limit come back as an error that can be told.
  public static func ignoreBrokenPipe() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }
}
