import Load
import ShardifyCore
import Testing

@Suite struct LoaderStateTests {
  let identity = OrderIdentity(dataset: dataset, seed: 1, sequenceLength: 128, lanes: 8)

  @Test func stateSurvivesItsTextForm() throws {
    let state = LoaderState(identity: identity, samplesConsumed: 12345)
    #expect(try LoaderState(fields: state.fields, path: nil) == state)
  }

  @Test func damagedFieldsAreRefusedByName() {
    let fields = LoaderState(identity: identity, samplesConsumed: 5).fields
    for name in fields.keys.sorted() {
      var cut = fields
      cut[name] = nil
      #expect(throws: LoadFailure.self) { _ = try LoaderState(fields: cut, path: "c") }
      cut[name] = "x"
      #expect {
        _ = try LoaderState(fields: cut, path: "c")
      } throws: { error in
        (error as? LoadFailure)?.message.contains(name.dropFirst("loader.".count)) == true
      }
    }
    var other = fields
    other["loader.seed"] = "2"
    #expect(throws: LoadFailure.self) { _ = try LoaderState(fields: other, path: "c") }
  }

  @Test func anotherOrderIsRefusedNamingTheValue() {
    func message(_ change: (inout OrderIdentity) -> Void) -> String {
      var saved = identity
      change(&saved)
      let state = LoaderState(identity: saved, samplesConsumed: 0)
      do throws(LoadFailure) {
        try identity.check(state, path: "run/checkpoint")
        return "accepted"
      } catch { return error.message }
    }
    #expect(message { _ in } == "accepted")
    #expect(
      message { $0.seed = 9 } == "cannot resume: run/checkpoint: seed 9, expected 1; use --seed 9")
    #expect(message { $0.lanes = 4 }.contains("lanes 4, expected 8; use --lanes 4"))
    #expect(message { $0.sequenceLength = 64 }.contains("sequence length 64, expected 128"))
    #expect(message { $0.dataset = SHA256.of([1]) }.contains("dataset "))
  }
}
