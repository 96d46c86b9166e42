import Foundation
import GRDB
import ShardifyCore

/// A row of a database that is not trusted: a value of another type or out of range is a failure.
///
/// Rows must be selected by naming their columns, so that every number asked for is there.
struct CheckedRow {
  let row: Row
  /// What failed, if it does: `cannot open manifest`.
  let what: String
  /// The table, for the message.
  let table: String
  /// The database's file.
  let path: String

  /// A number from 0 up to, not including, `limit`.
  func count(_ column: Int, below limit: Int = 1 << 60) throws -> Int {
    guard let value = Int.fromDatabaseValue(row[column]), value >= 0, value < limit else {
      throw malformed("a negative or huge number")
    }
    return value
  }

  /// Any number.
  func integer(_ column: Int) throws -> Int64 {
    guard let value = Int64.fromDatabaseValue(row[column]) else {
      throw malformed("no number where one should be")
    }
    return value
  }

  /// Text.
  func text(_ column: Int) throws -> String {
    guard let text = String.fromDatabaseValue(row[column]) else {
      throw malformed("no text where some should be")
    }
    return text
  }

  /// Bytes.
  func bytes(_ column: Int) throws -> [UInt8] {
    guard let data = Data.fromDatabaseValue(row[column]) else {
      throw malformed("no bytes where some should be")
    }
    return Array(data)
  }

  /// A language.
  func tag(_ column: Int) throws -> LanguageTag {
    guard let tag = LanguageTag(try text(column)) else {
      throw malformed("a malformed language tag")
    }
    return tag
  }

  /// Which part of a dataset.
  func split(_ column: Int) throws -> DatasetManifest.Split {
    guard let split = DatasetManifest.Split(rawValue: try text(column)) else {
      throw malformed("an unknown split")
    }
    return split
  }

  /// A SHA-256.
  func digest(_ column: Int) throws -> SHA256.Digest {
    guard let digest = SHA256.Digest(bytes: try bytes(column)) else {
      throw malformed("a malformed digest")
    }
    return digest
  }

  /// The failure that says what was found in the table.
  func malformed(_ found: String) -> ManifestFailure {
    ManifestFailure(
      .notOurs, what, path: path, found: "\(found) in table \(table)",
      remedy: "it was changed or damaged after it was written")
  }
}

extension Database {
  /// The rows of a query over `table`, to be read with checks.
  func checkedRows(
    _ what: String, _ table: String, _ sql: String, _ arguments: StatementArguments = [],
    path: String
  ) throws -> [CheckedRow] {
    try Row.fetchAll(self, sql: sql, arguments: arguments).map {
      CheckedRow(row: $0, what: what, table: table, path: path)
    }
  }
}
