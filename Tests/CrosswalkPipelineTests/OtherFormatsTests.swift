import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import CrosswalkPipeline
import CrosswalkReference
import Foundation
import TestSupport
import Testing

/// What a system's other formats and shapes say is what its first format says; and what people send instead of plain CSV is read.
@Suite struct OtherFormatsTests {
  /// The canonical leaves of every record by its name, without what a format may not be able to say: nulls, and `native`.
  static func records(_ bytes: [UInt8], _ from: String) throws -> [String: [String: String]] {
    let run = try Conversion.run(bytes, from, to: "canonical:ndjson")
    var all: [String: [String: String]] = [:]
    for line in run.output.split(separator: 0x0a) {
      var leaves: [String: String] = [:]
      func collect(_ tree: Tree, _ path: String) {
        guard case .object(let members) = tree else {
          if tree != .null { leaves[path] = tree.json }
          return
        }
        for member in members {
          let name = String(decoding: member.name, as: UTF8.self)
          if name != "native", name != "system" { collect(member.value, path.isEmpty ? name : "\(path).\(name)") }
        }
      }
      collect(try JSONReference.parse([UInt8](line)), "")
      all[leaves["name"] ?? "record \(all.count)"] = leaves
    }
    return all
  }

  @Test(arguments: RoundTripTests.sampled(Twin.pairs, oneOf: 3))
  func everyFormatAndShapeSaysTheSame(_ pair: [String]) throws {
    let (files, input) = try GoldenTests.samples(pair[0])
    let target = try Twin.system(pair[1])
    let first = try #require(target.formats.first)
    let ids = FileManager.default.temporaryDirectory.appending(path: "crosswalk-ids-\(UUID().uuidString).csv")
    defer { try? FileManager.default.removeItem(at: ids) }
    func converted(_ shape: Shape, _ format: Format) throws -> Conversion {
      try Conversion.run("", "\(pair[0]):\(input)", to: "\(pair[1]):\(format)") { job in
        job.inputs = files.map { .file($0.path) }
        job.shape = shape
        job.maxRejects = .percent(100)
        if shape == .create {
          job.set = [.init(field: "currency.code", value: "USD")]
          // One source has no addresses at all.
          if pair == ["harvest", "trackops"] {
            job.set += [.init(field: "address.country", value: "US"), .init(field: "address.region", value: "FL")]
          }
        }
        if shape == .update, pair[1] != "canonical" { job.ids = ids.path }
      }
    }
    // Every source id is its own in the target.
    let source = try files.map { try OtherFormatsTests.records(Repository.bytes($0), "\(pair[0]):\(input)") }
    let known = source.flatMap { $0.values.compactMap { $0["id"]?.trimmingCharacters(in: ["\""]) } }
    try Data((["source_id,target_id"] + known.map { "\($0),\($0)" }).joined(separator: "\n").appending("\n").utf8).write(to: ids)

    let list = try OtherFormatsTests.records(converted(.list, first).output, "\(pair[1]):\(first)")
    #expect(list.count == source.reduce(0) { $0 + $1.count })
    var shapes = 0
    for shape in Shape.allCases {
      var wanted: [String: [String: String]]?
      for format in target.formats {
        let run: Conversion
        do {
          run = try converted(shape, format)
        } catch let error as Diagnostic where error.code == .unknownFormat {
          continue
        }
        shapes += 1
        let note = "\(pair[0]) to \(pair[1]):\(format), \(shape)"
        #expect(run.summary.failure == nil, "\(note): \(String(describing: run.summary.failure))")
        let records = try OtherFormatsTests.records(run.output, "\(pair[1]):\(format)")
        #expect(records.count == run.summary.records.written, "\(note)")
        if let wanted { #expect(records == wanted, "\(note)") }
        wanted = wanted ?? records
        guard shape != .list else {
          #expect(records == list, "\(note)")
          continue
        }
        // A body has some of the list's values, and what was supplied.
        for (name, record) in records {
          for (field, value) in record where list[name]?[field] != value {
            let isSupplied =
              shape == .create
              && (field.hasPrefix("currency.") || field == "place.name" || pair == ["harvest", "trackops"] && field.hasPrefix("address."))
            #expect(isSupplied || shape == .update && field == "id", "\(note): \(name) has \(field) = \(value), the list \(list[name]?[field] ?? "nothing")")
          }
        }
      }
    }
    #expect(shapes >= 4, "\(pair[1]) was written in \(shapes) ways")
  }

  // MARK: - What people send

  static let csv = "id,name,notes,primary_location.zip\n1,\"Ann, Bob\",\"two\r\nlines\",02134\n2,Zoë,\"\",\n"
  static let read = [
    #"{"id":"1","name":"Ann, Bob","address":{"postalCode":"02134"},"notes":"two\r\nlines","system":"trackops"}"#,
    #"{"id":"2","name":"Zoë","notes":"","system":"trackops"}"#,
  ]

  func lines(_ text: String, _ from: String) throws -> [String] {
    try Conversion.run(text, from, to: "canonical:ndjson").text.split(separator: "\n").map(String.init)
  }

  @Test func plainCSVIsRead() throws {
    #expect(try lines(OtherFormatsTests.csv, "trackops:csv") == OtherFormatsTests.read)
  }

  @Test(arguments: [";", "\t", "|"])
  func anotherDelimiterIsFoundOut(_ delimiter: String) throws {
    let text = OtherFormatsTests.csv.replacing("Ann, Bob", with: "Ann\u{1} Bob").replacing(",", with: delimiter).replacing(
      "\u{1}", with: ",")
    #expect(try lines(text, "trackops:csv") == OtherFormatsTests.read)
  }

  @Test func aMarkOfUTF8BeforeTheHeaderIsNoPartOfIt() throws {
    #expect(try lines("\u{feff}" + OtherFormatsTests.csv, "trackops:csv") == OtherFormatsTests.read)
  }

  @Test(arguments: ["\r", "\r\n"])
  func anotherLineEndIsRead(_ end: String) throws {
    let text = OtherFormatsTests.csv.replacing("two\r\nlines", with: "two\u{1}lines").replacing("\n", with: end).replacing(
      "\u{1}", with: "\r\n")
    #expect(try lines(text, "trackops:csv") == OtherFormatsTests.read)
  }

  @Test func bodiesOfFormsAreRead() throws {
    #expect(
      try lines(
        """
        clientName=Adamo%20Meyrick&currency=USD&billingMethod=hourlyjobrate&faxNo=%2B1-212-9876543&streetAddr=50%2C%20Oakland%20Avenue&city=%23206%20A%20city
        addclient?clientName=Zo%C3%AB+%F0%9F%8E%89&currency=EUR&mobileNo=&pincode=02134&tier=gold

        """, "zoho-people:form") == [
          ##"{"name":"Adamo Meyrick","currency":{"code":"USD"},"billing":{"method":"hourly-job"},"phone":{"fax":"+1-212-9876543"},"address":{"street":"50, Oakland Avenue","city":"#206 A city"},"system":"zoho-people"}"##,
          #"{"name":"Zoë 🎉","currency":{"code":"EUR"},"phone":{"mobile":""},"address":{"postalCode":"02134"},"system":"zoho-people","native":{"zoho-people":{"mobileNo":"","tier":"gold"}}}"#,
        ])
  }

  @Test(arguments: ["bigtime", "trackops", "harvest", "zoho-people"])
  func samplesWithSemicolonsAreRead(_ name: String) throws {
    let url = Repository.root.appending(path: "Samples/\(name)/clients-semicolon.csv")
    let run = try Conversion.run(Repository.bytes(url), name, to: "canonical:json", ending: ".csv")
    #expect(run.summary.records.read > 0)
    #expect(run.summary.records.written == run.summary.records.read)
  }
}
