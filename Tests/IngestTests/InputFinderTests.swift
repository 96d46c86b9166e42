import Foundation
import Ingest
import ShardifyCore
import Testing

@testable import Ingest

/// Files, folders and globs.
@Suite struct InputFinderTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for name in [
      "b.jsonl", "a.txt.gz", "sub/c.jsonl.zst", "sub/deep/d.md", "sub/notes.pdf", ".hidden.jsonl",
      ".git/e.jsonl", "Z.ndjson", "é.txt", "sub-2/c.jsonl", "empty/x.bin",
    ] { try folder.write(name, Array("x".utf8)) }
  }

  private func names(_ arguments: String...) throws -> [String] {
    try InputFinder.find(arguments.map { $0 == "-" ? $0 : folder.path + "/" + $0 })
      .map { $0.name.replacingOccurrences(of: folder.path + "/", with: "/") }
  }

  private func message(_ arguments: String...) -> String? {
    do throws(IngestFailure) {
      _ = try InputFinder.find(arguments.map { folder.path + "/" + $0 })
      return nil
    } catch { return error.message.replacingOccurrences(of: folder.path, with: "F") }
  }

  @Test func folderGivesKnownNamesSortedByBytes() throws {
    let found = try InputFinder.search([folder.path])
    #expect(
      found.files.map(\.name) == [
        "Z.ndjson", "a.txt.gz", "b.jsonl", "sub-2/c.jsonl", "sub/c.jsonl.zst", "sub/deep/d.md",
        "é.txt",
      ])
    #expect(
      found.skippedPaths.map { $0.dropFirst(folder.path.count) } == [
        "/empty/x.bin", "/sub/notes.pdf",
      ])
    #expect(found.files.allSatisfy { $0.fileSizeBytes == 1 && $0.modifiedNanoseconds > 0 })
    #expect(found.files.allSatisfy { $0.path.hasPrefix(folder.path + "/") })
  }

  @Test func sameFileByTwoWaysIsOneInput() throws {
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/link.jsonl", withDestinationPath: folder.path + "/b.jsonl")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/sub/up", withDestinationPath: folder.path)
    let paths = try InputFinder.find([
      folder.path + "/b.jsonl", folder.path, folder.path + "//./b.jsonl",
    ])
    #expect(paths.count == 7)
    #expect(Set(paths.map(\.name)).count == 7)
  }

  @Test func globsMatchAsAShellDoes() throws {
    #expect(try names("*.jsonl") == ["/b.jsonl"])
    #expect(try names("sub*/c.*") == ["/sub-2/c.jsonl", "/sub/c.jsonl.zst"])
    #expect(try names("[a-b].*") == ["/a.txt.gz", "/b.jsonl"])
    #expect(try names("[!a].jsonl") == ["/b.jsonl"])
    #expect(try names("?.txt") == ["/é.txt"])
    #expect(try names("**/*.jsonl") == ["/b.jsonl", "/sub-2/c.jsonl"])
    #expect(try names("sub/**") == ["/sub/c.jsonl.zst", "/sub/deep/d.md", "/sub/notes.pdf"])
    #expect(try names("s*b") == ["c.jsonl.zst", "deep/d.md"])
    #expect(try names("empty/*", "-") == ["-", "/empty/x.bin"])
    #expect(try names(".h*") == ["/.hidden.jsonl"])
  }

  @Test func fileWithAWildcardInItsNameIsThatFile() throws {
    try folder.write("[b].jsonl", [])
    #expect(try names("[b].jsonl") == ["/[b].jsonl"])
  }

  @Test func equalNamesFromTwoFoldersBecomePaths() throws {
    try folder.write("one/x.txt", [])
    try folder.write("two/x.txt", [])
    try folder.write("two/y.txt", [])
    #expect(try names("one", "two") == ["/one/x.txt", "/two/x.txt", "y.txt"])
  }

  @Test func nothingFoundIsAFailureThatSaysWhere() {
    #expect(
      message("nowhere.jsonl")
        == "cannot find input: F/nowhere.jsonl: no such file or folder; check the path")
    #expect(
      message("*.csv")
        == "cannot find inputs: F/*.csv: no match, expected at least one file; check the path")
    #expect(
      message("empty")
        == "cannot find inputs: F/empty: a folder without inputs, expected names that end in .jsonl, "
        + ".ndjson, .json, .txt, .text or .md, or these with .gz or .zst; check the path")
    #expect(
      message()
        == "cannot find inputs: no path, expected files, folders, globs or - for standard input")
  }

  @Test func patternsMatchInLinearTimeAndByCharacter() {
    let name = String(repeating: "a", count: 200)
    #expect(!GlobPattern(String(repeating: "*a", count: 40) + "b").matches(name))
    #expect(GlobPattern("a*c").matches("abcbc"))
    #expect(GlobPattern("[").matches("["))
    #expect(GlobPattern("[]x]").matches("]"))
    #expect(GlobPattern("?").matches("中"))
    #expect(!GlobPattern("*").matches(".hidden"))
  }
}
