import Crosswalk
import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkPipeline
import CrosswalkReference
import CrosswalkYAML
import Foundation
import TestSupport
import Testing

/// The examples that document the transforms and the mapping files are executed, both ways, by whole conversions.
@Suite struct TransformSpecTests {
  struct Example: Sendable, CustomTestStringConvertible {
    var transform: String
    var use: String
    var isReading: Bool
    var value: String
    var result: String?
    var given: [String: String]
    var testDescription: String { "\(use) \(isReading ? "reads" : "writes") \(value)" }
  }

  static let examples: [Example] = TransformTable.specs.flatMap { spec in
    spec.examples.flatMap { example in
      func all(_ pairs: [(String, String?)], isReading: Bool) -> [Example] {
        pairs.map {
          Example(transform: spec.name, use: example.use, isReading: isReading, value: $0.0, result: $0.1, given: example.given)
        }
      }
      return all(example.reads, isReading: true) + all(example.writes, isReading: false)
    }
  }

  @Test func everyTransformHasExamples() {
    #expect(TransformTable.specs.filter { $0.examples.isEmpty }.map(\.name) == [])
    #expect(TransformTable.specs.map(\.name) == TransformTable.specs.map(\.name).sorted { $0.lowercased() < $1.lowercased() })
  }

  /// The canonical field whose kind shows the result's, and the kind of the written field.
  static func kinds(_ example: Example) -> (canonical: String, type: String) {
    let shown = example.result ?? example.value
    switch (shown, example.transform) {
    case (_, "labelled"): return ("", "text")
    case (_, "boolean"), (_, "not"), ("true", _), ("false", _): return ("active", example.isReading ? "text" : "boolean")
    case (_, "instant"), (_, "epoch"), (_, "msDate"): return ("created", "text")
    case (_, "integer"): return ("company.size", "integer")
    case (_, "choice") where example.value == "false": return ("active", "text")
    default: return ("notes", "text")
    }
  }

  @Test(arguments: TransformSpecTests.examples)
  func theExampleHolds(_ example: Example) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "crosswalk-kiosk-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder.appending(path: "kiosk"), withIntermediateDirectories: true)
    let (canonical, type) = TransformSpecTests.kinds(example)
    let field: String
    switch example.transform {
    case "block": field = "{ is: details, as: \(example.use) }"
    case "compose": field = "{ is: details, or: \(example.use) }"
    case "labelled": field = "{ is: { code: currency.code, label: currency.label }, as: \(example.use) }"
    default:
      let oneWay = example.transform == "split" ? ", oneWay: the rest is lost" : ""
      field = "{ is: \(canonical), type: \(type), as: \(example.use)\(oneWay) }"
    }
    try Data(
      """
      system: kiosk
      title: an invented system
      formats: [json]
      options: { labels: { is: "2010", of: ["2010", "2016"], why: two generations } }
      shapes: { list: { json: [$record] } }

      """.utf8
    ).write(to: folder.appending(path: "kiosk/system.yaml"))
    try Data("system: kiosk\nfields:\n  key: id\n  value: \(field)\n".utf8).write(to: folder.appending(path: "kiosk/client.yaml"))
    func converted(_ record: Tree, _ from: String, _ to: String) throws -> Tree? {
      let run = try Conversion.run(record.json + "\n", "\(from):ndjson", to: "\(to):ndjson") { $0.mappings = [folder.path] }
      return try JSONReference.parse(run.output)
    }
    let value = try JSONReference.parse(Array(example.value.utf8))
    let result = try example.result.map { try JSONReference.parse(Array($0.utf8)) }
    func put(_ value: Tree, _ path: String, _ tree: inout Tree) {
      tree = RecordTree.insert(value, at: (PathStep.parse(path) ?? [])[...], into: tree)
    }
    func at(_ path: String, _ tree: Tree?) -> Tree? {
      path.split(separator: ".").reduce(tree) { $0?[String($1)] }
    }
    if example.isReading {
      let record: Tree
      if example.transform == "lines" {
        guard case .object(let members) = value else { return }
        record = .object([.init("key", .text("1"))] + members)
      } else {
        record = .object([.init("key", .text("1")), .init("value", value)])
      }
      let read = try converted(record, "kiosk", "canonical")
      if example.transform == "block" {
        guard case .object(let members)? = read else { return #expect(Bool(false)) }
        #expect(Tree.object(members.filter { !["id", "system", "native"].contains(String(decoding: $0.name, as: UTF8.self)) }) == result)
        return
      }
      #expect(at(example.transform == "labelled" ? "currency" : canonical, read) == result)
      return
    }
    var record: Tree = .object([.init("id", .text("1"))])
    switch (example.transform, value) {
    case ("compose", .object(let members)), ("labelled", .object(let members)):
      for member in members {
        let name = String(decoding: member.name, as: UTF8.self)
        put(member.value, example.transform == "labelled" ? "currency.\(name)" : name, &record)
      }
    default: put(value, canonical, &record)
    }
    for (name, text) in example.given { put(.text(text), name, &record) }
    let written = try converted(record, "canonical", "kiosk")
    if example.transform == "lines", case .object(let members)? = result {
      #expect(written == .object([.init("key", .text("1"))] + members))
    } else {
      #expect(written?["value"] == result)
    }
  }

  // MARK: - `tests:` of the mapping files

  /// The scalars under their paths. A plain JSON literal has its kind, anything else is text.
  static func values(_ node: YAMLNode?) -> [(path: String, value: Tree)] {
    (node?.entries ?? []).map { entry in
      guard case .scalar(let scalar) = entry.value.content, scalar.isPlain,
        let literal = try? JSONReference.parse(Array(scalar.text.utf8)), literal[""] == nil
      else { return (entry.key.text ?? "", .text(entry.value.text ?? "")) }
      return (entry.key.text ?? "", literal)
    }
  }

  /// Characters, whatever the kind: the lists say what is meant, the kinds are the fields' affair.
  static func leaves(_ tree: Tree, _ path: String = "") -> [String: String] {
    guard case .object(let members) = tree else {
      if case .text(let text) = tree { return [path: String(decoding: text, as: UTF8.self)] }
      return [path: tree.json]
    }
    return members.reduce(into: [:]) { all, member in
      let name = String(decoding: member.name, as: UTF8.self)
      if ["native", "system"].contains(name) { return }
      all.merge(leaves(member.value, path.isEmpty ? name : "\(path).\(name)")) { $1 }
    }
  }

  @Test(arguments: ["bigtime", "trackops", "harvest", "zoho-people"])
  func theTestsOfTheMappingFileHold(_ name: String) throws {
    let file = "Mappings/\(name)/client.yaml"
    let yaml = try YAML.parse(Repository.bytes(Repository.root.appending(path: file)), file: file)
    let system = try Twin.system(name)
    func spelt(_ path: String) -> String { name == "harvest" ? path.replacing("-", with: "_") : path }
    var count = 0
    for test in yaml["tests"]?.items ?? [] {
      count += 1
      let note = test["note"]?.text ?? "\(count)"
      func tree(_ values: [(path: String, value: Tree)]) -> Tree {
        values.reduce(.object([])) { RecordTree.insert($1.value, at: (PathStep.parse($1.path) ?? [])[...], into: $0) }
      }
      let canonical = TransformSpecTests.values(test["canonical"])
      let options = (test["option"]?.entries ?? []).map {
        ConvertJob.OptionChoice(system: name, name: $0.key.text ?? "", value: $0.value.text ?? "")
      }
      if let read = test["read"] {
        let record = tree(TransformSpecTests.values(read).map { (spelt($0.path), $0.value) })
        let run = try Conversion.run(record.json + "\n", "\(name):ndjson", to: "canonical:ndjson") { $0.options = options }
        #expect(
          TransformSpecTests.leaves(try JSONReference.parse(run.output)) == TransformSpecTests.leaves(tree(canonical)), "\(note)")
      }
      if let write = test["write"] {
        let shape = test["shape"]?.text.flatMap(Shape.init) ?? .list
        var record = tree(canonical)
        if case .object(let members) = record { record = .object(members + [.init("system", .text(name))]) }
        var format = Format.json
        let run: Conversion
        do {
          run = try Conversion.run(record.json + "\n", "canonical:ndjson", to: "\(name):json") { ($0.shape, $0.options) = (shape, options) }
        } catch let error as Diagnostic where error.code == .unknownFormat {
          format = .form
          run = try Conversion.run(record.json + "\n", "canonical:ndjson", to: "\(name):form") { ($0.shape, $0.options) = (shape, options) }
        }
        let written = try #require(system.documents(in: run.output, format: format).records.first).get()
        let wanted = TransformSpecTests.values(write).map { (spelt($0.path), $0.value) }
        #expect(TransformSpecTests.leaves(written) == TransformSpecTests.leaves(tree(wanted)), "\(note)")
      }
    }
    #expect(count > 0)
  }
}
