import Glibc

/// A word with one label, as a cursor stands on it. The bytes are valid until the cursor moves.
public struct CountedWord {
  /// The hash that orders words.
  public var hash: UInt64
  /// Its bytes.
  public var bytes: UnsafeBufferPointer<UInt8>
  /// Its label.
  public var label: UInt32
  /// How often it was counted.
  public var count: Int64

  /// Joins the parts.
  public init(hash: UInt64, bytes: UnsafeBufferPointer<UInt8>, label: UInt32, count: Int64) {
    self.hash = hash
    self.bytes = bytes
    self.label = label
    self.count = count
  }

  /// Whether the word (whatever its label) is the same as, before (below 0) or after another.
  public func order(_ other: CountedWord) -> Int {
    if hash != other.hash { return hash < other.hash ? -1 : 1 }
    let least = min(bytes.count, other.bytes.count)
    if least > 0, let a = bytes.baseAddress, let b = other.bytes.baseAddress {
      let order = memcmp(a, b, least)
      if order != 0 { return Int(order) }
    }
    return bytes.count - other.bytes.count
  }
}

/// Words in their fixed order: by hash, then bytes, then label.
public protocol WordCursor: AnyObject {
  /// The next word; nil at the end.
  func next() throws -> CountedWord?
}

/// The words of a table in their fixed order. The table must not change while it is used.
public final class SortedTable {
  private let table: WordTable
  private let order: [UInt32]

  init(_ table: WordTable) {
    self.table = table
    let entries = table.entries
    let text = table.text
    // The hash decides nearly always: sort pairs of it and the number, then look at the bytes.
    var keys = (0..<table.count).map { (hash: entries[$0].hash, number: UInt32($0)) }
    keys.sort { a, b in
      if a.hash != b.hash { return a.hash < b.hash }
      let (x, y) = (entries[Int(a.number)], entries[Int(b.number)])
      let order = memcmp(text + x.offset, text + y.offset, Int(min(x.length, y.length)))
      if order != 0 { return order < 0 }
      return (x.length, x.label) < (y.length, y.label)
    }
    order = keys.map(\.number)
  }

  /// A new cursor at the start.
  public func cursor() -> any WordCursor { Cursor(self) }

  private final class Cursor: WordCursor {
    private let words: SortedTable
    private var at = 0

    init(_ words: SortedTable) { self.words = words }

    func next() -> CountedWord? {
      guard at < words.order.count else { return nil }
      let entry = words.table.entries[Int(words.order[at])]
      at += 1
      return CountedWord(
        hash: entry.hash,
        bytes: UnsafeBufferPointer(
          start: words.table.text + entry.offset, count: Int(entry.length)),
        label: entry.label, count: entry.count)
    }
  }
}
