import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import CrosswalkPipeline
import CrosswalkReference
import Foundation
import TestSupport
import Testing

/// The compiled plan and the reference interpreter, two programs from one set of mapping files, give the same bytes and leave the
/// same values behind.
@Suite struct TwinTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var from: String
    var to: String
    var input: Format
    var output: Format
    var shape: Shape
    var testDescription: String { "\(from):\(input) to \(to):\(output), \(shape)" }
  }

  /// Every pair in the formats that both have, list and create.
  static let cases: [Case] = Twin.pairs.flatMap { pair -> [Case] in
    guard let from = try? Twin.system(pair[0]), let to = try? Twin.system(pair[1]) else { return [] }
    let inputs = from.formats.filter { [.json, .xml, .csv].contains($0) }
    return inputs.flatMap { input -> [Case] in
      var cases: [Case] = []
      for output in to.formats where output != .form {
        cases.append(Case(from: pair[0], to: pair[1], input: input, output: output, shape: .list))
      }
      cases.append(Case(from: pair[0], to: pair[1], input: input, output: pair[1] == "zoho-people" ? .form : .json, shape: .create))
      return cases
    }
  }

  /// Creates need values that not every source has.
  static let set: [(String, Tree)] = [("currency.code", .text("USD")), ("address.country", .text("US")), ("address.region", .text("FL"))]

  static let seed: UInt64 =
    ProcessInfo.processInfo.environment["CROSSWALK_SEED"].flatMap { UInt64($0) } ?? 20_190_617

  /// Records a case.
  static let count = ProcessInfo.processInfo.environment["CROSSWALK_CORPORA"] == "1" ? 400 : 6

  @Test(arguments: RoundTripTests.sampled(TwinTests.cases, oneOf: 2))
  func planAndReferenceAgreeOnGeneratedRecords(_ way: Case) throws {
    var random = Random(seed: TwinTests.seed)
    let source = try Twin.system(way.from)
    let records = Twin.records(source, way.input, TwinTests.count, &random)
    let document = try source.document(of: records, shape: .list, format: way.input)
    try TwinTests.compare(document, way, note: "seed \(TwinTests.seed)")
  }

  static func compare(_ document: [UInt8], _ way: Case, note: String) throws {
    var reference = ReferenceConversion(from: try Twin.system(way.from), to: try Twin.system(way.to), shape: way.shape)
    let sets = way.shape == .create ? set : []
    reference.set = Dictionary(uniqueKeysWithValues: sets)
    let wanted = try reference.convert(document, way.input, to: way.output)
    let run = try Conversion.run(document, "\(way.from):\(way.input)", to: "\(way.to):\(way.output)") { job in
      job.shape = way.shape
      job.set = sets.map { .init(field: $0.0, value: text($0.1)) }
      job.maxRejects = .percent(100)
    }
    let refused = Set(run.rejects.compactMap { $0["record"].flatMap { Int($0.json) } })
    for (record, reject) in wanted.rejects where !refused.contains(record) {
      Issue.record("\(note): only the reference rejects record \(record): \(reject)")
    }
    for line in run.rejects where !wanted.rejects.contains(where: { "\($0.record)" == line["record"]?.json }) {
      Issue.record("\(note): only the plan rejects \(line.json)")
    }
    let mine = lines(run.output)
    let theirs = lines(wanted.bytes)
    #expect(run.summary.records.rejected == wanted.rejects.count, "\(note): rejected")
    if mine != theirs, refused.count == wanted.rejects.count {
      let index = zip(mine, theirs).enumerated().first { $1.0 != $1.1 }?.offset ?? min(mine.count, theirs.count)
      Issue.record(
        """
        \(note): line \(index)
        plan      \(near(index < mine.count ? mine[index] : "none", index < theirs.count ? theirs[index] : "none"))
        reference \(near(index < theirs.count ? theirs[index] : "none", index < mine.count ? mine[index] : "none"))
        of \(index > 0 && index <= wanted.records.count ? wanted.records[index - 1].source.json : "")
        """)
    }
    guard mine == theirs else { return }
    // The residue, record by record.
    var byPlace: [Int: Tree] = [:]
    for line in run.residue {
      if case .number(let at)? = line["at"], let place = Int(String(decoding: at, as: UTF8.self)) { byPlace[place] = line }
    }
    var differences = 0
    for (index, record) in wanted.records.enumerated() where differences < 2 {
      let line = byPlace[index]
      for difference in record.residue.differences(from: line) where differences < 2 {
        differences += 1
        Issue.record(
          """
          \(note): \(difference.part) of record \(index): `\(name(difference.path))`
          plan      \(difference.found?.json ?? "none")
          reference \(difference.expected?.json ?? "none")
          of \(record.source.json)
          """)
      }
    }
  }

  static func lines(_ bytes: [UInt8]) -> [String] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// What stands around the first difference.
  static func near(_ text: String, _ other: String) -> String {
    let same = zip(text, other).prefix { $0 == $1 }.count
    return "… " + text.dropFirst(max(0, same - 60)).prefix(200)
  }

  static func name(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }

  static func object(_ tree: Tree?) -> [String] {
    guard case .object(let members)? = tree else { return [] }
    return members.map { "\(name($0.name)) = \($0.value.json)" }.sorted()
  }

  static func text(_ tree: Tree) -> String { if case .text(let text) = tree { name(text) } else { tree.json } }
}
