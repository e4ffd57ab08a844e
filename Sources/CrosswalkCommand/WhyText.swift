import Crosswalk
import CrosswalkWhy

/// The answer of `why`, for people and for programs.
struct WhyText {
  /// Values in full; otherwise the beginning of each.
  var showsValues = false

  /// Scalars of a value that are shown, by itself and in a list.
  private static let excerpt = 60
  private static let shortExcerpt = 40

  // MARK: - For people

  func text(_ answer: WhyAnswer, isWhole: Bool) -> String {
    var text = ""
    if isWhole {
      text = list(answer)
    } else if let field = answer.fields.first {
      text = chain(answer, field)
    }
    for line in remarks(answer) { text += "\n\(line)\n" }
    return text
  }

  /// In the order in which it happened.
  private func chain(_ answer: WhyAnswer, _ field: WhyAnswer.Field) -> String {
    let state =
      !field.isAsWritten ? "edited since it was written" : field.now == nil ? "as the conversion left it" : "as it was written"
    var text = "`\(field.name)` of record \(answer.output.number) of \(name(answer.output.source)): "
    text += "\(shown(field.now, field.isSecret)), \(state)\n\n"
    var rows: [(String, String)] = [("input", place(answer.input) + "  (\(answer.from))")]
    func add(_ title: String, _ lines: [String]) {
      for (number, line) in lines.enumerated() { rows.append((number == 0 ? title : "", line)) }
    }
    add("read", field.sources.flatMap { read($0, isSecret: field.isSecret) })
    add(
      "canonical",
      field.canonical.map { value in
        "\(value.name)  \(shown(value.value, value.isSecret || field.isSecret))\(value.isSet ? "  (`--set`)" : "")"
      })
    add("write", write(field, answer))
    add("written", [shown(field.written, field.isSecret) + (field.reason.map { ": \($0)" } ?? "")])
    var now = field.isAsWritten ? "the same" : "\(shown(field.now, field.isSecret)), edited since"
    if let bytes = field.nowBytes { now += "  (\(self.bytes(bytes)))" }
    add("output", [place(answer.output) + "  (\(answer.to))", now])
    for (title, line) in rows {
      text += "  \(title)\(String(repeating: " ", count: 11 - title.count))\(PrintableText.of(line))\n"
    }
    return text
  }

  private func read(_ source: WhyAnswer.Source, isSecret: Bool) -> [String] {
    let isSecret = isSecret || source.isSecret
    var places = ["\(source.place)"]
    if let bytes = source.bytes { places.insert(bytes.isEmpty ? "" : self.bytes(bytes), at: 0) }
    var line = "\(source.name)  \(shown(source.value, isSecret))"
    if let raw = source.raw, !isSecret, !isSpelt(source.value, so: raw) { line += ", spelt \(cut(raw, WhyText.excerpt))" }
    if source.isTranslated { line += ", which `--ids` gives for it" }
    var lines = [line + "  (\(places.joined(separator: ", ")))"]
    lines += source.steps.map { "    " + step($0, isSecret) }
    if let parked = source.parked { lines.append("    parked, \(WhyText.words(parked))") }
    return lines
  }

  /// Whether a text's own spelling is the one that it is shown in.
  private func isSpelt(_ value: Tree?, so raw: String) -> Bool {
    guard case .text(let text)? = value else { return false }
    return JSONLine.quoted(String(decoding: text, as: UTF8.self)) == "\"\(raw)\""
  }

  private func write(_ field: WhyAnswer.Field, _ answer: WhyAnswer) -> [String] {
    var lines = ["\(field.name)\(field.place.map { "  (\($0))" } ?? "")"]
    for leg in field.legs {
      lines.append("    \(leg.text)\(leg.isTaken ? "  taken" : leg.why.map { "  \($0)" } ?? "")")
    }
    lines += field.steps.map { "    " + step($0, field.isSecret) }
    if let origin = origin(field, answer) { lines.append("    " + origin) }
    return lines
  }

  private func step(_ step: WhyAnswer.Step, _ isSecret: Bool) -> String {
    var line = "\(step.text)  "
    if step.isRefused {
      line += "\(shown(step.before, isSecret)) is refused\(step.isKept ? ", and stays as it is" : "")"
    } else if step.isUnchanged {
      line += "unchanged"
    } else {
      line += isSecret ? "changed" : "\(shown(step.before, isSecret)) -> \(shown(step.after, isSecret))"
    }
    for (name, value) in step.given { line += ", \(name) being \(shown(value, isSecret))" }
    return line + "  (\(step.place.line):\(step.place.column))"
  }

  /// Where a value came from that no leaf of the input gave.
  private func origin(_ field: WhyAnswer.Field, _ answer: WhyAnswer) -> String? {
    switch field.origin {
    case .source, .nothing: nil
    case .set: "from `--set`"
    case .default: "its default: the source says nothing"
    case .constant: "a constant of the mapping"
    case .residue: "brought back by the residue \(name(answer.residue ?? ""))"
    case .native: "brought back out of `native`"
    case .run: field.name == "native" ? "what canonical has no field for" : "who wrote the record"
    }
  }

  private func list(_ answer: WhyAnswer) -> String {
    var text = "record \(answer.output.number): \(place(answer.output, hasNumber: false))  (\(answer.to))\n"
    text += "from \(place(answer.input))  (\(answer.from))\n\n"
    var rows = [["", "FIELD", "VALUE", "FROM"]]
    // What no field of the source can give says nothing of this record.
    let unfed = answer.fields.filter { $0.now == nil && $0.written == nil && $0.isUnfed }
    for field in answer.fields where !unfed.contains(where: { $0.name == field.name }) {
      let value = shown(field.now, field.isSecret, WhyText.shortExcerpt)
      var from = field.sources.filter { $0.value != nil && $0.value != .null }.map(\.name).joined(separator: ", ")
      if let leg = field.legs.first(where: \.isTaken), leg.number > 0 { from += "  by \(leg.text)" }
      if let origin = origin(field, answer) { from = origin }
      if field.written == nil || from.isEmpty { from = field.reason.map { "-  \($0)" } ?? from }
      if !field.isAsWritten {
        from = "edited, written was \(shown(field.written, field.isSecret, WhyText.shortExcerpt))  " + from
      }
      rows.append([field.isAsWritten ? " " : "*", field.name, value, from])
    }
    text += TextTable(rows: rows.map { $0.map(PrintableText.of) }, indent: 0).text
    if !unfed.isEmpty {
      text += "\nno field of \(answer.from.system) gives\n"
      for line in WhyText.wrapped(unfed.map(\.name).joined(separator: ", ")) { text += "  \(line)\n" }
    }
    return text
  }

  /// Lines of at most 108 columns, cut at blanks.
  private static func wrapped(_ text: String) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ") {
      if lines[lines.count - 1].isEmpty {
        lines[lines.count - 1] = String(word)
      } else if lines[lines.count - 1].count + word.count < 108 {
        lines[lines.count - 1] += " \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }

  private func remarks(_ answer: WhyAnswer) -> [String] {
    var lines: [String] = []
    if answer.hasOtherId {
      lines.append(
        "its id is not the one that was written: records of the output were moved, added or removed, or it was made otherwise")
    }
    if answer.otherEdits > 0 {
      lines.append(
        "\(answer.otherEdits) other field\(answer.otherEdits == 1 ? "" : "s") of the record \(answer.otherEdits == 1 ? "is" : "are") not as written")
    }
    if answer.unnamed > 0 {
      lines.append(
        "\(answer.unnamed) value\(answer.unnamed == 1 ? "" : "s") of the record \(answer.unnamed == 1 ? "stands" : "stand") under names that no field "
          + "of \(answer.to.system) has, and \(answer.unnamed == 1 ? "was" : "were") not written there")
    }
    return lines
  }

  private func place(_ record: WhyAnswer.Record, hasNumber: Bool = true) -> String {
    var text = name(record.source)
    if hasNumber { text += ", record \(record.number)" }
    if let line = record.line { text += ", line \(line)" }
    return text + ", \(bytes(record.bytes))"
  }

  private func bytes(_ range: Range<Int>) -> String { "bytes \(range.lowerBound)..<\(range.upperBound)" }

  private func name(_ source: String) -> String { source == "-" ? "standard input" : source }

  /// A reason for parking, as a person says it.
  private static func words(_ reason: String) -> String {
    switch reason {
    case "noPlace": "no place"
    case "readOnly": "read only"
    case "taken": "its place is taken"
    case "failed": "not convertible"
    default: reason
    }
  }

  /// As JSON, cut.
  private func shown(_ value: Tree?, _ isSecret: Bool, _ length: Int = WhyText.excerpt) -> String {
    guard let value else { return "absent" }
    if isSecret { return "a secret value" }
    if case .text(let text) = value { return JSONLine.quoted(cut(String(decoding: text, as: UTF8.self), length)) }
    return cut(JSONTree.text(value), length)
  }

  private func cut(_ text: String, _ length: Int) -> String {
    guard !showsValues, text.unicodeScalars.count > length else { return text }
    var view = String.UnicodeScalarView()
    view.append(contentsOf: text.unicodeScalars.prefix(length))
    return String(view) + "…"
  }

  // MARK: - For programs

  /// What is absent has no member.
  func json(_ answer: WhyAnswer, isWhole: Bool) -> String {
    var object = JSONLine()
    object.add("from", answer.from.description)
    object.add("to", answer.to.description)
    object.add("shape", answer.shape.rawValue)
    object.add("output", raw: json(answer.output))
    object.add("input", raw: json(answer.input))
    if let residue = answer.residue { object.add("residue", residue) }
    object.add("asWritten", answer.isAsWritten)
    object.add("otherEdits", answer.otherEdits)
    object.add("otherId", answer.hasOtherId)
    object.add("unnamed", answer.unnamed)
    if isWhole {
      object.add("fields", list: answer.fields.map(json))
    } else if let field = answer.fields.first {
      object.add("field", raw: json(field))
    }
    return object.text
  }

  private func json(_ record: WhyAnswer.Record) -> String {
    var object = JSONLine()
    object.add("file", record.source)
    object.add("record", record.number)
    object.add("bytes", raw: json(record.bytes))
    if let line = record.line { object.add("line", line) }
    return object.text
  }

  private func json(_ range: Range<Int>) -> String { "[\(range.lowerBound),\(range.upperBound)]" }

  private func json(_ field: WhyAnswer.Field) -> String {
    var object = JSONLine()
    object.add("name", field.name)
    if let place = field.place { object.add("mapping", place.description) }
    if field.isSecret { object.add("secret", true) }
    object.add("origin", field.origin.rawValue)
    object.add(
      "sources",
      raw: list(field.sources) { source in
        var object = JSONLine()
        let isSecret = field.isSecret || source.isSecret
        object.add("name", source.name)
        object.add("mapping", source.place.description)
        if let bytes = source.bytes { object.add("bytes", raw: json(bytes)) }
        add("value", source.value, isSecret, to: &object)
        if let raw = source.raw, !isSecret { object.add("raw", cut(raw, WhyText.excerpt)) }
        if source.isTranslated { object.add("translated", true) }
        object.add("steps", raw: list(source.steps) { json($0, isSecret) })
        object.add("canonical", source.canonical)
        if let parked = source.parked { object.add("parked", parked) }
        return object.text
      })
    object.add(
      "canonical",
      raw: list(field.canonical) { value in
        var object = JSONLine()
        object.add("name", value.name)
        add("value", value.value, field.isSecret || value.isSecret, to: &object)
        if value.isSet { object.add("set", true) }
        return object.text
      })
    object.add(
      "legs",
      raw: list(field.legs) { leg in
        var object = JSONLine()
        object.add("leg", leg.number)
        object.add("text", leg.text)
        object.add("taken", leg.isTaken)
        if let why = leg.why { object.add("why", why) }
        return object.text
      })
    object.add("steps", raw: list(field.steps) { json($0, field.isSecret) })
    add("written", field.written, field.isSecret, to: &object)
    if let reason = field.reason { object.add("reason", reason) }
    add("now", field.now, field.isSecret, to: &object)
    if let bytes = field.nowBytes { object.add("nowBytes", raw: json(bytes)) }
    object.add("asWritten", field.isAsWritten)
    return object.text
  }

  private func json(_ step: WhyAnswer.Step, _ isSecret: Bool) -> String {
    var object = JSONLine()
    object.add("step", step.text)
    object.add("mapping", step.place.description)
    add("before", step.before, isSecret, to: &object)
    add("after", step.after, isSecret, to: &object)
    if step.isRefused { object.add("refused", true) }
    if step.isRefused, step.isKept { object.add("kept", true) }
    if step.isUnchanged { object.add("unchanged", true) }
    if !step.given.isEmpty {
      var given = JSONLine()
      for (name, value) in step.given { add(name, value, isSecret, to: &given) }
      object.add("given", raw: given.text)
    }
    return object.text
  }

  private func list<Item>(_ items: [Item], _ text: (Item) -> String) -> String {
    JSONLine.list(items.map(text))
  }

  /// As JSON; what is cut becomes text.
  private func add(_ name: String, _ value: Tree?, _ isSecret: Bool, to object: inout JSONLine) {
    guard let value, !isSecret else { return }
    if case .text(let text) = value { return object.add(name, cut(String(decoding: text, as: UTF8.self), WhyText.excerpt)) }
    let text = JSONTree.text(value)
    if showsValues || text.unicodeScalars.count <= WhyText.excerpt { object.add(name, raw: text) } else { object.add(name, cut(text, WhyText.excerpt)) }
  }
}
