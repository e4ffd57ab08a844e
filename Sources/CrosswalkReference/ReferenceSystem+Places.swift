import CrosswalkFormats
import CrosswalkModel
import CrosswalkYAML

/// Where the leaves of a field stand in a record.
extension ReferenceSystem {
  /// One leaf of a field: its identity, and the paths at which a format may have it, the best first.
  struct Place: Sendable {
    var identity: [UInt8]
    var paths: [[PathStep]]
  }

  /// The leaves of a field in a format: one, or one a part for `lines` and `join`.
  func places(of field: ReferenceField, _ format: Format) -> [Place] {
    known[format]?[field.name] ?? findPlaces(of: field, format)
  }

  /// Looked up many times a record.
  func allPlaces() -> [Format: [String: [Place]]] {
    var all: [Format: [String: [Place]]] = [:]
    for format in formats {
      for field in fields { all[format, default: [:]][field.name] = findPlaces(of: field, format) }
    }
    return all
  }

  private func findPlaces(of field: ReferenceField, _ format: Format) -> [Place] {
    let parent = Array(field.steps.dropLast())
    guard case .name(let own)? = field.steps.last else {
      return [Place(identity: Array(field.name.utf8), paths: paths(field, format))]
    }
    if let lines = field.transforms.first(where: { $0.name == "lines" }) {
      var names = texts(lines.argument)
      if names.first != own { names.insert(own, at: 0) }
      return names.enumerated().map { index, name in
        let steps = parent + [.name(name)]
        return Place(
          identity: index == 0 ? Array(field.name.utf8) : Array(PathStep.text(steps).utf8),
          paths: index == 0 ? paths(field, format) : [columns(path(steps, format), format)])
      }
    }
    if let join = field.transforms.first(where: { $0.name == "join" }) {
      return texts(join.others["of"] ?? join.argument?["of"]).map { member in
        let steps = field.steps + [.name(member)]
        return Place(identity: Array(PathStep.text(steps).utf8), paths: [columns(path(steps, format), format)])
      }
    }
    return [Place(identity: Array(field.name.utf8), paths: paths(field, format))]
  }

  /// A path as the one step it is in a format of columns.
  private func columns(_ steps: [PathStep], _ format: Format) -> [PathStep] {
    format.hasTrees ? steps : [.name(PathStep.columnText(steps))]
  }

  private func paths(_ field: ReferenceField, _ format: Format) -> [[PathStep]] {
    let parent = Array(field.steps.dropLast())
    guard case .name(let own)? = field.steps.last else { return [columns(path(field.steps, format), format)] }
    var paths: [[PathStep]] = []
    func add(_ name: String) {
      let steps = parent + [.name(name)]
      paths.append(columns(path(steps, format), format))
      // Of the last name; what stands around it is found by `isParent`.
      for also in nameRules[format.carrier]?.alsoRead ?? [] {
        paths.append(columns(path(parent, format) + path([.name(name)], format, to: also), format))
      }
    }
    // A format's own name replaces the last step; of columns, the whole.
    if let name = field.formatNames[format] {
      paths.append(format.hasTrees ? path(parent, format) + [.name(name)] : [.name(name)])
    }
    add(own)
    for name in field.readNames + field.writeNames.values.sorted() { add(name) }
    return paths
  }

  /// A path in a format's own spelling, before it becomes a column.
  func path(_ steps: [PathStep], _ format: Format, to other: String? = nil) -> [PathStep] {
    guard let rule = nameRules[format.carrier] else { return steps }
    return steps.map { step in
      guard case .name(let name) = step else { return step }
      return .name(
        name.split(separator: rule.from, omittingEmptySubsequences: false).joined(separator: other ?? rule.to))
    }
  }

  /// Where a path leads in a record: the index taken on each level, and the leaf. `exact` is the spelling of its last
  /// name.
  func locate(
    _ steps: ArraySlice<PathStep>, in node: Tree, _ format: Format, exact: Bool
  ) -> (location: [Int], value: Tree)? {
    guard let step = steps.first else {
      // In XML the text of an element that has attributes beside it.
      if format == .xml, case .object(let members) = node, !members.contains(where: { $0.isElement }) {
        guard let index = members.firstIndex(where: { $0.name == Array("#text".utf8) }) else {
          return ([-1], .text([]))
        }
        return ([index], members[index].value)
      }
      return ([], node)
    }
    let rest = steps.dropFirst()
    func into(_ index: Int?, _ child: Tree) -> (location: [Int], value: Tree)? {
      guard let deeper = locate(rest, in: child, format, exact: exact) else { return nil }
      return ((index.map { [$0] } ?? []) + deeper.location, deeper.value)
    }
    switch step {
    case .name(let name):
      guard case .object(let members) = node else { return nil }
      var index = members.firstIndex { $0.name.elementsEqual(name.utf8) }
      if index == nil, format == .csv, let hash = name.lastIndex(of: "#"),
        let number = Int(name[name.index(after: hash)...])
      {
        let all = members.indices.filter { members[$0].name == Array(name[..<hash].utf8) }
        index = number >= 1 && number <= all.count ? all[number - 1] : nil
      }
      if !rest.isEmpty, format.hasTrees {
        // Of objects and lists under several spellings the first is it.
        index = members.firstIndex { isParent($0.name, name, format) }
      } else if index == nil, ignoresCase, !exact {
        index = members.firstIndex { Self.isSameWord($0.name, name) }
      }
      return index.flatMap { into($0, members[$0].value) }
    case .index(let number):
      if case .array(let items) = node { return items.indices.contains(number) ? into(number, items[number]) : nil }
      // One element of a list in XML is not told from an element that stands alone.
      return format == .xml && number == 0 ? into(nil, node) : nil
    case .pick(let key, let value):
      func has(_ item: Tree) -> Bool {
        guard let hit = locate([.name(key)], in: item, format, exact: false) else { return false }
        return hit.value == .text(Array(value.utf8))
      }
      if case .array(let items) = node { return items.firstIndex(where: has).flatMap { into($0, items[$0]) } }
      return format == .xml && has(node) ? into(nil, node) : nil
    }
  }
}
