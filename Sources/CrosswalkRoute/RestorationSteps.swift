import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// Canonical values in registers of their own, moved to where a residue line says that they came from.
final class MoveStep: PlanStep {
  private let copies: [(from: Int, to: Int)]
  private let cleared: [Int]
  /// From one register to another that says nothing; nil forgets the value.
  var moved: [(from: Int, to: Int?)] = []
  var assigned: [(register: Int, slot: Slot)] = []

  init(copies: [(from: Int, to: Int)], cleared: [Int]) {
    self.copies = copies
    self.cleared = cleared
  }

  override func run(_ state: RecordState) {
    let slots = state.frame.slots
    for (from, to) in copies { slots[to] = slots[from] }
    for register in cleared { slots[register] = .absent }
    if !state.failedCanonical.isEmpty {
      for (from, to) in copies where state.failedCanonical.contains(from) { state.failedCanonical.insert(to) }
    }
    for (from, to) in moved {
      if let to {
        if slots[to].isBlank {
          slots[to] = slots[from]
          if state.failedCanonical.contains(from) { state.failedCanonical.insert(to) }
        } else if !slots[from].isBlank, !isSame(slots[from], slots[to], state.frame) {
          // One of the two was edited: each stays where it is read.
          continue
        }
      }
      slots[from] = .absent
    }
    assign(slots)
  }

  private func isSame(_ a: Slot, _ b: Slot, _ frame: Frame) -> Bool {
    if a == b { return true }
    let isPlain = max(a.kindBits, b.kindBits) < UInt64(Kind.emptyObject.rawValue)
    return isPlain && frame.literal(a).elementsEqual(frame.literal(b))
  }

  func assign(_ slots: UnsafeMutablePointer<Slot>) {
    for (register, slot) in assigned { slots[register] = slot }
  }
}

/// What `--set` gave on the way there, where the record that comes back says nothing.
final class FillStep: PlanStep {
  private let fresh: [Int]
  var values: [(register: Int, value: Slot)] = []

  init(fresh: [Int]) { self.fresh = fresh }

  override func run(_ state: RecordState) {
    let slots = state.frame.slots
    for register in fresh { slots[register] = .absent }
    for (register, value) in values where slots[register].isBlank && !state.failedCanonical.contains(register) {
      slots[register] = value
    }
  }
}
