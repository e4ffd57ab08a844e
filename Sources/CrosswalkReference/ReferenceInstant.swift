/// A moment: whole seconds since 1970 in UTC, and the digits of the fraction as they were written.
struct ReferenceInstant: Equatable {
  var seconds: Int
  var fraction: [UInt8] = []

  /// `2019-06-17T14:05:00Z`, with the fraction where there is one; nil for years that four digits cannot hold.
  var iso: [UInt8]? {
    spelled(Array("yyyy-MM-ddTHH:mm:ss".utf8)).map { $0 + (fraction.isEmpty ? [] : [0x2e] + fraction) + [0x5a] }
  }

  /// A date with time and zone: `2019-06-17T14:05:00+02:00`, `…Z`; `needsZone: false` takes UTC (or `zone`) for a
  /// missing one.
  static func parse(_ text: [UInt8], needsZone: Bool, zone: Int = 0) -> ReferenceInstant? {
    var cursor = Cursor(text)
    guard let day = cursor.day(), cursor.take(UInt8(ascii: "T")) || cursor.take(UInt8(ascii: " ")), let hour = cursor.digits(2), hour < 24,
      cursor.take(UInt8(ascii: ":")), let minute = cursor.digits(2), minute < 60
    else { return nil }
    var second = 0
    var fraction: [UInt8] = []
    if cursor.take(UInt8(ascii: ":")) {
      guard let digits = cursor.digits(2), digits < 60 else { return nil }
      second = digits
      if cursor.take(UInt8(ascii: ".")) {
        while let byte = cursor.next, (0x30...0x39).contains(byte) {
          fraction.append(byte)
          cursor.i += 1
        }
        if fraction.isEmpty { return nil }
      }
    }
    var offset = zone
    if let own = cursor.zone() {
      offset = own
    } else if needsZone {
      return nil
    }
    guard cursor.isAtEnd else { return nil }
    return .init(seconds: day * 86400 + hour * 3600 + minute * 60 + second - offset, fraction: fraction)
  }

  /// `2019-06-17`, its first moment.
  static func parseDate(_ text: [UInt8], zone: Int) -> ReferenceInstant? {
    var cursor = Cursor(text)
    guard let day = cursor.day(), cursor.isAtEnd else { return nil }
    return .init(seconds: day * 86400 - zone)
  }

  /// Text in a format of `yyyy MM dd HH mm ss SSS XXX`, everything else literal (or between single quotes).
  static func parse(_ text: [UInt8], format: [UInt8], zone: Int) -> ReferenceInstant? {
    var cursor = Cursor(text)
    var (year, month, day, hour, minute, second) = (1970, 1, 1, 0, 0, 0)
    var fraction: [UInt8] = []
    var zone = zone
    for piece in pieces(format) {
      guard let letter = piece.letter else {
        for byte in piece.text { guard cursor.take(byte) else { return nil } }
        continue
      }
      if letter == UInt8(ascii: "X") {
        guard let own = cursor.zone() else { return nil }
        zone = own
        continue
      }
      guard let value = cursor.digits(piece.text.count) else { return nil }
      switch letter {
      case UInt8(ascii: "y"): year = value
      case UInt8(ascii: "M"): month = value
      case UInt8(ascii: "d"): day = value
      case UInt8(ascii: "H"): hour = value
      case UInt8(ascii: "m"): minute = value
      case UInt8(ascii: "s"): second = value
      default: fraction = Array(text[(cursor.i - piece.text.count)..<cursor.i])
      }
    }
    guard cursor.isAtEnd, let days = days(year, month, day), hour < 24, minute < 60, second < 60 else { return nil }
    return .init(seconds: days * 86400 + hour * 3600 + minute * 60 + second - zone, fraction: fraction)
  }

  /// The moment in a format; `zone` in seconds east.
  func spelled(_ format: [UInt8], zone: Int = 0) -> [UInt8]? {
    // Years 0 to 9999.
    guard (-62_167_219_200...253_402_300_799).contains(seconds) else { return nil }
    let local = seconds + zone
    let day = local >= 0 ? local / 86400 : -((-local + 86399) / 86400)
    let rest = local - day * 86400
    let (year, month, dayOfMonth) = Self.date(day)
    guard (0...9999).contains(year) else { return nil }
    var out: [UInt8] = []
    for piece in Self.pieces(format) {
      let value: Int
      switch piece.letter {
      case UInt8(ascii: "y"): value = year
      case UInt8(ascii: "M"): value = month
      case UInt8(ascii: "d"): value = dayOfMonth
      case UInt8(ascii: "H"): value = rest / 3600
      case UInt8(ascii: "m"): value = rest / 60 % 60
      case UInt8(ascii: "s"): value = rest % 60
      case UInt8(ascii: "S"):
        out += (fraction + Array(repeating: 0x30, count: piece.text.count)).prefix(piece.text.count)
        continue
      case UInt8(ascii: "X"):
        let minutes = abs(zone) / 60
        let digits = [minutes / 600, minutes / 60 % 10, minutes % 60 / 10, minutes % 10].map { UInt8($0) + 0x30 }
        out += zone == 0 ? [UInt8(ascii: "Z")] : [UInt8(ascii: zone < 0 ? "-" : "+")] + digits[..<2] + [UInt8(ascii: ":")] + digits[2...]
        continue
      default:
        out += piece.text
        continue
      }
      let digits = Array(String(value).utf8)
      out += Array(repeating: 0x30, count: max(0, piece.text.count - digits.count)) + digits
    }
    return out
  }

  /// Seconds east of `UTC`, `+02:00`, `-0530`.
  static func zone(_ text: String?) -> Int {
    let bytes = Array((text ?? "UTC").utf8)
    guard let sign = bytes.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return 0 }
    let digits = bytes.dropFirst().filter { (0x30...0x39).contains($0) }.map { Int($0) - 0x30 }
    guard digits.count == 4 else { return 0 }
    let minutes = (digits[0] * 10 + digits[1]) * 60 + digits[2] * 10 + digits[3]
    return minutes * 60 * (sign == UInt8(ascii: "-") ? -1 : 1)
  }

  private struct Piece {
    /// nil: literal text.
    var letter: UInt8?
    var text: [UInt8]
  }

  private static func pieces(_ format: [UInt8]) -> [Piece] {
    var pieces: [Piece] = []
    var i = 0
    while i < format.count {
      if format[i] == UInt8(ascii: "'") {
        i += 1
        let start = i
        while i < format.count, format[i] != UInt8(ascii: "'") { i += 1 }
        pieces.append(Piece(letter: nil, text: Array(format[start..<i])))
        i += 1
      } else if Array("yMdHmsSX".utf8).contains(format[i]) {
        let start = i
        while i < format.count, format[i] == format[start] { i += 1 }
        let counts =
          switch format[start] {
          case UInt8(ascii: "y"): 4...4
          case UInt8(ascii: "S"): 1...9
          case UInt8(ascii: "X"): 1...3
          default: 2...2
          }
        pieces.append(Piece(letter: counts.contains(i - start) ? format[start] : nil, text: Array(format[start..<i])))
      } else {
        pieces.append(Piece(letter: nil, text: [format[i]]))
        i += 1
      }
    }
    return pieces
  }

  private struct Cursor {
    let text: [UInt8]
    var i = 0

    init(_ text: [UInt8]) { self.text = text }

    var next: UInt8? { i < text.count ? text[i] : nil }
    var isAtEnd: Bool { i == text.count }

    mutating func take(_ byte: UInt8) -> Bool {
      guard next == byte else { return false }
      i += 1
      return true
    }

    mutating func digits(_ count: Int) -> Int? {
      guard i + count <= text.count else { return nil }
      var value = 0
      for byte in text[i..<(i + count)] {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int(byte) - 0x30
      }
      i += count
      return value
    }

    /// `Z`, `+02:00`, `+0200`, `+02`: seconds east.
    mutating func zone() -> Int? {
      if take(UInt8(ascii: "Z")) || take(UInt8(ascii: "z")) { return 0 }
      guard let sign = next, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
      i += 1
      guard let hours = digits(2), hours < 24 else { return nil }
      var minutes = 0
      if take(UInt8(ascii: ":")) || !isAtEnd {
        guard let two = digits(2), two < 60 else { return nil }
        minutes = two
      }
      return (hours * 60 + minutes) * 60 * (sign == UInt8(ascii: "-") ? -1 : 1)
    }

    /// `yyyy-MM-dd` as days since 1970.
    mutating func day() -> Int? {
      guard let year = digits(4), take(UInt8(ascii: "-")), let month = digits(2), take(UInt8(ascii: "-")),
        let day = digits(2)
      else { return nil }
      return ReferenceInstant.days(year, month, day)
    }
  }

  private static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

  private static func length(_ month: Int, of year: Int) -> Int {
    [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }

  /// Days since 1970, counted year by year and month by month.
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int? {
    guard (1...12).contains(month), day >= 1, day <= length(month, of: year) else { return nil }
    var days = day - 1
    for earlier in 1..<13 where earlier < month { days += length(earlier, of: year) }
    if year >= 1970 {
      for earlier in 1970..<max(year, 1970) { days += isLeap(earlier) ? 366 : 365 }
    } else {
      for later in year..<1970 { days -= isLeap(later) ? 366 : 365 }
    }
    return days
  }

  private static func date(_ days: Int) -> (Int, Int, Int) {
    var rest = days
    var year = 1970
    while rest < 0 {
      year -= 1
      rest += isLeap(year) ? 366 : 365
    }
    while rest >= (isLeap(year) ? 366 : 365) {
      rest -= isLeap(year) ? 366 : 365
      year += 1
    }
    var month = 1
    while rest >= length(month, of: year) {
      rest -= length(month, of: year)
      month += 1
    }
    return (year, month, rest + 1)
  }
}
