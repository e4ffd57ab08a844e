import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

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

  private let joint: UnsafeMutablePointer<UInt8>
  private let jointCount: Int
  /// The joint needs no escape in JSON.
  private let isPlain: Bool

  init(_ context: TransformContext) {
    let text = Array((context.argumentText ?? ", ").utf8)
    // Copied in steps of 32 bytes.
    joint = .allocate(capacity: text.count + 32)
    joint.initialize(from: text, count: text.count)
    jointCount = text.count
    isPlain = text.allSatisfy { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5c }
  }

  deinit { joint.deallocate() }

  override var readsUnchanged: Bool { true }

  override func write(_ slot: Slot, _ frame: Frame) -> Slot? {
    guard slot.kind == .text else { return slot }
    // JSON's own spelling of a line break is an escape: text without one has no line break.
    if !slot.isEscaped, slot.space == .chunk, frame.encoding.isJSON { return slot }
    // Between JSON and JSON the escapes stay as they are: only those of line breaks are replaced.
    if slot.isEscaped, !slot.isOdd, slot.space == .chunk, frame.escapesAlike, isPlain { return writeEscaped(slot, frame) }
    let text = frame.text(slot)
    let count = text.count
    guard let source = text.baseAddress else { return slot }
    var first = 0
    while first < count, source[first] != 0x0a, source[first] != 0x0d { first &+= 1 }
    if first == count { return slot }
    let arena = frame.arena
    // Every byte may be a line break.
    let target = arena.room(count &* max(jointCount, 1) &+ 64)
    var n = 0
    var i = 0
    while i < count {
      let byte = source[i]
      i &+= 1
      if byte == 0x0a || byte == 0x0d {
        if byte == 0x0d, i < count, source[i] == 0x0a { i &+= 1 }
        for k in 0..<jointCount { target[n &+ k] = joint[k] }
        n &+= jointCount
      } else {
        target[n] = byte
        n &+= 1
      }
    }
    let slot = Slot(.text, offset: arena.used, length: n, space: .arena)
    arena.used += n
    return slot
  }

  /// On the inside of a JSON string with no escape but the short ones.
  private func writeEscaped(_ slot: Slot, _ frame: Frame) -> Slot {
    let arena = frame.arena
    let target = arena.room(slot.length &* max(jointCount, 1) &+ 64)
    let length = JSONText.replaceLineBreaks(in: frame.raw(slot), by: joint, jointCount, into: target)
    let result = Slot(.text, offset: arena.used, length: length, space: .arena, isEscaped: true)
    arena.used += length
    return result
  }
}
