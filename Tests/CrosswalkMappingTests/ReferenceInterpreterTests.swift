import CrosswalkFormats
import CrosswalkModel
import CrosswalkReference
import CrosswalkYAML
import Foundation
import TestSupport
import Testing

@Suite struct ReferenceInterpreterTests {
  // MARK: The two examples of the project's pages

  @Test func theCreateRequestOfOneSystemBecomesTheParametersOfAnother() throws {
    guard let bytes = try fixture("trackops/docs__create_client_request.json") else { return }
    let way = try conversion("trackops", "zoho-people", .create, set: ["currency.code": .text("USD")])
    let output = try way.convert(bytes, .json, to: .form)
    #expect(
      text(output.bytes)
        == "clientName=ACME%20Client&currency=USD&phoneNo=555-555-5555&faxNo=555-555-5555&streetAddr=123%20Main%20Street%2C%20STE%20123&city=Denver&state=Colorado&pincode=80202&country=UNITED%20STATES&description=VIP%20client\n"
    )
    let residue = try #require(output.records.first?.residue)
    #expect(
      text(TreeWriter.json(residue.tree)) == """
        {"parked":{"website":"https://example.com","has_invoice_reminders":true,"show_location_on_invoice":true,\
        "primary_location.name":"Main Location","primary_location.email_invoice":"billing@example.com",\
        "primary_location.phone_secondary":"555-555-5555"},\
        "original":{"primary_location.address_1":"123 Main Street","primary_location.address_2":"STE 123","primary_location.zip":80202},\
        "extra":[],"supplied":["currencyCode"],"via":{}}
        """)
  }

  @Test func theRecordOfOneSystemBecomesTheCreateRequestOfAnother() throws {
    guard let bytes = try fixture("zoho_people/seed__getclientdetails.json") else { return }
    let output = try conversion("zoho-people", "trackops", .create).convert(bytes, .json, to: .json)
    #expect(
      text(output.bytes)
        == ##"{"client":{"name":"Adamo Meyrick","email_invoice":"ameyrickd@wix.com","notes":"Food Door Delivering Company","primary_location":{"name":"Main Location","address_1":"50, Oakland Avenue","city":"#206 A city","state":"FL","zip":"32104","country":"US","phone_primary":"656-630-9381","phone_secondary":"7708753134","phone_fax":"+1-212-9876543"}}}"##
        + "\n")
    #expect(
      output.records.first?.residue.via == [
        "email_invoice": "contact.email", "primary_location.phone_secondary": "phone.mobile",
      ])
  }

  // MARK: Every fixture

  @Test func everyFixtureHasTheRecordsThatItsTableSays() throws {
    guard let folder = Repository.shared("vendors/fixtures") else { return missing() }
    let table = try String(contentsOf: folder.appending(path: "expected.tsv"), encoding: .utf8)
    let sets = try JSONReference.parse(
      Repository.bytes(folder.appending(path: "zoho_people/observed_error_envelopes.json")))
    var count = 0
    for line in table.split(separator: "\n") where !line.hasPrefix("#") {
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard cells.count >= 4, let colon = cells[1].lastIndex(of: ":") else { continue }
      let system = try ReferenceMappings.system(String(cells[1][..<colon]))
      let format = try #require(Format(rawValue: String(cells[1][cells[1].index(after: colon)...])))
      let bytes: [UInt8]
      if cells[0].contains("/") {
        bytes = try Repository.bytes(folder.appending(path: cells[0]))
      } else {
        bytes = TreeWriter.json(try #require(sets[cells[0]]))
      }
      count += 1
      do {
        let input = try system.documents(in: bytes, format: format)
        #expect(cells[3] == "0", "\(cells[0]) was accepted")
        #expect("\(input.records.count)" == cells[2], "\(cells[0])")
        for record in input.records { _ = try system.read(try record.get(), format: format) }
      } catch {
        #expect(cells[3] == "4", "\(cells[0]): \(error)")
      }
    }
    #expect(count == 36)
  }

  @Test func bothFormatsOfAFixtureGiveTheSameCanonicalRecord() throws {
    guard let json = try fixture("zoho_people/seed__getclients.json"),
      let xml = try fixture("zoho_people/seed__getclients.xml")
    else { return }
    let way = try conversion("zoho-people", "canonical", .list)
    let one = try way.convert(json, .json, to: .json).bytes
    let other = try way.convert(xml, .xml, to: .json).bytes
    let withoutNative = text(other).replacing(#","native":{"zoho-people":{"compsize":"230"}}"#, with: "")
    #expect(text(one) == withoutNative)
  }

  // MARK: The mapping files' own tests

  @Test(arguments: ["bigtime", "harvest", "trackops", "zoho-people"])
  func theTestsInTheMappingFilesHold(name: String) throws {
    let system = try ReferenceMappings.system(name)
    let tests = try #require(try ReferenceMappings.yaml("\(name)/client.yaml")["tests"]?.items)
    for test in tests {
      let note = test["note"]?.text ?? ""
      var system = system
      if let options = test["option"]?.entries {
        let chosen = Dictionary(uniqueKeysWithValues: options.map { ($0.key.text ?? "", $0.value.text ?? "") })
        system = try ReferenceMappings.load(name, options: chosen)
      }
      let canonical = values(test["canonical"])
      if let read = test["read"] {
        let record = nested(read)
        let got = try system.read(record, format: .json)
        #expect(got.values == canonical, "\(name): \(note)")
      }
      if let write = test["write"] {
        let shape = Shape(rawValue: test["shape"]?.text ?? "list") ?? .list
        let got = try system.write(ReferenceCanonical(canonical), shape: shape, format: .json)
        #expect(leaves(got.tree) == leaves(nested(write)), "\(name): \(note)")
      }
    }
  }

  // MARK: There and back

  @Test func everyFixtureComesBackThroughEverySystem() throws {
    guard let folder = Repository.shared("vendors/fixtures") else { return missing() }
    for (system, path, format) in [
      ("trackops", "trackops/docs__create_client_request.json", Format.json),
      ("zoho-people", "zoho_people/seed__getclients.json", .json),
      ("zoho-people", "zoho_people/seed__getclients.xml", .xml),
      ("harvest", "harvest_v1/harvested__clients.xml", .xml),
      ("harvest", "harvest_v1/harvested__spec_client.xml", .xml),
      ("harvest", "harvest_v1/nerdEd__clients_list.json", .json),
      ("harvest", "harvest_v1/helpcenter_v1__clients_list_2019.json", .json),
      ("harvest", "harvest_v1/comment_2016__client_with_default_invoice_kind.json", .json),
    ] {
      let bytes = try Repository.bytes(folder.appending(path: path))
      for other in ReferenceMappings.systems where other != "canonical" {
        let way = try conversion(system, other, .list)
        for output in way.to.formats where output != .form {
          let converted = try way.convert(bytes, format, to: output)
          #expect(converted.rejects.isEmpty, "\(path) to \(other):\(output)")
          for record in converted.records {
            let back = try way.restore(record.target.tree, record.residue, format: format, output: output)
            #expect(back.edited.isEmpty, "\(path) to \(other):\(output)")
            #expect(
              try literals(way.from, back.tree, format) == literals(way.from, record.source, format),
              "\(path) to \(other):\(output)")
          }
        }
      }
    }
  }

  @Test func anEditedValueWinsOverTheResidue() throws {
    guard let bytes = try fixture("zoho_people/seed__getclientdetails.json") else { return }
    let way = try conversion("zoho-people", "trackops", .list)
    let record = try #require(try way.convert(bytes, .json, to: .json).records.first)
    // The mobile stands as the second telephone: the edit goes back along that leg.
    let edited = try JSONReference.parse(
      Array(text(TreeWriter.json(record.target.tree)).replacing("7708753134", with: "555").utf8))
    let back = try way.restore(edited, record.residue, format: .json, output: .json)
    #expect(back.tree["mobileNo"] == .text("555"))
    #expect(back.tree["clientId"] == .text("469505000000133417"))
    #expect(back.tree["compsize"] == .number("230"))
    #expect(back.tree["country"] == .text("UNITED STATES"))
  }

  @Test func whatCanonicalHasNoPlaceForComesBackFromNative() throws {
    let bytes = Array(
      #"[{"SystemId":"7","nm":"A","Zip":2134,"FullAddress":null,"x":{"y":[1,{}]},"ContactList":[{"Tag":"OTHER","Id":1},{"Tag":"PRIMARY","EMail":"e","Phone_2":""}]}]"#
        .utf8)
    let there = try conversion("bigtime", "canonical", .list)
    for format in [Format.json, .ndjson, .xml, .csv] {
      let canonical = try there.convert(bytes, .json, to: format)
      let back = try conversion("canonical", "bigtime", .list).convert(canonical.bytes, format, to: .json)
      let record = try #require(back.records.first, "\(format)")
      let source = try #require(try JSONReference.parse(bytes)[0])
      #expect(
        try literals(there.from, record.target.tree, .json) == literals(there.from, source, .json),
        "\(format): \(text(canonical.bytes)) \(text(back.bytes))")
    }
    #expect(
      text(try there.convert(bytes, .json, to: .json).bytes) == """
        [
        {"id":"7","name":"A","address":{"postalCode":"2134","full":null},"contact":{"email":"e"},"system":"bigtime","native":{"bigtime":\
        {"SystemId":"7","Zip":2134,"x":{"y":[1,{}]},"ContactList[0]":{"Tag":"OTHER","Id":1},"ContactList[1].Tag":"PRIMARY",\
        "ContactList[1].Phone_2":""}}}
        ]

        """)
  }

  // MARK: Helpers

  func conversion(
    _ from: String, _ to: String, _ shape: Shape, set: [String: Tree] = [:]
  ) throws -> ReferenceConversion {
    try ReferenceConversion(
      from: ReferenceMappings.system(from), to: ReferenceMappings.system(to), shape: shape, set: set)
  }

  func fixture(_ path: String) throws -> [UInt8]? {
    guard let url = Repository.shared("vendors/fixtures/\(path)") else {
      missing()
      return nil
    }
    return try Repository.bytes(url)
  }

  func missing() {
    if Repository.isCI { Issue.record("vendors/fixtures is missing") }
  }

  func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  /// A record's leaves at their mapping paths: what makes two records literally the same.
  func literals(_ system: ReferenceSystem, _ record: Tree, _ format: Format) throws -> [String: String] {
    var all: [String: String] = [:]
    for leaf in try system.read(record, format: format).leaves {
      all[text(leaf.path)] = text(TreeWriter.json(leaf.value))
    }
    return all
  }

  /// Dotted names as a record of JSON.
  func nested(_ node: YAMLNode) -> Tree {
    var tree: Tree = .object([])
    for entry in node.entries ?? [] {
      guard let steps = PathStep.parse(entry.key.text ?? "") else { continue }
      insert(steps.map(name), value(entry.value), into: &tree)
    }
    return tree
  }

  func name(_ step: PathStep) -> String { if case .name(let name) = step { name } else { "" } }

  func insert(_ names: [String], _ value: Tree, into tree: inout Tree) {
    guard let first = names.first else {
      tree = value
      return
    }
    var members: [Tree.Member] = []
    if case .object(let all) = tree { members = all }
    let index = members.firstIndex { $0.name == Array(first.utf8) } ?? members.count
    if index == members.count { members.append(.init(first, .object([]))) }
    insert(Array(names.dropFirst()), value, into: &members[index].value)
    tree = .object(members)
  }

  func values(_ node: YAMLNode?) -> [String: Tree] {
    Dictionary(uniqueKeysWithValues: (node?.entries ?? []).map { ($0.key.text ?? "", value($0.value)) })
  }

  /// SEMANTICS section 2, 18: plain JSON literals have their kind, everything else is text.
  func value(_ node: YAMLNode) -> Tree {
    guard case .scalar(let scalar) = node.content, scalar.isPlain,
      let tree = try? JSONReference.parse(Array(scalar.text.utf8))
    else { return .text(node.text ?? "") }
    return tree
  }

  func leaves(_ tree: Tree, _ path: String = "") -> [String: Tree] {
    guard case .object(let members) = tree, !members.isEmpty else { return [path: tree] }
    return members.reduce(into: [:]) { all, member in
      all.merge(leaves(member.value, path + "/" + text(member.name))) { first, _ in first }
    }
  }
}
