import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import CrosswalkPipeline
import CrosswalkReference
import Foundation
import TestSupport
import Testing

/// Edits of a canonical file win over what `native` has (SEMANTICS S12), and the audit knows it: it judges the record that an edit gives,
/// and a run that is right is no fault.
@Suite struct CanonicalEditTests {
  struct Edit: Sendable, CustomTestStringConvertible {
    var system: String
    var record: String
    /// In the canonical record.
    var right: String
    var wrong: String
    var comes: String
    var testDescription: String { "\(system): \(right) becomes \(wrong)" }
  }

  static let contacts = #"{"SystemId":1,"Nm":"A","ContactList":[{"Tag":"PRIMARY","EMail":"a@b.c"},{"Tag":"OTHER","EMail":"c@b.c"}]}"#
  static let edits: [Edit] = [
    // The id that the system had as a number.
    .init(
      system: "zoho-people", record: #"{"clientId":1015,"clientName":"A"}"#, right: #""id":"1015""#, wrong: #""id":"2000""#,
      comes: #"{"clientId":"2000","clientName":"A"}"#),
    .init(
      system: "zoho-people", record: #"{"clientId":1015,"clientName":"A"}"#, right: #""id":"1015","#, wrong: "", comes: #"{"clientName":"A"}"#),
    // A derived value, and beside it a null that is none of its business.
    .init(
      system: "harvest", record: #"{"client":{"id":1,"name":"A","details":null,"address":1}}"#, right: #""full":"1""#,
      wrong: #""full":"1 High St""#, comes: #"{"client":{"id":1,"name":"A","details":null,"address":"1 High St"}}"#),
    // The element before the one that no field names.
    .init(
      system: "bigtime", record: contacts, right: #""contact":{"email":"a@b.c"},"#, wrong: "",
      comes: #"{"SystemId":1,"Nm":"A","ContactList":[{"Tag":"OTHER","EMail":"c@b.c"}]}"#),
    .init(
      system: "bigtime", record: contacts, right: "a@b.c", wrong: "x@b.c",
      comes: #"{"SystemId":1,"Nm":"A","ContactList":[{"Tag":"PRIMARY","EMail":"x@b.c"},{"Tag":"OTHER","EMail":"c@b.c"}]}"#),
    // Two elements with the tag that picks one.
    .init(
      system: "bigtime", record: contacts.replacing("OTHER", with: "PRIMARY"), right: "a@b.c", wrong: "x@b.c",
      comes: #"{"SystemId":1,"Nm":"A","ContactList":[{"Tag":"PRIMARY","EMail":"x@b.c"},{"Tag":"PRIMARY","EMail":"c@b.c"}]}"#),
  ]

  /// What the edit gave is judged literal by literal: without that the audit would be none.
  @Test(arguments: edits)
  func anEditWinsAndIsNoFaultButAWrongByteIs(_ edit: Edit) throws {
    let there = try Conversion.run(edit.record, "\(edit.system):ndjson", to: "canonical:ndjson")
    try #require(there.text.contains(edit.right), "\(there.text)")
    let source = there.text.replacing(edit.right, with: edit.wrong)
    let back = try Conversion.run(source, "canonical:ndjson", to: "\(edit.system):ndjson") { $0.audit = .all }
    #expect(back.text == edit.comes + "\n")
    #expect(back.summary.audited == 1)
    let audit = ReferenceAudit(
      .init(from: try Twin.system("canonical"), to: try Twin.system(edit.system)), input: .ndjson, output: .ndjson)
    func isFault(_ record: String, _ written: String) -> Bool {
      audit.difference(
        .init(source: .init(Array(record.utf8)), written: .init(Array(written.utf8)), keepsResidue: false)) != nil
    }
    let record = source.trimmingCharacters(in: .newlines)
    #expect(!isFault(there.text.trimmingCharacters(in: .newlines), edit.record))
    #expect(!isFault(record, edit.comes))
    #expect(isFault(record, edit.comes.replacing(#""A""#, with: #""B""#)))
    #expect(isFault(record, edit.record), "the value from before the edit")
  }

  /// CSV has no null: that the system had one is said by an empty cell, which no fallback fills while the record still says null.
  @Test func aNullFaresInEveryFormatAlike() throws {
    func details(_ details: String, _ format: String) throws -> String {
      let record = #"{"id":"1","name":"A",\#(details)"address":{"full":"5 High St"},"system":"harvest","native":{"harvest":{"details":null}}}"#
      let run = try Conversion.run(record, "canonical:ndjson", to: "harvest:\(format)") { $0.audit = .all }
      let back = try Conversion.run(run.output, "harvest:\(format)", to: "canonical:ndjson")
      return try JSONReference.parse(Array(back.output.dropLast()))["details"].map(\.json) ?? "nothing"
    }
    for format in ["ndjson", "xml"] {
      #expect(try details(#""details":null,"#, format) == "null")
      #expect(try details("", format) == #""5 High St""#)
    }
    #expect(try details(#""details":null,"#, "csv") == "nothing")
    #expect(try details("", "csv") == #""5 High St""#)
  }

  /// BigTime's own way to canonical, where two contacts have the tag that picks one.
  @Test func elementsThatAreAlikeComeBackAtTheirPlaces() throws {
    let record = Self.contacts.replacing("OTHER", with: "PRIMARY")
    let there = try Conversion.run(record, "bigtime:ndjson", to: "canonical:ndjson") { $0.audit = .all }
    #expect(there.summary.audited == 1 && there.text.contains(#""ContactList[1]":{"Tag":"PRIMARY","EMail":"c@b.c"}"#))
  }

  static let seed: UInt64 = ProcessInfo.processInfo.environment["CROSSWALK_SEED"].flatMap { UInt64($0) } ?? 20_190_623
  static let isLong = ProcessInfo.processInfo.environment["CROSSWALK_CORPORA"] == "1"

  @Test(arguments: Twin.systems.filter { $0 != "canonical" })
  func noEditOfACanonicalRecordIsAFault(_ system: String) throws {
    var random = Random(seed: Self.seed &+ UInt64(system.utf8.count))
    let source = try Twin.system(system)
    let formats = source.formats.filter { [.json, .xml, .csv].contains($0) }
    func some(_ random: inout Random) -> [Format] { Self.isLong ? formats : Array(formats.shuffled(using: &random).prefix(1)) }
    for format in some(&random) {
      let records = Twin.records(source, format, Self.isLong ? 100 : 4, &random)
      let document = try source.document(of: records, shape: .list, format: format)
      let there = try Conversion.run(document, "\(system):\(format)", to: "canonical:ndjson") { $0.maxRejects = .percent(100) }
      let lines = try there.output.split(separator: 0x0a).map { line in
        String(decoding: TreeWriter.json(Self.edited(try JSONReference.parse([UInt8](line)), &random)), as: UTF8.self)
      }
      for output in some(&random) {
        var note = "seed \(Self.seed), \(system):\(format), to \(output)"
        do {
          let all = lines.joined(separator: "\n")
          _ = try Conversion.run(all, "canonical:ndjson", to: "\(system):\(output)") { job in
            job.audit = .all
            job.residue = .none
            job.maxRejects = .percent(100)
          }
        } catch let error as Diagnostic {
          if let record = error.place?.record, record < lines.count { note += "\n\(lines[record])" }
          Issue.record("\(note)\n\(error.title)")
        }
      }
    }
  }

  /// Some of its values are others, are null or empty, or are gone.
  private static func edited(_ record: Tree, _ random: inout Random, path: [UInt8] = []) -> Tree {
    guard case .object(let members) = record else { return record }
    return .object(
      members.compactMap { member in
        if path.isEmpty, ["system", "native"].contains(String(decoding: member.name, as: UTF8.self)) { return member }
        if case .object(let inner) = member.value, !inner.isEmpty {
          return .init(member.name, edited(member.value, &random, path: path + member.name + [0x2e]))
        }
        switch Int.random(in: 0..<12, using: &random) {
        case 0: return nil
        case 1: return .init(member.name, .null)
        case 2: return .init(member.name, .text([]))
        case 3, 4: return .init(member.name, Twin.values.randomElement(using: &random) ?? .null)
        default: return member
        }
      })
  }
}
