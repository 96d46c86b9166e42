import ShardifyCore
import Testing

/// Values that other programs compute too; every order on disk rests on them.
@Suite struct HashTests {
  /// FIPS 180-4 examples: the empty message, `abc`, and 112 bytes.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
        + "lmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ]) func sha256IsTheStandards(message: String, expected: String) {
    #expect("\(SHA256.of(Array(message.utf8)))" == expected)
  }

  @Test func sha256OfPartsIsThatOfTheWhole() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    var hash = SHA256()
    for size in [0, 1, 63, 64, 65, 500] {
      hash.update(Array(bytes[..<size]))
      hash.update(Array(bytes[size...]))
      #expect(hash.finish() == SHA256.of(bytes), "cut at \(size), or a state not made ready")
    }
  }

  @Test func aDigestIsReadFromHexOrRefused() {
    let digest = SHA256.of([1])
    #expect(SHA256.Digest(hex: "\(digest)") == digest)
    #expect(SHA256.Digest(bytes: digest.bytes) == digest)
    #expect(SHA256.Digest(hex: "\(digest)".dropLast()) == nil)
    #expect(SHA256.Digest(hex: "\(digest)".dropLast(2)) == nil)
    #expect(SHA256.Digest(hex: "\(digest)".dropLast() + "g") == nil)
    #expect(SHA256.Digest(bytes: Array(digest.bytes.dropLast())) == nil)
  }

  @Test func hexGoesBothWays() {
    let all = (0...255).map { UInt8($0) }
    #expect(Hex.bytes(Hex.string(all)) == all)
    #expect(Hex.bytes("00FFaB") == [0, 255, 0xAB])
    #expect(
      Hex.bytes("0") == nil && Hex.bytes("0G") == nil && Hex.bytes("g0") == nil
        && Hex.bytes("é0") == nil && Hex.bytes("0x") == nil)
  }

  /// The output of Vigna's splitmix64.c for the seed 1234567.
  @Test func seededRandomIsSplitMix64() {
    var random = SeededRandom(seed: 1_234_567)
    let expected: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
    ]
    #expect((0..<5).map { _ in random.next() } == expected)
  }

  @Test func mix64IsTheFinalizer() {
    #expect(mix64(0) == 0)
    // One step of SplitMix64 from 0: the increment, mixed.
    #expect(mix64(0x9E37_79B9_7F4A_7C15) == 0xE220_A839_7B1D_CDAF)
  }

  @Test func belowStaysBelowAndReachesAll() {
    var random = SeededRandom(seed: 1)
    let drawn = Set((0..<200).map { _ in random.below(7) })
    #expect(drawn == Set(0..<7))
    #expect(random.below(1) == 0)
    #expect(random.below(0) == 0)
  }

  @Test func mixedDependsOnSeedWordsAndTheirOrder() {
    let all = [
      mixed(seed: 0), mixed(seed: 1), mixed(seed: 0, 0), mixed(seed: 0, 1), mixed(seed: 0, 1, 2),
      mixed(seed: 0, 2, 1), mixed(seed: .max, .max),
    ]
    #expect(Set(all).count == all.count)
    var random = SeededRandom(seed: 42)
    #expect(mixed(seed: 42) == random.next())
  }

  @Test func aContentHashIsTheStartOfSHA256() throws {
    let hash = Array("abc".utf8).withUnsafeBytes { ContentHash(of: $0) }
    #expect("\(hash)" == "ba7816bf8f01cfea414140de5dae2223")
    #expect(ContentHash(hex: "ba7816bf8f01cfea414140de5dae2223") == hash)
    #expect(ContentHash(bytes: hash.bytes) == hash)
    #expect(ContentHash(hex: "ba78") == nil && ContentHash(bytes: [1]) == nil)
    #expect(ContentHash(high: 1, low: .max) < ContentHash(high: 2, low: 0))
    #expect(ContentHash(high: 1, low: 1) < ContentHash(high: 1, low: 2))
  }

  /// As the documentation of `StoreKey` says, with the messages put together here.
  @Test func aStoreKeyMakesTheKeysItDocuments() throws {
    let key = StoreKey(seed: 0x0102)
    let message = Array("shardify store key v1".utf8) + [2, 1, 0, 0, 0, 0, 0, 0]
    #expect(key.bytes == Array(SHA256.of(message).bytes[..<16]))
    #expect(StoreKey(hex: "\(key)") == key)
    #expect(StoreKey(hex: "00") == nil)
    let content = ContentHash(high: 0x0102_0304_0506_0708, low: 9)
    let digest = SHA256.of(key.bytes + content.bytes + [0]).leading128
    #expect(key.key(of: content) == PieceKey(high: digest.high, low: digest.low, piece: 0))
    let rank = SHA256.of(key.bytes + content.bytes + [1]).leading128.high
    #expect(key.holdoutRank(of: content) == rank)
  }

  @Test func pieceKeysSortByDocumentThenPiece() {
    let keys = [
      PieceKey(high: 0, low: .max, piece: 9), PieceKey(high: 1, low: 0, piece: 0),
      PieceKey(high: 1, low: 0, piece: 1), PieceKey(high: 1, low: 1, piece: 0),
    ]
    #expect(keys.reversed().sorted() == keys)
  }
}
