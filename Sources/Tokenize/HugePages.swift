import Glibc

/// Memory for tables that are read at random: asked for in huge pages, which spare most of the
/// address look-ups. Zeroed. Free it with `free`.
enum HugePages {
  private static let pageBytes = 2 << 20

  static func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
    let isLarge = byteCount >= pageBytes / 2
    let size = isLarge ? (byteCount + pageBytes - 1) / pageBytes * pageBytes : max(64, byteCount)
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, isLarge ? pageBytes : 64, size) == 0, let memory else {
      // Out of memory: fail as every other allocation does.
      return UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    }
    // Before the first touch, or the pages are small already.
    if isLarge { madvise(memory, size, Int32(MADV_HUGEPAGE)) }
    memset(memory, 0, byteCount)
    return memory
  }

  static func free(_ memory: UnsafeMutableRawPointer) { Glibc.free(memory) }
}
