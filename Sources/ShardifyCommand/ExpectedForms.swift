/// What the value of an option should look like, where the parser says only that it is invalid.
enum ExpectedForms {
  private static let forms: [(options: [String], form: String)] = [
    (
      ["budget", "shard-size", "after-token", "context", "vocabulary-size"],
      "a number such as 1000000, 500k, 300M, 20G or 64Mi"
    ),
    (["memory", "max-document-size", "min-bytes"], "bytes such as 1000000, 500MB, 4GB or 64Mi"),
    (["share", "floor", "cap"], "a language and a share from 0 to 1, such as eng_Latn=0.4"),
    (["include", "exclude"], "a language such as eng_Latn, or a pattern such as '*_Cyrl'"),
    (["reference"], "a language such as eng_Latn"),
    (
      ["group"],
      "'NAME=LANGUAGES;KEY=VALUE;...' such as 'slavic=*_Cyrl,pol_Latn;share=0.3;temperature=5'"
    ),
    (["source-weight"], "'PATTERN=WEIGHT' such as 'wiki*=3'"),
    (
      ["temperature", "alpha", "max-reject-rate", "holdout-rate", "character-coverage"],
      "a number such as 0.3"
    ),
    (
      [
        "shards", "seed", "store-seed", "jobs", "after-shard", "compression-level", "top",
        "max-piece-tokens", "holdout-minimum", "min-frequency", "max-token-bytes",
      ],
      "a whole number"
    ),
  ]

  /// The parser's message with what was expected, if it is of an option listed here.
  static func completed(_ message: String) -> String? {
    let mark = "is invalid for '--"
    var lines = message.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let first = lines.first, let place = first.firstRange(of: mark) else { return nil }
    let option = first[place.upperBound...].prefix { $0 != " " && $0 != "'" }
    guard let found = forms.first(where: { $0.options.contains(String(option)) }) else {
      return nil
    }
    lines[0] = first + ", expected " + found.form
    return lines.joined(separator: "\n")
  }

  /// The one of some words that is nearest to a word, if it is near.
  static func nearest(to word: String, of words: [String]) -> String? {
    let distances = words.map { distance(Array(word.utf8), Array($0.utf8)) }
    guard let least = distances.min(), least <= max(1, word.utf8.count / 3),
      let place = distances.firstIndex(of: least)
    else { return nil }
    return words[place]
  }

  /// Letters to insert, drop or change.
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var corner = row[0]
      row[0] = i + 1
      for j in b.indices {
        let next = min(row[j + 1] + 1, row[j] + 1, corner + (letter == b[j] ? 0 : 1))
        corner = row[j + 1]
        row[j + 1] = next
      }
    }
    return row[b.count]
  }
}
