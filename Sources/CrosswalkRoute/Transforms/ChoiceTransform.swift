import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkYAML

/// A closed set of words, each with the spellings that a system uses for it.
final class ChoiceTransform: Transform {
  static let spec = TransformSpec(
    name: "choice", summary: "a closed set of words, each with the system's spellings of it",
    parameters: [
      ("choice", "canonical word: [spellings, the written one first]"),
      ("ignore", "what spellings may differ in: case, blanks, hyphens"),
      ("write", "option.NAME: which spelling is written, by the place of the option's value among its choices"),
    ], inverse: .normalising, loses: "which of the spellings it was",
    examples: [
      .init(
        use: "{ choice: { open: [OPEN, active], done: [CLOSED] }, ignore: [case] }",
        reads: [("\"open\"", "\"open\""), ("\"ACTIVE\"", "\"open\""), ("\"other\"", nil)],
        writes: [("\"done\"", "\"CLOSED\""), ("\"active\"", "\"active\""), ("\"other\"", nil)]),
      .init(
        use: "{ choice: { \"true\": [ACTIVE], \"false\": [ARCHIVED] } }",
        reads: [("\"ACTIVE\"", "true")], writes: [("false", "\"ARCHIVED\"")]),
    ])

  private struct Word {
    var word: [UInt8]
    var spellings: [[UInt8]]
    var keys: [[UInt8]]
  }

  private var words: [Word] = []
  private let ignored: Set<String>
  private let written: Int

  init(_ context: TransformContext) {
    ignored = Set(context.node("ignore")?.items?.compactMap(\.text) ?? context.text("ignore").map { [$0] } ?? [])
    var written = 0
    if let option = context.text("write"), option.hasPrefix("option.") {
      let name = String(option.dropFirst("option.".count))
      if let value = context.options(name) { written = context.optionChoices(name).firstIndex(of: value) ?? 0 }
    }
    self.written = written
    for entry in context.use.argument?.entries ?? [] {
      let spellings = (entry.value.items?.compactMap(\.text) ?? entry.value.text.map { [$0] } ?? []).map { Array($0.utf8) }
      words.append(Word(word: Array((entry.key.text ?? "").utf8), spellings: spellings, keys: []))
    }
    super.init()
    for i in words.indices { words[i].keys = words[i].spellings.map { key($0) } }
  }

  override func read(_ slot: Slot, _ frame: Frame) -> Slot? {
    let text = frame.literal(slot)
    let key = key(text)
    guard let word = words.first(where: { $0.keys.contains(key) })?.word else { return nil }
    if word.elementsEqual("true".utf8) { return BooleanTransform.slot(true) }
    if word.elementsEqual("false".utf8) { return BooleanTransform.slot(false) }
    return frame.store(word)
  }

  override func readGiven(_ slot: Slot, _ frame: Frame) -> Slot? {
    let text = frame.literal(slot)
    guard let word = words.first(where: { $0.word.elementsEqual(text) })?.word else { return read(slot, frame) }
    return BooleanTransform.value(slot, frame, words: false) == nil ? frame.store(word) : read(slot, frame)
  }

  override func write(_ slot: Slot, _ frame: Frame) -> Slot? {
    let text = Array(frame.literal(slot))
    if let word = words.first(where: { $0.word == text }) {
      let spelling = word.spellings[min(written, word.spellings.count - 1)]
      return slot.kind == .text && spelling == text ? slot : frame.store(spelling)
    }
    // A spelling of the system's own stays as it is.
    let key = key(text)
    return words.contains { $0.keys.contains(key) } ? slot : nil
  }

  private func key(_ text: some Collection<UInt8>) -> [UInt8] {
    var key: [UInt8] = []
    for byte in text {
      if ignored.contains("blanks"), byte == 0x20 || byte == 0x09 { continue }
      if ignored.contains("hyphens"), byte == UInt8(ascii: "-") { continue }
      key.append(ignored.contains("case") && byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte)
    }
    return key
  }
}
