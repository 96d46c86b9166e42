import ShardifyCore
import Testing

@testable import Tokenize

struct RegexTests {
  private func matches(_ pattern: String, _ text: String, _ syntax: Regex.Syntax = .ruby) throws
    -> [String]
  {
    let regex = try Regex(Array(pattern.utf8), path: "test", syntax: syntax)
    let bytes = Array(text.utf8)
    return bytes.withUnsafeBufferPointer { buffer in
      SplitPattern.regex(regex).matches(buffer).map { String(decoding: bytes[$0], as: UTF8.self) }
    }
  }

  @Test("repetitions are greedy, lazy or possessive as written")
  func repetitionModes() throws {
    #expect(try matches("a+?b", "aab") == ["aab"])
    #expect(try matches("a{2}", "aaaaa") == ["aa", "aa"])
    #expect(try matches("a++a", "aaa") == [])
    #expect(try matches("(?:ab)*c", "ababc") == ["ababc"])
    #expect(try matches("(?:ab){1,2}", "ababab") == ["abab", "ab"])
    #expect(try matches(".*?é", "xxéé") == ["xxé", "é"])
  }

  @Test("classes join, invert, intersect and fold case")
  func classes() throws {
    #expect(try matches(#"[\p{Lu}\d]+"#, "aBÇ3d") == ["BÇ3"])
    #expect(try matches(#"[^\s]+"#, "a b\u{3000}c") == ["a", "b", "c"])
    #expect(try matches(#"[a-z&&[^aeiou]]+"#, "hello") == ["h", "ll"])
    #expect(try matches("(?i:s)", "sSſ") == ["s", "S", "ſ"])
    #expect(try matches("[-a]+", "b-a-") == ["-a-"])
    #expect(try matches("[]a]+", "]a") == ["]a"])
  }

  @Test("look-ahead and anchors take no text")
  func looks() throws {
    #expect(try matches(#"a(?!b)"#, "abac") == ["a"])
    #expect(try matches(#"\s+$"#, "a  \n\nb \n") == ["  \n", " \n"])
    #expect(try matches("^a", "aa\na") == ["a", "a"])
  }

  @Test(
    "what cannot be expressed is refused by name",
    arguments: [
      (#"a\b"#, #"\b in pattern "a\b""#), (#"(?<=a)b"#, "a group that starts with ?"),
      (#"\p{Greek}"#, #"\p{Greek}"#), ("a{3,1}", "a repetition count"), ("(a", "an open ("),
      ("a)", "an unmatched )"), ("[a", "an open ["), ("*a", "a repetition of nothing"),
      ("a**", "a repeated repetition"), (#"\1"#, #"\1"#), ("[z-a]", "a range in []"),
      ("a{1,3}+", "a repeated repetition"), ("a{2}?", "a repeated repetition"),
      ("(?i:é)", "more than ASCII in (?i:"), ("(?i:ss)", "letters that fold together in (?i:"),
    ])
  func refusals(_ example: (String, String)) {
    let failure = #expect(throws: TokenizeFailure.self) {
      try Regex(Array(example.0.utf8), path: "t.json")
    }
    #expect(failure?.code == .unsupported)
    #expect(failure?.message.contains(example.1) == true, "\(failure?.message ?? "")")
  }

  @Test("in Rust's syntax anchors are those of the text, and counts may be possessive")
  func rustSyntax() throws {
    #expect(try matches(#"^a|b$"#, "a\na\nb\nb", .rust) == ["a", "b"])
    #expect(try matches(#"^a|b$"#, "a\na\nb\nb") == ["a", "a", "b", "b"])
    #expect(try matches("a{1,3}+a|b{2}?", "aaabbb", .rust) == ["bb"])
  }

  @Test(
    "patterns that would backtrack without end give up, and then nothing matches",
    arguments: ["(?:a+)+b", "(?:a|a)*b", "(?:a|aa)+b", "(?:a*)*b", "(?:(?:a{1,9}){1,9}){1,9}b"])
  func budget(_ pattern: String) throws {
    #expect(try matches(pattern, String(repeating: "a", count: 200) + "c") == [])
    #expect(try matches(pattern, "aab") == ["aab"])
  }

  @Test("deep nesting is refused, not followed")
  func deepNesting() {
    let pattern = String(repeating: "(", count: 5000) + String(repeating: ")", count: 5000)
    #expect(throws: TokenizeFailure.self) { try Regex(Array(pattern.utf8), path: "t.json") }
    let classes = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
    #expect(throws: TokenizeFailure.self) { try Regex(Array(classes.utf8), path: "t.json") }
  }
}
