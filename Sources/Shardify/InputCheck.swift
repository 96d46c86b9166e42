import Ingest
import Manifest
import ShardifyCore

/// Notices an input that is not what it was when the store read it.
struct InputCheck {
  let options: IngestOptions

  /// - Throws: A failure naming the input, if what was read is no longer what is there.
  func check(_ file: InputFile, _ former: InputRecord, _ units: [UnitRecord]) throws {
    guard file.path != "-" || !units.isEmpty else { return }
    if former.options != options.documentOptionsText && !(former.isDone && units.isEmpty) {
      throw StageFailure(
        .options, "cannot go on with input", path: file.path,
        found: "options \(options.documentOptionsText)", expected: former.options,
        remedy: "use the options it was begun with, or a new store")
    }
    let unchanged =
      file.fileSizeBytes == former.fileSizeBytes
      && file.modifiedNanoseconds == former.modifiedNanoseconds
    if unchanged && file.path != "-" { return }
    // A new time alone says nothing: the bytes decide, unit by unit.
    if file.path == "-" { return }
    try compare(file, former, units)
  }

  private func compare(
    _ file: InputFile, _ former: InputRecord, _ units: [UnitRecord]
  ) throws {
    let reader = try ChunkReader(
      file, options: options.documents, unitBytes: options.unitBytes, chunkBytes: 512 << 10)
    var hash = SHA256()
    var current: (unit: Int, bytes: Int)?
    var remaining = units[...]
    func end() throws {
      guard let (unit, bytes) = current else { return }
      let digest = hash.finish().leading128.high
      current = nil
      // A unit whose run was lost is read anew, as it is now.
      if !former.isDone, let next = remaining.first, next.unit > unit { return }
      guard let expected = remaining.popFirst() else {
        if former.isDone { throw changed(file, former, "more text than was read") }
        return
      }
      guard expected.unit == unit, expected.bytes == bytes, expected.digest == digest else {
        throw changed(file, former, "other bytes from byte \(unit * options.unitBytes)")
      }
    }
    while let chunk = try reader.next() {
      if let open = current, open.unit != chunk.unit { try end() }
      if current == nil {
        if remaining.isEmpty && !former.isDone { return }
        current = (chunk.unit, 0)
      }
      current?.bytes += chunk.byteCount
      chunk.withUnsafeBytes { hash.update($0) }
    }
    try end()
    if let missing = remaining.first {
      throw changed(
        file, former, "an end before byte \((missing.unit + 1) * options.unitBytes)")
    }
  }

  private func changed(
    _ file: InputFile, _ former: InputRecord, _ found: String
  ) -> StageFailure {
    StageFailure(
      .input, "input changed since it was read", path: file.path,
      found: "\(found), \(file.fileSizeBytes) bytes",
      expected: "what the store has read, \(former.fileSizeBytes) bytes",
      remedy: "put the old file back, give the new one another name, or use a new store")
  }
}
