import CSimd
import CrosswalkModel

/// Text of XML: what characters and names are made of, decoding, escaping.
package enum XMLText {
  // MARK: - Characters

  @inlinable
  package static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }

  package static func isBlank(_ bytes: some Collection<UInt8>) -> Bool { bytes.allSatisfy { isBlank($0) } }

  /// XML 1.0, production 2.
  static func isCharacter(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x9, 0xa, 0xd, 0x20...0xd7ff, 0xe000...0xfffd, 0x10000...0x10ffff: true
    default: false
    }
  }

  /// Whether a name with colons breaks the rules of namespaces: it is made of names, but not of one or two of them
  /// (`a:b:c`, `:a`, `a:`). One with a part that could be no name at all (`A:.-0`, `:`) was never meant as a qualified
  /// one: libxml2 takes it as a plain XML name, and so do we.
  static func breaksNamespaces(_ name: [UInt8]) -> Bool {
    guard name.contains(UInt8(ascii: ":")), !XMLName.isQualified(name) else { return false }
    let parts = name.split(separator: UInt8(ascii: ":"))
    return !parts.isEmpty && parts.allSatisfy { XMLName.isQualified(Array($0)) }
  }

  /// The first byte at or behind which valid UTF-8 of XML characters ends, and why; nil when all is well. ASCII
  /// controls are not looked at: the scans stop at them.
  static func firstInvalid(
    _ start: UnsafePointer<UInt8>, _ count: Int
  ) -> (reason: FormatReason, offset: Int)? {
    var i = 0
    while i < count {
      if i + 8 <= count, unsafe UnsafeRawPointer(start + i).loadUnaligned(as: UInt64.self) & 0x8080_8080_8080_8080 == 0
      {
        i += 8
        continue
      }
      let first = start[i]
      if first < 0x80 {
        i += 1
        continue
      }
      var low: UInt8 = 0x80
      var high: UInt8 = 0xbf
      let length: Int
      switch first {
      case 0xc2...0xdf: length = 2
      case 0xe0: (length, low) = (3, 0xa0)
      case 0xed: (length, high) = (3, 0x9f)
      case 0xe1...0xef: length = 3
      case 0xf0: (length, low) = (4, 0x90)
      case 0xf4: (length, high) = (4, 0x8f)
      case 0xf1...0xf3: length = 4
      default: return (.invalidUTF8, i)
      }
      if i + length > count { return (.invalidUTF8, i) }
      let second = start[i + 1]
      if second < low || second > high { return (.invalidUTF8, i) }
      if length > 2, start[i + 2] & 0xc0 != 0x80 { return (.invalidUTF8, i) }
      if length > 3, start[i + 3] & 0xc0 != 0x80 { return (.invalidUTF8, i) }
      if first == 0xef, second == 0xbf, start[i + 2] >= 0xbe { return (.forbiddenCharacter, i) }
      i += length
    }
    return nil
  }

  // MARK: - References

  /// The character a reference stands for, from its `&`; `length` includes both ends. `reason` when it is none.
  static func reference(
    _ p: UnsafePointer<UInt8>, _ limit: Int
  ) -> (scalar: UInt32, length: Int, reason: FormatReason?) {
    func bad(_ reason: FormatReason, _ length: Int) -> (scalar: UInt32, length: Int, reason: FormatReason?) {
      (0, length, length >= limit ? .truncated : reason)
    }
    var i = 1
    guard i < limit else { return bad(.truncated, limit) }
    if p[1] == UInt8(ascii: "#") {
      i = 2
      guard i < limit else { return bad(.truncated, limit) }
      let isHex = p[2] == UInt8(ascii: "x")
      if isHex { i = 3 }
      let digits = i
      var value: UInt32 = 0
      while i < limit, p[i] != UInt8(ascii: ";") {
        let digit: UInt32
        switch p[i] {
        case 0x30...0x39: digit = UInt32(p[i] - 0x30)
        case 0x41...0x46 where isHex: digit = UInt32(p[i] - 0x37)
        case 0x61...0x66 where isHex: digit = UInt32(p[i] - 0x57)
        default: return bad(.badReference, i)
        }
        value = min(value * (isHex ? 16 : 10) + digit, 0x110000)
        i += 1
      }
      guard i < limit else { return bad(.truncated, limit) }
      guard i > digits else { return bad(.badReference, i) }
      guard isCharacter(value) else { return (0, i + 1, .forbiddenCharacter) }
      return (value, i + 1, nil)
    }
    while i < limit, i < 32, isNameByte(p[i]) { i += 1 }
    guard i < limit else { return bad(.truncated, limit) }
    guard i > 1, p[i] == UInt8(ascii: ";") else { return bad(.badReference, i) }
    switch (i, p[1], p[2], p[3], p[4]) {
    case (3, UInt8(ascii: "l"), UInt8(ascii: "t"), _, _): return (0x3c, 4, nil)
    case (3, UInt8(ascii: "g"), UInt8(ascii: "t"), _, _): return (0x3e, 4, nil)
    case (4, UInt8(ascii: "a"), UInt8(ascii: "m"), UInt8(ascii: "p"), _): return (0x26, 5, nil)
    case (5, UInt8(ascii: "q"), UInt8(ascii: "u"), UInt8(ascii: "o"), UInt8(ascii: "t")): return (0x22, 6, nil)
    case (5, UInt8(ascii: "a"), UInt8(ascii: "p"), UInt8(ascii: "o"), UInt8(ascii: "s")): return (0x27, 6, nil)
    default: return (0, i + 1, .unknownEntity)
    }
  }

  /// A byte that may stand in a name; those of 0x80 and above have to be looked at as characters.
  @inline(__always)
  static func isNameByte(_ byte: UInt8) -> Bool {
    byte &- 0x61 < 26 || byte &- 0x41 < 26 || byte &- 0x2d < 2 || byte &- 0x30 < 11 || byte == 0x5f || byte >= 0x80
  }

  /// Writes a scalar as UTF-8; returns its length.
  static func put(_ scalar: UInt32, _ to: UnsafeMutablePointer<UInt8>) -> Int {
    if scalar < 0x80 {
      to[0] = UInt8(truncatingIfNeeded: scalar)
      return 1
    }
    if scalar < 0x800 {
      to[0] = UInt8(truncatingIfNeeded: 0xc0 | scalar >> 6)
      to[1] = UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3f)
      return 2
    }
    if scalar < 0x10000 {
      to[0] = UInt8(truncatingIfNeeded: 0xe0 | scalar >> 12)
      to[1] = UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3f)
      to[2] = UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3f)
      return 3
    }
    to[0] = UInt8(truncatingIfNeeded: 0xf0 | scalar >> 18)
    to[1] = UInt8(truncatingIfNeeded: 0x80 | scalar >> 12 & 0x3f)
    to[2] = UInt8(truncatingIfNeeded: 0x80 | scalar >> 6 & 0x3f)
    to[3] = UInt8(truncatingIfNeeded: 0x80 | scalar & 0x3f)
    return 4
  }

  // MARK: - Decoding

  /// Decodes element content (text, references, CDATA, comments and PIs left out, line ends normalised) that has been
  /// validated. Returns the length; never longer than the source.
  package static func decode(_ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutablePointer<UInt8>) -> Int {
    guard let p = source.baseAddress else { return 0 }
    let count = source.count
    var i = 0
    var n = 0
    while i < count {
      let byte = p[i]
      switch byte {
      case UInt8(ascii: "&"):
        let found = reference(p + i, count - i)
        n += put(found.scalar, target + n)
        i += max(found.length, 1)
      case UInt8(ascii: "<"):
        if i + 8 < count, p[i + 1] == UInt8(ascii: "!"), p[i + 2] == UInt8(ascii: "[") {
          let end = find("]]>", p, from: i + 9, count)
          i += 9
          while i < end {
            n += putLineEnd(p, &i, end, target + n)
          }
          i = end + 3
        } else if p[i + 1] == UInt8(ascii: "!") {
          i = find("-->", p, from: i + 4, count) + 3
        } else {
          i = find("?>", p, from: i + 2, count) + 2
        }
      default:
        n += putLineEnd(p, &i, count, target + n)
      }
    }
    return n
  }

  /// Decodes an attribute's value that has been validated: references, line ends, and white space that becomes a space.
  static func decodeAttribute(_ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutablePointer<UInt8>) -> Int {
    guard let p = source.baseAddress else { return 0 }
    let count = source.count
    var i = 0
    var n = 0
    while i < count {
      if p[i] == UInt8(ascii: "&") {
        let found = reference(p + i, count - i)
        n += put(found.scalar, target + n)
        i += max(found.length, 1)
        continue
      }
      let added = putLineEnd(p, &i, count, target + n)
      if target[n] < 0x20 { target[n] = 0x20 }
      n += added
    }
    return n
  }

  /// One byte, CR LF and CR as LF.
  @inline(__always)
  private static func putLineEnd(
    _ p: UnsafePointer<UInt8>, _ i: inout Int, _ count: Int, _ to: UnsafeMutablePointer<UInt8>
  ) -> Int {
    to[0] = p[i] == 0x0d ? 0x0a : p[i]
    i += p[i] == 0x0d && i + 1 < count && p[i + 1] == 0x0a ? 2 : 1
    return 1
  }

  /// The offset of a short word, or `count` when it is not there.
  static func find(_ word: StaticString, _ p: UnsafePointer<UInt8>, from: Int, _ count: Int) -> Int {
    let length = word.utf8CodeUnitCount
    let text = word.utf8Start
    var i = from
    while i + length <= count {
      if p[i] == text[0], p[i + 1] == text[1], length < 3 || p[i + 2] == text[2] { return i }
      i += 1
    }
    return count
  }

  // MARK: - Escaping

  package enum Escaping: Sendable {
    /// Element text: `&`, `<`, `>`, and CR as references.
    case text
    /// Element text in a document that is one line: LF too.
    case lineText
    /// In double quotes: quotes, tabs and LF too.
    case attribute
  }

  /// Appends text with what XML cannot hold as it is written as references (RELIABILITY R33). Throws, with nothing of
  /// the text taken back, when it holds a character that no XML 1.0 document can (`offset` is in the text).
  ///
  /// - isPadded: at least 64 bytes may be read behind the text.
  package static func escape(
    _ source: UnsafeBufferPointer<UInt8>, as escaping: Escaping, isPadded: Bool = false, into out: inout OutputBuffer
  ) throws(FormatError) {
    guard let p = source.baseAddress else { return }
    let count = source.count
    var i = 0
    while true {
      var run = 0
      if isPadded {
        run = cw_scan_markup(p + i, count - i)
      } else {
        while i + run < count, !isSpecial(p[i + run]) { run += 1 }
      }
      out.reserve(run + 16)
      if isPadded {
        cw_copy(out.base + out.count, p + i, run)
      } else {
        out.base.advanced(by: out.count).update(from: p + i, count: run)
      }
      out.count += run
      i += run
      guard i < count else { return }
      let byte = p[i]
      switch byte {
      case UInt8(ascii: "&"): put("&amp;", &out)
      case UInt8(ascii: "<"): put("&lt;", &out)
      case UInt8(ascii: ">"): put("&gt;", &out)
      case 0x0d: put("&#13;", &out)
      case UInt8(ascii: "\"") where escaping == .attribute: put("&quot;", &out)
      case 0x0a where escaping != .text: put("&#10;", &out)
      case 0x09 where escaping == .attribute: put("&#9;", &out)
      default:
        let isBad =
          byte < 0x20
          ? byte != 0x0a && byte != 0x09 : byte == 0xef && i + 2 < count && p[i + 1] == 0xbf && p[i + 2] >= 0xbe
        if isBad { throw FormatError(.forbiddenCharacter, at: i) }
        out.base[out.count] = byte
        out.count += 1
      }
      i += 1
    }
  }

  @inline(__always)
  private static func isSpecial(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "&") || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">")
      || byte == UInt8(ascii: "\"") || byte == 0xef
  }

  /// A reference; room for it has been made.
  @inline(__always)
  private static func put(_ word: StaticString, _ out: inout OutputBuffer) {
    let length = word.utf8CodeUnitCount
    out.base.advanced(by: out.count).update(from: word.utf8Start, count: length)
    out.count += length
  }
}
