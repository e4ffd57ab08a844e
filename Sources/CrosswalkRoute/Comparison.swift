package import CrosswalkMapping

extension Field.Comparison {
  package func isSame(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    if a == b { return true }
    switch self {
    case .exact: return false
    // Letters, not bytes: an accent may be a character of its own.
    case .ignoringCase: return String(decoding: a, as: UTF8.self).lowercased() == String(decoding: b, as: UTF8.self).lowercased()
    case .text, .lines: return normal(a) == normal(b)
    }
  }

  /// What texts have in common that are the same under this rule.
  package func normal(_ text: [UInt8]) -> [UInt8] {
    switch self {
    case .exact: return text
    case .text:
      func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte >= 0x09 && byte <= 0x0d }
      let front = text.drop(while: isBlank)
      return Array(front.prefix((front.lastIndex { !isBlank($0) } ?? front.startIndex - 1) - front.startIndex + 1))
    case .lines: return Array(Restoration.lines(text).joined(separator: [0x0a]))
    case .ignoringCase: return Array(String(decoding: text, as: UTF8.self).lowercased().utf8)
    }
  }
}
