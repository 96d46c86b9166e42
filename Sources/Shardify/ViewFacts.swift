import Manifest
import ShardifyCore

/// The filters and label map of a view as facts of plan and manifest, so that the same view can be
/// made again; `docs/manifest.md`.
struct ViewFacts {
  /// Keys and values.
  let rows: [(String, String)]

  init(_ view: StoreView) {
    var rows: [(String, String)] = []
    // A reader may find several conditions in one text: each is a line, what is a newline in one
    // is written as in the canonical dump.
    rows.append(("where", view.conditions.map(DatasetManifest.escaped).joined(separator: "\n")))
    rows.append(
      (
        "label_map",
        view.labelMap.pairs.map { "\($0.from) \($0.to)" }.joined(separator: "\n")
      ))
    rows.append(("exclude_hashes", "\(view.excludedHashes?.hashes.count ?? 0)"))
    rows.append(("exclude_hashes_found", "\(view.excludedHashes?.foundCount ?? 0)"))
    rows.append(("exclude_hashes_sha256", view.excludedHashes.map { "\($0.digest)" } ?? "none"))
    self.rows = rows
  }

  /// The view a dataset was made through.
  ///
  /// - Parameter excludedHashes: The file of the list, which a dataset names only by its digest.
  /// - Returns: What keeps it from being made again, if anything does.
  static func view(
    of store: TokenStore, _ manifest: DatasetManifest, excludedHashes: String?
  ) throws -> Result<StoreView, VerifyProblem> {
    var options = try options(manifest)
    guard let digest = excludedDigest(manifest) else {
      return .success(try StoreView(store: store, options: options))
    }
    guard let excludedHashes else {
      return .failure(
        VerifyProblem(
          line:
            "store: cannot be compared without the list of \(excludedCount(manifest)) hashes that "
            + "the dataset leaves out; give it with --exclude-hashes"))
    }
    let list = try ExcludedHashes.read(excludedHashes)
    guard "\(list.digest)" == digest else {
      return .failure(
        VerifyProblem(
          line:
            "store: \(excludedHashes): hashes with SHA-256 \(list.digest), expected \(digest) as "
            + "in the manifest"))
    }
    options.excludedHashes = list
    return .success(try StoreView(store: store, options: options))
  }

  /// The conditions, label map and division of a dataset; the list of hashes is not in it.
  static func options(_ manifest: DatasetManifest) throws -> ViewOptions {
    func fact(_ key: String) -> String { manifest.dataset[key] ?? "" }
    var options = ViewOptions()
    options.conditions = fact("where").split(separator: "\n").map { DatasetManifest.unescaped($0) }
    options.sourcePatterns = SourceParts.patterns(manifest.dataset[SourceParts.fact])
    options.labelMap = try LabelMap.parse(Array(fact("label_map").utf8), path: "manifest label_map")
    return options
  }

  /// The digest of the list of hashes a dataset was made without; nil if it used none.
  static func excludedDigest(_ manifest: DatasetManifest) -> String? {
    let digest = manifest.dataset["exclude_hashes_sha256"] ?? "none"
    return digest.isEmpty || digest == "none" ? nil : digest
  }

  /// How many hashes that list has, as text.
  static func excludedCount(_ manifest: DatasetManifest) -> String {
    manifest.dataset["exclude_hashes"] ?? "?"
  }
}
