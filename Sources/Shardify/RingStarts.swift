import Balance
import Manifest
import ShardifyCore

/// Where the rings of a dataset start, or those of one that goes on from it would.
public struct RingStarts: Sendable, Equatable {
  /// Of languages that are not divided.
  var languages: [LanguageTag: RingStart] = [:]
  /// Of parts, by number.
  var parts: [LanguageTag: [Int: RingStart]] = [:]

  /// Where a ring starts.
  ///
  /// Parts share the start and the order of their language, so what was given before a place on its
  /// ring is what each part gave before that place: a language that was not divided yet has one
  /// start for all of its parts.
  subscript(tag: LanguageTag, part: Int?) -> RingStart {
    guard let part else { return languages[tag] ?? .beginning }
    return parts[tag]?[part] ?? languages[tag] ?? .beginning
  }

  /// The languages that any start is known of.
  var tags: Set<LanguageTag> { Set(languages.keys).union(parts.keys) }

  /// Gives the start of a language to all of its parts, of which there are `count`: from now on each
  /// goes on by itself.
  mutating func divide(_ tag: LanguageTag, _ count: Int) {
    guard let start = languages.removeValue(forKey: tag) else { return }
    for part in 0..<count where parts[tag]?[part] == nil { set(start, tag, part) }
  }

  mutating func set(_ start: RingStart, _ tag: LanguageTag, _ part: Int?) {
    if let part {
      parts[tag, default: [:]][part] = start
    } else {
      languages[tag] = start
    }
  }
}

extension RingStarts {
  /// Where a dataset itself starts.
  init(_ manifest: DatasetManifest) {
    for row in manifest.languages {
      let start = RingStart(
        pass: row.firstPass, key: row.firstKey.isEmpty ? nil : PieceKey(bytes: row.firstKey))
      if start != .beginning { languages[row.tag] = start }
    }
    for row in manifest.languageParts {
      let start = RingStart(
        pass: row.firstPass, key: row.firstKey.isEmpty ? nil : PieceKey(bytes: row.firstKey))
      if start != .beginning { parts[row.tag, default: [:]][row.part] = start }
    }
  }
}
