package import Crosswalk

/// What the values of flags mean, and what is said when they mean nothing.
package struct FlagValues {
  package init() {}

  package func choice<Value: RawRepresentable & CaseIterable>(
    _ flag: String, _ text: String?, of type: Value.Type
  ) throws(Diagnostic) -> Value? where Value.RawValue == String {
    guard let word = try choice(flag, text, among: Value.allCases.map(\.rawValue)) else { return nil }
    return Value(rawValue: word)
  }

  package func choice(_ flag: String, _ text: String?, among words: [String]) throws(Diagnostic) -> String? {
    guard let text else { return nil }
    guard words.contains(text) else {
      let list = words.dropLast().joined(separator: ", ") + " or \(words[words.count - 1])"
      throw Diagnostic(
        .usage, "`--\(flag) \(text)`: there is no such value",
        help: nearestNameHelp(text, among: words) ?? "it is \(list)")
    }
    return text
  }

  /// `SYSTEM[:FORMAT]`.
  package func endpoint(_ flag: String, _ text: String) throws(Diagnostic) -> ConvertJob.Endpoint {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard !parts[0].isEmpty, parts.count == 1 || !parts[1].isEmpty else {
      throw wrong(flag, text, "SYSTEM or SYSTEM:FORMAT")
    }
    guard parts.count == 2 else { return ConvertJob.Endpoint(parts[0]) }
    guard let format = Format(rawValue: parts[1]) else {
      let formats = Format.allCases.map(\.rawValue)
      throw Diagnostic(
        .unknownFormat, "`--\(flag) \(text)`: there is no format `\(parts[1])`",
        help: nearestNameHelp(parts[1], among: formats) ?? "the formats are \(formats.joined(separator: ", "))")
    }
    return ConvertJob.Endpoint(parts[0], format: format)
  }

  /// `a,b`, also said several times.
  package static func list(_ texts: [String]) -> [String] { texts.flatMap { $0.split(separator: ",").map(String.init) } }

  package func assignment(_ text: String) throws(Diagnostic) -> ConvertJob.Assignment {
    guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
      throw wrong("set", text, "FIELD=VALUE")
    }
    return ConvertJob.Assignment(field: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
  }

  package func option(_ text: String) throws(Diagnostic) -> ConvertJob.OptionChoice {
    guard let equals = text.firstIndex(of: "="), let dot = text[..<equals].firstIndex(of: "."),
      dot > text.startIndex, text.index(after: dot) < equals
    else { throw wrong("option", text, "SYSTEM.NAME=VALUE") }
    return ConvertJob.OptionChoice(
      system: String(text[..<dot]), name: String(text[text.index(after: dot)..<equals]),
      value: String(text[text.index(after: equals)...]))
  }

  package func allowance(_ text: String) throws(Diagnostic) -> ConvertJob.Allowance {
    if text.hasSuffix("%") {
      let digits = text.dropLast()
      if digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let percent = Double(digits),
        (0...100).contains(percent)
      {
        return .percent(percent)
      }
    } else if let count = plainNumber(text) {
      return .count(count)
    }
    throw wrong("max-rejects", text, "a number, 0 or more, or a share such as 0.5%")
  }

  /// `1/N`, `all` or `none`.
  package func share(_ flag: String, _ text: String) throws(Diagnostic) -> ConvertJob.AuditShare {
    switch text {
    case "all": return .all
    case "none": return .none
    default:
      if text.hasPrefix("1/"), let count = plainNumber(text.dropFirst(2)), (1...1 << 32).contains(count) {
        return count == 1 ? .all : .one(of: count)
      }
      throw Diagnostic(
        .usage, "`--\(flag) \(text)`: there is no such share",
        help: text.contains("/") ? "it is 1/N, such as 1/1000" : nearestNameHelp(text, among: ["all", "none"]) ?? "it is 1/N, all or none")
    }
  }

  package func number(_ flag: String, _ text: String, in range: ClosedRange<Int>) throws(Diagnostic) -> Int {
    guard let number = plainNumber(text), range.contains(number) else {
      throw wrong(
        flag, text,
        range.upperBound == Int.max
          ? "a number, \(range.lowerBound) or more" : "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// `1048576`, `1024K`, `1M`, `1MiB`; powers of 1024.
  package func size(_ flag: String, _ text: String, atMost largest: Int) throws(Diagnostic) -> Int {
    let unit = text.drop { $0.isNumber }
    let shift: Int? =
      switch unit.lowercased() {
      case "", "b": 0
      case "k", "kb", "kib": 10
      case "m", "mb", "mib": 20
      default: nil
      }
    guard let shift, let number = plainNumber(text.dropLast(unit.count)), (1...(largest >> shift)).contains(number)
    else {
      throw wrong(flag, text, "a size such as 65536, 512K or 4M, at most \(largest) bytes")
    }
    return number << shift
  }

  package func delimiter(_ text: String) throws(Diagnostic) -> UInt8 {
    if text == "tab" || text == "\\t" { return 9 }
    let bytes = Array(text.utf8)
    guard bytes.count == 1, bytes[0] < 0x80, bytes[0] == 9 || bytes[0] > 32, bytes[0] != UInt8(ascii: "\""),
      bytes[0] != 0x7f,
      !text.allSatisfy({ $0.isLetter || $0.isNumber })
    else {
      throw wrong("delimiter", text, "one character that is no letter, digit or quote, such as `;`, or the word tab")
    }
    return bytes[0]
  }

  package func wrong(_ flag: String, _ text: String, _ wanted: String) -> Diagnostic {
    Diagnostic(.usage, "`--\(flag) \(text)` cannot be understood", help: "it takes \(wanted)")
  }

  private func plainNumber(_ text: some StringProtocol) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(text)
  }
}
