import Files
import ShardifyCore

/// Files languages of the store under other tags: several become one, or a group has a tag of its
/// own.
public struct LabelMap: Sendable, Equatable {
  /// Where each language goes; one that is not here keeps its tag.
  public let targets: [LanguageTag: LanguageTag]

  /// Files may have this many bytes.
  public static let limitBytes = 4 << 20

  /// Changes nothing.
  public static let identity = LabelMap(unchecked: [:])

  private init(unchecked targets: [LanguageTag: LanguageTag]) { self.targets = targets }

  /// Takes pairs known to be a map, as from a manifest; nil if a language goes to two places or a
  /// target goes elsewhere.
  public init?(_ pairs: [(from: LanguageTag, to: LanguageTag)]) {
    var targets: [LanguageTag: LanguageTag] = [:]
    for pair in pairs where targets.updateValue(pair.to, forKey: pair.from) != nil { return nil }
    for target in targets.values where targets[target].map({ $0 != target }) == true { return nil }
    self.targets = targets
  }

  /// The pairs that change a tag, ascending.
  public var pairs: [(from: LanguageTag, to: LanguageTag)] {
    targets.filter { $0.key != $0.value }.sorted { $0.key < $1.key }
      .map { (from: $0.key, to: $0.value) }
  }

  /// Where a language goes.
  public func target(of tag: LanguageTag) -> LanguageTag { targets[tag] ?? tag }

  /// Reads a file: a tag of the store and the tag it gets on each line, between spaces or tabs; empty
  /// lines and what follows `#` are passed over.
  ///
  /// - Throws: `FileFailure` if it cannot be read; `options` that names the line.
  public static func read(_ path: String) throws -> LabelMap {
    try parse(try FileSystem.read(path, limitBytes: limitBytes), path: path)
  }

  /// Reads the bytes of a file; `path` is for messages.
  public static func parse(_ bytes: [UInt8], path: String) throws(StageFailure) -> LabelMap {
    var pairs: [Line] = []
    for (number, line) in bytes.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
    ).enumerated() {
      let words = line.prefix { $0 != UInt8(ascii: "#") }.split {
        $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r")
      }
      if words.isEmpty { continue }
      guard words.count == 2, let from = LanguageTag(bytes: words[0]),
        let to = LanguageTag(bytes: words[1])
      else {
        let shown = String(decoding: line.prefix(80), as: UTF8.self)
        throw failure(path, number + 1, found: shown.debugDescription)
      }
      pairs.append((from, to, number + 1))
    }
    return try checked(pairs, path)
  }

  /// A pair and the line it is on.
  typealias Line = (from: LanguageTag, to: LanguageTag, line: Int)

  static func checked(
    _ pairs: [Line], _ path: String
  ) throws(StageFailure) -> LabelMap {
    var targets: [LanguageTag: LanguageTag] = [:]
    for pair in pairs {
      if let former = targets.updateValue(pair.to, forKey: pair.from) {
        throw failure(
          path, pair.line, found: "\(pair.from) again, before to \(former)",
          expected: "every language once")
      }
    }
    for pair in pairs {
      guard let further = targets[pair.to], further != pair.to else { continue }
      throw failure(
        path, pair.line, found: "\(pair.from) to \(pair.to), which itself goes to \(further)",
        expected: "one step", remedy: "write \(pair.from) \(further)")
    }
    return LabelMap(unchecked: targets)
  }

  private static func failure(
    _ path: String, _ line: Int, found: String,
    expected: String = "two tags such as hrv_Latn hbs_Latn", remedy: String? = nil
  ) -> StageFailure {
    StageFailure(
      .options, "cannot read label map", path: "\(path) line \(line)", found: found,
      expected: expected, remedy: remedy)
  }
}
