import CSIMD
import ShardifyCore

/// A trie of pieces over characters, as `csimd_best_paths` walks through it. Immutable once made.
///
/// Characters have numbers, symbols: ASCII characters their own, but for the first two, then come
/// those of pieces. Symbol 0 ends a word, 1 is any other character.
final class SymbolTrie: @unchecked Sendable {
  private let symbols: SymbolTable
  /// The nodes of single characters; shape [symbols].
  let firsts: UnsafeMutablePointer<csimd_node>
  let nodes: UnsafeMutablePointer<csimd_node>
  /// The symbol of `▁`.
  let mark: UInt16

  /// Takes the pieces of a trie over bytes, which must be UTF-8. Nil if they have too many
  /// characters.
  init?(
    _ tokens: TokenTable, in trie: DoubleArrayTrie, scores: UnsafePointer<Double>,
    unknown: TokenID, unknownScore: Double, isPiece: (Int) -> Bool
  ) {
    guard let table = SymbolTable(tokens, isPiece: isPiece) else { return nil }
    symbols = table
    mark = table.symbol(0x2581)
    var builder = SymbolTrieBuilder(tokens, trie, table, isPiece: isPiece)
    let count = builder.build()
    firsts = .allocate(capacity: table.count)
    nodes = HugePages.allocate(byteCount: count * MemoryLayout<csimd_node>.stride)
      .bindMemory(to: csimd_node.self, capacity: count)
    builder.write(firsts, nodes) { Float(scores[$0]) }
    for symbol in 1..<table.count where firsts[symbol].score == -.infinity {
      firsts[symbol].score = Float(unknownScore)
      firsts[symbol].id = unknown
    }
  }

  deinit {
    firsts.deallocate()
    HugePages.free(nodes)
  }

  /// The symbols of characters.
  @inline(__always) var table: csimd_symbol_table { symbols.table }
}

/// Numbers the characters of pieces, those of low ids first.
final class SymbolTable: @unchecked Sendable {
  private static let pageCount = 0x11_0000 >> 8
  private static let other: UInt16 = 1

  /// Where the symbols of each 256 code points start. Shape [pages].
  private let pages: UnsafeMutablePointer<UInt32>
  /// The first 256 are those of pages without symbols.
  private var symbols: UnsafeMutablePointer<UInt16>
  private var symbolCount = 256
  private(set) var count = 128

  /// Nil if there are more than 65,407 others.
  init?(_ tokens: TokenTable, isPiece: (Int) -> Bool) {
    pages = .allocate(capacity: Self.pageCount)
    pages.initialize(repeating: 0, count: Self.pageCount)
    symbols = .allocate(capacity: 256)
    symbols.initialize(repeating: Self.other, count: 256)
    addPage(0)
    for symbol in UInt16(2)..<128 { symbols[Int(pages[0]) + Int(symbol)] = symbol }
    for id in 0..<tokens.count where isPiece(id) {
      let bytes = tokens.bytes(of: TokenID(id))
      guard let base = bytes.baseAddress else { continue }
      var at = 0
      while at < bytes.count {
        let length = max(1, UTF8Check.length(base, at: at, end: bytes.count))
        if !add(UTF8Check.scalar(base, at: at, length: length)) { return nil }
        at += length
      }
    }
  }

  deinit {
    pages.deallocate()
    symbols.deallocate()
  }

  private func add(_ scalar: UInt32) -> Bool {
    if pages[Int(scalar >> 8)] == 0 { addPage(Int(scalar >> 8)) }
    let place = Int(pages[Int(scalar >> 8)]) + Int(scalar & 0xFF)
    if symbols[place] != Self.other { return true }
    guard count < Int(UInt16.max) else { return false }
    symbols[place] = UInt16(count)
    count += 1
    return true
  }

  private func addPage(_ page: Int) {
    let larger = UnsafeMutablePointer<UInt16>.allocate(capacity: symbolCount + 256)
    larger.moveInitialize(from: symbols, count: symbolCount)
    (larger + symbolCount).initialize(repeating: Self.other, count: 256)
    symbols.deallocate()
    symbols = larger
    pages[page] = UInt32(symbolCount)
    symbolCount += 256
  }

  var table: csimd_symbol_table { csimd_symbol_table(pages: pages, symbols: symbols) }

  /// The symbol of a code point.
  func symbol(_ scalar: UInt32) -> UInt16 {
    symbols[Int(pages[Int(scalar >> 8)]) &+ Int(scalar & 0xFF)]
  }
}
