import CrosswalkFormats
package import CrosswalkMapping
package import CrosswalkModel
package import CrosswalkRoute
import CrosswalkYAML

/// Runs the examples that document the transforms: each in a mapping made for it, with the tables at hand. Somebody's own tables
/// can make them fail.
package struct TransformExamples {
  let canonical: System
  let settings: PlanSettings
  private let specs: [TransformSpec]

  package init(canonical: System, settings: PlanSettings, specs: [TransformSpec] = TransformTable.specs) {
    self.canonical = canonical
    self.settings = settings
    self.specs = specs
  }

  package func run() -> (count: Int, problems: [Diagnostic]) {
    var count = 0
    var problems: [Diagnostic] = []
    for spec in specs {
      for example in spec.examples {
        for (isReading, pairs) in [(true, example.reads), (false, example.writes)] {
          for (value, result) in pairs {
            count += 1
            let one = One(transform: spec.name, use: example.use, isReading: isReading, value: value, result: result, given: example.given)
            if let got = outcome(of: one) { problems.append(failed(one, got)) }
          }
        }
      }
    }
    return (count, problems)
  }

  struct One {
    var transform: String
    var use: String
    var isReading: Bool
    var value: String
    var result: String?
    var given: [String: String]
  }

  /// What comes out instead of the result; nil where the example holds.
  private func outcome(of example: One) -> String? {
    do {
      let value = try JSONReference.parse(Array(example.value.utf8))
      var wanted = try example.result.map { try JSONReference.parse(Array($0.utf8)) }
      if example.transform == "block" { wanted = wanted.map { .object(TransformExamples.leaves($0).sorted { $0.name.lexicographicallyPrecedes($1.name) }) } }
      guard let system = try kiosk(example) else { return "a mapping that is not accepted" }
      let got = example.isReading ? read(value, example, system) : write(value, example, system)
      return got == wanted ? nil : Shown.value(got)
    } catch let error as Diagnostic {
      return error.title
    } catch {
      return "\(error)"
    }
  }

  /// An invented system with one field of the kind that shows the example.
  private func kiosk(_ example: One) throws(Diagnostic) -> System? {
    let (meaning, type) = kinds(example)
    let field: String
    switch example.transform {
    case "block": field = "{ is: details, as: \(example.use) }"
    case "compose": field = "{ is: details, or: \(example.use) }"
    case "labelled": field = "{ is: { code: currency.code, label: currency.label }, as: \(example.use) }"
    default:
      let oneWay = example.transform == "split" ? ", oneWay: the rest is lost" : ""
      field = "{ is: \(meaning), type: \(type), as: \(example.use)\(oneWay) }"
    }
    let systemFile = """
      system: kiosk
      formats: [json]
      options: { labels: { is: "2010", of: ["2010", "2016"], why: two generations } }
      shapes: { list: { json: [$record] } }
      """
    return SystemLoader.load(
      name: "kiosk", system: try YAML.parse(Array(systemFile.utf8), file: "system.yaml"),
      client: try YAML.parse(Array("system: kiosk\nfields:\n  key: id\n  value: \(field)\n".utf8), file: "client.yaml"),
      canonical: settings.canonical
    ).0
  }

  /// The canonical field whose kind shows the result's, and the kind of the written field.
  private func kinds(_ example: One) -> (canonical: String, type: String) {
    let shown = example.result ?? example.value
    switch (shown, example.transform) {
    case (_, "boolean"), (_, "not"), ("true", _), ("false", _): return ("active", example.isReading ? "text" : "boolean")
    case (_, "instant"), (_, "epoch"), (_, "msDate"): return ("created", "text")
    case (_, "integer"): return ("company.size", "integer")
    case (_, "choice") where example.value == "false": return ("active", "text")
    default: return ("notes", "text")
    }
  }

  private func read(_ value: Tree, _ example: One, _ system: System) -> Tree? {
    let route = RecordRoute(system, .json, to: canonical, .json, settings: settings)
    let values: RecordRoute.Values
    switch (example.transform, value) {
    case ("lines", .object(let members)): values = named(members)
    case ("join", .object(let members)): values = named(members).map { ("value.\($0.name)", $0.value) }
    default: values = [("value", value)]
    }
    let result = route.map(values)
    if result.isRejected { return nil }
    if example.transform == "labelled" {
      return .object(
        ["code", "label"].compactMap { part in result.values["currency.\(part)"].map { Tree.Member(part, $0) } })
    }
    if example.transform == "block" {
      let parts = result.values.filter { !["id", "system", "native"].contains($0.key) }.sorted { $0.key < $1.key }
      return .object(parts.map { Tree.Member($0.key, $0.value) })
    }
    return result.values[kinds(example).canonical]
  }

  /// The leaves of an object, under dotted names.
  private static func leaves(_ tree: Tree, under path: String = "") -> [Tree.Member] {
    guard case .object(let members) = tree else { return [Tree.Member(path, tree)] }
    return members.flatMap { member in
      let name = String(decoding: member.name, as: UTF8.self)
      return leaves(member.value, under: path.isEmpty ? name : "\(path).\(name)")
    }
  }

  private func write(_ value: Tree, _ example: One, _ system: System) -> Tree? {
    let route = RecordRoute(canonical, .json, to: system, .json, settings: settings)
    var values: RecordRoute.Values
    switch (example.transform, value) {
    case ("labelled", .object(let members)): values = named(members).map { ("currency.\($0.name)", $0.value) }
    case ("compose", .object(let members)): values = named(members)
    default: values = [(kinds(example).canonical, value)]
    }
    values += example.given.map { ($0.key, .text($0.value)) }
    let result = route.map(values)
    if result.isRejected { return nil }
    let leaves = route.plan.targetLeaves.map(\.leaf.name).filter { $0 != "key" }
    if example.transform == "lines" || example.transform == "join" {
      return .object(
        leaves.compactMap { name in
          result.values[name].map { Tree.Member(name.hasPrefix("value.") ? String(name.dropFirst(6)) : name, $0) }
        })
    }
    return result.values["value"]
  }

  private func named(_ members: [Tree.Member]) -> RecordRoute.Values {
    members.map { (String(decoding: $0.name, as: UTF8.self), $0.value) }
  }
}

// MARK: - Messages

private func failed(_ example: TransformExamples.One, _ got: String) -> Diagnostic {
  Diagnostic(
    .failingExample,
    "`as: \(example.use)` \(example.isReading ? "reads" : "writes") \(example.value) as \(got), and not as "
      + (example.result ?? "nothing"),
    help: "tables that replace the built-in ones have to hold what the examples use: \(example.transform)")
}
