import Files
import Glibc
import ShardifyCore
import Train

/// The JSON-lines file of a run: appended to, so that a resumed run goes on in it.
final class RunLog {
  /// The first failure to write; the run itself goes on.
  private(set) var failure: TrainFailure?
  private let path: String
  private let descriptor: Int32

  init(_ path: String) throws(TrainFailure) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw TrainFailure(
        .file, "cannot open log", path: path,
        found: String(cString: strerror(errno)).lowercased(), remedy: "check the path")
    }
  }

  deinit { close(descriptor) }

  /// Writes an event.
  func write(_ event: TrainingEvent) {
    if let line = event.json { put(line) }
  }

  /// Writes the end of the run.
  func write(_ summary: TrainingSummary) { put(summary.json) }

  private func put(_ line: JSONLine) {
    guard failure == nil else { return }
    let bytes = Array((line.text + "\n").utf8)
    let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if written != bytes.count {
      failure = TrainFailure(
        .file, "cannot write log", path: path,
        found: String(cString: strerror(errno)).lowercased(), remedy: "free some space")
    }
  }
}
