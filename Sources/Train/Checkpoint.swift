import Files
import Load
import ShardifyCore

/// Everything a run needs to go on: weights, optimizer, step and loader state, in one safetensors
/// file. One file and one rename, so there is never half a checkpoint.
///
/// Tensors are named `model.X`, `optimizer.first.X` and `optimizer.second.X`; the rest is in the
/// metadata, with the SHA-256 of the data.
struct Checkpoint {
  /// Steps done.
  var step: Int
  /// Updates the optimizer has done.
  var updates: Int
  /// Where the loader is.
  var loader: LoaderState
  /// The tokenizer of the dataset, if it is known.
  var tokenizer: SHA256.Digest?
  /// The checkpoint of another dataset that the run on this one began with.
  var origin: StageOrigin?

  private static let groups = ["model.", "optimizer.first.", "optimizer.second."]

  /// Writes a checkpoint.
  ///
  /// - Parameter buffers: Parameters, first and second moment.
  func write(to path: String, _ model: GPT, _ buffers: [FloatBuffer]) throws(TrainFailure) {
    var metadata = loader.fields
    for (name, value) in model.shape.fields { metadata[name] = value }
    metadata["format"] = "shardify checkpoint v1"
    metadata["trainer.step"] = "\(step)"
    metadata["optimizer.updates"] = "\(updates)"
    if let tokenizer { metadata["trainer.tokenizer_sha256"] = "\(tokenizer)" }
    if let origin {
      metadata["trainer.started_from"] = origin.path
      metadata["trainer.started_at_step"] = "\(origin.step)"
    }
    metadata["sha256"] = "\(Self.digest(buffers))"
    do throws(FileFailure) {
      try SafeTensors.write(
        to: path, metadata: metadata, entries: Self.entries(model.layout), buffers: buffers)
    } catch { throw .wrapping(.file, error) }
  }

}

extension Checkpoint {
  /// Reads a checkpoint into the buffers of a model of the same shape.
  ///
  /// - Throws: `.checkpoint` if the file is damaged, `.configuration` if it is whole but of another
  ///   model.
  init(path: String, _ model: GPT, into buffers: [FloatBuffer]) throws(TrainFailure) {
    let file = try Self.open(path)
    let header = try SafeTensors.readHeader(file, path: path)
    try self.init(header: header, path: path, model)
    for wanted in Self.entries(model.layout) where header.entries[wanted.name] != wanted {
      throw Self.refuse(
        .checkpoint, path, "no tensor \(wanted.name)", "shape \(wanted.shape)", Self.damaged)
    }
    try Self.readData(file, header, path, buffers)
  }

  /// Reads what a checkpoint says of itself, and no tensors.
  init(factsOf path: String, _ model: GPT) throws(TrainFailure) {
    let file = try Self.open(path)
    try self.init(header: try SafeTensors.readHeader(file, path: path), path: path, model)
  }

  private static let damaged = "the file is damaged; use another checkpoint"

  private static func refuse(
    _ code: TrainFailureCode, _ path: String, _ found: String, _ expected: String, _ remedy: String
  ) -> TrainFailure {
    TrainFailure(
      code, "cannot read checkpoint", path: path, found: found, expected: expected, remedy: remedy)
  }

  private static func open(_ path: String) throws(TrainFailure) -> FileDescriptor {
    do throws(FileFailure) { return try FileDescriptor.readRegular(path) } catch {
      throw .wrapping(.checkpoint, error)
    }
  }

  private init(
    header: SafeTensors.Header, path: String, _ model: GPT
  ) throws(TrainFailure) {
    let metadata = header.metadata
    guard metadata["format"] == "shardify checkpoint v1" else {
      throw Self.refuse(
        .checkpoint, path, "format \(metadata["format"]?.prefix(80) ?? "missing")",
        "shardify checkpoint v1", "use a checkpoint that train-from-manifest wrote")
    }
    for (name, wanted) in model.shape.fields where metadata[name] != wanted {
      let label = name.dropFirst("model.".count).split(separator: "_").joined(separator: " ")
      throw Self.refuse(
        .configuration, path, "\(label) \(metadata[name]?.prefix(40) ?? "missing")", wanted,
        "give the model options it was made with, or start anew with --resume none")
    }
    do throws(LoadFailure) { loader = try LoaderState(fields: metadata, path: path) } catch {
      throw .wrapping(.checkpoint, error)
    }
    guard let step = metadata["trainer.step"].flatMap({ Int($0) }), (0...1 << 48).contains(step),
      let updates = metadata["optimizer.updates"].flatMap({ Int($0) }),
      (0...1 << 48).contains(updates)
    else {
      throw Self.refuse(
        .checkpoint, path, "no step", "the number of steps done", Self.damaged)
    }
    self.step = step
    self.updates = updates
    tokenizer = metadata["trainer.tokenizer_sha256"].flatMap { SHA256.Digest(hex: $0) }
    if let from = metadata["trainer.started_from"],
      let first = metadata["trainer.started_at_step"].flatMap({ Int($0) }),
      (0...step).contains(first)
    {
      origin = StageOrigin(path: String(from.prefix(4096)), step: first)
    }
  }

  private static func readData(
    _ file: borrowing FileDescriptor, _ header: SafeTensors.Header, _ path: String,
    _ buffers: [FloatBuffer]
  ) throws(TrainFailure) {
    var offset = header.dataOffset
    for buffer in buffers {
      guard try SafeTensors.read(file, at: offset, into: buffer) else {
        throw TrainFailure(
          .checkpoint, "cannot read checkpoint", path: path, found: "\(header.dataBytes) bytes",
          expected: "\(buffers.reduce(0) { $0 + 4 * $1.count })",
          remedy: "the file is truncated; use another checkpoint")
      }
      offset += 4 * buffer.count
    }
    let found = "\(digest(buffers))"
    guard found == header.metadata["sha256"] else {
      throw TrainFailure(
        .checkpoint, "cannot read checkpoint", path: path, found: "data with sha256 \(found)",
        expected: header.metadata["sha256"].map { String($0.prefix(64)) } ?? "a sha256",
        remedy: "the file is damaged; use another checkpoint")
    }
  }

  private static func entries(_ layout: ParameterLayout) -> [SafeTensors.Entry] {
    groups.enumerated().flatMap { place, group in
      layout.tensors.map {
        SafeTensors.Entry(
          name: group + $0.name, shape: $0.shape, firstByte: 4 * (place * layout.count + $0.offset),
          byteCount: 4 * $0.count)
      }
    }
  }

  private static func digest(_ buffers: [FloatBuffer]) -> SHA256.Digest {
    var hash = SHA256()
    for buffer in buffers { hash.update(UnsafeRawBufferPointer(buffer.elements)) }
    return hash.finish()
  }
}
