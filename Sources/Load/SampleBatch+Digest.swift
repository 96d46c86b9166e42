import ShardifyCore

extension SampleBatch {
  /// The SHA-256 of a sample's tokens as shards store them.
  ///
  /// - Parameters:
  ///   - sample: Counted in this batch, from 0.
  ///   - tokenWidthBytes: 2 or 4.
  public func digest(ofSample sample: Int, tokenWidthBytes: Int) -> SHA256.Digest {
    let length = tokens.count / max(1, samples.count)
    return tokens[sample * length..<(sample + 1) * length].withUnsafeBufferPointer { ids in
      withUnsafeTemporaryAllocation(byteCount: length * tokenWidthBytes, alignment: 4) { room in
        if tokenWidthBytes == 2 {
          let out = room.assumingMemoryBound(to: UInt16.self)
          for place in 0..<length {
            out[place] = UInt16(truncatingIfNeeded: ids[place]).littleEndian
          }
        } else {
          let out = room.assumingMemoryBound(to: UInt32.self)
          for place in 0..<length { out[place] = ids[place].littleEndian }
        }
        return SHA256.of(UnsafeRawBufferPointer(room))
      }
    }
  }
}
