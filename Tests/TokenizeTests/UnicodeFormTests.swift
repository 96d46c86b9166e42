import ShardifyCore
import Testing

@testable import Tokenize

struct UnicodeFormTests {
  private func apply(_ form: UnicodeForm, _ scalars: [UInt32]) -> [UInt32] {
    var text: [UInt8] = []
    for scalar in scalars { UTF8Check.append(scalar, to: &text) }
    var out: [UInt8] = []
    text.withUnsafeBufferPointer { form.append($0, to: &out) }
    return String(decoding: out, as: UTF8.self).unicodeScalars.map(\.value)
  }

  @Test(
    "composes, orders marks and decomposes as the standard says",
    arguments: [
      ([0x65, 0x301], [0xE9]),
      ([0x61, 0x301, 0x323], [0x1EA1, 0x301]),
      ([0x958], [0x915, 0x93C]),
      ([0x928, 0x93C], [0x929]),
      ([0x1112, 0x1161, 0x11AB], [0xD55C]),
      ([0x212B], [0xC5]),
      ([0x323, 0x301], [0x323, 0x301]),
    ] as [([UInt32], [UInt32])])
  func composesAsTheStandardSays(_ text: [UInt32], _ expected: [UInt32]) {
    #expect(apply(.nfc, text) == expected)
  }

  @Test("NFD is decomposed text with its marks in a stable order; NFC of it is NFC of the text")
  func formsAgree() {
    let data = UnicodeFormData.shared
    let marks = data.classes.keys.sorted()
    let composites = data.canonical.keys.sorted()
    var random = TestRandom(seed: 11)
    for round in 0..<300 {
      var text: [UInt32] = []
      for _ in 0..<1 + random.below(4) {
        let isComposite = random.below(2) == 0
        text.append(
          isComposite ? composites[random.below(composites.count)] : 0x61 + UInt32(random.below(26))
        )
        // Some runs are longer than those that are sorted by insertion.
        let longest = round % 3 == 0 ? 60 : 4
        for _ in 0..<random.below(longest) { text.append(marks[random.below(marks.count)]) }
      }
      var expected: [UInt32] = []
      var run: [UInt32] = []
      let parts: [UInt32] = text.flatMap { scalar -> [UInt32] in data.canonical[scalar] ?? [scalar]
      }
      for scalar in parts + [0x7A] {
        if data.classes[scalar] != nil {
          run.append(scalar)
          continue
        }
        for combiningClass in 1...UInt8(254) {
          expected += run.filter { data.classes[$0] == combiningClass }
        }
        run = []
        expected.append(scalar)
      }
      let decomposed = apply(.nfd, text + [0x7A])
      #expect(decomposed == expected)
      let composed = apply(.nfc, text)
      #expect(apply(.nfc, Array(decomposed.dropLast())) == composed)
      #expect(apply(.nfc, composed) == composed)
    }
  }
}
