import Crosswalk
import CrosswalkCheck
import CrosswalkTerminal

/// What a check found, as lines for people or as one JSON object.
enum CheckText {
  /// One line a system that is well; those that are not have their messages elsewhere.
  static func text(_ report: CheckJob.Report, of job: CheckJob) -> String {
    var rows: [[String]] = []
    for system in report.systems where !system.problems.contains(where: { $0.disposition != .warning }) {
      rows.append([system.name, count(system.fields, "field"), count(system.tests, "test"), laws(system.laws, job)])
    }
    if report.examples > 0, !report.problems.contains(where: { $0.disposition != .warning }) {
      rows.append(["transforms", "\(report.transforms)", count(report.examples, "example")])
    }
    return TextTable(rows: rows).text
  }

  private static func laws(_ laws: LawCheck.Outcome?, _ job: CheckJob) -> String {
    guard let laws else { return "" }
    let byCases = laws.byCases > 0 ? ", \(laws.byCases) by \(laws.cases) cases, seed \(job.seed)" : ""
    return "laws: \(laws.byMapping) static\(byCases)"
  }

  private static func count(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }

  static func json(_ report: CheckJob.Report, of job: CheckJob) -> String {
    let renderer = DiagnosticRenderer(showsValues: true)
    func list(_ problems: [Diagnostic]) -> String { JSONLine.list(problems.map(renderer.json)) }
    var object = JSONLine()
    object.add("seed", raw: "\(job.seed)")
    let systems = report.systems.map { system in
      var object = JSONLine()
      object.add("system", system.name)
      object.add("fields", system.fields)
      object.add("tests", system.tests)
      if let laws = system.laws {
        object.add("laws", [("static", laws.byMapping), ("byCases", laws.byCases), ("cases", laws.cases)])
      }
      object.add("problems", raw: list(system.problems))
      return object.text
    }
    object.add("systems", list: systems)
    object.add("transforms", [("count", report.transforms), ("examples", report.examples)])
    object.add("problems", raw: list(report.problems))
    let errors = report.all.count { $0.disposition != .warning }
    object.add("errors", errors)
    object.add("warnings", report.all.count - errors)
    return object.text + "\n"
  }
}
