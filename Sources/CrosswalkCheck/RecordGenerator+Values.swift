import CrosswalkMapping
import CrosswalkModel
import CrosswalkYAML

/// The values that a field is tried with.
extension RecordGenerator {
  func candidates(of field: Field, type: ValueType) -> [Candidate] {
    var special: [Candidate] = []
    // A text that suits one transform is no ordinary value where another one takes only listed ones.
    let listing = field.transforms.filter { RecordGenerator.listing.contains($0.name) }
    for use in field.transforms {
      var made = self.special(use, field)
      if !listing.isEmpty, !RecordGenerator.listing.contains(use.name) {
        for index in made.indices where made[index].state == .row || made[index].state == .ordinary { made[index].state = .awkward }
      }
      special += made
    }
    let kind = side == .own && type == .text ? canonicalType(field) ?? type : type
    var all = plain(kind)
    if let ordinary = special.first(where: { $0.state == .ordinary || $0.state == .row }) {
      all.removeAll { $0.state == .ordinary }
      var first = ordinary
      first.state = .ordinary
      all.insert(first, at: 0)
    }
    if kind != type { all.insert(Candidate(state: .awkward, value: .text("Blue Kite")), at: all.endIndex) }
    return all + special
  }

  /// Transforms that refuse whatever is not in a table, or none of their words.
  private static let listing: Set<String> = ["boolean", "choice", "country", "currency", "labelled", "not", "region"]

  private func canonicalType(_ field: Field) -> ValueType? {
    guard field.transforms.isEmpty, case .canonical(let name) = field.meaning else { return nil }
    return model[name]?.type
  }

  /// The states and awkward values of a kind, its ordinary value first.
  func plain(_ type: ValueType) -> [Candidate] {
    var values: [(State, Tree)]
    switch type {
    case .text, .code, .choice, .lines:
      values = [
        (.ordinary, .text("Blue Kite")), (.awkward, .text("02134")), (.awkward, .text("null")), (.awkward, .text(" x ")),
        (.awkward, .text("é\u{1d11e}\"<&>'\\ \u{1f389}")), (.awkward, .text("C:\\new \\r\\n")), (.awkward, .text("a, b; c\td")),
        (.awkward, .number("80202")), (.awkward, .number("3.00E+07")), (.awkward, .number("469505000000133417")),
        (.awkward, .bool(true)), (.awkward, .text("a\nb")), (.awkward, .text("a\r\n\r\nb\nc\nd")),
      ]
    case .integer:
      values = [
        (.ordinary, .number("230")), (.awkward, .number("0")), (.awkward, .number("-7")), (.awkward, .text("12")),
        (.awkward, .number("469505000000133417")), (.awkward, .number("3.00E+07")), (.wrong, .text("007")), (.wrong, .text("many")),
        (.wrong, .bool(true)),
      ]
    case .boolean:
      values = [
        (.ordinary, .bool(true)), (.row, .bool(false)), (.row, .text("true")), (.row, .text("false")), (.awkward, .number("1")),
        (.wrong, .text("maybe")), (.wrong, .number("2")),
      ]
    case .instant:
      values = [
        (.ordinary, .text("2019-06-17T14:05:00Z")), (.awkward, .text("2019-06-17T14:05:00.250+02:00")),
        (.awkward, .text("2019-06-17 14:05:00")), (.awkward, .text("2019-06-17")), (.awkward, .number("1560780300")),
        (.awkward, .text("soon")),
      ]
    }
    let long: Tree = .text(String(repeating: "0123456789 ", count: 400))
    values += [(.absent, .null), (.null, .null), (.empty, .text("")), (.long, long)]
    if hasContainers { values += [(.wrong, .object([])), (.wrong, .array([.text("x"), .null]))] }
    guard !hasKinds else { return values.map { Candidate(state: $0, value: $1) } }
    return values.compactMap { state, value in
      switch value {
      case .null: state == .absent ? Candidate(state: state, value: value) : nil
      case .bool(let value): Candidate(state: state, value: .text(value ? "true" : "false"))
      case .number(let characters): Candidate(state: state, value: .text(characters))
      case .text, .object, .array: Candidate(state: state, value: value)
      }
    }
  }

  // MARK: - What a transform makes of values

  private func special(_ use: TransformUse, _ field: Field) -> [Candidate] {
    func row(_ texts: [String]) -> [Candidate] { texts.map { Candidate(state: .row, value: .text($0)) } }
    func awkward(_ texts: [String]) -> [Candidate] { texts.map { Candidate(state: .awkward, value: .text($0)) } }
    switch use.name {
    case "boolean", "not":
      return [Candidate(state: .ordinary, value: hasKinds ? .bool(true) : .text("true"))]
        + row(["true", "false"]) + (side == .own && use.name == "boolean" ? row(["1", "0", "TRUE"]) : [])
        + [Candidate(state: .wrong, value: .text("maybe"))]
    case "choice": return choices(use)
    case "country":
      return listed("countries").flatMap { row in
        row.texts(["code", "alpha3", "name", "aliases"]).map { Candidate(state: .row, value: .text($0)) }
      } + [Candidate(state: .wrong, value: .text("Atlantis"))]
    case "currency":
      return listed("currencies").flatMap { row in row.texts(["code"]).map { Candidate(state: .row, value: .text($0)) } }
        + awkward(["eur"]) + [Candidate(state: .wrong, value: .text("Doubloons"))]
    case "region": return regions(use)
    case "labelled": return labels(use, field)
    case "integer":
      return use.argument?["unset"].flatMap(\.literal).map { [Candidate(state: .awkward, value: hasKinds ? $0 : .text($0.characters ?? []))] } ?? []
    case "instant", "epoch", "msDate": return plain(.instant).filter { $0.state == .ordinary || $0.state == .awkward }
    case "lines":
      let count = use.argument?.items?.count ?? 1
      return side == .own
        ? awkward(["a\nb", "a\r\nb"])
        : row([(1...count).map { "Line \($0)" }.joined(separator: "\n")])
          + awkward([(0...count).map { "Line \($0)" }.joined(separator: "\n"), "\nb", "a\n\nc", "a\n", "\n"])
    case "oneLine":
      let joint = use.argument?.text ?? ""
      return row(["12 Quay Road"]) + awkward(["a\nb", "a\r\n\nb", "a\(joint)b\nc", "\n", joint])
    case "trim": return row(["x"]) + awkward([" x", "x ", "\tx\n", " "])
    case "case": return row(["x"]) + awkward(["aBc", "ABC", "abc", "ßÉ"])
    case "prefix":
      let prefix = use.argument?.text ?? ""
      return row(side == .own ? ["\(prefix)12"] : ["12"]) + awkward(["12", "\(prefix)12", prefix, prefix + prefix + "12", " \(prefix)12"])
    case "split":
      let separator = use.argument?["at"]?.text ?? ":"
      return row(["One"]) + awkward(["One\(separator)Two", separator, "\(separator)x", "x\(separator)"])
    case "join":
      let joint = use.argument?["with"]?.text ?? " "
      return row(["0113"]) + awkward(["0113\(joint)496", joint])
    case "default", "constant": return awkward([use.argument?.text ?? ""])
    default: return []
    }
  }

  private func choices(_ use: TransformUse) -> [Candidate] {
    var ignored: [String] = []
    for parameter in use.parameters where parameter.name == "ignore" {
      ignored = (parameter.value.items ?? [parameter.value]).compactMap(\.text)
    }
    var made: [Candidate] = []
    for entry in use.argument?.entries ?? [] {
      let word = entry.key.text ?? ""
      guard side == .own else {
        made.append(Candidate(state: .row, value: word == "true" ? .bool(true) : word == "false" ? .bool(false) : .text(word)))
        continue
      }
      for spelling in (entry.value.items ?? [entry.value]).compactMap(\.text) {
        made.append(Candidate(state: .row, value: .text(spelling)))
        if ignored.contains("case") { made.append(Candidate(state: .row, value: .text(spelling.uppercased()))) }
        if ignored.contains("blanks") { made.append(Candidate(state: .row, value: .text(" \(spelling) "))) }
      }
    }
    return made + [Candidate(state: .wrong, value: .text("no such choice"))]
  }

  /// Each with its country in the field that the transform looks it up from.
  private func regions(_ use: TransformUse) -> [Candidate] {
    guard let country = use.parameters.first(where: { $0.name == "in" })?.value.text else { return [] }
    let place: String?
    switch side {
    case .canonical: place = country
    case .own:
      place = system.fields.first { if case .canonical(country) = $0.meaning { true } else { false } }?.name
    }
    guard let place else { return [Candidate(state: .wrong, value: .text("Atlantis"))] }
    let isCode = use.argument?.text != "name"
    let rows = listed("regions").flatMap { row in
      // A code that is too long for the field is one that it refuses.
      let isRefused = isCode && (row["code"] ?? "").utf8.count != 2
      return row.texts(["code", "name"]).map { text in
        Candidate(state: isRefused ? .awkward : .row, value: .text(text), others: [(place, .text(row["country"] ?? ""))])
      }
    }
    // The ordinary one has a code that every field can hold.
    let first = rows.firstIndex { $0.state == .row } ?? 0
    return Array(rows[first...] + rows[..<first]) + [
      Candidate(state: .wrong, value: .text("Atlantis"), others: [(place, .text("US"))]),
      Candidate(state: .wrong, value: .text("Florida"), others: [(place, .text("Atlantis"))]),
    ]
  }

  private func labels(_ use: TransformUse, _ field: Field) -> [Candidate] {
    guard let table = use.argument?.text, case .parts(let parts) = field.meaning,
      let label = parts.first(where: { $0.part == "label" })?.canonical
    else { return [] }
    var made: [Candidate] = []
    for row in listed(table) {
      guard let code = row["code"] else { continue }
      for generation in row.columns where !["code", "numeric", "digits", "name", "symbol"].contains(generation) {
        guard let words = row[generation], !words.isEmpty else { continue }
        let text = "\(words) - \(code)"
        made.append(
          side == .own
            ? Candidate(state: .row, value: .text(text))
            : Candidate(state: .row, value: .text(code), others: [(label, .text(text))]))
      }
    }
    guard let first = made.first else { return [] }
    if side == .own {
      return made + ["Krona", "EUR", "A - B - GBP", " - EUR"].map { Candidate(state: .awkward, value: .text($0)) }
    }
    return made + [
      Candidate(state: .awkward, value: first.value, others: [(label, .null)]),
      Candidate(state: .awkward, value: .text("GBP"), others: [(label, .text("Euro - EUR"))]),
      Candidate(state: .awkward, value: .null, others: [(label, .text("Krona"))]),
      Candidate(state: .wrong, value: .text("XYZ")),
    ]
  }

  // MARK: - Tables

  private struct Row {
    var columns: [String]
    var cells: [[UInt8]]

    subscript(column: String) -> String? {
      columns.firstIndex(of: column).flatMap { $0 < cells.count ? String(decoding: cells[$0], as: UTF8.self) : nil }
    }

    /// What stands in the columns, aliases one by one.
    func texts(_ names: [String]) -> [String] {
      names.flatMap { name -> [String] in
        guard let cell = self[name], !cell.isEmpty else { return [] }
        return name == "aliases" ? cell.split(separator: "|").map(String.init) : [cell]
      }
    }
  }

  private func listed(_ name: String) -> [Row] {
    guard let table = tables[name] else { return [] }
    var all: [Row] = []
    table.rows { cells in
      all.append(Row(columns: table.columns, cells: cells))
      return true
    }
    guard all.count > rows else { return all }
    return (0..<rows).map { all[$0 * all.count / rows] }
  }
}

extension Tree {
  /// Text, a number's characters, `true` or `false`; nil for what has none.
  package var characters: [UInt8]? {
    switch self {
    case .text(let text): text
    case .number(let characters): characters
    case .bool(let value): Array((value ? "true" : "false").utf8)
    case .null, .object, .array: nil
    }
  }

  /// No value that says anything.
  package var isBlank: Bool { self == .null || self == .text([UInt8]()) }
}
