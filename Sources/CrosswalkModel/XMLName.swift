/// What names in XML are made of: the fifth edition of XML 1.0, and Namespaces in XML.
package enum XMLName {
  /// Production 4.
  package static func isStart(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x3a, 0x41...0x5a, 0x5f, 0x61...0x7a, 0xc0...0xd6, 0xd8...0xf6, 0xf8...0x2ff, 0x370...0x37d, 0x37f...0x1fff,
      0x200c...0x200d, 0x2070...0x218f, 0x2c00...0x2fef, 0x3001...0xd7ff, 0xf900...0xfdcf, 0xfdf0...0xfffd,
      0x10000...0xeffff:
      true
    default: false
    }
  }

  /// Production 4a.
  package static func isCharacter(_ scalar: UInt32) -> Bool {
    if isStart(scalar) { return true }
    switch scalar {
    case 0x2d, 0x2e, 0x30...0x39, 0xb7, 0x300...0x36f, 0x203f...0x2040: return true
    default: return false
    }
  }

  /// The scalar that starts at an offset and its length; nil where the bytes are no UTF-8 (RFC 3629).
  package static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, _ i: Int) -> (scalar: UInt32, length: Int)? {
    let first = bytes[i]
    if first < 0x80 { return (UInt32(first), 1) }
    func tail(_ k: Int) -> UInt32? {
      i + k < bytes.count && bytes[i + k] & 0xc0 == 0x80 ? UInt32(bytes[i + k] & 0x3f) : nil
    }
    switch first {
    case 0xc2...0xdf:
      guard let a = tail(1) else { return nil }
      return (UInt32(first & 0x1f) << 6 | a, 2)
    case 0xe0...0xef:
      guard let a = tail(1), let b = tail(2) else { return nil }
      let value = UInt32(first & 0xf) << 12 | a << 6 | b
      return value < 0x800 || value & 0xf800 == 0xd800 ? nil : (value, 3)
    case 0xf0...0xf4:
      guard let a = tail(1), let b = tail(2), let c = tail(3) else { return nil }
      let value = UInt32(first & 7) << 18 | a << 12 | b << 6 | c
      return value < 0x10000 || value > 0x10ffff ? nil : (value, 4)
    default: return nil
    }
  }

  /// Whether bytes are a name: valid UTF-8, a start character, then name characters; with at most one colon, which
  /// stands between two names (Namespaces in XML, production 7).
  package static func isQualified(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var i = 0
    var isFirst = true
    var colons = 0
    while i < bytes.count {
      guard let (scalar, length) = scalar(bytes, i) else { return false }
      if scalar == 0x3a {
        colons += 1
        if isFirst || colons > 1 { return false }
        isFirst = true
      } else {
        guard isFirst ? isStart(scalar) : isCharacter(scalar) else { return false }
        isFirst = false
      }
      i += length
    }
    return !isFirst
  }

  package static func isQualified(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBufferPointer { isQualified($0) } }
}
