import Crosswalk
import CrosswalkModel
import Foundation
import TestSupport
import Testing

/// Records that do not stand as their mappings have them. The plan and the interpreter of the audit are of one mind about each: there,
/// in what is left behind, and back.
@Suite struct AwkwardRecordTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var from: String
    var to: [String]
    var records: String
    var count: Int
    /// Of the first target.
    var written: String
    var testDescription: String { "\(name), \(from)" }
  }

  static let cases: [Case] = [
    .init(
      name: "a list where an object belongs, a system that is no name", from: "canonical:ndjson", to: ["canonical:ndjson", "canonical:xml", "trackops:csv"],
      records: #"""
        {"name":"a","address":[{"city":"X"}],"system":[null]}
        {"name":"b","address":null,"phone":[],"billing":"x","system":5}
        {"name":"c","address":[{"city":"X"},1,null],"#order":"name","system":null}
        {"name":"d","native":{"trackops":5,"harvest":{"":["id"],"name":1},"bigtime":{"":5}}}
        {"name":"e","native":[1],"system":"trackops"}
        {"name":"$record","native":"cut of"}
        """#, count: 6,
      written: #"""
        {"name":"a"}
        {"name":"b"}
        {"name":"c","system":null}
        {"name":"d","native":{"trackops":5,"harvest":{"":["id"],"name":1},"bigtime":{"":5}}}
        {"name":"e","system":"trackops","native":[1]}
        {"name":"$record","native":"cut of"}

        """#),
    .init(
      name: "members beside the wrapper, text that is a placeholder", from: "harvest:ndjson",
      to: ["canonical:ndjson", "canonical:xml", "canonical:csv"],
      records: #"""
        {"client":{"name":"a"},"etag":"x"}
        {"client":{"name":"b","unknown":["$record","$record"]},"etag":{"deep":[1]},"^":2}
        """#, count: 2,
      written: #"""
        {"name":"a","system":"harvest","native":{"harvest":{"^.etag":"x"}}}
        {"name":"b","system":"harvest","native":{"harvest":{"unknown":["$record","$record"],"^.etag":{"deep":[1]},"^.\"^\"":2}}}

        """#),
    .init(
      name: "spellings of one field, an object where a list belongs", from: "bigtime:ndjson", to: ["canonical:ndjson", "canonical:xml", "canonical:csv"],
      records: #"""
        {"nm":"a","NM":"b","Nm":"c"}
        {"Nm":"d","ContactList":{"Tag":"PRIMARY","EMail":"e"},"#order":5}
        {"Nm":"f","ContactList":[1,{"Tag":"PRIMARY","EMail":["g"]},null,[]],"a.b":{"":null}}
        """#, count: 3,
      written: #"""
        {"name":"c","system":"bigtime","native":{"bigtime":{"NM":"b","nm":"a"}}}
        {"name":"d","system":"bigtime","native":{"bigtime":{"ContactList":{"Tag":"PRIMARY","EMail":"e"},"#order":5}}}
        {"name":"f","system":"bigtime","native":{"bigtime":{"ContactList[Tag=PRIMARY].EMail":["g"],"ContactList[0]":1,"ContactList[1].Tag":"PRIMARY","ContactList[2]":null,"ContactList[3]":[],"\"a.b\"":{"":null}}}}

        """#),
    .init(
      name: "nil marks on what says something, kinds declared inside", from: "harvest:xml", to: ["canonical:ndjson", "canonical:xml", "harvest:xml"],
      records: #"""
        <clients type="array"><client><name>a</name><highrise-id nil="true">15</highrise-id><zz nil="true"> </zz></client>
        <client><name>b</name><created-at nil="true"><x type="integer" nil="false">1</x></created-at><zz>1</zz><y/><zz>2</zz></client></clients>
        """#, count: 2, written: ""),
    .init(
      name: "attributes in a picked list, mixed content in any case", from: "bigtime:xml", to: ["canonical:ndjson", "bigtime:xml"],
      records: #"""
        <ArrayOfClient><Client><Nm>a</Nm><ContactList><SName type="integer">x</SName><Tag>PRIMARY</Tag></ContactList></Client>
        <Client>t<nm>b</nm>u<address p:k="1" xmlns:p="urn:p"><p:y>1</p:y></address><city>Bonn</city></Client></ArrayOfClient>
        """#, count: 2, written: ""),
    .init(
      name: "prefixes in what does not convert", from: "zoho-people:xml", to: ["canonical:csv"],
      records: #"""
        <response><result><client><clientName>a</clientName><compsize><p:y xmlns:p="urn:p">1</p:y></compsize></client></result></response>
        """#, count: 1, written: ""),
    .init(
      name: "lines of which some are blank", from: "trackops:ndjson", to: ["trackops:csv"],
      records: #"""
        {"name":"a","primary_location":{"address_2":"","address_3":true}}
        {"name":"b","primary_location":{"address_3":null,"address_2":"x"}}
        """#, count: 2, written: ""),
  ]

  @Test(arguments: cases)
  func theAuditIsOfOneMindWithTheRun(_ one: Case) throws {
    for (index, to) in one.to.enumerated() {
      let run = try Conversion.run(one.records, one.from, to: to) { $0.audit = .all }
      #expect(run.summary.audited == one.count, "\(to)")
      if index == 0, !one.written.isEmpty { #expect(run.text == one.written) }
    }
  }

  // MARK: - Systems of one's own

  static let fields = #"""
    system: kiosk
    fields:
      Number: id
      Name: { is: name, as: { case: upper } }
      Created: { is: created, as: { epoch: s } }
      Updated: { is: updated, type: instant, as: { epoch: ms } }
      Day: { is: version, as: { instant: yyyyMMdd } }
      Sent: { is: status, as: { instant: "yyyy-MM-dd'T'HH:mmXXX" } }
      Dot: { is: leadSource, as: msDate }
      Kind: { is: none, as: { constant: client } }
      Fixed: { is: none, type: integer, as: { constant: "7" } }
      Flag: { is: none, type: boolean, default: true }
      Site: { is: website, as: [{ default: none }, { case: upper }] }

    """#

  static let records = #"""
    {"Number":1,"Name":true,"Created":1560780300,"Updated":1560780300250,"Day":20190617,"Sent":"2019-06-17T14:05+02:00","Dot":"/Date(-1000)/"}
    {"Number":2,"Name":"b","Created":"1560780300","Updated":"1560780300250","Kind":null,"Day":"20190617","Sent":"2019-06-17T14:05Z"}
    {"Number":3,"Name":3e7,"Created":"2019-06-17 14:05:00z","Kind":{"a":1},"Dot":"/Date(1x)/","Fixed":8,"Flag":false,"Site":""}
    """#

  /// Own systems stand in a folder; what they write is compared whole.
  @Test func constantsAndNumbersOfOnesOwnSystemAreWritten() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "crosswalk-awkward-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let system = folder.appending(path: "kiosk")
    try FileManager.default.createDirectory(at: system, withIntermediateDirectories: true)
    try Data("system: kiosk\nformats: [json, csv]\nshapes: { list: { json: [$record], csv: $record } }\n".utf8)
      .write(to: system.appending(path: "system.yaml"))
    try Data(AwkwardRecordTests.fields.utf8).write(to: system.appending(path: "client.yaml"))
    func run(_ text: String, _ from: String, to: String) throws -> Conversion {
      let run = try Conversion.run(text, from, to: to) { job in
        job.mappings = [folder.path]
        job.audit = .all
      }
      #expect(run.summary.audited == 3, "\(from) to \(to)")
      return run
    }
    let own = try run(AwkwardRecordTests.records, "kiosk:ndjson", to: "kiosk:ndjson")
    #expect(
      own.text == #"""
        {"Number":"1","Name":"TRUE","Created":1560780300,"Updated":1560780300250,"Day":"20190617","Sent":"2019-06-17T12:05Z","Dot":"/Date(-1000+0000)/","Kind":"client","Fixed":7,"Flag":true,"Site":"none"}
        {"Number":"2","Name":"B","Created":1560780300,"Updated":1560780300250,"Day":"20190617","Sent":"2019-06-17T14:05Z","Kind":"client","Fixed":7,"Flag":true,"Site":"none"}
        {"Number":"3","Name":"3E7","Created":1560780300,"Dot":"/Date(1x)/","Kind":"client","Fixed":7,"Flag":true,"Site":"none"}

        """#)
    let canonical = try run(AwkwardRecordTests.records, "kiosk:ndjson", to: "canonical:csv")
    let back = try run(canonical.text, "canonical:csv", to: "kiosk:ndjson")
    // By the mapping's order.
    #expect(
      back.text == #"""
        {"Number":1,"Name":true,"Created":1560780300,"Updated":1560780300250,"Day":20190617,"Sent":"2019-06-17T14:05+02:00","Dot":"/Date(-1000)/"}
        {"Number":2,"Name":"b","Created":"1560780300","Updated":"1560780300250","Day":"20190617","Sent":"2019-06-17T14:05Z","Kind":null}
        {"Number":3,"Name":3e7,"Created":"2019-06-17 14:05:00z","Dot":"/Date(1x)/","Fixed":8,"Flag":false,"Site":"","Kind":{"a":1}}

        """#)
  }

  // MARK: - Attributes

  /// On an element in another case, on one that another spelling won over, and where the field itself is an attribute, which has none.
  @Test func attributesComeBackOnTheElementOfTheirField() throws {
    let there = try Conversion.run(
      #"""
      <ArrayOfClient><Client SystemId="7"><Nm>a</Nm><address lang="de">x</address></Client>
      <Client><Nm>b</Nm><address lang="a">y</address><Address lang="b">x</Address></Client>
      <Client><SystemId k="v">8</SystemId><Nm>c</Nm></Client></ArrayOfClient>
      """#, "bigtime:xml", to: "canonical:json") { $0.audit = .all }
    #expect(there.summary.audited == 3)
    let back = try Conversion.run(there.output, "canonical:json", to: "bigtime:xml") { $0.audit = .all }
    #expect(back.summary.audited == 3)
    #expect(
      back.text == """
        <?xml version="1.0" encoding="UTF-8"?>
        <ArrayOfClient>
        <Client SystemId="7"><Nm>a</Nm><Address lang="de">x</Address></Client>
        <Client><Nm>b</Nm><Address lang="b">x</Address><address lang="a">y</address></Client>
        <Client SystemId="8"><Nm>c</Nm></Client>
        </ArrayOfClient>

        """)
    #expect(back.residue.compactMap { $0["parked"]?.json } == [#"{"native.bigtime.\"SystemId.@k\"":"v"}"#])
  }

  // MARK: - Edits

  /// A value that somebody gives a canonical record stands, though the record had an object there when it was read.
  @Test func anEditWinsOverAnObjectThatStoodThere() throws {
    let there = try Conversion.run(#"{"id":1,"name":{"a":1},"notes":["b"]}"#, "trackops:ndjson", to: "canonical:ndjson")
    #expect(there.text == #"{"id":"1","system":"trackops","native":{"trackops":{"name":{"a":1},"notes":["b"]}}}"# + "\n")
    let edited = there.text.replacing(#""system""#, with: #""name":"Acme","system""#)
    let back = try Conversion.run(edited, "canonical:ndjson", to: "trackops:ndjson") { $0.audit = .all }
    #expect(back.text == #"{"id":1,"name":"Acme","notes":["b"]}"# + "\n")
  }
}
