/// Text of URL-encoded parameters.
package enum FormText {
  /// Decodes `%XX` and `+`. The escapes have been validated.
  package static func decode(_ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutablePointer<UInt8>) -> Int {
    var length = 0
    var i = 0
    while i < source.count {
      var byte = source[i]
      if byte == UInt8(ascii: "+") {
        byte = UInt8(ascii: " ")
      } else if byte == UInt8(ascii: "%"), i + 2 < source.count {
        byte = hexValue(source[i + 1]) << 4 | hexValue(source[i + 2])
        i += 2
      }
      target[length] = byte
      length += 1
      i += 1
    }
    return length
  }

  /// Percent-encodes everything but `A-Z a-z 0-9 - . _ ~`; a space is `%20`.
  package static func encode(_ source: UnsafeBufferPointer<UInt8>, into out: inout OutputBuffer) {
    out.reserve(3 * source.count)
    let target = out.base
    var count = out.count
    for byte in source {
      if isUnreserved(byte) {
        target[count] = byte
        count += 1
      } else {
        target[count] = UInt8(ascii: "%")
        target[count + 1] = hexDigit(byte >> 4)
        target[count + 2] = hexDigit(byte & 15)
        count += 3
      }
    }
    out.count = count
  }

  @inline(__always)
  private static func isUnreserved(_ byte: UInt8) -> Bool {
    // Bit n of the two words is character n: digits, letters, `-`, `.`, `_`, `~`.
    let low: UInt64 = 0x03ff_6000_0000_0000
    let high: UInt64 = 0x47ff_fffe_87ff_fffe
    return byte < 0x80 && (byte < 64 ? low : high) >> UInt64(byte & 63) & 1 == 1
  }

  @inline(__always)
  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") - 10 + value
  }

  /// 0...15, or above for what is no hexadecimal digit.
  @inline(__always)
  static func hexValue(_ byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: 0xff
    }
  }
}
