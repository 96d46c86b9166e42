import Compression
import ShardifyCore
import Shards
import Testing

@Suite struct ShardDamageTests {
  private func smallShard() -> TestShard {
    var shard = TestShard(width: 2)
    for number in 0..<4 { shard.add(number, pieceTokens: [6, 3]) }
    return shard
  }

  @Test func aShardCutAtAnyByteIsRefused() throws {
    let folder = try TemporaryFolder()
    try smallShard().write(to: folder.file("whole"))
    let whole = try contents(folder.file("whole"))
    for count in 0..<whole.count {
      try put(Array(whole[..<count]), folder.file("cut"))
      #expect(throws: ShardsFailure.self, "cut to \(count) bytes") {
        try readShard(folder.file("cut"))
      }
    }
  }

  @Test func truncatedSeekTableIsRefusedWithItsOffset() throws {
    let folder = try TemporaryFolder()
    try smallShard().write(to: folder.file("s"))
    let whole = try contents(folder.file("s"))
    try put(Array(whole.dropLast(4)) + [0, 0, 0, 0], folder.file("s"))
    let failure = #expect(throws: ShardsFailure.self) { try ShardReader(path: folder.file("s")) }
    #expect(
      failure?.message
        == "cannot read shard: \(folder.file("s")) at byte \(whole.count - 4): seek-table magic "
        + "0x00000000, expected 0x8F92EAB1; the file is truncated; rm \(folder.file("s")), then run "
        + "the same balance again, which writes it anew")
  }

  @Test func aSeekTableThatClaimsChecksumsIsRefused() throws {
    let folder = try TemporaryFolder()
    try smallShard().write(to: folder.file("s"))
    var bytes = try contents(folder.file("s"))
    bytes[bytes.count - 5] = 0x80
    try put(bytes, folder.file("s"))
    let failure = #expect(throws: ShardsFailure.self) { try ShardReader(path: folder.file("s")) }
    #expect(failure?.message.contains("seek-table descriptor 128, expected 0") == true)
  }

  @Test func aFlippedBitIsRefusedOrChangesNothing() throws {
    let folder = try TemporaryFolder()
    let shard = smallShard()
    try shard.write(to: folder.file("whole"))
    let whole = try contents(folder.file("whole"))
    var unnoticed = 0
    for place in whole.indices {
      for bit in [0, 3, 7] {
        var bytes = whole
        bytes[place] ^= 1 << UInt8(bit)
        try put(bytes, folder.file("flipped"))
        do {
          let (_, pieces, ids) = try readShard(folder.file("flipped"))
          #expect(pieces == shard.pieces && ids == shard.ids, "byte \(place) bit \(bit)")
          unnoticed += 1
        } catch {
          #expect(error is ShardsFailure)
        }
      }
    }
    // zstd has a few bits that decode to the same content; what is not zstd's has none.
    #expect(unnoticed * 50 < whole.count * 3)
  }

  @Test func anotherVersionIsRefusedByItsNumber() throws {
    let folder = try TemporaryFolder()
    let shard = smallShard()
    try shard.write(to: folder.file("s"))
    var bytes = try contents(folder.file("s"))
    let magic = Array("SHRDSHD\u{1}".utf8)
    let place = try #require(
      bytes.indices.first { bytes[$0...].starts(with: magic) })
    bytes[place + 8] = 9
    try put(bytes, folder.file("s"))
    let failure = #expect(throws: ShardsFailure.self) { try ShardReader(path: folder.file("s")) }
    #expect(failure?.code == .version)
    #expect(failure?.message.contains("format version 9, expected version 1") == true)
  }

  @Test func anIdOutsideTheVocabularyIsRefused() throws {
    let folder = try TemporaryFolder()
    var shard = smallShard()
    shard.ids[7] = 300
    try shard.write(to: folder.file("s"))
    let failure = #expect(throws: ShardsFailure.self) { try readShard(folder.file("s")) }
    #expect(failure?.message.contains("token id 300, expected below 300") == true)
  }

  @Test func aPlanThatIsNotTheHeadersIsRefused() throws {
    let folder = try TemporaryFolder()
    var shard = smallShard()
    shard.header.plan = SHA256.of([1])
    try shard.write(to: folder.file("s"))
    let failure = #expect(throws: ShardsFailure.self) { try ShardReader(path: folder.file("s")) }
    #expect(failure?.message.contains("a plan that is not the header's") == true)
  }

  @Test func languagesOutOfOrderAreRefused() throws {
    let folder = try TemporaryFolder()
    var shard = smallShard()
    shard.header.languages.swapAt(0, 2)
    try shard.write(to: folder.file("s"))
    let failure = #expect(throws: ShardsFailure.self) { try ShardReader(path: folder.file("s")) }
    #expect(failure?.code == .corrupt)
  }

  /// A language is several times in the list of a divided shard, and of no other.
  @Test func aLanguageTwiceIsReadInVersion2Only() throws {
    let folder = try TemporaryFolder()
    var shard = smallShard()
    shard.header.languages[1] = shard.header.languages[0]
    shard.header.version = 2
    try shard.write(to: folder.file("s"))
    let (reader, pieces, ids) = try readShard(folder.file("s"))
    #expect(reader.header.languages == shard.header.languages && reader.header.version == 2)
    #expect(pieces == shard.pieces && ids == shard.ids)
    shard.header.version = 1
    try shard.write(to: folder.file("s"))
    #expect(throws: ShardsFailure.self) { try ShardReader(path: folder.file("s")) }
    shard.header.version = 2
    shard.header.languages.swapAt(0, 2)
    try shard.write(to: folder.file("s"))
    #expect(throws: ShardsFailure.self) { try ShardReader(path: folder.file("s")) }
  }
}
