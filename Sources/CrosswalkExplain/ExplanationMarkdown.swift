import CrosswalkMapping
import CrosswalkModel

/// For a document or an issue: tables of Markdown.
struct ExplanationMarkdown {
  private let explanation: Explanation

  init(_ explanation: Explanation) { self.explanation = explanation }

  var text: String {
    let prediction = explanation.prediction
    var text = "# \(escaped(explanation.title))\n\n"
    text += "Mapping files: `\(explanation.sourceFile)`, `\(explanation.targetFile)`.\n\n"
    let hasReturn = explanation.returns != nil
    text += row(["field", "fate", "target", "canonical", "when", "lines"] + (hasReturn ? ["way back"] : []))
    text += row(Array(repeating: "---", count: hasReturn ? 7 : 6))
    for (index, leaf) in prediction.sources.enumerated() {
      let (ways, further) = explanation.shownWays(leaf)
      var when = explanation.conditions(of: leaf).map { escaped($0.text) }
      when += explanation.losses(ways).map { "may lose: \(escaped($0))" }
      var cells = [
        code(leaf.name), escaped(Explanation.word(leaf.usual)),
        (ways.map { code(explanation.target($0).name) + note($0) } + further.map(code)).joined(separator: "<br>"),
        code(explanation.canonical(leaf)),
        when.joined(separator: "<br>"),
        "\(leaf.place.line)" + ways.map { " > \(explanation.target($0).place.line)" }.joined(separator: ","),
      ]
      if let returns = explanation.returnText(index) { cells.append(escaped(returns)) }
      text += row(cells)
    }
    text += "\nIn any field:\n\n"
    for (_, line) in explanation.conditions(prediction.everywhere) { text += "- \(escaped(line))\n" }
    text +=
      "- a field that the mapping does not name is "
      + (prediction.source.unmapped == .reject
        ? "rejected with its record" : prediction.targetTakesUnknown ? "kept in native" : "parked, no place") + "\n"
    for condition in explanation.returns?.everywhere ?? [] {
      text += "- returns only with the residue when \(escaped(condition.text(prediction.target.name)))\n"
    }
    let gains = explanation.missing + explanation.required + explanation.supplied
    if !gains.isEmpty {
      text +=
        "\n## What the source does not give\n\n" + row(["target field", "", "line"]) + row(["---", "---", "---"])
      for gain in gains { text += row([code(gain.leaf.name), escaped(gain.text), "\(gain.leaf.place.line)"]) }
    }
    let unfed = explanation.unfed
    if !unfed.isEmpty {
      text +=
        "\nStays empty in \(escaped(prediction.target.name)): \(unfed.map { code($0.name) }.joined(separator: ", ")).\n"
    }
    text += "\n## Totals\n\n" + row(["", "fields", ""]) + row(["---", "---:", "---"])
    for total in explanation.totals { text += row([total.name, "\(total.count)", escaped(total.text)]) }
    return text
  }

  private func note(_ edge: Prediction.Edge) -> String {
    let manner = explanation.manner(edge)
    return manner.isEmpty ? "" : " (\(escaped(manner)))"
  }

  private func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }

  /// A code span: fenced with more backticks than stand in it; a bar would end the cell.
  private func code(_ text: String) -> String {
    let fence = text.contains("`") ? "``" : "`"
    return fence + oneLine(text).split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
      + fence
  }

  private func escaped(_ text: String) -> String {
    var result = ""
    for character in oneLine(text) {
      if "\\|*_<>[]&".contains(character) { result.append("\\") }
      result.append(character)
    }
    return result
  }

  private func oneLine(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
  }
}
