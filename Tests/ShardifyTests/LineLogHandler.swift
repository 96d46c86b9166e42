import Logging

/// Hands every line that is logged to a closure.
struct LineLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info
  let take: @Sendable (String) -> Void

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { take("\(event.level): \(event.message)") }

  static func logger(_ take: @escaping @Sendable (String) -> Void) -> Logger {
    Logger(label: "shardify.tests") { _ in LineLogHandler(take: take) }
  }
}
