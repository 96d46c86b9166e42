import Balance
import Shardify
import ShardifyCore
import Terminal

/// What a balance of stages prints.
struct StagesText {
  let command: BalanceCommand
  let stages: [MixtureStage]

  func run(_ work: StagesBalance, _ progress: Progress) throws {
    let start = ProgressLine.now()
    let isQuiet = command.output.quiet || command.output.json
    let outcomes =
      command.dryRun
      ? try work.plan()
      : try ProgressLine.show(progress, unit: .tokens, quiet: isQuiet) { try work.run() }
    if command.output.json {
      let items = zip(stages, outcomes).map { stage, outcome in
        let object =
          outcome.manifest.map { ManifestText.json($0, dataset: folder(stage)) }
          ?? outcome.plan.json()
        return "{\"stage\":\(JSONText.quoted(stage.name)),\"plan\":\(object)}"
      }
      Console.out("[" + items.joined(separator: ",") + "]")
      return
    }
    if command.output.quiet { return }
    for (number, (stage, outcome)) in zip(stages, outcomes).enumerated() {
      Console.out("== \(stage.name)")
      Console.out(outcome.plan.table(top: command.top))
      if number == 0, let line = command.continuing.text(outcome.continuation) {
        Console.out(line)
      }
      if let manifest = outcome.manifest {
        Console.out(
          ManifestText.text(
            outcome, manifest, dataset: folder(stage), seconds: ProgressLine.now() - start))
      } else {
        Console.out(ManifestText.planned(outcome))
      }
    }
  }

  private func folder(_ stage: MixtureStage) -> String {
    (command.dataset ?? "") + "/" + stage.name
  }
}
