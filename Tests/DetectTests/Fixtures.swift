import Detect
import ShardifyCore

extension DetectWorker {
  func detect(_ text: String) -> Detection {
    detect(Array(text.utf8))
  }

  func detect(_ text: [UInt8]) -> Detection {
    text.withUnsafeBytes { detect($0) }
  }

  func scripts(_ text: String) -> ScriptHistogram {
    Array(text.utf8).withUnsafeBytes { scripts($0) }
  }
}
