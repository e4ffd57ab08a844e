import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import CrosswalkReference
import Foundation
import TestSupport
import Testing

/// What was written of a record is held against its source by the reference interpreter (SEMANTICS section 4).
@Suite struct AuditTests {
  static let source = #"{"SystemId":7,"Nm":"Lark & Finch","LegalNm":"Finch Ltd","ClientId":"00091","City":"Boston","Notes":null}"#

  /// A record and what a run wrote of it, with one thing changed in the latter.
  struct Fault: Sendable, CustomTestStringConvertible {
    var to: String
    var format: Format
    var shape = Shape.list
    var right: String
    var wrong: String
    /// Side, path, expected, found.
    var named: String
    var testDescription: String { "\(to):\(format) \(named)" }
  }

  static let trackops = #"{"id":7,"name":"Lark & Finch","account_code":"00091","primary_location":{"city":"Boston"},"notes":null}"#
  static let csv = "id,name,account_code,primary_location.city\n"
  static let faults: [Fault] = [
    .init(to: "trackops", format: .json, right: "Boston", wrong: "Bostom", named: #"written primary_location.city "Boston" "Bostom""#),
    .init(to: "trackops", format: .json, right: #""account_code":"00091","#, wrong: "", named: #"written account_code "00091" nil"#),
    .init(to: "trackops", format: .json, right: #""00091""#, wrong: "91", named: #"written account_code "00091" 91"#),
    .init(to: "trackops", format: .json, right: #""notes":null"#, wrong: #""notes":"""#, named: #"written notes null """#),
    .init(to: "trackops", format: .json, right: #","notes":null"#, wrong: #","notes":null,"website":"x""#, named: #"written website nil "x""#),
    .init(
      to: "trackops", format: .json, right: #""name":"Lark & Finch","account_code":"00091""#,
      wrong: #""name":"00091","account_code":"Lark & Finch""#, named: #"written name "Lark & Finch" "00091""#),
    .init(to: "trackops", format: .json, right: "}}", wrong: "}", named: "written  nil nil what was written is no json (truncated at byte 102)"),
    .init(
      to: "harvest", format: .xml, right: "Lark &amp; Finch", wrong: "Lark & Finch",
      named: "written  nil nil what was written is no xml (badReference at byte 44)"),
    .init(to: "harvest", format: .xml, right: "<id type=\"integer\">7", wrong: "<id>7", named: #"written client.id.@type "integer" nil"#),
    .init(to: "trackops", format: .csv, right: "00091", wrong: "91", named: #"written account_code "00091" "91""#),
    .init(to: "trackops", format: .csv, right: "\"Lark & Finch\"", wrong: "", named: #"written name "Lark & Finch" nil"#),
    .init(
      to: "zoho-people", format: .form, shape: .create, right: "Boston", wrong: "Bo", named: #"written city "Boston" "Bo""#),
  ]

  @Test(arguments: faults)
  func oneWrongByteIsNamed(_ fault: Fault) throws {
    var conversion = ReferenceConversion(from: try Twin.system("bigtime"), to: try Twin.system(fault.to), shape: fault.shape)
    if fault.shape == .create { conversion.set = ["currency.code": .text("USD")] }
    let run = try Conversion.run(Self.source, "bigtime:ndjson", to: "\(fault.to):\(fault.format)") { job in
      job.shape = fault.shape
      if fault.shape == .create { job.set = [.init(field: "currency.code", value: "USD")] }
      job.audit = .all
    }
    #expect(run.summary.audited == 1)
    let lines = run.text.split(separator: "\n").map(String.init)
    let written =
      switch (fault.format, fault.shape) {
      case (.json, .list): lines[1]
      case (.xml, .list): lines[2]
      case (.csv, _): lines[1]
      default: lines[0]
      }
    let audit = ReferenceAudit(conversion, input: .ndjson, output: fault.format)
    func judged(_ text: String) -> String? {
      audit.difference(
        .init(
          source: .init(Array(Self.source.utf8)), written: .init(Array(text.utf8), before: Array(lines[0].utf8)),
          line: run.residue.first)
      ).map(Self.text)
    }
    #expect(judged(written) == nil)
    // A name that needs no quotes has none in CSV.
    let right = written.contains(fault.right) ? fault.right : fault.right.replacing("\"", with: "")
    try #require(written.contains(right), "\(written)")
    #expect(judged(written.replacing(right, with: fault.wrong)) == fault.named)
  }

  @Test(arguments: [
    (#""LegalNm":"Finch Ltd""#, #""LegalNm":"Finch""#, #"residue(parked) LegalNm "Finch Ltd" "Finch""#),
    (#""LegalNm":"Finch Ltd""#, "", #"residue(parked) LegalNm "Finch Ltd" nil"#),
    (#""extra":[]"#, #""extra":["Zip"]"#, "residue(extra) Zip nil null"),
  ])
  func oneWrongValueOfTheResidueIsNamed(_ right: String, _ wrong: String, _ named: String) throws {
    let conversion = ReferenceConversion(from: try Twin.system("bigtime"), to: try Twin.system("trackops"))
    let run = try Conversion.run(Self.source, "bigtime:ndjson", to: "trackops:ndjson")
    let line = try #require(run.residue.first).json
    try #require(line.contains(right), "\(line)")
    let found = ReferenceAudit(conversion, input: .ndjson, output: .ndjson).difference(
      .init(
        source: .init(Array(Self.source.utf8)), written: .init(Array(run.output.dropLast())),
        line: try JSONReference.parse(Array(line.replacing(right, with: wrong).utf8))))
    #expect(found.map(Self.text) == named)
  }

  @Test func secretsAreNeverShown() throws {
    let source = #"{"id":7,"name":"Lark","statement_key":"abc123def456"}"#
    let conversion = ReferenceConversion(from: try Twin.system("harvest"), to: try Twin.system("canonical"))
    let run = try Conversion.run(source, "harvest:ndjson", to: "canonical:ndjson")
    for (right, wrong) in [("abc123def456", "abc123"), ("\"Lark\"", "\"123def\"")] {
      let text = run.text.replacing(right, with: wrong).trimmingCharacters(in: .newlines)
      let found = try #require(
        ReferenceAudit(conversion, input: .ndjson, output: .ndjson).difference(
          .init(source: .init(Array(source.utf8)), written: .init(Array(text.utf8)))))
      #expect(found.isSecret, "\(found)")
    }
  }

  @Test func theSameRecordsAreAuditedByAnyNumberOfWorkers() throws {
    let lines = (0..<4000).map { #"{"id":\#($0),"name":"Client number \#($0) of a great many","notes":"\#(String(repeating: "x", count: 60))"}"# }
    let input = Array(lines.joined(separator: "\n").utf8)
    func audited(_ share: ConvertJob.AuditShare, _ jobs: Int) throws -> Int {
      try Conversion.run(input, "trackops:ndjson", to: "harvest:ndjson") { job in
        job.audit = share
        job.jobs = jobs
        job.residue = .none
      }.summary.audited
    }
    let one = try audited(.one(of: 200), 1)
    #expect((10...30).contains(one))
    #expect(try audited(.one(of: 200), 3) == one)
    // Too few records for that share.
    #expect(try audited(.one(of: 5000), 1) == 0)
  }

  /// The mapping changes under the run, so that the second reading of it says something else.
  @Test func aDifferenceEndsTheRunWithoutAnOutput() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "crosswalk-audit-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let system = folder.appending(path: "more/acme")
    try FileManager.default.createDirectory(at: system, withIntermediateDirectories: true)
    try "system: acme\nformats: [json]\nshapes: { list: { json: [$record] } }\n".write(
      to: system.appending(path: "system.yaml"), atomically: true, encoding: .utf8)
    let client = system.appending(path: "client.yaml")
    try "system: acme\nfields: { Customer: name, Town: address.city }\n".write(to: client, atomically: true, encoding: .utf8)
    let input = folder.appending(path: "in.ndjson")
    let line = #"{"Customer":"\#(String(repeating: "c", count: 90))","Town":"Boston"}"#
    try (0..<6000).map { _ in line }.joined(separator: "\n").write(to: input, atomically: true, encoding: .utf8)
    var job = ConvertJob(inputs: [.file(input.path)], from: "acme:ndjson", to: "canonical:ndjson")
    job.mappings = [folder.appending(path: "more").path]
    job.audit = .one(of: 3000)
    job.jobs = 1
    let output = folder.appending(path: "out.ndjson")
    job.output = .file(output.path)
    var isChanged = false
    let error = #expect(throws: Diagnostic.self) {
      try job.run(progress: { _ in
        if isChanged { return }
        isChanged = true
        try? "system: acme\nfields: { Customer: name, Town: address.region }\n".write(to: client, atomically: true, encoding: .utf8)
      })
    }
    #expect(error?.code.name == "I0401")
    #expect(
      error?.title
        == #"the audit found `address.region` of canonical written otherwise: the mappings give `"Boston"`, this run nothing"#)
    #expect(error?.place?.record != nil && error?.place?.bytes?.count == line.utf8.count)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["in.ndjson", "more"])
  }

  @Test func recordsThatComeBackHoldNothingOfTheirOwn() throws {
    let there = try Conversion.run(Self.source, "bigtime:ndjson", to: "trackops:ndjson")
    let line = try #require(there.residue.first)
    func leaves(_ part: String) -> [Tree.Member] { if case .object(let members)? = line[part] { members } else { [] } }
    let audit = ReferenceAudit(
      .init(from: try Twin.system("trackops"), to: try Twin.system("bigtime")), input: .ndjson, output: .ndjson)
    let restored = ReferenceAudit.Restored(leaves: leaves("parked") + leaves("original"))
    func judged(_ written: String) -> String? {
      audit.difference(
        .init(source: .init(Array(there.output.dropLast())), written: .init(Array(written.utf8)), restored: restored)
      ).map(Self.text)
    }
    #expect(judged(Self.source) == nil)
    #expect(judged(Self.source.replacing("Finch Ltd", with: "Finch")) == #"written LegalNm "Finch Ltd" "Finch""#)
    #expect(judged(Self.source.replacing(#""City":"Boston","#, with: "")) == #"written City "Boston" nil"#)
  }

  private static func text(_ difference: ReferenceAudit.Difference) -> String {
    let side =
      switch difference.side {
      case .written: "written"
      case .residue(let member): "residue(\(member))"
      case .back: "back"
      }
    let path = String(decoding: difference.path, as: UTF8.self)
    let both = "\(difference.expected?.json ?? "nil") \(difference.found?.json ?? "nil")"
    return "\(side) \(path) \(both)" + (difference.reason.map { " \($0)" } ?? "")
  }

  @Test(arguments: ["json", "xml", "csv"])
  func declarationsOfPrefixesComeBackOutOfCanonical(_ format: String) throws {
    let clients = #"""
      <ArrayOfClient xmlns:q="urn:q"><Client><SystemId>1</SystemId><Nm>Acme</Nm><q:Extra>1</q:Extra></Client>
      <Client xmlns:z="urn:z"><SystemId>2</SystemId><Nm>Acme</Nm><z:Extra a="1">1</z:Extra></Client>
      <Client><SystemId>3</SystemId><Nm>Acme</Nm><y:Extra xmlns:y="urn:y">1</y:Extra></Client></ArrayOfClient>
      """#
    let run = try Conversion.run(clients, "bigtime:xml", to: "canonical:\(format)") { $0.audit = .all }
    #expect(run.summary.audited == 3 && run.said.isEmpty)
  }
}
