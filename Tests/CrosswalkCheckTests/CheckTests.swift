import CrosswalkCheck
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute
import CrosswalkYAML
import Foundation
import TestSupport
import Testing

/// `CheckJob` over the shipped mappings, which are well, and over mappings that are not.
@Suite struct CheckTests {
  // MARK: - What is shipped

  /// Every row of the tables: `crosswalk check`, which takes a minute in a debug build.
  @Test func theShippedMappingsAreWell() throws {
    let library = try MappingLibrary()
    var job = CheckJob()
    job.rows = 3
    job.cases = 20
    let report = try job.run()
    #expect(report.all.map(\.description) == [], "seed \(job.seed)")
    #expect(report.systems.map(\.name) == library.names)
    for system in report.systems where system.name != "canonical" {
      #expect(system.tests > 0, "\(system.name)")
      #expect((system.laws?.cases ?? 0) > 200, "\(system.name)")
      #expect((system.laws?.byMapping ?? 0) + (system.laws?.byCases ?? 0) == system.fields, "\(system.name)")
    }
    #expect(report.transforms == TransformTable.specs.count)
  }

  @Test func everyTransformHasExamplesAndStandsInItsPlace() {
    #expect(TransformTable.specs.filter { $0.examples.isEmpty }.map(\.name) == [])
    #expect(TransformTable.specs.map(\.name) == TransformTable.specs.map(\.name).sorted { $0.lowercased() < $1.lowercased() })
  }

  @Test func anExampleThatFailsIsFound() throws {
    let library = try MappingLibrary()
    let model = try library.canonical()
    let canonical = try #require(library.system("canonical", canonical: model).0)
    let settings = PlanSettings(canonical: model, tables: { _ in nil })
    var spec = try #require(TransformTable.specs.first { $0.name == "prefix" })
    spec.examples[0].writes = [("\"12\"", "\"13\"")]
    let outcome = TransformExamples(canonical: canonical, settings: settings, specs: [spec]).run()
    #expect(outcome.count == 4)
    #expect(
      outcome.problems.map(\.title) == [#"`as: { prefix: "C-" }` writes "12" as "C-12", and not as "13""#])
  }

  // MARK: - What is wrong is found, and shown by a small record

  @Test func aTransformThatDoesNotUndoTheOtherIsFound() throws {
    try expect(
      "Kind: { is: billing.method, as: [{ case: lower }, { choice: { hourly: [HOURS], fixed: [F] } }] }",
      [
        #"""
        error[M0304]: PutGet: `Kind` does not read what it has written
          --> canonical record made with seed 1, record N  (billing.method)
           |  {"billing.method":"hourly"}
          ::: client.yaml:4:3  `billing.method`: "hourly" is written as "hours", which is refused
           = help: the transforms run backwards on writing, in reverse order: each has to give what the other takes
        """#
      ])
    try expect(
      "Kind: { is: billing.method, as: [{ choice: { hourly: [HOURS], fixed: [F] } }, { case: upper }] }",
      [
        #"""
        error[M0304]: PutGet: `Kind` does not write what it has read
          --> kiosk record made with seed 1, record N  (Kind)
           |  {"Kind":"HOURS"}
          ::: client.yaml:4:3  "HOURS" is read as "hourly", which is refused
           = help: the transforms run backwards on writing, in reverse order: each has to take what the one before it gives
        """#
      ])
  }

  /// Its letters are lost, which `explain` says of it; the law holds.
  @Test(arguments: [
    "Kind: { is: notes, as: { case: upper } }", "Kind: { is: notes, as: [trim, { case: lower }] }",
    "Kind: { is: address.street, as: [{ case: upper }, { lines: [Kind, Kind2] }] }",
    "Kind: { is: active, type: boolean, as: { case: upper } }", "Kind: { is: created, type: instant, as: { case: lower } }",
    "Kind: { is: billing.email, or: contact.email, as: { case: lower } }",
    "Kind: { is: currency.code, as: [trim, { currency: code }, { case: upper }] }",
  ])
  func aCaseForLettersIsNoBrokenLaw(_ field: String) throws { try expect(field, []) }

  @Test func aPrefixThatTheCaseChangesIsFound() throws {
    try expect(
      #"Kind: { is: notes, as: [{ case: lower }, { prefix: "C-" }] }"#,
      [
        #"""
        error[M0304]: PutGet: `Kind` gives another value each time it is written and read
          --> canonical record made with seed 1, record N  (notes)
           |  {"notes":"x"}
          ::: client.yaml:4:3  `notes`: "c-x" becomes "c-c-x"
           = help: writing and reading may bring a value to a normal form once, and must leave that alone
        """#
      ])
  }

  @Test func aRecordThatIsReadAndThenRefusedIsFound() throws {
    try expect(
      "Kind: { is: billing.method, onFail: reject, as: [{ choice: { hourly: [HOURS], fixed: [F] } }, { case: upper }] }",
      [
        #"""
        error[M0303]: GetPut: a record that was read is refused when it is written again, at `Kind`
          --> kiosk record made with seed 1, record N  (Kind)
           |  {"Kind":"HOURS"}
          ::: client.yaml:4:3  refused
           = help: `onFail: park` sets the value aside and lets the record through
        """#
      ])
  }

  @Test func aValueThatNeverComesToRestIsFound() throws {
    try expect(
      "Code: { is: accountCode, as: [{ case: upper }, { prefix: c- }] }",
      [
        #"""
        error[M0304]: PutGet: `Code` gives another value each time it is written and read
          --> canonical record made with seed 1, record N  (accountCode)
           |  {"accountCode":"x"}
          ::: client.yaml:4:3  `accountCode`: "C-X" becomes "C-C-X"
           = help: writing and reading may bring a value to a normal form once, and must leave that alone
        """#
      ])
  }

  @Test func aFieldThatLosesWhatItHasReadIsFound() throws {
    try expect(
      "Since: { is: created, type: integer, as: { instant: yyyy-MM-dd } }",
      [
        #"""
        error[M0304]: PutGet: `Since` does not write what it has read
          --> kiosk record made with seed 1, record N  (Since)
           |  {"Since":"2019-06-17T14:05:00Z"}
          ::: client.yaml:4:3  "2019-06-17T14:05:00Z" is read as "2019-06-17T14:05:00Z", which is refused
           = help: the transforms run backwards on writing, in reverse order: each has to take what the one before it gives
        """#
      ])
    try expect(
      "Kind: { is: notes, as: { constant: client } }",
      [
        """
        error[M0304]: PutGet: `constant` of `Kind` has no inverse, so the canonical value is lost when it is written
          ::: client.yaml:4:28
           = help: `is: none` for a constant that stands for nothing
        """
      ])
  }

  @Test func whatLintFindsIsReportedAllAtOnce() throws {
    let problems = try check(
      "Name: name\n  Other: name\n  Phone: phone.man\n  Kind: { is: billing.method, as: { choice: { hourly: [H, A], fixed: [F, A] } } }")
    #expect(problems.map(\.code) == [.readTwice, .unknownCanonical, .notOneToOne])
  }

  /// A normal form, a closed set, a kind, a fallback, several leaves: none of these is a mistake.
  @Test func mappingsThatAreWellPass() throws {
    try expect(
      """
      A: { is: notes, or: details, as: trim }
        B: { is: details, or: notes, as: { oneLine: " / " } }
        C: { is: active, type: boolean, as: not }
        D: { is: address.street, as: { lines: [D, D2] } }
        E: { is: phone.main, as: { join: { of: [area, number], with: " " } } }
        F: { is: created, as: { epoch: ms } }
        G: { is: updated, as: msDate }
        H: { is: version, type: integer, default: 0 }
        I: { is: accountCode, as: { prefix: "C-" } }
        J: { is: name, as: { split: { at: ":", take: last } }, oneWay: the parent is lost }
        K: { is: billing.method, as: { choice: { hourly: [h, hours], fixed: [f] }, ignore: [case] } }
        L: { is: none, as: { constant: client } }
        M: { is: phone.fax, as: [trim, { prefix: "+" }] }
        N: { is: industry.id, type: integer, onFail: keep }
        Q: { is: website, required: true }
        R: { is: address.country, onFail: reject, as: { country: code } }
        O: { is: place.name, write: { nulls: omit, empties: omit } }
      """, [])
  }

  // MARK: - Tests of a mapping

  @Test func aTestThatFailsShowsWhatWasExpectedAndWhere() throws {
    try expect(
      """
      Name: { is: name, required: [create] }
        Town: { is: address.city, read: [City] }
        Land: { is: address.country, as: { country: code }, write: { create: { name: Country } } }
      tests:
        - note: it is read
          read: { Name: a, City: Leeds }
          canonical:
            name: b
            phone.main: 12
        - note: it is written
          canonical: { name: b, address.country: Germany, address.city: "" }
          write: { Name: b, Land: GE }
        - note: it is created
          shape: create
          canonical: { address.city: Rome }
          write: { Town: Rome }
        - note: it is written under another name
          shape: create
          canonical: { name: a, address.country: Italy }
          write: { Name: a, Country: IT }
      """,
      [
        """
        error[M0301]: a test of the mapping fails: it is read
          ::: client.yaml:11:13  `name`: expected "b", got "a"
          ::: client.yaml:12:19  `phone.main`: expected 12, got nothing
          ::: client.yaml:11:7  `address.city`: expected nothing, got "Leeds"
           = help: the mapping reads otherwise than the test says; correct the one that is wrong
        """,
        """
        error[M0301]: a test of the mapping fails: it is written
          ::: client.yaml:15:29  `Land`: expected "GE", got "DE"
          ::: client.yaml:15:12  `Town`: expected nothing, got ""
           = help: the mapping writes otherwise than the test says; correct the one that is wrong
        """,
        """
        error[M0301]: a test of the mapping fails: it is created
          ::: client.yaml:19:12  writing rejects the record at `Name`
           = help: give the record what the shape requires, or correct the mapping
        """,
      ], cases: 0)
  }

  // MARK: - The generator

  @Test func recordsHaveEveryFieldInEveryStateAndEveryRow() throws {
    let (system, settings) = try kiosk(
      "Name: { is: name, or: displayName }\n  Kind: { is: billing.method, as: { choice: { hourly: [H, Hours], fixed: [F] } } }")
    let own = RecordGenerator(
      system, side: .own, format: .json, model: settings.canonical, tables: Tables(settings.tables))
    for place in ["Key", "Name", "Kind"] {
      let states = Set(own.systematic.filter { $0.field == place }.compactMap(\.state))
      #expect(states.isSuperset(of: [.absent, .null, .empty, .ordinary, .long, .awkward, .wrong]), "\(place)")
    }
    let spellings = own.systematic.filter { $0.field == "Kind" && $0.state == .row }.compactMap { $0.values.last?.value }
    #expect(spellings == [.text("H"), .text("Hours"), .text("F")])
    let canonical = RecordGenerator(
      system, side: .canonical, format: .json, model: settings.canonical, tables: Tables(settings.tables))
    let legs = canonical.systematic.filter { $0.state == .leg }
    #expect(legs.map(\.field) == ["name", "name", "displayName", "displayName"])
    #expect(legs.contains { $0.values.map(\.name) == ["displayName"] })
  }

  @Test func oneSeedGivesTheSameRecords() throws {
    let (system, settings) = try kiosk("Name: name")
    func made(_ seed: UInt64) -> [[String]] {
      let generator = RecordGenerator(
        system, side: .own, format: .csv, model: settings.canonical, tables: Tables(settings.tables))
      var random = SeededRandom(seed: seed)
      return (0..<20).map { _ in generator.random(using: &random).values.map { "\($0.name) \($0.value)" } }
    }
    #expect(made(3) == made(3))
    #expect(made(3) != made(4))
  }

  @Test func theSmallestRecordHasNothingThatIsNotNeeded() {
    let values = (0..<40).map { (name: "f\($0)", value: Tree.text("a long text \($0)")) }
    let smallest = RecordShrinker.smallest(values) { values in
      guard case .text(let text)? = values.first(where: { $0.name == "f17" })?.value else { return false }
      return text.contains(UInt8(ascii: "g")) && values.contains { $0.name == "f3" }
    }
    #expect(smallest.map(\.name) == ["f3", "f17"])
    #expect(smallest.map(\.value) == [.text(""), .text("g")])
  }

  // MARK: -

  private static let systemFile = """
    system: kiosk
    title: an invented system
    formats: [json, csv]
    shapes: { list: { json: [$record], csv: $record }, create: { json: $record } }

    """

  /// The problems of a system with these fields behind `Key`, with places and case numbers as any machine has them.
  private func expect(_ fields: String, _ wanted: [String], cases: Int = 40, _ here: SourceLocation = #_sourceLocation) throws {
    let got = try check(fields, cases: cases).map { problem in
      problem.description.replacing(#/record \d+  /#, with: "record N  ").replacing(#/::: \S+kiosk\//#, with: "::: ")
    }
    #expect(got == wanted, sourceLocation: here)
  }

  private func check(_ fields: String, cases: Int = 40) throws -> [Diagnostic] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "crosswalk-check-\(UUID().uuidString)/kiosk")
    defer { try? FileManager.default.removeItem(at: folder.deletingLastPathComponent()) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(CheckTests.systemFile.utf8).write(to: folder.appending(path: "system.yaml"))
    try Data("system: kiosk\nfields:\n  Key: id\n  \(fields)\n".utf8).write(to: folder.appending(path: "client.yaml"))
    var job = CheckJob()
    job.folders = [folder.path]
    job.cases = cases
    job.rows = 3
    job.runsExamples = false
    let report = try job.run()
    #expect(report.systems.map(\.name) == ["kiosk"])
    return report.all
  }

  private func kiosk(_ fields: String) throws -> (System, PlanSettings) {
    let library = try MappingLibrary()
    let model = try library.canonical()
    let loaded = SystemLoader.load(
      name: "kiosk", system: try YAML.parse(Array(CheckTests.systemFile.utf8), file: "system.yaml"),
      client: try YAML.parse(Array("system: kiosk\nfields:\n  Key: id\n  \(fields)\n".utf8), file: "client.yaml"), canonical: model)
    return (try #require(loaded.0), PlanSettings(canonical: model, tables: { _ in nil }))
  }
}
