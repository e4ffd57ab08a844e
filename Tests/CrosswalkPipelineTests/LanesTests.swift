import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import CrosswalkPipeline
import Foundation
import TestSupport
import Testing

/// The bytes of a run do not depend on the number of workers: wherever the input is cut for them, and whatever it holds that looks
/// like a good place to cut.
@Suite struct LanesTests {
  static let seed: UInt64 =
    ProcessInfo.processInfo.environment["CROSSWALK_SEED"].flatMap { UInt64($0) } ?? 20_190_617

  /// What a run leaves behind, byte by byte.
  struct Result: Equatable {
    var output: [UInt8]
    var residue: [UInt8]
    var rejects: [UInt8]
    var records: ConvertSummary.Records
    var parked: [ConvertSummary.ParkedReason: Int]
    var parkedFields: [String: Int]
    var reported: [Code: Int]
    var said: [String]
    /// What ended it.
    var error: String?
  }

  static func run(
    _ bytes: [UInt8], _ from: String, to target: String, jobs: Int, change: (inout ConvertJob) -> Void
  ) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "crosswalk-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func written(_ name: String) -> [UInt8] {
      (try? Data(contentsOf: folder.appending(path: name))).map { [UInt8]($0) } ?? []
    }
    var job = ConvertJob(inputs: [.bytes(bytes, name: "input")], from: Conversion.endpoint(from), to: Conversion.endpoint(target))
    job.output = .file(folder.appending(path: "output").path)
    job.residue = .file(folder.appending(path: "residue").path)
    job.rejects = folder.appending(path: "rejects").path
    job.maxRejects = .percent(100)
    job.jobs = jobs
    change(&job)
    var said: [String] = []
    var summary = ConvertSummary(from: job.from, to: job.to)
    var ended: String?
    do throws(Diagnostic) {
      summary = try job.attempt(report: { said.append("\($0)") })
    } catch {
      ended = "\(error)"
    }
    return Result(
      output: written("output"), residue: written("residue"), rejects: written("rejects"), records: summary.records,
      parked: summary.parked, parkedFields: summary.parkedFields, reported: summary.reported, said: said, error: ended)
  }

  /// Runs with one worker and with several; gives what one made of it.
  @discardableResult
  static func expectSame(
    _ bytes: [UInt8], _ from: String, to target: String, change: (inout ConvertJob) -> Void = { _ in }
  ) throws -> Result {
    let note = "seed \(seed), \(from) to \(target), \(bytes.count) bytes"
    let wanted = try run(bytes, from, to: target, jobs: 1, change: change)
    for jobs in some([2, 3, 7]) {
      let got = try run(bytes, from, to: target, jobs: jobs, change: change)
      for (name, mine, own) in [
        ("output", got.output, wanted.output), ("residue", got.residue, wanted.residue), ("rejects", got.rejects, wanted.rejects),
      ] where mine != own {
        let at = zip(mine, own).enumerated().first { $1.0 != $1.1 }?.offset ?? min(mine.count, own.count)
        func near(_ bytes: [UInt8]) -> String {
          String(decoding: bytes[max(0, min(at, bytes.count) - 100)..<min(bytes.count, at + 200)], as: UTF8.self)
        }
        Issue.record("\(note): \(name) of \(jobs) workers differs at \(at)\n\(near(mine))\none worker\n\(near(own))")
      }
      #expect(got.records == wanted.records, "\(note), \(jobs) workers")
      #expect(got.parked == wanted.parked && got.parkedFields == wanted.parkedFields, "\(note), \(jobs) workers")
      #expect(got.reported == wanted.reported, "\(note), \(jobs) workers")
      // Within a batch the warnings on ids that stand twice come first: the order depends on the batches.
      #expect(got.said.sorted() == wanted.said.sorted(), "\(note), \(jobs) workers")
      #expect(got.error == wanted.error, "\(note), \(jobs) workers")
    }
    return wanted
  }

  // MARK: - Inputs

  static let wholeCorpora = ProcessInfo.processInfo.environment["CROSSWALK_CORPORA"] == "1"
  /// Bytes of an input, besides its one large record.
  static let size = wholeCorpora ? 3_000_000 : 1_000_000

  /// All of them, or one that the seed chooses.
  static func some<T>(_ all: [T]) -> [T] { wholeCorpora ? all : [all[Int(seed % UInt64(all.count))]] }

  /// Texts of all lengths; some look like the place where a record begins.
  struct Texts {
    var random: Random
    let traps: [String]

    mutating func text() -> String {
      if Int.random(in: 0..<6, using: &random) == 0 { return traps.randomElement(using: &random)! }
      return String(repeating: "wörd ", count: Int.random(in: 0..<40, using: &random))
    }

    mutating func one(in n: Int) -> Bool { Int.random(in: 0..<n, using: &random) == 0 }
  }

  static func jsonText(_ text: String) -> String { String(decoding: TreeWriter.json(.text(text)), as: UTF8.self) }

  /// - odd: what stands here and there in the place of a record.
  static func jsonRecords(odd: [String]) -> [String] {
    var texts = Texts(
      random: Random(seed: seed),
      traps: [
        #"},{"SystemId":1,"Nm":"not a record"},{"SystemId":"#, "\n{\"SystemId\":2}\n", "}\n,\n{\"Nm\":\"x\"", "]", "\\\"},{\"SystemId\":",
        #"}, { "SystemId" : 3"#,
      ])
    var records: [String] = []
    var bytes = 0
    while bytes < size {
      if texts.one(in: 40), let odd = odd.randomElement(using: &texts.random) { records.append(odd) }
      var members = [
        #""SystemId":\#(records.count)"#, #""Nm":\#(jsonText(texts.text()))"#, #""Notes":\#(jsonText(texts.text()))"#,
        #""City":\#(jsonText(texts.text()))"#,
      ]
      if texts.one(in: 3) { members.append(#""Unknown\#(records.count % 50)":[{"SystemId":1,"Nm":\#(jsonText(texts.text()))},{"SystemId":2}]"#) }
      if texts.one(in: 5) { members.append(#""ContactList":[{"Tag":"OTHER"},{"Tag":"PRIMARY","EMail":\#(jsonText(texts.text()))}]"#) }
      if texts.one(in: 4) { members.shuffle(using: &texts.random) }
      let record = "{" + members.joined(separator: texts.one(in: 6) ? " , " : ",") + "}"
      bytes += record.utf8.count
      records.append(record)
    }
    let large = jsonText(String(repeating: #"},{"SystemId":7,"Nm":"#, count: 50_000))
    records.insert(#"{"SystemId":9000000,"Nm":"large","Notes":\#(large)}"#, at: records.count / 2)
    return records
  }

  static let badRecords = [
    #"{"SystemId":1,"Nm":"bad \x escape"}"#, #"{"SystemId":2,"Nm":"half \ud800 character"}"#, #"{"Nm":"twice","Nm":"twice"}"#,
    "{\"SystemId\":3,\"Nm\":\"control \u{1}\"}", #"["no record",{"SystemId":4}]"#, "17", #"{"SystemId":5,"Nm":[[[[[]]]]],"x":{}}"#,
  ]

  @Test func anArrayOfJSONIsTheSameForAnyNumberOfWorkers() throws {
    let records = LanesTests.jsonRecords(odd: LanesTests.badRecords)
    for separator in LanesTests.some([",", ",\n", " , "]) {
      let bytes = Array(("[" + records.joined(separator: separator) + "]\n").utf8)
      let result = try LanesTests.expectSame(bytes, "bigtime:json", to: "zoho-people:json")
      #expect(result.error == nil)
      #expect(result.records.read == records.count && result.records.rejected > 2)
      #expect(result.rejects.split(separator: 0x0a).count == result.records.rejected)
    }
  }

  @Test func linesOfJSONAreTheSameForAnyNumberOfWorkers() throws {
    let records = LanesTests.jsonRecords(odd: LanesTests.badRecords + ["{\"SystemId\":6", "}", "{\"Nm\":01}", "nonsense {\"SystemId\":7}"])
    for separator in LanesTests.some(["\n", "\r\n", "\n\n"]) {
      let bytes = Array(records.joined(separator: separator).utf8)
      let result = try LanesTests.expectSame(bytes, "bigtime:ndjson", to: "harvest:xml")
      #expect(result.error == nil)
      #expect(result.records.read == records.count && result.records.rejected > 2)
    }
  }

  @Test func whatEndsARunEndsItAtTheSamePlace() throws {
    let records = LanesTests.jsonRecords(odd: [])
    for bad in LanesTests.some(["{\"SystemId\":01}", "{\"SystemId\":1}}", "{\"SystemId\":1", "]", ""]) {
      var all = records
      all.insert(bad, at: records.count * 2 / 3)
      let bytes = Array(("[" + all.joined(separator: ",") + "]\n").utf8)
      let result = try LanesTests.expectSame(bytes, "bigtime:json", to: "canonical:ndjson")
      #expect(result.error != nil && result.output.isEmpty, "\(bad)")
    }
  }

  @Test func tooManyRejectsAreTheSameManyRejects() throws {
    let records = LanesTests.jsonRecords(odd: LanesTests.badRecords)
    let bytes = Array(records.joined(separator: "\n").utf8)
    let result = try LanesTests.expectSame(bytes, "bigtime:ndjson", to: "canonical:ndjson") { $0.maxRejects = .count(3) }
    #expect(result.output.isEmpty)
  }

  @Test func wrappedAndBareRecordsAreTheSameForAnyNumberOfWorkers() throws {
    var random = Random(seed: LanesTests.seed)
    var records: [String] = []
    for number in 0..<LanesTests.size / 400 {
      let name = LanesTests.jsonText("}},{\"client\":{\"id\":\(number)}},{\"client\":{" + String(repeating: "wörd ", count: 50))
      let record = #"{"id":\#(number),"name":\#(name),"details":"x"}"#
      switch Int.random(in: 0..<10, using: &random) {
      case 0: records.append(record)
      case 1: records.append(#"{"client":\#(record),"name":"beside"}"#)
      default: records.append(#"{"client":\#(record)}"#)
      }
    }
    let bytes = Array(("[" + records.joined(separator: ",") + "]\n").utf8)
    try LanesTests.expectSame(bytes, "harvest:json", to: "canonical:ndjson")
    let lines = Array(records.joined(separator: "\n").utf8)
    try LanesTests.expectSame(lines, "harvest:ndjson", to: "canonical:ndjson")
  }

  @Test func XMLIsTheSameForAnyNumberOfWorkers() throws {
    var texts = Texts(
      random: Random(seed: LanesTests.seed),
      traps: [
        "<![CDATA[</client><client><id>1</id></client><client>]]>", "<!-- </client><client><id>2</id> -->", "&lt;/client&gt;&lt;client&gt;",
        "<![CDATA[]]]]><![CDATA[>]]>", "<client><id>inner</id></client><client/>", "<?p </client><client> ?>",
      ])
    var records: [String] = []
    var bytes = 0
    while bytes < LanesTests.size {
      let record =
        "<client><id type=\"integer\">\(records.count)</id><name>n\(texts.text())</name><details>\(texts.text())</details>"
        + (texts.one(in: 3) ? "<extra at=\"</client><client>\">".replacing("<client>", with: "&lt;client>").replacing("</client>", with: "&lt;/client>") + "\(texts.text())</extra>" : "") + "</client>"
      bytes += record.utf8.count
      records.append(record)
    }
    let large = String(repeating: "<![CDATA[</client><client>]]>", count: 36_000)
    records.insert("<client><id>9000000</id><name>large</name><details>\(large)</details></client>", at: records.count / 2)
    for separator in LanesTests.some(["", "\n", "<!-- <client> -->"]) {
      let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clients type=\"array\">\n\(records.joined(separator: separator))\n</clients>\n"
      let result = try LanesTests.expectSame(Array(text.utf8), "harvest:xml", to: "canonical:ndjson")
      #expect(result.error == nil)
      #expect(result.records.read == records.count)
    }
    // A document that ends too early, or is broken in the middle.
    for bad in LanesTests.some(["<client><id>1</client>", "</clients>", "<client>&nope;</client>", "<client"]) {
      var all = records
      all.insert(bad, at: records.count * 2 / 3)
      let text = "<clients type=\"array\">\(all.joined(separator: "\n"))</clients>\n"
      let result = try LanesTests.expectSame(Array(text.utf8), "harvest:xml", to: "canonical:ndjson")
      #expect(result.error != nil, "\(bad)")
    }
  }

  @Test func CSVIsTheSameForAnyNumberOfWorkers() throws {
    var texts = Texts(
      random: Random(seed: LanesTests.seed),
      traps: ["\n7,Not a row,x\n", "\r\n\"\"\r\n", "\"", "\",\n\"", "a,b\nc,d", "\n\n\n", "\r"])
    func cell(_ text: String) -> String {
      text.utf8.contains { [0x22, 0x2c, 0x0a, 0x0d].contains($0) } ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
    for lineEnd in LanesTests.some(["\n", "\r\n"]) {
      var rows = ["SystemId,Nm,Notes,City,Unknown"]
      var bytes = 0
      while bytes < LanesTests.size {
        if texts.one(in: 50) { rows.append(["1,too,few", "1,too,many,cells,in,it", "1,stray \"quote\",,,", "1,\"a\"b,,,"].randomElement(using: &texts.random)!) }
        let row = (["\(rows.count)"] + (0..<4).map { _ in cell(texts.text()) }).joined(separator: ",")
        bytes += row.utf8.count
        rows.append(row)
      }
      let large = cell(String(repeating: "\n7,Not a row,x,y,z\n\"", count: 50_000))
      rows.insert("9000000,large,\(large),,", at: rows.count / 2)
      let text = rows.joined(separator: lineEnd) + lineEnd
      let result = try LanesTests.expectSame(Array(text.utf8), "bigtime:csv", to: "canonical:ndjson")
      #expect(result.error == nil)
      #expect(result.records.read == rows.count - 1 && result.records.rejected > 2)
      // A quote that is never closed takes the rest.
      var open = rows
      open.insert("1,\"open,x,y,z", at: rows.count * 2 / 3)
      try LanesTests.expectSame(Array((open.joined(separator: lineEnd) + lineEnd).utf8), "bigtime:csv", to: "canonical:ndjson")
    }
  }
}
