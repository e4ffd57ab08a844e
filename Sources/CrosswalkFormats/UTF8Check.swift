import CSimd

/// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
package enum UTF8Check {
  /// The offset of the first byte that starts no valid sequence, or nil.
  package static func firstInvalid(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int? {
    var i = 0
    while i < count {
      if i &+ 8 <= count {
        // To the next byte that is not ASCII, eight at a time.
        let high = unsafe UnsafeRawPointer(start + i).loadUnaligned(as: UInt64.self).littleEndian & 0x8080_8080_8080_8080
        if high == 0 {
          i &+= 8
          continue
        }
        i &+= high.trailingZeroBitCount >> 3
      } else if start[i] < 0x80 {
        i &+= 1
        continue
      }
      let first = start[i]
      // The most common: two bytes.
      if first >= 0xc2, first <= 0xdf, i &+ 1 < count, start[i &+ 1] & 0xc0 == 0x80 {
        i &+= 2
        continue
      }
      let length: Int
      var low: UInt8 = 0x80
      var high: UInt8 = 0xbf
      switch first {
      case 0xc2...0xdf: length = 2
      case 0xe0: (length, low) = (3, 0xa0)
      case 0xed: (length, high) = (3, 0x9f)
      case 0xe1...0xef: length = 3
      case 0xf0: (length, low) = (4, 0x90)
      case 0xf4: (length, high) = (4, 0x8f)
      case 0xf1...0xf3: length = 4
      default: return i
      }
      if i + length > count { return i }
      let second = start[i + 1]
      if second < low || second > high { return i }
      if length > 2, start[i + 2] & 0xc0 != 0x80 { return i }
      if length > 3, start[i + 3] & 0xc0 != 0x80 { return i }
      i += length
    }
    return nil
  }

  /// The same for text behind which 16 bytes may be read: nearly all of it is decided with no branch that depends on it.
  @inline(__always)
  static func firstInvalid(padded start: UnsafePointer<UInt8>, _ count: Int) -> Int? {
    cw_is_common_utf8(start, count) != 0 ? nil : firstInvalid(start, count)
  }

  package static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    return firstInvalid(base, bytes.count) == nil
  }
}
