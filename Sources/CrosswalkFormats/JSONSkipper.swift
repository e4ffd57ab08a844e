/// Finds the end of a JSON value by its brackets and quotes, over any number of buffers: how a record is passed over that is
/// malformed inside, or too large to hold.
package struct JSONSkipper: Sendable {
  private var depth = 0
  private var isInString = false
  private var isEscaped = false

  /// - depth: containers that are open already.
  package init(depth: Int = 0) { self.depth = depth }

  /// The offset behind the value's end, or nil when the buffer ends first; call again with the next one.
  package mutating func skip(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    for (i, byte) in bytes.enumerated() {
      if isInString {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isInString = false
          if depth == 0 { return i + 1 }
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isInString = true
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth <= 0 { return depth < 0 ? i : i + 1 }
      case UInt8(ascii: ","), 0x20, 0x0a, 0x0d, 0x09:
        if depth == 0, i > 0 { return i }
      default: break
      }
    }
    return nil
  }
}
