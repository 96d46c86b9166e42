import Testing

@testable import TrainFromManifest

@Suite struct ProcessorsTests {
  @Test func aRankTakesItsShareOfWhatItMayUse() {
    func share(_ available: Int, _ perTask: Int?, _ onNode: Int?, _ ranks: Int) -> Int {
      Processors.share(
        available: available, perTask: perTask, onNode: onNode, localRanks: ranks)
    }
    #expect(share(8, nil, nil, 1) == 8)
    #expect(share(8, nil, nil, 3) == 2)
    #expect(share(2, nil, nil, 4) == 1)
    // Slurm gave four processors of the node, though nothing binds the process to them.
    #expect(share(64, nil, 4, 2) == 2)
    #expect(share(2, nil, 4, 1) == 2)
    #expect(share(64, 6, 12, 2) == 6)
    #expect(share(4, 6, 12, 2) == 4)
    #expect(share(8, 0, 0, 0) == 8)
  }
}
