import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

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
