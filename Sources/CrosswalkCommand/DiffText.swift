import Crosswalk

/// Differences for people and for programs.
struct DiffText {
  /// Values in full; otherwise a piece of each, around the place where the two part.
  var showsValues = false

  // MARK: - For people

  func text(_ difference: Difference) -> String {
    var line = "\(difference.mark.rawValue) "
    if let problem = difference.problem {
      let side = difference.first != nil ? "first" : "second"
      let place = problem.place?.path.map { ", `\($0)`" } ?? ""
      return line + PrintableText.of(
        "\(side), record \(difference.first ?? difference.second ?? 0)\(place): \(problem.code): \(problem.title)")
    }
    line += difference.key.isEmpty ? "without a key" : difference.key.map(keyText).joined(separator: ", ")
    switch (difference.first, difference.second) {
    case (let first?, let second?): line += "  (records \(first) and \(second))"
    case (let one?, nil), (nil, let one?): line += "  (record \(one))"
    case (nil, nil): break
    }
    let width = difference.fields.map { PrintableText.of(name($0)).count }.max() ?? 0
    for field in difference.fields {
      let name = PrintableText.of(name(field))
      let padding = String(repeating: " ", count: width - name.count)
      let (first, second) = field.isSecret ? ("a secret value", "another") : excerpts(field.first, field.second)
      line += "\n    \(name)\(padding)  \(first) | \(second)"
    }
    return line
  }

  private func keyText(_ key: Difference.Key) -> String {
    if key.isSecret { return PrintableText.of("\(key.field) a secret value") }
    let value = key.value.map { DiffText.literal($0) } ?? "absent"
    let shown = showsValues ? value : DiffText.cut(Array(value.unicodeScalars), from: 0, 40)
    return PrintableText.of("\(key.field) \(shown)")
  }

  private func name(_ field: Difference.Field) -> String {
    guard !field.sources.isEmpty, field.sources != [field.name] else { return field.name }
    let sources = field.sources.count > 2 ? "of \(field.sources.count) fields" : field.sources.joined(separator: ", ")
    return "\(field.name) (\(sources))"
  }

  /// Both values, quoted where they are text, cut alike.
  private func excerpts(_ first: Tree?, _ second: Tree?) -> (String, String) {
    let (a, b) = (first.map { DiffText.literal($0) }, second.map { DiffText.literal($0) })
    func quoted(_ text: String?, _ tree: Tree?) -> String {
      guard let text else { return "absent" }
      if case .text? = tree { return PrintableText.of(JSONLine.quoted(text)) }
      return PrintableText.of(text)
    }
    if showsValues { return (quoted(a, first), quoted(b, second)) }
    let (x, y) = (Array((a ?? "").unicodeScalars), Array((b ?? "").unicodeScalars))
    var same = 0
    while same < x.count, same < y.count, x[same] == y[same] { same += 1 }
    let start = max(0, same - 12)
    return (
      quoted(a.map { _ in DiffText.cut(x, from: start, 40) }, first),
      quoted(b.map { _ in DiffText.cut(y, from: start, 40) }, second)
    )
  }

  private static func cut(_ scalars: [Unicode.Scalar], from start: Int, _ length: Int) -> String {
    // All of a short text, and no mark of an ellipsis for the sake of a few characters.
    let start = scalars.count <= length ? 0 : start
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars.dropFirst(start).prefix(length))
    return (start > 0 ? "…" : "") + String(view) + (start + length < scalars.count ? "…" : "")
  }

  private static func literal(_ tree: Tree) -> String {
    switch tree {
    case .text(let text): return String(decoding: text, as: UTF8.self)
    case .null, .bool, .number, .object, .array: return JSONTree.text(tree)
    }
  }

  // MARK: - For programs

  func json(_ difference: Difference) -> String {
    var object = JSONLine()
    object.add("mark", difference.mark.rawValue)
    if let problem = difference.problem {
      object.add("file", difference.first != nil ? "first" : "second")
      object.add("source", problem.place?.source ?? "")
      object.add("record", difference.first ?? difference.second ?? 0)
      if let bytes = problem.place?.bytes { object.add("bytes", raw: "[\(bytes.lowerBound),\(bytes.upperBound)]") }
      object.add("code", problem.code.name)
      object.add("message", problem.title)
      if let path = problem.place?.path { object.add("field", path) }
      return object.text
    }
    var key = JSONLine()
    for part in difference.key where !part.isSecret { key.add(part.field, raw: value(part.value, from: 0) ?? "null") }
    object.add("key", raw: key.text)
    if let first = difference.first { object.add("first", first) }
    if let second = difference.second { object.add("second", second) }
    if !difference.fields.isEmpty {
      object.add("fields", list: difference.fields.map(json))
    }
    return object.text
  }

  /// What is absent has no member.
  private func json(_ field: Difference.Field) -> String {
    var object = JSONLine()
    object.add("field", field.name)
    if !field.sources.isEmpty { object.add("from", field.sources) }
    if field.isSecret {
      object.add("secret", true)
      return object.text
    }
    let (x, y) = (field.first.map { DiffText.literal($0) } ?? "", field.second.map { DiffText.literal($0) } ?? "")
    let same = zip(x.unicodeScalars, y.unicodeScalars).prefix { $0 == $1 }.count
    if let first = value(field.first, from: max(0, same - 12)) { object.add("first", raw: first) }
    if let second = value(field.second, from: max(0, same - 12)) { object.add("second", raw: second) }
    return object.text
  }

  /// As JSON; what is cut becomes text.
  private func value(_ tree: Tree?, from start: Int) -> String? {
    guard let tree else { return nil }
    let literal = DiffText.literal(tree)
    let scalars = Array(literal.unicodeScalars)
    if !showsValues, scalars.count > 40 { return JSONLine.quoted(DiffText.cut(scalars, from: start, 40)) }
    if case .text = tree { return JSONLine.quoted(literal) }
    return literal
  }

  func json(_ summary: DiffSummary) -> String {
    var object = JSONLine()
    object.add("from", summary.from.description)
    object.add("to", summary.to.description)
    object.add("records", [("first", summary.first), ("second", summary.second)])
    func count(_ mark: Difference.Mark) -> Int { summary.counts[mark] ?? 0 }
    for (name, mark) in [
      ("same", Difference.Mark.same), ("different", .different), ("onlyFirst", .onlyFirst), ("onlySecond", .onlySecond),
      ("unreadable", .unreadable),
    ] { object.add(name, count(mark)) }
    object.add("repeated", summary.repeated)
    object.add("withoutKey", summary.withoutKey)
    object.add("compared", summary.compared)
    object.add("onlyFirstHas", summary.onlyFirstHas)
    object.add("onlySecondHas", summary.onlySecondHas)
    object.add("unconverted", summary.unconverted)
    object.add(
      "unplaced",
      raw: "{\"first\":\(DiffText.object(summary.unplacedFirst)),\"second\":\(DiffText.object(summary.unplacedSecond))}")
    object.add("unnamed", summary.unnamed)
    object.add("morePagesFollow", summary.morePagesFollow)
    var line = JSONLine()
    line.add("summary", raw: object.text)
    return line.text
  }

  private static func object(_ counts: [String: Int]) -> String {
    var object = JSONLine()
    for (name, count) in counts.sorted(by: { $0.key < $1.key }) { object.add(name, count) }
    return object.text
  }

  // MARK: - The end

  /// At most six lines; with `--all` the names of what was not compared behind them.
  func summary(_ summary: DiffSummary, of job: DiffJob) -> String {
    func plural(_ number: Int, _ noun: String) -> String { "\(Decimal.grouped(number)) \(noun)\(number == 1 ? "" : "s")" }
    func count(_ mark: Difference.Mark) -> String { Decimal.grouped(summary.counts[mark] ?? 0) }
    var lines = [
      "compared \(plural(summary.first, "record")) of \(summary.from) with \(Decimal.grouped(summary.second)) of \(summary.to) "
        + "in \(Decimal.text(summary.seconds, places: 2)) s",
      "  = \(count(.same)) the same, * \(count(.different)) different, + \(count(.onlyFirst)) only in the first, "
        + "- \(count(.onlySecond)) only in the second, ! \(count(.unreadable)) unreadable",
    ]
    let (first, second) = (summary.onlyFirstHas.count, summary.onlySecondHas.count)
    if first + second > 0 {
      lines.append(
        "  \(plural(summary.compared.count, "field")) compared; \(first) of \(summary.from.system) and \(second) of "
          + "\(summary.to.system) not, since only one side has them")
    }
    var notes: [String] = []
    if summary.unconverted > 0 {
      notes.append("\(plural(summary.unconverted, "value")) that \(summary.to.system) has no such value for")
    }
    if summary.unnamed > 0 { notes.append("\(plural(summary.unnamed, "value")) that no mapping names") }
    if !notes.isEmpty { notes = ["not compared: " + notes.joined(separator: ", ")] }
    if summary.repeated > 0 {
      notes.append("\(plural(summary.repeated, "record")) with a key that stands again, matched in their order")
    }
    if summary.withoutKey > 0 { notes.append("\(plural(summary.withoutKey, "record")) without a key") }
    if summary.morePagesFollow { notes.append("a file says that more pages follow") }
    if !notes.isEmpty { lines.append("  " + notes.joined(separator: "; ")) }
    let unplaced = [(summary.unplacedFirst, summary.to.system), (summary.unplacedSecond, summary.from.system)]
    for (values, system) in unplaced where !values.isEmpty {
      let fields = SummaryText.fields(values, atMost: job.all ? .max : 6)
      lines.append("  \(plural(values.values.reduce(0, +), "value")) that \(system) has no place for: \(fields)")
    }
    if job.all {
      if first > 0 { lines.append("  only \(summary.from.system) has \(summary.onlyFirstHas.joined(separator: ", "))") }
      if second > 0 { lines.append("  only \(summary.to.system) has \(summary.onlySecondHas.joined(separator: ", "))") }
    }
    return lines.joined(separator: "\n")
  }
}
