import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import Foundation
import TestSupport
import Testing

/// Whole conversions of bytes that nobody meant: they end, with an error or with a well-formed document in which every record has its
/// place, and in the same way with either parser of XML.
@Suite(.serialized) struct ConvertFuzzTests {
  private struct Ending: Equatable {
    var output: [UInt8] = []
    var records = ConvertSummary.Records()
    var error: Code?
  }

  private func convert(_ bytes: [UInt8], _ from: String, _ format: Format, change: (inout ConvertJob) -> Void = { _ in }) -> Ending {
    var job = ConvertJob(inputs: [.bytes(bytes)], from: .init(from, format: format), to: "canonical:json")
    let rejects = FileManager.default.temporaryDirectory.appending(path: "crosswalk-fuzz-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: rejects) }
    job.rejects = rejects.path
    job.maxRejects = .percent(100)
    job.jobs = 2
    change(&job)
    var ending = Ending()
    do {
      ending.records = try job.run(into: { ending.output += $0 }).records
    } catch let error as Diagnostic {
      ending.error = error.code
    } catch {
      Issue.record("\(error)")
    }
    return ending
  }

  private func fuzz(_ format: Format, systems: [String], seeds: [[UInt8]], tokens: [String]) {
    var count = 0
    Fuzz.run("convert-\(format)", seeds: systems.flatMap { Seeds.samples($0, ending: ".\(format)") } + seeds, tokens: tokens) { bytes in
      count += 1
      let system = systems[count % systems.count]
      let ending = convert(bytes, system, format)
      let text = String(decoding: bytes, as: UTF8.self)
      guard ending.error == nil else { return }
      #expect(ending.records.read == ending.records.written + ending.records.rejected, "\(system): \(text)")
      let document = try? JSONReference.parse(ending.output)
      if case .array(let records)? = document {
        #expect(records.count == ending.records.written, "\(system): \(text)")
      } else {
        Issue.record("\(system): the output is no list: \(String(decoding: ending.output, as: UTF8.self)) of \(text)")
      }
      if format == .xml {
        #expect(convert(bytes, system, format) { $0.xmlParser = .libxml2 } == ending, "\(system): \(text)")
      }
    }
  }

  @Test func JSON() {
    fuzz(
      .json, systems: ["bigtime", "trackops", "harvest", "zoho-people", "canonical"], seeds: Seeds.suite("json-test-suite", ending: ".json"),
      tokens: ReaderFuzzTests.jsonTokens)
  }

  @Test func linesOfJSON() {
    fuzz(.ndjson, systems: ["bigtime", "trackops", "harvest", "zoho-people"], seeds: [], tokens: ReaderFuzzTests.jsonTokens)
  }

  @Test func XML() {
    fuzz(
      .xml, systems: ["harvest", "bigtime", "zoho-people"], seeds: Seeds.suite("libxml2-test", ending: ".xml"),
      tokens: ReaderFuzzTests.xmlTokens)
  }

  @Test func CSV() {
    fuzz(
      .csv, systems: ["bigtime", "trackops", "harvest", "zoho-people"], seeds: Seeds.suite("csv-spectrum", ending: ".csv"),
      tokens: ReaderFuzzTests.csvTokens)
  }

  @Test func forms() { fuzz(.form, systems: ["zoho-people"], seeds: [], tokens: ReaderFuzzTests.formTokens) }
}
