import CSimd

/// Text of JSON strings (RFC 8259 section 7).
package enum JSONText {
  /// Decodes the inside of a string that has been validated. Returns the length; never longer than the source.
  /// May touch 32 bytes behind the end of the target's text.
  package static func decode(_ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutablePointer<UInt8>) -> Int {
    guard var from = source.baseAddress else { return 0 }
    let end = from + source.count
    var to = target
    while from < end {
      var high: UInt64 = 0
      // The scan stops at a backslash; control characters and quotes cannot stand in a validated string.
      var run = cw_scan_string(from, &high)
      if run > end - from { run = end - from }
      cw_copy(to, from, run)
      to += run
      from += run
      if from == end { break }
      let escape = from[1]
      from += 2
      switch escape {
      case UInt8(ascii: "b"): to[0] = 8
      case UInt8(ascii: "f"): to[0] = 12
      case UInt8(ascii: "n"): to[0] = 10
      case UInt8(ascii: "r"): to[0] = 13
      case UInt8(ascii: "t"): to[0] = 9
      case UInt8(ascii: "u"):
        var scalar = hex4(from)
        from += 4
        if scalar & 0xfc00 == 0xd800 {
          scalar = 0x10000 + (scalar & 0x3ff) << 10 + (hex4(from + 2) & 0x3ff)
          from += 6
        }
        to += encode(scalar, into: to)
        continue
      default: to[0] = escape
      }
      to += 1
    }
    return to - target
  }

  /// The scalar as UTF-8; returns the length.
  static func encode(_ scalar: UInt32, into to: UnsafeMutablePointer<UInt8>) -> Int {
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

  /// Four hexadecimal digits that have been validated.
  private static func hex4(_ p: UnsafePointer<UInt8>) -> UInt32 {
    var value: UInt32 = 0
    for i in 0..<4 { value = value << 4 | UInt32(hexValue(p[i]) ?? 0) }
    return value
  }

  @inline(__always)
  static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }

  /// The inside of a JSON string that has been validated and has no escape but those of one character, each line break in it
  /// (`\r\n`, `\r`, `\n`) replaced, the rest as it is spelt. Touches up to 32 bytes behind source, joint and target. Returns the length.
  package static func replaceLineBreaks(
    in source: UnsafeBufferPointer<UInt8>, by joint: UnsafePointer<UInt8>, _ jointCount: Int, into target: UnsafeMutablePointer<UInt8>
  ) -> Int {
    guard var from = source.baseAddress else { return 0 }
    let end = from + source.count
    var to = target
    while from < end {
      // Quotes stand behind a backslash only: the scan stops at one or at the end.
      var high: UInt64 = 0
      let run = cw_scan_string(from, &high)
      cw_copy(to, from, run)
      to += run
      from += run
      if from >= end { break }
      let escape = from[1]
      from += 2
      if escape == UInt8(ascii: "n") || escape == UInt8(ascii: "r") {
        if escape == UInt8(ascii: "r"), from + 1 < end, from[0] == UInt8(ascii: "\\"), from[1] == UInt8(ascii: "n") { from += 2 }
        cw_copy(to, joint, jointCount)
        to += jointCount
      } else {
        to[0] = UInt8(ascii: "\\")
        to[1] = escape
        to += 2
      }
    }
    return to - target
  }

  /// Appends text as the inside of a JSON string: `"` and `\` escaped, `\b \f \n \r \t` short, other controls `\u00xx`; everything
  /// else as it is. The caller has reserved six bytes a byte and 64. The 64 bytes behind the source may be read. Returns the length.
  @inline(__always)
  static func escape(
    _ source: UnsafePointer<UInt8>, _ count: Int, into target: UnsafeMutablePointer<UInt8>
  ) -> Int {
    var high: UInt64 = 0
    let run = cw_scan_string(source, &high)
    if run >= count {
      cw_copy(target, source, count)
      return count
    }
    return escapeSlowly(source, count, firstRun: run, into: target)
  }

  private static func escapeSlowly(
    _ source: UnsafePointer<UInt8>, _ count: Int, firstRun: Int, into target: UnsafeMutablePointer<UInt8>
  ) -> Int {
    var from = source
    let end = source + count
    var to = target
    var run = firstRun
    while true {
      cw_copy(to, from, run)
      to += run
      from += run
      if from == end { return to - target }
      let byte = from[0]
      from += 1
      to += escapeOne(byte, into: to)
      var high: UInt64 = 0
      run = cw_scan_string(from, &high)
      if run > end - from { run = end - from }
    }
  }

  @inline(__always)
  static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

  /// Appends a whole string with its quotes.
  package static func appendString(_ text: UnsafeBufferPointer<UInt8>, to out: inout OutputBuffer) {
    out.reserve(text.count * 6 + 2)
    out.base[out.count] = UInt8(ascii: "\"")
    out.count += 1
    if let source = text.baseAddress {
      // The source may end at the end of its memory: no scan past it here.
      let end = source + text.count
      var from = source
      var to = out.base + out.count
      while from < end {
        let byte = from[0]
        if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
          to[0] = byte
          to += 1
          from += 1
          continue
        }
        to += escapeOne(byte, into: to)
        from += 1
      }
      out.count = to - out.base
    }
    out.base[out.count] = UInt8(ascii: "\"")
    out.count += 1
  }

  private static func escapeOne(_ byte: UInt8, into to: UnsafeMutablePointer<UInt8>) -> Int {
    to[0] = UInt8(ascii: "\\")
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): to[1] = byte
    case 8: to[1] = UInt8(ascii: "b")
    case 9: to[1] = UInt8(ascii: "t")
    case 10: to[1] = UInt8(ascii: "n")
    case 12: to[1] = UInt8(ascii: "f")
    case 13: to[1] = UInt8(ascii: "r")
    default:
      to[1] = UInt8(ascii: "u")
      to[2] = UInt8(ascii: "0")
      to[3] = UInt8(ascii: "0")
      to[4] = UInt8(ascii: "0") + byte >> 4
      to[5] = hexDigit(byte & 15)
      return 6
    }
    return 2
  }
}
