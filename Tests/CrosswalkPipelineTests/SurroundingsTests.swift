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
