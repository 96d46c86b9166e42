import Glibc

/// Holds the lock of a SQLite file for writing, as another process would, until it goes.
final class ExclusiveLock {
  private let number: Int32

  struct Failed: Error {}

  init(_ path: String) throws {
    number = open(path, O_RDWR | O_CLOEXEC)
    // The bytes that SQLite locks: `PENDING_BYTE` and those after it. A lock of the open file
    // (`F_OFD_SETLK`) stands against those of this very process as well.
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = 0x4000_0000
    lock.l_len = 512
    let setLock: Int32 = 37
    guard number >= 0, withUnsafeMutablePointer(to: &lock, { fcntl(number, setLock, $0) }) == 0
    else { throw Failed() }
  }

  deinit { close(number) }
}
