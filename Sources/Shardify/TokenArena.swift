import ShardifyCore

/// Token ids of many documents in the width they are stored in, in blocks, so that it grows
/// without moving. Not for two threads at once.
final class TokenArena {
  private static let blockBytes = 4 << 20
  private let widthBytes: Int
  private var blocks: [UnsafeMutableRawBufferPointer] = []
  /// The block being filled, and the bytes used of it.
  private var block = 0
  private var used = 0

  init(widthBytes: Int) { self.widthBytes = widthBytes }

  deinit { for block in blocks { block.deallocate() } }

  /// Where tokens lie.
  struct Place: Sendable {
    var block: Int32
    var offset: Int32
  }

  /// Copies ids in; a piece of at most 2^18 tokens always fits a block.
  func append(_ ids: UnsafeBufferPointer<TokenID>) -> Place {
    let bytes = ids.count * widthBytes
    if block < blocks.count, used + bytes > TokenArena.blockBytes {
      block += 1
      used = 0
    }
    if block == blocks.count {
      blocks.append(.allocate(byteCount: TokenArena.blockBytes, alignment: 64))
    }
    let target = blocks[block].baseAddress.map { $0 + used }
    if let target {
      if widthBytes == 2 {
        let narrow = target.assumingMemoryBound(to: UInt16.self)
        for index in 0..<ids.count {
          narrow[index] = UInt16(truncatingIfNeeded: ids[index]).littleEndian
        }
      } else {
        let wide = target.assumingMemoryBound(to: UInt32.self)
        for index in 0..<ids.count { wide[index] = ids[index].littleEndian }
      }
    }
    let place = Place(block: Int32(block), offset: Int32(used))
    used += bytes
    return place
  }

  /// The bytes of tokens copied in earlier.
  func bytes(at place: Place, tokenCount: Int) -> UnsafeRawBufferPointer {
    let block = UnsafeRawBufferPointer(blocks[Int(place.block)])
    let start = Int(place.offset)
    return UnsafeRawBufferPointer(rebasing: block[start..<start + tokenCount * widthBytes])
  }

  /// Forgets all tokens; the memory stays for the next ones.
  func removeAll() {
    block = 0
    used = 0
  }
}
