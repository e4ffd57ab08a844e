import CrosswalkMapping
package import CrosswalkModel
import CrosswalkRoute

/// Everything that can be wrong with mapping files, all of it at once: what loading them finds, their own tests, the examples of
/// the transforms with the tables at hand, and the laws.
package struct CheckJob: Sendable {
  /// Folders to check: a system, or a folder of systems. None: every system there is.
  package var folders: [String] = []
  /// Folders with further systems and tables; the last wins, and those that are checked win over these.
  package var mappings: [String] = []
  package var seed: UInt64 = 1
  /// Random records for each system, after those that are made of every field and state in turn.
  package var cases = 400
  /// Of a table with more rows so many are tried.
  package var rows = Int.max
  /// The examples of the transforms run too; they depend on the tables alone.
  package var runsExamples = true

  package init() {}

  package struct Report: Sendable {
    package var systems: [SystemReport] = []
    /// What belongs to no system: examples of transforms.
    package var problems: [Diagnostic] = []
    package var transforms = 0
    package var examples = 0

    package var all: [Diagnostic] { systems.flatMap(\.problems) + problems }
    package var hasErrors: Bool { all.contains { $0.disposition != .warning } }
  }

  package struct SystemReport: Sendable {
    package var name: String
    package var fields = 0
    package var tests = 0
    package var laws: LawCheck.Outcome?
    /// In the order of their places.
    package var problems: [Diagnostic] = []
  }

  /// Throws what keeps it from starting: a folder that is none, a canonical model that cannot be read.
  package func run() throws(Diagnostic) -> Report {
    var folders = mappings
    var names: [String] = []
    for path in self.folders {
      if let (folder, name) = MappingLibrary.system(at: path) {
        folders.append(folder)
        names.append(name)
      } else {
        folders.append(path)
        names += try MappingLibrary.systems(in: path)
      }
    }
    let library = try MappingLibrary(folders: folders)
    if self.folders.isEmpty { names = library.names }
    let model = try library.canonical()
    let settings = PlanSettings(canonical: model, tables: { CheckJob.table($0, in: library) })
    var report = Report()
    let (canonical, canonicalProblems) = library.system(CanonicalModel.name, canonical: model)
    for name in names.reduce(into: [String](), { if !$0.contains($1) { $0.append($1) } }) {
      report.systems.append(check(name, in: library, model, settings, canonical))
    }
    guard let canonical else {
      // Without it nothing can be mapped; where it is among the systems it has been said.
      if !names.contains(CanonicalModel.name) { report.problems += canonicalProblems }
      return report
    }
    guard runsExamples else { return report }
    let examples = TransformExamples(canonical: canonical, settings: settings).run()
    report.transforms = TransformTable.specs.count
    report.examples = examples.count
    report.problems += examples.problems
    return report
  }

  private func check(
    _ name: String, in library: MappingLibrary, _ model: CanonicalModel, _ settings: PlanSettings, _ canonical: System?
  ) -> SystemReport {
    var report = SystemReport(name: name)
    let (system, problems) = library.system(name, canonical: model, checksAPI: true)
    report.problems = problems
    guard let system, let canonical else { return report }
    report.fields = system.fields.count
    if let client = try? library.parse("client.yaml", of: name) {
      var tests = MappingTests(system, canonical: canonical, settings: settings)
      let outcome = tests.run(client)
      report.tests = outcome.count
      report.problems += outcome.problems
    }
    // Canonical is what the laws are about.
    if name != CanonicalModel.name {
      let laws = LawCheck(system, canonical: canonical, settings: settings, seed: seed, cases: cases, rows: rows).run()
      report.problems += laws.problems
      report.laws = laws
    }
    report.problems.sort { CheckJob.order($0) < CheckJob.order($1) }
    return report
  }

  private static func order(_ problem: Diagnostic) -> (String, Int, Int) {
    let place = problem.labels.first?.place
    return (place?.file ?? "", place?.line ?? 0, place?.column ?? 0)
  }

  private static func table(_ name: String, in library: MappingLibrary) -> Table? {
    do throws(Diagnostic) {
      return try library.table(name).map { Table(name: name, bytes: $0) }
    } catch {
      return nil
    }
  }
}
