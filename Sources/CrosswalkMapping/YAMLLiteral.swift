package import CrosswalkModel
package import CrosswalkYAML

extension YAMLNode {
  /// The value that a scalar of a mapping file stands for in a record: plain `null`, `true`, `false` and JSON numbers
  /// are that (numbers with their characters); all else, and anything in quotes, is text: `02134`, `NO`, `"1"`. Nil for
  /// a list or a mapping.
  package var literal: Tree? {
    guard case .scalar(let scalar) = content else { return nil }
    if isNull { return .null }
    if scalar.isPlain {
      if scalar.text == "true" { return .bool(true) }
      if scalar.text == "false" { return .bool(false) }
      if isJSONNumber(scalar.text.utf8) { return .number(scalar.text) }
    }
    return .text(scalar.text)
  }
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
private func isJSONNumber(_ text: String.UTF8View) -> Bool {
  var rest = text[...]
  func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
  func dropDigits() -> Int {
    let digits = rest.prefix(while: isDigit).count
    rest = rest.dropFirst(digits)
    return digits
  }
  if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
  let startsWithZero = rest.first == UInt8(ascii: "0")
  let whole = dropDigits()
  guard whole == 1 || (whole > 1 && !startsWithZero) else { return false }
  if rest.first == UInt8(ascii: ".") {
    rest = rest.dropFirst()
    guard dropDigits() > 0 else { return false }
  }
  if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
    rest = rest.dropFirst()
    if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    guard dropDigits() > 0 else { return false }
  }
  return rest.isEmpty
}
