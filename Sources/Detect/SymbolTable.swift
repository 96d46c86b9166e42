import CICU
import CLanguageModel
import Synchronization

/// What texts of one script are read as, by code point: what `LetterReader` gives, in one look.
///
/// A two-stage table of its own for every script that is met, 18 KB and the blocks that hold its letters.
/// Kept until the process ends.
final class SymbolTable: @unchecked Sendable {
  private static let all = Mutex<[Int: SymbolTable]>([:])
  /// Marks digits, punctuation and symbols.
  private static let other: UInt32 = 1 << 31

  /// The tables, in the form that the reader takes.
  let pointers: clm_symbol_table

  /// The table of a script, made when it is first asked for.
  static func of(scriptCode: Int, _ table: CharacterTable) -> SymbolTable {
    all.withLock { tables in
      if let found = tables[scriptCode] { return found }
      let made = SymbolTable(scriptCode: scriptCode, table)
      tables[scriptCode] = made
      return made
    }
  }

  private init(scriptCode: Int, _ table: CharacterTable) {
    let size = CharacterTable.blockSize
    let scripts = table.scripts(of: scriptCode)
    // Blocks without letters of the script are alike for many numbers: one for each shared entry block.
    let unmade = UInt16.max
    var made = [UInt16](repeating: unmade, count: 1 << 16)
    var numbers: [UInt16] = []
    var blocks: [UInt32] = []
    numbers.reserveCapacity(CharacterTable.blockCount + 1)
    for number in 0..<CharacterTable.blockCount {
      let shared = table.stageOne[number]
      var own = made[Int(shared)]
      if own == unmade {
        own = UInt16(truncatingIfNeeded: blocks.count / size)
        var hasLetters = false
        let entries = table.stageTwo + Int(shared) * size
        for place in 0..<size {
          let entry = CharacterTable.Entry(bits: entries[place])
          if entry.isWord, entry.isShared || scripts[entry.script] != 0 {
            hasLetters = true
            blocks.append(UInt32(bitPattern: Int32(number * size + place) &+ entry.lowerDelta))
          } else {
            blocks.append(LetterReader.boundary | (entry.kind == CICU_OTHER ? Self.other : 0))
          }
        }
        if !hasLetters { made[Int(shared)] = own }
      }
      numbers.append(own)
    }
    // The kernel reads the numbers two at a time.
    numbers.append(0)
    let stageOne = UnsafeMutablePointer<UInt16>.allocate(capacity: numbers.count)
    stageOne.initialize(from: numbers, count: numbers.count)
    let stageTwo = UnsafeMutablePointer<UInt32>.allocate(capacity: blocks.count)
    stageTwo.initialize(from: blocks, count: blocks.count)
    pointers = clm_symbol_table(stage_one: stageOne, stage_two: stageTwo)
  }
}
