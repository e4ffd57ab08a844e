import CSimd
import CrosswalkModel

/// Values of any kind: validated, counted, and kept as they stand.
extension JSONRecordReader {
  func parseValue(
    _ p: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>, depth: Int, leaves: inout Int
  ) -> (Slot, UnsafePointer<UInt8>)? {
    switch p[0] {
    case UInt8(ascii: "\""):
      let text = p + 1
      var high: UInt64 = 0
      var bits = UInt64(Kind.text.rawValue)
      var q = text + cw_scan_string(text, &high)
      if q[0] != UInt8(ascii: "\"") {
        guard let r = finishString(q, limit, buffer, &high, &bits) else { return nil }
        q = r
      }
      if high != 0, let bad = UTF8Check.firstInvalid(padded: text, q - text) {
        _ = fail(.invalidUTF8, text + bad, buffer)
        return nil
      }
      if q - text > limits.field {
        _ = fail(.fieldTooLong, text, buffer)
        return nil
      }
      leaves += 1
      let slot = Slot(bits: UInt64(truncatingIfNeeded: text - buffer) << 32 | UInt64(truncatingIfNeeded: q - text) << 8 | bits)
      return (slot, q + 1)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      let before = leaves
      guard let q = skipValue(p, limit, buffer, depth: depth, leaves: &leaves) else { return nil }
      if q - p > limits.field {
        _ = fail(.fieldTooLong, p, buffer)
        return nil
      }
      var kind = Kind.subtree
      if leaves == before + 1, isEmptyContainer(p) { kind = p[0] == UInt8(ascii: "{") ? .emptyObject : .emptyArray }
      return (Slot(kind, offset: p - buffer, length: q - p), q)
    case UInt8(ascii: "n"):
      guard let q = literal(p, "null", limit, buffer) else { return nil }
      leaves += 1
      return (.null, q)
    case UInt8(ascii: "t"):
      guard let q = literal(p, "true", limit, buffer) else { return nil }
      leaves += 1
      return (Slot(.true, offset: p - buffer, length: 4), q)
    case UInt8(ascii: "f"):
      guard let q = literal(p, "false", limit, buffer) else { return nil }
      leaves += 1
      return (Slot(.false, offset: p - buffer, length: 5), q)
    default:
      guard let q = skipNumber(p, buffer) else { return nil }
      if q - p > limits.field {
        _ = fail(.fieldTooLong, p, buffer)
        return nil
      }
      leaves += 1
      return (Slot(.number, offset: p - buffer, length: q - p), q)
    }
  }

  func isEmptyContainer(_ p: UnsafePointer<UInt8>) -> Bool {
    let next = skipBlanks(p + 1)
    return next[0] == UInt8(ascii: "}") || next[0] == UInt8(ascii: "]")
  }

  @inline(__always)
  func skipBlanks(_ p: UnsafePointer<UInt8>) -> UnsafePointer<UInt8> {
    var p = p
    while p[0] == 0x20 || p[0] == 0x0a || p[0] == 0x0d || p[0] == 0x09 { p += 1 }
    return p
  }

  /// The rest of a string from a byte that is not plain: to its closing quote.
  func finishString(
    _ from: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>, _ high: inout UInt64,
    _ bits: inout UInt64
  ) -> UnsafePointer<UInt8>? {
    var q = from
    while true {
      switch q[0] {
      case UInt8(ascii: "\""): return q
      case UInt8(ascii: "\\"):
        bits |= 16
        switch q[1] {
        case UInt8(ascii: "n"), UInt8(ascii: "\""), UInt8(ascii: "t"), UInt8(ascii: "r"), UInt8(ascii: "b"), UInt8(ascii: "f"):
          q += 2
        // `/` would be written otherwise; a backslash may be somebody's spelling of an escape.
        case UInt8(ascii: "/"), UInt8(ascii: "\\"):
          bits |= 32
          q += 2
        case UInt8(ascii: "u"):
          bits |= 32
          guard let r = skipUnicodeEscape(q, limit, buffer) else { return nil }
          q = r
        default: return fail(.badEscape, q + 1, buffer)
        }
      default: return fail(.controlCharacter, q, buffer)
      }
      q += cw_scan_string(q, &high)
    }
  }

  func skipUnicodeEscape(
    _ q: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8>? {
    func hex(_ p: UnsafePointer<UInt8>) -> UInt32? {
      var value: UInt32 = 0
      for i in 0..<4 {
        guard let digit = JSONText.hexValue(p[i]) else {
          _ = fail(.badEscape, p + i, buffer)
          return nil
        }
        value = value << 4 | UInt32(digit)
      }
      return value
    }
    guard let unit = hex(q + 2) else { return nil }
    if unit & 0xf800 != 0xd800 { return q + 6 }
    // A pair, or nothing: half a character cannot be carried.
    if unit >= 0xdc00 { return fail(.loneSurrogate, q, buffer) }
    if q[6] != UInt8(ascii: "\\") || q[7] != UInt8(ascii: "u") {
      let isCut = q + 6 >= limit || q[6] == UInt8(ascii: "\\") && q + 7 >= limit
      return fail(.loneSurrogate, isCut ? limit : q, buffer)
    }
    guard let low = hex(q + 8) else { return nil }
    return low & 0xfc00 == 0xdc00 ? q + 12 : fail(.loneSurrogate, q, buffer)
  }

  /// From behind an opening quote to the closing one; validated.
  func skipString(
    _ text: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8>? {
    var high: UInt64 = 0
    var bits: UInt64 = 0
    var q = text + cw_scan_string(text, &high)
    if q[0] != UInt8(ascii: "\"") {
      guard let r = finishString(q, limit, buffer, &high, &bits) else { return nil }
      q = r
    }
    if high != 0, let bad = UTF8Check.firstInvalid(padded: text, q - text) { return fail(.invalidUTF8, text + bad, buffer) }
    return q
  }

  func literal(
    _ p: UnsafePointer<UInt8>, _ word: StaticString, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8>? {
    for i in 0..<word.utf8CodeUnitCount where p[i] != word.utf8Start[i] {
      return fail(p + i >= limit ? .truncated : .badLiteral, p + i, buffer)
    }
    return p + word.utf8CodeUnitCount
  }

  /// RFC 8259 section 6. The byte behind the number is the caller's to judge.
  func skipNumber(_ start: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>) -> UnsafePointer<UInt8>? {
    @inline(__always) func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    var p = start
    if p[0] == UInt8(ascii: "-") { p += 1 }
    if p[0] == UInt8(ascii: "0") {
      p += 1
      if isDigit(p[0]) { return fail(.badNumber, p, buffer) }
    } else {
      guard isDigit(p[0]) else { return fail(p == start ? .unexpectedByte : .badNumber, p, buffer) }
      while isDigit(p[0]) { p += 1 }
    }
    if p[0] == UInt8(ascii: ".") {
      p += 1
      guard isDigit(p[0]) else { return fail(.badNumber, p, buffer) }
      while isDigit(p[0]) { p += 1 }
    }
    if p[0] | 0x20 == UInt8(ascii: "e") {
      p += 1
      if p[0] == UInt8(ascii: "+") || p[0] == UInt8(ascii: "-") { p += 1 }
      guard isDigit(p[0]) else { return fail(.badNumber, p, buffer) }
      while isDigit(p[0]) { p += 1 }
    }
    return p
  }

  /// Any value, validated and counted, not kept.
  func skipValue(
    _ p: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>, depth: Int, leaves: inout Int
  ) -> UnsafePointer<UInt8>? {
    switch p[0] {
    case UInt8(ascii: "\""):
      leaves += 1
      guard let q = skipString(p + 1, limit, buffer) else { return nil }
      return q + 1
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard depth <= limits.depth else { return fail(.tooDeep, p, buffer) }
      let isObject = p[0] == UInt8(ascii: "{")
      let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
      var q = skipBlanks(p + 1)
      if q[0] == close {
        leaves += 1
        return q + 1
      }
      while true {
        if isObject {
          guard q[0] == UInt8(ascii: "\"") else { return fail(.unexpectedByte, q, buffer) }
          guard let r = skipString(q + 1, limit, buffer) else { return nil }
          q = skipBlanks(r + 1)
          guard q[0] == UInt8(ascii: ":") else { return fail(.unexpectedByte, q, buffer) }
          q = skipBlanks(q + 1)
        }
        guard let r = skipValue(q, limit, buffer, depth: depth + 1, leaves: &leaves) else { return nil }
        q = skipBlanks(r)
        if q[0] == UInt8(ascii: ",") {
          q = skipBlanks(q + 1)
          continue
        }
        guard q[0] == close else { return fail(.unexpectedByte, q, buffer) }
        return q + 1
      }
    case UInt8(ascii: "n"):
      leaves += 1
      return literal(p, "null", limit, buffer)
    case UInt8(ascii: "t"):
      leaves += 1
      return literal(p, "true", limit, buffer)
    case UInt8(ascii: "f"):
      leaves += 1
      return literal(p, "false", limit, buffer)
    default:
      leaves += 1
      return skipNumber(p, buffer)
    }
  }

  /// The end of the value that starts here by its brackets and quotes alone; nil when the buffer ends first.
  func skipLoosely(_ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>) -> UnsafePointer<UInt8>? {
    var skipper = JSONSkipper()
    let count = limit - start
    let used = skipper.skip(UnsafeBufferPointer(start: start, count: count))
    return used.map { start + $0 }
  }

  @inline(never)
  func fail(_ reason: FormatReason, _ p: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>) -> UnsafePointer<UInt8>? {
    failure = FormatError(reason, at: p - buffer)
    return nil
  }
}
