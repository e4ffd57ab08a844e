/// The encodings of XML documents that are read (RELIABILITY R31): UTF-8, UTF-16 with a byte-order mark, ISO-8859-1 and
/// US-ASCII where declared. Everything else, and a declaration that contradicts the bytes, is `badEncoding`.
package enum XMLEncoding: Sendable, Equatable {
  case utf8
  case utf16LittleEndian
  case utf16BigEndian
  case latin1
  case ascii

  /// The encoding of a document and the length of its byte-order mark, from its first bytes: at least 1,024 of them, or
  /// all.
  package static func detect(
    _ bytes: UnsafeBufferPointer<UInt8>
  ) throws(FormatError) -> (encoding: XMLEncoding, mark: Int) {
    func at(_ i: Int) -> UInt8 { i < bytes.count ? bytes[i] : 0 }
    if bytes.count >= 2, (at(0) == 0xff && at(1) == 0xfe) || (at(0) == 0xfe && at(1) == 0xff) {
      let isBig = at(0) == 0xfe
      // UCS-4 is not read.
      if !isBig, bytes.count >= 4, at(2) == 0, at(3) == 0 { throw FormatError(.badEncoding, at: 0) }
      var ascii: [UInt8] = []
      var i = 2
      while i + 1 < bytes.count, ascii.count < 512 {
        let unit = isBig ? UInt16(at(i)) << 8 | UInt16(at(i + 1)) : UInt16(at(i + 1)) << 8 | UInt16(at(i))
        ascii.append(unit < 0x80 ? UInt8(unit) : 0x80)
        i += 2
      }
      if let name = declaredName(ascii) {
        let accepted = isBig ? ["utf-16", "utf-16be"] : ["utf-16", "utf-16le"]
        if !accepted.contains(name) { throw FormatError(.badEncoding, at: 0) }
      }
      return (isBig ? .utf16BigEndian : .utf16LittleEndian, 2)
    }
    let hasMark = at(0) == 0xef && at(1) == 0xbb && at(2) == 0xbf
    let start = hasMark ? 3 : 0
    // Without a mark: UTF-16, UCS-4 and EBCDIC show in the first four bytes of `<?xm`.
    if !hasMark, bytes.count >= 2, at(0) == 0 || at(1) == 0 || (at(0) == 0x4c && at(1) == 0x6f) {
      throw FormatError(.badEncoding, at: 0)
    }
    let head = Array(bytes[start..<min(bytes.count, start + 512)])
    guard let name = declaredName(head) else { return (.utf8, start) }
    if name == "utf-8" || name == "utf8" { return (.utf8, start) }
    guard !hasMark else { throw FormatError(.badEncoding, at: start) }
    switch name {
    case "us-ascii", "ascii": return (.ascii, start)
    case "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "iso-latin-1": return (.latin1, start)
    default: throw FormatError(.badEncoding, at: start)
    }
  }

  /// A whole document in UTF-8, without a byte-order mark. The declaration's `encoding` becomes blanks, so that offsets
  /// of an 8-bit document's ASCII part hold. For documents that are small enough to stand in memory: nothing streams
  /// here.
  package static func transcode(_ bytes: [UInt8]) throws(FormatError) -> [UInt8] {
    let (encoding, mark) = try bytes.withUnsafeBufferPointer { buffer throws(FormatError) in try detect(buffer) }
    var text: [UInt8] = []
    switch encoding {
    case .utf8: return mark == 0 ? bytes : Array(bytes[mark...])
    case .ascii:
      if let bad = bytes.firstIndex(where: { $0 >= 0x80 }) { throw FormatError(.badEncoding, at: bad) }
      text = bytes
    case .latin1:
      text.reserveCapacity(bytes.count + bytes.count / 8)
      for byte in bytes { append(UInt32(byte), to: &text) }
    case .utf16LittleEndian, .utf16BigEndian:
      text.reserveCapacity(bytes.count)
      func unit(_ i: Int) -> UInt32 {
        encoding == .utf16BigEndian
          ? UInt32(bytes[i]) << 8 | UInt32(bytes[i + 1]) : UInt32(bytes[i + 1]) << 8 | UInt32(bytes[i])
      }
      var i = mark
      while i < bytes.count {
        guard i + 1 < bytes.count else { throw FormatError(.truncated, at: i) }
        let first = unit(i)
        if first & 0xf800 != 0xd800 {
          append(first, to: &text)
          i += 2
          continue
        }
        guard first < 0xdc00 else { throw FormatError(.badEncoding, at: i) }
        guard i + 3 < bytes.count else { throw FormatError(.truncated, at: i) }
        let second = unit(i + 2)
        guard second & 0xfc00 == 0xdc00 else { throw FormatError(.badEncoding, at: i) }
        append(0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff), to: &text)
        i += 4
      }
    }
    if let range = declaration(text) {
      for i in range { text[i] = 0x20 }
    }
    return text
  }

  static func append(_ scalar: UInt32, to text: inout [UInt8]) {
    switch scalar {
    case ..<0x80: text.append(UInt8(scalar))
    case ..<0x800: text += [UInt8(0xc0 | scalar >> 6), UInt8(0x80 | scalar & 0x3f)]
    case ..<0x10000:
      text += [UInt8(0xe0 | scalar >> 12), UInt8(0x80 | scalar >> 6 & 0x3f), UInt8(0x80 | scalar & 0x3f)]
    default:
      text += [
        UInt8(0xf0 | scalar >> 18), UInt8(0x80 | scalar >> 12 & 0x3f), UInt8(0x80 | scalar >> 6 & 0x3f),
        UInt8(0x80 | scalar & 0x3f),
      ]
    }
  }

  /// The declared encoding in lower case; nil when the bytes start with no declaration or it names none.
  private static func declaredName(_ bytes: [UInt8]) -> String? {
    guard let range = declaration(bytes), let open = range.first(where: { bytes[$0] == 0x22 || bytes[$0] == 0x27 })
    else {
      return nil
    }
    return String(decoding: bytes[(open + 1)..<(range.upperBound - 1)], as: UTF8.self).lowercased()
  }

  /// The bytes of `encoding="…"` in an XML declaration that the document starts with.
  private static func declaration(_ bytes: [UInt8]) -> Range<Int>? {
    guard bytes.starts(with: "<?xml".utf8), bytes.count > 5, XMLText.isBlank(bytes[5]),
      let end = bytes.firstIndex(of: UInt8(ascii: ">"))
    else { return nil }
    let word = Array("encoding".utf8)
    var i = 5
    while i + word.count < end {
      guard XMLText.isBlank(bytes[i]), bytes[(i + 1)...].starts(with: word) else {
        i += 1
        continue
      }
      let start = i + 1
      var j = start + word.count
      while j < end, XMLText.isBlank(bytes[j]) { j += 1 }
      guard j < end, bytes[j] == UInt8(ascii: "=") else { return nil }
      j += 1
      while j < end, XMLText.isBlank(bytes[j]) { j += 1 }
      guard j < end, bytes[j] == 0x22 || bytes[j] == 0x27,
        let close = bytes[(j + 1)..<end].firstIndex(of: bytes[j])
      else { return nil }
      return start..<(close + 1)
    }
    return nil
  }
}
