import CrosswalkFormats
import CrosswalkModel
import Foundation
import TestSupport
import Testing

/// The cases of JSONTestSuite with the verdicts that the project has pinned, for any JSON reader.
struct JSONSuite {
  struct Case {
    var name: String
    var bytes: [UInt8]
    var isAccepted: Bool
    /// What the document looks like written again; nil where only the verdict is pinned.
    var written: String?
  }

  /// What a reader made of one document: the document written again as compact JSON, or the reason of its refusal.
  typealias Reader = ([UInt8]) -> Result<[UInt8], FormatError>

  /// Every case; nil where the shared data is missing.
  static func cases() throws -> [Case]? {
    guard let folder = Repository.shared("suites/json-test-suite") else { return nil }
    var pins: [String: (verdict: String, note: String)] = [:]
    for line in try String(contentsOf: folder.appending(path: "policy-proposal.tsv"), encoding: .utf8).split(
      separator: "\n")
    {
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false)
      if !line.hasPrefix("#"), cells.count == 3 { pins[String(cells[0])] = (String(cells[1]), String(cells[2])) }
    }
    var cases: [Case] = []
    for part in ["test_parsing", "test_transform"] {
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: part).path).sorted()
      for name in names where name.hasSuffix(".json") {
        let key = "\(part)/\(name)"
        let bytes = try Repository.bytes(folder.appending(path: key))
        let isAccepted: Bool
        var written: String?
        if part == "test_parsing", name.hasPrefix("y_") || name.hasPrefix("n_") {
          isAccepted = name.hasPrefix("y_")
        } else {
          let pin = try #require(pins[key], "no verdict for \(key)")
          isAccepted = pin.verdict == "accept"
          if pin.note.hasPrefix("[") { written = pin.note }
          // "same number text" and "no conversion": the numbers stand as they did.
          if isAccepted, pin.note.contains("number") {
            written = String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
          }
        }
        cases.append(Case(name: key, bytes: bytes, isAccepted: isAccepted, written: written))
      }
    }
    return cases
  }

  /// Runs a reader over every case and expects the pinned verdicts; `refusesDuplicates` says which layer it is
  /// (a grammar reader goes on, the record layer refuses).
  static func run(refusesDuplicates: Bool, _ reader: Reader) throws {
    guard let cases = try cases() else {
      if Repository.isCI { Issue.record("suites/json-test-suite is missing") }
      return
    }
    var accepted = 0
    var refused = 0
    for test in cases {
      // Two y_ cases repeat a name: RFC 8259 lets a parser go on, and the record layer refuses them all the same.
      let repeats = test.name.contains("same_key") || test.name.contains("duplicated_key")
      let expected = repeats ? !refusesDuplicates : test.isAccepted
      switch reader(test.bytes) {
      case .success(let written):
        #expect(expected, "\(test.name) must be refused")
        if let pin = test.written { #expect(String(decoding: written, as: UTF8.self) == pin, "\(test.name)") }
      case .failure(let error):
        #expect(!expected, "\(test.name) must be accepted: \(error.reason) at \(error.offset)")
        #expect((0...test.bytes.count).contains(error.offset), "\(test.name)")
      }
      if test.name.contains("/y_") { accepted += 1 }
      if test.name.contains("/n_") { refused += 1 }
    }
    #expect(accepted == 95)
    #expect(refused == 188)
    #expect(cases.count == 318 + 22)
  }
}
