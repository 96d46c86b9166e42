import Files
import ShardifyCore

/// A folder of checkpoints named by their step: `checkpoint-00000200.safetensors`.
struct CheckpointFolder {
  let path: String
  /// Older ones are removed.
  let kept: Int

  func file(step: Int) -> String {
    let digits = "\(step)"
    return path + "/checkpoint-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
      + ".safetensors"
  }

  /// The checkpoints, the one with the highest step first.
  func files() throws(TrainFailure) -> [(step: Int, path: String)] {
    guard FileSystem.status(path)?.kind == .folder else { return [] }
    do throws(FileFailure) {
      return try FileSystem.names(in: path)
        .compactMap { name in Self.step(of: name).map { (step: $0, name: name) } }
        .sorted { $0.step > $1.step }
        .map { ($0.step, path + "/" + $0.name) }
    } catch { throw .wrapping(.file, error) }
  }

  /// Makes the folder, and tries that it can be written, before hours are spent.
  func prepare() throws(TrainFailure) {
    do throws(FileFailure) {
      try FileSystem.makeFolders(path)
      try FileSystem.writeAtomically([], to: path + "/.writable")
      try FileSystem.remove(path + "/.writable")
    } catch { throw .wrapping(.file, error) }
  }

  /// Removes all but the newest of those up to a step.
  func prune(through step: Int) throws(TrainFailure) {
    for old in try files().filter({ $0.step <= step }).dropFirst(max(1, kept)) {
      do throws(FileFailure) { try FileSystem.remove(old.path) } catch {
        throw .wrapping(.file, error)
      }
    }
  }

  private static func step(of name: String) -> Int? {
    guard name.hasPrefix("checkpoint-"), name.hasSuffix(".safetensors") else { return nil }
    return Int(name.dropFirst("checkpoint-".count).dropLast(".safetensors".count))
  }
}
