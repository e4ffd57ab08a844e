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
    for (index, entry) in (root.items ?? []).enumerated() {
      if let text = entry["yaml"]?.text { yaml = text }
      if let node = entry["tree"] { tree = node.isNull ? "" : node.text ?? "" }
      let lines = visible(tree).split(separator: "\n").map { String($0.drop { $0 == " " }) }
      let number = index < 10 ? "0\(index)" : "\(index)"
      cases["\(name)/\(number)"] = SuiteCase(
        yaml: Array(visible(yaml).utf8), tree: lines, fails: entry["fail"]?.bool == true)
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
