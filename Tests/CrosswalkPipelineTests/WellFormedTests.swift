import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import CrosswalkPipeline
import Foundation
import TestSupport
import Testing

/// Whatever comes through canonical, the XML that is written is well-formed: the plain parser and libxml2 take it.
@Suite struct WellFormedTests {
  static func expectWellFormed(_ bytes: [UInt8], _ system: String, note: String) throws {
    do {
      _ = try XMLReference.document(bytes)
    } catch {
      Issue.record("\(note): \(error) in \(String(decoding: bytes, as: UTF8.self).prefix(2_000))")
      return
    }
    // Through libxml2, record by record.
    _ = try Conversion.run(bytes, "\(system):xml", to: "canonical:ndjson") {
      $0.xmlParser = .libxml2
      $0.maxRejects = .percent(100)
    }
  }

  @Test(arguments: [
    (#"<highrise-id type="integer"><a/></highrise-id>"#, #"<highrise-id type="integer"><a/></highrise-id>"#),
    (#"<details nil="true"><b nil="true"/></details>"#, #"<details nil="true"><b nil="true"/></details>"#),
  ])
  func aRestoredDeclarationStandsForTheFieldsOwn(element: String, wanted: String) throws {
    let source = "<clients><client><id>1</id><name>A</name>\(element)</client></clients>"
    let canonical = try Conversion.run(source, "harvest:xml", to: "canonical:ndjson")
    let back = try Conversion.run(canonical.output, "canonical:ndjson", to: "harvest:xml")
    try WellFormedTests.expectWellFormed(back.output, "harvest", note: element)
    #expect(back.text.contains(wanted), "\(back.text)")
  }

  @Test func attributesThatXMLCannotHaveRejectTheRecord() throws {
    for path in ["@xmlns", "@a b", "x.@1"] {
      let record = #"{"id":"1","name":"A","system":"harvest","native":{"harvest":{"\#(path)":"v"}}}"#
      let run = try Conversion.run(record, "canonical:ndjson", to: "harvest:xml") { $0.maxRejects = .percent(100) }
      #expect(run.rejects.count == 1, "\(path)")
      try WellFormedTests.expectWellFormed(run.output, "harvest", note: path)
    }
  }

  @Test func randomRecordsThroughCanonicalAreWellFormed() throws {
    let seed = ProcessInfo.processInfo.environment["CROSSWALK_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
    var random = Random(seed: seed)
    func one(_ texts: [String]) -> String { texts.randomElement(using: &random)! }
    func number(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
    let texts = ["", "1", "true", " ", "a & b", "é\n", "]]>", "<x>"]
    let attributes = ["type", "nil", "lang", "a", "p:a"]
    func element(_ depth: Int) -> String {
      let name = one(["id", "name", "active", "details", "highrise-id", "cache-version", "created-at", "odd", "p:odd", "currency"])
      var tag = "<\(name)"
      for attribute in attributes where number(5) == 0 { tag += " \(attribute)=\"\(one(["integer", "true", "false", "1", ""]))\"" }
      if number(6) == 0 { return tag + "/>" }
      var content = ""
      if depth > 0, number(2) == 0 {
        for _ in 0..<number(3) { content += element(depth - 1) + (number(4) == 0 ? "text" : "") }
      } else {
        content = one(texts).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      }
      return "\(tag)>\(content)</\(name)>"
    }
    var xml = "<clients xmlns:p=\"urn:p\">"
    for index in 0..<200 { xml += "<client><id>\(index)</id><name>N</name>\((0..<number(4)).map { _ in element(2) }.joined())</client>" }
    xml += "</clients>"
    // The same names as members of JSON.
    func value(_ depth: Int) -> String {
      switch number(depth > 0 ? 6 : 3) {
      case 0: return "\"\(one(["", "1", "true", "x & y <z> \\n"]))\""
      case 1: return one(["null", "true", "12", "{}", "[]"])
      case 2: return "\"t\""
      case 3: return "[" + (0..<number(3)).map { _ in value(depth - 1) }.joined(separator: ",") + "]"
      default: return object(depth - 1, [])
      }
    }
    func object(_ depth: Int, _ first: [String]) -> String {
      var names = Set<String>()
      var members = first
      for _ in 0..<number(5) {
        let name = one(["@type", "@nil", "@a", "@p:a", "#text", "odd", "p:odd", "details", "highrise_id", "active", "a b", "@xmlns", "^ns:p", "1"])
        if number(8) > 0, ["a b", "@xmlns", "^ns:p", "1"].contains(name) { continue }
        if names.insert(name).inserted { members.append("\"\(name)\":\(value(depth))") }
      }
      return "{" + members.joined(separator: ",") + "}"
    }
    let json = (0..<200).map { #"{"client":\#(object(3, ["\"id\":\($0)", "\"name\":\"N\""]))}"# }.joined(separator: "\n")
    for (input, format) in [(xml, "xml"), (json, "ndjson")] {
      for carrier in ["ndjson", "xml"] {
        let there = try Conversion.run(input, "harvest:\(format)", to: "canonical:\(carrier)") { $0.maxRejects = .percent(100) }
        if carrier == "xml" { try WellFormedTests.expectWellFormed(there.output, "canonical", note: "seed \(seed), \(format)") }
        let back = try Conversion.run(there.output, "canonical:\(carrier)", to: "harvest:xml") { $0.maxRejects = .percent(100) }
        #expect(back.summary.records.written > 100, "seed \(seed)")
        try WellFormedTests.expectWellFormed(back.output, "harvest", note: "seed \(seed), \(format) by \(carrier)")
      }
    }
  }

  // MARK: - Free names of the root

  @Test func aLargeFirstRecordUnderAnyNameIsFound() throws {
    let large = String(repeating: "a", count: 5_000_000)
    let names = "<Rows><Row><Other>\(String(repeating: "b", count: 70_000))</Other><Nm>\(large)</Nm></Row><Row><Nm>B</Nm></Row></Rows>"
    let run = try Conversion.run(names, "bigtime:xml", to: "canonical:ndjson") { $0.limits.field = 8_000_000 }
    #expect(run.summary.records.written == 2)
  }

  @Test func aFieldAboveTheLimitUnderAnyNameIsARejectedRecord() throws {
    let large = String(repeating: "a", count: 5_000_000)
    let run = try Conversion.run("<Rows><Row><Nm>\(large)</Nm></Row><Row><Nm>B</Nm></Row></Rows>", "bigtime:xml", to: "canonical:ndjson") {
      $0.maxRejects = .count(1)
      $0.limits.field = 1_000_000
    }
    #expect(run.summary.records.written == 1)
    #expect(run.rejects.count == 1)
  }

  @Test(arguments: [("usd", "USD"), ("INR", "INR"), ("Euros", nil), ("XYZ", nil), ("US", nil)] as [(String, String?)])
  func aCurrencyThatIsNoCodeIsNotSent(_ given: String, _ wanted: String?) throws {
    let run = try Conversion.run(#"[{"id":1,"name":"N"}]"#, "trackops:json", to: "zoho-people") {
      $0.shape = .create
      $0.set = [.init(field: "currency.code", value: given)]
      $0.maxRejects = .count(1)
    }
    #expect(run.rejects.count == (wanted == nil ? 1 : 0))
    if let wanted { #expect(run.text.contains("currency=\(wanted)")) }
    // In a list the value is parked, and the record stands.
    let list = try Conversion.run(#"{"id":"1","name":"N","currency":{"code":"\#(given)"}}"#, "canonical:ndjson", to: "zoho-people:json")
    #expect(list.summary.records.written == 1)
    #expect(list.text.contains("currencyCode") == (wanted != nil))
    #expect(list.residue.first?["parked"]?.json == (wanted == nil ? #"{"currency.code":"\#(given)"}"# : nil) || wanted != nil)
  }
}
