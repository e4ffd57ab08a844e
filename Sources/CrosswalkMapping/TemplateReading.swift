import CrosswalkModel
import CrosswalkYAML

/// Reads the templates of `shapes` and `replies`.
struct TemplateReading {
  /// The texts that stand for something: `["$record"]` in shapes, `["$code", "$message", "$id"]` in replies.
  let binds: [String]
  private(set) var problems: [Diagnostic] = []

  init(binds: [String]) { self.binds = binds }

  mutating func template(_ node: YAMLNode) -> Template {
    switch node.content {
    case .scalar(let scalar):
      if binds.contains(scalar.text) {
        return scalar.text == "$record" ? .record : .bind(String(scalar.text.dropFirst()))
      }
      if scalar.isPlain, scalar.text.hasPrefix("$") { problems.append(unknownBind(scalar.text, binds, at: node.place)) }
      return .literal(node.literal ?? .null)
    case .sequence(let items):
      if items.count == 1 { return .list(template(items[0])) }
      if items.contains(where: holdsBind) { problems.append(listOfSeveral(at: node.place)) }
      return .literal(.array(items.map(tree)))
    case .mapping(let entries):
      return .object(entries.map { .init($0.key.text ?? "", template($0.value)) })
    }
  }

  private func holdsBind(_ node: YAMLNode) -> Bool {
    switch node.content {
    case .scalar(let scalar): binds.contains(scalar.text)
    case .sequence(let items): items.contains(where: holdsBind)
    case .mapping(let entries): entries.contains { holdsBind($0.value) }
    }
  }

  private func tree(_ node: YAMLNode) -> Tree {
    switch node.content {
    case .scalar: node.literal ?? .null
    case .sequence(let items): .array(items.map(tree))
    case .mapping(let entries): .object(entries.map { .init($0.key.text ?? "", tree($0.value)) })
    }
  }
}

extension Template {
  /// How many times `$record` stands in it.
  var recordCount: Int {
    switch self {
    case .record: 1
    case .bind, .literal: 0
    case .list(let inner): inner.recordCount
    case .object(let members): members.reduce(0) { $0 + $1.value.recordCount }
    }
  }

  /// Whether a member can be put there, or takes no record's place.
  func hasPlace(for path: ArraySlice<PathStep>) -> Bool {
    guard case .object(let members) = self, case .name(let name)? = path.first else { return false }
    let member = members.first { $0.name == name }
    guard path.count > 1 else { return member.map { $0.value.recordCount == 0 } ?? true }
    return member?.value.hasPlace(for: path.dropFirst()) ?? false
  }

  /// A member that may have any name.
  var hasAnyName: Bool {
    switch self {
    case .record, .bind, .literal: false
    case .list(let inner): inner.hasAnyName
    case .object(let members): members.contains { $0.name == "*" || $0.value.hasAnyName }
    }
  }
}

// MARK: Messages

private func unknownBind(_ text: String, _ binds: [String], at place: Place) -> Diagnostic {
  let accepted = acceptedHelp(text, binds)
  return Diagnostic(
    .badTemplate, "`\(text)` stands for nothing here", labels: [.init(place)],
    help: accepted + (accepted.hasSuffix("?") ? " " : ". ") + "A literal that starts with `$` must stand in quotes")
}

private func listOfSeveral(at place: Place) -> Diagnostic {
  Diagnostic(
    .badTemplate, "a list in a template holds one thing, which repeats", labels: [.init(place)],
    help: "write `[$record]`, or `[{ name: $record }]`")
}
