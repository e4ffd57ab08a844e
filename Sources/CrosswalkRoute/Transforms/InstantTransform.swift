import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// A moment: seconds since 1970-01-01T00:00:00Z and the digits of a fraction, as they were written.
struct Instant: Equatable {
  var seconds: Int
  var fraction: [UInt8] = []

  /// ISO 8601 with a `T` or a blank between date and time. Without a zone the time is `offset` seconds east of UTC; nil for the
  /// offset asks for a zone. A date alone counts as midnight where an offset is given.
  static func iso(_ text: some Collection<UInt8>, offset: Int?) -> Instant? {
    var scan = Scan(Array(text))
    guard let year = scan.digits(4), scan.take("-"), let month = scan.digits(2), scan.take("-"), let day = scan.digits(2)
    else { return nil }
    guard isDate(year, month, day) else { return nil }
    let days = daysFromCivil(year, month, day)
    if scan.isDone { return offset.map { Instant(seconds: days * 86400 - $0) } }
    guard scan.take("T") || scan.take(" "), let hour = scan.digits(2), scan.take(":"), let minute = scan.digits(2) else {
      return nil
    }
    var second = 0
    var fraction: [UInt8] = []
    if scan.take(":") {
      guard let value = scan.digits(2) else { return nil }
      second = value
      if scan.take(".") {
        fraction = scan.allDigits()
        if fraction.isEmpty { return nil }
      }
    }
    guard hour < 24, minute < 60, second < 60 else { return nil }
    guard let east = scan.isDone ? offset : scan.zone(), scan.isDone else { return nil }
    return Instant(seconds: days * 86400 + hour * 3600 + minute * 60 + second - east, fraction: fraction)
  }

  /// `2019-06-17T14:05:00Z`, with the fraction's digits if there are any; nil outside the years 0000 to 9999.
  var iso: [UInt8]? { formatted("yyyy-MM-dd'T'HH:mm:ss", offset: 0).map { $0 + (fraction.isEmpty ? [] : [0x2e] + fraction) + [0x5a] } }

  /// Letters of Unicode TR 35 that dates of this kind use: yyyy MM dd HH mm ss SSS XXX; text in single quotes; the rest as it is.
  func formatted(_ format: String, offset: Int) -> [UInt8]? {
    let local = seconds + offset
    let days = (local >= 0 ? local : local - 86399) / 86400
    let time = local - days * 86400
    let (year, month, day) = Instant.civil(days)
    guard (0...9999).contains(year) else { return nil }
    var out: [UInt8] = []
    for token in Instant.tokens(format) {
      switch token {
      case .text(let text): out += text
      case .year: out += Instant.padded(year, 4)
      case .month: out += Instant.padded(month, 2)
      case .day: out += Instant.padded(day, 2)
      case .hour: out += Instant.padded(time / 3600, 2)
      case .minute: out += Instant.padded(time / 60 % 60, 2)
      case .second: out += Instant.padded(time % 60, 2)
      case .fraction(let digits): out += (fraction + [UInt8](repeating: 0x30, count: digits)).prefix(digits)
      case .zone:
        if offset == 0 {
          out.append(0x5a)
        } else {
          out.append(offset < 0 ? 0x2d : 0x2b)
          out += Instant.padded(abs(offset) / 3600, 2) + [0x3a] + Instant.padded(abs(offset) / 60 % 60, 2)
        }
      }
    }
    return out
  }

  /// Text in a format; without a zone in the format the time is `offset` seconds east.
  static func parse(_ text: some Collection<UInt8>, format: String, offset: Int) -> Instant? {
    var scan = Scan(Array(text))
    var (year, month, day, hour, minute, second, east) = (1970, 1, 1, 0, 0, 0, offset)
    var fraction: [UInt8] = []
    for token in tokens(format) {
      var value: Int?
      switch token {
      case .text(let text):
        guard scan.take(text) else { return nil }
        continue
      case .year: value = scan.digits(4); year = value ?? 0
      case .month: value = scan.digits(2); month = value ?? 0
      case .day: value = scan.digits(2); day = value ?? 0
      case .hour: value = scan.digits(2); hour = value ?? 0
      case .minute: value = scan.digits(2); minute = value ?? 0
      case .second: value = scan.digits(2); second = value ?? 0
      case .fraction(let digits):
        value = scan.digits(digits)
        if let value { fraction = padded(value, digits) }
      case .zone: value = scan.zone(); east = value ?? 0
      }
      if value == nil { return nil }
    }
    guard scan.isDone, isDate(year, month, day), hour < 24, minute < 60, second < 60 else { return nil }
    return Instant(
      seconds: daysFromCivil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - east, fraction: fraction)
  }

  /// `UTC`, `Z`, `+05:30`: seconds east; nil for anything else.
  static func offset(_ zone: String) -> Int? {
    if zone == "UTC" || zone == "GMT" { return 0 }
    var scan = Scan(Array(zone.utf8))
    guard let east = scan.zone(), scan.isDone else { return nil }
    return east
  }

  private enum Token { case text([UInt8]), year, month, day, hour, minute, second, fraction(Int), zone }

  private static func tokens(_ format: String) -> [Token] {
    var tokens: [Token] = []
    var rest = Array(format.utf8)[...]
    while let byte = rest.first {
      if byte == 0x27 {
        let end = rest.dropFirst().firstIndex(of: 0x27) ?? rest.endIndex
        tokens.append(.text(Array(rest[(rest.startIndex + 1)..<end])))
        rest = rest[min(end + 1, rest.endIndex)...]
        continue
      }
      let run = rest.prefix { $0 == byte }.count
      switch (byte, run) {
      case (UInt8(ascii: "y"), 4): tokens.append(.year)
      case (UInt8(ascii: "M"), 2): tokens.append(.month)
      case (UInt8(ascii: "d"), 2): tokens.append(.day)
      case (UInt8(ascii: "H"), 2): tokens.append(.hour)
      case (UInt8(ascii: "m"), 2): tokens.append(.minute)
      case (UInt8(ascii: "s"), 2): tokens.append(.second)
      case (UInt8(ascii: "S"), 1...9): tokens.append(.fraction(run))
      case (UInt8(ascii: "X"), 1...3): tokens.append(.zone)
      default: tokens.append(.text(Array(rest.prefix(run))))
      }
      rest = rest.dropFirst(run)
    }
    return tokens
  }

  private static func padded(_ value: Int, _ width: Int) -> [UInt8] {
    let digits = Array(String(value).utf8)
    return [UInt8](repeating: 0x30, count: max(0, width - digits.count)) + digits
  }

  private static func isDate(_ year: Int, _ month: Int, _ day: Int) -> Bool {
    guard (1...12).contains(month), day >= 1 else { return false }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return day <= [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }

  /// Days since 1970-01-01 in the proleptic Gregorian calendar; years are counted from March, so that the leap day is a year's last.
  private static func daysFromCivil(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
    let z = days + 719_468
    let era = (z >= 0 ? z : z - 146_096) / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let m = (5 * dayOfYear + 2) / 153
    let month = m < 10 ? m + 3 : m - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * m + 2) / 5 + 1)
  }

  private struct Scan {
    var bytes: [UInt8]
    var i = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isDone: Bool { i == bytes.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard i < bytes.count, bytes[i] == UInt8(ascii: character) else { return false }
      i += 1
      return true
    }

    mutating func take(_ text: [UInt8]) -> Bool {
      guard bytes[i...].starts(with: text) else { return false }
      i += text.count
      return true
    }

    mutating func digits(_ count: Int) -> Int? {
      guard i + count <= bytes.count else { return nil }
      var value = 0
      for byte in bytes[i..<(i + count)] {
        guard byte &- 0x30 < 10 else { return nil }
        value = value * 10 + Int(byte - 0x30)
      }
      i += count
      return value
    }

    mutating func allDigits() -> [UInt8] {
      let run = bytes[i...].prefix { $0 &- 0x30 < 10 }
      i += run.count
      return Array(run)
    }

    /// `Z`, `+HH:MM`, `+HHMM`, `+HH`.
    mutating func zone() -> Int? {
      if take("Z") || take("z") { return 0 }
      let sign: Int
      if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
      guard let hours = digits(2), hours < 24 else { return nil }
      var minutes = 0
      if take(":") || !isDone {
        guard let value = digits(2), value < 60 else { return nil }
        minutes = value
      }
      return sign * (hours * 3600 + minutes * 60)
    }
  }
}

/// A moment in a system's own format, ISO 8601 UTC in between.
final class InstantTransform: Transform {
  static let spec = TransformSpec(
    name: "instant", summary: "a moment in the system's format, ISO 8601 UTC in between",
    parameters: [("instant", "the format: yyyy MM dd HH mm ss SSS XXX"), ("zone", "UTC or +HH:MM, for times without a zone")],
    inverse: .normalising, loses: "which of the accepted forms it was",
    examples: [
      .init(
        use: "{ instant: \"yyyy-MM-dd HH:mm:ss\", zone: UTC }",
        reads: [
          ("\"2019-06-17 14:05:00\"", "\"2019-06-17T14:05:00Z\""), ("\"2019-06-17\"", "\"2019-06-17T00:00:00Z\""),
          ("1560780300", "\"2019-06-17T14:05:00Z\""), ("\"soon\"", "\"soon\""),
        ], writes: [("\"2019-06-17T14:05:00Z\"", "\"2019-06-17 14:05:00\""), ("\"soon\"", "\"soon\"")])
    ])

  private let format: String
  private let offset: Int

  init(_ context: TransformContext) {
    format = context.argumentText ?? "yyyy-MM-dd'T'HH:mm:ssXXX"
    offset = context.text("zone").flatMap(Instant.offset) ?? 0
  }

  override func read(_ slot: Slot, _ frame: Frame) -> Slot? {
    let text = frame.literal(slot)
    let instant =
      Instant.parse(text, format: format, offset: offset) ?? Instant.iso(text, offset: offset)
      ?? Instant.unix(text, perSecond: 1)
    guard let iso = instant?.iso else { return slot }
    return slot.kind == .text && text.elementsEqual(iso) ? slot : frame.store(iso)
  }

  override func write(_ slot: Slot, _ frame: Frame) -> Slot? {
    guard slot.kind == .text else { return slot }
    let text = frame.text(slot)
    guard let written = Instant.iso(text, offset: nil)?.formatted(format, offset: offset) else { return slot }
    return frame.store(written)
  }
}

extension Instant {
  /// Unix time in digits, with `perSecond` units a second.
  static func unix(_ text: some Collection<UInt8>, perSecond: Int) -> Instant? {
    guard (1...15).contains(text.count) else { return nil }
    let characters = Array(text)
    guard characters.withUnsafeBufferPointer(Coercion.isInteger) else { return nil }
    let isNegative = characters[0] == UInt8(ascii: "-")
    let size = characters.dropFirst(isNegative ? 1 : 0).reduce(0) { $0 * 10 + Int($1 - 0x30) }
    let value = isNegative ? -size : size
    guard perSecond > 1 else { return Instant(seconds: value) }
    let part = (value % perSecond + perSecond) % perSecond
    return Instant(seconds: (value - part) / perSecond, fraction: part == 0 ? [] : Array(String(part + perSecond).utf8.dropFirst()))
  }

  /// Units since 1970; a fraction is cut to them.
  func units(perSecond: Int) -> Int {
    guard perSecond > 1 else { return seconds }
    let digits = (fraction + [0x30, 0x30, 0x30]).prefix(3)
    return seconds * perSecond + digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }
}

/// Unix time.
final class EpochTransform: Transform {
  static let spec = TransformSpec(
    name: "epoch", summary: "Unix time, ISO 8601 UTC in between", parameters: [("epoch", "s or ms")], inverse: .normalising,
    loses: "a fraction finer than the unit",
    examples: [
      .init(
        use: "{ epoch: s }", reads: [("1560780300", "\"2019-06-17T14:05:00Z\"")],
        writes: [("\"2019-06-17T14:05:00Z\"", "1560780300"), ("\"soon\"", "\"soon\"")]),
      .init(use: "{ epoch: ms }", reads: [("\"1560780300250\"", "\"2019-06-17T14:05:00.250Z\"")]),
    ])

  private let perSecond: Int

  init(_ context: TransformContext) { perSecond = context.argumentText == "ms" ? 1000 : 1 }

  override func read(_ slot: Slot, _ frame: Frame) -> Slot? {
    guard let iso = Instant.unix(frame.literal(slot), perSecond: perSecond)?.iso else { return slot }
    return frame.store(iso)
  }

  override func write(_ slot: Slot, _ frame: Frame) -> Slot? {
    guard slot.kind == .text, let instant = Instant.iso(frame.text(slot), offset: nil) else { return slot }
    return frame.store(String(instant.units(perSecond: perSecond)).utf8, as: .number)
  }
}

/// `/Date(1488391422280+0000)/`, as some .NET services write a moment.
final class MSDateTransform: Transform {
  static let spec = TransformSpec(
    name: "msDate", summary: "`/Date(1488391422280+0000)/`, ISO 8601 UTC in between", parameters: [],
    inverse: .normalising, loses: "the zone it was written in",
    examples: [
      .init(
        use: "msDate",
        reads: [
          ("\"/Date(1488391422280+0000)/\"", "\"2017-03-01T18:03:42.280Z\""), ("\"/Date(-1000)/\"", "\"1969-12-31T23:59:59Z\""),
          ("\"/Date(1x)/\"", "\"/Date(1x)/\""), ("\"x\"", "\"x\""),
        ],
        writes: [("\"2017-03-01T18:03:42.280Z\"", "\"/Date(1488391422280+0000)/\"")])
    ])

  override func read(_ slot: Slot, _ frame: Frame) -> Slot? {
    let text = Array(frame.literal(slot))
    guard text.starts(with: "/Date(".utf8), text.suffix(2).elementsEqual(")/".utf8) else { return slot }
    let inside = text.dropFirst(6).dropLast(2)
    let sign = inside.dropFirst().firstIndex { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") } ?? inside.endIndex
    let zone = inside[sign...].dropFirst()
    guard sign == inside.endIndex || zone.count == 4 && zone.allSatisfy({ $0 &- 0x30 < 10 }),
      let iso = Instant.unix(inside[..<sign], perSecond: 1000)?.iso
    else { return slot }
    return frame.store(iso)
  }

  override func write(_ slot: Slot, _ frame: Frame) -> Slot? {
    guard slot.kind == .text, let instant = Instant.iso(frame.text(slot), offset: nil) else { return slot }
    return frame.store("/Date(\(instant.units(perSecond: 1000))+0000)/".utf8)
  }
}
