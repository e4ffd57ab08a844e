import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import CrosswalkPipeline
import CrosswalkReference
import CrosswalkYAML
import Foundation
import TestSupport
import Testing

/// Lists whose elements are told apart by a member: nothing of them is lost on the way through canonical, and they come back in
/// their order.
@Suite struct PickedListTests {
  static let system = """
    system: acme
    title: an invented system
    formats: [json, xml]
    keys: anyCase
    shapes: { list: { json: [$record], xml: { L: { R: [$record] } } } }

    """
  static let client = """
    system: acme
    fields:
      Nm: name
      "N[Kind=FAX].v": phone.fax
      "N[Kind=TEL].v": phone.main
      "N[Kind=TEL].in.w": phone.mobile
      "P[Kind=X].c": address.city
      Note: notes

    """

  private static func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "crosswalk-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder.appending(path: "acme"), withIntermediateDirectories: true)
    try Data(system.utf8).write(to: folder.appending(path: "acme/system.yaml"))
    try Data(client.utf8).write(to: folder.appending(path: "acme/client.yaml"))
    return folder
  }

  private static func through(_ text: String, _ format: Format, by carrier: Format, _ folder: URL) throws -> String {
    let there = try Conversion.run(Array(text.utf8), "acme:\(format)", to: "canonical:\(carrier)") { $0.mappings = [folder.path] }
    #expect(there.residue.isEmpty && there.rejects.isEmpty)
    return try Conversion.run(there.output, "canonical:\(carrier)", to: "acme:\(format)") { $0.mappings = [folder.path] }.text
  }

  @Test(arguments: [
    #"{"Nm":"a","N":[{"Kind":"TEL","v":"1"},{"Kind":"FAX","v":"2"}]}"#, #"{"Nm":"b","N":[{"Kind":"FAX","v":"2","x":[1]},{"Kind":"TEL","v":"1"}]}"#,
    #"{"Nm":"c","N":[{"Kind":"FAX"},{"Kind":"TEL","v":"1"}]}"#, #"{"Nm":"d","N":[7,{"Kind":"OTHER","v":"3"},{"Kind":"TEL","v":"1"}]}"#,
    #"{"Nm":"e","N":[{"Kind":"TEL","x":1}]}"#, #"{"Nm":"f","N":[{"Kind":"FAX","v":"1"},{"Kind":"FAX","v":"2"},{"Kind":"TEL","v":null}]}"#,
    #"{"Nm":"g","N":[{"Kind":"TEL"},{"Kind":"FAX"}],"P":[{"Kind":"X"}]}"#, #"{"Nm":"h","N":[{"Kind":"TEL","v":{"a":1}},{"Kind":"FAX","v":"1"}]}"#,
  ])
  func anElementComesBackWholeAndInItsPlace(record: String) throws {
    let folder = try PickedListTests.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let back = try PickedListTests.through("[\n\(record)\n]\n", .json, by: .ndjson, folder)
    #expect(back == "[\n\(record)\n]\n")
  }

  @Test func whatTellsAnElementApartIsParkedWhereNoOtherSystemHasTheElement() throws {
    let folder = try PickedListTests.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let run = try Conversion.run(
      #"[{"Nm":"a","N":[{"kind":"FAX","x":1},{"Kind":"TEL","v":"2"}]},{"Nm":"b","N":[{"kind":"FAX","v":"1"}]}]"#, "acme:json", to: "trackops"
    ) { $0.mappings = [folder.path] }
    #expect(run.residue.first?["parked"]?.json == #"{"N[0].Kind":"FAX","N[0].x":1,"N[1].Kind":"TEL"}"#)
    // The name of a member in another case is written once.
    let back = try PickedListTests.through(#"[{"Nm":"a","N":[{"kind":"FAX","v":"1"},{"KIND":"TEL"}]}]"#, .json, by: .json, folder)
    #expect(back == "[\n" + #"{"Nm":"a","N":[{"Kind":"FAX","v":"1"},{"Kind":"TEL"}]}"# + "\n]\n")
  }

  // MARK: Random lists

  private static func value(_ random: inout Random, isXML: Bool) -> Tree {
    let texts: [Tree] = [.text("1"), .text("b c"), .text("TEL")]
    return (isXML ? texts : texts + [.number("7"), .null, .object([.init("a", .bool(true))])]).randomElement(using: &random)!
  }

  private static func element(_ kinds: [String], _ names: [String], _ random: inout Random, isXML: Bool) -> Tree {
    if Int.random(in: 0..<8, using: &random) == 0 { return value(&random, isXML: isXML) }
    var members: [Tree.Member] = []
    if Int.random(in: 0..<6, using: &random) > 0 {
      members.append(.init(Int.random(in: 0..<5, using: &random) == 0 ? "kind" : "Kind", .text(kinds.randomElement(using: &random)!)))
    }
    for name in names where Bool.random(using: &random) { members.append(.init(name, value(&random, isXML: isXML))) }
    if Int.random(in: 0..<4, using: &random) == 0 { members.append(.init("in", .object([.init("w", .text("5")), .init("y", .text("6"))]))) }
    if members.isEmpty { members.append(.init("z", .text("9"))) }
    return .object(members.shuffled(using: &random))
  }

  private static func record(_ number: Int, _ random: inout Random, isXML: Bool) -> Tree {
    func list(_ kinds: [String], _ names: [String], _ random: inout Random) -> Tree {
      .array((0..<Int.random(in: 1..<5, using: &random)).map { _ in element(kinds, names, &random, isXML: isXML) })
    }
    return .object([
      .init("Nm", .text("r\(number)")), .init("N", list(["FAX", "TEL", "OTHER"], ["v", "x"], &random)),
      .init("P", list(["X", "Y"], ["c"], &random)), .init("Note", .text("n")),
    ])
  }

  private static func reference() throws -> ReferenceSystem {
    try ReferenceSystem(
      systemYAML: YAML.parse(Array(system.utf8), file: "system.yaml"), clientYAML: YAML.parse(Array(client.utf8), file: "client.yaml"),
      canonicalYAML: YAML.parse(Repository.bytes(Repository.root.appending(path: "Mappings/canonical/client.yaml")), file: "client.yaml"),
      tables: [:])
  }

  /// What brings mixed content back: no leaf.
  private static func isAid(_ path: [UInt8]) -> Bool { String(decoding: path, as: UTF8.self).contains("#order") }

  private static func leaves(_ bytes: [UInt8], _ format: Format, _ system: ReferenceSystem) throws -> [[String: String]] {
    try system.documents(in: bytes, format: format).records.map { record in
      var all: [String: String] = [:]
      for leaf in try system.read(record.get(), format: format).leaves where !isAid(leaf.path) {
        all[String(decoding: leaf.path, as: UTF8.self)] = leaf.value.json
      }
      return all
    }
  }

  @Test(arguments: [Format.json, .xml])
  func randomListsComeBackAndAreReadAsTheReferenceReadsThem(_ format: Format) throws {
    let folder = try PickedListTests.folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let seed = ProcessInfo.processInfo.environment["CROSSWALK_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
    var random = Random(seed: seed)
    let system = try PickedListTests.reference()
    let records = (0..<300).map { PickedListTests.record($0, &random, isXML: format == .xml) }
    let bytes = try system.document(of: records, shape: .list, format: format)
    let wanted = try PickedListTests.leaves(bytes, format, system)
    // The leaves that another system has no place for are those that the reference says are in no field.
    let away = try Conversion.run(bytes, "acme:\(format)", to: "trackops") { $0.mappings = [folder.path] }
    var parked: [Int: Tree] = [:]
    for line in away.residue { if let at = line["at"].flatMap({ Int($0.json) }) { parked[at] = line } }
    for (index, record) in try system.documents(in: bytes, format: format).records.enumerated() {
      let unknown = try system.read(record.get(), format: format).leaves.filter { $0.field == nil && !PickedListTests.isAid($0.path) }
        .map { "\(String(decoding: $0.path, as: UTF8.self)) = \($0.value.json)" }.sorted()
      let known = TwinTests.object(parked[index]?["parked"]).filter { line in
        !["N[Kind=", "P[Kind="].contains(where: line.hasPrefix) && !line.contains("#order")
      }
      #expect(known == unknown, "seed \(seed), record \(index): \(records[index].json)")
      if known != unknown { break }
    }
    for carrier in [Format.ndjson, .xml] {
      let back = try PickedListTests.through(String(decoding: bytes, as: UTF8.self), format, by: carrier, folder)
      let got = try PickedListTests.leaves(Array(back.utf8), format, system)
      for (index, (got, wanted)) in zip(got, wanted).enumerated() where got != wanted {
        Issue.record("seed \(seed), by \(carrier), record \(index): \(records[index].json)\n\(got.filter { wanted[$0.key] != $0.value })\n\(wanted.filter { got[$0.key] != $0.value })")
        break
      }
    }
  }
}
