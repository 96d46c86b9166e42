import Detect
import Files
import Ingest
import Logging
import Manifest
import ShardifyCore
import Shards

/// Finds the inputs of a stage that reads text once.
struct SourceFinder {
  let options: SourceOptions
  /// What failed, for errors: `cannot train tokenizer`.
  let what: String

  /// What is to be read, and how languages are told.
  struct Found: Sendable {
    var inputs: [SourceInput]
    var languageSource: IngestOptions.LanguageSource
    /// What a store holds out and training must not see; nil without a store.
    var heldOut: HeldOut?
    /// The model that a store's languages were told with; nil without a store.
    var languageModel: SHA256.Digest?
    /// Files in folders that were passed over.
    var skippedPaths: [String] = []
  }

  /// What a store holds out.
  struct HeldOut: Sendable {
    var key: StoreKey
    var threshold: UInt64
    var chosen: Holdout

    func contains(_ text: UnsafeRawBufferPointer, _ language: LanguageTag) -> Bool {
      let content = ContentHash(of: text)
      return key.holdoutRank(of: content) < threshold
        || chosen.documents[language]?.contains(content) ?? false
    }
  }

  func find() throws -> Found {
    if let store = options.store {
      guard options.inputs.isEmpty else {
        throw StageFailure(
          .options, what, found: "inputs and --store", expected: "one of them")
      }
      return try find(store: store)
    }
    let found = try InputFinder.search(options.inputs)
    return Found(
      inputs: found.files.map { SourceInput(file: $0, documents: options.documents) },
      languageSource: options.languageSource, skippedPaths: found.skippedPaths)
  }

  private func find(store folder: String) throws -> Found {
    let store = try TokenStore.open(folder)
    let facts = store.facts
    var inputs: [SourceInput] = []
    for record in try store.catalog.inputs() {
      if record.name.hasPrefix("-") {
        throw StageFailure(
          .input, what, path: folder, found: "an input from standard input",
          expected: "inputs that can be read again", remedy: "name the corpus itself")
      }
      guard let documents = StoredOptions.read(record.options) else {
        throw StageFailure(
          .damaged, "cannot read token store", path: store.catalog.path,
          found: "options \(record.options.debugDescription)", expected: "those of an ingest")
      }
      let found = try InputFinder.search([record.name]).files
      guard let file = found.first, found.count == 1 else { continue }
      var check = IngestOptions(inputs: [], store: folder, tokenizer: "")
      check.documents = documents
      try InputCheck(options: check).check(
        file, record, try store.catalog.units(of: record.number))
      inputs.append(SourceInput(file: file, documents: documents))
    }
    guard !inputs.isEmpty else {
      throw StageFailure(
        .input, what, path: folder, found: "a store without inputs", expected: "at least one")
    }
    return Found(
      inputs: inputs,
      languageSource: IngestOptions.LanguageSource(rawValue: facts.languageSource) ?? .model,
      heldOut: HeldOut(
        key: facts.storeKey, threshold: facts.holdoutThreshold, chosen: try store.holdout()),
      languageModel: facts.languageModelDigest)
  }

  /// The detector, checked against the store's.
  func detector(_ found: Found) throws -> Detector {
    let detector = try Detector(modelPath: options.languageModel)
    if let wanted = found.languageModel, wanted != detector.modelFingerprint {
      throw StageFailure(
        .options, what, path: options.store,
        found: "language model \(detector.modelName)", expected: "the one the store was made with",
        remedy: "give it with --language-model")
    }
    return detector
  }
}

/// The one line in which a store keeps what a document of an input is; see
/// `IngestOptions.documentOptionsText`.
enum StoredOptions {
  static func read(_ text: String) -> DocumentOptions? {
    // A field's name may hold spaces: values end where the next key begins.
    let keys = ["format", "text", "id", "language", "source", "separator", "max", "repair"]
    var values: [String: String] = [:]
    var rest = Substring(text)
    for (number, key) in keys.enumerated() {
      guard rest.hasPrefix("\(key)=") else { return nil }
      rest = rest.dropFirst(key.count + 1)
      if number + 1 < keys.count {
        guard let next = rest.firstRange(of: " \(keys[number + 1])=") else { return nil }
        values[key] = String(rest[..<next.lowerBound])
        rest = rest[next.lowerBound...].dropFirst()
      } else {
        values[key] = String(rest)
      }
    }
    guard let format = InputFormat(rawValue: values["format"] ?? ""),
      let limit = Int(values["max"] ?? ""), let repair = Bool(values["repair"] ?? ""),
      let separator = values["separator"]
    else { return nil }
    var options = DocumentOptions(format: format)
    options.textField = values["text"] ?? ""
    options.idField = values["id"] ?? ""
    options.languageField = values["language"].flatMap { $0 == "-" ? nil : $0 }
    options.sourceField = values["source"].flatMap { $0 == "-" ? nil : $0 }
    if separator != "none" {
      guard let bytes = bytes(ofHex: separator) else { return nil }
      options.documentSeparator = bytes
    }
    options.maxDocumentBytes = limit
    options.repairUTF8 = repair
    return options
  }

  private static func bytes(ofHex text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count % 2 == 0 else { return nil }
    var out: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16)
      else { return nil }
      out.append(byte)
    }
    return out
  }
}
