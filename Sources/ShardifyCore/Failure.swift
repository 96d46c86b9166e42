/// An error with the one line a user reads.
public protocol DescribedFailure: Error, Sendable {
  /// *what failed*: *where*: *found*, expected *wanted*; *what to do*.
  var message: String { get }
}

/// The error of one module: what failed, where, what was found, what was expected, what to do.
///
/// Each module names its own with a type alias and an enum of codes, so that callers can tell
/// failures apart and every message has the same form.
public struct ModuleFailure<Code: Equatable & Sendable>: DescribedFailure, CustomStringConvertible {
  /// Which failure of the module this is.
  public var code: Code
  /// What failed, as a short clause: `cannot read shard`.
  public var what: String
  /// The file or folder, as the user named it.
  public var path: String?
  /// The byte offset in `path`.
  public var offset: Int?
  /// What was found there.
  public var found: String
  /// What should have been there.
  public var expected: String?
  /// What the user can do about it.
  public var remedy: String?

  /// Makes a failure; see the properties for the parts.
  public init(
    _ code: Code, _ what: String, path: String? = nil, offset: Int? = nil, found: String,
    expected: String? = nil, remedy: String? = nil
  ) {
    self.code = code
    self.what = what
    self.path = path
    self.offset = offset
    self.found = found
    self.expected = expected
    self.remedy = remedy
  }

  public var message: String {
    var line = what
    switch (path, offset) {
    case (let path?, let offset?): line += ": \(path) at byte \(offset)"
    case (let path?, nil): line += ": \(path)"
    case (nil, let offset?): line += ": at byte \(offset)"
    case (nil, nil): break
    }
    line += ": \(found)"
    if let expected { line += ", expected \(expected)" }
    if let remedy { line += "; \(remedy)" }
    return line
  }

  public var description: String { message }
}
