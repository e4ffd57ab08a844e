package import CrosswalkModel

/// Finds the end of an element by its tags alone, over any number of buffers: how a record is passed over that is bad
/// inside or too large to hold, and the guard in front of libxml2, which takes minutes over what the limits refuse.
///
/// It looks at no characters and no references; names of end tags are held to those of start tags.
package struct XMLSkipper: Sendable {
  package enum Outline: Equatable, Sendable {
    /// The element ends before this offset.
    case end(Int)
    /// The bytes end first.
    case truncated
    /// The tags cannot be right from this offset on.
    case malformed(FormatReason, Int)
  }

  private enum State {
    case text, less, bang, startName, inTag, quoted, emptyTag, endName, behindEndName, comment, section, instruction
  }

  /// The first limit that was passed, and where the tag stands (from the first byte fed).
  package private(set) var excess: (reason: FormatReason, offset: Int)?
  private var state = State.text
  private var names: [UInt8] = []
  private var starts: [Int] = []
  private var position = 0
  private var tagStart = 0
  private var matched = 0
  private var attributes = 0
  private var quote: UInt8 = 0
  private var word: [UInt8] = []
  private var previous: (UInt8, UInt8) = (0, 0)
  private let limits: Limits
  private let isDocument: Bool

  /// - isDocument: looks over everything; there is no end.
  package init(limits: Limits, isDocument: Bool = false) {
    self.limits = limits
    self.isDocument = isDocument
  }

  /// The first bytes start with the element's `<`; offsets are from there.
  package mutating func element(_ start: UnsafePointer<UInt8>, _ count: Int) -> Outline {
    feed(UnsafeBufferPointer(start: start, count: count))
  }

  /// The next bytes; offsets of the answer are from the first byte ever fed.
  package mutating func feed(_ bytes: UnsafeBufferPointer<UInt8>) -> Outline {
    for byte in bytes {
      let at = position
      position += 1
      switch state {
      case .text:
        if byte == UInt8(ascii: "<") {
          state = .less
          tagStart = at
        }
      case .less:
        switch byte {
        case UInt8(ascii: "/"):
          guard !starts.isEmpty else { return .malformed(.unexpectedByte, at) }
          state = .endName
          matched = 0
        case UInt8(ascii: "!"):
          state = .bang
          word = []
        case UInt8(ascii: "?"):
          state = .instruction
          previous = (0, 0)
        default:
          guard XMLText.isNameByte(byte), byte &- 0x30 >= 10, byte != 0x2d, byte != 0x2e else {
            return .malformed(.unexpectedByte, at)
          }
          starts.append(names.count)
          names.append(byte)
          attributes = 0
          state = .startName
          if starts.count > limits.depth, excess == nil { excess = (.tooDeep, tagStart) }
        }
      case .bang:
        word.append(byte)
        let section = Array("[CDATA[".utf8)
        if word == [0x2d, 0x2d] {
          state = .comment
          previous = (0, 0)
        } else if word == section {
          state = .section
          previous = (0, 0)
        } else if !section.starts(with: word), word != [0x2d] {
          return .malformed(byte == UInt8(ascii: "D") && word.count == 1 ? .doctype : .notWellFormed, tagStart)
        }
      case .startName:
        switch byte {
        case UInt8(ascii: ">"): state = .text
        case UInt8(ascii: "/"): state = .emptyTag
        case 0x20, 0x09, 0x0a, 0x0d: state = .inTag
        default:
          guard XMLText.isNameByte(byte) else { return .malformed(.unexpectedByte, at) }
          names.append(byte)
        }
      case .inTag:
        switch byte {
        case UInt8(ascii: ">"): state = .text
        case UInt8(ascii: "/"): state = .emptyTag
        case 0x22, 0x27:
          quote = byte
          state = .quoted
        case UInt8(ascii: "="):
          attributes += 1
          if attributes > XMLLimits.attributes, excess == nil { excess = (.tooManyAttributes, tagStart) }
        case UInt8(ascii: "<"): return .malformed(.unexpectedByte, at)
        default: break
        }
      case .quoted:
        if byte == quote { state = .inTag } else if byte == UInt8(ascii: "<") { return .malformed(.unexpectedByte, at) }
      case .emptyTag:
        guard byte == UInt8(ascii: ">") else { return .malformed(.unexpectedByte, at) }
        state = .text
        pop()
        if starts.isEmpty, !isDocument { return .end(position) }
      case .endName:
        let open = starts[starts.count - 1]
        if byte == UInt8(ascii: ">") || XMLText.isBlank(byte) {
          guard matched == names.count - open else { return .malformed(.mismatchedTag, tagStart + 2) }
          if byte == UInt8(ascii: ">") {
            pop()
            state = .text
            if starts.isEmpty, !isDocument { return .end(position) }
          } else {
            state = .behindEndName
          }
        } else {
          guard open + matched < names.count, names[open + matched] == byte else {
            return .malformed(.mismatchedTag, tagStart + 2)
          }
          matched += 1
        }
      case .behindEndName:
        if byte == UInt8(ascii: ">") {
          pop()
          state = .text
          if starts.isEmpty, !isDocument { return .end(position) }
        } else if !XMLText.isBlank(byte) {
          return .malformed(.unexpectedByte, at)
        }
      case .comment:
        if previous == (0x2d, 0x2d) {
          guard byte == UInt8(ascii: ">") else { return .malformed(.notWellFormed, at) }
          state = .text
        }
        previous = (previous.1, byte)
      case .section:
        if previous == (0x5d, 0x5d), byte == UInt8(ascii: ">") { state = .text }
        previous = (previous.1, byte)
      case .instruction:
        if previous.1 == UInt8(ascii: "?"), byte == UInt8(ascii: ">") { state = .text }
        previous = (previous.1, byte)
      }
      switch state {
      case .startName, .inTag, .quoted:
        if position - tagStart > XMLLimits.startTag, excess == nil { excess = (.startTagTooLong, tagStart) }
      default: break
      }
    }
    return .truncated
  }

  private mutating func pop() {
    let start = starts.removeLast()
    names.removeSubrange(start...)
  }
}
