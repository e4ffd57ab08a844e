/// Rows a byte at a time: for the header, for what the fast loop hands over because something in the row is unusual, for
/// guesses where a row starts, and for stepping over a row that is too long to be held.
struct CSVScanner {
  enum Event {
    case none
    /// The byte separates: the cell's places are those of the cell before it.
    case cell
    /// The byte ends the line, and the row's last cell with it. An LF behind a CR is left to the caller.
    case row
  }

  private enum State {
    case cellStart, unquoted, quoted, quoteSeen
    /// Text behind a closing quote: the row lasts until the next line end, quotes or not.
    case spoilt
  }

  let delimiter: UInt8
  private var state = State.cellStart
  /// Of the cell that the last event ended: its first byte, and the range of its text.
  private(set) var cellStart = 0
  private(set) var textStart = 0
  private(set) var textEnd = 0
  private(set) var isQuoted = false
  private(set) var isEscaped = false
  /// An unquoted cell of the row has a quote in it: ordinary text, but the mark of a wrong guess.
  private(set) var hasBareQuote = false
  /// Where text stands behind a closing quote.
  private(set) var stray: Int?

  init(delimiter: UInt8) { self.delimiter = delimiter }

  var isInsideQuotes: Bool { state == .quoted }

  @inline(__always)
  mutating func step(_ byte: UInt8, at i: Int) -> Event {
    switch state {
    case .cellStart:
      cellStart = i
      textStart = i
      isEscaped = false
      isQuoted = byte == CSVText.quote
      if isQuoted {
        textStart = i + 1
        state = .quoted
        return .none
      }
      state = .unquoted
      return unquoted(byte, i)
    case .unquoted:
      return unquoted(byte, i)
    case .quoted:
      if byte == CSVText.quote {
        textEnd = i
        state = .quoteSeen
      }
      return .none
    case .quoteSeen:
      if byte == CSVText.quote {
        isEscaped = true
        state = .quoted
        return .none
      }
      if let event = separation(byte) { return event }
      stray = i
      state = .spoilt
      return .none
    case .spoilt:
      guard byte == CSVText.cr || byte == CSVText.lf else { return .none }
      state = .cellStart
      return .row
    }
  }

  /// The data is over: whether the row is complete (a quote is not open).
  mutating func finish(at end: Int) -> Bool {
    switch state {
    case .cellStart:
      cellStart = end
      textStart = end
      textEnd = end
      isQuoted = false
      isEscaped = false
    case .unquoted: textEnd = end
    case .quoted: return false
    case .quoteSeen, .spoilt: break
    }
    return true
  }

  private mutating func unquoted(_ byte: UInt8, _ i: Int) -> Event {
    if let event = separation(byte) {
      textEnd = i
      return event
    }
    if byte == CSVText.quote { hasBareQuote = true }
    return .none
  }

  private mutating func separation(_ byte: UInt8) -> Event? {
    guard byte == delimiter || byte == CSVText.lf || byte == CSVText.cr else { return nil }
    state = .cellStart
    return byte == delimiter ? .cell : .row
  }
}
