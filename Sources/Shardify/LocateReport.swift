import Manifest
import ShardifyCore

/// Where a document is, or why it is nowhere.
public struct LocateReport: Sendable {
  /// What became of a document in a dataset.
  public enum Status: String, Sendable {
    case inShards = "in shards"
    case heldOut = "held out"
    case leftOver = "left over"
    case notInShards = "not in the shards"
    case filtered
    case excluded
    case unknown
  }

  /// One copy of one piece in a shard.
  public struct Copy: Sendable, Equatable {
    /// Part of the dataset.
    public var split: DatasetManifest.Split
    /// Number of the shard.
    public var shard: Int
    /// Its path in the dataset.
    public var path: String
    /// Number of the piece in the shard, from 0.
    public var piece: Int
    /// Its first token in the shard.
    public var firstToken: Int
    /// Its tokens, the end-of-text id included.
    public var tokens: Int
    /// Passes over the language's ring before it.
    public var pass: Int
    /// Number of the piece in its document.
    public var pieceOfDocument: Int
  }

  /// What the store knows of a document.
  public struct Origin: Sendable, Equatable {
    /// The language the store files it under.
    public var language: LanguageTag
    /// Source name; empty if none was given.
    public var source: String
    /// The input, as the catalog names it.
    public var input: String
    /// Byte offset of the document in the decompressed input.
    public var offset: Int
    /// The hash of its id; 0 if it has none.
    public var idHash: UInt64
    /// Tokens of all its pieces.
    public var tokens: Int
    /// UTF-8 bytes of its text.
    public var bytes: Int
    /// Further copies with the same content in other runs, which did not stay.
    public var otherCopies: Int
  }

  /// A document under one language.
  public struct Document: Sendable {
    /// Its content hash.
    public var content: ContentHash
    /// The language of the dataset; nil if it is not known.
    public var language: LanguageTag?
    /// The pattern of the part of its language that it belongs to, where languages are divided over
    /// their sources; nil if it is not known.
    public var sourcePart: String?
    /// What became of it.
    public var status: Status
    /// More on that.
    public var detail = ""
    /// Its copies, in the order of the dataset.
    public var copies: [Copy] = []
    /// Where it came from; nil without a store.
    public var origin: Origin?
  }

  /// What was asked, for people.
  public var query: String
  /// The answers; one for each language the document is filed under.
  public var documents: [Document] = []
  /// What is good to know.
  public var notes: [String] = []

  /// Whether anything was found.
  public var isFound: Bool { documents.contains { $0.status != .unknown } }

  /// For people: several lines, no newline after the last.
  public func text() -> String {
    var lines: [String] = []
    for document in documents {
      let part = document.sourcePart.map { " (sources \($0))" } ?? ""
      let language = document.language.map { " \($0)\(part)" } ?? ""
      // "filtered by where: confidence > 0.5" is one phrase.
      let mark = document.status == .filtered ? " " : ": "
      let detail = document.detail.isEmpty ? "" : mark + document.detail
      lines.append("document \(document.content)\(language): \(document.status.rawValue)\(detail)")
      for copy in document.copies {
        lines.append(
          "  \(copy.path): piece \(copy.piece), token \(copy.firstToken), \(copy.tokens) tokens,"
            + " pass \(copy.pass), piece \(copy.pieceOfDocument) of its document")
      }
      if let origin = document.origin {
        var line = "  from \(origin.input) at byte \(origin.offset)"
        if !origin.source.isEmpty { line += ", source \(origin.source)" }
        if document.language != origin.language { line += ", filed as \(origin.language)" }
        if origin.idHash != 0 { line += ", id hash \(LocateReport.hex(origin.idHash))" }
        line += "; \(ReportTable.grouped(origin.tokens)) tokens,"
        line += " \(ReportTable.grouped(origin.bytes)) bytes"
        if origin.otherCopies > 0 {
          line += "; of \(origin.otherCopies + 1) copies this one stayed"
        }
        lines.append(line)
      }
    }
    lines += notes.map { "note: \($0)" }
    return lines.joined(separator: "\n")
  }

  /// For machines: one JSON object on one line.
  public func json() -> String {
    ReportJSON.object([
      ("query", ReportJSON.string(query)),
      ("documents", ReportJSON.array(documents.map(LocateReport.object))),
      ("notes", ReportJSON.array(notes.map(ReportJSON.string))),
    ])
  }

  private static func object(_ document: Document) -> String {
    ReportJSON.object([
      ("content", ReportJSON.string("\(document.content)")),
      ("language", document.language.map { ReportJSON.string("\($0)") } ?? "null"),
      ("source_part", document.sourcePart.map(ReportJSON.string) ?? "null"),
      ("status", ReportJSON.string(document.status.rawValue)),
      ("detail", ReportJSON.string(document.detail)),
      (
        "copies",
        ReportJSON.array(
          document.copies.map { copy in
            ReportJSON.object([
              ("split", ReportJSON.string(copy.split.rawValue)), ("shard", "\(copy.shard)"),
              ("path", ReportJSON.string(copy.path)), ("piece", "\(copy.piece)"),
              ("first_token", "\(copy.firstToken)"), ("tokens", "\(copy.tokens)"),
              ("pass", "\(copy.pass)"), ("piece_of_document", "\(copy.pieceOfDocument)"),
            ])
          })
      ),
      ("origin", document.origin.map(object) ?? "null"),
    ])
  }

  private static func object(_ origin: Origin) -> String {
    ReportJSON.object([
      ("language", ReportJSON.string("\(origin.language)")),
      ("source", ReportJSON.string(origin.source)), ("input", ReportJSON.string(origin.input)),
      ("offset", "\(origin.offset)"), ("id_hash", ReportJSON.string(hex(origin.idHash))),
      ("tokens", "\(origin.tokens)"), ("bytes", "\(origin.bytes)"),
      ("other_copies", "\(origin.otherCopies)"),
    ])
  }

  /// Sixteen digits.
  private static func hex(_ number: UInt64) -> String {
    String(number, radix: 16).leftPadded(to: 16)
  }
}
