package import CrosswalkFormats
package import CrosswalkModel

/// Lines as one: each line break (CRLF, CR, LF) becomes the text given.
final class OneLineTransform: Transform {
  static let spec = TransformSpec(
    name: "oneLine", summary: "writes the lines of a text as one, the text given between them",
    parameters: [("oneLine", "what stands for a line break")], inverse: .normalising,
    loses: "where the line breaks were",
    examples: [
      .init(
        use: "{ oneLine: \", \" }", reads: [("\"50, Oakland Avenue\"", "\"50, Oakland Avenue\"")],
        writes: [("\"1 Main St.\\nFloor 2\"", "\"1 Main St., Floor 2\""), ("\"a\\r\\nb\\rc\"", "\"a, b, c\"")])
    ])

  private let joint: [UInt8]

  init(_ context: TransformContext) { joint = Array((context.argumentText ?? ", ").utf8) }

  override var readsUnchanged: Bool { true }

  override func write(_ slot: Slot, _ frame: Frame) -> Slot? {
    guard slot.kind == .text else { return slot }
    // JSON's own spelling of a line break is an escape: text without one has no line break.
    if !slot.isEscaped, slot.space == .chunk, frame.encoding.isJSON { return slot }
    let text = frame.text(slot)
    guard let source = text.baseAddress, let first = text.firstIndex(where: { $0 == 0x0a || $0 == 0x0d }) else {
      return slot
    }
    var breaks = 0
    for byte in text[first...] where byte == 0x0a || byte == 0x0d { breaks += 1 }
    let arena = frame.arena
    let target = arena.room(text.count + breaks * joint.count + 64)
    var n = 0
    var i = 0
    while i < text.count {
      let byte = source[i]
      i += 1
      if byte == 0x0a || byte == 0x0d {
        if byte == 0x0d, i < text.count, source[i] == 0x0a { i += 1 }
        for part in joint {
          target[n] = part
          n += 1
        }
      } else {
        target[n] = byte
        n += 1
      }
    }
    let slot = Slot(.text, offset: arena.used, length: n, space: .arena)
    arena.used += n
    return slot
  }
}
