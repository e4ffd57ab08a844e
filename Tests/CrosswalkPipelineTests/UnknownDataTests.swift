import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import CrosswalkPipeline
import CrosswalkReference
import TestSupport
import Testing

/// What no mapping names is kept as it stood, and comes back where it stood (SEMANTICS S1, S12, S19).
@Suite struct UnknownDataTests {
  /// There and back by every carrier; the output of the way back.
  static func returned(_ text: String, _ endpoint: String, carriers: [Format] = [.json, .xml, .csv]) throws -> [String] {
    try carriers.map { carrier in
      let there = try Conversion.run(text, endpoint, to: "canonical:\(carrier)")
      #expect(there.residue.isEmpty && there.summary.parked.isEmpty, "canonical:\(carrier)")
      let back = try Conversion.run(there.output, "canonical:\(carrier)", to: endpoint)
      #expect(back.residue.isEmpty && back.summary.records.rejected == 0, "back from canonical:\(carrier)")
      return back.text
    }
  }

  /// The plan and the reference interpreter agree on a document, and on the way back.
  static func expectTwins(_ text: String, _ from: String, _ format: Format, to: String, _ output: Format) throws {
    let there = TwinTests.Case(from: from, to: to, input: format, output: output, shape: .list)
    try TwinTests.compare(Array(text.utf8), there, note: "\(there)")
    guard to == "canonical" else { return }
    let canonical = try Conversion.run(text, "\(from):\(format)", to: "\(to):\(output)").output
    for shape in [Shape.list, .single] {
      let back = TwinTests.Case(from: to, to: from, input: output, output: format, shape: shape)
      if shape == .single, format == .csv { continue }
      try TwinTests.compare(canonical, back, note: "\(back)")
    }
  }

  // MARK: - Columns

  @Test func anotherColumnOfAFieldIsItsValueWhereTheFirstIsEmpty() throws {
    let text = """
      clientId,clientName,currency,currencyCode
      1,A,USD,
      2,B,USD,EUR
      3,C,,EUR
      4,D,,

      """
    let canonical = try Conversion.run(text, "zoho-people:csv", to: "canonical:ndjson").text
    #expect(
      canonical == """
        {"id":"1","name":"A","currency":{"code":"USD"},"system":"zoho-people"}
        {"id":"2","name":"B","currency":{"code":"EUR"},"system":"zoho-people","native":{"zoho-people":{"currency":"USD"}}}
        {"id":"3","name":"C","currency":{"code":"EUR"},"system":"zoho-people"}
        {"id":"4","name":"D","system":"zoho-people"}

        """)
    for output in [Format.json, .xml, .csv] {
      try UnknownDataTests.expectTwins(text, "zoho-people", .csv, to: "canonical", output)
    }
    try UnknownDataTests.expectTwins(text, "zoho-people", .csv, to: "harvest", .xml)
  }

  static let columns = """
    id,name,tier,Bill to.,"",notes,address.city
    1,A,,,,,
    2,B,gold,x,n,y,Bonn
    3,C,"",,,"",

    """

  @Test func unknownColumnsComeBackBehindTheOthers() throws {
    for text in try UnknownDataTests.returned(UnknownDataTests.columns, "trackops:csv") {
      let lines = text.split(separator: "\n")
      #expect(lines[0].hasPrefix("id,name,account_code,") && lines[0].hasSuffix(#",tier,Bill to.,"",address.city"#), "\(lines[0])")
      #expect(lines[1].hasPrefix("1,A,,") && lines[1].hasSuffix(",,,,,"))
      #expect(lines[2].hasSuffix(",gold,x,n,Bonn"))
      #expect(lines[3].hasSuffix(#","",,,"#))
    }
    try RoundTripTests.expectReturn(Array(UnknownDataTests.columns.utf8), "trackops", .csv, note: "unknown columns")
  }

  @Test func planAndReferenceAgreeOnUnknownColumns() throws {
    for output in [Format.json, .xml, .csv] {
      try UnknownDataTests.expectTwins(UnknownDataTests.columns, "trackops", .csv, to: "canonical", output)
    }
    try UnknownDataTests.expectTwins(UnknownDataTests.columns, "trackops", .csv, to: "bigtime", .csv)
    // What another format left: scalars have a column, containers and nulls have none.
    let canonical = #"""
      {"id":"1","name":"A","system":"trackops","native":{"trackops":{"tier":5,"a.b":true,"c[0]":"x","list":[1],"none":null,"notes":null}}}
      {"id":"2","name":"B","system":"bigtime","native":{"bigtime":{"tier":"other"}}}
      """#
    let back = TwinTests.Case(from: "canonical", to: "trackops", input: .ndjson, output: .csv, shape: .list)
    try TwinTests.compare(Array(canonical.utf8), back, note: "from another format")
    let run = try Conversion.run(canonical, "canonical:ndjson", to: "trackops:csv")
    #expect(run.text.hasPrefix("id,name,") && run.text.contains(",tier,a.b,c[0]\n1,A,"))
    #expect(run.residue.map { $0["parked"]?.json } == [
      #"{"native.trackops.list":[1],"native.trackops.none":null}"#, #"{"native.bigtime.tier":"other"}"#,
    ])
  }

  /// The header is that of the first batch, however many workers there are; what comes later and has no column is parked.
  @Test func unknownColumnsDoNotDependOnTheNumberOfWorkers() throws {
    var text = ""
    for index in 0..<12_000 {
      let unknown = index == 7 ? #""b":"\#(index)","# : index == 11_000 ? #""late":"x","# : ""
      text += #"{"id":"\#(index)","name":"Acme","system":"trackops","native":{"trackops":{\#(unknown)"a":"\#(index)"}}}"# + "\n"
    }
    let results = try [1, 2, 5].map { jobs in
      try LanesTests.run(Array(text.utf8), "canonical:ndjson", to: "trackops:csv", jobs: jobs) { _ in }
    }
    let lines = String(decoding: results[0].output, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 12_001)
    let columns = lines[0].split(separator: ",", omittingEmptySubsequences: false).count
    #expect(lines[0].hasSuffix(",b,a") || lines[0].hasSuffix(",a,b"))
    #expect(lines.allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count == columns })
    #expect(results[0].parkedFields == ["native.trackops.late": 1])
    #expect(results[1] == results[0])
    #expect(results[2] == results[0])
  }
}
