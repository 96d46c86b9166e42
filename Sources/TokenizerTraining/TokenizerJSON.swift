import Tokenize

/// Writes trained vocabularies as `tokenizer.json` files that Hugging Face's `tokenizers` loads.
public enum TokenizerJSON {
  /// A byte-level BPE: `Split` by the pattern, `ByteLevel`, no normalizer, no template.
  public static func bpe(_ trained: TrainedBPE, pattern: PretokenPattern) -> [UInt8] {
    var out = header(
      special: trained.tokens.prefix(trained.specialCount).enumerated().map {
        ($1, $0)
      })
    out += #""normalizer":null,"pre_tokenizer":{"type":"Sequence","pretokenizers":["#.utf8
    out += #"{"type":"Split","pattern":{"Regex":"#.utf8
    quote(Array(pattern.regex.utf8), &out)
    out += #"},"behavior":"Isolated","invert":false},"#.utf8
    out +=
      (byteLevel(#""add_prefix_space":false,"trim_offsets":true,"use_regex":false"#) + "]},").utf8
    let plain = byteLevel(#""add_prefix_space":true,"trim_offsets":true,"use_regex":true"#)
    out += "\"post_processor\":null,\"decoder\":\(plain),".utf8
    out += #""model":{"type":"BPE","dropout":null,"unk_token":null,"#.utf8
    out += #""continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"#.utf8
    out += #""byte_fallback":false,"ignore_merges":false,"vocab":{"#.utf8
    let texts = trained.tokens.enumerated().map { id, bytes in
      id < trained.specialCount ? bytes : ByteLevelText.text(of: bytes)
    }
    for (id, text) in texts.enumerated() {
      if id > 0 { out.append(UInt8(ascii: ",")) }
      quote(text, &out)
      out += ":\(id)".utf8
    }
    out += #"},"merges":["#.utf8
    for (rank, merge) in trained.merges.enumerated() {
      out += (rank > 0 ? ",[" : "[").utf8
      quote(texts[Int(merge.left)], &out)
      out.append(UInt8(ascii: ","))
      quote(texts[Int(merge.right)], &out)
      out.append(UInt8(ascii: "]"))
    }
    out += "]}}\n".utf8
    return out
  }

  private static func byteLevel(_ members: String) -> String {
    #"{"type":"ByteLevel","# + members + "}"
  }

  static func header(special: [(text: [UInt8], id: Int)]) -> [UInt8] {
    var out = Array(#"{"version":"1.0","truncation":null,"padding":null,"added_tokens":["#.utf8)
    for (number, token) in special.enumerated() {
      out += "\(number > 0 ? "," : "")\n{\"id\":\(token.id),\"content\":".utf8
      quote(token.text, &out)
      out += #","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"#.utf8
      out += #""special":true}"#.utf8
    }
    out += "],\n".utf8
    return out
  }

  /// Appends a JSON string of valid UTF-8.
  static func quote(_ text: [UInt8], _ out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        out.append(UInt8(ascii: "\\"))
        out.append(byte)
      case 0..<32:
        let digits = Array("0123456789abcdef".utf8)
        out += #"\u00"#.utf8
        out += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: out.append(byte)
      }
    }
    out.append(UInt8(ascii: "\""))
  }
}
