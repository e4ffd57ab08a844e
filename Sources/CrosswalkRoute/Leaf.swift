package import CrosswalkFormats
import CrosswalkMapping
package import CrosswalkModel

/// One place for a value in a system's records, as its mapping names it: a field, or a field's neighbour (the second address line).
package struct MappedLeaf: Sendable {
  /// The path as the mapping file spells it: in messages, residue, CSV columns.
  package var name: String
  package var path: [PathStep]
  /// Index of the field in `System.fields`.
  package var field: Int
  package var register: Int
  /// How it is written.
  package var layout: Layout.Leaf
}

/// How one target leaf gets its value: per leg the canonical fields it comes from; leg 0 is `is:`.
package struct TargetLeaf {
  package var leaf: MappedLeaf
  package var legs: [[Int]]
  package var isRequired: Bool
  /// A default or a constant stands in when nothing feeds it.
  package var isSupplied: Bool
  /// Something of the source may feed it.
  package var isFed: Bool
  package var isId: Bool
}

/// Builds the layout of a system's leaves in one format.
enum LayoutBuilder {
  /// - writing: nil for reading, where a field has all its names and no order.
  /// - received: the shape of bodies alone that are read: a field that has a name of its own there has no other.
  @inline(never) static func layout(
    of leaves: [MappedLeaf], in system: System, format: Format, writing shape: Shape?, received: Shape? = nil
  ) -> Layout {
    var layout = Layout()
    layout.ignoresCase = system.ignoresCase
    layout.typeAttribute = attribute(system.xml.typeAttribute)
    layout.nilAttribute = attribute(system.xml.nilAttribute)
    layout.registers = (leaves.map(\.register).max() ?? -1) + 1
    let root = Group()
    for leaf in leaves {
      let field = system.fields[leaf.field]
      var path = leaf.path
      var aliases: [String] = []
      if case .name(let own)? = path.last {
        if leaf.name == field.name {
          var name = own
          var isLiteral = false
          if let shape, let written = field.writeNames[shape] { name = written }
          if let special = field.formatNames[base(format)] { (name, isLiteral) = (special, true) }
          if shape == nil, let own = received.flatMap({ field.writeNames[$0] }) {
            name = own
          } else if shape == nil {
            aliases = field.readNames
            for written in Set(field.writeNames.values).sorted() where written != name && !aliases.contains(written) {
              aliases.append(written)
            }
            // An attribute may come as a child, and the other way round, where the file names both.
            if isLiteral, own != name { aliases.append(own) }
          }
          path[path.count - 1] = .name(name)
          if !isLiteral { spell(&path, in: system, format: format) } else { spell(&path, in: system, format: format, last: false) }
        } else {
          spell(&path, in: system, format: format)
        }
      }
      if format == .csv {
        // A column is the path as the file spells it, unless it has a name of its own.
        let column = leaf.name == field.name ? field.formatNames[.csv] ?? leaf.name : leaf.name
        root.insert([.name(column)][...], aliases: aliases.map { sibling(of: leaf.path, named: $0) }, leaf: leaf.layout)
        continue
      }
      var spelt: [String] = []
      let rules = shape == nil ? system.names.filter { $0.format == base(format) && !$0.from.isEmpty } : []
      if shape == nil, case (.name(let own)?, .name(let name)?) = (leaf.path.last, path.last) {
        func add(_ alias: String) { if alias != name, !spelt.contains(alias) { spelt.append(alias) } }
        for alias in aliases { add(rules.reduce(alias) { replace($1.from, by: $1.to, in: $0) }) }
        for rule in rules {
          for other in rule.alsoRead { for one in [own] + aliases { add(replace(rule.from, by: other, in: one)) } }
        }
      }
      let around = zip(leaf.path, path).map { step, spelt -> [String] in
        guard case (.name(let own), .name(let name)) = (step, spelt) else { return [] }
        return rules.flatMap { rule in rule.alsoRead.map { replace(rule.from, by: $0, in: own) } }.filter { $0 != name }
      }
      root.insert(path[...], around: around[...], aliases: spelt, leaf: leaf.layout)
    }
    layout.members = root.members()
    return layout
  }

  /// A path beside another one, as text: how CSV spells an alias.
  private static func sibling(of path: [PathStep], named name: String) -> String {
    PathStep.text(path.dropLast() + [.name(name)])
  }

  private static func base(_ format: Format) -> Format { format == .ndjson ? .json : format }

  private static func attribute(_ name: String?) -> String? { name.map { $0.hasPrefix("@") ? String($0.dropFirst()) : $0 } }

  /// The path of a leaf as the format writes it.
  static func written(_ leaf: MappedLeaf, in system: System, format: Format) -> [PathStep] {
    var path = leaf.path
    let special = leaf.name == system.fields[leaf.field].name ? system.fields[leaf.field].formatNames[base(format)] : nil
    // A column is the path as the file spells it, unless it has a name of its own.
    if format == .csv { return special.map { [.name($0)] } ?? path }
    if let special { path[path.count - 1] = .name(special) }
    spell(&path, in: system, format: format, last: special == nil)
    return path
  }

  /// Names of the leaves whose path in a format is another one.
  static func elsewhere(_ leaves: [MappedLeaf], in system: System, format: Format) -> Set<[UInt8]> {
    Set(leaves.filter { PathStep.text(written($0, in: system, format: format)) != $0.name }.map { Array($0.name.utf8) })
  }

  private static func spell(_ path: inout [PathStep], in system: System, format: Format, last: Bool = true) {
    for rule in system.names where rule.format == base(format) && !rule.from.isEmpty {
      for i in path.indices where last || i < path.count - 1 {
        if case .name(let name) = path[i] { path[i] = .name(replace(rule.from, by: rule.to, in: name)) }
      }
    }
  }

  static func replace(_ from: String, by to: String, in name: String) -> String {
    var result = ""
    var rest = name[...]
    while !rest.isEmpty {
      if rest.hasPrefix(from) {
        result += to
        rest = rest.dropFirst(from.count)
      } else {
        result.append(rest.removeFirst())
      }
    }
    return result
  }

  /// A tree of paths on the way to a layout; members stand where the first of them stood.
  private final class Group {
    private enum Step: Hashable { case name(String), index(Int), pick(String, String) }
    private var order: [Step] = []
    private var groups: [Step: Group] = [:]
    private var leaves: [Step: (Layout.Leaf, [String])] = [:]
    /// Other names of the groups.
    private var spellings: [Step: [String]] = [:]

    /// - around: for each step other names of what stands there.
    func insert(_ path: ArraySlice<PathStep>, around: ArraySlice<[String]> = [], aliases: [String], leaf: Layout.Leaf) {
      guard let first = path.first else { return }
      let step: Step =
        switch first {
        case .name(let name): .name(name)
        case .index(let index): .index(index)
        case .pick(let key, let value): .pick(key, value)
        }
      if groups[step] == nil, leaves[step] == nil { order.append(step) }
      if path.count == 1 {
        leaves[step] = (leaf, aliases)
        return
      }
      let group = groups[step] ?? Group()
      groups[step] = group
      if let names = around.first, !names.isEmpty { spellings[step] = names }
      group.insert(path.dropFirst(), around: around.dropFirst(), aliases: aliases, leaf: leaf)
    }

    func members() -> [Layout.Member] {
      order.compactMap { step in
        guard case .name(let name) = step else { return nil }
        if let (leaf, aliases) = leaves[step] { return Layout.Member(name, aliases: aliases, .leaf(leaf)) }
        return groups[step].map { Layout.Member(name, aliases: spellings[step] ?? [], $0.content()) }
      }
    }

    private func content() -> Layout.Content {
      var cases: [(String, Layout.Case)] = []
      var items: [Layout.Item] = []
      for step in order {
        switch step {
        case .name: return .object(members())
        case .index(let index):
          if let (leaf, _) = leaves[step] {
            items.append(Layout.Item(index: index, content: .leaf(leaf)))
          } else if let group = groups[step] {
            items.append(Layout.Item(index: index, content: group.content()))
          }
        case .pick(let key, let value):
          if let group = groups[step] { cases.append((key, Layout.Case(value: value, members: group.members()))) }
        }
      }
      if let key = cases.first?.0 { return .picks(key: key, cases: cases.map(\.1)) }
      return .items(items)
    }
  }
}
