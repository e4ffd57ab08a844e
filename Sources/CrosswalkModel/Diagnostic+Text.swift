/// A diagnostic as a person reads it (DESIGN section 11).
extension Diagnostic: CustomStringConvertible {
  /// Several lines: `error[V0304]: …`, the place, the help. Of the data's values it has a short excerpt at most.
  public var description: String { text(showsValues: false) }

  /// - showsValues: excerpts of the data in full, however long; otherwise at most 60 characters around what is meant.
  public func text(showsValues: Bool) -> String {
    var lines = ["\(severity)[\(code)]: \(PrintableText.of(title))"]
    if let place {
      lines.append("  --> \(place.line)")
      if let (excerpt, mark) = place.shownExcerpt(showsValues: showsValues) {
        lines.append("   |  \(excerpt)")
        if let mark {
          let carets =
            String(repeating: " ", count: mark.lowerBound) + String(repeating: "^", count: max(1, mark.count))
          lines.append("   |  \(carets)\(place.remark.map { " " + PrintableText.of($0) } ?? "")")
        }
      }
    }
    for label in labels {
      let text = label.text.isEmpty ? "" : "  \(PrintableText.of(label.text))"
      lines.append("  ::: \(PrintableText.of(label.place.description))\(text)")
    }
    if let help { lines.append("   = help: \(PrintableText.of(help))") }
    return lines.joined(separator: "\n")
  }

  /// `error` or `warning`.
  package var severity: String {
    switch disposition {
    case .fatal, .reject: "error"
    case .warning: "warning"
    }
  }
}

extension Diagnostic.DataPlace {
  private static let excerptLength = 60

  fileprivate var line: String {
    var text = PrintableText.of(source == "-" ? "standard input" : source)
    if let record { text += ", record \(record)" }
    if let bytes { text += ", bytes \(bytes.lowerBound)..<\(bytes.upperBound)" }
    if let path { text += "  (\(PrintableText.of(path)))" }
    return text
  }

  /// The part of the excerpt to show, and the mark in it, in scalars.
  package func shownExcerpt(showsValues: Bool) -> (text: String, mark: Range<Int>?)? {
    guard let excerpt else { return nil }
    let scalars = Array(PrintableText.of(excerpt).unicodeScalars)
    let mark = mark?.clamped(to: 0..<(scalars.count + 1))
    let length = Diagnostic.DataPlace.excerptLength
    guard !showsValues, scalars.count > length else { return (string(scalars[...]), mark) }
    let start = max(0, min((mark?.lowerBound ?? 0) - length / 3, scalars.count - length))
    let shown = scalars[start..<(start + length)]
    let before = start > 0 ? "…" : ""
    let after = shown.endIndex < scalars.count ? "…" : ""
    let shift = start - before.unicodeScalars.count
    let visible = mark.map {
      ($0.lowerBound - shift)..<max($0.lowerBound - shift, min($0.upperBound - shift, length + 1))
    }
    return (before + string(shown) + after, visible)
  }

  private func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    return String(text)
  }
}
