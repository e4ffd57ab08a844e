import CrosswalkMapping
import CrosswalkModel

/// One page of HTML that needs nothing else: both sides' fields with their links as a diagram, then the same in words.
/// For light and dark, screen and paper; no script.
struct ExplanationPage {
  private let explanation: Explanation
  private var prediction: Prediction { explanation.prediction }

  private static let rowHeight = 22
  private static let top = 34
  private static let width = 1000
  /// Where the names of the left side end, and those of the right side begin.
  private static let left = 390
  private static let right = 610

  init(_ explanation: Explanation) { self.explanation = explanation }

  var text: String {
    let title = "\(prediction.source.title) to \(prediction.target.title)"
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(escaped(title))</title>
      <style>
      \(ExplanationPage.style)</style>
      </head>
      <body>
      <h1>\(escaped(title))</h1>
      <p class="lead">What becomes of each field, from the mapping files alone, before any data is read:
      <code>\(escaped(explanation.from))</code> to <code>\(escaped(explanation.to))</code>, \(prediction.shape).</p>
      \(totals)\(problems)<h2>Where each field goes</h2>
      \(legend)<div class="wide">
      \(diagram)</div>
      <h2>Field by field</h2>
      <div class="wide">
      \(table)</div>
      <h2>In any field</h2>
      <ul>
      \(everywhere)</ul>
      \(gains)<p class="foot">Line numbers are those of <code>\(escaped(explanation.sourceFile))</code> and
      <code>\(escaped(explanation.targetFile))</code>. Made by <code>crosswalk explain</code>.</p>
      </body>
      </html>

      """
  }

  // MARK: - Diagram

  private var diagram: String {
    let rows = max(prediction.sources.count, prediction.targets.count)
    let height = ExplanationPage.top + rows * ExplanationPage.rowHeight + 8
    var links = ""
    var names = ""
    for (index, leaf) in prediction.sources.enumerated() {
      for edge in explanation.ways(leaf).reversed() {
        let target = explanation.target(edge)
        let (y, end) = (ExplanationPage.y(index), ExplanationPage.y(edge.target))
        let isConditional =
          edge.leg > 0 || edge.exceptions.contains { $0.outcome.fate != .kept && $0.outcome.reason != .empty }
        let (a, b) = (ExplanationPage.left + 12, ExplanationPage.right - 12)
        let middle = (a + b) / 2
        let hint = "\(leaf.name) to \(target.name): \(Explanation.word(edge.usual))"
        links += "<path class=\"link \(edge.usual.fate.rawValue)\(isConditional ? " maybe" : "")\" "
        links += "d=\"M\(a) \(y)C\(middle) \(y) \(middle) \(end) \(b) \(end)\"><title>\(escaped(hint))</title></path>\n"
      }
      names += item(index, leaf.name, kind(leaf.usual), Explanation.word(leaf.usual), isLeft: true)
    }
    for (index, leaf) in prediction.targets.enumerated() {
      let (kind, word) =
        leaf.isUnfedRequirement
        ? ("missing", "missing")
        : leaf.feeders.isEmpty
          ? leaf.supplies.isEmpty ? ("unfed", "stays empty") : ("supplied", "supplied") : ("fed", "")
      names += item(index, leaf.name, kind, word, isLeft: false)
    }
    return """
      <svg viewBox="0 0 \(ExplanationPage.width) \(height)" role="img" \
      aria-label="Fields of \(escaped(prediction.source.name)) on the left, of \(escaped(prediction.target.name)) on the right, linked where a \
      value goes; the table below says the same in words">
      <text class="head" x="\(ExplanationPage.left)" y="16" text-anchor="end">\(escaped(prediction.source.name))</text>
      <text class="head" x="\(ExplanationPage.right)" y="16">\(escaped(prediction.target.name))</text>
      \(links)\(names)</svg>

      """
  }

  private static func y(_ row: Int) -> Int { top + row * rowHeight + rowHeight / 2 - 4 }

  private func item(_ row: Int, _ name: String, _ kind: String, _ word: String, isLeft: Bool) -> String {
    let y = ExplanationPage.y(row)
    let edge = isLeft ? ExplanationPage.left : ExplanationPage.right
    let dot = isLeft ? edge + 8 : edge - 8
    let shown = ExplanationPage.shortened(name)
    let title = shown == name ? "" : "<title>\(escaped(name))</title>"
    var text = "<circle class=\"dot \(kind)\" cx=\"\(dot)\" cy=\"\(y)\" r=\"4\"/>"
    text += "<text class=\"name \(kind)\" x=\"\(edge)\" y=\"\(y + 4)\"\(isLeft ? " text-anchor=\"end\"" : "")>\(title)"
    if word.isEmpty || word == "kept" || word == "recoded" {
      text += escaped(shown)
    } else {
      let note = "<tspan class=\"note\">\(escaped(word))</tspan>"
      text += isLeft ? "\(note) \u{a0}\(escaped(shown))" : "\(escaped(shown))\u{a0} \(note)"
    }
    return text + "</text>\n"
  }

  private static func shortened(_ name: String) -> String {
    name.count <= 42 ? name : name.prefix(18) + "…" + name.suffix(23)
  }

  private func kind(_ outcome: Prediction.Outcome) -> String { outcome.isNative ? "native" : outcome.fate.rawValue }

  private var legend: String {
    let items = [
      ("kept", "kept: the literal stands in the target"), ("recoded", "recoded: it is spelt otherwise there"),
      ("parked", "parked: no place, stored in the residue"), ("supplied", "supplied: from a default or a setting"),
    ]
    let texts = items.map { "<li><span class=\"key \($0.0)\"></span>\($0.1)</li>" }
    return "<ul class=\"legend\">\n" + texts.joined(separator: "\n")
      + "\n<li><span class=\"key maybe\"></span>dashed: under conditions, which the table names</li>\n</ul>\n"
  }

  // MARK: - Words

  private var totals: String {
    let cells = explanation.totals.filter { $0.count > 0 || ["kept", "recoded", "parked"].contains($0.name) }.map {
      total in
      "<li class=\"\(total.name)\"><strong>\(total.count)</strong> \(escaped(total.name))"
        + (total.text.isEmpty ? "" : "<small>\(escaped(total.text))</small>") + "</li>"
    }
    return "<ul class=\"totals\">\n" + cells.joined(separator: "\n") + "\n</ul>\n"
  }

  private var problems: String {
    guard !explanation.missing.isEmpty else { return "" }
    return "<p class=\"problem\"><strong>Cannot start yet.</strong> "
      + explanation.missing.map { "<code>\(escaped($0.leaf.name))</code> is \(marked($0.text))" }.joined(
        separator: "; ") + "</p>\n"
  }

  private var table: String {
    let hasReturn = explanation.returns != nil
    // Shares of the width, so that no name, however long, moves a column off the page.
    let columns: [(title: String, share: Int)] =
      hasReturn
      ? [
        ("Field", 16), ("Fate", 10), ("Target", 16), ("Meaning", 13), ("When it fares otherwise", 19), ("Way back", 17), ("Lines", 9),
      ] : [("Field", 19), ("Fate", 10), ("Target", 20), ("Meaning", 15), ("When it fares otherwise", 27), ("Lines", 9)]
    var text = "<table class=\"fields\">\n<colgroup>"
    text += columns.map { "<col style=\"width:\($0.share)%\">" }.joined() + "</colgroup>\n<thead><tr>"
    text += columns.map { "<th>\($0.title)</th>" }.joined() + "</tr></thead>\n<tbody>\n"
    for (index, leaf) in prediction.sources.enumerated() {
      let (ways, further) = explanation.shownWays(leaf)
      var targets = ways.map { edge in
        let manner = explanation.manner(edge)
        return code(explanation.target(edge).name)
          + (manner.isEmpty ? "" : " <small>\(escaped(manner))</small>")
      }
      targets += further.map(code)
      var when = explanation.conditions(of: leaf).map { marked($0.text) }
      when += explanation.losses(ways).map { "<small>may lose: \(marked($0))</small>" }
      let lines =
        "\(leaf.place.line)" + (ways.isEmpty ? "" : " → ")
        + ways.map { "\(explanation.target($0).place.line)" }.joined(separator: ", ")
      text += "<tr><td>\(code(leaf.name))</td>"
      text += "<td><span class=\"tag \(kind(leaf.usual))\">\(escaped(Explanation.word(leaf.usual)))</span></td>"
      text += "<td>\(targets.isEmpty ? "–" : targets.joined(separator: "<br>"))</td>"
      text += "<td>\(code(explanation.canonical(leaf)))</td><td>\(when.joined(separator: "<br>"))</td>"
      if let returns = explanation.returnText(index) { text += "<td>\(marked(returns))</td>" }
      text += "<td class=\"lines\">\(lines)</td></tr>\n"
    }
    return text + "</tbody>\n</table>\n"
  }

  private var everywhere: String {
    var items = explanation.conditions(prediction.everywhere).map { marked($0.text) }
    items.append(
      "a field that the mapping does not name is "
        + (prediction.source.unmapped == .reject
          ? "rejected with its record" : prediction.targetTakesUnknown ? "kept in native" : "parked, no place"))
    items += (explanation.returns?.everywhere ?? []).map {
      "returns only with the residue when \(marked($0.text(prediction.target.name)))"
    }
    return items.map { "<li>\($0)</li>\n" }.joined()
  }

  private var gains: String {
    var text = ""
    let gains = explanation.required + explanation.supplied
    if !gains.isEmpty {
      text += "<h2>What the source does not give</h2>\n<div class=\"wide\">\n<table>\n<tbody>\n"
      for gain in gains {
        text += "<tr><td><code>\(escaped(gain.leaf.name))</code></td><td>\(marked(gain.text))</td>"
        text += "<td class=\"lines\">\(gain.leaf.place.line)</td></tr>\n"
      }
      text += "</tbody>\n</table>\n</div>\n"
    }
    let unfed = explanation.unfed
    if !unfed.isEmpty {
      text +=
        "<p>Stays empty in \(escaped(prediction.target.name)): "
        + unfed.map { "<code>\(escaped($0.name))</code>" }.joined(separator: ", ") + ".</p>\n"
    }
    return text
  }

  private func code(_ text: String) -> String { "<code>\(broken(text))</code>" }

  /// Escaped; a path may be broken between its steps and their words.
  private func broken(_ text: String) -> String {
    var result = ""
    var last: Character = " "
    for character in text {
      if "._=".contains(last) && character.isLetter || character == "[" && last.isLetter { result += "<wbr>" }
      result += escaped(String(character))
      last = character
    }
    return result
  }

  /// Escaped, with what stands between backticks as code.
  private func marked(_ text: String) -> String {
    let parts = text.split(separator: "`", omittingEmptySubsequences: false)
    guard parts.count % 2 == 1 else { return broken(text) }
    return parts.enumerated().map { $0 % 2 == 1 ? code(String($1)) : broken(String($1)) }.joined()
  }

  private func escaped(_ text: String) -> String { ExplanationPage.escaped(text) }

  /// For text and for attributes in double quotes; control characters have no place in HTML.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value): result += "\u{fffd}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static let style = """
    :root { --ink: #1b1f24; --muted: #59636e; --line: #d5dae0; --paper: #fff; --soft: #f5f7f9;
      --kept: #1a7f37; --recoded: #0860ca; --parked: #9a6700; --supplied: #7a3fc4; --missing: #c62828; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --muted: #9aa4af; --line: #363d46; --paper: #14181d;
      --soft: #1d232a; --kept: #4cc46a; --recoded: #6cb0ff; --parked: #dba642; --supplied: #bd93f9; --missing: #ff7b72; } }
    @media print { :root { --ink: #000; --muted: #444; --line: #bbb; --paper: #fff; --soft: #fff;
      --kept: #1a7f37; --recoded: #0860ca; --parked: #9a6700; --supplied: #7a3fc4; --missing: #c62828; } }
    * { box-sizing: border-box; }
    body { margin: 2rem auto; padding: 0 1.25rem; max-width: 76rem; background: var(--paper); color: var(--ink);
      font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
    h1 { font-size: 1.55rem; line-height: 1.25; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; }
    code { font: .92em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
    small, .lead, .foot { color: var(--muted); } .lead { margin: 0 0 1.2rem; } .foot { margin-top: 2rem; font-size: .85rem; }
    .wide { overflow-x: auto; }
    .totals, .legend { list-style: none; padding: 0; margin: 0 0 1rem; display: flex; flex-wrap: wrap; gap: .6rem 1.4rem; }
    .totals li { border: 1px solid var(--line); border-top: 3px solid var(--line); border-radius: 6px; padding: .5rem .9rem; background: var(--soft); }
    .totals strong { font-size: 1.35rem; } .totals small { display: block; max-width: 17rem; }
    .totals .kept, .totals .native { border-top-color: var(--kept); } .totals .recoded { border-top-color: var(--recoded); }
    .totals .parked { border-top-color: var(--parked); } .totals .supplied { border-top-color: var(--supplied); }
    .totals .missing { border-top-color: var(--missing); }
    .legend { font-size: .88rem; gap: .3rem 1.4rem; }
    .key { display: inline-block; width: 1.6rem; height: 0; margin-right: .45rem; vertical-align: middle; border-top: 3px solid var(--muted); }
    .key.kept { border-color: var(--kept); } .key.recoded { border-color: var(--recoded); } .key.parked { border-color: var(--parked); }
    .key.supplied { border-color: var(--supplied); } .key.maybe { border-top-style: dashed; }
    .problem { border-left: 4px solid var(--missing); background: var(--soft); padding: .6rem .9rem; }
    svg { display: block; width: 100%; min-width: 52rem; height: auto; font: 12.5px ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
    svg text { fill: var(--ink); } svg .head { font: 600 14px system-ui, sans-serif; }
    svg .note { fill: var(--muted); font: 11px system-ui, sans-serif; } svg .name.unfed, svg .name.parked { fill: var(--muted); }
    svg .name.missing { fill: var(--missing); font-weight: 600; }
    .link { fill: none; stroke-width: 1.8; stroke-opacity: .75; } .link.maybe { stroke-dasharray: 5 4; } .link:hover { stroke-width: 3.5; stroke-opacity: 1; }
    .link.kept { stroke: var(--kept); } .link.recoded { stroke: var(--recoded); }
    .dot { fill: var(--muted); } .dot.kept, .dot.fed, .dot.native { fill: var(--kept); } .dot.recoded { fill: var(--recoded); }
    .dot.fed { fill: var(--ink); } .dot.parked { fill: var(--parked); } .dot.supplied { fill: var(--supplied); } .dot.missing { fill: var(--missing); }
    .dot.unfed { fill: none; stroke: var(--muted); }
    table { border-collapse: collapse; width: 100%; font-size: .9rem; } .fields { table-layout: fixed; min-width: 58rem; }
    th, td, li { overflow-wrap: anywhere; } th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
    th { color: var(--muted); font-weight: 600; } tbody tr:hover { background: var(--soft); } .lines { color: var(--muted); }
    .tag { font-weight: 600; } .tag.kept, .tag.native { color: var(--kept); } .tag.recoded { color: var(--recoded); } .tag.parked { color: var(--parked); }
    @page { margin: 12mm; }
    @media print { body { margin: 0; padding: 0; max-width: none; font-size: 10pt; } table { font-size: 8pt; line-height: 1.35; }
      th, td { padding: .25rem .35rem; } tr, .totals li { break-inside: avoid; } h2 { break-after: avoid; } .wide { overflow: visible; }
      svg, .fields { min-width: 0; } svg { max-height: 24cm; break-inside: avoid; } thead { display: table-header-group; } }

    """
}
