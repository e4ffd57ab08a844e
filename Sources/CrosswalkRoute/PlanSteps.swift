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

/// Text composed of lines in which fields stand (`or: { compose: […] }`).
final class ComposeStep: PlanStep {
  static let spec = TransformSpec(
    name: "compose", summary: "writes several values as lines of one text, where the field's own value is missing",
    parameters: [("compose", "the lines, fields in braces"), ("rest", "where edits that fit nowhere go on the way back")],
    inverse: .none, loses: "which line was which value: they return through the residue",
    examples: [
      .init(
        use: "{ compose: [\"{address.street}\", \"{address.city}, {address.region} {address.postalCode}\", \"{phone.fax} (fax)\"] }",
        writes: [
          (#"{"address.street":"1 Quay Rd\nDock 7","address.city":"Leeds","address.postalCode":"LS1"}"#, #""1 Quay Rd\nDock 7\nLeeds, LS1""#),
          (#"{"address.region":"FL","phone.fax":"555"}"#, #""FL\n555 (fax)""#), (#"{"address.city":""}"#, nil),
        ])
    ])

  private enum Part {
    case text([UInt8])
    case field(Int)
  }

  private let lines: [[Part]]
  private let to: Int

  /// Canonical fields named in the lines.
  static func fields(in lines: [String]) -> [String] {
    lines.flatMap { line in pieces(line).compactMap { if case .field(let name) = $0 { name } else { nil } } }
  }

  private enum Piece { case text(String), field(String) }

  private static func pieces(_ line: String) -> [Piece] {
    var pieces: [Piece] = []
    var rest = line[...]
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
      pieces.append(.field(String(rest[rest.index(after: open)..<close])))
      rest = rest[rest.index(after: close)...]
    }
    if !rest.isEmpty { pieces.append(.text(String(rest))) }
    return pieces
  }

  init(lines: [String], to: Int, register: (String) -> Int) {
    self.to = to
    self.lines = lines.map { line in
      ComposeStep.pieces(line).map { piece in
        switch piece {
        case .text(let text): .text(Array(text.utf8))
        case .field(let name): .field(register(name))
        }
      }
    }
  }

  override func run(_ state: RecordState) {
    let frame = state.frame
    var out: [UInt8] = []
    for line in lines {
      guard let text = render(line, frame) else { continue }
      if !out.isEmpty { out.append(0x0a) }
      out += text
    }
    frame.slots[to] = out.isEmpty ? .absent : frame.store(out)
  }

  /// The lines that are written, with the places of their values.
  func blocks(_ frame: Frame) -> [ComposedBlock] {
    var blocks: [ComposedBlock] = []
    var ordinal = 0
    for line in lines {
      let first = ordinal
      ordinal += line.reduce(0) { if case .field = $1 { $0 + 1 } else { $0 } }
      var ranges: [(Int, Range<Int>)] = []
      guard let text = render(line, frame, note: { ranges.append((first + $0, $1)) }) else { continue }
      blocks.append(
        ComposedBlock(text: text, fields: ranges.map { ($0, $1, render(line, frame, without: $0 - first)) }))
    }
    return blocks
  }

  /// nil when no value stands in the line.
  /// - without: the number of a value that is left out.
  /// - note: is told the number and the place of each value.
  private func render(
    _ line: [Part], _ frame: Frame, without: Int? = nil, note: ((Int, Range<Int>) -> Void)? = nil
  ) -> [UInt8]? {
    var text: [UInt8] = []
    // The first text behind the last value that was written: it joins it to the next one.
    var joint: [UInt8]?
    var lead: [UInt8] = []
    var hasValue = false
    var lastIsBlank = true
    var number = -1
    for (index, part) in line.enumerated() {
      switch part {
      case .text(let bytes):
        if index == 0 { lead = bytes } else if joint == nil { joint = bytes }
      case .field(let register):
        number += 1
        let slot = frame.slots[register]
        lastIsBlank = slot.isBlank || slot.kindBits >= UInt64(Kind.emptyObject.rawValue) || number == without
        if lastIsBlank {
          lead = []
          continue
        }
        text += hasValue ? joint ?? [] : lead
        let start = text.count
        text += frame.literal(slot)
        note?(number, start..<text.count)
        joint = nil
        hasValue = true
      }
    }
    guard hasValue else { return nil }
    if !lastIsBlank { text += joint ?? [] }
    return text
  }
}

/// A block of free text read into its parts, where what it holds is certain; else it stays whole.
final class BlockStep: PlanStep {
  static let spec = TransformSpec(
    name: "block", summary: "reads a block of free text into address, phones and web address, where that is certain",
    parameters: [
      ("block", "part → canonical field; `rest` takes what is left"),
      ("by", "option.NAME: its choice `split` asks for it, any other leaves the text whole"),
    ],
    inverse: .normalising, loses: "the order of its lines and their labels: they return through the residue",
    examples: [
      .init(
        use: "{ block: { city: address.city, region: address.region, postalCode: address.postalCode, fax: phone.fax, rest: notes } }",
        reads: [
          (
            #""Boston, MA 02118\nF: 617-555-0142\nAsk for Jo""#,
            #"{"phone":{"fax":"617-555-0142"},"address":{"city":"Boston","region":"MA","postalCode":"02118"},"notes":"Ask for Jo"}"#
          ), (#""Ask for Jo""#, #"{"details":"Ask for Jo"}"#),
        ])
    ])

  private let from: Int
  private let whole: Int
  private let parts: [(name: String, to: Int)]
  private let leaf: Int
  let rules: BlockRules
  /// Not where the text was composed of values that are known.
  var isOn = true
  /// Canonical values that the text was put together from, in place of what it says: the whole and the parts.
  var given: [(from: Int, to: Int)] = []

  init(from: Int, whole: Int, parts: [(name: String, to: Int)], leaf: Int, rules: BlockRules) {
    self.from = from
    self.whole = whole
    self.parts = parts
    self.leaf = leaf
    self.rules = rules
  }

  override func run(_ state: RecordState) {
    let frame = state.frame
    let slots = frame.slots
    for part in parts { slots[part.to] = .absent }
    slots[whole] = slots[from]
    guard given.isEmpty else {
      slots[whole] = .absent
      for (from, to) in given { slots[to] = slots[from].asRead }
      return
    }
    guard isOn, slots[from].kind == .text, slots[from].length > 0 else { return }
    let text = Array(frame.literal(slots[from]))
    guard let block = BlockText(text, rules) else {
      state.notices.append((leaf, slots[from], .unstructured))
      return
    }
    // A part that the mapping has no field for stays with what is left.
    let known = Set(parts.map(\.name))
    slots[whole] = .absent
    for part in parts {
      if let value = block.value(part.name, in: text, known: known) { slots[part.to] = frame.store(value) }
    }
  }
}

/// Several fields that hold the lines of one text.
final class LinesStep: PlanStep {
  static let spec = TransformSpec(
    name: "lines", summary: "the lines of one text on several fields", parameters: [("lines", "the fields, the first is this one")],
    inverse: .normalising, loses: "lines beyond the last field are joined to it with `, `; the kind of line break",
    examples: [
      .init(
        use: "{ lines: [value, line2, line3] }",
        reads: [
          (#"{"value":"1 Quay Rd","line3":"Dock 7"}"#, #""1 Quay Rd\n\nDock 7""#), (#"{"value":"a\nb"}"#, #""a\nb""#),
          (#"{"value":{},"line2":"b"}"#, nil),
        ],
        writes: [
          (#""a\r\nb\rc\nd""#, #"{"value":"a","line2":"b","line3":"c, d"}"#), (#""a\n\nc""#, #"{"value":"a","line2":"","line3":"c"}"#),
        ])
    ])

  private let fields: [Int]
  private let whole: Int
  private let isReading: Bool

  init(fields: [Int], whole: Int, isReading: Bool) {
    self.fields = fields
    self.whole = whole
    self.isReading = isReading
  }

  override func run(_ state: RecordState) { if isReading { read(state) } else { write(state.frame) } }

  private func read(_ state: RecordState) {
    let frame = state.frame
    let slots = frame.slots
    // One of the fields holds an object or a list.
    if !state.failedCanonical.isEmpty, state.failedCanonical.contains(whole) {
      slots[whole] = .absent
      return
    }
    guard let last = fields.lastIndex(where: { !slots[$0].isBlank && slots[$0].kindBits < UInt64(Kind.emptyObject.rawValue) })
    else {
      // Nothing said: the strongest of the states (empty, null, absent).
      let state = fields.first { slots[$0].isEmptyText } ?? fields.first { slots[$0].kind == .null } ?? fields[0]
      slots[whole] = slots[state].isBlank ? slots[state] : .absent
      return
    }
    if last == 0 {
      slots[whole] = slots[fields[0]]
      return
    }
    var text: [UInt8] = []
    for (index, field) in fields[...last].enumerated() {
      if index > 0 { text.append(0x0a) }
      if !slots[field].isBlank { text += frame.literal(slots[field]) }
    }
    slots[whole] = frame.store(text)
  }

  private func write(_ frame: Frame) {
    let slots = frame.slots
    for field in fields { slots[field] = .absent }
    let slot = slots[whole]
    guard slot.kind == .text, slot.length > 0 else {
      slots[fields[0]] = slot
      return
    }
    // JSON spells a line break as an escape: without one there is one line.
    if !slot.isEscaped, slot.space == .chunk, frame.encoding.isJSON {
      slots[fields[0]] = slot
      return
    }
    let plain = frame.plain(slot)
    let text = frame.text(plain)
    var part = 0
    var start = 0
    var i = 0
    func put(_ from: Int, _ to: Int) {
      slots[fields[part]] = Slot(.text, offset: plain.offset + from, length: to - from, space: plain.space)
      part += 1
    }
    while i < text.count {
      let byte = text[i]
      guard byte == 0x0a || byte == 0x0d else {
        i += 1
        continue
      }
      if part == fields.count - 1 { break }
      put(start, i)
      i += byte == 0x0d && i + 1 < text.count && text[i + 1] == 0x0a ? 2 : 1
      start = i
    }
    if i >= text.count {
      put(start, text.count)
      return
    }
    // More lines than fields: the rest on the last one.
    var rest: [UInt8] = []
    i = start
    while i < text.count {
      let byte = text[i]
      i += 1
      if byte == 0x0a || byte == 0x0d {
        if byte == 0x0d, i < text.count, text[i] == 0x0a { i += 1 }
        rest += ", ".utf8
      } else {
        rest.append(byte)
      }
    }
    slots[fields[part]] = frame.store(rest)
  }
}

/// One text that is a label with its code behind it: `Euro - EUR`.
final class LabelledStep: PlanStep {
  static let spec = TransformSpec(
    name: "labelled", summary: "a label with its code at the end, as two canonical values",
    parameters: [("labelled", "the table that has the labels"), ("by", "option.NAME: which generation of labels is written first")],
    inverse: .exact, loses: "",
    examples: [
      .init(
        use: "{ labelled: currencies, by: option.labels }",
        reads: [
          (#""Euro - EUR""#, #"{"code":"EUR","label":"Euro - EUR"}"#), (#""USD""#, #"{"code":"USD","label":"USD"}"#),
          (#""Krona""#, #"{"label":"Krona"}"#), (#""A - B - GBP""#, #"{"code":"GBP","label":"A - B - GBP"}"#),
        ],
        writes: [
          (#"{"code":"GBP","label":"Pounds - GBP"}"#, #""Pounds - GBP""#),
          (#"{"code":"GBP","label":"Euro - EUR"}"#, #""United Kingdom Pounds - GBP""#),
          (#"{"code":"GBP"}"#, #""United Kingdom Pounds - GBP""#), (#"{"label":"Krona"}"#, #""Krona""#), (#"{"code":"XYZ"}"#, nil),
        ])
    ])

  private let field: Int
  private let code: Int
  private let label: Int
  private let leaf: Int
  private let isReading: Bool
  private let table: Table?
  private let generations: [String]
  private let policy: FailurePolicy
  private let name: String
  private let replacements: Replacements?
  private var cache = LookupCache()

  /// - generations: the table's columns of labels, the wanted one first.
  init(
    field: Int, code: Int, label: Int, leaf: Int, isReading: Bool, table: Table?, generations: [String], policy: FailurePolicy,
    name: String, replacements: Replacements?
  ) {
    self.name = name
    self.replacements = replacements
    self.field = field
    self.code = code
    self.label = label
    self.leaf = leaf
    self.isReading = isReading
    self.table = table
    self.generations = generations
    self.policy = policy
  }

  override func run(_ state: RecordState) { if isReading { read(state) } else { write(state) } }

  /// Three capitals after the last ` - `, or the whole of a bare code.
  static func code(in text: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
    let count = text.count
    guard count >= 3, text[(count - 3)...].allSatisfy({ $0 >= 0x41 && $0 <= 0x5a }) else { return nil }
    if count == 3 { return 0..<3 }
    guard count >= 6, text[count - 4] == 0x20, text[count - 5] == 0x2d, text[count - 6] == 0x20 else { return nil }
    return (count - 3)..<count
  }

  private func read(_ state: RecordState) {
    let frame = state.frame
    let slots = frame.slots
    let slot = slots[field]
    if slot.isBlank {
      slots[code] = slot
      slots[label] = slot
      return
    }
    var plain = frame.plain(slot)
    slots[label] = slot
    if let replacements, plain.kind != .text || LabelledStep.code(in: frame.text(plain)) == nil,
      let use = replacements.use(.source, name, Array(frame.literal(slot)))
    {
      state.replaced.append((.source, leaf, use))
      plain = frame.store(use.text)
      slots[label] = plain
    }
    if plain.kind == .text, let range = LabelledStep.code(in: frame.text(plain)) {
      slots[code] = Slot(.text, offset: plain.offset + range.lowerBound, length: range.count, space: plain.space)
    } else {
      slots[code] = .absent
      state.notices.append((leaf, slot, .labelWithoutCode))
    }
  }

  private func write(_ state: RecordState) {
    let frame = state.frame
    let slots = frame.slots
    let known = slots[code]
    let words = slots[label]
    if known.isBlank {
      slots[field] = words.isBlank ? (known.isAbsent ? words : known) : words
      return
    }
    let codeText = frame.literal(known)
    if !words.isBlank {
      let plain = frame.plain(words)
      if plain.kind == .text, let range = LabelledStep.code(in: frame.text(plain)),
        frame.text(plain)[range].elementsEqual(codeText)
      {
        slots[field] = words
        return
      }
    }
    if let found = cache.answer(Array(codeText), { find(Array(codeText)) }) {
      slots[field] = frame.store(found)
      return
    }
    if let use = replacements?.use(.target, name, Array(codeText)), let given = use.isLiteral ? use.text : find(use.text) {
      state.replaced.append((.target, leaf, use))
      slots[field] = frame.store(given)
      return
    }
    slots[field] = .absent
    state.failedTargets.insert(leaf)
    switch policy {
    case .keep: slots[field] = known
    case .park: state.failures.append(.init(side: .target, leaf: leaf, value: known))
    case .reject:
      state.refused.append(.init(side: .target, leaf: leaf, value: known))
      if state.rejection == nil { state.rejection = .init(reason: .failed, leaf: leaf, side: .target, value: known) }
    }
  }

  private func find(_ code: [UInt8]) -> [UInt8]? {
    guard let table else { return nil }
    var found: [UInt8]?
    table.rows(startingWith: code) { row in
      for generation in generations {
        if let column = table.column(generation), column < row.count, !row[column].isEmpty {
          found = row[column] + Array(" - ".utf8) + code
          return false
        }
      }
      return false
    }
    return found
  }
}

/// Members of an object that make one text together.
final class JoinStep: PlanStep {
  static let spec = TransformSpec(
    name: "join", summary: "several members read as one text, the text given between them",
    parameters: [("of", "the members"), ("with", "what stands between them")], inverse: .normalising,
    loses: "which part was in which member: the whole is written to the last one",
    examples: [
      .init(
        use: "{ join: { of: [area, number], with: \" \" } }",
        reads: [(#"{"area":"0113","number":"496 0001"}"#, #""0113 496 0001""#), (#"{"number":"496"}"#, #""496""#)],
        writes: [(#""0113 496 0001""#, #"{"number":"0113 496 0001"}"#)])
    ])

  private let members: [Int]
  private let whole: Int
  private let joint: [UInt8]
  private let isReading: Bool

  init(members: [Int], whole: Int, joint: [UInt8], isReading: Bool) {
    self.members = members
    self.whole = whole
    self.joint = joint
    self.isReading = isReading
  }

  override func run(_ state: RecordState) {
    let frame = state.frame
    let slots = frame.slots
    guard isReading else {
      for member in members { slots[member] = .absent }
      slots[members[members.count - 1]] = slots[whole]
      return
    }
    var text: [UInt8] = []
    var count = 0
    if !state.failedCanonical.isEmpty, state.failedCanonical.contains(whole) {
      slots[whole] = .absent
      return
    }
    for member in members where !slots[member].isBlank && slots[member].kindBits < UInt64(Kind.emptyObject.rawValue) {
      if count > 0 { text += joint }
      text += frame.literal(slots[member])
      count += 1
    }
    slots[whole] = count > 0 ? frame.store(text) : slots[members[members.count - 1]]
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
