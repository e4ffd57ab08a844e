import CrosswalkFormats
import CrosswalkModel
import Foundation
import Testing

@testable import CrosswalkPipeline

/// What stands around records and beside their values: nothing of it goes without a trace.
struct SurroundingsTests {
  @Test func unknownMembersOfAnEnvelopeAreWrittenToTheResidueOnce() throws {
    let run = try Conversion.run(
      #"{"response":{"result":[{"clientId":"1","clientName":"A"}],"message":"Data fetched successfully","uri":"/x","status":0,"trace":{"id":"q","n":[1,2]}},"node":"eu"}"#,
      "zoho-people:json", to: "bigtime")
    #expect(run.residue.count == 1)
    #expect(run.residue.first?["record"] == .null)
    #expect(run.residue.first?["parked"]?.json == #"{"response.trace":{"id":"q","n":[1,2]},"node":"eu"}"#)
    #expect(run.summary.documentUnknown == ["response.trace": 3, "node": 1])
    // They belong to no record: no fate counts them.
    #expect(run.summary.parked.values.reduce(0, +) == 0)
  }

  @Test func attributesOfAnEnvelopeAreDataAndDeclarationsAreNot() throws {
    let run = try Conversion.run(
      #"<clients type="array" page="3" xmlns:x="urn:y"><client><id type="integer">7</id><name>B</name></client></clients>"#,
      "harvest:xml", to: "bigtime")
    #expect(run.summary.documentUnknown == ["clients.@page": 1])
    #expect(run.residue.first?["parked"]?.json == #"{"clients.@page":"3"}"#)
  }

  @Test(arguments: [
    (#"{"clients":[{"id":1,"name":"N"}]}"#, [:]), (#"{"clients":[{"id":1,"name":"N"}],"total":3,"clients2":["a"]}"#, ["total": 1, "clients2[0]": 1]),
  ] as [(String, [String: Int])])
  func aListUnderAnyNameKnowsOnlyTheList(_ document: String, _ unknown: [String: Int]) throws {
    #expect(try Conversion.run(document, "trackops:json", to: "bigtime").summary.documentUnknown == unknown)
  }

  @Test func whatStandsBesideARecordInItsWrapperIsParkedWithIt() throws {
    let run = try Conversion.run(#"[{"client":{"id":1,"name":"a"},"x":{"y":1},"z":2}]"#, "harvest:json", to: "bigtime")
    #expect(run.residue.map { $0["parked"]?.json } == [#"{"^.x":{"y":1},"^.z":2}"#])
    #expect(run.summary.parked == [.noPlace: 2])
    // There and back by canonical it belongs to nobody, and is parked again.
    let canonical = try Conversion.run(#"[{"client":{"id":1,"name":"a"},"z":2}]"#, "harvest:json", to: "canonical")
    let back = try Conversion.run(canonical.output, "canonical", to: "harvest:json")
    #expect(back.text == "[\n{\"client\":{\"id\":1,\"name\":\"a\"}}\n]\n")
    #expect(back.residue.map { $0["parked"]?.json } == [#"{"native.harvest.\"^.z\"":2}"#])
  }

  @Test(arguments: [
    (ConvertJob.DuplicateKeys.first, "A", #"{"x":1,"^2.x":2,"^3.x":{"y":3},"^2.Nm":"B"}"#, #"{"SystemId":1,"Nm":"A","x":1}"#),
    (.last, "B", #"{"x":{"y":3},"^2.x":1,"^3.x":2,"^2.Nm":"A"}"#, #"{"SystemId":1,"Nm":"B","x":{"y":3}}"#),
  ])
  func ofANameThatStandsAgainOneCountsAndTheOthersAreKeptApart(
    _ rule: ConvertJob.DuplicateKeys, _ name: String, _ parked: String, _ back: String
  ) throws {
    let source = #"[{"SystemId":1,"Nm":"A","x":1,"x":2,"x":{"y":3},"Nm":"B"}]"#
    let run = try Conversion.run(source, "bigtime:json", to: "trackops") { $0.duplicateKeys = rule }
    #expect(run.text == "[\n{\"id\":1,\"name\":\"\(name)\"}\n]\n")
    #expect(run.residue.map { $0["parked"]?.json } == [parked])
    let canonical = try Conversion.run(source, "bigtime:json", to: "canonical") { $0.duplicateKeys = rule }
    #expect(try Conversion.run(canonical.output, "canonical", to: "bigtime:json").text == "[\n\(back)\n]\n")
  }

  @Test(arguments: [
    (#"{"zip":2139,"country":"US"}"#, true), (#"{"zip":2139,"country":"UNITED STATES"}"#, true), (#"{"zip":3.00E+07}"#, true),
    (#"{"zip":12139,"country":"US"}"#, false), (#"{"zip":"2139","country":"US"}"#, false), (#"{"zip":2139,"country":"DE"}"#, false),
    (#"{"zip":2139}"#, false),
  ])
  func aCodeThatCameAsANumberIsSaidToHaveLostItsZeros(_ place: String, _ isSaid: Bool) throws {
    let run = try Conversion.run(
      #"[{"id":1,"name":"N","primary_location":\#(place)},{"id":2,"name":"M","primary_location":\#(place)}]"#, "trackops:json", to: "bigtime")
    // One warning a distinct value.
    #expect(run.said.filter { $0.code == .damagedNumber }.count == (isSaid ? 1 : 0))
    #expect(run.summary.records.written == 2)
  }
}

/// What a canonical record carries for its own system, and what may be said of the data.
struct NativeAndMessageTests {
  @Test(arguments: [
    ("zoho-people", #"{"response":{"result":[{"clientId":"1","clientName":"A","currencyCode":"usd","billingMethod":"hourly job rate"}],"status":0}}"#),
    ("trackops", #"[{"id":1,"name":"A","has_invoice_reminders":"1","primary_location":{"name":"M","zip":80202,"state":"colorado","country":"usa"}}]"#),
    ("harvest:json", #"[{"client":{"id":1,"name":"A","active":"false","currency":"Euro - EUR"}}]"#),
  ])
  func aPayloadThroughCanonicalIsSpeltAsTheDirectOne(_ system: String, _ document: String) throws {
    for shape in [Shape.create, .update] {
      let direct = try Conversion.run(document, system, to: system.split(separator: ":")[0].description) { $0.shape = shape }
      let canonical = try Conversion.run(document, system, to: "canonical")
      let through = try Conversion.run(canonical.output, "canonical", to: system.split(separator: ":")[0].description) { $0.shape = shape }
      #expect(through.text == direct.text)
    }
  }

  @Test(arguments: [#""{\"harvest\":{\"vat\":\"DE123\",\"cos""#, #""xx""#, #"{"harvest":"oops"}"#, "[1]"])
  func aNativeThatWasDamagedIsParkedAndSaid(_ native: String) throws {
    let run = try Conversion.run(#"[{"id":"1","name":"A","system":"harvest","native":\#(native)}]"#, "canonical:json", to: "harvest:json")
    #expect(run.text == "[\n{\"client\":{\"id\":1,\"name\":\"A\"}}\n]\n")
    #expect(run.codes.contains(.damagedNative))
    #expect(run.residue.count == 1)
    let same = try Conversion.run(#"[{"id":"1","name":"A","system":"harvest","native":\#(native)}]"#, "canonical:json", to: "canonical:json")
    #expect(same.text == "[\n{\"id\":\"1\",\"name\":\"A\",\"system\":\"harvest\",\"native\":\(native)}\n]\n")
  }

  @Test func parametersOfARequestAreNoneOfItsRecord() throws {
    let run = try Conversion.run(
      "/people/api/timetracker/addclient?authtoken=0123SECRET&clientName=Acme&currency=USD\n", "zoho-people:form", to: "canonical:ndjson")
    #expect(run.text == #"{"name":"Acme","currency":{"code":"USD"},"system":"zoho-people"}"# + "\n")
  }

  @Test func aSecretIsNeverShown() throws {
    let run = try Conversion.run(#"[{"client":{"id":1,"name":"A","statement_key":{"k":"SECRETX"}}}]"#, "harvest:json", to: "zoho-people") {
      $0.showsValues = true
    }
    #expect(run.said.map(\.title) == ["a secret value does not convert as text for `statement-key` of harvest"])
  }

  @Test(arguments: ["1,900\n1,901\n", "1,\n"])
  func aMapOfIdsThatLeavesADoubtIsRefused(_ rows: String) throws {
    let folder = URL.temporaryDirectory.appending(path: "crosswalk-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let map = folder.appending(path: "ids.csv")
    try Data("source_id,target_id\n\(rows)".utf8).write(to: map)
    do {
      _ = try Conversion.run(#"[{"id":1,"name":"A"}]"#, "trackops", to: "bigtime") {
        $0.shape = .update
        $0.ids = map.path
      }
      Issue.record("was accepted")
    } catch let diagnostic as Diagnostic {
      #expect(Conversion.status(diagnostic) == 2)
    }
  }

  @Test func aPageOfIdsAloneIsAPageAndAnAcknowledgementIsNot() throws {
    let page = try Conversion.run(
      #"{"response":{"result":[{"clientId":"5"}],"message":"Data fetched successfully","uri":"/api/timetracker/getclients","status":0}}"#,
      "zoho-people:json", to: "trackops:ndjson")
    #expect(page.text == "{\"id\":5}\n")
    let reply = try Conversion.run(
      #"{"response":{"result":[{"clientId":"5"}],"message":"Client added","uri":"/api/timetracker/addclient","status":0}}"#,
      "zoho-people:json", to: "trackops:ndjson")
    #expect(reply.summary.acknowledgements == ["Client added (id 5)"])
  }

  @Test func recordsThatShareWhatTheTargetHasOnceAreSaid() throws {
    let run = try Conversion.run(#"[{"id":1,"name":"Same"},{"id":2,"name":"Same"},{"id":3,"name":"Other"}]"#, "trackops", to: "zoho-people:form") {
      $0.shape = .create
      $0.set = [.init(field: "currency.code", value: "USD")]
    }
    #expect(run.said.filter { $0.code == .clash }.map(\.place?.record) == [1])
  }

  @Test func aSetThatItsFieldCannotHoldIsAMistakeOfTheCommand() throws {
    do {
      _ = try Conversion.run(#"[{"id":1,"name":"A"}]"#, "trackops", to: "bigtime") { $0.set = [.init(field: "active", value: "maybe")] }
      Issue.record("was accepted")
    } catch let diagnostic as Diagnostic {
      #expect(Conversion.status(diagnostic) == 2)
    }
  }
}

/// What an envelope may not hold, and what a damaged `native` may not become.
struct StrayRecordTests {
  private static func refused(_ document: String, _ system: String, change: (inout ConvertJob) -> Void = { _ in }) throws -> Diagnostic? {
    do {
      _ = try Conversion.run(document, system, to: "canonical", change: change)
      return nil
    } catch let diagnostic as Diagnostic { return diagnostic }
  }

  @Test(arguments: [
    (#"{"response":{"result":[{"clientId":"1","clientName":"A"}],"result":[{"clientId":"2","clientName":"B"}],"status":0}}"#, "zoho-people:json"),
    (#"{"response":{"result":[{"clientId":"1","clientName":"A"}],"status":0},"response":{"result":[{"clientId":"2"}],"status":0}}"#, "zoho-people:json"),
    (#"{"response":{"result":[{"clientId":"1","clientName":"A"}],"status":0,"status":1}}"#, "zoho-people:json"),
    (#"{"clients":[{"id":1,"name":"A"}],"more":[{"id":2,"name":"B"}]}"#, "trackops:json"),
    (#"{"clients":[{"client":{"id":1,"name":"A"}}],"clients":[{"client":{"id":2,"name":"B"}}]}"#, "harvest:json"),
    ("<response uri='x'><status>0</status><result><client><clientId>1</clientId></client></result><result><client><clientId>2</clientId></client></result></response>", "zoho-people:xml"),
  ])
  func recordsOutsideOfTheirListAreNotPassedOver(_ document: String, _ system: String) throws {
    let diagnostic = try Self.refused(document, system)
    #expect(diagnostic.map(Conversion.status) == 4, "\(String(describing: diagnostic))")
  }

  @Test func ofARepeatedObjectThatIsReadApartNeitherIsGuessed() throws {
    let source = #"[{"id":1,"name":"A","primary_location":{"city":"X"},"primary_location":{"city":"Y"}}]"#
    let last = try Conversion.run(source, "trackops:json", to: "bigtime:ndjson") {
      $0.duplicateKeys = .last
      $0.maxRejects = .count(1)
    }
    #expect(last.rejects.count == 1)
    let first = try Conversion.run(source, "trackops:json", to: "bigtime:ndjson") { $0.duplicateKeys = .first }
    #expect(first.text == #"{"SystemId":1,"Nm":"A","City":"X"}"# + "\n")
    #expect(first.residue.map { $0["parked"]?.json } == [#"{"^2.primary_location":{"city":"Y"}}"#])
  }

  @Test(arguments: [
    #"<v path="Zz" kind="number">abc</v>"#, #"<v path="Zz" kind="number">01</v>"#, #"<v path="Zz" kind="number">1,"SystemId":999</v>"#,
    #"<v path="Zz" kind="boolean">maybe</v>"#, #"<v path="Zz" kind="null">x</v>"#, #"<v path="Zz">1</v><v path="Zz">2</v>"#,
    #"<w path="Zz">1</w>"#, #"<v path="Zz"><b>1</b></v>"#, #"<v path="Zz" kind="date">1</v>"#,
  ])
  func aDamagedNativeInXMLIsNotRead(_ values: String) throws {
    let run = try Conversion.run(
      "<clients><client><id>1</id><name>A</name><system>bigtime</system><native system=\"bigtime\">\(values)</native></client></clients>",
      "canonical:xml", to: "bigtime:ndjson")
    #expect(run.text == #"{"SystemId":1,"Nm":"A"}"# + "\n")
    #expect(run.codes.contains(.damagedNative))
    #expect(run.residue.count == 1)
  }

  @Test func namesThatLookLikeMarksComeBack() throws {
    let record = #"{"id":1,"name":"A","^":1,"^2":{"x":2},"^.y":3,"primary_location":{"city":"X","^3":4}}"#
    for carrier in ["canonical:json", "canonical:csv", "canonical:xml"] {
      let there = try Conversion.run("[\(record)]", "trackops:json", to: carrier)
      let back = try Conversion.run(there.output, carrier, to: "trackops:json")
      #expect(try JSONReference.parse(back.output).items.map { Set($0.leaves) } == [Set(JSONReference.parse(Array(record.utf8)).leaves)], "\(carrier)")
      #expect(back.residue.isEmpty)
    }
  }

  @Test func theNameOfANamespaceIsTextThatComesBack() throws {
    for name in ["http://x/y?a=1&amp;b=2", "a b", "urn:x|y", "{x}", "http://é/x"] {
      let source = "<ArrayOfClient>\n<Client SystemId=\"1\"><Nm>A</Nm><q:z xmlns:q=\"\(name)\">1</q:z></Client>\n</ArrayOfClient>\n"
      let there = try Conversion.run(source, "bigtime:xml", to: "canonical:ndjson")
      let back = try Conversion.run(there.output, "canonical:ndjson", to: "bigtime:xml")
      #expect(back.text.contains("xmlns:q=\"\(name)\""), "\(back.text)")
      #expect(try Conversion.run(back.output, "bigtime:xml", to: "canonical:ndjson").text == there.text)
    }
  }
}

extension Tree {
  /// Path and value of every leaf.
  fileprivate var leaves: [String] {
    switch self {
    case .object(let members) where !members.isEmpty:
      members.flatMap { member in member.value.leaves.map { String(decoding: member.name, as: UTF8.self) + "/" + $0 } }
    case .array(let items) where !items.isEmpty: items.enumerated().flatMap { index, item in item.leaves.map { "\(index)/" + $0 } }
    default: [json]
    }
  }
}
