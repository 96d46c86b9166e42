import CSIMD

/// Canonical and compatibility normalization, as the reference normalizers do it: decompositions
/// and compositions are those of their Unicode version, whatever this system's is.
final class UnicodeForm: @unchecked Sendable {
  static let nfc = UnicodeForm(compatibility: false, composes: true)
  static let nfd = UnicodeForm(compatibility: false, composes: false)
  static let nfkc = UnicodeForm(compatibility: true, composes: true)
  static let nfkd = UnicodeForm(compatibility: true, composes: false)

  private static let hangul = UInt32(0xAC00)...0xD7A3
  private let composes: Bool
  private let data = UnicodeFormData.shared
  private let compatibility: Bool
  /// A bit for each code point that this form may change, that may join the one before it, or that
  /// has its place among marks. Shape [0x110000 / 64].
  private let touched: UnsafeMutablePointer<UInt64>
  /// A bit for each of those for which its combining class alone does not tell that it stays.
  private let hard: UnsafeMutablePointer<UInt64>

  private init(compatibility: Bool, composes: Bool) {
    self.compatibility = compatibility
    self.composes = composes
    touched = .allocate(capacity: 0x110000 / 64)
    touched.initialize(repeating: 0, count: 0x110000 / 64)
    hard = .allocate(capacity: 0x110000 / 64)
    hard.initialize(repeating: 0, count: 0x110000 / 64)
    for scalar in data.classes.keys { Self.mark(touched, scalar) }
    if composes {
      for pair in data.compositions.keys { mark(UInt32(truncatingIfNeeded: pair)) }
      for scalar in data.composedChanges { mark(scalar) }
      for scalar in UInt32(0x1161)...0x1175 { mark(scalar) }
      for scalar in UInt32(0x11A8)...0x11C2 { mark(scalar) }
    } else {
      for scalar in data.canonical.keys { mark(scalar) }
      for scalar in Self.hangul { mark(scalar) }
    }
    if compatibility { for scalar in data.compatibility.keys { mark(scalar) } }
  }

  deinit {
    touched.deallocate()
    hard.deallocate()
  }

  private func mark(_ scalar: UInt32) {
    Self.mark(touched, scalar)
    Self.mark(hard, scalar)
  }

  private static func mark(_ bits: UnsafeMutablePointer<UInt64>, _ scalar: UInt32) {
    guard scalar < 0x110000 else { return }
    bits[Int(scalar >> 6)] |= 1 << UInt64(scalar & 63)
  }

  @inline(__always)
  private func isTouched(_ scalar: UInt32) -> Bool {
    touched[Int(scalar >> 6)] >> UInt64(scalar & 63) & 1 != 0
  }

  /// Whether a code point may change or have its place among marks.
  func mayChange(_ scalar: UInt32) -> Bool { scalar < 0x110000 && isTouched(scalar) }

  @inline(__always)
  private func isHard(_ scalar: UInt32) -> Bool {
    hard[Int(scalar >> 6)] >> UInt64(scalar & 63) & 1 != 0
  }

  /// The first byte of the first run of touched characters that may not stay as it is, or the
  /// count.
  func firstChange(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    guard let base = text.baseAddress else { return text.count }
    var at = start
    while true {
      at = firstTouched(base, text.count, from: at)
      if at == text.count { return at }
      let end = endOfStableRun(base, text.count, from: at)
      if end < 0 { return at }
      at = end
    }
  }

  /// The first byte of the first character that is touched, or the count.
  @inline(__always)
  private func firstTouched(_ base: UnsafePointer<UInt8>, _ count: Int, from start: Int) -> Int {
    var at = start
    while at < count {
      let lead = base[at]
      if lead < 0x80 {
        at &+= 1
        while at &+ 16 <= count {
          let high = csimd_high16(base + at)
          if high != 0 {
            at &+= high.trailingZeroBitCount
            break
          }
          at &+= 16
        }
        continue
      }
      var length = 1
      var isSet = true
      if lead < 0xE0, at &+ 2 <= count, base[at &+ 1] & 0xC0 == 0x80 {
        isSet = touched[Int(lead & 0x1F)] &>> UInt64(base[at &+ 1]) & 1 != 0
        length = 2
      } else if lead >= 0xE0 && lead < 0xF0, at &+ 3 <= count, base[at &+ 1] & 0xC0 == 0x80,
        base[at &+ 2] & 0xC0 == 0x80
      {
        let word = Int(lead & 0x0F) << 6 | Int(base[at &+ 1] & 0x3F)
        isSet = touched[word] &>> UInt64(base[at &+ 2]) & 1 != 0
        length = 3
      }
      if isSet {
        // Here also for what is not well-formed, and for characters of four bytes.
        length = UTF8Check.length(base, at: at, end: count)
        if length > 0 && isTouched(UTF8Check.scalar(base, at: at, length: length)) { return at }
      }
      at &+= max(1, length)
    }
    return count
  }

  /// Where the run of touched characters that starts at `start` ends, if they are marks in order;
  /// else -1.
  private func endOfStableRun(_ base: UnsafePointer<UInt8>, _ count: Int, from start: Int) -> Int {
    var at = start
    var last: UInt8 = 0
    while at < count {
      let length = UTF8Check.length(base, at: at, end: count)
      if length == 0 { return at }
      let scalar = UTF8Check.scalar(base, at: at, length: length)
      if !isTouched(scalar) { return at }
      if isHard(scalar) { return -1 }
      let combiningClass = data.combiningClass(scalar)
      if combiningClass < last { return -1 }
      last = combiningClass
      at &+= length
    }
    return at
  }

  /// Appends the normalized text. Bad bytes stay as they are.
  func append(_ text: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
    guard let base = text.baseAddress else { return }
    var copied = 0
    var scalars: [UInt32] = []
    var parts: [UInt32] = []
    var at = firstChange(text, from: 0)
    while at < text.count {
      // A touched character may join the one before it; text between untouched ones stands.
      var start = at
      while start > copied {
        start -= 1
        if base[start] & 0xC0 != 0x80 { break }
      }
      if UTF8Check.length(base, at: start, end: text.count) != at - start { start = at }
      scalars.removeAll(keepingCapacity: true)
      var end = start
      while end < text.count {
        let length = UTF8Check.length(base, at: end, end: text.count)
        guard length > 0 else { break }
        let scalar = UTF8Check.scalar(base, at: end, length: length)
        if end >= at && !isTouched(scalar) { break }
        scalars.append(scalar)
        end += length
      }
      out.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied..<start]))
      normalize(&scalars, scratch: &parts)
      for scalar in scalars { UTF8Check.append(scalar, to: &out) }
      copied = end
      at = firstChange(text, from: end)
    }
    out.append(contentsOf: UnsafeBufferPointer(rebasing: text[copied...]))
  }

  /// Normalizes code points that have no untouched neighbours to join.
  func normalized(_ scalars: [UInt32]) -> [UInt32] {
    var scalars = scalars
    var scratch: [UInt32] = []
    normalize(&scalars, scratch: &scratch)
    return scalars
  }

  private func normalize(_ scalars: inout [UInt32], scratch: inout [UInt32]) {
    scratch.removeAll(keepingCapacity: true)
    for scalar in scalars { decompose(scalar, into: &scratch) }
    order(&scratch)
    if composes { compose(&scratch) }
    swap(&scalars, &scratch)
  }

  private func decompose(_ scalar: UInt32, into out: inout [UInt32]) {
    if Self.hangul.contains(scalar) {
      let index = scalar - Self.hangul.lowerBound
      out.append(0x1100 + index / 588)
      out.append(0x1161 + index % 588 / 28)
      if index % 28 != 0 { out.append(0x11A7 + index % 28) }
    } else if compatibility, let parts = data.compatibility[scalar] {
      out += parts
    } else if data.decomposes(scalar), let parts = data.canonical[scalar] {
      out += parts
    } else {
      out.append(scalar)
    }
  }

  /// Stable sort of each run of marks by combining class.
  private func order(_ scalars: inout [UInt32]) {
    var at = 0
    while at < scalars.count {
      let start = at
      while at < scalars.count, data.combiningClass(scalars[at]) != 0 { at += 1 }
      if at - start > 16 {
        let sorted = scalars[start..<at].enumerated().sorted {
          let (a, b) = (data.combiningClass($0.element), data.combiningClass($1.element))
          return a != b ? a < b : $0.offset < $1.offset
        }
        scalars.replaceSubrange(start..<at, with: sorted.map(\.element))
      } else if at - start > 1 {
        insertionSort(&scalars, start..<at)
      }
      at += 1
    }
  }

  private func insertionSort(_ scalars: inout [UInt32], _ range: Range<Int>) {
    for at in range {
      let scalar = scalars[at]
      let combiningClass = data.combiningClass(scalar)
      var place = at
      while place > range.lowerBound, data.combiningClass(scalars[place - 1]) > combiningClass {
        scalars[place] = scalars[place - 1]
        place -= 1
      }
      scalars[place] = scalar
    }
  }

  private func compose(_ scalars: inout [UInt32]) {
    var count = 0
    var starter = -1
    var lastClass: UInt8 = 0
    for at in scalars.indices {
      let scalar = scalars[at]
      let combiningClass = data.combiningClass(scalar)
      let isAdjacent = starter == count - 1
      if starter >= 0, isHard(scalar), isAdjacent || lastClass != 0 && lastClass < combiningClass,
        let joined = pair(scalars[starter], scalar)
      {
        scalars[starter] = joined
        continue
      }
      if combiningClass == 0 { starter = count }
      lastClass = combiningClass
      scalars[count] = scalar
      count += 1
    }
    scalars.removeLast(scalars.count - count)
  }

  private func pair(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if (0x1100...0x1112).contains(first) && (0x1161...0x1175).contains(second) {
      return 0xAC00 + ((first - 0x1100) * 21 + second - 0x1161) * 28
    }
    if Self.hangul.contains(first) && (first - 0xAC00) % 28 == 0
      && (0x11A8...0x11C2).contains(second)
    {
      return first + second - 0x11A7
    }
    return data.compositions[UInt64(first) << 32 | UInt64(second)]
  }
}

/// The maps behind the four forms, read from the generated tables once.
final class UnicodeFormData: Sendable {
  static let shared = UnicodeFormData()

  /// Full canonical decompositions, without Hangul.
  let canonical: [UInt32: [UInt32]]
  /// A bit for each code point that has one. Shape [0x110000 / 64].
  private let decomposing: [UInt64]
  /// Full compatibility decompositions that differ from those.
  let compatibility: [UInt32: [UInt32]]
  /// Combining classes that are not 0.
  let classes: [UInt32: UInt8]
  /// The same as pages of 256 code points; the first is of zeros.
  private let classPages: [UInt8]
  private let pageOfBlock: [UInt16]
  /// Composites by (first << 32 | second).
  let compositions: [UInt64: UInt32]
  /// Code points that NFC replaces even when alone.
  let composedChanges: Set<UInt32>

  private init() {
    canonical = Self.map(UnicodeTables.canonicalMap)
    var decomposing = [UInt64](repeating: 0, count: 0x110000 / 64)
    for scalar in canonical.keys where scalar < 0x110000 {
      decomposing[Int(scalar >> 6)] |= 1 << UInt64(scalar & 63)
    }
    self.decomposing = decomposing
    compatibility = Self.map(UnicodeTables.compatibilityMap)
    composedChanges = Set(Self.map(UnicodeTables.composedChanges).keys)
    var classes: [UInt32: UInt8] = [:]
    var reader = TableReader(UnicodeTables.combiningClasses)
    var at: UInt32 = 0
    while let gap = reader.next(), let value = reader.next() {
      at &+= gap
      classes[at] = UInt8(truncatingIfNeeded: value)
    }
    self.classes = classes
    var pages = [UInt8](repeating: 0, count: 256)
    var pageOfBlock = [UInt16](repeating: 0, count: 0x1100)
    for (scalar, combiningClass) in classes where scalar < 0x110000 {
      let block = Int(scalar >> 8)
      if pageOfBlock[block] == 0 {
        pageOfBlock[block] = UInt16(pages.count >> 8)
        pages += [UInt8](repeating: 0, count: 256)
      }
      pages[Int(pageOfBlock[block]) << 8 | Int(scalar & 255)] = combiningClass
    }
    classPages = pages
    self.pageOfBlock = pageOfBlock
    var byParts: [[UInt32]: UInt32] = [:]
    for (scalar, parts) in canonical where parts.count > 1 && !composedChanges.contains(scalar) {
      byParts[parts] = scalar
    }
    var compositions: [UInt64: UInt32] = [:]
    for (parts, scalar) in byParts {
      let first = parts.count == 2 ? parts[0] : byParts[Array(parts.dropLast())]
      guard let first, let last = parts.last else { continue }
      compositions[UInt64(first) << 32 | UInt64(last)] = scalar
    }
    self.compositions = compositions
  }

  /// Whether a code point has a canonical decomposition in `canonical`.
  @inline(__always)
  func decomposes(_ scalar: UInt32) -> Bool {
    decomposing[Int(scalar >> 6)] >> UInt64(scalar & 63) & 1 != 0
  }

  /// The combining class of a code point.
  @inline(__always)
  func combiningClass(_ scalar: UInt32) -> UInt8 {
    classPages[Int(pageOfBlock[Int(scalar >> 8)]) << 8 | Int(scalar & 255)]
  }

  /// Reads a generated map: (gap since the last key, count, values).
  static func map(_ table: StaticString) -> [UInt32: [UInt32]] {
    var reader = TableReader(table)
    var out: [UInt32: [UInt32]] = [:]
    var key: UInt32 = 0
    while let gap = reader.next(), let count = reader.next() {
      key &+= gap
      out[key] = (0..<count).compactMap { _ in reader.next() }
    }
    return out
  }
}
