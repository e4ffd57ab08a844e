import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkYAML

/// Blanks at both ends dropped on reading.
final class TrimTransform: Transform {
  static let spec = TransformSpec(
    name: "trim", summary: "drops blanks at both ends on reading", parameters: [], inverse: .normalising,
    loses: "the blanks at the ends",
    examples: [.init(use: "trim", reads: [("\"  a b \"", "\"a b\"")], writes: [("\" a\"", "\" a\"")])])

  override var writesUnchanged: Bool { true }

  override func read(_ slot: Slot, _ frame: Frame) -> Slot? {
    guard slot.kind == .text else { return slot }
    let text = frame.text(slot)
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d }
    guard let first = text.firstIndex(where: { !isBlank($0) }) else { return frame.store([]) }
    let last = text.lastIndex { !isBlank($0) } ?? first
    return first == 0 && last == text.count - 1 ? slot : frame.store(text[first...last])
  }
}

/// ASCII letters in one case, on writing: of what the value says, whatever kind its carrier gave it (`true`, `3E7`), or else it would
/// be another text the next time.
final class CaseTransform: Transform {
  static let spec = TransformSpec(
    name: "case", summary: "writes ASCII letters in one case", parameters: [("case", "upper or lower")],
    inverse: .normalising, loses: "the case of the letters",
    examples: [.init(use: "{ case: upper }", reads: [("\"usd\"", "\"usd\"")], writes: [("\"usd\"", "\"USD\""), ("\"12\"", "\"12\"")])])

  private let isUpper: Bool

  init(_ context: TransformContext) { isUpper = context.argumentText != "lower" }

  override var readsUnchanged: Bool { true }

  override func write(_ slot: Slot, _ frame: Frame) -> Slot? {
    let literal = frame.literal(slot)
    let (first, last): (UInt8, UInt8) = isUpper ? (0x61, 0x7a) : (0x41, 0x5a)
    guard literal.contains(where: { $0 >= first && $0 <= last }) else { return slot }
    return frame.store(
      literal.map { $0 >= first && $0 <= last ? $0 ^ 0x20 : $0 }, as: slot.kind == .number ? .number : .text)
  }
}

/// A text in front that the system wants and others do not.
final class PrefixTransform: Transform {
  static let spec = TransformSpec(
    name: "prefix", summary: "drops a text in front on reading, puts it there on writing",
    parameters: [("prefix", "the text")], inverse: .normalising, loses: "whether the prefix was there",
    examples: [
      .init(use: "{ prefix: \"C-\" }", reads: [("\"C-12\"", "\"12\""), ("\"12\"", "\"12\""), ("\"C-C-12\"", "\"C-C-12\"")], writes: [("\"12\"", "\"C-12\"")])
    ])

  private let prefix: [UInt8]

  init(_ context: TransformContext) { prefix = Array((context.argumentText ?? "").utf8) }

  override func read(_ slot: Slot, _ frame: Frame) -> Slot? {
    let text = frame.literal(slot)
    guard text.starts(with: prefix) else { return slot }
    // Where it stands twice the rest would be taken for one that has it already, and lose it on the way back.
    let rest = text.dropFirst(prefix.count)
    return rest.starts(with: prefix) ? slot : frame.store(rest)
  }

  override func write(_ slot: Slot, _ frame: Frame) -> Slot? {
    let text = frame.literal(slot)
    return text.starts(with: prefix) ? slot : frame.store(prefix + Array(text))
  }
}

/// One part of a text; the rest is lost, so the field is one-way.
final class SplitTransform: Transform {
  static let spec = TransformSpec(
    name: "split", summary: "reads the first or last part of a text", parameters: [
      ("at", "what stands between the parts"), ("take", "first or last"),
    ], inverse: .none, loses: "the other parts",
    examples: [.init(use: "{ split: { at: \":\", take: last } }", reads: [("\"Parent:Child\"", "\"Child\""), ("\"One\"", "\"One\"")])])

  private let separator: [UInt8]
  private let takesLast: Bool

  init(_ context: TransformContext) {
    separator = Array((context.use.argument?["at"]?.text ?? ":").utf8)
    takesLast = context.use.argument?["take"]?.text != "first"
  }

  override var writesUnchanged: Bool { true }

  override func read(_ slot: Slot, _ frame: Frame) -> Slot? {
    let text = Array(frame.literal(slot))
    guard !separator.isEmpty, text.count >= separator.count else { return slot }
    let places = (0...(text.count - separator.count)).filter { text[$0..<($0 + separator.count)].elementsEqual(separator) }
    guard let place = takesLast ? places.last : places.first else { return slot }
    return frame.store(takesLast ? text[(place + separator.count)...] : text[..<place])
  }
}

/// A text where there is none; on writing.
final class DefaultTransform: Transform {
  static let spec = TransformSpec(
    name: "default", summary: "writes a text where there is no value (the field's `default:` by another name)",
    parameters: [("default", "the text")], inverse: .normalising, loses: "",
    examples: [.init(use: "{ default: x }", reads: [("\"a\"", "\"a\"")], writes: [("\"a\"", "\"a\"")])])

  let value: [UInt8]

  init(_ context: TransformContext) { value = Array((context.argumentText ?? "").utf8) }

  override var readsUnchanged: Bool { true }
  override var writesUnchanged: Bool { true }
}

/// Always the same text, on writing.
final class ConstantTransform: Transform {
  static let spec = TransformSpec(
    name: "constant", summary: "writes the same text whatever the value", parameters: [("constant", "the text")],
    inverse: .none, loses: "the value",
    examples: [.init(use: "{ constant: client }", writes: [("\"a\"", "\"client\"")])])

  let value: [UInt8]

  init(_ context: TransformContext) { value = Array((context.argumentText ?? "").utf8) }

  override var readsUnchanged: Bool { true }
  override func write(_ slot: Slot, _ frame: Frame) -> Slot? { frame.store(value) }
}
