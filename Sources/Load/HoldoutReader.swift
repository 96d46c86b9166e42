import ShardifyCore

/// A held-out piece.
public struct HoldoutPiece: Sendable {
  /// Index of its language in `DatasetFacts.languages`.
  public var language: Int
  /// The content hash of its document.
  public var content: ContentHash
  /// Its ids, with the end-of-text id if it ends its document.
  public var tokens: [TokenID]
  /// Bytes of its text.
  public var byteCount: Int
}

/// Reads the validation split, one language at a time: held-out text is never among the samples
/// that `SampleReader` delivers. For one thread.
public final class HoldoutReader {
  /// The shards left out because they could not be read.
  public private(set) var badShards: [LoadFailure] = []
  private let cache: FrameCache
  private let skipsBadShards: Bool
  /// The pieces of each language, in the order of shards and tokens; shape [languages].
  private var places: [[Place]]

  private struct Place {
    var shard: Int
    var piece: Int
    var firstToken: Int
    var tokenCount: Int
  }

  /// Opens all held-out shards and reads their piece tables.
  ///
  /// - Parameter skipsBadShards: Leaves out shards that cannot be read, instead of failing.
  public init(
    _ source: any TokenSource, facts: DatasetFacts, skipsBadShards: Bool = false
  ) throws(LoadFailure) {
    cache = FrameCache(
      source, shardTokens: facts.holdout.map(\.tokens), vocabularySize: facts.vocabularySize,
      frameLimit: 2, memoryBytes: 256 << 20)
    self.skipsBadShards = skipsBadShards
    places = Array(repeating: [], count: facts.languages.count)
    for number in facts.holdout.indices {
      do throws(LoadFailure) {
        let pieces = try cache.shard(number).pieces
        for (piece, entry) in pieces.entries.enumerated() {
          guard places.indices.contains(entry.language) else { continue }
          places[entry.language].append(
            Place(
              shard: number, piece: piece, firstToken: pieces.starts[piece],
              tokenCount: entry.tokenCount))
        }
      } catch {
        guard skipsBadShards else { throw error }
        badShards.append(error)
      }
    }
  }

  /// Held-out tokens of a language.
  public func tokens(ofLanguage language: Int) -> Int {
    places[language].reduce(0) { $0 + $1.tokenCount }
  }

  /// Hands out the pieces of a language, whole and in order, until `each` returns false.
  ///
  /// - Throws: A shard's failure, unless bad shards are skipped.
  public func read(
    language: Int, _ each: (HoldoutPiece) -> Bool
  ) throws(LoadFailure) {
    for place in places[language] {
      do throws(LoadFailure) {
        let piece = try read(place)
        if !each(piece) { return }
      } catch {
        guard skipsBadShards else { throw error }
        if !badShards.contains(where: { $0.path == error.path }) { badShards.append(error) }
      }
    }
  }

  private func read(_ place: Place) throws(LoadFailure) -> HoldoutPiece {
    let shard = try cache.shard(place.shard)
    let entry = shard.pieces.entries[place.piece]
    let range = TokenRange(
      shard: place.shard, firstToken: place.firstToken, tokenCount: place.tokenCount)
    var failure: LoadFailure?
    let tokens = [TokenID](unsafeUninitializedCapacity: range.tokenCount) { room, count in
      guard let base = room.baseAddress else { return }
      do throws(LoadFailure) {
        try cache.copy(range, of: shard, to: base)
        count = range.tokenCount
      } catch { failure = error }
    }
    if let failure { throw failure }
    return HoldoutPiece(
      language: entry.language, content: entry.content, tokens: tokens,
      byteCount: entry.byteCount)
  }
}
