package import Crosswalk

/// A diagnostic as a person reads it (DESIGN section 11) or as a program does: one JSON object a line.
package struct DiagnosticRenderer {
  /// Values of the data in full; otherwise an excerpt around what is meant.
  package var showsValues = false

  package init(showsValues: Bool = false) { self.showsValues = showsValues }

  package func text(_ diagnostic: Diagnostic) -> String { diagnostic.text(showsValues: showsValues) }

  func textRest(_ count: Int, of code: Code) -> String {
    "… and \(count) more of \(code) (`crosswalk help \(code)` explains it"
      + (code.isListedInFull ? ", `--diagnostics json` lists all)" : ")")
  }

  package func json(_ diagnostic: Diagnostic) -> String {
    var object = JSONLine()
    object.add("severity", diagnostic.severity)
    object.add("code", diagnostic.code.name)
    object.add("title", diagnostic.title)
    object.add("disposition", diagnostic.disposition.rawValue)
    if let place = diagnostic.place {
      object.add("source", place.source)
      if let record = place.record { object.add("record", record) }
      if let bytes = place.bytes { object.add("bytes", raw: "[\(bytes.lowerBound),\(bytes.upperBound)]") }
      if let path = place.path { object.add("path", path) }
      if let (excerpt, mark) = place.shownExcerpt(showsValues: showsValues) {
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
      object.add("labels", list: labels)
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
}
