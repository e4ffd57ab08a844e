/// One JSON object on one line, member by member.
package struct JSONLine {
  private var members: [String] = []

  package init() {}

  package var text: String { "{\(members.joined(separator: ","))}" }

  package mutating func add(_ name: String, _ value: String) { add(name, raw: JSONLine.quoted(value)) }

  package mutating func add(_ name: String, _ value: Int) { add(name, raw: "\(value)") }

  package mutating func add(_ name: String, _ value: Bool) { add(name, raw: "\(value)") }

  package mutating func add(_ name: String, _ values: [String]) { add(name, list: values.map(JSONLine.quoted)) }

  package mutating func add(_ name: String, _ counts: [(String, Int)]) {
    var object = JSONLine()
    for (name, count) in counts { object.add(name, count) }
    add(name, raw: object.text)
  }

  /// - list: values that are JSON already.
  package mutating func add(_ name: String, list: [String]) { add(name, raw: JSONLine.list(list)) }

  /// A value that is JSON already.
  package mutating func add(_ name: String, raw: String) { members.append("\(JSONLine.quoted(name)):\(raw)") }

  /// A list of values that are JSON already.
  package static func list(_ items: [String]) -> String { "[\(items.joined(separator: ","))]" }

  package static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
