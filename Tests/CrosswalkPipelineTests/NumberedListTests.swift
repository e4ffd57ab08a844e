import Crosswalk
import CrosswalkModel
import CrosswalkPipeline
import Foundation
import TestSupport
import Testing

/// `a[1]` is the second element of a list, whether the first one has a value or not (Mappings/README, Paths): nothing is written to
/// another element than its own, and the audit says the same.
@Suite struct NumberedListTests {
  static let system = """
    system: lst
    title: an invented system
    formats: [json, xml, csv]
    shapes: { list: { json: [$record], xml: { L: { R: [$record] } }, csv: $record } }

    """
  static let client = """
    system: lst
    fields: { Id: id, Name: name, "phones[0]": phone.main, "phones[1]": phone.fax, "c[0].n": contact.firstName, "c[1].n": contact.lastName, "z[2]": notes }

    """
  static let record =
    #"{"SystemId":1,"Nm":"A","MainFX":"555","Notes":"n","ContactList":[{"Tag":"PRIMARY","SName":"Z"}]}"#

  @Test(arguments: [
    ("ndjson", #"{"Id":"1","Name":"A","phones":[null,"555"],"c":[{"n":null},{"n":"Z"}],"z":[null,null,"n"]}"# + "\n"),
    (
      "xml",
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <L>
      <R><Id>1</Id><Name>A</Name><phones/><phones>555</phones><c><n/></c><c><n>Z</n></c><z/><z/><z>n</z></R>
      </L>

      """
    ),
    ("csv", "Id,Name,phones[0],phones[1],c[0].n,c[1].n,z[2]\n1,A,,555,,Z,n\n"),
  ])
  func anElementIsWrittenToItsOwnIndex(_ format: String, _ written: String) throws {
    try InventedSystem.with(["lst": (Self.system, Self.client)]) { folder in
      let there = try Conversion.run(Self.record, "bigtime:ndjson", to: "lst:\(format)") { job in
        (job.mappings, job.audit) = ([folder], .all)
      }
      #expect(there.text == written)
      // With nothing beside it each value is in its own field again; what stood in front of it says null, or nothing.
      let alone = try Conversion.run(there.output, "lst:\(format)", to: "bigtime:ndjson") { job in
        (job.mappings, job.audit, job.residue) = ([folder], .all, .none)
      }
      for value in [#""MainFX":"555""#, #""Notes":"n""#, #""SName":"Z""#] { #expect(alone.text.contains(value), "\(alone.text)") }
      // Through canonical and back, where `native` has what no field of the list names.
      let canonical = try Conversion.run(there.output, "lst:\(format)", to: "canonical:ndjson") { job in
        (job.mappings, job.audit) = ([folder], .all)
      }
      let back = try Conversion.run(canonical.output, "canonical:ndjson", to: "lst:\(format)") { job in
        (job.mappings, job.audit) = ([folder], .all)
      }
      #expect(back.text == written)
    }
  }

  @Test func whatStandsInFrontOfAnElementComesBackAsItWas() throws {
    try InventedSystem.with(["lst": (Self.system, Self.client)]) { folder in
      for format in ["ndjson", "xml"] {
        for state in ["", #""MainPH":null,"#, #""MainPH":"","#] {
          let record = #"{"SystemId":1,"Nm":"A",\#(state)"MainFX":"555"}"# + "\n"
          let file = FileManager.default.temporaryDirectory.appending(path: "crosswalk-\(UUID().uuidString).ndjson").path
          defer { try? FileManager.default.removeItem(atPath: file) }
          let there = try Conversion.run(record, "bigtime:ndjson", to: "lst:\(format)") { job in
            (job.mappings, job.audit, job.residue) = ([folder], .all, .file(file))
          }
          let back = try Conversion.run(there.output, "lst:\(format)", to: "bigtime:ndjson") { job in
            (job.mappings, job.audit, job.residue) = ([folder], .all, .none)
            job.restore = FileManager.default.fileExists(atPath: file) ? file : nil
          }
          #expect(back.text == record, "\(format) \(there.text)")
        }
      }
    }
  }
}
