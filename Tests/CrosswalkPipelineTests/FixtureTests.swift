import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import CrosswalkPipeline
import Foundation
import TestSupport
import Testing

/// The vendors' own samples and replies that others recorded: every row of the fixtures' table, and the documents' samples.
@Suite struct FixtureTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var file: String
    var from: String
    var records: Int
    var status: Int
    var remark: String
    var testDescription: String { file }
  }

  static let rows: [Row] = {
    guard let url = Repository.shared("vendors/fixtures/expected.tsv"), let text = try? String(contentsOf: url, encoding: .utf8)
    else { return [] }
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard cells.count >= 4, let records = Int(cells[2]), let status = Int(cells[3]) else { return nil }
      return Row(file: cells[0], from: cells[1], records: records, status: status, remark: cells.count > 4 ? cells[4] : "")
    }
  }()

  @Test(.enabled(if: !Repository.isCI && Repository.shared("vendors/fixtures") == nil || Repository.shared("vendors/fixtures") != nil))
  func theTableIsThere() { #expect(FixtureTests.rows.count == 36) }

  static func bytes(_ file: String) throws -> [UInt8] {
    if let url = Repository.shared("vendors/fixtures/\(file)"), file.contains("/") { return try Repository.bytes(url) }
    // One of several replies in a file of their own.
    let url = try #require(Repository.shared("vendors/fixtures/zoho_people/observed_error_envelopes.json"))
    return TreeWriter.json(try #require(try JSONReference.parse(Repository.bytes(url))[file]))
  }

  @Test(arguments: FixtureTests.rows)
  func theFixtureIsReadAsTheTableSays(_ row: Row) throws {
    let bytes = try FixtureTests.bytes(row.file)
    do {
      let run = try Conversion.run(bytes, row.from, to: "canonical:json")
      #expect(row.status == 0)
      #expect(run.summary.records.read == row.records)
      #expect(run.summary.records.written == row.records)
      #expect(try JSONReference.parse(run.output).items.count == row.records)
      try check(row, run)
    } catch let error as Diagnostic {
      #expect(row.status == Conversion.status(error), "\(error)")
      check(row, error)
    }
    // Nothing of the table's last column is passed over.
    #expect(row.remark.isEmpty || FixtureTests.checked.contains(row.remark), "no check for: \(row.remark)")
  }

  static let checked: Set<String> = [
    "nil elements with start and end tags are nil", "nil-classes is an empty list", "a throttle state, no records",
    "a contact, not a client", "the message is shown; a bare object with neither id nor name is no client",
    #"the four literal characters \r\n in details are kept, and warned of"#,
    "the literal word null in details is text, and is warned of", "Not Found is shown", "read without its wrapper",
    "cache_version 3836234653 keeps its digits", #"read through the accepted {"clients": []} form; one id twice is warned of"#,
    "zip read from a number, its digits kept", "the summary says that more pages follow",
    "the summary says that more pages follow; same canonical record as the JSON", "same canonical record as the JSON",
    "an acknowledgement: the id is shown, no record", "the same", "an acknowledgement without an id",
    "code 7012 and its message", "code 7201 and its message", "code 9002 and its message", "Invalid User.",
    "code 7024: no records",
  ]

  /// What must be true of a run that ended well.
  func check(_ row: Row, _ run: Conversion) throws {
    let record = try JSONReference.parse(run.output)[0]
    switch row.remark {
    case "nil elements with start and end tags are nil":
      #expect(record?["links"]?["highrise"] == .null)
      #expect(record?["invoice"]?["period"] == .null)
      #expect(record?["details"] == .text(""))
    case #"the four literal characters \r\n in details are kept, and warned of"#:
      #expect(record?["details"] == .text(#"123 A St. \r\nSomewhere, NY 12345"#))
      #expect(run.said.contains { $0.code == .literalEscape && $0.place?.path == "details" })
    case "the literal word null in details is text, and is warned of":
      #expect(record?["details"] == .text("null"))
      #expect(run.said.contains { $0.code == .literalEscape && $0.place?.path == "details" })
    case "read without its wrapper": #expect(record?["name"] == .text("Big Government"))
    case "cache_version 3836234653 keeps its digits": #expect(record?["version"] == .number("3836234653"))
    case #"read through the accepted {"clients": []} form; one id twice is warned of"#:
      let duplicates = run.said.filter { $0.code == .duplicateId }
      #expect(duplicates.map(\.place?.record) == [1])
      #expect(duplicates.first?.title == "the id `3398386` stands in more than one record")
    case "zip read from a number, its digits kept":
      #expect(record?["address"]?["postalCode"] == .text("80202"))
      #expect(record?["native"]?["trackops"]?["primary_location.zip"] == .number("80202"))
    case "the summary says that more pages follow": #expect(run.summary.morePagesFollow)
    case "the summary says that more pages follow; same canonical record as the JSON":
      #expect(run.summary.morePagesFollow)
      try expectSameRecord(row, run)
    case "same canonical record as the JSON": try expectSameRecord(row, run)
    case "an acknowledgement: the id is shown, no record", "the same", "an acknowledgement without an id":
      let message = [
        "addclient": "Client added successfully (id 469505000000271259)",
        "modifyclient": "Client details modified successfully (id 469505000000271259)",
        "deleteclient": "Client(s) deleted successfully",
      ].first { row.file.contains($0.key) }?.value
      #expect(run.summary.acknowledgements == [message])
    default: break
    }
    if row.remark.isEmpty || !row.remark.contains("warned") { #expect(run.said.isEmpty, "\(run.said)") }
  }

  /// The canonical record of both formats is the same, but for what `native` keeps of the other's kinds.
  func expectSameRecord(_ row: Row, _ run: Conversion) throws {
    let json = try Conversion.run(
      FixtureTests.bytes(row.file.replacing(".xml", with: ".json")), row.from.replacing("xml", with: "json"),
      to: "canonical:json")
    #expect(run.text == json.text)
  }

  /// What must be said by a run that failed.
  func check(_ row: Row, _ error: Diagnostic) {
    switch row.remark {
    case "the message is shown; a bare object with neither id nor name is no client":
      #expect(error.code == .errorReply)
      #expect(error.title.contains("Cannot complete your request. Parameter is missing"))
    case "Not Found is shown":
      #expect(error.code == .errorReply)
      #expect(error.title.contains("404: Not Found"))
    case "a contact, not a client", "a throttle state, no records": #expect(error.code == .noShape)
    case "code 7012 and its message": #expect(error.title.hasSuffix(": 7012: Invalid View Name"), "\(error.title)")
    case "code 7201 and its message":
      #expect(error.title.hasSuffix(": 7201: Incorrect URL. Also check for spelling errors"), "\(error.title)")
    case "code 9002 and its message": #expect(error.title.hasSuffix(": 9002: No user parameter specified."), "\(error.title)")
    case "Invalid User.": #expect(error.title.hasSuffix(": Invalid User."), "\(error.title)")
    default: break
    }
  }

  // MARK: - The samples of the vendors' documents

  /// One line of a document, between two of its texts.
  static func sample(_ document: String, from start: String, to end: String, _ number: Int = 0) throws -> String {
    let url = try #require(Repository.shared("vendors/seeds/\(document)"))
    let text = try String(contentsOf: url, encoding: .utf8)
    var rest = text[...]
    for _ in 0..<number {
      let range = try #require(rest.range(of: start))
      rest = rest[range.upperBound...]
    }
    let from = try #require(rest.range(of: start))
    let to = try #require(rest[from.lowerBound...].range(of: end))
    return String(rest[from.lowerBound..<to.upperBound])
  }

  static let details =
    "123 Main St. Third Floor New York, NY 10011 USA 212-555-1212 212-555-1213 (fax) http://www.company.com"

  func canonical(_ text: String, _ from: String) throws -> [Tree] {
    try JSONReference.parse(Conversion.run(text, from, to: "canonical:json").output).items
  }

  @Test(.enabled(if: Repository.isCI || Repository.shared("vendors/seeds") != nil))
  func theListSampleOfTheXMLSystemIsRead() throws {
    // `<client> ... </client>` means "and more" (VENDORS HV-6).
    let text = try FixtureTests.sample("002_dc0c60cd4fe0e81e.txt", from: "<clients", to: "</clients>")
      .replacing("<client> ... </client>", with: "")
    #expect(
      try canonical(text, "harvest:xml").map(\.json) == [
        #"{"id":"11072","name":"SuprCorp","active":true,"currency":{"code":"USD","label":"United States Dollars - USD","symbol":"$"},"#
          + #""details":"\#(FixtureTests.details)","invoice":{"period":"20110101,20111231","kind":"task"},"#
          + #""created":"2008-04-09T12:07:56Z","updated":"2008-04-09T12:07:56Z","version":0,"links":{"highrise":"568902"},"system":"harvest"}"#
      ])
  }

  @Test(.enabled(if: Repository.isCI || Repository.shared("vendors/seeds") != nil))
  func theOtherSamplesOfTheXMLSystemAreRead() throws {
    let document = "002_dc0c60cd4fe0e81e.txt"
    let texts = try (2..<5).map { try FixtureTests.sample(document, from: "<client> <name>", to: "</client>", $0 - 1) }
    let records = try texts.map { try canonical($0, "harvest:xml").map(\.json) }
    let money = #""currency":{"code":"USD","label":"United States Dollars - USD","symbol":"$"}"#
    #expect(
      records == [
        [
          #"{"id":"11072","name":"SuprCorp","active":true,\#(money),"details":"\#(FixtureTests.details)","#
            + #""invoice":{"period":"20110101,20111231","kind":"task"},"created":"2008-04-09T12:07:56Z","updated":"2008-04-09T12:07:56Z","#
            + #""version":0,"links":{"highrise":"110011"},"system":"harvest"}"#
        ],
        [
          #"{"name":"Company LLC","active":true,\#(money),"details":"\#(FixtureTests.details)","links":{"highrise":"110011"},"system":"harvest"}"#
        ],
        [#"{"name":"Company LLC","details":"\#(FixtureTests.details)","system":"harvest"}"#],
      ])
  }

  @Test(.enabled(if: Repository.isCI || Repository.shared("vendors/seeds") != nil))
  func theBodiesOfCreateAndUpdateAreRead() throws {
    #expect(
      try canonical(FixtureTests.sample("000_31de26d42aec8da9.txt", from: #"{"Nm""#, to: "}"), "bigtime:json").map(\.json)
        == [#"{"name":"My Test Client","accountCode":"TEST-1","system":"bigtime"}"#])
    #expect(
      try canonical(FixtureTests.sample("000_31de26d42aec8da9.txt", from: #"{"SystemId""#, to: #"TEST-1"}"#), "bigtime:json").map(\.json)
        == [#"{"id":"{sid}","name":"My Test Client","accountCode":"TEST-1","system":"bigtime","native":{"bigtime":{"SystemId":"{sid}"}}}"#])
    #expect(
      try canonical(FixtureTests.sample("001_708c18ab2f802564.txt", from: "{\n\"client\"", to: "}\n}", 1), "trackops:json").map(\.json)
        == [#"{"accountCode":"123456","system":"trackops"}"#])
  }

  /// VENDORS 4.5: by the fields that are there, not by a version.
  @Test func allFourGenerationsOfARecordAreRead() throws {
    let generations = [
      ("A", "<clients><client><id>1</id><name>Old</name><active>true</active><details>a</details></client></clients>"),
      (
        "B",
        #"<clients type="array"><client><id type="integer">1</id><name>Old</name><active type="boolean">true</active><details>a</details><highrise-id type="integer" nil="true"></highrise-id><updated-at type="datetime">2009-12-10T11:03:15Z</updated-at></client></clients>"#
      ),
      (
        "C",
        #"<clients type="array"><client><id type="integer">1</id><name>Old</name><active type="boolean">true</active><details>a</details><highrise-id type="integer" nil="true"/><updated-at type="dateTime">2009-12-10T11:03:15Z</updated-at></client></clients>"#
      ),
      (
        "D",
        #"<clients type="array"><client><id type="integer">1</id><name>Old</name><active type="boolean">true</active><details>a</details><address>a</address><statement-key>00</statement-key></client></clients>"#
      ),
    ]
    var records: [String] = []
    for (name, text) in generations {
      for record in try canonical(text, "harvest:xml") { records.append("\(name) \(record.json)") }
    }
    let head = #"{"id":"1","name":"Old","active":true"#
    #expect(
      records == [
        #"A \#(head),"details":"a","system":"harvest"}"#,
        #"B \#(head),"details":"a","updated":"2009-12-10T11:03:15Z","links":{"highrise":null},"system":"harvest"}"#,
        #"C \#(head),"details":"a","updated":"2009-12-10T11:03:15Z","links":{"highrise":null},"system":"harvest"}"#,
        #"D \#(head),"address":{"full":"a"},"details":"a","links":{"statementKey":"00"},"system":"harvest"}"#,
      ])
  }

  @Test func spellingsThatAreNoLineBreaksAreNotWarnedOf() throws {
    let run = try Conversion.run(
      #"[{"client":{"id":1,"name":"a","details":"x\ny"}},{"client":{"id":2,"name":"null","details":"nullnull C:\\d"}},{"client":{"id":3,"name":"b","details":"a\\nb"}},{"client":{"id":4,"name":"b","details":"null"}}]"#,
      "harvest:json", to: "canonical:json")
    #expect(run.said.map { [$0.code.name, "\($0.place?.record ?? -1)", $0.title] } == [
      ["V0304", "2", "this text holds a line break spelt out in characters"],
      ["V0304", "3", "this text holds the word `null`"],
    ])
  }
}
