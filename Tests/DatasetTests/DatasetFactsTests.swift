import Dataset
import Files
import Glibc
import Load
import Manifest
import ShardifyCore
import Testing

@Suite struct DatasetFactsTests {
  func manifest() throws -> DatasetManifest {
    var manifest = DatasetManifest()
    manifest.dataset = [
      "token_width_bytes": "2", "vocabulary_size": "300", "end_of_text_id": "299",
      "plan_sha256": "\(SHA256.of([7]))",
    ]
    for (tag, tokens) in [("aaa_Latn", 70), ("bbb_Cyrl", 30)] {
      var language = DatasetManifest.Language(tag: try #require(LanguageTag(tag)))
      language.writtenTokens = tokens
      manifest.languages.append(language)
    }
    for (split, number) in [(DatasetManifest.Split.train, 0), (.train, 1), (.holdout, 0)] {
      manifest.shards.append(
        DatasetManifest.Shard(
          split: split, shard: number, path: "\(split)/shard-\(number).zst", fileSizeBytes: 1000,
          tokens: 50 + number, pieces: 3, fileDigest: SHA256.of([UInt8(number)]),
          payloadDigest: SHA256.of([])))
    }
    return manifest
  }

  /// Writes a manifest with its fingerprint; the facts read back.
  func facts(_ manifest: DatasetManifest, in folder: TemporaryFolder) throws -> DatasetFacts {
    var sealed = manifest
    sealed.dataset["fingerprint"] = "\(manifest.fingerprint)"
    try ManifestFile.write(sealed, to: folder.path + "/manifest.sqlite")
    return try DatasetFacts(manifest: folder.path)
  }

  @Test func factsAreThoseOfTheManifest() throws {
    let folder = try TemporaryFolder()
    let manifest = try manifest()
    let facts = try facts(manifest, in: folder)
    #expect(facts.folder == folder.path)
    #expect(facts.fingerprint == manifest.fingerprint)
    #expect(facts.plan == SHA256.of([7]))
    #expect(facts.tokenWidthBytes == 2 && facts.vocabularySize == 300 && facts.endOfTextID == 299)
    #expect(facts.languages.map { "\($0)" } == ["aaa_Latn", "bbb_Cyrl"])
    #expect(facts.languageTokens == [70, 30])
    #expect(facts.shards.map(\.path) == ["train/shard-0.zst", "train/shard-1.zst"])
    #expect(facts.shards.map(\.tokens) == [50, 51])
    #expect(facts.holdout.map(\.path) == ["holdout/shard-0.zst"])
    #expect(try DatasetFacts(manifest: folder.path + "/manifest.sqlite").shards.count == 2)
  }

  @Test func factsOutOfRangeAreRefusedByName() throws {
    for (name, value) in [
      ("token_width_bytes", "3"), ("vocabulary_size", "-1"), ("vocabulary_size", "x"),
      ("end_of_text_id", "300"), ("end_of_text_id", "-1"), ("vocabulary_size", ""),
      ("plan_sha256", "12"), ("plan_sha256", ""),
    ] {
      let folder = try TemporaryFolder()
      var manifest = try manifest()
      manifest.dataset[name] = value
      #expect {
        _ = try facts(manifest, in: folder)
      } throws: { error in
        (error as? LoadFailure)?.message.contains(name) == true
      }
    }
  }

  @Test func aMissingManifestIsNamed() {
    #expect {
      _ = try DatasetFacts(manifest: "/nowhere/manifest.sqlite")
    } throws: { error in
      (error as? LoadFailure)?.message.contains("/nowhere/manifest.sqlite") == true
    }
  }
}

/// A folder that is removed with everything in it.
final class TemporaryFolder {
  let path: String

  init() throws {
    var random = SystemRandomNumberGenerator()
    path = "/tmp/shardify-dataset-tests-\(random.next())"
    try FileSystem.makeFolders(path)
  }

  deinit {
    for name in (try? FileSystem.names(in: path)) ?? [] {
      try? FileSystem.remove(path + "/" + name)
    }
    rmdir(path)
  }
}
