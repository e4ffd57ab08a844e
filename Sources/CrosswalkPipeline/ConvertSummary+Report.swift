import CrosswalkModel

extension ConvertSummary {
  /// The run report as one line of JSON: the accounts of the run (DESIGN section 8). `report.schema.json` beside this file is its
  /// JSON Schema. Names stand sorted, so that equal runs give equal reports but for `seconds`.
  public var report: String { object.text }

  private var object: JSONLine {
    var object = JSONLine()
    object.add("crosswalk", "1")
    object.add("from", from.description)
    object.add("to", to.description)
    object.add(
      "records",
      [("read", records.read), ("written", records.written), ("rejected", records.rejected), ("malformed", records.malformed)])
    object.add(
      "values",
      [
        ("read", values.read), ("kept", values.kept), ("recoded", values.recoded), ("parked", values.parked),
        ("rejected", values.rejected), ("written", values.written), ("supplied", values.supplied), ("restored", values.restored),
        ("onlyWithResidue", values.onlyWithResidue),
      ])
    object.add("parkedWhy", ParkedReason.allCases.map { ($0.rawValue, parked[$0] ?? 0) })
    var fields = JSONLine()
    for (name, field) in self.fields.sorted(by: { $0.key < $1.key }) {
      fields.add(
        name,
        [
          ("read", field.read), ("kept", field.kept), ("recoded", field.recoded), ("parked", field.parked),
          ("rejected", field.rejected),
        ])
    }
    object.add("fields", raw: fields.text)
    let edges = self.edges.map { edge in
      var object = JSONLine()
      object.add("from", edge.source)
      object.add("to", edge.target)
      object.add("values", edge.count)
      if edge.isApproximate { object.add("approximate", true) }
      return object.text
    }
    object.add("edges", list: edges)
    object.add("supplied", supplied.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    var document = JSONLine()
    document.add("unknown", documentUnknown.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    object.add("document", raw: document.text)
    object.add("residue", raw: residue.map(JSONLine.quoted) ?? "null")
    object.add("stored", residue != nil)
    if let restored {
      object.add(
        "restored",
        [
          ("records", restored.records), ("values", restored.values), ("added", restored.added),
          ("removed", restored.removed), ("unplaced", restored.unplaced), ("refused", restored.refused),
          ("merged", restored.merged), ("stale", restored.stale), ("byOrder", restored.byOrder),
          ("byMatch", restored.byMatch), ("repeated", restored.repeated),
        ])
    }
    object.add("rejects", raw: rejects.map(JSONLine.quoted) ?? "null")
    if let worklist {
      object.add("worklist", raw: JSONLine.quoted(worklist.file))
      object.add("worklistValues", worklist.values)
    }
    if replaced > 0 { object.add("replaced", replaced) }
    object.add("reported", reported.sorted { $0.key.name < $1.key.name }.map { ($0.key.name, $0.value) })
    object.add("acknowledgements", acknowledgements)
    object.add("morePagesFollow", morePagesFollow)
    object.add("failure", raw: failure.map { JSONLine.quoted($0.code.name) } ?? "null")
    object.add("balanced", isBalanced)
    object.add("bytes", bytesRead)
    object.add("seconds", raw: Decimal.text(seconds, places: 3))
    return object
  }
}
