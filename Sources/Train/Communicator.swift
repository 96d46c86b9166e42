import CMPI
import Glibc
import ShardifyCore

/// The ranks of a training run: one process by itself, or many under `mpirun` or `srun`.
///
/// MPI is started only when a launcher started this process, so one process needs no launcher.
/// For the thread that made it only.
public final class Communicator {
  /// This rank, from 0.
  public let rank: Int
  /// Ranks.
  public let worldSize: Int
  /// Ranks on this one's node, itself among them.
  public let localRanks: Int
  private let usesMPI: Bool
  private var watchdog: Watchdog?
  /// MPI counts elements in 32 bits.
  private static let partSize = 1 << 24

  /// One process.
  public init() {
    rank = 0
    worldSize = 1
    localRanks = 1
    usesMPI = false
  }

  /// What the environment says: the variables of `mpirun` and of `srun --mpi=pmix`.
  ///
  /// - Throws: `.ranks` if MPI does not start, or `srun` started several tasks without PMIx.
  public init(environment: [String: String]) throws(TrainFailure) {
    let launched = environment["OMPI_COMM_WORLD_SIZE"] != nil || environment["PMIX_RANK"] != nil
    guard launched else {
      let tasks = environment["SLURM_STEP_NUM_TASKS"].flatMap { Int($0) } ?? 1
      if tasks > 1 {
        throw TrainFailure(
          .ranks, "cannot start ranks", found: "\(tasks) Slurm tasks without PMIx",
          expected: "PMIx", remedy: "start with srun --mpi=pmix")
      }
      rank = 0
      worldSize = 1
      localRanks = 1
      usesMPI = false
      return
    }
    guard shardify_mpi_start() == 0 else {
      throw TrainFailure(
        .ranks, "cannot start ranks", found: "MPI_Init failed", remedy: "check the launcher")
    }
    rank = Int(shardify_mpi_rank())
    worldSize = Int(shardify_mpi_size())
    localRanks = max(1, Int(shardify_mpi_local_size()))
    usesMPI = true
    guard rank >= 0, worldSize >= 1 else {
      throw TrainFailure(.ranks, "cannot start ranks", found: "rank \(rank) of \(worldSize)")
    }
  }

  /// The environment of this process, as far as launchers use it.
  public static var environment: [String: String] {
    var found: [String: String] = [:]
    for name in ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "SLURM_STEP_NUM_TASKS"] {
      if let value = getenv(name) { found[name] = String(cString: value) }
    }
    return found
  }

  /// To be called once by every rank that ends in order.
  public func finish() { if usesMPI { _ = shardify_mpi_finish() } }

  /// Ends all ranks at once; does not return under MPI.
  public func abort(status: Int32) { if usesMPI { shardify_mpi_abort(status) } }

  /// From now on, ends this process when the others keep it waiting for longer; 0 for never.
  func watch(timeoutSeconds: Int) {
    guard usesMPI, worldSize > 1, timeoutSeconds > 0, watchdog == nil else { return }
    watchdog = Watchdog(timeoutSeconds: timeoutSeconds, rank: rank)
  }

  /// Replaces the values by their sums over all ranks.
  func sum(_ values: FloatBuffer) throws(TrainFailure) {
    guard usesMPI, worldSize > 1 else { return }
    var start = 0
    while start < values.count {
      let count = min(Self.partSize, values.count - start)
      try exchange { shardify_mpi_sum_floats(values.base + start, Int32(count)) }
      start += count
    }
  }

  /// The sums over all ranks.
  func sum(_ values: [Double]) throws(TrainFailure) -> [Double] {
    guard usesMPI, worldSize > 1 else { return values }
    var sums = values
    try exchange {
      sums.withUnsafeMutableBufferPointer {
        shardify_mpi_sum_doubles($0.baseAddress, Int32($0.count))
      }
    }
    return sums
  }

  /// Gives all ranks the values of rank 0.
  func broadcast(_ values: FloatBuffer) throws(TrainFailure) {
    guard usesMPI, worldSize > 1 else { return }
    var start = 0
    while start < values.count {
      let count = min(Self.partSize, values.count - start)
      try exchange { shardify_mpi_broadcast(values.base + start, Int32(4 * count)) }
      start += count
    }
  }

  /// Gives all ranks the numbers of rank 0, which must be as many everywhere.
  func broadcast(_ values: [Int64]) throws(TrainFailure) -> [Int64] {
    guard usesMPI, worldSize > 1 else { return values }
    var copy = values
    try exchange {
      copy.withUnsafeMutableBytes { shardify_mpi_broadcast($0.baseAddress, Int32($0.count)) }
    }
    return copy
  }

  /// The bytes of every rank, one after another; as many from each.
  func gather(_ bytes: [UInt8]) throws(TrainFailure) -> [UInt8] {
    guard usesMPI, worldSize > 1 else { return bytes }
    var all = [UInt8](repeating: 0, count: bytes.count * worldSize)
    try exchange {
      all.withUnsafeMutableBytes { room in
        bytes.withUnsafeBytes {
          shardify_mpi_gather_all($0.baseAddress, Int32($0.count), room.baseAddress)
        }
      }
    }
    return all
  }

  /// Stops all ranks if one sees another value than most.
  ///
  /// - Throws: `.ranks` on every rank, naming the ranks that differ.
  func checkAgreement(
    on digest: SHA256.Digest, what: String, remedy: String
  ) throws(TrainFailure) {
    let all = try gather(digest.bytes)
    let parts = stride(from: 0, to: all.count, by: 32).map { Array(all[$0..<$0 + 32]) }
    let differing = Self.minority(parts)
    guard differing.isEmpty else {
      let names = differing.prefix(8).map { "\($0)" }.joined(separator: ", ")
      let isOne = differing.count == 1
      throw TrainFailure(
        .ranks, "cannot train",
        found: "\(what) of rank\(isOne ? "" : "s") \(names) "
          + "\(isOne ? "differs" : "differ") from that of the others",
        expected: "the same everywhere", remedy: remedy)
    }
  }

  /// The ranks whose value is not that of most; of equally many, that of the lowest rank counts.
  static func minority(_ values: [[UInt8]]) -> [Int] {
    var counts: [[UInt8]: Int] = [:]
    for value in values { counts[value, default: 0] += 1 }
    let most = counts.values.max() ?? 0
    guard let common = values.first(where: { counts[$0] == most }) else { return [] }
    return values.indices.filter { values[$0] != common }
  }

  private func exchange(_ call: () -> Int32) throws(TrainFailure) {
    watchdog?.beginWait()
    let status = call()
    watchdog?.endWait()
    guard status == 0 else {
      throw TrainFailure(
        .ranks, "cannot exchange with other ranks", found: "MPI error \(status)",
        remedy: "start again; --resume auto goes on from the last checkpoint")
    }
  }
}
