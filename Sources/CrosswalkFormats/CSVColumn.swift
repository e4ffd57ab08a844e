/// A leaf of a layout as one flat field: a CSV column or a URL-encoded parameter. Names of nested members are dotted
/// (`place.city`), picked and indexed ones keep their path (`Phones[Kind=FAX].Number`, `lines[2].text`).
package struct CSVColumn: Sendable {
  /// As the layout spells it. `Phone#2` is the second column called `Phone`.
  package var name: String
  /// Other names accepted on reading.
  package var aliases: [String]
  package var leaf: Layout.Leaf

  /// `Phone#2` taken apart; 1 for every other name.
  package var ordinal: (base: String, number: Int) {
    guard let mark = name.lastIndex(of: "#"), mark > name.startIndex,
      let number = Int(name[name.index(after: mark)...]), number >= 2
    else { return (name, 1) }
    return (String(name[..<mark]), number)
  }
}

extension Layout {
  /// The leaves in the order of the layout.
  package var columns: [CSVColumn] {
    var columns: [CSVColumn] = []
    for member in members { CSVColumn.append(member, below: [""], to: &columns) }
    return columns
  }
}

extension CSVColumn {
  /// `prefixes` are the ways to spell the container, the layout's own one first.
  fileprivate static func append(_ member: Layout.Member, below prefixes: [String], to columns: inout [CSVColumn]) {
    let names = ([member.name] + member.aliases).flatMap { name in prefixes.map { $0 + name } }
    append(member.content, called: names, to: &columns)
  }

  private static func append(_ content: Layout.Content, called names: [String], to columns: inout [CSVColumn]) {
    switch content {
    case .leaf(let leaf):
      columns.append(CSVColumn(name: names[0], aliases: Array(names.dropFirst()), leaf: leaf))
    case .object(let members):
      for member in members { append(member, below: names.map { $0 + "." }, to: &columns) }
    case .picks(let key, let cases):
      for one in cases {
        for member in one.members { append(member, below: names.map { "\($0)[\(key)=\(one.value)]." }, to: &columns) }
      }
    case .items(let items):
      for item in items { append(item.content, called: names.map { "\($0)[\(item.index)]" }, to: &columns) }
    }
  }
}
