import ArgumentParser

/// Checks that several commands share.
enum Limits {
  /// Less memory than this is a slip: the buffers of one file take more.
  static let leastMemory = 16_000_000

  static func check(_ memory: Bytes, _ option: String) throws {
    guard memory.value >= leastMemory else {
      throw ValidationError(
        "\(option) \(memory.value): expected at least \(leastMemory / 1_000_000)MB")
    }
  }

  /// A part of one.
  static func check(part: Double, _ option: String) throws {
    guard part >= 0, part <= 1 else {
      throw ValidationError("\(option) \(part): expected from 0 to 1")
    }
  }
}
