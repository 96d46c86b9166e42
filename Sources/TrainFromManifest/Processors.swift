import Glibc
import ShardifyCore

/// How many threads a rank should compute with.
enum Processors {
  /// For a rank of this process's node, from its affinity, cgroup and Slurm.
  static func share(localRanks: Int) -> Int {
    func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
    return share(
      available: Parallel.availableProcessors, perTask: number("SLURM_CPUS_PER_TASK"),
      onNode: number("SLURM_CPUS_ON_NODE"), localRanks: localRanks)
  }

  /// - Parameters:
  ///   - available: What affinity and cgroup leave this process.
  ///   - perTask: What Slurm was asked to give each task.
  ///   - onNode: What Slurm gave the job on this node; affinity need not say so.
  ///   - localRanks: Ranks that share the node.
  static func share(available: Int, perTask: Int?, onNode: Int?, localRanks: Int) -> Int {
    if let perTask, perTask > 0 { return max(1, min(perTask, available)) }
    let given = onNode.map { $0 > 0 ? min($0, available) : available } ?? available
    return max(1, given / max(1, localRanks))
  }
}
