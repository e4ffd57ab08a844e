import CrosswalkFormats
package import CrosswalkMapping
package import CrosswalkModel
package import CrosswalkRoute
package import CrosswalkYAML

/// Runs what `tests:` of a `client.yaml` says: `read` is a record and `canonical` what it means; `canonical` is written, and `write`
/// is what stands in the record then. Values are compared by their characters; null, empty and absent are three.
package struct MappingTests {
  let system: System
  let canonical: System
  let settings: PlanSettings
  private var routes: [String: RecordRoute] = [:]

  package init(_ system: System, canonical: System, settings: PlanSettings) {
    self.system = system
    self.canonical = canonical
    self.settings = settings
  }

  /// How many tests there are, and one problem for each direction of a test that fails.
  package mutating func run(_ client: YAMLNode) -> (count: Int, problems: [Diagnostic]) {
    let tests = client["tests"]?.items ?? []
    var problems: [Diagnostic] = []
    for (index, test) in tests.enumerated() {
      let name = test["note"]?.text ?? "test \(index + 1)"
      if let read = test["read"], let problem = check(reading: read, test, name) { problems.append(problem) }
      if let write = test["write"], let problem = check(writing: write, test, name) { problems.append(problem) }
    }
    return (tests.count, problems)
  }

  // MARK: - The two directions

  private mutating func check(reading record: YAMLNode, _ test: YAMLNode, _ name: String) -> Diagnostic? {
    let format = format(of: test, shape: nil)
    let (system, canonical, settings) = (system, canonical, settings)
    let chosen = options(of: test)
    let options = choosing(chosen, settings)
    let route = route("read \(format) \(chosen.sorted { $0.key < $1.key })") {
      RecordRoute(system, format, to: canonical, .json, settings: options)
    }
    let values = (record.entries ?? []).compactMap { entry -> (name: String, value: Tree)? in
      guard let leaf = leaf(entry.key.text ?? "", among: route.plan.sourceLeaves, shape: nil), let value = entry.value.literal else { return nil }
      return (leaf, value)
    }
    var result = route.map(values)
    if result.isRejected { return rejected(name, "reading", result.rejectedAt, at: record.place) }
    for meta in ["system", "native"] { result.values[meta] = nil }
    let wanted = (test["canonical"]?.entries ?? []).map { ($0, $0.key.text ?? "") }
    return difference(wanted, result.values, name, "reads", at: test["canonical"]?.place ?? record.place)
  }

  private mutating func check(writing record: YAMLNode, _ test: YAMLNode, _ name: String) -> Diagnostic? {
    let shape = test["shape"]?.text.flatMap(Shape.init) ?? .list
    let format = format(of: test, shape: shape)
    let (system, canonical, settings) = (system, canonical, settings)
    let chosen = options(of: test)
    let options = choosing(chosen, settings)
    let route = route("write \(shape) \(format) \(chosen.sorted { $0.key < $1.key })") {
      RecordRoute(canonical, .json, to: system, format, shape: shape, settings: options)
    }
    var values = (test["canonical"]?.entries ?? []).compactMap { entry -> (name: String, value: Tree)? in
      entry.value.literal.map { (entry.key.text ?? "", $0) }
    }
    // A record of the system's own, whose id an update may use.
    values.append(("system", .text(system.name)))
    let result = route.map(values)
    if result.isRejected { return rejected(name, "writing", result.rejectedAt, at: record.place) }
    let leaves = route.plan.targetLeaves.map(\.leaf)
    let wanted = (record.entries ?? []).map { ($0, leaf($0.key.text ?? "", among: leaves, shape: shape) ?? $0.key.text ?? "") }
    return difference(wanted, result.values, name, "writes", at: record.place)
  }

  private mutating func route(_ key: String, _ make: () -> RecordRoute) -> RecordRoute {
    if let route = routes[key] { return route }
    let route = make()
    routes[key] = route
    return route
  }

  /// `option:` of a test: the system's options by name.
  private func options(of test: YAMLNode) -> [String: String] {
    Dictionary((test["option"]?.entries ?? []).map { ($0.key.text ?? "", $0.value.text ?? "") }) { $1 }
  }

  private func choosing(_ options: [String: String], _ settings: PlanSettings) -> PlanSettings {
    var settings = settings
    settings.options[system.name, default: [:]].merge(options) { $1 }
    return settings
  }

  /// Named by the test, else the first one that has the shape.
  private func format(of test: YAMLNode, shape: Shape?) -> Format {
    if let named = test["format"]?.text.flatMap(Format.init) { return named }
    guard let shape, let rules = system.shapes.first(where: { $0.shape == shape }) else { return system.formats.first ?? .json }
    return system.formats.first { format in rules.write.contains { $0.format == format } } ?? system.formats.first ?? .json
  }

  /// The leaf that a test means: by its name in the mapping file, or by one of its other names.
  private func leaf(_ name: String, among leaves: [MappedLeaf], shape: Shape?) -> String? {
    func isSame(_ other: String) -> Bool { system.ignoresCase ? other.lowercased() == name.lowercased() : other == name }
    if let leaf = leaves.first(where: { isSame($0.name) }) { return leaf.name }
    return leaves.first { leaf in
      guard leaf.field >= 0, case let field = system.fields[leaf.field], leaf.name == field.name else { return false }
      let others = shape.map { field.writeNames[$0].map { [$0] } ?? [] } ?? field.readNames + field.writeNames.values
      let beside = others.map { PathStep.text(field.path.dropLast() + [.name($0)]) }
      return (beside + field.formatNames.values).contains(where: isSame)
    }?.name
  }

  // MARK: - Comparison

  private func difference(
    _ wanted: [(entry: YAMLNode.Entry, name: String)], _ got: [String: Tree], _ test: String, _ verb: String, at place: Place
  ) -> Diagnostic? {
    var labels: [Diagnostic.Label] = []
    for (entry, name) in wanted {
      guard let value = entry.value.literal else { continue }
      let found = got[name]
      if let found, MappingTests.isSame(value, found) { continue }
      labels.append(.init(entry.value.place, "`\(name)`: expected \(Shown.value(value)), got \(Shown.value(found))"))
    }
    let names = Set(wanted.map(\.name))
    for (name, value) in got.sorted(by: { $0.key < $1.key }) where !names.contains(name) {
      labels.append(.init(place, "`\(name)`: expected nothing, got \(Shown.value(value))"))
    }
    return labels.isEmpty ? nil : failed(test, verb, labels)
  }

  static func isSame(_ a: Tree, _ b: Tree) -> Bool {
    a == b || (a.characters.map { $0 == b.characters } ?? false)
  }
}

/// Values as messages show them.
enum Shown {
  /// JSON, cut where it is long.
  static func value(_ value: Tree?) -> String {
    guard let value else { return "nothing" }
    let text = JSONTree.text(value)
    return text.unicodeScalars.count <= 80 ? text : String(String.UnicodeScalarView(text.unicodeScalars.prefix(79))) + "…"
  }

  /// One object, with the names as they are.
  static func record(_ values: RecordRoute.Values) -> String {
    JSONTree.text(.object(values.map { Tree.Member($0.name, $0.value) }))
  }
}

// MARK: - Messages

private func failed(_ test: String, _ verb: String, _ labels: [Diagnostic.Label]) -> Diagnostic {
  Diagnostic(
    .failingTest, "a test of the mapping fails: \(test)", labels: labels,
    help: "the mapping \(verb) otherwise than the test says; correct the one that is wrong")
}

private func rejected(_ test: String, _ verb: String, _ leaf: String?, at place: Place) -> Diagnostic {
  Diagnostic(
    .failingTest, "a test of the mapping fails: \(test)",
    labels: [.init(place, "\(verb) rejects the record\(leaf.map { " at `\($0)`" } ?? "")")],
    help: "give the record what the shape requires, or correct the mapping")
}
