import Logging

/// Writes what is logged to standard error, a line each: `warning: ...`.
public struct ConsoleLogHandler: LogHandler {
  public var metadata: Logger.Metadata = [:]
  public var logLevel = Logger.Level.info

  /// Makes a handler.
  public init() {}

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    Console.note(event.level == .info ? "\(event.message)" : "\(event.level): \(event.message)")
  }

  /// A logger that writes to the console; when `quiet`, errors alone.
  public static func logger(quiet: Bool) -> Logger {
    var logger = Logger(label: "shardify") { _ in ConsoleLogHandler() }
    logger.logLevel = quiet ? .error : .info
    return logger
  }
}
