package import CrosswalkModel

/// A line of URL-encoded parameters read the obvious way, a byte at a time: what the fast reader is held to.
///
/// - Everything up to the first `?` is a path and skipped, unless a `=` or `&` stands before it.
/// - Parameters stand between `&`; nothing between two of them is none. Without a `=` the value is empty text.
/// - `+` is a space, `%XX` a byte; what they decode to must be UTF-8. A raw control character is an error.
/// - A name that comes twice is an error at the second one.
package enum FormReference {
  package struct Parameter: Equatable, Sendable {
    package var name: [UInt8]
    package var value: [UInt8]

    package init(_ name: [UInt8], _ value: [UInt8]) {
      self.name = name
      self.value = value
    }

    package init(_ name: String, _ value: String) { self.init(Array(name.utf8), Array(value.utf8)) }
  }

  package struct Line: Equatable, Sendable {
    package var parameters: [Parameter]
    package var error: FormatError?
    /// Without blanks before it and the line end.
    package var bytes: Range<Int>
  }

  /// All lines that are not blank. They end in LF or CRLF.
  package static func read(_ bytes: [UInt8], limits: Limits = Limits()) -> [Line] {
    var lines: [Line] = []
    var i = 0
    while true {
      while i < bytes.count, blanks.contains(bytes[i]) { i += 1 }
      if i == bytes.count { return lines }
      let start = i
      while i < bytes.count, bytes[i] != UInt8(ascii: "\n") { i += 1 }
      let end = bytes[i - 1] == UInt8(ascii: "\r") ? i - 1 : i
      var line = Line(parameters: [], error: nil, bytes: start..<end)
      if end - start > limits.record {
        line.error = FormatError(.recordTooLong, at: start)
      } else {
        do {
          line.parameters = try parameters(bytes, start..<end, limits)
        } catch {
          line.error = error
        }
      }
      lines.append(line)
    }
  }

  private static let blanks: [UInt8] = [0x20, 0x09, 0x0D, 0x0A]

  private static func parameters(
    _ bytes: [UInt8], _ line: Range<Int>, _ limits: Limits
  ) throws(FormatError) -> [Parameter] {
    var i = line.lowerBound
    for k in line {
      if bytes[k] == UInt8(ascii: "=") || bytes[k] == UInt8(ascii: "&") || bytes[k] < 0x20 { break }
      if bytes[k] == UInt8(ascii: "?") {
        i = k + 1
        break
      }
    }
    var found: [Parameter] = []
    while i < line.upperBound {
      if bytes[i] == UInt8(ascii: "&") {
        i += 1
        continue
      }
      let nameStart = i
      while i < line.upperBound, bytes[i] != UInt8(ascii: "="), bytes[i] != UInt8(ascii: "&") { i += 1 }
      let name = try decoded(bytes, nameStart..<i, limits)
      if found.contains(where: { $0.name == name }) { throw FormatError(.duplicateName, at: nameStart) }
      var value: [UInt8] = []
      if i < line.upperBound, bytes[i] == UInt8(ascii: "=") {
        i += 1
        let valueStart = i
        while i < line.upperBound, bytes[i] != UInt8(ascii: "&") { i += 1 }
        value = try decoded(bytes, valueStart..<i, limits)
      }
      found.append(Parameter(name, value))
    }
    return found
  }

  /// Escapes and characters first, then the length, then the UTF-8 of what they decode to.
  private static func decoded(_ bytes: [UInt8], _ range: Range<Int>, _ limits: Limits) throws(FormatError) -> [UInt8] {
    var text: [UInt8] = []
    var places: [Int] = []
    var i = range.lowerBound
    while i < range.upperBound {
      places.append(i)
      switch bytes[i] {
      case 0..<0x20: throw FormatError(.controlCharacter, at: i)
      case UInt8(ascii: "+"): text.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        guard i + 2 < range.upperBound, let high = hex(bytes[i + 1]), let low = hex(bytes[i + 2]) else {
          throw FormatError(.badPercentEscape, at: i)
        }
        text.append(high << 4 | low)
        i += 2
      default: text.append(bytes[i])
      }
      i += 1
    }
    if range.count > limits.field { throw FormatError(.fieldTooLong, at: range.lowerBound) }
    if let at = CSVReference.firstInvalidUTF8(text, in: 0..<text.count) {
      throw FormatError(.invalidUTF8, at: places[at])
    }
    return text
  }

  private static func hex(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
