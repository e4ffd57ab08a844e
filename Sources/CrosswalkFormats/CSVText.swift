import CrosswalkModel
import Glibc

/// Text of CSV cells.
package enum CSVText {
  /// Decodes the inside of a quoted cell: doubled quotes become one.
  package static func decode(_ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutablePointer<UInt8>) -> Int {
    var length = 0
    var rest = source
    while let start = rest.baseAddress, let found = memchr(start, Int32(quote), rest.count) {
      let run = UnsafeRawPointer(found) - UnsafeRawPointer(start) + 1
      memcpy(target + length, start, run)
      length += run
      rest = UnsafeBufferPointer(rebasing: rest[min(run + 1, rest.count)...])
    }
    if let start = rest.baseAddress { memcpy(target + length, start, rest.count) }
    return length + rest.count
  }

  /// Where the first ill-formed sequence begins, nil when all is UTF-8.
  static func firstInvalidUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    bytes.baseAddress.flatMap { UTF8Check.firstInvalid($0, bytes.count) }
  }

  static let quote = UInt8(ascii: "\"")
  static let cr = UInt8(ascii: "\r")
  static let lf = UInt8(ascii: "\n")
}

// MARK: Formulas

extension CSVText {
  /// Whether a spreadsheet may take the text for a formula: it begins, after blanks, with `=` `+` `-` `@` (full width too), or
  /// with TAB, CR or LF, and is not a plain negative number. Real data is among them: `+1-212-9876543`.
  package static func isFormula(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var i = 0
    while i < text.count, text[i] == UInt8(ascii: " ") { i += 1 }
    guard i < text.count else { return false }
    switch text[i] {
    case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "@"), UInt8(ascii: "\t"), cr, lf: return true
    case UInt8(ascii: "-"): return i > 0 || !isNumber(text)
    case 0xEF:
      // U+FF0B +, U+FF0D -, U+FF1D =, U+FF20 @.
      guard text.count - i >= 3, text[i + 1] == 0xBC else { return false }
      return [0x8B, 0x8D, 0x9D, 0xA0].contains(text[i + 2])
    default: return false
    }
  }

  /// What the spreadsheet profile writes with a `'` before it, and takes one off on reading: formulas, and what begins with a
  /// `'` already, so that reading is the exact inverse.
  static func isPrefixed(_ text: UnsafeBufferPointer<UInt8>) -> Bool { text.first == apostrophe || isFormula(text) }

  static let apostrophe = UInt8(ascii: "'")
}

// MARK: Kinds in bare cells

extension CSVText {
  /// A JSON number and nothing else.
  static func isNumber(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var i = 0
    func digits() -> Int {
      let start = i
      while i < text.count, text[i] >= UInt8(ascii: "0"), text[i] <= UInt8(ascii: "9") { i += 1 }
      return i - start
    }
    func take(_ byte: UInt8) -> Bool {
      guard i < text.count, text[i] == byte else { return false }
      i += 1
      return true
    }
    _ = take(UInt8(ascii: "-"))
    if take(UInt8(ascii: "0")) {
    } else if digits() == 0 {
      return false
    }
    if take(UInt8(ascii: ".")), digits() == 0 { return false }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      if digits() == 0 { return false }
    }
    return i == text.count
  }
}

extension CSVText {
  /// What a bare cell is where kinds are kept.
  static func kind(_ text: UnsafeBufferPointer<UInt8>) -> Kind {
    func says(_ word: StaticString) -> Bool {
      text.count == word.utf8CodeUnitCount && text.elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: text.count))
    }
    switch text.first {
    case nil: return .text
    case UInt8(ascii: "\\"): return says("\\N") ? .null : .text
    case UInt8(ascii: "t"): return says("true") ? .true : .text
    case UInt8(ascii: "f"): return says("false") ? .false : .text
    case UInt8(ascii: "{"): return says("{}") ? .emptyObject : .text
    case UInt8(ascii: "["): return says("[]") ? .emptyArray : .text
    default: return isNumber(text) ? .number : .text
    }
  }
}
