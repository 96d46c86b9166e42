import Testing

@testable import Train

@Suite struct CommunicatorTests {
  @Test func theRanksThatDifferFromMostAreNamed() {
    let (a, b, c) = ([1, 1], [2, 2], [3, 3]) as ([UInt8], [UInt8], [UInt8])
    #expect(Communicator.minority([a]) == [])
    #expect(Communicator.minority([a, a, a]) == [])
    #expect(Communicator.minority([a, b, a]) == [1])
    #expect(Communicator.minority([b, a, a]) == [0])
    #expect(Communicator.minority([a, b]) == [1])
    #expect(Communicator.minority([c, a, b, b]) == [0, 1])
  }

  @Test func oneProcessAgreesWithItself() throws {
    let alone = Communicator()
    #expect(alone.localRanks == 1)
    #expect(try alone.gather([7, 8]) == [7, 8])
  }
}
