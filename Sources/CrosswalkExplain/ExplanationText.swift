import CrosswalkMapping
import CrosswalkModel

/// For a terminal: aligned columns, conditions below their field, no line longer than 110 columns where words allow it.
struct ExplanationText {
  private let explanation: Explanation
  private static let columns = 110

  init(_ explanation: Explanation) { self.explanation = explanation }

  var text: String {
    let prediction = explanation.prediction
    var text = "\(explanation.title): \(prediction.sources.count) fields\n"
    text += "lines are those of \(explanation.sourceFile) > \(explanation.targetFile)\n\n"
    text += fields
    text += "\nin any field\n"
    for (_, line) in explanation.conditions(prediction.everywhere) { text += wrapped(line, indent: 2) }
    text += wrapped(unknown, indent: 2)
    for condition in explanation.returns?.everywhere ?? [] {
      text += wrapped("returns only with the residue when \(condition.text(prediction.target.name))", indent: 2)
    }
    func section(_ title: String, _ gains: [Explanation.Gain]) {
      guard !gains.isEmpty else { return }
      text += "\n\(title)\n"
      let width = min(34, gains.map { $0.leaf.name.unicodeScalars.count }.max() ?? 0)
      for gain in gains {
        text += wrapped(
          padded(gain.leaf.name, width) + "  " + gain.text + "  (\(line(gain.leaf.place)))", indent: 2,
          hanging: width + 4)
      }
    }
    section("the source lacks", explanation.missing)
    section("depends on the record", explanation.required)
    section("supplied", explanation.supplied)
    let unfed = explanation.unfed
    if !unfed.isEmpty {
      text += "\nstays empty in \(prediction.target.name) (\(unfed.count))\n"
      text += wrapped(unfed.map(\.name).joined(separator: ", "), indent: 2)
    }
    text += "\ntotals\n"
    text +=
      TextTable(rows: explanation.totals.map { [$0.name, "\($0.count)", $0.text] }, indent: 2).text
    return text
  }

  private var unknown: String {
    let prediction = explanation.prediction
    if prediction.source.unmapped == .reject { return "a field that the mapping does not name: its record is rejected" }
    return prediction.targetTakesUnknown
      ? "a field that the mapping does not name: kept in native"
      : "a field that the mapping does not name: parked, no place"
  }

  private var fields: String {
    let prediction = explanation.prediction
    var rows: [[String]] = [["FIELD", "FATE", "TARGET", "CANONICAL", "LINES"]]
    // Below each row, what belongs to it.
    var notes: [[String]] = [[]]
    for (index, leaf) in prediction.sources.enumerated() {
      let (ways, further) = explanation.shownWays(leaf)
      var below: [String] = []
      for (number, edge) in ways.enumerated() {
        let target = explanation.target(edge)
        if number == 0 {
          rows.append([
            leaf.name, Explanation.word(leaf.usual), target.name, edge.canonical.joined(separator: " + "),
            "\(line(leaf.place)) > \(line(target.place))",
          ])
        } else {
          below.append("also \(Explanation.word(edge.usual)): \(target.name) (\(line(target.place)))")
        }
        let manner = explanation.manner(edge)
        if !manner.isEmpty { below.append(manner) }
        // A fallback's conditions are its own; those of the first way are the leaf's.
        let others = edge.exceptions.filter { $0.outcome.fate != .parked }
        below += (number == 0 ? explanation.conditions(of: leaf) : explanation.conditions(others)).map(\.text)
      }
      if !further.isEmpty { below.append("further lines: \(further.joined(separator: ", "))") }
      if ways.isEmpty {
        rows.append([leaf.name, Explanation.word(leaf.usual), "-", explanation.canonical(leaf), line(leaf.place)])
        below += explanation.conditions(of: leaf).map(\.text)
      }
      if let returns = explanation.returnText(index) { below.append(returns) }
      notes.append(below)
    }
    let widths = (0..<5).map { column in rows.map { $0[column].unicodeScalars.count }.max() ?? 0 }
    var text = ""
    for (row, notes) in zip(rows, notes) {
      var line = "  "
      for (column, cell) in row.enumerated() { line += column < 4 ? padded(cell, widths[column]) + "  " : cell }
      while line.last == " " { line.removeLast() }
      text += line + "\n"
      for note in notes { text += wrapped(note, indent: 6, hanging: 2) }
    }
    return text
  }

  private func line(_ place: Place) -> String { "\(place.line):\(place.column)" }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.unicodeScalars.count))
  }

  /// Cut at blanks; further lines stand `hanging` columns deeper.
  private func wrapped(_ text: String, indent: Int, hanging: Int = 2) -> String {
    let margin = String(repeating: " ", count: indent)
    var lines: [String] = []
    var rest = text
    while true {
      let room = ExplanationText.columns - indent - (lines.isEmpty ? 0 : hanging)
      guard rest.unicodeScalars.count > room, let cut = rest.prefix(room + 1).lastIndex(of: " "), cut > rest.startIndex
      else { break }
      lines.append(String(rest[..<cut]))
      rest = String(rest[rest.index(after: cut)...])
    }
    lines.append(rest)
    return lines.enumerated().map { number, line in
      margin + (number == 0 ? "" : String(repeating: " ", count: hanging)) + line + "\n"
    }.joined()
  }
}
