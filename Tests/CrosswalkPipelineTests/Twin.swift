import CrosswalkFormats
import CrosswalkModel
import CrosswalkPipeline
import CrosswalkReference
import CrosswalkYAML
import Foundation
import TestSupport
import Testing

/// The reference interpreter with the repository's mapping files, and records made up for them.
enum Twin {
  static let systems = ["bigtime", "trackops", "harvest", "zoho-people", "canonical"]

  /// The 20 ordered pairs.
  static let pairs = systems.flatMap { from in systems.filter { $0 != from }.map { [from, $0] } }

  static func system(_ name: String) throws -> ReferenceSystem { try #require(loaded.get()[name]) }

  private static let loaded = Result {
    var tables: [String: [UInt8]] = [:]
    for name in ["addresswords", "countries", "currencies", "postcodes", "regions"] {
      tables[name] = try Repository.bytes(Repository.root.appending(path: "Mappings/tables/\(name).csv"))
    }
    func yaml(_ path: String) throws -> YAMLNode {
      try YAML.parse(Repository.bytes(Repository.root.appending(path: "Mappings/\(path)")), file: "Mappings/\(path)")
    }
    var all: [String: ReferenceSystem] = [:]
    for name in systems {
      all[name] = try ReferenceSystem(
        systemYAML: yaml("\(name)/system.yaml"), clientYAML: yaml("\(name)/client.yaml"),
        canonicalYAML: yaml("canonical/client.yaml"), tables: tables)
    }
    return all
  }

  // MARK: - Generated records

  static let values: [Tree] = [
    .text("US"), .text("UNITED STATES"), .text("Germany"), .text("DE"), .text("Florida"), .text("FL"), .text("BY"), .text("Bayern"),
    .text("Atlantis"), .text("USD"), .text("eur"), .text("Euro - EUR"), .text("Euros - EUR"), .text("Krona"), .text("hourlyjobrate"),
    .text("Doubloons - XDB"), .text("Hourly User Rate"), .text("hourly-user"), .number("0"), .number("1"), .number("230"),
    .number("3.00E+07"), .number("469505000000133417"), .number("80202"), .text("3.00E+07"), .text("469505000000133417"), .text("02134"), .text("0"),
    .text("12"), .text("-0"), .text("true"), .text("1"), .text("no"), .bool(true), .bool(false), .text("a, b"), .text("a\nb"),
    .text("a\r\n\r\nb\nc\nd"), .text("a\rb"), .text("\n"), .text(" x "), .text("2019-06-17T14:05:00Z"),
    .text("2019-06-17T14:05:00.250+02:00"), .text("2019-06-17 14:05:00"), .text("2019-06-17"), .number("1560780300"), .text("null"),
    .text(#"C:\new \r\n"#), .text("é\u{1d11e}\"<&>'\u{1f389}"), .text("{}"), .text("PRIMARY"), .text("+1-212-9876543"), .null, .null,
    .text(""), .text(""), .object([]), .array([]), .object([.init("a", .number("1"))]), .array([.text("x"), .null]),
  ]

  /// Each field absent, null, empty or with a value of some kind, in random order, with members that no mapping knows.
  static func records(_ system: ReferenceSystem, _ format: Format, _ count: Int, _ random: inout Random) -> [Tree] {
    (0..<count).map { _ in record(system, format, &random) }
  }

  static func record(_ system: ReferenceSystem, _ format: Format, _ random: inout Random) -> Tree {
    var members: [(path: [PathStep], value: Tree)] = []
    // A record full of something, and one with little.
    let density = [1, 2, 5].randomElement(using: &random)!
    for field in system.fields {
      guard Int.random(in: 0..<6, using: &random) < density else { continue }
      members.append((field.steps, values.randomElement(using: &random)!))
    }
    if let name = system.fields.first(where: { $0.meaning == .one("name") }), !members.contains(where: { $0.path == name.steps }) {
      members.append((name.steps, .text("Acme \(Int.random(in: 0..<100, using: &random))")))
    }
    if format.isJSON {
      if Bool.random(using: &random) { members.append(([.name("unknown")], unknown(&random))) }
      if Bool.random(using: &random) { members.append(([.name("other"), .name("deep")], unknown(&random))) }
      if Bool.random(using: &random), let last = system.fields.last(where: { $0.steps.count == 2 }) {
        members.append(([last.steps[0], .name("further")], unknown(&random)))
      }
      members.shuffle(using: &random)
    }
    return record(system, members, format)
  }

  /// The record with these leaves, each as the format can have it.
  static func record(_ system: ReferenceSystem, _ members: [(path: [PathStep], value: Tree)], _ format: Format) -> Tree {
    var tree: Tree = .object([])
    for member in members {
      let value = format.isJSON ? member.value : flat(member.value, system, format)
      if format == .csv {
        let name = Array(PathStep.text(member.path).utf8)
        if case .object(let all) = tree { tree = .object(all + [Tree.Member(name, value)]) }
      } else {
        put(member.path, value, into: &tree, system, format)
      }
    }
    return tree
  }

  /// What the value can be where there are no kinds.
  private static func flat(_ value: Tree, _ system: ReferenceSystem, _ format: Format) -> Tree {
    switch value {
    case .text: return value
    case .number(let characters): return .text(characters)
    case .bool(let value): return .text(value ? "true" : "false")
    case .null: return format == .xml && ["harvest", "canonical"].contains(system.name) ? .null : .text("")
    case .object, .array: return format == .xml ? .object([.init("a", .text("x"))]) : .text("x")
    }
  }

  private static func unknown(_ random: inout Random) -> Tree {
    [
      .null, .text(""), .text("a\"b\\c\n"), .number("1.0"), .number("-0"), .array([]), .object([]), .bool(false),
      .object([.init("a.b", .array([.null, .object([.init("", .bool(true))])]))]), .array([.text("x"), .number("1e5")]),
    ].randomElement(using: &random)!
  }

  private static func put(
    _ path: [PathStep], _ value: Tree, into tree: inout Tree, _ system: ReferenceSystem, _ format: Format
  ) {
    guard let step = path.first else {
      tree = value
      if format == .xml, value == .null { tree = .object([.init("@nil", .text("true"))]) }
      return
    }
    let rest = Array(path.dropFirst())
    switch step {
    case .name(let plain):
      var name = plain
      if system.name == "harvest", format.isJSON { name = plain.replacing("-", with: "_") }
      // The id is an attribute, but an element is read as well.
      if system.name == "bigtime", format == .xml, plain == "SystemId", !PredictionTests.isContainer(value) { name = "@SystemId" }
      var members: [Tree.Member] = []
      if case .object(let all) = tree { members = all } else if !rest.isEmpty || path.count > 1 { return }
      let index = members.firstIndex { $0.name == Array(name.utf8) } ?? members.count
      if index == members.count { members.append(.init(name, .object([]))) }
      if !rest.isEmpty || members[index].value == .object([]) { put(rest, value, into: &members[index].value, system, format) }
      tree = .object(members)
    case .index: return
    case .pick(let key, let wanted):
      var items: [Tree] = [
        .object([.init(key, .text("not \(wanted)")), .init("Note", .text("n"))]),
        .object([.init("Id", format.isJSON ? .number("5") : .text("5")), .init(key, .text(wanted))]),
      ]
      if case .array(let all) = tree { items = all }
      put(rest, value, into: &items[1], system, format)
      tree = .array(items)
    }
  }
}
