import Crosswalk
import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
@testable import CrosswalkPipeline
import CrosswalkReference
import CrosswalkYAML
import Foundation
import TestSupport
import Testing

/// A → B with a residue, B → A with `restore` (SEMANTICS S6-S10, S15, S16, S22). Compared by the reference readers, which know
/// nothing of plans and residues.
@Suite struct RestoreTests {
  /// What the way there and the way back gave.
  struct Trip {
    var there: Conversion
    var back: Conversion
    var residue: [UInt8]
  }

  /// There, and with what `edit` makes of B's file and of the residue, back.
  static func trip(
    _ input: [UInt8], _ from: String, by to: String, there: (inout ConvertJob) -> Void = { _ in },
    edit: (inout [UInt8], inout [UInt8]) throws -> Void = { _, _ in }, back: (inout ConvertJob) -> Void = { _ in },
    as returned: String? = nil
  ) throws -> Trip {
    let folder = FileManager.default.temporaryDirectory.appending(path: "crosswalk-restore-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "residue.ndjson")
    let out = try Conversion.run(input, from, to: to) { job in
      job.residue = .file(file.path)
      there(&job)
    }
    var residue = try Repository.bytes(file)
    var bytes = out.output
    try edit(&bytes, &residue)
    try Data(residue).write(to: file)
    let home = try Conversion.run(bytes, to, to: returned ?? from) { job in
      job.restore = file.path
      back(&job)
    }
    return Trip(there: out, back: home, residue: residue)
  }

  static func expectIdentity(_ input: [UInt8], _ from: String, by to: String, note: String, memory: Restorer.Memory = .init()) throws {
    let endpoint = Conversion.endpoint(from)
    let format = try #require(endpoint.format)
    let trip = try trip(input, from, by: to, back: { $0.restoreMemory = memory })
    let wanted = try RoundTripTests.leaves(input, endpoint.system, format)
    let got = try RoundTripTests.leaves(trip.back.output, endpoint.system, format)
    #expect(got.count == wanted.count, "\(note), \(from) by \(to)")
    #expect(trip.back.summary.restored?.refused == 0, "\(note), \(from) by \(to)")
    #expect(trip.back.summary.restored?.unplaced == 0, "\(note), \(from) by \(to)")
    #expect(trip.back.summary.restored?.removed == 0, "\(note), \(from) by \(to)")
    var shown = 0
    let lines = String(decoding: trip.residue, as: UTF8.self).split(separator: "\n")
    for (index, (got, wanted)) in zip(got, wanted).enumerated() where got != wanted && shown < 2 {
      shown += 1
      let line = lines.first { $0.contains("\"at\":\(index),") } ?? ""
      Issue.record(
        """
        \(note), \(from) by \(to), record \(index)
        lost \(wanted.filter { got[$0.key] != $0.value })
        new  \(got.filter { wanted[$0.key] != $0.value })
        line \(line.prefix(1500))
        """)
    }
  }

  static let seed = UInt64(ProcessInfo.processInfo.environment["CROSSWALK_SEED"] ?? "") ?? 20_250_701

  /// Records with anything anywhere, in the first format of each system and in the others it has.
  @Test(arguments: RoundTripTests.sampled(Twin.pairs, oneOf: 2))
  func everyRecordComesBackLiterally(_ pair: [String]) throws {
    let count = RoundTripTests.corpora ? 10_000 : 16
    var random = Random(seed: RestoreTests.seed)
    let (system, other) = (try Twin.system(pair[0]), try Twin.system(pair[1]))
    for format in [Format.json, .xml, .csv] where system.formats.contains(format) {
      let size = format == .json ? count : count / 4
      let records = RestoreTests.numbered(Twin.records(system, format, size, &random), system, from: 1_000, format)
      let document = try system.document(of: records, shape: .list, format: format)
      for carrier in [Format.json, .xml, .csv] where other.formats.contains(carrier) && (format == .json || carrier == format) {
        // In the quick run the other system's first format stands for those that differ from this one.
        guard RoundTripTests.corpora || carrier == other.formats.first || carrier == format else { continue }
        try RestoreTests.expectIdentity(
          document, "\(pair[0]):\(format)", by: "\(pair[1]):\(carrier)", note: "seed \(RestoreTests.seed)")
      }
    }
  }

  // MARK: - Edited in between

  /// Ids that no two records share: by them the tests find records again.
  static func numbered(_ records: [Tree], _ system: ReferenceSystem, from first: Int, _ format: Format = .json) -> [Tree] {
    guard let path = system.fields.first(where: { $0.meaning == .one("id") })?.steps, case .name(let name)? = path.last else { return records }
    return records.enumerated().map { index, record in
      guard case .object(var members) = record else { return record }
      members.removeAll { $0.name.filter { $0 != UInt8(ascii: "@") }.map { $0 | 0x20 } == Array(name.utf8).map { $0 | 0x20 } }
      let id: Tree = format.isJSON && index % 2 == 0 ? .number("\(first + index)") : .text("\(first + index)")
      let written = format == .xml && system.name == "bigtime" ? "@\(name)" : name
      return .object([Tree.Member(written, id)] + members)
    }
  }

  /// The leaves of a list by the record's id.
  static func byId(_ bytes: [UInt8], _ name: String) throws -> [String: [String: String]] {
    let id = try #require(Twin.system(name).fields.first { $0.meaning == .one("id") }).name
    var all: [String: [String: String]] = [:]
    for leaves in try RoundTripTests.leaves(bytes, name, .json) {
      let key = try #require(leaves[name == "bigtime" ? id.lowercased() : id])
      all[key.replacing("\"", with: "")] = leaves
    }
    return all
  }

  /// Canonical fields that a leaf has to do with, and those that these are worked out with.
  static func relations(_ name: String) throws -> [String: Set<String>] {
    let library = try MappingLibrary(folders: [])
    let system = try #require(library.system(name, canonical: library.canonical()).0)
    var all: [String: Set<String>] = [:]
    for field in system.fields {
      var names = Set(field.canonicalNames)
      if field.transforms.contains(where: { $0.name == "region" }) { names.insert("address.country") }
      for base in field.derivedFrom {
        if let base = system.fields.first(where: { $0.name == base }) { names.formUnion(base.canonicalNames) }
      }
      var leaves = [field.name]
      if let lines = field.transforms.first(where: { $0.name == "lines" }) {
        let prefix = field.name.split(separator: ".").dropLast().joined(separator: ".")
        leaves += (lines.argument?.items ?? []).compactMap(\.text).dropFirst().map { prefix.isEmpty ? $0 : "\(prefix).\($0)" }
      }
      for leaf in leaves { all[name == "bigtime" ? leaf.lowercased() : leaf] = names }
    }
    return all
  }

  static let newValues: [Tree] = [
    .text("edited"), .text("US"), .text("Germany"), .text("DE"), .text("Florida"), .text("FL"), .text("XX"), .text("Atlantis"),
    .text("Euro - EUR"), .text("USD"), .text("a\nb"), .text("02134"), .text("é𝄞"), .text(""), .null, .number("7"), .bool(true),
    .text("2020-01-01T00:00:00Z"), .text("hourlyuserrate"),
  ]

  @Test(arguments: RoundTripTests.sampled(Twin.pairs, oneOf: 2))
  func editsWinAndWhatIsUntouchedComesBack(_ pair: [String]) throws {
    let count = RoundTripTests.corpora ? 10_000 : 24
    var random = Random(seed: RestoreTests.seed)
    let (system, other) = (try Twin.system(pair[0]), try Twin.system(pair[1]))
    let records = RestoreTests.numbered(Twin.records(system, .json, count, &random), system, from: 1_000)
    let input = try system.document(of: records, shape: .list, format: .json)
    let mapped = try RestoreTests.relations(pair[1])
    let ignoresCase = pair[1] == "bigtime"
    var edits: [String: Set<String>] = [:]
    var edited: [UInt8] = []
    let idName = try #require(other.fields.first { $0.meaning == .one("id") }).name
    let trip = try RestoreTests.trip(input, "\(pair[0]):json", by: "\(pair[1]):json", edit: { bytes, _ in
      var records = try other.documents(in: bytes, format: .json).records.map { try $0.get() }
      records.removeAll { _ in Int.random(in: 0..<50, using: &random) == 0 }
      for index in records.indices where Int.random(in: 0..<10, using: &random) == 0 {
        let leaves = try other.read(records[index], format: .json).leaves.map { String(decoding: $0.path, as: UTF8.self) }
          .filter { $0 != idName && mapped[ignoresCase ? $0.lowercased() : $0] != nil }
        guard let leaf = leaves.randomElement(using: &random), let id = records[index][idName] else { continue }
        let value = RestoreTests.newValues.randomElement(using: &random)!
        let path = try #require(PathStep.parse(leaf)).map { step -> PathStep in
          guard pair[1] == "harvest", case .name(let name) = step else { return step }
          return .name(name.replacing("-", with: "_"))
        }
        records[index] = RecordTree.insert(value, at: path[...], into: records[index])
        edits[TwinTests.text(id), default: []].insert(ignoresCase ? leaf.lowercased() : leaf)
      }
      let new = max(1, count / 50)
      records += RestoreTests.numbered(Twin.records(other, .json, new, &random), other, from: 900_000)
      records.shuffle(using: &random)
      bytes = try other.document(of: records, shape: .list, format: .json)
      edited = bytes
    })
    let wanted = try RestoreTests.byId(input, pair[0])
    let got = try RestoreTests.byId(trip.back.output, pair[0])
    let given = try RestoreTests.byId(edited, pair[1])
    #expect(got.count == given.count)
    let restored = try #require(trip.back.summary.restored)
    // A record that lacked nothing has no line that could be missed.
    let lines = try trip.residue.split(separator: 0x0a).map { try JSONReference.parse(Array($0)) }
    let removed = lines.filter { line in
      line["targetId"].map { given[TwinTests.text($0)] == nil } ?? false
    }
    #expect(restored.unplaced == 0 && restored.removed == removed.count)
    let feeds = try RestoreTests.relations(pair[0])
    var shown = 0
    for (id, original) in wanted {
      guard let back = got[id] else { continue }
      let touched = Set((edits[id] ?? []).flatMap { mapped[$0] ?? [] })
      let changed = Set(original.keys).union(back.keys).filter { original[$0] != back[$0] }
      let wrong = changed.filter { touched.isDisjoint(with: feeds[$0] ?? []) }
      if !wrong.isEmpty, shown < 3 {
        shown += 1
        Issue.record(
          """
          seed \(RestoreTests.seed), \(pair), record \(id): untouched values are not the same
          edited \((edits[id] ?? []).map { "\($0) = \(given[id]?[$0] ?? "none")" })
          lost \(original.filter { wrong.contains($0.key) })
          new  \(back.filter { wrong.contains($0.key) })
          """)
      }
    }
    // Every edit stands or is listed: there again, the records say what they said.
    let again = try RestoreTests.byId(Conversion.run(trip.back.output, "\(pair[0]):json", to: "\(pair[1]):json").output, pair[1])
    func plain(_ text: String?) -> String { (text ?? "").replacing("\"", with: "") }
    func isUnlike(_ id: String, _ leaf: String) -> Bool {
      guard let there = given[id], let here = again[id] else { return false }
      func isBlank(_ text: String?) -> Bool { ["null", "\"\""].contains(text ?? "null") }
      if isBlank(there[leaf]) { return !isBlank(here[leaf]) }
      return plain(there[leaf]) != plain(here[leaf])
    }
    // What the way there would take to pieces, or not take for what it is, stands where the very characters came to rest.
    func isHeld(_ id: String, _ leaf: String) -> Bool {
      guard let value = given[id]?[leaf], !plain(value).isEmpty, value != "null" else { return false }
      return (got[id] ?? [:]).contains { path, own in
        plain(own) == plain(value) && !(feeds[path] ?? []).isDisjoint(with: mapped[leaf] ?? [])
      }
    }
    let ids = try other.documents(in: edited, format: .json).records.map { TwinTests.text(try #require(try $0.get()[idName])) }
    func listed(_ code: Code) -> Set<String> {
      Set(
        trip.back.said.filter { $0.code == code }.map { said in
          let leaf = said.place?.path ?? ""
          return "\(said.place?.record.map { ids[$0] } ?? "") \(ignoresCase ? leaf.lowercased() : leaf)"
        })
    }
    let (refused, merged) = (listed(.editNotExpressible), listed(.mergedEdit))
    #expect(refused.count == restored.refused && merged.count == restored.merged)
    let lost = Set(edits.flatMap { id, leaves in leaves.filter { isUnlike(id, $0) && !isHeld(id, $0) }.map { "\(id) \($0)" } })
    print(
      "seed \(RestoreTests.seed): \(pair[0]) by \(pair[1]), \(edits.count) records edited, \(restored.values) values came back,",
      "\(lost.count) edits do not stand, \(restored.refused) listed as such and \(restored.merged) as merged")
    /// What became of an edit, on both sides.
    func story(_ one: String) -> String {
      let (id, leaf) = (String(one.prefix { $0 != " " }), String(one.drop { $0 != " " }.dropFirst()))
      func related(_ leaves: [String: String]?, _ relations: [String: Set<String>]) -> [String: String] {
        (leaves ?? [:]).filter { !(relations[$0.key] ?? []).isDisjoint(with: mapped[leaf] ?? []) }
      }
      let line = lines.first { line in line["targetId"].map { TwinTests.text($0) == id } ?? false }
      return """

        \(one), edited to \(given[id]?[leaf] ?? "nothing"), is there again \(again[id]?[leaf] ?? "nothing")
        was      \(related(wanted[id], feeds))
        edited   \(related(given[id], mapped))
        came     \(related(got[id], feeds))
        residue  \(line?.json.prefix(1500) ?? "none")
        """
    }
    let unlisted = lost.subtracting(refused).subtracting(merged)
    #expect(
      unlisted.isEmpty, "seed \(RestoreTests.seed), \(pair), of \(edits.count) edits: \(unlisted.sorted().prefix(5).map(story).joined())")
    let needless = refused.filter { one in
      let parts = one.split(separator: " ", maxSplits: 1).map(String.init)
      return !isUnlike(parts[0], parts[1])
    }
    #expect(needless.isEmpty, "seed \(RestoreTests.seed), \(pair), listed and standing: \(needless.sorted().prefix(5).map(story).joined())")
  }
}
