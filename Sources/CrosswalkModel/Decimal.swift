/// Numbers as they are spelt, without Foundation.
package enum Decimal {
  /// A JSON number that is whole and was not spelt so (`1.0`, `1e0`, `10e-1`): its value in digits alone. nil for every other,
  /// and for those of more than 40 digits, which no id has.
  package static func whole(_ number: [UInt8]) -> [UInt8]? {
    guard number.contains(where: { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }) else { return nil }
    let mark = number.firstIndex { $0 | 0x20 == UInt8(ascii: "e") } ?? number.count
    let isNegative = number.first == UInt8(ascii: "-")
    let parts = number[(isNegative ? 1 : 0)..<mark].split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count <= 2, let first = parts.first,
      let exponent = mark == number.count ? 0 : Int(String(decoding: number[(mark + 1)...], as: UTF8.self)), abs(exponent) <= 40
    else { return nil }
    var digits = Array(first) + (parts.count == 2 ? parts[1] : [])
    let point = first.count + exponent
    while digits.count > point, digits.last == UInt8(ascii: "0") { digits.removeLast() }
    let significant = digits.drop { $0 == UInt8(ascii: "0") }
    guard !significant.isEmpty else { return [UInt8(ascii: "0")] }
    guard digits.count <= point else { return nil }
    let whole = significant + repeatElement(UInt8(ascii: "0"), count: point - digits.count)
    return whole.count > 40 ? nil : (isNegative ? [UInt8(ascii: "-")] : []) + whole
  }

  /// `1,234,567`.
  package static func grouped(_ number: Int) -> String {
    var digits = Array(String(number.magnitude))
    var place = digits.count - 3
    while place > 0 {
      digits.insert(",", at: place)
      place -= 3
    }
    return (number < 0 ? "-" : "") + String(digits)
  }

  package static func text(_ value: Double, places: Int) -> String {
    let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
    let scaled = Int((value * Double(scale)).rounded())
    let fraction = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
  }
}
