import Files
import Load
import Manifest
import ShardifyCore

extension DatasetFacts {
  /// Reads what a loader needs from a manifest.
  ///
  /// - Parameter path: A `manifest.sqlite`, or the folder that holds one.
  /// - Throws: `.dataset` if the manifest cannot be read or lacks a fact.
  public init(manifest path: String) throws(LoadFailure) {
    let file = FileSystem.status(path)?.kind == .folder ? path + "/manifest.sqlite" : path
    let manifest: DatasetManifest
    do throws(ManifestFailure) { manifest = try ManifestFile.read(file) } catch {
      throw LoadFailure(
        .dataset, error.what, path: error.path, offset: error.offset, found: error.found,
        expected: error.expected, remedy: error.remedy)
    }
    func fact<T>(_ name: String, _ parse: (String) -> T?) throws(LoadFailure) -> T {
      guard let text = manifest.dataset[name], let value = parse(text) else {
        throw LoadFailure(
          .dataset, "cannot open manifest", path: file,
          found: manifest.dataset[name].map { "\(name) \($0.prefix(80))" } ?? "no \(name)",
          expected: "a valid \(name)", remedy: "it is damaged; run the same balance again")
      }
      return value
    }
    func shards(_ split: DatasetManifest.Split) -> [ShardFacts] {
      manifest.shards.filter { $0.split == split }.map {
        ShardFacts(
          path: $0.path, tokens: $0.tokens, fileSizeBytes: $0.fileSizeBytes,
          sha256: $0.fileDigest)
      }
    }
    self.init(
      folder: FileSystem.parent(file),
      fingerprint: try fact("fingerprint") { SHA256.Digest(hex: $0) },
      plan: try fact("plan_sha256") { SHA256.Digest(hex: $0) },
      tokenWidthBytes: try fact("token_width_bytes") {
        Int($0).flatMap { $0 == 2 || $0 == 4 ? $0 : nil }
      },
      vocabularySize: try fact("vocabulary_size") {
        Int($0).flatMap { (2...1 << 24).contains($0) ? $0 : nil }
      },
      endOfTextID: try fact("end_of_text_id") { TokenID($0) },
      languages: manifest.languages.map(\.tag), shards: shards(.train), holdout: shards(.holdout),
      languageTokens: manifest.languages.map(\.writtenTokens),
      tokenizer: manifest.dataset["tokenizer_sha256"].flatMap { SHA256.Digest(hex: $0) })
    guard Int(endOfTextID) < vocabularySize else {
      throw LoadFailure(
        .dataset, "cannot open manifest", path: file, found: "end_of_text_id \(endOfTextID)",
        expected: "below \(vocabularySize)", remedy: "it is damaged; run the same balance again")
    }
  }
}
