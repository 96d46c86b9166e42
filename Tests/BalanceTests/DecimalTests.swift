import Testing

@testable import Balance

@Suite struct DecimalTests {
  @Test func everyThousandthOfAThousandIsWhole() {
    for thousandths in 0...1000 {
      let share = Decimal(share: Double(thousandths) / 1000)
      #expect(share.of(1000) == thousandths)
      #expect(share.roundedUp(of: 1000) == thousandths)
      #expect(Decimal(epochs: Double(thousandths) / 1000).of(1000) == thousandths)
    }
    #expect(Decimal(share: 0.5).of(3) == 1)
    #expect(Decimal(share: 0.5).roundedUp(of: 3) == 2)
  }

  @Test func productsStopAtTheLargestTotal() {
    #expect(Decimal(epochs: 1e9).of(Quotas.largestTotal) == Quotas.largestTotal)
    #expect(Decimal(share: 1).of(Quotas.largestTotal) == Quotas.largestTotal)
    #expect(Decimal(share: 1).roundedUp(of: Quotas.largestTotal) == Quotas.largestTotal)
  }
}
