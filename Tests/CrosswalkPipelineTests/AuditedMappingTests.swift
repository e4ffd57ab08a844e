import Crosswalk
import CrosswalkModel
import CrosswalkPipeline
import Foundation
import TestSupport
import Testing

/// What the language allows and no mapping of the repository has: the audit follows it.
@Suite struct AuditedMappingTests {
  static let join = (
    "system: jn\ntitle: J\nformats: [json]\nshapes: { list: { json: [$record] } }\n",
    #"{ system: jn, fields: { Key: id, Name: name, Tel: { is: phone.main, as: { join: { of: [cc, ac, num], with: " " } } } } }"#
  )
  static let three = (
    "system: three\ntitle: T\nformats: [json]\nshapes: { list: { json: [$record] } }\n",
    """
    system: three
    fields:
      Id: id
      Name: name
      St: { is: address.street, or: address.full, as: { oneLine: " / " } }
      Full: { is: address.full, derived: [St] }

    """
  )

  @Test func aJoinWithEmptyMembersIsNoFault() throws {
    try InventedSystem.with(["jn": Self.join]) { folder in
      let values = ["", #""cc":"""#, #""cc":null"#, #""cc":"5""#]
      let lasts = ["", #""num":"""#, #""num":null"#, #""num":7"#, #""num":{}"#]
      var records: [String] = []
      for first in values {
        for last in lasts where !first.isEmpty || !last.isEmpty {
          let members = [first, last].filter { !$0.isEmpty }.joined(separator: ",")
          records.append(#"{"Key":\#(records.count),"Name":"C","Tel":{\#(members)}}"#)
        }
      }
      let text = records.joined(separator: "\n") + "\n"
      let there = try Conversion.run(text, "jn:ndjson", to: "canonical:ndjson") { ($0.mappings, $0.audit) = ([folder], .all) }
      let back = try Conversion.run(there.output, "canonical:ndjson", to: "jn:ndjson") { ($0.mappings, $0.audit) = ([folder], .all) }
      #expect(back.text == text)
      let empty = try Conversion.run(
        #"{"id":1,"name":"A","primary_location":{"phone_primary":""}}"#, "trackops:ndjson", to: "jn:ndjson"
      ) { ($0.mappings, $0.audit) = ([folder], .all) }
      #expect(empty.text == #"{"Key":"1","Name":"A","Tel":{"num":""}}"# + "\n")
    }
  }

  @Test func aFallbackBesideTheFieldItFallsBackOnIsNoFault() throws {
    try InventedSystem.with(["three": Self.three]) { folder in
      let record = #"{"client":{"id":1,"name":"A","address":"1 High St\nLeeds"}}"# + "\n"
      let file = FileManager.default.temporaryDirectory.appending(path: "crosswalk-\(UUID().uuidString).ndjson").path
      defer { try? FileManager.default.removeItem(atPath: file) }
      let there = try Conversion.run(record, "harvest:ndjson", to: "three:ndjson") { job in
        (job.mappings, job.audit, job.residue) = ([folder], .all, .file(file))
      }
      let back = try Conversion.run(there.output, "three:ndjson", to: "harvest:ndjson") { job in
        (job.mappings, job.audit, job.residue, job.restore) = ([folder], .all, .none, file)
      }
      #expect(back.text == record)
    }
  }
}
