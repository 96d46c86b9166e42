import Glibc

/// What the process has used so far.
enum ProcessUse {
  static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  static var cpuSeconds: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }
  static var wallSeconds: Double { seconds(CLOCK_MONOTONIC) }

  /// The most memory that was resident, in MB as `ru_maxrss` has them.
  static var peakMB: Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) / 1024
  }
}
