import CrosswalkModel
import CrosswalkYAML
import Foundation
import TestSupport
import Testing

/// The yaml-test-suite against what libyaml was measured to get right: no case of that baseline may be lost.
@Suite struct YAMLTestSuiteTests {
  static let folder = Repository.shared("suites/yaml-test-suite")

  @Test(.enabled(if: folder != nil || Repository.isCI))
  func everyCaseOfTheBaselineStaysRight() throws {
    let folder = try #require(Self.folder)
    let baseline = try String(contentsOf: folder.appending(path: "libyaml-0.2.5-baseline.tsv"), encoding: .utf8)
      .split(separator: "\n").filter { !$0.hasPrefix("#") }.map { $0.split(separator: "\t").map(String.init) }
    let cases = try suiteCases(in: folder.appending(path: "src"))
    #expect(baseline.count == 402)

    var right: [String: Bool] = [:]
    for row in baseline {
      let name = row[0]
      let test = try #require(cases[name], "no case \(name)")
      let events = eventLines(test.yaml)
      right[name] = test.fails ? events == nil : events == test.tree
    }
    let lost = baseline.filter { ["ok", "reject"].contains($0[2]) && right[$0[0]] != true }.map { $0[0] }
    #expect(lost == [])
    #expect(right.values.filter { $0 }.count >= 330)
  }

  @Test(.enabled(if: folder != nil || Repository.isCI))
  func everyCaseWithJSONThatWasRightGivesTheSameValues() throws {
    let folder = try #require(Self.folder)
    let baseline = try String(contentsOf: folder.appending(path: "libyaml-0.2.5-baseline.tsv"), encoding: .utf8)
      .split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
      .filter { $0.count == 4 && $0[2] == "ok" && $0[3] == "True" }
    #expect(baseline.count == 235)
    let cases = try suiteCases(in: folder.appending(path: "src"))
    var wrong: [String] = []
    for row in baseline {
      let test = try #require(cases[row[0]])
      var reader = try ValueReader(test.yaml)
      var json = JSONValues(Array(test.json.utf8))
      if try reader.documents() != json.all() { wrong.append(row[0]) }
    }
    #expect(wrong == [])
  }

  @Test(.enabled(if: folder != nil || Repository.isCI))
  func everyCaseIsParsedOrRefusedWithAPlace() throws {
    let folder = try #require(Self.folder)
    for (name, test) in try suiteCases(in: folder.appending(path: "src")) {
      do throws(Diagnostic) {
        _ = try YAML.parse(test.yaml, file: name)
      } catch {
        #expect(error.labels.first?.place.file == name)
        #expect(error.code.name.hasPrefix("M000"))
      }
    }
  }
}

private struct SuiteCase {
  var yaml: [UInt8]
  var tree: [String]
  var json: String
  var fails: Bool
}

/// The cases by name (`229Q/00`); a case takes what it does not say from the one before it in its file.
private func suiteCases(in folder: URL) throws -> [String: SuiteCase] {
  var cases: [String: SuiteCase] = [:]
  for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
  where file.pathExtension == "yaml" {
    let name = file.deletingPathExtension().lastPathComponent
    let root = try YAML.parse(try Repository.bytes(file), file: file.lastPathComponent)
    var yaml = ""
    var tree = ""
    var json = ""
    for (index, entry) in (root.items ?? []).enumerated() {
      if let text = entry["yaml"]?.text { yaml = text }
      if let node = entry["tree"] { tree = node.isNull ? "" : node.text ?? "" }
      if let node = entry["json"] { json = node.text ?? "" }
      let lines = visible(tree).split(separator: "\n").map { String($0.drop { $0 == " " }) }
      let number = index < 10 ? "0\(index)" : "\(index)"
      cases["\(name)/\(number)"] = SuiteCase(
        yaml: Array(visible(yaml).utf8), tree: lines, json: json, fails: entry["fail"]?.bool == true)
    }
  }
  return cases
}

/// Undoes the suite's stand-ins for characters that cannot be seen.
private func visible(_ text: String) -> String {
  var text = text
  if text.hasSuffix("∎\n") { text.removeLast(2) }
  return text.replacingOccurrences(of: "␣", with: " ")
    .replacingOccurrences(of: "—*»", with: "\t", options: .regularExpression)
    .replacingOccurrences(of: "↵", with: "")
    .replacingOccurrences(of: "←", with: "\r")
    .replacingOccurrences(of: "⇔", with: "\u{feff}")
}

/// The events in the suite's notation; nil when the bytes are refused.
private func eventLines(_ bytes: [UInt8]) -> [String]? {
  var lines: [String] = []
  do throws(Diagnostic) {
    var events = try YAMLEvents(bytes, file: "case")
    while true {
      let event = try events.next()
      let anchor = events.anchor.map { " &\($0)" } ?? ""
      let properties = anchor + (events.tag.map { " <\($0)>" } ?? "")
      switch event {
      case .streamStart: lines.append("+STR")
      case .streamEnd: return lines + ["-STR"]
      case .documentStart(let isExplicit): lines.append(isExplicit ? "+DOC ---" : "+DOC")
      case .documentEnd(let isExplicit): lines.append(isExplicit ? "-DOC ..." : "-DOC")
      case .alias(let name): lines.append("=ALI *\(name)")
      case .scalar(let text, let style):
        let mark =
          switch style {
          case .plain: ":"
          case .singleQuoted: "'"
          case .doubleQuoted: "\""
          case .literal: "|"
          case .folded: ">"
          }
        lines.append("=VAL\(properties) \(mark)\(escaped(text))")
      case .sequenceStart(let isFlow): lines.append("+SEQ\(isFlow ? " []" : "")\(properties)")
      case .sequenceEnd: lines.append("-SEQ")
      case .mappingStart(let isFlow): lines.append("+MAP\(isFlow ? " {}" : "")\(properties)")
      case .mappingEnd: lines.append("-MAP")
      }
    }
  } catch {
    return nil
  }
}

private func escaped(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case "\u{8}": result += "\\b"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// A value as JSON knows it.
private indirect enum Value: Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case text(String)
  case list([Value])
  case members([String: Value])

  var key: String {
    switch self {
    case .null: ""
    case .bool(let flag): "\(flag)"
    case .number(let number): number == number.rounded() ? "\(Int(number))" : "\(number)"
    case .text(let text): text
    case .list, .members: "\(self)"
    }
  }
}

/// The documents of a stream as values, under the core schema.
private struct ValueReader: ~Copyable {
  private var events: YAMLEvents
  private var anchors: [String: Value] = [:]

  init(_ bytes: [UInt8]) throws(Diagnostic) { events = try YAMLEvents(bytes, file: "case") }

  mutating func documents() throws(Diagnostic) -> [Value] {
    var values: [Value] = []
    while true {
      switch try events.next() {
      case .streamEnd: return values
      case .documentStart:
        values.append(try value(try events.next()))
        _ = try events.next()
      default: break
      }
    }
  }

  private mutating func value(_ event: YAMLEvents.Event) throws(Diagnostic) -> Value {
    let anchor = events.anchor
    let tag = events.tag
    var value = Value.null
    switch event {
    case .alias(let name): value = anchors[name] ?? .null
    case .scalar(let text, let style): value = scalar(text, isPlain: style == .plain, tag: tag)
    case .sequenceStart:
      var items: [Value] = []
      while case let event = try events.next(), event != .sequenceEnd { items.append(try self.value(event)) }
      value = .list(items)
    case .mappingStart:
      var members: [String: Value] = [:]
      while case let event = try events.next(), event != .mappingEnd {
        let key = try self.value(event).key
        members[key] = try self.value(try events.next())
      }
      value = .members(members)
    default: break
    }
    if let anchor { anchors[anchor] = value }
    return value
  }

  private func scalar(_ text: String, isPlain: Bool, tag: String?) -> Value {
    guard isPlain, tag == nil || (tag == "!" && text.isEmpty) || tag?.hasPrefix("tag:yaml.org,2002:") == true,
      tag?.hasSuffix(":str") != true
    else {
      return tag?.hasSuffix(":int") == true ? Double(text).map(Value.number) ?? .text(text) : .text(text)
    }
    let node = YAMLNode(.scalar(.init(text: text, isPlain: true)), at: Place(file: "", line: 1, column: 1))
    if node.isNull { return .null }
    if let flag = node.bool { return .bool(flag) }
    let digits = text.first.map { "+-.0123456789".contains($0) } == true && text.contains(where: \.isNumber)
    if text.hasPrefix("0x"), let number = Int(text.dropFirst(2), radix: 16) { return .number(Double(number)) }
    if digits, let number = Double(text) { return .number(number) }
    return .text(text)
  }
}

/// JSON documents one behind the other, as the suite has them.
private struct JSONValues {
  private let bytes: [UInt8]
  private var at = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func all() throws -> [Value] {
    var values: [Value] = []
    skipBlanks()
    while at < bytes.count {
      let start = at
      skipValue()
      let object = try JSONSerialization.jsonObject(with: Data(bytes[start..<at]), options: .fragmentsAllowed)
      values.append(value(object))
      skipBlanks()
    }
    return values
  }

  private mutating func skipBlanks() { while at < bytes.count, bytes[at] <= 0x20 { at += 1 } }

  /// To the end of the value that starts here.
  private mutating func skipValue() {
    var depth = 0
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "\""):
        at += 1
        while bytes[at] != UInt8(ascii: "\"") { at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1 }
      default:
        if depth == 0, bytes[at] <= 0x20 { return }
        at += 1
        continue
      }
      at += 1
      if depth == 0 { return }
    }
  }

  private func value(_ object: Any) -> Value {
    switch object {
    case is NSNull: .null
    case let text as String: .text(text)
    case let items as [Any]: .list(items.map(value))
    case let members as [String: Any]: .members(members.mapValues(value))
    case let number as NSNumber:
      boolean(number).map(Value.bool) ?? .number(number.doubleValue)
    default: .null
    }
  }

  private func boolean(_ number: NSNumber) -> Bool? {
    String(cString: number.objCType) == "c" ? number.boolValue : nil
  }
}
