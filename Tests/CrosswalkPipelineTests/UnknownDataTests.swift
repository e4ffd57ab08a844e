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

  // MARK: - Spellings

  struct Spelt: Sendable, CustomTestStringConvertible {
    var endpoint: String
    var text: String
    /// What comes back; the winner has the field's own spelling then.
    var back: String
    /// The paths of those that lose.
    var losers: [String]
    var testDescription: String { text }
  }

  static let spellings: [Spelt] = [
    Spelt(
      endpoint: "harvest:ndjson", text: #"{"client":{"name":"a","highrise_id":1,"highrise-id":2}}"#,
      back: #"{"client":{"name":"a","highrise_id":1,"highrise-id":2}}"#, losers: [#""highrise-id""#]),
    Spelt(
      endpoint: "harvest:ndjson", text: #"{"client":{"name":"a","created-at":{"x":[1]},"currency-symbol":"€","created_at":null,"currency_symbol":"$"}}"#,
      back: #"{"client":{"name":"a","currency_symbol":"$","created_at":null,"created-at":{"x":[1]},"currency-symbol":"€"}}"#,
      losers: [#""created-at""#, #""currency-symbol""#]),
    Spelt(
      endpoint: "bigtime:ndjson", text: #"{"NM":"b","nM":"c","Nm":"a","legalnm":"d","LEGALNM":"e"}"#,
      back: #"{"Nm":"a","LegalNm":"d","nM":"c","NM":"b","LEGALNM":"e"}"#, losers: ["LEGALNM", "NM", "nM"]),
    Spelt(
      endpoint: "bigtime:xml", text: #"<Client SystemId="1" systemid="2"><SystemId lang="x">3</SystemId><NOTES q="4">n</NOTES><Nm>a</Nm><Notes>m</Notes></Client>"#,
      back: #"<Client SystemId="1" systemid="2"><Nm>a</Nm><Notes>m</Notes><SystemId lang="x">3</SystemId><NOTES q="4">n</NOTES></Client>"#,
      losers: [#""SystemId""#, "@systemid", "NOTES", "NOTES.@q", "SystemId.@lang"]),
  ]

  @Test(arguments: UnknownDataTests.spellings)
  func twoSpellingsOfOneFieldAreTwoValuesAndBothComeBack(_ spelt: Spelt) throws {
    for carrier in ["canonical:xml", "trackops:ndjson"] {
      let trip = try RestoreRulesTests.trip(
        spelt.text, spelt.endpoint, by: carrier, there: { ($0.audit, $0.shape) = (.all, .single) }, back: { ($0.audit, $0.shape) = (.none, .single) })
      #expect(trip.there.summary.failure == nil && trip.back.summary.failure == nil, "\(carrier)")
      #expect(trip.back.text == spelt.back + "\n", "\(carrier)")
      let counted = spelt.losers.compactMap { trip.there.summary.fields[$0] }
      #expect(counted.count == spelt.losers.count, "\(carrier): \(trip.there.summary.fields.keys.sorted())")
      let isParked = !carrier.hasPrefix("canonical")
      #expect(counted.allSatisfy { isParked ? $0.parked == $0.read : $0.kept == $0.read }, "\(carrier)")
      guard isParked, case .object(let parked)? = trip.there.residue.first?["parked"] else { continue }
      #expect(Set(parked.map(\.name)).count == parked.count)
    }
  }

  /// The plan and the reference interpreter choose the same one, in every format.
  @Test func theFieldsOwnNameWinsThenAnotherOfTheMappingThenAnyCase() throws {
    func xml(_ names: [String]) -> String { "<Client>" + names.map { "<\($0)>\($0)</\($0)>" }.joined() + "</Client>" }
    func json(_ names: [String]) -> String { "{" + names.map { #""\#($0)":"\#($0)""# }.joined(separator: ",") + "}" }
    func csv(_ names: [String]) -> String { "\(names.joined(separator: ","))\n\(names.joined(separator: ","))\n" }
    for names in [["NM", "nm", "Nm"], ["nm", "NM"], ["NM", "nm"]] {
      let winner = names.contains("Nm") ? "Nm" : names[0]
      for (format, text) in [("xml", xml(names)), ("ndjson", json(names)), ("csv", csv(names))] {
        let run = try Conversion.run(text, "bigtime:\(format)", to: "trackops:ndjson") { $0.audit = .all }
        #expect(run.text == #"{"name":"\#(winner)"}"# + "\n", "\(format) \(names)")
      }
    }
  }

  @Test func aNameThatIsAFieldsInAnotherFormatDoesNotTakeItsPlaceThere() throws {
    let text = "<client><name>a</name><highrise_id>5</highrise_id><highrise-id>6</highrise-id></client>"
    let canonical = try Conversion.run(text, "harvest:xml", to: "canonical:ndjson").output
    let back = try Conversion.run(canonical, "canonical:ndjson", to: "harvest:ndjson") { $0.audit = .all }
    #expect(back.text == #"{"client":{"name":"a","highrise_id":6}}"# + "\n")
    #expect(back.residue.first?.parked("native.harvest.highrise_id") == .text(Array("5".utf8)))
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
    let name = "Acme" + String(repeating: " and daughters", count: 40)
    for index in 0..<2_000 {
      let unknown = index == 7 ? #""b":"\#(index)","# : index == 1_800 ? #""late":"x","# : ""
      text += #"{"id":"\#(index)","name":"\#(name)","system":"trackops","native":{"trackops":{\#(unknown)"a":"\#(index)"}}}"# + "\n"
    }
    let results = try [1, 2, 5].map { jobs in
      try LanesTests.run(Array(text.utf8), "canonical:ndjson", to: "trackops:csv", jobs: jobs) { _ in }
    }
    let lines = String(decoding: results[0].output, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 2_001)
    let columns = lines[0].split(separator: ",", omittingEmptySubsequences: false).count
    #expect(lines[0].hasSuffix(",b,a") || lines[0].hasSuffix(",a,b"))
    #expect(lines.allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count == columns })
    #expect(results[0].parkedFields == ["native.trackops.late": 1])
    #expect(results[1] == results[0])
    #expect(results[2] == results[0])
  }

  // MARK: - Prefixes

  static let prefixes = """
    <clients xmlns:q="urn:q" type="array">
    <client><id>1</id><name>A</name><q:name>Q</q:name><q:extra a="1" q:b="2"><q:c>x</q:c></q:extra></client>
    <client><id>2</id><name>B</name><p:z xmlns:p="urn:p">z</p:z><p:z xmlns:p="urn:p"/><q:e><f/><q:f/></q:e></client>
    <client q:x="1"><id>3</id><name q:lang="d">C</name></client>
    <client><id>4</id><name>D</name><details p:k="v" p:l="w" xmlns:p="urn:4">d</details><p:a xmlns:p="urn:1">x</p:a>\
    <p:b xmlns:p="urn:2"><p:c/><p:d xmlns:p="urn:3" p:e="1"><p:g xmlns:p="urn:4"/></p:d></p:b><p:h xmlns:p="urn:5"/></client>
    <client><id>5</id><name>E</name><extra xml:space="preserve">e</extra></client>
    </clients>
    """

  @Test func unknownNamesKeepTheirPrefixes() throws {
    for text in try UnknownDataTests.returned(UnknownDataTests.prefixes, "harvest:xml") {
      #expect(
        text == """
          <?xml version="1.0" encoding="UTF-8"?>
          <clients type="array">
          <client xmlns:q="urn:q"><id type="integer">1</id><name>A</name><q:name>Q</q:name>\
          <q:extra a="1" q:b="2"><q:c>x</q:c></q:extra></client>
          <client xmlns:p="urn:p" xmlns:q="urn:q"><id type="integer">2</id><name>B</name><p:z>z</p:z><p:z/>\
          <q:e><f/><q:f/></q:e></client>
          <client q:x="1" xmlns:q="urn:q"><id type="integer">3</id><name q:lang="d">C</name></client>
          <client xmlns:p="urn:4"><id type="integer">4</id><name>D</name><details p:k="v" p:l="w">d</details>\
          <p:a xmlns:p="urn:1">x</p:a><p:b xmlns:p="urn:2"><p:c/><p:d p:e="1" xmlns:p="urn:3"><p:g xmlns:p="urn:4"/></p:d></p:b>\
          <p:h xmlns:p="urn:5"/></client>
          <client><id type="integer">5</id><name>E</name><extra xml:space="preserve">e</extra></client>
          </clients>

          """)
      // It is XML with namespaces, and says the same.
      #expect(try UnknownDataTests.returned(text, "harvest:xml", carriers: [.json]) == [text])
    }
    try RoundTripTests.expectReturn(Array(UnknownDataTests.prefixes.utf8), "harvest", .xml, note: "prefixes")
  }

  @Test func prefixesAreParkedWithTheNamesAndTheirDeclarationsBeside() throws {
    let run = try Conversion.run(UnknownDataTests.prefixes, "harvest:xml", to: "trackops:json")
    #expect(
      run.residue.prefix(3).map { "\($0["parked"]?.json ?? "") \($0["original"]?.json ?? "")" } == [
        #"{"q:name":"Q","q:extra":{"@a":"1","@q:b":"2","q:c":"x"}} {"@xmlns:q":"urn:q"}"#,
        #"{"p:z[0]":"z","p:z[1]":"","q:e":{"f":"","q:f":""}} {"@xmlns:p":"urn:p","@xmlns:q":"urn:q"}"#,
        #"{"@q:x":"1","name.@q:lang":"d"} {"@xmlns:q":"urn:q"}"#,
      ])
    #expect(run.summary.parkedFields.keys.allSatisfy { !$0.contains("xmlns") })
    // What another system left is parked leaf by leaf.
    let canonical = try Conversion.run(UnknownDataTests.prefixes, "harvest:xml", to: "canonical:xml").output
    let other = try Conversion.run(canonical, "canonical:xml", to: "trackops:json")
    #expect(other.summary.parkedFields["native.harvest.q:extra"] == 3)
    #expect(other.summary.parkedFields.keys.allSatisfy { !$0.contains("xmlns") })
    #expect(other.residue.first?.parked("native.harvest.@xmlns:q")?.json == #""urn:q""#)
  }

  @Test func aPrefixThatNothingDeclaresIsDeclared() throws {
    let json = #"{"id":"1","name":"A","system":"harvest","native":{"harvest":{"a:name":"N","b":{"@a:x":"1","c:d":["2","3"]}}}}"#
    let text = try Conversion.run(json, "canonical:ndjson", to: "harvest:xml").text
    #expect(
      text.split(separator: "\n")[2] == """
        <client><id type="integer">1</id><name>A</name><a:name xmlns:a="urn:undeclared:a">N</a:name>\
        <b a:x="1" xmlns:a="urn:undeclared:a"><c:d xmlns:c="urn:undeclared:c">2</c:d><c:d xmlns:c="urn:undeclared:c">3</c:d></b></client>
        """)
    #expect(try Conversion.run(text, "harvest:xml", to: "canonical:json").summary.records.written == 1)
    for bad in [#""@xmlns:q":"""#, #""@xmlns:xmlns":"urn:q""#, #""xmlns:q":"x""#] {
      let run = try Conversion.run(
        #"{"id":"1","name":"A","system":"harvest","native":{"harvest":{\#(bad)}}}"#, "canonical:ndjson", to: "harvest:xml"
      ) { $0.maxRejects = .percent(100) }
      #expect(run.summary.records.rejected == 1, "\(bad)")
    }
  }

  // MARK: - Mixed content

  static let mixed = """
    <clients>
    <client><id>1</id><name>A</name><w>one<b/>two<b>3</b></w><u>lead<b/></u><v><b/>end</v><x> a <b/> <c/> b<b/></x></client>
    <client>lead<id>2</id><foo>f</foo>middle<name>B</name><foo/>end</client>
    <client><id>3</id><name>C</name><details>one<b>two</b>three</details></client>
    <client><id>4</id><name>D</name>  <a>x<b>y<c/>z</b>x</a>  </client>
    </clients>
    """

  @Test func mixedContentComesBackInItsPlaces() throws {
    for text in try UnknownDataTests.returned(UnknownDataTests.mixed, "harvest:xml") {
      #expect(
        text == """
          <?xml version="1.0" encoding="UTF-8"?>
          <clients type="array">
          <client><id type="integer">1</id><name>A</name><w>one<b/>two<b>3</b></w><u>lead<b/></u><v><b/>end</v><x> a <b/><c/> b<b/></x></client>
          <client>lead<id type="integer">2</id><foo>f</foo>middle<name>B</name><foo/>end</client>
          <client><id type="integer">3</id><name>C</name><details>one<b>two</b>three</details></client>
          <client><id type="integer">4</id><name>D</name><a>x<b>y<c/>z</b>x</a></client>
          </clients>

          """)
    }
    try RoundTripTests.expectReturn(Array(UnknownDataTests.mixed.utf8), "harvest", .xml, note: "mixed content")
    let listed = "<ArrayOfClient><Client>a<Nm>N</Nm>b<ContactList>c<Tag>PRIMARY</Tag>d<EMail>e</EMail>f</ContactList>g</Client></ArrayOfClient>"
    try RoundTripTests.expectReturn(Array(listed.utf8), "bigtime", .xml, note: "mixed content in a list")
    // Where the case of names says nothing, nor does it here.
    let text = listed.replacing("Nm>", with: "nm>")
    #expect(try UnknownDataTests.returned(text, "bigtime:xml", carriers: [.json])[0].contains("\n\(listed.dropFirst(15).dropLast(16))\n"))
  }

  @Test func eachRunIsALeaf() throws {
    let run = try Conversion.run(UnknownDataTests.mixed, "harvest:xml", to: "trackops:json")
    #expect(run.residue.map { $0["parked"]?.json }.prefix(2) == [
      ##"{"w":{"#text":["one","two"],"b":["","3"],"#order":"#text b #text b"},"u":{"#text":"lead","b":""},"v":{"b":"","#text":"end"},"##
        + ##""x":{"#text":[" a "," b"],"b":["",""],"c":"","#order":"#text b c #text b"}}"##,
      ##"{"#text[0]":"lead","foo[0]":"f","#text[1]":"middle","foo[1]":"","#text[2]":"end"}"##,
    ])
    #expect(run.residue[1]["original"]?.json == ##"{"#order":"#text id foo #text name foo #text"}"##)
    #expect(run.summary.parkedFields["w"] == 4)
    #expect(run.summary.parkedFields["x"] == 5)
    #expect(run.summary.parkedFields["#text[0]"] == 1)
    #expect(run.summary.parkedFields["#order"] == nil)
    #expect(run.summary.parkedFields["details"] == 3)
  }

  /// An edited record has its new elements behind those that are known.
  @Test func anEditKeepsTheRunsInTheirPlaces() throws {
    let there = try Conversion.run(UnknownDataTests.mixed, "harvest:xml", to: "canonical:ndjson").text
    let edited = there.split(separator: "\n")[1].replacing(#""name":"B""#, with: #""name":"Z","active":true"#)
    let back = try Conversion.run(String(edited), "canonical:ndjson", to: "harvest:xml").text
    #expect(
      back.split(separator: "\n")[2] == """
        <client>lead<id type="integer">2</id><foo>f</foo>middle<name>Z</name><foo/>end<active type="boolean">true</active></client>
        """)
  }

  @Test(arguments: [UnknownDataTests.prefixes, UnknownDataTests.mixed])
  func planAndReferenceAgreeOnUnknownXML(_ text: String) throws {
    for output in [Format.json, .xml, .csv] {
      try UnknownDataTests.expectTwins(text, "harvest", .xml, to: "canonical", output)
    }
    try UnknownDataTests.expectTwins(text, "harvest", .xml, to: "bigtime", .xml)
    try UnknownDataTests.expectTwins(text, "harvest", .xml, to: "zoho-people", .json)
    // Into the system's other formats too.
    let canonical = try Conversion.run(text, "harvest:xml", to: "canonical:json").output
    for output in [Format.json, .csv] {
      let back = TwinTests.Case(from: "canonical", to: "harvest", input: .json, output: output, shape: .list)
      try TwinTests.compare(canonical, back, note: "\(back)")
    }
  }

  /// libxml2 alone, and our own tokenizer with it, give the same.
  @Test(arguments: [UnknownDataTests.prefixes, UnknownDataTests.mixed])
  func bothParsersKeepTheSame(_ text: String) throws {
    let runs = try [ConvertJob.XMLParser.automatic, .libxml2].map { parser in
      try Conversion.run(text, "harvest:xml", to: "canonical:json") { $0.xmlParser = parser }.text
    }
    #expect(runs[0] == runs[1])
  }
}
