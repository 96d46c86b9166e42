/// What writes a dataset's missing files again, as a line for people.
enum RedoText {
  /// The command that made a dataset, to be given again for the folder where it is now.
  ///
  /// - Parameters:
  ///   - recorded: As the manifest has it; the folder in it may be one the dataset was moved from.
  ///   - folder: The dataset as the user named it.
  ///   - plan: A fact of the plan.
  static func command(
    recorded: String?, folder: String, plan: (String) -> String?
  ) -> String {
    if let recorded, let moved = moved(recorded, to: folder) { return moved }
    let facts = [
      plan("policy"), plan("budget_tokens").map { "budget \($0)" },
      plan("shard_count").map { "\($0) shards" }, plan("seed").map { "seed \($0)" },
    ].compactMap { $0 }
    let mixture = plan("mixture").map { "; the whole mixture: \($0)" } ?? ""
    return "shardify balance STORE --to \(folder) (\(facts.joined(separator: ", "))\(mixture))"
  }

  /// A recorded command line with another folder after `--to`; nil if it has none, or one that
  /// quoting makes unclear.
  private static func moved(_ command: String, to folder: String) -> String? {
    if command.utf8.contains(UInt8(ascii: "'")) {
      // Words in quotes may hold spaces: only a plain word after --to is found for sure.
      guard !folder.utf8.contains(UInt8(ascii: "'")) else { return nil }
    }
    var words = command.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard let place = words.firstIndex(where: { $0 == "--to" || $0.hasPrefix("--to=") }) else {
      return nil
    }
    if words[place] != "--to" {
      guard !words[place].contains("'") else { return nil }
      words[place] = "--to=" + folder
    } else {
      guard place + 1 < words.count, !words[place + 1].contains("'") else { return nil }
      words[place + 1] = folder
    }
    return words.joined(separator: " ")
  }
}
