import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import CrosswalkPipeline
import Foundation
import TestSupport
import Testing

/// The strings that programs stumble over, through every carrier of canonical and back.
@Suite struct NaughtyStringsTests {
  static func strings() throws -> [[UInt8]]? {
    guard let url = Repository.shared("suites/naughty-strings/blns.json") else {
      if Repository.isCI { Issue.record("suites/naughty-strings is missing") }
      return nil
    }
    return try JSONReference.parse(try Repository.bytes(url)).items.compactMap { if case .text(let text) = $0 { text } else { nil } }
  }

  /// The Char production of XML 1.0.
  static func fitsXML(_ text: [UInt8]) -> Bool {
    String(decoding: text, as: UTF8.self).unicodeScalars.allSatisfy { scalar in
      switch scalar.value {
      case 0x9, 0xa, 0xd, 0x20...0xd7ff, 0xe000...0xfffd, 0x10000...0x10ffff: true
      default: false
      }
    }
  }

  static func records(_ strings: [[UInt8]]) -> [Tree] {
    strings.enumerated().map { index, text in
      .object([
        .init("id", .text("\(index)")), .init("name", .text("n" + String(decoding: text, as: UTF8.self))),
        .init("details", .text(text)), .init("notes", .text(text)),
      ])
    }
  }

  @Test func theyComeBackFromXMLAndCSV() throws {
    guard let strings = try NaughtyStringsTests.strings() else { return }
    #expect(strings.count > 500)
    let records = NaughtyStringsTests.records(strings)
    let document = TreeWriter.json(.array(records))
    let wantedRejects = strings.indices.filter { !NaughtyStringsTests.fitsXML(strings[$0]) }
    #expect(!wantedRejects.isEmpty)
    for jobs in [1, 2] {
      let xml = try Conversion.run(document, "canonical:json", to: "canonical:xml") {
        $0.jobs = jobs
        $0.maxRejects = .percent(100)
      }
      let rejected = xml.rejects.compactMap { $0["record"].flatMap { Int($0.json) } }
      #expect(rejected == wantedRejects)
      let csv = try Conversion.run(xml.output, "canonical:xml", to: "canonical:csv") { $0.jobs = jobs }
      let json = try Conversion.run(csv.output, "canonical:csv", to: "canonical:json") { $0.jobs = jobs }
      NaughtyStringsTests.expect(json.output, records.indices.filter { !rejected.contains($0) }.map { records[$0] })
    }
  }

  @Test func allOfThemComeBackWithoutXML() throws {
    guard let strings = try NaughtyStringsTests.strings() else { return }
    let records = NaughtyStringsTests.records(strings)
    var bytes = TreeWriter.json(.array(records))
    for (from, to) in [("json", "ndjson"), ("ndjson", "csv"), ("csv", "ndjson"), ("ndjson", "json")] {
      let run = try Conversion.run(bytes, "canonical:\(from)", to: "canonical:\(to)")
      #expect(run.rejects.isEmpty && run.residue.isEmpty)
      bytes = run.output
    }
    NaughtyStringsTests.expect(bytes, records)
  }

  static func expect(_ output: [UInt8], _ wanted: [Tree]) {
    let got = (try? JSONReference.parse(output))?.items ?? []
    #expect(got.count == wanted.count)
    for (got, wanted) in zip(got, wanted) {
      for field in ["id", "name", "details", "notes"] where got[field] != wanted[field] {
        Issue.record("\(field): \(got[field]?.json ?? "nothing") for \(wanted[field]?.json ?? "nothing")")
      }
    }
  }
}
