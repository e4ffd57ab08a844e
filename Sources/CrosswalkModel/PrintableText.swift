/// Text for a terminal.
package enum PrintableText {
  /// Control characters, which a terminal would obey, as dots: scalar by scalar, so that marks stay right.
  package static func of(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let isControl =
        scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) || (0x202a...0x202e).contains(scalar.value)
      result.append(isControl ? "·" : scalar)
    }
    return String(result)
  }
}
