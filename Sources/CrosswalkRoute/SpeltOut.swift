import CrosswalkFormats
import CrosswalkModel
import Glibc

/// Looks for the escapes of another format in a text that may have lines: the word `null` alone, `\r\n` or `\n` in characters.
/// They are data and are kept; whoever wrote them may have meant a line break or nothing at all.
enum SpeltOut {
  /// Asked of every record: false where the bytes rule it out.
  @inline(__always)
  static func mayStand(in slot: Slot, _ frame: Frame) -> Bool {
    guard slot.kindBits == UInt64(Kind.text.rawValue) else { return false }
    if slot.length == 4 { return true }
    // A backslash is an escape in JSON. Where none is, none can be spelt out.
    if slot.space == .chunk, frame.encoding.isJSON, !slot.isEscaped { return false }
    // Spelt out in JSON it is an escaped backslash, or one by its number: escapes that the reader marks.
    if slot.space == .chunk, frame.encoding.isJSON { return slot.isOdd }
    let raw = frame.raw(slot)
    if slot.isEscaped, frame.encoding.isJSON {
      // Spelt out there, it is an escaped backslash.
      var p = raw.baseAddress!
      let end = p + raw.count
      while p + 1 < end, let found = memchr(p, 0x5c, end - p - 1) {
        let at = UnsafePointer(found.assumingMemoryBound(to: UInt8.self))
        if at[1] == 0x5c || at[1] == UInt8(ascii: "u") { return true }
        p = at + 2
      }
      return false
    }
    return raw.count > 0 && memchr(raw.baseAddress!, 0x5c, raw.count) != nil
  }

  static func notice(_ slot: Slot, _ frame: Frame) -> RecordState.Notice? {
    let text = frame.text(slot)
    if text.elementsEqual("null".utf8) { return .literalNull }
    var i = 0
    while i + 1 < text.count {
      if text[i] == 0x5c {
        if text[i + 1] == UInt8(ascii: "n") { return .literalLineBreak }
        if text[i + 1] == UInt8(ascii: "r"), i + 3 < text.count, text[i + 2] == 0x5c, text[i + 3] == UInt8(ascii: "n") {
          return .literalLineBreak
        }
      }
      i += 1
    }
    return nil
  }
}
