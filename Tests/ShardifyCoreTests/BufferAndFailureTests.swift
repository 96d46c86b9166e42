import ShardifyCore
import Testing

@Suite struct BufferAndFailureTests {
  @Test func aBufferGrowsAndKeepsItsIds() {
    let buffer = TokenBuffer(capacity: 0)
    for id in 0..<1000 { buffer.append(TokenID(id)) }
    #expect(Array(buffer.ids) == (0..<1000).map { TokenID($0) })
    let place = buffer.reserve(5_000)
    for index in 0..<5_000 { place[index] = 9 }
    buffer.advance(by: 4)
    #expect(buffer.count == 1004 && buffer.capacity >= 6_000)
    #expect(buffer.ids[999] == 999 && buffer.ids[1003] == 9)
    buffer.truncate(to: 2)
    #expect(Array(buffer.ids) == [0, 1])
    buffer.truncate(to: -1)
    buffer.truncate(to: 50)
    #expect(buffer.ids.isEmpty)
  }

  @Test func aFlagSaysWhetherItWasSetBefore() {
    let flag = StopFlag()
    #expect(!flag.isSet)
    #expect(!flag.set())
    #expect(flag.isSet && flag.set())
  }

  enum Code: Equatable, Sendable { case wrong }

  @Test func aMessageHasItsPartsInOrder() {
    var failure = ModuleFailure<Code>(.wrong, "cannot read shard", found: "7 bytes")
    #expect(failure.message == "cannot read shard: 7 bytes")
    failure.offset = 12
    #expect(failure.message == "cannot read shard: at byte 12: 7 bytes")
    failure.path = "a/b"
    failure.expected = "8"
    failure.remedy = "write it anew"
    #expect(
      failure.message == "cannot read shard: a/b at byte 12: 7 bytes, expected 8; write it anew")
    failure.offset = nil
    #expect("\(failure)" == "cannot read shard: a/b: 7 bytes, expected 8; write it anew")
  }
}
