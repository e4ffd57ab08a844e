import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// One step of a plan: registers in, registers out. Steps run in the order of the plan; one that only renames is no step at all.
class PlanStep {
  func run(_ state: RecordState) {}
}

/// Steps in their order, held without reference counting.
final class StepList {
  private let steps: UnsafeMutablePointer<Unmanaged<PlanStep>>
  private let count: Int

  init(_ list: [PlanStep]) {
    count = list.count
    steps = .allocate(capacity: max(count, 1))
    for (index, step) in list.enumerated() { (steps + index).initialize(to: .passRetained(step)) }
  }

  deinit {
    for index in 0..<count { steps[index].release() }
    steps.deallocate()
  }

  @inline(__always)
  func run(_ state: RecordState) {
    for index in 0..<count { steps[index]._withUnsafeGuaranteedRef { $0.run(state) } }
  }
}

/// What a failing value means for its record.
enum FailurePolicy { case reject, park, keep }

/// Registers of their own for values that are only renamed.
final class CopyStep: PlanStep {
  private let pairs: [(from: Int, to: Int)]

  init(_ pairs: [(from: Int, to: Int)]) { self.pairs = pairs }

  override func run(_ state: RecordState) {
    let slots = state.frame.slots
    for (from, to) in pairs { slots[to] = slots[from] }
  }
}

/// Read of a field whose transforms change something.
final class ReadStep: PlanStep {
  private let from: Int
  private let to: Int
  private let leaf: Int
  private let transforms: [Transform]
  private let policy: FailurePolicy
  private let name: String
  private let replacements: Replacements?

  init(
    from: Int, to: Int, leaf: Int, transforms: [Transform], policy: FailurePolicy, name: String, replacements: Replacements?
  ) {
    self.policy = policy
    self.name = name
    self.replacements = replacements
    self.from = from
    self.to = to
    self.leaf = leaf
    self.transforms = transforms
  }

  override func run(_ state: RecordState) {
    let frame = state.frame
    var value = frame.slots[from]
    if !value.isBlank {
      for transform in transforms {
        guard let next = transform.read(value, frame) else {
          let literal = frame.slots[from]
          if let use = replacements?.use(.source, name, Array(frame.literal(literal))),
            let given = Replacements.read(use, transforms, frame)
          {
            state.replaced.append((.source, leaf, use))
            frame.slots[to] = given
            return
          }
          state.failures.append(.init(side: .source, leaf: leaf, value: literal))
          frame.slots[to] = policy == .keep ? literal : .absent
          if policy == .keep { return }
          state.failedCanonical.insert(to)
          guard policy == .reject else { return }
          state.refused.append(.init(side: .source, leaf: leaf, value: literal))
          if state.rejection == nil { state.rejection = .init(reason: .failed, leaf: leaf, side: .source, value: literal) }
          return
        }
        value = next
      }
    }
    frame.slots[to] = value
  }
}

/// The id that the target has for a record, in the place of the source's (SEMANTICS S6).
final class IdStep: PlanStep {
  private let from: Int
  private let to: Int

  init(from: Int, to: Int) {
    self.from = from
    self.to = to
  }

  override func run(_ state: RecordState) {
    let slots = state.frame.slots
    slots[to] = state.translatedId.isAbsent ? slots[from] : state.translatedId
  }
}

/// `--set`: where the canonical value is blank after reading and has not failed.
final class SetStep: PlanStep {
  private let register: Int
  private let value: Slot
  /// Where the value was read, when reading may fail.
  private let from: Int
  private let canonical: Int

  init(from: Int, to register: Int, value: Slot, canonical: Int) {
    self.from = from
    self.register = register
    self.value = value
    self.canonical = canonical
  }

  override func run(_ state: RecordState) {
    let slots = state.frame.slots
    let read = slots[from]
    slots[register] = read
    if state.failedCanonical.contains(from) {
      state.failedCanonical.insert(register)
    } else if read.isBlank {
      slots[register] = value
      state.supplied.append(canonical)
    }
  }
}

/// The first of several canonical values that is not blank.
final class SelectStep: PlanStep {
  struct Leg {
    var register: Int
    /// A derived value is used only when all of these are blank.
    var bases: [Int]
    var compose: ComposeStep?
  }

  private let primary: Int
  private let legs: [Leg]
  private let to: Int
  /// The target's leaves that hold the value: more than one where it is taken apart.
  private let leaves: Range<Int>

  init(primary: Int, legs: [Leg], to: Int, leaves: Range<Int>) {
    self.primary = primary
    self.legs = legs
    self.to = to
    self.leaves = leaves
  }

  override func run(_ state: RecordState) {
    let slots = state.frame.slots
    let value = slots[primary]
    for leaf in leaves { state.legs[leaf] = 0 }
    if !value.isBlank || state.failedCanonical.contains(primary) {
      slots[to] = value
      return
    }
    for (index, leg) in legs.enumerated() {
      if let compose = leg.compose { compose.run(state) }
      guard !slots[leg.register].isBlank, leg.bases.allSatisfy({ slots[$0].isBlank }) else { continue }
      for leaf in leaves { state.legs[leaf] = UInt8(truncatingIfNeeded: index + 1) }
      slots[to] = slots[leg.register]
      return
    }
    slots[to] = value
  }
}

/// Write of a field: transforms, then the field's kind.
final class WriteStep: PlanStep {
  private let from: Int
  private let to: Int
  private let leaf: Int
  private let transforms: [Transform]
  /// Of a list of one.
  private let only: Unmanaged<Transform>?
  private let type: ValueType
  private let policy: FailurePolicy
  private let name: String
  private let replacements: Replacements?

  /// - transforms: in write order.
  init(
    from: Int, to: Int, leaf: Int, transforms: [Transform], type: ValueType, policy: FailurePolicy, name: String,
    replacements: Replacements?
  ) {
    self.name = name
    self.replacements = replacements
    self.from = from
    self.to = to
    self.leaf = leaf
    self.transforms = transforms
    only = transforms.count == 1 ? .passUnretained(transforms[0]) : nil
    self.type = type
    self.policy = policy
  }

  override func run(_ state: RecordState) {
    let frame = state.frame
    let source = frame.slots[from]
    if source.isBlank {
      frame.slots[to] = source
      return
    }
    var value: Slot? = source
    if let only {
      value = only._withUnsafeGuaranteedRef { $0.write(source, frame) }
    } else {
      for transform in transforms {
        guard let current = value else { break }
        value = transform.write(current, frame)
      }
    }
    if let current = value, !current.isBlank { value = Coercion.apply(type, current, frame) }
    if let value {
      frame.slots[to] = value
      return
    }
    fail(source, state)
  }

  @inline(never)
  private func fail(_ source: Slot, _ state: RecordState) {
    let frame = state.frame
    let within = transforms.lazy.map { $0.within(frame) }.first { !$0.isEmpty } ?? []
    if let use = replacements?.use(.target, name, Array(frame.literal(source)), within: within),
      let given = Replacements.write(use, transforms, type, frame)
    {
      state.replaced.append((.target, leaf, use))
      frame.slots[to] = given
      return
    }
    let failure = RecordState.Failure(side: .target, leaf: leaf, value: source, within: within)
    switch policy {
    case .keep:
      frame.slots[to] = source
      state.failures.append(failure)
    case .park:
      frame.slots[to] = .absent
      state.failures.append(failure)
      state.failedTargets.insert(leaf)
    case .reject:
      frame.slots[to] = .absent
      state.failedTargets.insert(leaf)
      state.refused.append(failure)
      if state.rejection == nil { state.rejection = .init(reason: .failed, leaf: leaf, side: .target, value: source) }
    }
  }
}

/// Brings a value to the kind of its field (Mappings/README.md, "Kind"). nil when it refuses.
enum Coercion {
  static func apply(_ type: ValueType, _ slot: Slot, _ frame: Frame) -> Slot? {
    switch slot.kind {
    case .emptyObject, .emptyArray, .subtree: return nil
    default: break
    }
    switch type {
    case .text, .lines, .code, .choice: return slot
    case .integer:
      switch slot.kind {
      case .number: return slot
      case .text:
        let plain = frame.plain(slot)
        return isInteger(frame.text(plain)) ? Slot(bits: plain.bits & ~0x3f | UInt64(plain.space.rawValue) << 6 | UInt64(Kind.number.rawValue)) : nil
      default: return nil
      }
    case .boolean: return BooleanTransform.value(slot, frame, words: false).map { slot.kind == .text ? BooleanTransform.slot($0) : slot }
    case .instant:
      guard slot.kind == .text else { return slot }
      let text = frame.text(slot)
      // Already so in nearly every record: 2019-06-17T14:05:00Z.
      if text.count == 20, text[19] == 0x5a, text[10] == 0x54 { return slot }
      guard let iso = Instant.iso(text, offset: nil)?.iso else { return slot }
      return text.elementsEqual(iso) ? slot : frame.store(iso)
    }
  }

  /// `-?(0|[1-9][0-9]*)`.
  static func isInteger(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var digits = text[...]
    if digits.first == UInt8(ascii: "-") { digits = digits.dropFirst() }
    guard let first = digits.first, digits.allSatisfy({ $0 &- 0x30 < 10 }) else { return false }
    return first != 0x30 || digits.count == 1
  }
}

/// `default:` of a field.
final class DefaultStep: PlanStep {
  private let register: Int
  private let from: Int
  private let leaf: Int
  private let value: Slot
  /// Canonical registers: a value that failed on reading has nothing in its place.
  private let primary: [Int]
  private let when: When

  enum When { case absent, blank, always }

  init(from: Int, to register: Int, leaf: Int, value: Slot, primary: [Int], when: When) {
    self.when = when
    self.primary = primary
    self.from = from
    self.register = register
    self.leaf = leaf
    self.value = value
  }

  override func run(_ state: RecordState) {
    let slots = state.frame.slots
    let current = slots[from]
    let isMissing: Bool =
      switch when {
      case .absent: current.isAbsent
      case .blank: current.isBlank
      case .always: true
      }
    if isMissing, !state.failedTargets.contains(leaf), state.failedCanonical.isDisjoint(with: primary) {
      slots[register] = value
      state.supplied.append(-1 - leaf)
    } else {
      slots[register] = current
    }
  }
}

/// What a leaf becomes by being written and read again: kinds that the format or the field does not have, states that it leaves
/// out. Only where a record's return is worked out (the residue).
final class CarryStep: PlanStep {
  private let from: Int
  private let to: Int
  private let leaf: Layout.Leaf
  private let format: Format
  private let hasNull: Bool

  init(from: Int, to: Int, leaf: Layout.Leaf, format: Format, hasNull: Bool) {
    self.from = from
    self.to = to
    self.leaf = leaf
    self.format = format
    self.hasNull = hasNull
  }

  override func run(_ state: RecordState) {
    state.frame.slots[to] = CarryStep.carry(state.frame.slots[from], leaf, isTyped: format.isJSON, hasNull: hasNull, state.frame)
  }

  static func carry(_ slot: Slot, _ leaf: Layout.Leaf, isTyped: Bool, hasNull: Bool, _ frame: Frame) -> Slot {
    switch slot.kind {
    case .absent: return slot
    // What came back from a residue is written as its kind and in its state; read again, it is a value like another.
    case .null: return (leaf.writesNull || slot.isRestored) && hasNull ? slot.asRead : .absent
    case .text: return slot.length == 0 && !leaf.writesEmpty && !slot.isRestored ? .absent : slot.asRead
    case .number:
      guard leaf.isText && !slot.isRestored || !isTyped else { return slot.asRead }
      let slot = slot.asRead
      return Slot(bits: slot.bits & ~15 | UInt64(Kind.text.rawValue))
    case .true, .false:
      guard leaf.isText && !slot.isRestored || !isTyped else { return slot.asRead }
      return frame.store(slot.kind == .true ? "true".utf8 : "false".utf8)
    case .emptyObject, .emptyArray, .subtree: return .absent
    }
  }
}
