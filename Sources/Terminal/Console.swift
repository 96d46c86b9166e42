import Glibc
import Synchronization

/// Standard output and error, written whole.
public enum Console {
  /// Whether standard error is a terminal that can redraw a line.
  public static var isTerminal: Bool {
    guard isatty(STDERR_FILENO) == 1 else { return false }
    return getenv("TERM").map { String(cString: $0) } != "dumb"
  }

  /// Columns of the terminal on standard error.
  public static var width: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
      ? Int(size.ws_col) : 80
  }

  /// Columns of the terminal on standard output; nil if it is none.
  public static var outputWidth: Int? {
    var size = winsize()
    guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0,
      size.ws_col > 0
    else { return nil }
    return Int(size.ws_col)
  }

  /// Writes a line to standard output.
  public static func out(_ text: String) { write(Array((text + "\n").utf8), to: STDOUT_FILENO) }

  /// Whether a line of progress stands on the terminal.
  private static let hasProgress = Mutex(false)

  /// Writes a line to standard error, in place of the progress that stands there.
  public static func note(_ text: String) {
    hasProgress.withLock { isShown in
      write(Array(((isShown ? clear : "") + text + "\n").utf8), to: STDERR_FILENO)
      isShown = false
    }
  }

  /// Shows a line of progress on standard error, cut to the terminal, in place of the last; nil takes
  /// it away.
  public static func progress(_ text: String?) {
    hasProgress.withLock { isShown in
      guard text != nil || isShown else { return }
      write(clear + cut(text ?? "", to: width - 1), to: STDERR_FILENO)
      isShown = text != nil
    }
  }

  /// The first scalars of a text: never half of one.
  static func cut(_ text: String, to count: Int) -> String {
    var out = String.UnicodeScalarView()
    out.append(contentsOf: text.unicodeScalars.prefix(max(0, count)))
    return String(out)
  }

  /// To the start of the line, which is emptied.
  private static let clear = "\r\u{1B}[K"

  /// Writes `error: ` and a line to standard error.
  public static func error(_ text: String) { note("error: " + text) }

  /// Writes text as it is.
  public static func write(_ text: String, to descriptor: Int32) {
    write(Array(text.utf8), to: descriptor)
  }

  /// Writes bytes; ends the program quietly where nobody reads them any more.
  public static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var done = 0
    bytes.withUnsafeBytes { all in
      while done < all.count, let base = all.baseAddress {
        let count = Glibc.write(descriptor, base + done, all.count - done)
        if count > 0 {
          done += count
        } else if errno == EPIPE {
          exit(0)
        } else if errno != EINTR {
          let reason = String(cString: strerror(errno)).lowercased()
          if descriptor != STDERR_FILENO { error("cannot write output: \(reason)") }
          exit(1)
        }
      }
    }
  }
}
