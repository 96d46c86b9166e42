import Ingest
import ShardifyCore
import Testing

/// One line of JSONL: what is taken, what is rejected and in which words.
@Suite struct DocumentParserTests {
  private func text(_ line: String, _ options: DocumentOptions = DocumentOptions()) -> String? {
    let found = parsed(line, options)
    guard found.count == 1, found[0].reason == nil else { return nil }
    return String(decoding: found[0].text, as: UTF8.self)
  }

  @Test(arguments: [
    (#"{"text":"a"}"#, "a"),
    (#" { "x" : [ 1 , { "y" : null } ] , "text" : "b" } "#, "b"),
    (#"{"text":"\"\\\/\b\f\n\r\t"}"#, "\"\\/\u{8}\u{C}\n\r\t"),
    (#"{"text":"\u0041\u00e9\u4E2D\ud83d\uDE00z"}"#, "Aé中😀z"),
    (#"{"te\u0078t":"key with escape"}"#, "key with escape"),
    (
      #"{"text":"0123456789abcdef0123456789abcdef\n0123456789abcdef0123456789abcdef"}"#,
      "0123456789abcdef0123456789abcdef\n0123456789abcdef0123456789abcdef"
    ),
    (#"{"text":"a","text":"last wins"}"#, "last wins"),
    (#"{"text":7,"text":"last wins"}"#, "last wins"),
    (#"{"a":-0.5e+3,"b":0,"c":1E9,"d":true,"e":false,"f":[[],{}],"text":"é"}"#, "é"),
    ("{\"text\":\"a\"}\r", "a"),
    ("\u{FEFF}{\"text\":\"after a byte order mark\"}", "after a byte order mark"),
  ])
  func soundLineGivesItsText(line: String, expected: String) {
    #expect(text(line) == expected)
  }

  @Test(arguments: [
    ("hello", RejectReason.notJSON, "'h' at byte 0 of the document, expected a value"),
    (#"{"text":"a"} x"#, .notJSON, "'x' at byte 13 of the document, expected the end of the line"),
    (#"{"text":"a""#, .notJSON, "the line ends, expected a comma or a closing brace"),
    (#"{"text":"a"#, .notJSON, "the line ends, expected a closing quote"),
    (#"{"text":"a",}"#, .notJSON, "'}' at byte 12 of the document, expected a key in quotes"),
    (#"{"text" "a"}"#, .notJSON, "'\"' at byte 8 of the document, expected a colon"),
    (#"{"text":"\x"}"#, .notJSON, "'x' at byte 10 of the document, expected an escape of JSON"),
    (
      #"{"x":"\x","text":"a"}"#, .notJSON,
      "'x' at byte 7 of the document, expected an escape of JSON"
    ),
    (
      #"{"text":"\u12G4"}"#, .notJSON,
      "'G' at byte 13 of the document, expected four hexadecimal digits"
    ),
    (
      "{\"text\":\"a\tb\"}", .notJSON,
      "0x09 at byte 10 of the document, expected no bare control character in a string"
    ),
    (
      #"{"text":"a","n":01}"#, .notJSON,
      "'1' at byte 17 of the document, expected a comma or a closing brace"
    ),
    (#"{"text":"a","n":1.}"#, .notJSON, "'}' at byte 18 of the document, expected a digit"),
    (#"{"text":"a","n":-}"#, .notJSON, "'}' at byte 17 of the document, expected a digit"),
    (
      #"{"text":"a","n":tru}"#, .notJSON,
      "'t' at byte 16 of the document, expected true, false or null"
    ),
    (
      #"{"text":"a","n":[1,2}"#, .notJSON,
      "'}' at byte 20 of the document, expected a comma or a closing bracket"
    ),
    ("[1,2]", .notAnObject, "not a JSON object"),
    ("\"text\"", .notAnObject, "not a JSON object"),
    (#"{"txt":"a"}"#, .missingText, "no field \"text\", but \"txt\""),
    (
      #"{"a\n\u00e9":{"text":1},"b":[2]}"#, .missingText,
      "no field \"text\", but \"a\\né\", \"b\""
    ),
    (
      #"{"1":1,"2":2,"3":3,"4":4,"5":5,"6":6,"7":7,"8":8,"9":9,"10":1}"#, .missingText,
      #"no field "text", but "1", "2", "3", "4", "5", "6", "7", "8", ..."#
    ),
    ("{}", .missingText, "no field \"text\""),
    (#"{"text":7}"#, .textNotString, "field \"text\" is no string"),
    (#"{"text":null}"#, .textNotString, "field \"text\" is no string"),
    (#"{"text":"a","text":["b"]}"#, .textNotString, "field \"text\" is no string"),
    (#"{"text":""}"#, .emptyText, "only white space"),
    (#"{"text":" \n\u3000\u00a0"}"#, .emptyText, "only white space"),
    (#"{"text":"a\u0000b"}"#, .nulByte, "a NUL character in field \"text\""),
    (#"{"text":"a","id":"\u0000"}"#, .nulByte, "a NUL character in field \"id\""),
    ("{\"text\":\"a\0b\"}", .nulByte, "a NUL byte at byte 10 of the document"),
    ("\0\0\0\0", .nulByte, "a NUL byte at byte 0 of the document"),
    (#"{"text":"\ud83d"}"#, .invalidUTF8, "half of a surrogate pair in field \"text\""),
    (#"{"text":"\ude00\ud83d"}"#, .invalidUTF8, "half of a surrogate pair in field \"text\""),
    (#"{"text":"\ud83d\u0041"}"#, .invalidUTF8, "half of a surrogate pair in field \"text\""),
  ])
  func badLineIsRejectedWithItsReason(line: String, reason: RejectReason, detail: String) {
    #expect(parsed(line) == [Found(offset: 0, reason: reason, detail: detail)])
  }

  @Test func invalidUTF8IsRejectedWithItsOffsetOrRepaired() {
    let line = Array("{\"text\":\"ab".utf8) + [0xE4, 0xB8, 0x41, 0xFF] + Array("\"}".utf8)
    let chunk = Chunk(line, format: .jsonl)
    #expect(
      parsed(chunk, DocumentParser(options: DocumentOptions())) == [
        Found(
          offset: 0, reason: .invalidUTF8, detail: "0xE4 at byte 11 of the document is not UTF-8")
      ])
    let repaired = parsed(chunk, DocumentParser(options: DocumentOptions(repairUTF8: true)))
    #expect(repaired == [Found(offset: 0, text: Array("ab\u{FFFD}A\u{FFFD}".utf8))])
  }

  @Test func loneSurrogateIsRepairedAndIgnoredInOtherFields() {
    let options = DocumentOptions(repairUTF8: true)
    #expect(text(#"{"text":"a\ud83d\u0041"}"#, options) == "a\u{FFFD}A")
    #expect(text(#"{"text":"a","other":"\ud83d"}"#) == "a")
  }

  @Test func idsAreStringsOrDigits() {
    func id(_ line: String) -> String { String(decoding: parsed(line)[0].id, as: UTF8.self) }
    #expect(id(#"{"text":"a","id":"x\ty"}"#) == "x\ty")
    #expect(id(#"{"text":"a","id":12345678901234567890123}"#) == "12345678901234567890123")
    #expect(id(#"{"text":"a","id":null}"#) == "")
    #expect(id(#"{"text":"a","id":[1]}"#) == "")
    #expect(id(#"{"text":"a"}"#) == "")
  }

  @Test func fieldsAreFoundByTheirNamesAndNotKeptFromTheLineBefore() {
    let options = DocumentOptions(
      textField: "content", idField: "n", languageField: "lang", sourceField: "src",
      numericFields: ["score", "n"])
    let parser = DocumentParser(options: options)
    let lines = """
      {"lang":"tur","src":"web","score":0.25,"n":17,"content":"a"}
      {"content":"b","lang":5,"score":null}
      {"content":"c","score":"0.5"}
      {"content":"d","score":1e999}
      """
    var seen: [String] = []
    parser.parse(
      Chunk(Array(lines.utf8), format: .jsonl),
      document: { document in
        let strings = [document.text, document.id, document.source, document.language]
          .map { String(decoding: $0, as: UTF8.self) }
        seen.append("\(strings) \(Array(document.numbers))")
      },
      reject: { seen.append("\($0.reason.name): \($0.detail)") })
    #expect(
      seen == [
        #"["a", "17", "web", "tur"] [0.25, 17.0]"#,
        #"["b", "", "", ""] [nan, nan]"#,
        "numeric_field_invalid: field \"score\" is no finite number",
        "numeric_field_invalid: field \"score\" is no finite number",
      ])
  }

  @Test func blankLinesAreNoDocumentsAndOffsetsCountThem() {
    let found = parsed("\n \r\n{\"text\":\"a\"}\r\n\n{\"text\":\"b\"}")
    #expect(found.map(\.offset) == [4, 19])
    #expect(found.map(\.text) == [[0x61], [0x62]])
  }

  @Test func nestingIsBoundedAndSoNeverOverflowsTheStack() {
    func line(_ depth: Int, _ open: String, _ close: String) -> String {
      #"{"text":"a","x":"# + String(repeating: open, count: depth)
        + String(repeating: close, count: depth) + "}"
    }
    #expect(text(line(511, "[", "]")) == "a")
    #expect(
      text(
        #"{"text":"a","x":"# + String(repeating: #"{"k":"#, count: 511) + "1"
          + String(repeating: "}", count: 512)) == "a")
    #expect(parsed(line(100_000, "[", "]"))[0].reason == .notJSON)
    let mixed = #"{"x":"# + String(repeating: #"[{"k":"#, count: 255) + "[1]"
    #expect(text(mixed + String(repeating: "}]", count: 255) + #","text":"b"}"#) == "b")
    #expect(text(mixed + String(repeating: "]}", count: 255) + #","text":"b"}"#) == nil)
  }

  @Test func longLineInAChunkIsRejectedWithBothLengths() {
    let options = DocumentOptions(maxDocumentBytes: 12)
    let found = parsed("{\"text\":\"a\"}\n{\"text\":\"ab\"}\n{\"text\":\"c\"}", options)
    #expect(found.map(\.reason) == [nil, .tooLong, nil])
    #expect(found[1].detail == "13 bytes, expected at most 12")
  }

  @Test func plainTextIsOneDocumentOrCutAtTheSeparator() {
    func texts(_ text: String, _ separator: String?) -> [String] {
      let options = DocumentOptions(documentSeparator: separator.map { Array($0.utf8) })
      return parsed(text, options, format: .text).map {
        "\($0.offset):" + ($0.reason?.name ?? String(decoding: $0.text, as: UTF8.self))
      }
    }
    #expect(texts("\u{FEFF}a\nb\n", nil) == ["0:a\nb\n"])
    #expect(texts("a\r\n\n  \nb", "\n") == ["0:a", "7:b"])
    #expect(texts("a<|end|>b\n<|end|>", "<|end|>") == ["0:a", "8:b\n"])
    #expect(texts("a\n\n\nb", "\n\n") == ["0:a", "3:\nb"])
    #expect(texts(" \n", nil) == ["0:empty_text"])
    #expect(texts("a\0b", nil) == ["0:nul_byte"])
    #expect(texts("", nil) == [])
  }

  @Test func rejectNamesAndNumbersStayAsTheyAre() {
    #expect(
      RejectReason.allCases.map { "\($0.rawValue) \($0.name)" } == [
        "0 not_json", "1 not_an_object", "2 missing_text", "3 text_not_string", "4 invalid_utf8",
        "5 empty_text", "6 too_long", "7 numeric_field_invalid", "8 nul_byte",
      ])
  }
}
