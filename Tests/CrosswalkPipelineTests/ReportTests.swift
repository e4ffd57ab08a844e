import Crosswalk
import Foundation
import TestSupport
import Testing

@testable import CrosswalkPipeline

/// The books of a run and their report (SEMANTICS S3, S4; DESIGN section 8).
@Suite struct ReportTests {
  static func summary(_ from: ConvertJob.Endpoint, _ to: ConvertJob.Endpoint, _ text: String, name: String = "a.json") throws -> ConvertSummary {
    var job = ConvertJob(inputs: [.bytes(Array(text.utf8), name: name)], from: from, to: to)
    job.residue = .none
    return try job.run(into: { _ in })
  }

  @Test func eachValueHasOneFateAndTheReportSaysWhich() throws {
    let text = """
      [{"SystemId": 12, "Nm": "Acme", "MainPH": "555", "Country": "UNITED STATES", "State": "CO", "Address": "1 Road\\nSuite 2",
      "FullAddress": "1 Road", "Notes": null, "ClientId": "", "Extra": {"a": [1, {}], "b": "x"}}]
      """
    var summary = try Self.summary("bigtime:json", "trackops:json", text)
    summary.seconds = 0
    summary.edges.removeAll { $0.source != "Address" && $0.source != "Country" }
    #expect(
      summary.report == """
        {"crosswalk":"1","from":"bigtime:json","to":"trackops:json",\
        "records":{"read":1,"written":1,"rejected":0,"malformed":0},\
        "values":{"read":12,"kept":6,"recoded":2,"parked":4,"rejected":0,"written":9,"supplied":0,"restored":0,"onlyWithResidue":0},\
        "parkedWhy":{"noPlace":3,"derived":0,"empty":0,"readOnly":0,"failed":0,"taken":1},\
        "fields":{"Address":{"read":1,"kept":0,"recoded":1,"parked":0,"rejected":0},\
        "ClientId":{"read":1,"kept":1,"recoded":0,"parked":0,"rejected":0},\
        "Country":{"read":1,"kept":0,"recoded":1,"parked":0,"rejected":0},\
        "Extra":{"read":3,"kept":0,"recoded":0,"parked":3,"rejected":0},\
        "FullAddress":{"read":1,"kept":0,"recoded":0,"parked":1,"rejected":0},\
        "MainPH":{"read":1,"kept":1,"recoded":0,"parked":0,"rejected":0},\
        "Nm":{"read":1,"kept":1,"recoded":0,"parked":0,"rejected":0},\
        "Notes":{"read":1,"kept":1,"recoded":0,"parked":0,"rejected":0},\
        "State":{"read":1,"kept":1,"recoded":0,"parked":0,"rejected":0},\
        "SystemId":{"read":1,"kept":1,"recoded":0,"parked":0,"rejected":0}},\
        "edges":[{"from":"Address","to":"primary_location.address_1","values":1},\
        {"from":"Address","to":"primary_location.address_2","values":1},\
        {"from":"Country","to":"primary_location.country","values":1}],\
        "supplied":{},"document":{"unknown":{}},"residue":null,"stored":false,"rejects":null,\
        "reported":{},"acknowledgements":[],"morePagesFollow":false,"failure":null,"balanced":true,"bytes":213,"seconds":0.000}
        """)
  }

  @Test func aRejectedRecordTakesItsValuesWithItAndAMalformedOneCountsNone() throws {
    let text = #"{"Nm":"a","State":"CO","x":{"y":[1,2]}}"# + "\n" + #"{"Nm":"#  + "\n"
    var job = ConvertJob(inputs: [.bytes(Array(text.utf8), name: "a.ndjson")], from: "bigtime:ndjson", to: "trackops:json")
    job.shape = .create
    job.residue = .none
    job.maxRejects = .count(9)
    job.rejects = "/dev/null"
    let summary = try job.run(into: { _ in })
    #expect(summary.records == { var records = ConvertSummary.Records(); (records.read, records.rejected, records.malformed) = (2, 2, 1); return records }())
    #expect((summary.values.read, summary.values.rejected, summary.values.written) == (4, 4, 0))
    #expect(summary.fields["x"]?.rejected == 2)
  }

  // MARK: - The balance

  /// A batch as a worker leaves it, spoilt, and what the accounts say of it.
  static func verdict(_ spoil: (BatchResult) -> Void) throws -> String? {
    let library = try MappingLibrary(folders: [])
    let model = try library.canonical()
    let source = try #require(try library.system("bigtime", canonical: model).0)
    let target = try #require(try library.system("zoho-people", canonical: model).0)
    let settings = PlanSettings(canonical: model, tables: { name in Tables.open(name, in: library) })
    let plan = Plan(
      source: source, sourceFormat: .json, target: target, targetFormat: .json, shape: .list, settings: settings, keepsResidue: true)
    let writer = JSONRecordWriter(layout: plan.targetLayout, template: .list(.record), shape: .list, format: .json)
    var rules = BatchWorker.Rules()
    rules.keepsResidue = true
    let worker = BatchWorker(plan: plan, writer: writer, rules: rules)
    worker.use(JSONRecordReader(layout: plan.sourceLayout, frame: plan.frame, mode: .array))
    worker.begin(worker.result)
    let text = Array(#"{"SystemId":1,"Nm":"a","LegalNm":"b","City":"","MainPH":"3","Country":"UNITED STATES"}]"#.utf8)
    let bytes = text + [UInt8](repeating: 0, count: 64)
    var position = 0
    bytes.withUnsafeBufferPointer { buffer in
      _ = worker.process(buffer.baseAddress!, &position, to: text.count, isLast: true, offset: 0)
    }
    spoil(worker.result)
    worker.close(worker.result.books)
    var accounts = Accounts()
    accounts.add(worker.result, of: plan)
    accounts.close()
    let prediction = Prediction(
      from: source, .json, to: target, .json, shape: .list, canonical: model, transforms: TransformTable.specs)
    return accounts.imbalance([prediction], hasResidue: true, countsWritten: true)?.title
  }

  @Test func whatOneSideCountsDifferentlyIsSaid() throws {
    #expect(try Self.verdict { _ in } == nil)
    #expect(
      try Self.verdict { $0.books.read += 1 } == "the accounts do not balance: 7 values were read, and 6 have a fate")
    #expect(
      try Self.verdict { $0.out.leaves -= 1 } == "the accounts do not balance: 3 values were written, and 4 should have been")
    #expect(
      try Self.verdict { $0.literalsParked = 0 } == "the accounts do not balance: 2 values were parked, and 0 stand in the residue")
  }

  // MARK: - The schema

  @Test func reportsFitTheirSchema() throws {
    let url = Repository.root.appending(path: "Sources/CrosswalkPipeline/report.schema.json")
    let schema = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
    let sample = try String(contentsOf: Repository.root.appending(path: "Samples/trackops/clients.json"), encoding: .utf8)
    for target in ["canonical:json", "bigtime:csv", "harvest:xml", "zoho-people:json"] as [ConvertJob.Endpoint] {
      let report = try Self.summary("trackops:json", target, sample).report
      let value = try JSONSerialization.jsonObject(with: Data(report.utf8))
      #expect(Self.faults(value, schema, root: schema) == [], "\(report)")
    }
    let wrong = try JSONSerialization.jsonObject(with: Data(#"{"crosswalk":"2","bytes":-1,"stored":"no","edges":[{"from":1}]}"#.utf8))
    #expect(Self.faults(wrong, schema, root: schema).count >= 8)
  }

  /// What of JSON Schema the file uses.
  static func faults(_ value: Any, _ schema: [String: Any], root: [String: Any], at path: String = "") -> [String] {
    if let reference = schema["$ref"] as? String {
      let name = reference.replacing("#/$defs/", with: "")
      guard let defined = (root["$defs"] as? [String: Any])?[name] as? [String: Any] else { return ["\(path): no \(reference)"] }
      return faults(value, defined, root: root, at: path)
    }
    var faults: [String] = []
    let types = (schema["type"] as? [String]) ?? (schema["type"] as? String).map { [$0] } ?? []
    if !types.isEmpty, !types.contains(where: { isOf($0, value) }) { faults.append("\(path) is no \(types)") }
    if let constant = schema["const"] as? String, value as? String != constant { faults.append("\(path) is not \(constant)") }
    if let least = schema["minimum"] as? Double, let number = value as? Double, number < least { faults.append("\(path) < \(least)") }
    if let object = value as? [String: Any] {
      for name in schema["required"] as? [String] ?? [] where object[name] == nil { faults.append("\(path).\(name) is missing") }
      let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
      for (name, member) in object {
        if let one = properties[name] {
          faults += Self.faults(member, one, root: root, at: "\(path).\(name)")
        } else if let others = schema["additionalProperties"] as? [String: Any] {
          faults += Self.faults(member, others, root: root, at: "\(path).\(name)")
        } else if schema["additionalProperties"] as? Bool == false {
          faults.append("\(path).\(name) is unknown")
        }
      }
    }
    if let items = value as? [Any], let each = schema["items"] as? [String: Any] {
      for (index, item) in items.enumerated() { faults += Self.faults(item, each, root: root, at: "\(path)[\(index)]") }
    }
    return faults
  }

  static func isOf(_ type: String, _ value: Any) -> Bool {
    switch type {
    case "object": value is [String: Any]
    case "array": value is [Any]
    case "string": value is String
    case "null": value is NSNull
    case "boolean": value is Bool && !(value is String)
    case "integer": value is Int && !(value is String)
    default: value is Double
    }
  }
}
