package import CrosswalkModel

/// CSV read the obvious way, a byte at a time from a whole array: what the fast reader is held to on random bytes.
///
/// - Lines end in CR, LF or CRLF, mixed as they come; inside quotes line ends are text.
/// - A cell is quoted when its first byte is `"`; a quote further inside an unquoted cell is an ordinary character.
/// - Nothing between two separators is absent, `""` is empty text.
/// - An empty line is skipped when there is more than one column, and is a row with an absent cell when there is one.
/// - A refused row has the error with the smallest offset; an unterminated quote goes before it, and a row that is too long
///   before both. Text behind a closing quote spoils its row up to the next line end, whatever quotes follow.
package enum CSVReference {
  package struct Cell: Equatable, Sendable {
    /// nil is absent.
    package var text: [UInt8]?
    package var isQuoted: Bool

    package init(_ text: [UInt8]?, isQuoted: Bool = false) {
      self.text = text
      self.isQuoted = isQuoted
    }
  }

  package struct Row: Equatable, Sendable {
    package var cells: [Cell]
    package var error: FormatError?
    /// Without the line end.
    package var bytes: Range<Int>
  }

  /// All rows, the header included; empty lines before the header are skipped. `columns` is the number of cells a row must have: the first row's when nil. A byte order
  /// mark at the start is dropped.
  package static func read(
    _ bytes: [UInt8], delimiter: UInt8 = UInt8(ascii: ","), columns: Int? = nil, limits: Limits = Limits()
  ) -> [Row] {
    var columns = columns
    var rows: [Row] = []
    var i = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    while i < bytes.count {
      if columns != 1, bytes[i] == cr || bytes[i] == lf {
        i += 1
        continue
      }
      let row = readRow(bytes, &i, delimiter, columns, limits)
      columns = columns ?? row.cells.count
      rows.append(row)
    }
    return rows
  }

  /// Where the first ill-formed sequence of a range begins.
  package static func firstInvalidUTF8(_ bytes: [UInt8], in range: Range<Int>) -> Int? {
    var i = range.lowerBound
    while i < range.upperBound {
      let following: Int
      var second: ClosedRange<UInt8> = 0x80...0xBF
      switch bytes[i] {
      case 0x00...0x7F: following = 0
      case 0xC2...0xDF: following = 1
      case 0xE0: (following, second) = (2, 0xA0...0xBF)
      case 0xED: (following, second) = (2, 0x80...0x9F)
      case 0xE1...0xEF: following = 2
      case 0xF0: (following, second) = (3, 0x90...0xBF)
      case 0xF4: (following, second) = (3, 0x80...0x8F)
      case 0xF1...0xF3: following = 3
      default: return i
      }
      if i + following >= range.upperBound { return i }
      for k in 0..<following {
        guard (k == 0 ? second : 0x80...0xBF).contains(bytes[i + 1 + k]) else { return i }
      }
      i += following + 1
    }
    return nil
  }

  private static let quote = UInt8(ascii: "\"")
  private static let cr = UInt8(ascii: "\r")
  private static let lf = UInt8(ascii: "\n")

  private static func readRow(
    _ bytes: [UInt8], _ i: inout Int, _ delimiter: UInt8, _ columns: Int?, _ limits: Limits
  ) -> Row {
    let start = i
    var cells: [Cell] = []
    var errors: [FormatError] = []
    var unterminated: FormatError?
    func isLineEnd(_ at: Int) -> Bool { at >= bytes.count || bytes[at] == cr || bytes[at] == lf }

    row: while true {
      let cellStart = i
      if let columns, cells.count == columns { errors.append(FormatError(.raggedRow, at: cellStart)) }
      var content: Range<Int>
      if i < bytes.count, bytes[i] == quote {
        var text: [UInt8] = []
        i += 1
        while true {
          guard i < bytes.count else {
            unterminated = FormatError(.unterminatedQuote, at: cellStart)
            content = cellStart + 1..<i
            break
          }
          if bytes[i] == quote {
            if i + 1 < bytes.count, bytes[i + 1] == quote {
              i += 1
            } else {
              content = cellStart + 1..<i
              i += 1
              break
            }
          }
          text.append(bytes[i])
          i += 1
        }
        cells.append(Cell(text, isQuoted: true))
      } else {
        while !isLineEnd(i), bytes[i] != delimiter { i += 1 }
        content = cellStart..<i
        cells.append(Cell(content.isEmpty ? nil : Array(bytes[content])))
      }
      if content.count > limits.field { errors.append(FormatError(.fieldTooLong, at: cellStart)) }
      if let at = firstInvalidUTF8(bytes, in: content) { errors.append(FormatError(.invalidUTF8, at: at)) }
      if i < bytes.count, bytes[i] == delimiter {
        i += 1
        continue row
      }
      if !isLineEnd(i) {
        errors.append(FormatError(.strayQuote, at: i))
        while !isLineEnd(i) { i += 1 }
      }
      break
    }

    let end = i
    if let columns, cells.count < columns { errors.append(FormatError(.raggedRow, at: end)) }
    if i < bytes.count { i += bytes[i] == cr && i + 1 < bytes.count && bytes[i + 1] == lf ? 2 : 1 }
    var error: FormatError?
    for candidate in errors where error == nil || candidate.offset < error!.offset { error = candidate }
    if let unterminated { error = unterminated }
    if end - start > limits.record { error = FormatError(.recordTooLong, at: start) }
    return Row(cells: cells, error: error, bytes: start..<end)
  }
}
