import Crosswalk
import CrosswalkModel
@testable import CrosswalkPipeline
import CrosswalkReference
import Foundation
import TestSupport
import Testing

/// Two files compared through their mappings: the marks, what counts as the same, and that neither order nor memory matters.
@Suite struct DiffTests {
  /// A comparison of bytes: a line a difference, `* id 1 (0, 3): city: "A" | "B"`.
  static func lines(
    _ first: String, _ from: ConvertJob.Endpoint, _ second: String, _ to: ConvertJob.Endpoint,
    change: (inout DiffJob) -> Void = { _ in }
  ) throws -> (lines: [String], summary: DiffSummary) {
    var job = DiffJob(.bytes(Array(first.utf8), name: "first"), from: from, .bytes(Array(second.utf8), name: "second"), to: to)
    change(&job)
    var lines: [String] = []
    func json(_ tree: Tree?) -> String { tree?.json ?? "absent" }
    let summary = try job.run { difference in
      let key = difference.key.map { "\($0.field) \($0.value.map { $0.json } ?? "-")" }.joined(separator: " ")
      let numbers = [difference.first, difference.second].map { $0.map(String.init) ?? "-" }.joined(separator: ",")
      let fields = difference.fields.map {
        $0.isSecret ? "\($0.name): secret" : "\($0.name): \(json($0.first)) | \(json($0.second))"
      }
      let problem = difference.problem.map { "\($0.place?.source ?? "") \($0.code) \($0.place?.bytes ?? 0..<0)" }
      lines.append(([difference.mark.rawValue, key, "(\(numbers))"] + fields + [problem].compactMap { $0 }).joined(separator: " "))
    }
    return (lines, summary)
  }

  @Test func each_mark_says_what_the_second_file_is_to_the_first() throws {
    let first = """
      {"SystemId": 1, "Nm": "One", "City": "Ulm"}
      {"SystemId": 2, "Nm": "Two", "Country": "USA", "State": "Ohio", "IsInactive": true}
      {"SystemId": 3, "Nm"
      {"SystemId": 4, "Nm": "Four"}
      {"Nm": "Nobody"}

      """
    let second = """
      {"id": 9, "name": "Nine"}
      oops
      {"id": 2, "name": "Two", "primary_location": {"country": "US", "state": "OH"}}
      {"id": 1, "name": "One", "notes": null, "primary_location": {"city": "Ulm "}}

      """
    let (lines, summary) = try DiffTests.lines(first, "bigtime:ndjson", second, "trackops:ndjson") { $0.all = true }
    #expect(
      lines == [
        #"* id "1" (0,3) primary_location.city: "Ulm" | "Ulm ""#,
        #"= id "2" (1,2)"#,
        "!  (2,-) first F0002 128..<148",
        #"+ id "4" (3,-)"#,
        "+  (4,-)",
        #"- id "9" (-,0)"#,
        "!  (-,1) second F0001 26..<30",
      ])
    #expect(summary.counts == [.different: 1, .same: 1, .onlyFirst: 2, .onlySecond: 1, .unreadable: 2])
    #expect((summary.first, summary.second, summary.withoutKey, summary.repeated) == (5, 4, 1, 0))
    #expect(summary.onlyFirstHas.contains("LegalNm") && summary.onlySecondHas.contains("salesperson"))
    #expect(!summary.isSame)
  }

  @Test func a_value_is_the_same_when_writing_either_gives_the_other() throws {
    // As the second writes it, as the first writes it, lines in several fields, one text of several values.
    let first = #"[{"id": 1, "name": "A", "created_at": "2019-06-17 14:05:00", "primary_location": {"address_1": "1 Quay", "address_2": "Dock 7", "country": "US", "state": "FL"}}]"#
    for (second, to) in [
      (#"[{"SystemId": 1, "Nm": "A", "DtCreated": "2019-06-17T16:05:00+02:00", "Address": "1 Quay\nDock 7", "Country": "UNITED STATES", "State": "Florida"}]"#, "bigtime"),
      (#"[{"id": "1", "name": "A", "created": "2019-06-17T14:05:00Z", "address": {"street": "1 Quay\nDock 7", "country": "USA", "region": "florida"}}]"#, "canonical"),
      (#"{"response": {"result": [{"clientId": "1", "clientName": "A", "streetAddr": "1 Quay, Dock 7", "country": "UNITED STATES", "state": "Florida"}], "status": 0}}"#, "zoho-people"),
      (#"[{"client": {"id": 1, "name": "A", "created_at": "2019-06-17T14:05:00Z", "details": "1 Quay\nDock 7\nFL\nUS"}}]"#, "harvest"),
    ] {
      let endpoint = ConvertJob.Endpoint(to, format: .json)
      let there = try DiffTests.lines(first, "trackops:json", second, endpoint).lines
      let back = try DiffTests.lines(second, endpoint, first, "trackops:json").lines
      #expect(there.isEmpty, "trackops, \(to)")
      #expect(back.isEmpty, "\(to), trackops")
    }
  }

  @Test func what_a_value_becomes_is_not_mistaken_for_the_value() throws {
    // What has no code is not compared with nothing, and differs from something; a default says nothing.
    let first = #"[{"SystemId": 1, "Country": "Atlantis"}, {"SystemId": 2, "Country": "Atlantis"}, {"SystemId": 3}]"#
    let second = #"[{"id": 1}, {"id": 2, "primary_location": {"country": "DE"}}, {"id": 3, "primary_location": {"country": "XX"}}]"#
    let (lines, summary) = try DiffTests.lines(first, "bigtime:json", second, "trackops:json")
    #expect(
      lines == [
        #"* id "2" (1,1) primary_location.country: "Atlantis" | "DE""#,
        #"* id "3" (2,2) primary_location.country: absent | "XX""#,
      ])
    #expect(summary.unconverted == 1)
  }

  @Test func what_the_other_system_has_no_place_for_is_counted_by_its_field() throws {
    // A name without a field there, an address that another one took the place of; not what is blank or repeats others.
    let first = #"[{"name": "A", "legalName": "A Ltd", "contact": {"email": "c@a.io"}, "billing": {"email": "b@a.io"}, "links": {"highrise": ""}}]"#
    let second = #"[{"name": "A", "email_invoice": "b@a.io"}]"#
    func compared(_ first: String, _ from: ConvertJob.Endpoint, _ second: String, _ to: ConvertJob.Endpoint) throws -> DiffSummary {
      let (lines, summary) = try DiffTests.lines(first, from, second, to) { $0.by = ["name"] }
      #expect(lines == [])
      #expect(summary.isSame)
      return summary
    }
    let there = try compared(first, "canonical:json", second, "trackops:json")
    #expect(there.unplacedFirst == ["legalName": 1, "contact.email": 1])
    #expect(there.unplacedSecond == [:])
    let back = try compared(second, "trackops:json", first, "canonical:json")
    #expect(back.unplacedFirst == [:])
    #expect(back.unplacedSecond == ["legalName": 1, "contact.email": 1])
    #expect(try compared(first, "canonical:json", first, "canonical:json").unplacedFirst == [:])
  }

  @Test func one_system_is_compared_as_it_stands_with_what_no_mapping_names() throws {
    let first = #"[{"client": {"id": 1, "name": "A", "statement_key": "k1", "active": null, "more": {"b": 1, "a": [1]}, "x": 1}}]"#
    let second = #"[{"client": {"x": "1", "name": "A", "id": "1", "statement_key": "k2", "more": {"a": [1], "b": 2}, "y": null}}]"#
    #expect(
      try DiffTests.lines(first, "harvest:json", second, "harvest:json").lines == [
        #"* id "1" (0,0) active: null | absent statement-key: secret more: {"a":[1],"b":1} | {"a":[1],"b":2} y: absent | null"#
      ])
    // Formats that say nothing in different ways, and kinds that only one of them has.
    let xml = #"<clients><client><id>1</id><name>A</name><statement-key>k1</statement-key><more><b>1</b><a>1</a></more><x>1</x></client></clients>"#
    #expect(
      try DiffTests.lines(first, "harvest:json", xml, "harvest:xml").lines == [
        #"* id "1" (0,0) more: {"a":[1],"b":1} | {"a":"1","b":"1"}"#
      ])
  }

  @Test func records_are_matched_by_fields_of_either_system_and_equal_keys_in_their_order() throws {
    let first = #"[{"SystemId": 1, "Nm": "A", "Zip": "1"}, {"SystemId": 2, "Nm": "A", "Zip": "1"}, {"SystemId": 3, "Nm": "B"}, {"SystemId": 4, "Zip": ""}]"#
    let second = #"[{"id": 9, "name": "B"}, {"id": 8, "name": "A", "primary_location": {"zip": 1, "city": "X"}}, {"id": 7, "name": "A", "primary_location": {"zip": "1"}}, {"id": 6}]"#
    let expected = [
      #"* Nm "A" address.postalCode "1" (0,1) primary_location.city: absent | "X""#, #"+ Nm - address.postalCode "" (3,-)"#,
      "- Nm - address.postalCode - (-,3)",
    ]
    let (lines, summary) = try DiffTests.lines(first, "bigtime:json", second, "trackops:json") {
      $0.by = ["Nm", "address.postalCode"]
    }
    #expect(lines == expected)
    #expect((summary.repeated, summary.withoutKey) == (2, 2))
    for (by, code) in [(["nme"], Code.unknownField), (["website"], .usage), (["name", "Nm"], .saidTwice)] {
      let error = #expect(throws: Diagnostic.self) {
        try DiffTests.lines(first, "bigtime:json", second, "trackops:json") { $0.by = by }
      }
      #expect(error?.code == code, "\(by)")
    }
  }

  @Test(arguments: [DiffJob.Memory(), DiffJob.Memory(records: 2000, index: 300)])
  func neither_order_nor_memory_matters(_ memory: DiffJob.Memory) throws {
    let seed = RestoreTests.seed
    var random = Random(seed: seed)
    var first: [String] = []
    var second: [(line: String, number: Int)] = []
    var expected: [Int: String] = [:]
    for number in 0..<700 {
      // Some hundred records have one key.
      let id = number % 2 == 0 ? number : 1
      first.append(#"{"SystemId":\#(id),"Nm":"N\#(number)"}"#)
      switch number % 2 == 0 ? Int.random(in: 0..<8, using: &random) : 7 {
      case 0: expected[number] = #"+ id "\#(id)" (\#(number))"#
      case 1:
        second.append((#"{"id":\#(id),"name":"M\#(number)"}"#, number))
        expected[number] = #"* id "\#(id)" (\#(number)) name: "N\#(number)" | "M\#(number)""#
      default: second.append((#"{"id":\#(id),"name":"N\#(number)"}"#, number))
      }
    }
    // Those with one key keep their order among themselves.
    let same = second.filter { $0.number % 2 == 1 }
    second.shuffle(using: &random)
    var next = 0
    for index in second.indices where second[index].number % 2 == 1 {
      second[index] = same[next]
      next += 1
    }
    let (lines, summary) = try DiffTests.lines(
      first.joined(separator: "\n"), "bigtime:ndjson", second.map(\.line).joined(separator: "\n"), "trackops:ndjson"
    ) { $0.memory = memory }
    // The other file's number says nothing here.
    let found = lines.map { $0.replacing(/\((\d+),[^)]*\)/) { "(\($0.1))" } }
    #expect(found == expected.sorted { $0.key < $1.key }.map(\.value), "seed \(seed)")
    #expect(summary.repeated == 350)
  }

  /// What `convert` writes is the same as what it was made of: odd values, in all formats of the target.
  @Test(arguments: [["bigtime", "trackops"], ["trackops", "zoho-people"], ["harvest", "canonical"], ["zoho-people", "harvest"]])
  func what_was_converted_does_not_differ(_ pair: [String]) throws {
    var random = Random(seed: RestoreTests.seed)
    let system = try Twin.system(pair[0])
    let records = RestoreTests.numbered(Twin.records(system, .json, 15, &random), system, from: 1)
    let input = try system.document(of: records, shape: .list, format: .json)
    let from = ConvertJob.Endpoint(pair[0], format: .json)
    let format = try #require(try Twin.system(pair[1]).formats.filter { $0 != .form }.randomElement(using: &random))
    let to = ConvertJob.Endpoint(pair[1], format: format)
    let output = try Conversion.run(input, from.description, to: to.description).output
    for (second, endpoint) in [(output, to), (input, from)] {
      var found: [String] = []
      let summary = try DiffJob(.bytes(input), from: from, .bytes(second), to: endpoint).run { difference in
        found.append("\(difference.mark.rawValue) \(difference.key) \(difference.fields)")
      }
      #expect(found.isEmpty, "\(from), \(endpoint), seed \(RestoreTests.seed)")
      #expect(summary.counts == [.same: 15])
    }
  }
}
