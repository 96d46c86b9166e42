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

  /// Memory that is resident now, in MB (2^20 bytes).
  static var residentMB: Double {
    guard let file = fopen("/proc/self/statm", "re") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, 128, file) != nil else { return 0 }
    let fields = line.prefix { $0 != 0 && $0 != 10 }.split(separator: 0x20)
    guard fields.count > 1 else { return 0 }
    let pages = String(decoding: fields[1].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return (Double(pages) ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
  }
}
