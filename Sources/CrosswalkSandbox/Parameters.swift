import CrosswalkFormats

/// The path and the parameters of a request, decoded.
struct Parameters {
  private(set) var path: [String] = []
  /// In their order; a name may stand more than once.
  private(set) var query: [(name: String, value: String)] = []

  /// Nil where an escape is none, or the bytes are no UTF-8.
  init?(_ target: String) {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    for segment in (parts.first ?? "").split(separator: "/") {
      guard let text = Parameters.decoded(segment, isQuery: false) else { return nil }
      path.append(text)
    }
    if parts.count > 1 {
      guard let pairs = Parameters.pairs(parts[1]) else { return nil }
      query = pairs
    }
  }

  static func pairs(_ text: some StringProtocol) -> [(name: String, value: String)]? {
    var pairs: [(name: String, value: String)] = []
    for pair in text.split(separator: "&") {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = decoded(sides[0], isQuery: true), let value = sides.count > 1 ? decoded(sides[1], isQuery: true) : "" else { return nil }
      pairs.append((name, value))
    }
    return pairs
  }

  private static func decoded(_ text: some StringProtocol, isQuery: Bool) -> String? {
    guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || isQuery && $0 == UInt8(ascii: "+") }) else { return String(text) }
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%") {
        guard let high = rest.popFirst().flatMap(hex), let low = rest.popFirst().flatMap(hex) else { return nil }
        bytes.append(high << 4 | low)
      } else {
        bytes.append(isQuery && byte == UInt8(ascii: "+") ? 0x20 : byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func hex(_ byte: UInt8) -> UInt8? { Character(UnicodeScalar(byte)).hexDigitValue.map(UInt8.init) }

  /// `name=value&…`, percent-encoded.
  static func encoded(_ pairs: [(name: String, value: String)]) -> [UInt8] {
    var out = OutputBuffer()
    for (index, pair) in pairs.enumerated() {
      if index > 0 { out.append(UInt8(ascii: "&")) }
      Array(pair.name.utf8).withUnsafeBufferPointer { FormText.encode($0, into: &out) }
      out.append(UInt8(ascii: "="))
      Array(pair.value.utf8).withUnsafeBufferPointer { FormText.encode($0, into: &out) }
    }
    return Array(out.bytes)
  }
}
