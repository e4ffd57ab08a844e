import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import CrosswalkPipeline
import CrosswalkReference
import Foundation
import TestSupport
import Testing

/// A → canonical → A gives each record back literally (SEMANTICS S16): same leaves, same kinds, same characters, without a side
/// file. Compared by the reference readers, which know nothing of plans.
@Suite struct RoundTripTests {
  /// In the quick run those that differ most.
  static let carriers: [Format] = corpora ? [.json, .ndjson, .xml, .csv] : [.xml, .csv]

  /// The leaves of every record, by path: what literal identity compares.
  static func leaves(_ bytes: [UInt8], _ name: String, _ format: Format) throws -> [[String: String]] {
    let system = try Twin.system(name)
    return try system.documents(in: bytes, format: format).records.map { record in
      var all: [String: String] = [:]
      for leaf in try system.read(record.get(), format: format).leaves {
        // Where names are found in any case, their case is no part of the literal.
        let path = String(decoding: leaf.path, as: UTF8.self)
        all[name == "bigtime" ? path.lowercased() : path] = leaf.value.json
      }
      return all
    }
  }

  /// There by each carrier of canonical, and back in the record's own format.
  static func expectReturn(
    _ bytes: [UInt8], _ name: String, _ format: Format, carriers: [Format] = RoundTripTests.carriers, note: String
  ) throws {
    let wanted = try leaves(bytes, name, format)
    for carrier in carriers {
      let there = try Conversion.run(bytes, "\(name):\(format)", to: "canonical:\(carrier)")
      #expect(there.summary.records.written == wanted.count, "\(note), \(name):\(format) to canonical:\(carrier)")
      #expect(there.residue.isEmpty)
      #expect(there.summary.parked.isEmpty, "to canonical nothing is parked")
      let back = try Conversion.run(there.output, "canonical:\(carrier)", to: "\(name):\(format)")
      let got = try leaves(back.output, name, format)
      #expect(got.count == wanted.count, "\(note), back from canonical:\(carrier)")
      var shown = 0
      for (index, (got, wanted)) in zip(got, wanted).enumerated() where got != wanted && shown < 3 {
        shown += 1
        let lost = wanted.filter { got[$0.key] != $0.value }
        let new = got.filter { wanted[$0.key] != $0.value }
        let native = there.text.split(separator: "\n").first { $0.contains(wanted.values.first ?? "") } ?? ""
        Issue.record(
          "\(note), \(name):\(format) by canonical:\(carrier), record \(index)\nlost \(lost)\nnew  \(new)\nin   \(native.prefix(600))")
      }
    }
  }

  // MARK: - Samples and fixtures

  static let samples: [[String]] = Twin.systems.filter { $0 != "canonical" }.flatMap { name -> [[String]] in
    let folder = Repository.root.appending(path: "Samples/\(name)")
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.sorted().filter { !$0.contains("semicolon") && !$0.hasSuffix(".form") }.map { [name, $0] }
  }

  @Test(arguments: RoundTripTests.samples)
  func samplesComeBack(_ sample: [String]) throws {
    let url = Repository.root.appending(path: "Samples/\(sample[0])/\(sample[1])")
    let format = try #require(Format(rawValue: url.pathExtension))
    try RoundTripTests.expectReturn(Repository.bytes(url), sample[0], format, note: sample[1])
  }

  @Test(arguments: FixtureTests.rows.filter { $0.status == 0 && $0.records > 0 })
  func fixturesComeBack(_ row: FixtureTests.Row) throws {
    let endpoint = Conversion.endpoint(row.from)
    try RoundTripTests.expectReturn(
      FixtureTests.bytes(row.file), endpoint.system, try #require(endpoint.format), note: row.file)
  }

  // MARK: - Awkward records

  static let awkward: [(name: String, records: [String])] = [
    (
      "bigtime",
      [
        #"{"SystemId":469505000000133417,"Nm":"Ids","ClientId":"02134","Zip":"02134","MainPH":"+1-212-9876543"}"#,
        #"{"SystemId":"469505000000133417","Nm":"Text id","ClientId":2134,"Zip":2134.0,"MainFX":-0}"#,
        #"{"SystemId":3.00E+07,"Nm":"Exponent","ClientId":"3.00E+07","Zip":3.00E+07,"Status":3.00E+07,"IndustryId":"3.00E+07"}"#,
        #"{"SystemId":1,"Nm":"Lines","Address":"1\r\n2\n3\r4\n\n6","Notes":"a\r\nb","FullAddress":"\n"}"#,
        #"{"SystemId":2,"Nm":null,"LegalNm":"","Address":null,"City":"","State":null,"Zip":"","Country":null,"MainPH":"","Notes":null}"#,
        #"{"SystemId":3,"Nm":"","LoyaltyTier":"gold","Extra":{"a":[1,{"b":null}],"c":{}},"Empty":[],"a.b":1,"":2,"q\"\\":true}"#,
        #"{"SystemId":4,"Nm":"😀 é 丸","Notes":"\u0000\u001f\u007f\u2028 \ud83d\ude00 \/"}"#,
        #"{"SystemId":5,"Nm":"Contacts","ContactList":[{"Tag":"OTHER","EMail":"o@x","Id":1},{"Id":2,"Tag":"PRIMARY","EMail":"p@x","Phone_2":"5","Address":{"City":"B"}},{"Tag":"PRIMARY","EMail":"q@x"},{"Tag":"BILLING"}]}"#,
        #"{"SystemId":6,"Nm":"No primary","ContactList":[{"Tag":"OTHER","EMail":"o@x"}]}"#,
        #"{"SystemId":7,"Nm":"Empty list","ContactList":[]}"#,
        #"{"SystemId":8,"Nm":"Null list","ContactList":null}"#,
        #"{"SystemId":9,"Nm":"Odd list","ContactList":[null,1,"x",{},{"Tag":"PRIMARY"},{"Tag":null}]}"#,
        #"{"SystemId":10,"Nm":"Object list","ContactList":{"Tag":"PRIMARY","EMail":"p@x"}}"#,
        #"{"SystemId":{"a":1},"Nm":["x"],"Address":{},"City":[],"State":true,"Zip":false,"Country":0,"IsInactive":"yes","Status":"n/a"}"#,
        #"{"SystemId":11,"Nm":"Booleans","IsInactive":1}"#, #"{"SystemId":12,"Nm":"Booleans","IsInactive":"0"}"#,
        #"{"SystemId":13,"Nm":"Booleans","IsInactive":"false"}"#, #"{"SystemId":14,"Nm":"Booleans","IsInactive":null}"#,
        #"{"SystemId":15,"Nm":"Countries","Country":"u.s.","State":"Bavaria"}"#,
        #"{"systemid":16,"NM":"Case","cLiEnTiD":"7","CONTACTLIST":[{"tag":"PRIMARY","email":"e@x"}]}"#,
        #"{"SystemId":17,"Nm":"Both","nm":"spellings","Zip":"1","ZIP":"2"}"#,
        #"{"Nm":"No id"}"#, #"{"SystemId":null,"Nm":"Null id"}"#,
        #"{"SystemId":18,"Nm":"Times","DtCreated":"2019-06-17T14:05:00+02:00","DtModified":1560780300}"#,
      ]
    ),
    (
      "trackops",
      [
        #"{"id":7301,"name":"Street","primary_location":{"address_1":"a","address_2":"","address_3":"c"}}"#,
        #"{"id":7302,"name":"Street","primary_location":{"address_1":"a","address_2":"b","address_3":""}}"#,
        #"{"id":7303,"name":"Street","primary_location":{"address_1":"","address_2":"","address_3":"c"}}"#,
        #"{"id":7304,"name":"Street","primary_location":{"address_1":null,"address_2":"b","address_3":null}}"#,
        #"{"id":7305,"name":"Street","primary_location":{"address_2":"b\nc\nd\ne","address_1":"x\r\ny"}}"#,
        #"{"id":7306,"name":"Street","primary_location":{"address_1":"","address_2":null}}"#,
        #"{"id":7307,"name":"Street","primary_location":{"address_1":12,"address_2":"b\n","address_3":"\n"}}"#,
        #"{"id":7308,"name":"Street","primary_location":{"address_1":{},"address_2":"b"}}"#,
        #"{"id":7309,"name":"Zips","primary_location":{"zip":80202,"state":"CO","country":"US"}}"#,
        #"{"id":7310,"name":"Zips","primary_location":{"zip":02134}}"#.replacing("02134", with: "2134"),
        #"{"id":7311,"name":"Zips","primary_location":{"zip":3.00E+07,"phone_primary":12125551212,"state":"ZZ","country":"Deutschland"}}"#,
        #"{"id":7312,"name":"Location","primary_location":null}"#, #"{"id":7313,"name":"Location","primary_location":{}}"#,
        #"{"id":7314,"name":"Location","primary_location":[]}"#, #"{"id":7315,"name":"Location","primary_location":"x"}"#,
        #"{"id":7316,"name":"Flags","has_invoice_reminders":"0","show_location_on_invoice":"TRUE"}"#,
        #"{"id":7317,"name":"Flags","has_invoice_reminders":1,"show_location_on_invoice":"maybe"}"#,
        #"{"id":7318,"name":"Times","created_at":1560780300,"updated_at":"2019-06-17"}"#,
        #"{"id":7319,"name":"Times","created_at":"2019-06-17T14:05:00.250Z","updated_at":"1560780300"}"#,
        #"{"id":7320,"name":"Times","created_at":"","updated_at":"soon"}"#,
        #"{"id":7321,"name":"Custom","custom_fields":[{"id":1,"value":"2b"},{"id":2,"value":{"from":1}}],"Salesperson":{"id":4}}"#,
        #"{"id":"7322","name":"","notes":"a\r\nb","website":null,"email_invoice":""}"#,
        #"{"id":9223372036854775808,"name":"Big","account_code":12,"salesperson":"12","case_manager":3.00E+07}"#,
      ]
    ),
    (
      "harvest",
      [
        #"{"client":{"id":1,"name":"Money","currency":"USD"}}"#, #"{"client":{"id":2,"name":"Money","currency":"Euros - EUR"}}"#,
        #"{"client":{"id":3,"name":"Money","currency":"Krona","currency_symbol":"kr"}}"#,
        #"{"client":{"id":4,"name":"Money","currency":null,"currency_symbol":null}}"#,
        #"{"client":{"id":5,"name":"Money","currency":""}}"#, #"{"client":{"id":6,"name":"Money","currency":12}}"#,
        #"{"client":{"id":7,"name":"Details","details":"a\r\nb\rc\nd","address":"a\r\nb"}}"#,
        #"{"client":{"id":8,"name":"Details","details":null,"address":""}}"#,
        #"{"client":{"id":9,"name":"Details","details":"null","address":"\\r\\n"}}"#,
        #"{"client":{"id":10,"name":"Hyphens","default-invoice-kind":"task","created-at":"2008-04-09T12:07:56+00:00"}}"#,
        #"{"client":{"id":11,"name":"Kinds","active":"true","highrise_id":"110011","cache_version":"3836234653"}}"#,
        #"{"client":{"id":"12","name":13,"active":1,"highrise_id":3.00E+07,"cache_version":null,"tax":{"a":[]}}}"#,
        #"{"client":{"id":14,"name":"Times","created_at":"2008-04-09T12:07:56.5-05:00","updated_at":"soon","default_invoice_timeframe":"Custom"}}"#,
      ]
    ),
    (
      "zoho-people",
      [
        #"{"clientId":"469505000000133417","clientName":"Size","compsize":0}"#,
        #"{"clientId":469505000000133417,"clientName":"Size","compsize":"0"}"#,
        #"{"clientId":"1","clientName":"Size","compsize":"12"}"#, #"{"clientId":"2","clientName":"Size","compsize":3.00E+07}"#,
        #"{"clientId":"3","clientName":"Size","compsize":"many"}"#, #"{"clientId":"4","clientName":"Size","compsize":"007"}"#,
        #"{"clientId":"5","clientName":"Method","billingMethod":"Hourly User Rate - Jobs"}"#,
        #"{"clientId":"6","clientName":"Method","billingMethod":"hourly-user"}"#,
        #"{"clientId":"7","clientName":"Method","billingMethod":"by the moon"}"#,
        #"{"clientId":"8","clientName":"Method","billingMethod":7}"#,
        #"{"clientId":"9","clientName":"Places","state":"FL","country":"USA","streetAddr":"a\nb"}"#,
        #"{"clientId":"10","clientName":"Places","state":"Atlantis","country":"Deutschland","pincode":2134}"#,
        #"{"clientId":"11","clientName":"Places","state":"Florida","country":""}"#,
        #"{"clientId":"12","clientName":"Money","currency":"usd"}"#,
        #"{"clientId":"13","clientName":"Money","currencyCode":"EUR","currency":"USD"}"#,
        #"{"clientId":"14","clientName":"Nothing","faxNo":null,"mobileNo":"","description":null,"firstName":"","isDeleteAllowed":false}"#,
        #"{"clientId":"15","clientName":"Lines","description":"a\r\nb","clientColour":"teal"}"#,
      ]
    ),
  ]

  @Test(arguments: [Format.json, .ndjson])
  func awkwardRecordsComeBack(_ format: Format) throws {
    for (name, records) in RoundTripTests.awkward {
      func document(_ records: [String]) -> [UInt8] {
        let list = "[\(records.joined(separator: ","))]"
        if name == "zoho-people", format == .json { return Array(#"{"response":{"status":0,"result":\#(list)}}"#.utf8) }
        return Array((format == .json ? list : records.joined(separator: "\n") + "\n").utf8)
      }
      try RoundTripTests.expectReturn(
        document(records), name, format, carriers: RoundTripTests.carriers.filter { $0 != .xml }, note: "awkward")
      // What XML has no characters for cannot travel by it.
      try RoundTripTests.expectReturn(
        document(records.filter { !$0.contains(#"\u0000"#) }), name, format, carriers: [.xml], note: "awkward")
    }
  }

  @Test func awkwardRecordsOfXMLComeBack() throws {
    try RoundTripTests.expectReturn(
      Array(
        #"""
        <clients type="array">
          <client><id type="integer">1</id><name>A &amp; &#66;</name><details>a&#13;&#10;b
        c</details><highrise-id nil="true" type="integer"/><currency-symbol/></client>
          <client><id type="integer">02</id><name lang="de">x</name><active>1</active><tax><a>1</a><a b="c">2</a></tax><note/></client>
          <client><id type="Integer">3</id><name nil="true"></name><details><![CDATA[<null> ]]>x</details><created-at type="dateTime">2008-04-09T12:07:56+02:00</created-at></client>
        </clients>
        """#.utf8), "harvest", .xml, note: "awkward")
    try RoundTripTests.expectReturn(
      Array(
        #"""
        <ArrayOfClient>
          <Client SystemId="1" Other="x"><Nm>A</Nm><ContactList><Tag>OTHER</Tag></ContactList><ContactList><Tag>PRIMARY</Tag><EMail>e</EMail><Id>7</Id></ContactList></Client>
          <Client><SystemId>2</SystemId><nm>B</nm><Address>a&#10;b&#9;c</Address><IsInactive>1</IsInactive><Status>n/a</Status></Client>
        </ArrayOfClient>
        """#.utf8), "bigtime", .xml, note: "awkward")
  }

  // MARK: - Generated records

  static let corpora = ProcessInfo.processInfo.environment["CROSSWALK_CORPORA"] == "1"

  /// All of them in the whole corpora; otherwise one of so many, other ones for each seed.
  static func sampled<Case>(_ cases: [Case], oneOf share: Int) -> [Case] {
    if corpora { return cases }
    let first = Int(truncatingIfNeeded: TwinTests.seed % UInt64(share))
    return cases.enumerated().filter { ($0.offset + first) % share == 0 }.map(\.element)
  }

  /// The generator's records of a vendor, and in CSV what converting them gives.
  static func generated(_ vendor: String, _ format: String, _ count: Int, seed: Int) throws -> [UInt8] {
    let script = try #require(Repository.shared("perf/gen.py"))
    let output = FileManager.default.temporaryDirectory.appending(path: "crosswalk-gen-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: output) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "python3", script.path, "--vendor", vendor, "--format", format, "--records", "\(count)", "--seed", "\(seed)", "-o", output.path,
    ]
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return try Repository.bytes(output)
  }

  @Test(.enabled(if: Repository.isCI || Repository.shared("perf/gen.py") != nil), arguments: ["bigtime", "trackops", "harvest", "zoho"])
  func generatedRecordsComeBack(_ vendor: String) throws {
    let count = RoundTripTests.corpora ? 10_000 : 20
    let seed = 2
    let name = vendor == "zoho" ? "zoho-people" : vendor
    let first: Format = vendor == "harvest" ? .xml : .json
    let records = try RoundTripTests.generated(vendor, first.rawValue, count, seed: seed)
    for format in try Twin.system(name).formats where format != .form {
      let bytes =
        format == first ? records : try Conversion.run(records, "\(name):\(first)", to: "\(name):\(format)").output
      #expect(try RoundTripTests.leaves(bytes, name, format).count == count)
      // Every carrier in turn; all of them for the first format.
      try RoundTripTests.expectReturn(
        bytes, name, format, carriers: format == first ? RoundTripTests.carriers : [.json, .csv],
        note: "gen.py --seed \(seed)")
    }
  }

  /// Records with anything anywhere.
  @Test(arguments: ["bigtime", "trackops", "harvest", "zoho-people"])
  func recordsWithAnythingAnywhereComeBack(_ name: String) throws {
    var random = Random(seed: TwinTests.seed &+ 1)
    let system = try Twin.system(name)
    for format in [Format.json, .xml, .csv] where system.formats.contains(format) {
      let records = Twin.records(system, format, TwinTests.count * 2, &random)
      let document = try system.document(of: records, shape: .list, format: format)
      try RoundTripTests.expectReturn(document, name, format, note: "seed \(TwinTests.seed)")
    }
  }
}
