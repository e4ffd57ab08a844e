import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

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
      // Of two that are blank the label's state: it is the literal.
      slots[field] = words.isAbsent ? known : words
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
