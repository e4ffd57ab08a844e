import Crosswalk
import CrosswalkModel
import CrosswalkPipeline
import CrosswalkReference
import CrosswalkWhy
import Foundation
import TestSupport
import Testing

/// Where a value came from: the steps that are shown are those of the conversion, whatever the systems and formats.
@Suite struct WhyTests {
  struct Pair: CustomTestStringConvertible, Sendable {
    var from: String
    var file: String
    var to: String
    var testDescription: String { "\(file) \(from) > \(to)" }
  }

  /// Each system as source and as target, each format at least once.
  static let pairs = [
    Pair(from: "bigtime", file: "bigtime/everything.json", to: "harvest:xml"),
    Pair(from: "bigtime", file: "bigtime/clients.xml", to: "trackops:json"),
    Pair(from: "trackops", file: "trackops/everything.json", to: "bigtime:csv"),
    Pair(from: "trackops", file: "trackops/clients.csv", to: "zoho-people:xml"),
    Pair(from: "harvest", file: "harvest/everything.xml", to: "trackops:ndjson"),
    Pair(from: "harvest", file: "harvest/clients.ndjson", to: "canonical:json"),
    Pair(from: "zoho-people", file: "zoho-people/everything.json", to: "canonical:csv"),
    Pair(from: "zoho-people", file: "zoho-people/clients.json", to: "bigtime:xml"),
    Pair(from: "canonical", file: "canonical/everything.json", to: "zoho-people:json"),
  ]

  /// What is traced field by field, by other code than the plan's, is what stands in the output.
  @Test(arguments: pairs) func the_last_step_gives_what_stands_in_the_output(_ pair: Pair) throws {
    let bytes = try [UInt8](Data(contentsOf: Repository.root.appending(path: "Samples/\(pair.file)")))
    let made = try Conversion.run(bytes, pair.from, to: pair.to, ending: "." + pair.file.split(separator: ".").last!)
    var traced = 0
    for record in 0..<min(2, made.summary.records.written) {
      let answer = try WhyTests.answer(made.output, bytes, pair.from, pair.to, record)
      #expect(answer.isAsWritten && !answer.hasOtherId && answer.unnamed == 0, "\(answer.fields.filter { !$0.isAsWritten })")
      for field in answer.fields {
        switch field.origin {
        case .source:
          #expect(!field.sources.isEmpty, "\(field)")
          let steps = field.steps
          let last = steps.contains(where: \.isRefused) ? field.written : steps.last?.after ?? field.taken
          #expect(WhyTests.text(last) == WhyTests.text(field.written) || field.written == nil, "\(field)")
          for source in field.sources where source.bytes != nil && source.raw == nil {
            let range = source.bytes!
            #expect(Array(bytes[range]) == WhyTests.text(source.value) || WhyTests.text(source.value) == nil, "\(source)")
          }
          traced += 1
        case .nothing: #expect(field.written == nil && field.now == nil && field.reason != nil, "\(field)")
        case .run: #expect(["system", "native"].contains(field.name))
        case .default, .constant: break
        case .native: #expect(pair.from == "canonical", "\(field)")
        case .set, .residue: Issue.record("\(field)")
        }
      }
    }
    #expect(traced > 5)
  }

  @Test func a_record_that_was_rejected_before_counts_in_the_input_alone() throws {
    let input = """
      {"SystemId": 1, "Nm": "One"}
      {"SystemId": 2, "Nm"
      {"SystemId": 3, "Nm": "Three"}

      """
    let made = try Conversion.run(input, "bigtime:ndjson", to: "trackops:ndjson") { $0.maxRejects = .count(1) }
    let answer = try WhyTests.answer(made.output, Array(input.utf8), "bigtime:ndjson", "trackops:ndjson", 1)
    #expect((answer.output.number, answer.output.line) == (1, 2))
    #expect((answer.input.number, answer.input.line, answer.input.bytes) == (2, 3, 50..<80))
    #expect(answer.fields.first { $0.name == "id" }?.now == .number("3"))
  }

  /// The N-th record far behind the first window, where a run would have several workers.
  @Test func records_behind_the_first_window_are_counted_as_well() throws {
    var input = ""
    let notes = String(repeating: "x", count: 400)
    for number in 0..<1000 {
      input += number % 7 == 3 ? "{\"SystemId\": oops}\n" : "{\"SystemId\": \(number), \"Nm\": \"Client\", \"Notes\": \"\(notes)\"}\n"
    }
    let made = try Conversion.run(input, "bigtime:ndjson", to: "harvest:csv") { $0.maxRejects = .count(1000) }
    let answer = try WhyTests.answer(
      made.output, Array(input.utf8), "bigtime:ndjson", "harvest:csv", made.summary.records.written - 1)
    #expect(answer.isAsWritten)
    #expect(answer.input.number == 999)
    #expect(answer.input.line == 1000)
    #expect(answer.fields.first { $0.name == "id" }?.now == .text("999"))
  }

  /// Nobody edited what came back, whatever stood there: objects in the place of a text, members that no field names.
  @Test(arguments: [["bigtime", "harvest"], ["trackops", "zoho-people"], ["harvest", "bigtime"], ["zoho-people", "trackops"]])
  func a_record_that_came_back_is_as_it_was_written(_ pair: [String]) throws {
    var random = Random(seed: RestoreTests.seed)
    let system = try Twin.system(pair[0])
    let format = try #require(system.formats.first)
    let count = RoundTripTests.corpora ? 200 : 9
    let records = RestoreTests.numbered(Twin.records(system, format, count, &random), system, from: 1, format)
    let document = try system.document(of: records, shape: .list, format: format)
    let file = FileManager.default.temporaryDirectory.appending(path: "crosswalk-why-\(UUID().uuidString).ndjson")
    defer { try? FileManager.default.removeItem(at: file) }
    let there = try Conversion.run(document, "\(pair[0]):\(format)", to: pair[1]) { $0.residue = .file(file.path) }
    let middle = try #require(Twin.system(pair[1]).formats.first)
    let from = "\(pair[1]):\(middle)"
    let back = try Conversion.run(there.output, from, to: "\(pair[0]):\(format)") { $0.restore = file.path }
    for record in stride(from: 0, to: back.summary.records.written, by: 4) {
      var conversion = ConvertJob(
        inputs: [.bytes(there.output, name: "input")], from: Conversion.endpoint(from), to: Conversion.endpoint("\(pair[0]):\(format)"))
      conversion.restore = file.path
      let answer = try WhyJob(.bytes(back.output, name: "output"), record: record, field: nil, conversion: conversion).run()
      let edited = answer.fields.filter { !$0.isAsWritten }.map { "\($0.name): \($0.written?.json ?? "-") -> \($0.now?.json ?? "-")" }
      #expect(edited == [] && answer.unnamed == 0, "seed \(RestoreTests.seed), \(pair), record \(record)")
    }
  }

  private static func answer(
    _ output: [UInt8], _ input: [UInt8], _ from: String, _ to: String, _ record: Int
  ) throws -> WhyAnswer {
    try WhyJob(
      .bytes(output, name: "output"), record: record, field: nil,
      conversion: ConvertJob(inputs: [.bytes(input, name: "input")], from: Conversion.endpoint(from), to: Conversion.endpoint(to))
    ).run()
  }

  /// The characters of a value, whatever its kind.
  private static func text(_ value: Tree?) -> [UInt8]? {
    switch value {
    case .text(let text)?, .number(let text)?: text
    case .bool(let value)?: Array((value ? "true" : "false").utf8)
    case .null?, .object?, .array?, nil: nil
    }
  }
}
