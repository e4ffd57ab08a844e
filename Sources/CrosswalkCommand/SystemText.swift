import Crosswalk

/// What a system has, as a page for people or as one JSON object.
enum SystemText {
  /// One line a system.
  static func list(_ systems: [System]) -> String {
    TextTable(rows: systems.map { [$0.name, $0.title, $0.formats.map(\.rawValue).joined(separator: " ")] }).text
  }

  static func listJSON(_ systems: [System]) -> String {
    let lines = systems.map { system in
      var object = JSONLine()
      object.add("system", system.name)
      object.add("title", system.title)
      object.add("formats", system.formats.map(\.rawValue))
      return object.text
    }
    return "[\n" + lines.joined(separator: ",\n") + "\n]\n"
  }

  static func page(_ system: System, api: API?) -> String {
    var text = "\(system.name): \(system.title)\n"
    text += "\nformats  \(system.formats.map(\.rawValue).joined(separator: ", ")) (the first is written by default)\n"
    if !system.shapes.isEmpty {
      text +=
        "\nshapes\n"
        + TextTable(rows: system.shapes.map { [$0.shape.rawValue, words($0, in: system)] }, indent: 2).text
    }
    let hasCanonical = system.fields.contains { isElsewhere($0) }
    text += "\nfields (\(system.fields.count))\n"
    text +=
      TextTable(
        rows: [hasCanonical ? ["FIELD", "CANONICAL", "TYPE", "SHAPES", ""] : ["FIELD", "TYPE", "SHAPES", ""]]
          + system.fields.flatMap { rows($0, hasCanonical: hasCanonical) },
        indent: 2
      ).text
    if !system.options.isEmpty {
      text += "\noptions\n"
      text +=
        TextTable(
          rows: system.options.map { option in
            [
              "--option \(system.name).\(option.name)=\(option.value)", "of \(option.choices.joined(separator: ", "))",
              option.why,
            ]
          }, indent: 2
        ).text
    }
    if let api { text += self.api(api, of: system) }
    let assumed = assumptions(system)
    if !assumed.isEmpty {
      text += "\nassumed\n" + TextTable(rows: assumed.map { [$0.subject, $0.reason] }, indent: 2).text
    }
    return text
  }

  /// A field's line, and one for each further field of a text on several lines.
  private static func rows(_ field: Field, hasCanonical: Bool) -> [[String]] {
    func row(_ name: String, _ canonical: String, _ notes: String) -> [String] {
      [name] + (hasCanonical ? [canonical] : []) + [field.type.rawValue, shapes(written(field)), notes]
    }
    var rows = [row(field.name, canonical(field), notes(field))]
    for (index, name) in field.furtherLines.enumerated() {
      rows.append(row(name, canonicalNames(field).first ?? "none", "line \(index + 2) of \(field.name)"))
    }
    return rows
  }

  static func pageJSON(_ system: System, api: API?) -> String {
    var object = JSONLine()
    object.add("system", system.name)
    object.add("title", system.title)
    object.add("formats", system.formats.map(\.rawValue))
    var shapes = JSONLine()
    for rules in system.shapes {
      var object = JSONLine()
      object.add("writes", formats(rules.write, in: system).map(\.rawValue))
      object.add("reads", formats(rules.write + rules.read, in: system).map(\.rawValue))
      shapes.add(rules.shape.rawValue, raw: object.text)
    }
    object.add("shapes", raw: shapes.text)
    object.add("fields", list: system.fields.map(fieldJSON))
    object.add("options", raw: options(system.options))
    if let api { object.add("api", raw: apiJSON(api, of: system)) }
    object.add(
      "assumed",
      raw: JSONLine.list(
        assumptions(system).map { note in
          var object = JSONLine()
          object.add("subject", note.subject)
          object.add("reason", note.reason)
          return object.text
        }))
    return object.text + "\n"
  }

  private static func fieldJSON(_ field: Field) -> String {
    var object = JSONLine()
    object.add("name", field.name)
    object.add("canonical", canonicalNames(field))
    let fallbacks = field.fallbacks.map(words)
    if !fallbacks.isEmpty { object.add("or", fallbacks) }
    object.add("type", field.type.rawValue)
    object.add("in", Shape.allCases.filter(written(field).contains).map(\.rawValue))
    if !field.furtherLines.isEmpty { object.add("lines", [field.name] + field.furtherLines) }
    if !field.required.isEmpty {
      object.add("required", Shape.allCases.filter(field.required.contains).map(\.rawValue))
    }
    if !field.derivedFrom.isEmpty { object.add("derived", field.derivedFrom) }
    if field.isUnique { object.add("unique", true) }
    if field.isSecret { object.add("secret", true) }
    if let reason = field.oneWay { object.add("oneWay", reason) }
    return object.text
  }

  /// The formats that a shape is written in, or read in, in the system's order; NDJSON has what JSON has.
  private static func formats(_ templates: [(format: Format, template: Template)], in system: System) -> [Format] {
    system.formats.filter { format in templates.contains { $0.format == (format == .ndjson ? .json : format) } }
  }

  private static func words(_ rules: System.ShapeRules, in system: System) -> String {
    let written = formats(rules.write, in: system)
    let readOnly = formats(rules.read, in: system).filter { !written.contains($0) }
    return (written.map(\.rawValue) + readOnly.map { "\($0) (read only)" }).joined(separator: ", ")
  }

  private static func assumptions(_ system: System) -> [(subject: String, reason: String)] {
    system.assumed.map { ($0.subject, $0.reason) }
      + system.fields.compactMap { field in field.assumed.map { (field.name, $0) } }
  }

  /// Whether the field's canonical name says more than its own: it does not in `canonical`.
  private static func isElsewhere(_ field: Field) -> Bool {
    if case .canonical(let name) = field.meaning { return name != field.name }
    return true
  }

  private static func canonicalNames(_ field: Field) -> [String] {
    switch field.meaning {
    case .none: []
    case .canonical(let name): [name]
    case .parts(let parts): parts.map(\.canonical)
    }
  }

  private static func canonical(_ field: Field) -> String {
    let names = canonicalNames(field)
    let first = names.isEmpty ? "none" : names.joined(separator: " + ")
    return ([first] + field.fallbacks.map(words)).joined(separator: ", or ")
  }

  private static func words(_ fallback: Field.Fallback) -> String {
    switch fallback {
    case .canonical(let name): name
    case .compose(let lines, _): "text of \(lines.count) lines"
    }
  }

  /// The shapes that have the field: one that repeats others is never in what is sent.
  private static func written(_ field: Field) -> Set<Shape> {
    field.derivedFrom.isEmpty ? field.shapes : field.shapes.subtracting([.create, .update])
  }

  private static func shapes(_ shapes: Set<Shape>) -> String {
    shapes.count == Shape.allCases.count
      ? "all" : Shape.allCases.filter(shapes.contains).map(\.rawValue).joined(separator: " ")
  }

  private static func notes(_ field: Field) -> String {
    var notes: [String] = []
    if !field.required.isEmpty { notes.append("required: \(shapes(field.required))") }
    if !field.derivedFrom.isEmpty { notes.append("derived from \(field.derivedFrom.joined(separator: ", "))") }
    if field.isUnique { notes.append("unique") }
    if field.isSecret { notes.append("secret") }
    if field.oneWay != nil { notes.append("read only") }
    if field.assumed != nil { notes.append("assumed") }
    return notes.joined(separator: "; ")
  }

  static func options(_ options: [System.Option]) -> String {
    JSONLine.list(
      options.map { option in
        var object = JSONLine()
        object.add("name", option.name)
        object.add("is", option.value)
        object.add("of", option.choices)
        object.add("why", option.why)
        return object.text
      })
  }
}
