package import Crosswalk

/// A diagnostic as a person reads it (DESIGN section 11) or as a program does: one JSON object a line.
package struct DiagnosticRenderer {
  /// Values of the data in full; otherwise an excerpt of at most `excerptLength` around what is meant.
  package var showsValues = false

  package init() {}

  static let excerptLength = 60

  package func text(_ diagnostic: Diagnostic) -> String {
    var lines = ["\(severity(diagnostic))[\(diagnostic.code)]: \(printable(diagnostic.title))"]
    if let place = diagnostic.place {
      lines.append("  --> \(self.place(place))")
      if let (excerpt, mark) = excerpt(place) {
        lines.append("   |  \(excerpt)")
        if let mark {
          let carets =
            String(repeating: " ", count: mark.lowerBound) + String(repeating: "^", count: max(1, mark.count))
          lines.append("   |  \(carets)\(place.remark.map { " " + printable($0) } ?? "")")
        }
      }
    }
    for label in diagnostic.labels {
      lines.append(
        "  ::: \(printable(label.place.description))\(label.text.isEmpty ? "" : "  \(printable(label.text))")")
    }
    if let help = diagnostic.help { lines.append("   = help: \(printable(help))") }
    return lines.joined(separator: "\n")
  }

  func textRest(_ count: Int, of code: Code) -> String {
    "… and \(count) more of \(code) (`crosswalk help \(code)` explains it)"
  }

  package func json(_ diagnostic: Diagnostic) -> String {
    var object = JSONLine()
    object.add("severity", severity(diagnostic))
    object.add("code", diagnostic.code.name)
    object.add("title", diagnostic.title)
    object.add("disposition", diagnostic.disposition.rawValue)
    if let place = diagnostic.place {
      object.add("source", place.source)
      if let record = place.record { object.add("record", record) }
      if let bytes = place.bytes { object.add("bytes", raw: "[\(bytes.lowerBound),\(bytes.upperBound)]") }
      if let path = place.path { object.add("path", path) }
      if let (excerpt, mark) = excerpt(place) {
        object.add("excerpt", excerpt)
        if let mark { object.add("mark", raw: "[\(mark.lowerBound),\(mark.upperBound)]") }
      }
      if let remark = place.remark { object.add("remark", remark) }
    }
    if !diagnostic.labels.isEmpty {
      let labels = diagnostic.labels.map { label in
        var object = JSONLine()
        object.add("file", label.place.file)
        object.add("line", label.place.line)
        object.add("column", label.place.column)
        if !label.text.isEmpty { object.add("text", label.text) }
        return object.text
      }
      object.add("labels", raw: "[\(labels.joined(separator: ","))]")
    }
    if let help = diagnostic.help { object.add("help", help) }
    return object.text
  }

  func jsonRest(_ count: Int, of code: Code) -> String {
    var object = JSONLine()
    object.add("code", code.name)
    object.add("notShown", count)
    return object.text
  }

  private func severity(_ diagnostic: Diagnostic) -> String {
    switch diagnostic.disposition {
    case .fatal, .reject: "error"
    case .warning: "warning"
    }
  }

  private func place(_ place: Diagnostic.DataPlace) -> String {
    var text = printable(place.source == "-" ? "standard input" : place.source)
    if let record = place.record { text += ", record \(record)" }
    if let bytes = place.bytes { text += ", bytes \(bytes.lowerBound)..<\(bytes.upperBound)" }
    if let path = place.path { text += "  (\(printable(path)))" }
    return text
  }

  /// The part of the excerpt to show, and the mark in it, in scalars.
  private func excerpt(_ place: Diagnostic.DataPlace) -> (String, Range<Int>?)? {
    guard let excerpt = place.excerpt else { return nil }
    let scalars = Array(printable(excerpt).unicodeScalars)
    let mark = place.mark?.clamped(to: 0..<(scalars.count + 1))
    let length = DiagnosticRenderer.excerptLength
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

  /// Control characters, which a terminal would obey, as dots: scalar by scalar, so that marks stay right.
  private func printable(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      let isControl =
        scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) || (0x202a...0x202e).contains(scalar.value)
      result.append(isControl ? "·" : scalar)
    }
    return String(result)
  }
}
