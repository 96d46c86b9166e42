import CSIMD
import ShardifyCore

/// The ranks of the pairs of a vocabulary, found with two loads and no branch.
///
/// A perfect hash: each group of pairs has a pilot, chosen so that all pairs have places of their
/// own, and a filter, by which most pairs that do not merge are known without a look at a place.
final class PairRanks: @unchecked Sendable {
  private static let spread: UInt64 = CSIMD_PAIR_SPREAD
  private static let step: UInt64 = CSIMD_PAIR_STEP
  private static let final: UInt64 = CSIMD_PAIR_FINAL
  /// How many groups ahead slots are asked for.
  private static let ahead = 8

  /// A pilot in the lower half, a filter in the upper one.
  private let pilots: UnsafeMutablePointer<UInt16>
  private let slots: UnsafeMutablePointer<UInt64>
  private let pilotShift: UInt64
  private let slotShift: UInt64

  /// Takes distinct pairs; `numbers`: what stands for each rank, if not the rank. Nil if no pilots are found, which no known vocabulary does.
  init?(_ pairs: [(left: TokenID, right: TokenID, rank: UInt32)], by numbers: [UInt32]? = nil) {
    var slotBits: UInt64 = 10
    while 1 << slotBits < pairs.count + pairs.count / 4 { slotBits += 1 }
    let pilotBits = slotBits - 2
    pilotShift = 64 - pilotBits
    slotShift = 64 - slotBits
    // And what reading two at a time may pass.
    pilots = HugePages.allocate(byteCount: 2 << Int(pilotBits) + 2)
      .bindMemory(to: UInt16.self, capacity: 1 << Int(pilotBits))
    slots = HugePages.allocate(byteCount: 8 << Int(slotBits))
      .bindMemory(to: UInt64.self, capacity: 1 << Int(slotBits))
    slots.update(repeating: .max, count: 1 << Int(slotBits))
    guard place(pairs, numbers, groups: 1 << Int(pilotBits)) else { return nil }
  }

  deinit {
    HugePages.free(pilots)
    HugePages.free(slots)
  }

  /// What `csimd_merge` reads, which must not outlive this and the model.
  func merges(_ model: BPEModel) -> csimd_merges {
    csimd_merges(
      byte_pairs: model.bytePairs.map { UnsafePointer($0.pairs) },
      symbol_pairs: model.characterPairs.map { UnsafePointer($0.known.pairs) },
      byte_tokens: UnsafePointer(model.byteTokens), merged: UnsafePointer(model.merged),
      rank_offset: Int64(model.pairOffset), pilots: UnsafePointer(pilots),
      slots: UnsafePointer(slots), pilot_shift: pilotShift, slot_shift: slotShift)
  }

  /// Where a pair's rank is if it has one.
  struct Spot {
    fileprivate var slot: UnsafePointer<UInt64>
    fileprivate var pair: UInt64

    /// The rank, or `PairTable.none`.
    @inline(__always)
    var rank: UInt32 {
      let found = slot.pointee
      // Not a branch, which none can foretell.
      let difference = found >> 21 ^ pair
      let missing = Int64(bitPattern: difference | (0 &- difference)) >> 63
      return UInt32(truncatingIfNeeded: found | UInt64(bitPattern: missing)) & PairTable.none
    }
  }

  /// Where the rank of a pair is; asks for the memory.
  @inline(__always)
  func spot(_ left: TokenID, _ right: TokenID) -> Spot {
    let pair = Self.pair(left, right)
    let hash = pair &* Self.spread
    let group = UInt64(pilots[Int(truncatingIfNeeded: hash &>> pilotShift)])
    // Any place is as good for a pair that is not there.
    let mayBeThere = (group &>> (filterBit(hash) | 8)) & 1 != 0
    let slot = slots + (mayBeThere ? place(hash, group & 0xFF) : 0)
    csimd_prefetch(slot)
    return Spot(slot: UnsafePointer(slot), pair: pair)
  }

  /// A spot where no pair is.
  var nowhere: Spot { Spot(slot: UnsafePointer(slots), pair: .max) }

  @inline(__always)
  private static func pair(_ left: TokenID, _ right: TokenID) -> UInt64 {
    UInt64(left) << 21 | UInt64(right)
  }

  private static func hash(_ left: TokenID, _ right: TokenID) -> UInt64 {
    pair(left, right) &* spread
  }

  @inline(__always)
  private func place(_ hash: UInt64, _ pilot: UInt64) -> Int {
    Int(truncatingIfNeeded: ((hash ^ pilot &* Self.step) &* Self.final) &>> slotShift)
  }

  /// The bit of a hash in its group's filter.
  @inline(__always)
  private func filterBit(_ hash: UInt64) -> UInt64 { (hash &>> (pilotShift &- 3)) & 7 }

  /// Finds a pilot for each group, the largest groups first. Pairs lie by group, as slots hold
  /// them, and slots are asked for some groups ahead.
  private func place(
    _ pairs: [(left: TokenID, right: TokenID, rank: UInt32)], _ numbers: [UInt32]?, groups: Int
  ) -> Bool {
    var starts = [Int32](repeating: 0, count: groups + 1)
    for pair in pairs {
      starts[Int(truncatingIfNeeded: Self.hash(pair.left, pair.right) &>> pilotShift) + 1] += 1
    }
    var bySize: [[Int32]] = []
    for group in 0..<groups {
      let size = Int(starts[group + 1])
      while bySize.count <= size { bySize.append([]) }
      bySize[size].append(Int32(group))
      starts[group + 1] += starts[group]
    }
    var next = starts
    var order = [UInt64](repeating: 0, count: pairs.count)
    for pair in pairs {
      let group = Int(truncatingIfNeeded: Self.hash(pair.left, pair.right) &>> pilotShift)
      let number = numbers.map { $0[Int(pair.rank)] } ?? pair.rank
      order[Int(next[group])] = Self.pair(pair.left, pair.right) << 21 | UInt64(number)
      next[group] += 1
    }
    return order.withUnsafeBufferPointer { order in
      for groups in bySize.dropFirst().reversed() {
        for (index, group) in groups.enumerated() {
          if index + Self.ahead < groups.count {
            let later = Int(groups[index + Self.ahead])
            for place in Int(starts[later])..<Int(starts[later + 1]) {
              csimd_prefetch(slots + self.place((order[place] >> 21) &* Self.spread, 0))
            }
          }
          let members = Int(starts[Int(group)])..<Int(starts[Int(group) + 1])
          if !settle(Int(group), UnsafeBufferPointer(rebasing: order[members])) { return false }
        }
      }
      return true
    }
  }

  private func settle(_ group: Int, _ members: UnsafeBufferPointer<UInt64>) -> Bool {
    pilots: for pilot in UInt64(0)...255 {
      for done in 0..<members.count {
        let place = place((members[done] >> 21) &* Self.spread, pilot)
        if slots[place] != .max {
          for member in members[..<done] {
            slots[self.place((member >> 21) &* Self.spread, pilot)] = .max
          }
          continue pilots
        }
        slots[place] = members[done]
      }
      let filter = members.reduce(UInt64(0)) {
        $0 | 1 << filterBit(($1 >> 21) &* Self.spread)
      }
      pilots[group] = UInt16(truncatingIfNeeded: filter << 8 | pilot)
      return true
    }
    return false
  }
}
