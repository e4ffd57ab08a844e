package import Crosswalk
import Glibc

/// Where words go: data and asked-for text to standard output, everything else to standard error.
package final class Console {
  package enum Style { case text, json }

  package let style: Style
  private var renderer = DiagnosticRenderer()
  private var counts: [Code: Int] = [:]
  private var order: [Code] = []
  /// Drawn on the last line of the terminal; taken off before anything else is written there.
  package var progress: ProgressLine?

  /// Diagnostics of one code that are shown; the rest are counted.
  private static let shownPerCode = 5

  private func shown(of code: Code) -> Int { style == .json && code.isListedInFull ? .max : Console.shownPerCode }

  package init(style: Style) { self.style = style }

  /// Whether excerpts of the data are shown in full.
  package var showsValues: Bool {
    get { renderer.showsValues }
    set { renderer.showsValues = newValue }
  }

  /// Text that was asked for. Throws when standard output cannot take it.
  package func write(_ text: String) throws(Diagnostic) {
    try OutputFile(.standardOutput, force: false).write(Array(text.utf8))
  }

  /// A diagnostic, unless enough of its code have been shown.
  package func show(_ diagnostic: Diagnostic) {
    guard diagnostic.code != .closedOutput else { return }
    let count = counts[diagnostic.code, default: 0]
    if count == 0 { order.append(diagnostic.code) }
    counts[diagnostic.code] = count + 1
    guard count < shown(of: diagnostic.code) || diagnostic.disposition == .fatal else { return }
    error(style == .json ? renderer.json(diagnostic) : renderer.text(diagnostic))
  }

  /// Says how many of each code were not shown. `counted` has the whole numbers, where the run knows more than it reported.
  package func showRest(counted: [Code: Int] = [:]) {
    for code in order + counted.keys.filter({ counts[$0] == nil }).sorted(by: { $0.name < $1.name }) {
      let total = max(counted[code] ?? 0, counts[code] ?? 0)
      let rest = total - min(counts[code] ?? 0, shown(of: code))
      if rest > 0 { error(style == .json ? renderer.jsonRest(rest, of: code) : renderer.textRest(rest, of: code)) }
    }
  }

  /// What a run did, in words.
  package func show(_ summary: String) { error(summary) }

  /// A line or lines to standard error; failures are nobody's business there.
  private func error(_ text: String) {
    progress?.erase()
    Console.writeError(text + "\n")
  }

  static func writeError(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { buffer in
        uninterrupted { Glibc.write(STDERR_FILENO, buffer.baseAddress!, buffer.count) }
      }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }
}
