package import CrosswalkModel

/// The obvious JSON parser: one byte at a time, bytes → `Tree`. RFC 8259 to the letter; the fast reader must agree with
/// it.
///
/// Numbers keep their characters; members keep their order, repeated names too (`Value.duplicates` says where); no
/// value is repaired. It keeps its own stack, so that depth costs no machine stack.
package struct JSONReference {
  /// A value and the offset behind it.
  package struct Value: Equatable, Sendable {
    package var tree: Tree
    package var end: Int
    /// Offsets of the names that their object already had.
    package var duplicates: [Int]
  }

  /// The one value of a document. A byte-order mark at byte 0 is skipped.
  package static func parse(_ bytes: [UInt8], limits: Limits = .init()) throws(FormatError) -> Tree {
    try parseDocument(bytes, limits: limits).tree
  }

  /// As `parse`, with the offsets of repeated names; a name that repeats is an error only for the caller.
  package static func parseDocument(_ bytes: [UInt8], limits: Limits = .init()) throws(FormatError) -> Value {
    let value = try parsePrefix(bytes, limits: limits)
    let rest = skipBlanks(bytes, value.end)
    guard rest == bytes.count else { throw FormatError(.trailingData, at: rest) }
    return value
  }

  /// The first value at or behind `start`, whatever follows it: sequences of documents.
  package static func parsePrefix(
    _ bytes: [UInt8], from start: Int = 0, limits: Limits = .init()
  ) throws(FormatError) -> Value {
    if start == 0, looksLikeUTF16(bytes) { throw FormatError(.badEncoding, at: 0) }
    var parser = JSONReference(bytes, at: start, limits)
    return try parser.value()
  }

  /// Behind the blanks at `offset`, and behind a byte-order mark at byte 0.
  package static func skipBlanks(_ bytes: [UInt8], _ offset: Int) -> Int {
    var i = offset
    if i == 0, bytes.starts(with: [0xef, 0xbb, 0xbf]) { i = 3 }
    while i < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[i]) { i += 1 }
    return i
  }

  /// A byte-order mark of UTF-16, or a zero in the first character: no JSON in UTF-8 begins so.
  private static func looksLikeUTF16(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 2 else { return false }
    return [[0xff, 0xfe], [0xfe, 0xff]].contains(Array(bytes[..<2])) || bytes[..<2].contains(0)
  }

  /// A container that is still open.
  private enum Open {
    case array([Tree])
    /// `name` is the member whose value comes next.
    case object([Tree.Member], seen: Set<[UInt8]>, name: [UInt8])
  }

  private let bytes: [UInt8]
  private let limits: Limits
  private var i: Int
  private var duplicates: [Int] = []

  private init(_ bytes: [UInt8], at start: Int, _ limits: Limits) {
    self.bytes = bytes
    self.limits = limits
    i = start
  }

  private mutating func value() throws(FormatError) -> Value {
    var open: [Open] = []
    while true {
      // A value starts here; containers that have members only open.
      var done: Tree
      switch try next() {
      case UInt8(ascii: "["):
        try checkDepth(open.count)
        i += 1
        if try next() != UInt8(ascii: "]") {
          open.append(.array([]))
          continue
        }
        i += 1
        done = .array([])
      case UInt8(ascii: "{"):
        try checkDepth(open.count)
        i += 1
        if try next() != UInt8(ascii: "}") {
          var seen: Set<[UInt8]> = []
          let first = try name(&seen)
          open.append(.object([], seen: seen, name: first))
          continue
        }
        i += 1
        done = .object([])
      case UInt8(ascii: "\""): done = .text(try string())
      case UInt8(ascii: "t"): done = try literal("true", .bool(true))
      case UInt8(ascii: "f"): done = try literal("false", .bool(false))
      case UInt8(ascii: "n"): done = try literal("null", .null)
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): done = try number()
      default: throw FormatError(.unexpectedByte, at: i)
      }
      // A value is complete: it goes into its container, and closes as many as end here.
      closing: while true {
        guard let container = open.popLast() else {
          return Value(tree: done, end: i, duplicates: duplicates)
        }
        let byte = try next()
        switch container {
        case .array(var items):
          items.append(done)
          if byte == UInt8(ascii: ",") {
            i += 1
            open.append(.array(items))
            break closing
          }
          guard byte == UInt8(ascii: "]") else { throw FormatError(.unexpectedByte, at: i) }
          i += 1
          done = .array(items)
        case .object(var members, var seen, let memberName):
          members.append(.init(memberName, done))
          if byte == UInt8(ascii: ",") {
            i += 1
            _ = try next()
            let following = try name(&seen)
            open.append(.object(members, seen: seen, name: following))
            break closing
          }
          guard byte == UInt8(ascii: "}") else { throw FormatError(.unexpectedByte, at: i) }
          i += 1
          done = .object(members)
        }
      }
    }
  }

  /// The next byte that is not blank; the position stands on it.
  private mutating func next() throws(FormatError) -> UInt8 {
    i = Self.skipBlanks(bytes, i)
    guard i < bytes.count else { throw FormatError(.truncated, at: i) }
    return bytes[i]
  }

  private func checkDepth(_ depth: Int) throws(FormatError) {
    guard depth < limits.depth else { throw FormatError(.tooDeep, at: i) }
  }

  private func byte() throws(FormatError) -> UInt8 {
    guard i < bytes.count else { throw FormatError(.truncated, at: i) }
    return bytes[i]
  }

  /// A member's name and its colon.
  private mutating func name(_ seen: inout Set<[UInt8]>) throws(FormatError) -> [UInt8] {
    guard try byte() == UInt8(ascii: "\"") else { throw FormatError(.unexpectedByte, at: i) }
    let start = i
    let name = try string()
    if !seen.insert(name).inserted { duplicates.append(start) }
    guard try next() == UInt8(ascii: ":") else { throw FormatError(.unexpectedByte, at: i) }
    i += 1
    return name
  }

  private mutating func literal(_ word: String, _ tree: Tree) throws(FormatError) -> Tree {
    let start = i
    for expected in word.utf8 {
      guard i < bytes.count else { throw FormatError(.truncated, at: i) }
      guard bytes[i] == expected else { throw FormatError(.badLiteral, at: start) }
      i += 1
    }
    return tree
  }

  /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
  private mutating func number() throws(FormatError) -> Tree {
    let start = i
    func isDigit(_ at: Int) -> Bool { at < bytes.count && (0x30...0x39).contains(bytes[at]) }
    func fail() -> FormatError { FormatError(i < bytes.count ? .badNumber : .truncated, at: i) }
    if bytes[i] == UInt8(ascii: "-") { i += 1 }
    guard isDigit(i) else { throw fail() }
    if bytes[i] == UInt8(ascii: "0") {
      i += 1
      if isDigit(i) { throw FormatError(.badNumber, at: i) }
    } else {
      while isDigit(i) { i += 1 }
    }
    if i < bytes.count, bytes[i] == UInt8(ascii: ".") {
      i += 1
      guard isDigit(i) else { throw fail() }
      while isDigit(i) { i += 1 }
    }
    if i < bytes.count, bytes[i] | 0x20 == UInt8(ascii: "e") {
      i += 1
      if i < bytes.count, bytes[i] == UInt8(ascii: "+") || bytes[i] == UInt8(ascii: "-") { i += 1 }
      guard isDigit(i) else { throw fail() }
      while isDigit(i) { i += 1 }
    }
    try checkLength(start)
    return .number(Array(bytes[start..<i]))
  }

  /// A string from its first quote to behind its last one, decoded.
  private mutating func string() throws(FormatError) -> [UInt8] {
    i += 1
    let start = i
    var text: [UInt8] = []
    while true {
      let byte = try byte()
      switch byte {
      case UInt8(ascii: "\""):
        try checkLength(start)
        i += 1
        return text
      case UInt8(ascii: "\\"): try escape(&text)
      case 0..<0x20: throw FormatError(.controlCharacter, at: i)
      case 0x20..<0x80:
        text.append(byte)
        i += 1
      default:
        let length = try scalar()
        text += bytes[i..<(i + length)]
        i += length
      }
    }
  }

  private mutating func escape(_ text: inout [UInt8]) throws(FormatError) {
    let start = i
    i += 1
    let letter = try byte()
    i += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hex(start)
      if (0xdc00...0xdfff).contains(code) { throw FormatError(.loneSurrogate, at: start) }
      if (0xd800...0xdbff).contains(code) {
        let second = i
        guard try byte() == UInt8(ascii: "\\") else { throw FormatError(.loneSurrogate, at: start) }
        i += 1
        guard try byte() == UInt8(ascii: "u") else { throw FormatError(.loneSurrogate, at: start) }
        i += 1
        let low = try hex(second)
        guard (0xdc00...0xdfff).contains(low) else { throw FormatError(.loneSurrogate, at: start) }
        code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw FormatError(.loneSurrogate, at: start) }
      text += Array(String(Character(scalar)).utf8)
    default: throw FormatError(.badEscape, at: start)
    }
  }

  /// Four hexadecimal digits; `start` is where their escape began.
  private mutating func hex(_ start: Int) throws(FormatError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      let byte = try byte()
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw FormatError(.badEscape, at: start)
      }
      code = code << 4 | UInt32(digit)
      i += 1
    }
    return code
  }

  /// The length of the UTF-8 sequence at the position: Unicode's table of well-formed sequences, row by row.
  private func scalar() throws(FormatError) -> Int {
    let lead = bytes[i]
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xbf
    switch lead {
    case 0xc2...0xdf: length = 2
    case 0xe0: (length, second) = (3, 0xa0...0xbf)
    case 0xe1...0xec, 0xee...0xef: length = 3
    case 0xed: (length, second) = (3, 0x80...0x9f)
    case 0xf0: (length, second) = (4, 0x90...0xbf)
    case 0xf1...0xf3: length = 4
    case 0xf4: (length, second) = (4, 0x80...0x8f)
    default: throw FormatError(.invalidUTF8, at: i)
    }
    for k in 1..<length {
      guard i + k < bytes.count else { throw FormatError(.truncated, at: bytes.count) }
      guard (k == 1 ? second : 0x80...0xbf).contains(bytes[i + k]) else { throw FormatError(.invalidUTF8, at: i) }
    }
    return length
  }

  private func checkLength(_ start: Int) throws(FormatError) {
    guard i - start <= limits.field else { throw FormatError(.fieldTooLong, at: start) }
  }
}
