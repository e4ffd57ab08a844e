import CrosswalkFormats
import CrosswalkModel
import CrosswalkReference
import TestSupport
import Foundation
import Testing

/// GetPut on generated records: what the residue brings back is the record, for every ordered pair of systems.
@Suite struct ReferenceInterpreterRoundTripTests {
  @Test(arguments: ["bigtime", "harvest", "trackops", "zoho-people"])
  func everyRecordComesBackFromEverySystem(name: String) throws {
    let seed: UInt64 = 4711
    var random = Random(seed: seed)
    let source = try ReferenceMappings.system(name)
    for other in ReferenceMappings.systems {
      let target = try ReferenceMappings.system(other)
      let way = ReferenceConversion(from: source, to: target)
      for number in 0..<(ProcessInfo.processInfo.environment["CROSSWALK_CORPORA"] == "1" ? 200 : 9) {
        let format: Format = source.formats.contains(.xml) && number % 3 == 0 ? .xml : .json
        let outputs = target.formats.filter { $0 != .form }
        let output = outputs[number % outputs.count]
        let record = try generated(source, format, &random)
        let note = "seed \(seed), \(name):\(format) to \(other):\(output), number \(number): \(text(record))"
        let converted = try way.convert(record, format, to: output)
        // A record without a field is none: nothing says what it is.
        if converted.target.tree == .object([]) { continue }
        let file = try target.document(of: [converted.target.tree], shape: .list, format: output)
        let input = try target.documents(in: file, format: output)
        // An envelope with an id alone is the service's acknowledgement.
        if !input.acknowledgements.isEmpty { continue }
        let again = try #require(input.records.first, "\(note)").get()
        let back: Tree
        if other == "canonical" {
          #expect(converted.residue.isEmpty)
          back = try ReferenceConversion(from: target, to: source).convert(again, output, to: format).target.tree
        } else {
          back = try way.restore(again, converted.residue, format: format, output: output).tree
        }
        #expect(
          try literals(source, back, format) == literals(source, record, format),
          "\(note)\nto \(text(again))\nback \(text(back))")
      }
    }
  }

  /// Every field absent, null, empty or with a value of some kind, in random order, with members that no mapping knows.
  func generated(_ system: ReferenceSystem, _ format: Format, _ random: inout Random) throws -> Tree {
    let pool: [Tree] = [
      .text("US"), .text("UNITED STATES"), .text("Germany"), .text("Florida"), .text("FL"), .text("BY"),
      .text("Atlantis"),
      .text("USD"), .text("Euro - EUR"), .text("Krona"), .text("hourlyjobrate"), .text("Hourly User Rate"),
      .number("1"),
      .number("02134".replacing("0", with: "")), .number("3.00E+07"), .number("469505000000133417"), .text("02134"),
      .text("true"),
      .text("no"), .bool(true), .bool(false), .text("a, b"), .text("a\nb"), .text("a\r\n\r\nb\nc\nd"), .text("\n"),
      .text(" x "),
      .text("2019-06-17T14:05:00Z"), .text("2019-06-17T14:05:00+02:00"), .text("2019-06-17 14:05:00"),
      .text("2019-06-17"),
      .text("null"), .text("é\u{1d11e}\"<&>'"), .text("{}"), .text("A"), .text("B"), .null, .null, .text(""), .text(""),
    ]
    var canonical = ReferenceCanonical()
    canonical.system = system.name
    var members: [(path: [PathStep], value: Tree)] = []
    for field in system.fields {
      guard Int.random(in: 0..<3, using: &random) > 0 else { continue }
      var value = pool.randomElement(using: &random) ?? .null
      if format == .xml {
        if value == .null, system.name != "harvest" { value = .text("") }
        if !value.isNull { value = .text(characters(value)) }
      }
      members.append((field.steps, value))
    }
    if format == .json, Bool.random(using: &random) { members.append(([.name("unknown")], randomValue(&random))) }
    if format == .json, Bool.random(using: &random) { members.append(([.name("other"), .name("deep")], .object([]))) }
    members.shuffle(using: &random)
    var tree: Tree = .object([])
    for member in members { put(member.path, member.value, into: &tree, system, format) }
    return tree
  }

  func put(_ path: [PathStep], _ value: Tree, into tree: inout Tree, _ system: ReferenceSystem, _ format: Format) {
    guard let step = path.first else {
      tree = value
      if format == .xml, value.isNull { tree = .object([.init("@nil", .text("true"))]) }
      return
    }
    let rest = Array(path.dropFirst())
    switch step {
    case .name(let plain):
      let name = system.name == "harvest" && format == .json ? plain.replacing("-", with: "_") : plain
      var members: [Tree.Member] = []
      if case .object(let all) = tree { members = all }
      let index = members.firstIndex { $0.name == Array(name.utf8) } ?? members.count
      if index == members.count { members.append(.init(name, .object([]))) }
      put(rest, value, into: &members[index].value, system, format)
      tree = .object(members)
    case .index(let index): put([.pick(key: "n", value: "\(index)")] + rest, value, into: &tree, system, format)
    case .pick(let key, let wanted):
      var items: [Tree] = [
        .object([.init(key, .text("not \(wanted)")), .init("Note", .text("n"))]),
        .object([.init(key, .text(wanted)), .init("Id", .text("5"))]),
      ]
      if case .array(let all) = tree { items = all }
      put(rest, value, into: &items[1], system, format)
      tree = .array(items)
    }
  }

  func randomValue(_ random: inout Random) -> Tree {
    [
      .null, .text(""), .number("1.0"), .array([]),
      .object([.init("a.b", .array([.null, .object([.init("", .bool(true))])]))]),
      .array([.text("x"), .number("-0")]),
    ].randomElement(using: &random) ?? .null
  }

  func characters(_ value: Tree) -> [UInt8] {
    switch value {
    case .text(let text): text
    case .number(let characters): characters
    case .bool(let value): Array("\(value)".utf8)
    default: []
    }
  }

  func text(_ tree: Tree) -> String { String(decoding: TreeWriter.json(tree), as: UTF8.self) }

  func literals(_ system: ReferenceSystem, _ record: Tree, _ format: Format) throws -> [String: String] {
    var all: [String: String] = [:]
    for leaf in try system.read(record, format: format).leaves {
      all[String(decoding: leaf.path, as: UTF8.self)] = text(leaf.value)
    }
    return all
  }
}

extension Tree {
  var isNull: Bool { if case .null = self { true } else { false } }
}
