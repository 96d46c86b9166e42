import Glibc
import ShardifyCore
import Testing

@testable import Balance

@Suite struct PowerTests {
  @Test func agreesWithTheCLibrary() {
    var random = SeededRandom(seed: 5)
    for _ in 0..<20_000 {
      let base = Double(random.next() >> 11) / 0x1p53 * Glibc.pow(10, -Double(random.below(15)))
      guard base > 0 else { continue }
      let exponent = Double(random.below(4000)) / 1000
      let expected = Glibc.pow(base, exponent)
      guard expected > 1e-290 else { continue }
      let error = abs(Power.raise(base, to: exponent) / expected - 1)
      #expect(error < 5e-14, "\(base)^\(exponent)")
    }
  }

  @Test func trivialPowersAreExact() {
    for base in [1.0, 0.5, 0.3, 1e-18, 0x1p-1074] {
      #expect(Power.raise(base, to: 0) == 1)
      #expect(Power.raise(base, to: 1) == base)
    }
    #expect(Power.raise(1, to: 1e300) == 1)
    #expect(Power.raise(0.5, to: 1e300) == 0)
    #expect(Power.raise(0.25, to: 0.5) == 0.5)
  }

  @Test func bitsAreFixed() {
    // Values of this implementation, frozen: a change would move quotas of existing datasets.
    #expect(Power.raise(0.1, to: 0.3).bitPattern == 4_602_689_512_822_489_683)
    #expect(Power.raise(1e-9, to: 1 / 3.33).bitPattern == 4_566_718_641_618_489_143)
  }
}
