package import Crosswalk
import CrosswalkTerminal

/// What a run did, in at most eight lines, or as one JSON object.
package enum SummaryText {
  /// Fields with their numbers, the largest first.
  static func fields(_ counts: [String: Int], atMost limit: Int = 6) -> String {
    let fields = counts.filter { $0.value > 0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let shown = fields.prefix(limit).map { "\($0.key) \(grouped($0.value))" }.joined(separator: ", ")
    return shown + (fields.count > limit ? ", and \(fields.count - limit) more fields" : "")
  }

  package static func text(_ summary: ConvertSummary, of job: ConvertJob) -> String {
    let records = summary.records
    let systems = "from \(summary.from) to \(summary.to) in \(seconds(summary.seconds))\(rate(summary))"
    let written = count(records.written, "record")
    let isGone = summary.failure != nil && job.output != .standardOutput
    let done = summary.failure != nil ? "stopped after" : job.dryRun ? "would convert" : "converted"
    var lines = [isGone ? "wrote no records \(systems)" : "\(done) \(written) \(systems)"]
    if !job.only.isEmpty, records.read == 0 { lines.append("  no record has \(job.only.count == 1 ? "the id" : "one of the ids") of --only") }
    if summary.values.read > 0 { lines.append("  values    \(text(summary.values, summary))") }
    if records.rejected > 0 {
      let malformed = records.malformed > 0 ? " (\(grouped(records.malformed)) malformed)" : ""
      lines.append(
        "  rejected  \(count(records.rejected, "record")) of \(grouped(records.read))\(malformed)\(summary.rejects.map { ": \($0)" } ?? "")")
    }
    if let restored = summary.restored { lines.append("  restored  \(text(restored))") }
    let parked = summary.parked.values.reduce(0, +)
    if parked > 0 {
      let reasons = ConvertSummary.ParkedReason.allCases.compactMap { reason in
        summary.parked[reason].flatMap { $0 > 0 ? "\(grouped($0)) \(words(reason))" : nil }
      }
      let place =
        summary.residue.map { ": \($0)" }
        ?? (job.dryRun || summary.failure != nil ? "" : job.residue == .none ? ": lost, as asked" : ": lost, no residue is written")
      lines.append("  parked    \(count(parked, "value")) (\(reasons.joined(separator: ", ")))\(place)")
      let fields = fields(summary.parkedFields)
      if !fields.isEmpty, summary.worklist == nil { lines.append("            \(fields)") }
    }
    if let worklist = summary.worklist {
      var text = "  worklist  \(count(worklist.values, "distinct value")): \(worklist.file)"
      if worklist.beyond > 0 { text += "; \(grouped(worklist.beyond)) of further ones are not listed" }
      if worklist.otherRejects > 0 { text += "; \(count(worklist.otherRejects, "record is", "records are")) rejected for other reasons" }
      lines.append(text)
    }
    if !summary.documentUnknown.isEmpty {
      let paths = summary.documentUnknown.keys.sorted()
      let more = paths.count > 3 ? ", and \(paths.count - 3) more" : ""
      lines.append("  around the records stands what no shape has: \(paths.prefix(3).joined(separator: ", "))\(more)")
    }
    var said: [String] = []
    if !summary.acknowledgements.isEmpty {
      let first = summary.acknowledgements.prefix(2).map { "\"\($0)\"" }.joined(separator: ", ")
      let more = summary.acknowledgements.count > 2 ? ", and \(summary.acknowledgements.count - 2) more" : ""
      said.append("has \(count(summary.acknowledgements.count, "reply", "replies")) without a record: \(first)\(more)")
    }
    if summary.morePagesFollow { said.append("says that more pages follow: these records are not all") }
    if !said.isEmpty { lines.append("  the input \(said.joined(separator: "; it "))") }
    return lines.joined(separator: "\n")
  }

  package static func json(_ summary: ConvertSummary) -> String {
    var object = JSONLine()
    object.add("summary", raw: summary.report)
    return object.text
  }

  private static func text(_ values: ConvertSummary.Values, _ summary: ConvertSummary) -> String {
    var fates = ["\(grouped(values.kept)) kept"]
    if values.recoded > 0 { fates.append("\(grouped(values.recoded)) recoded") }
    if values.parked > 0 { fates.append("\(grouped(values.parked)) parked") }
    if values.rejected > 0 { fates.append("\(grouped(values.rejected)) rejected") }
    var text = "\(grouped(values.read)) read: \(fates.joined(separator: ", "))"
    if summary.replaced > 0 { text += "; \(grouped(summary.replaced)) as given" }
    if values.supplied > 0 { text += "; \(grouped(values.supplied)) supplied" }
    let approximate = summary.edges.reduce(0) { $0 + ($1.isApproximate ? $1.count : 0) }
    if approximate > 0 { text += "; \(grouped(approximate)) through a fallback" }
    if values.onlyWithResidue > 0 { text += "; \(grouped(values.onlyWithResidue)) return only with the residue" }
    return text
  }

  private static func text(_ restored: ConvertSummary.Restored) -> String {
    var parts = ["\(count(restored.values, "value")) of \(count(restored.records, "record"))"]
    if restored.added > 0 { parts.append("\(grouped(restored.added)) without a line") }
    if restored.removed > 0 { parts.append("\(grouped(restored.removed)) removed") }
    if restored.unplaced > 0 { parts.append("\(count(restored.unplaced, "line")) unplaced") }
    if restored.refused > 0 { parts.append("\(count(restored.refused, "edit")) not expressible") }
    if restored.merged > 0 { parts.append("\(grouped(restored.merged)) merged") }
    if restored.stale > 0 { parts.append("\(grouped(restored.stale)) derived and out of date") }
    return parts.joined(separator: ", ")
  }

  private static func words(_ reason: ConvertSummary.ParkedReason) -> String {
    switch reason {
    case .noPlace: "without a place"
    case .derived: "derived"
    case .empty: "null or empty"
    case .readOnly: "read only"
    case .failed: "not convertible"
    case .taken: "place taken"
    }
  }

  private static func count(_ number: Int, _ noun: String, _ nouns: String? = nil) -> String {
    "\(grouped(number)) \(number == 1 ? noun : nouns ?? noun + "s")"
  }

  private static func grouped(_ number: Int) -> String { Decimal.grouped(number) }

  private static func seconds(_ seconds: Double) -> String { "\(Decimal.text(seconds, places: 2)) s" }

  /// Only where the figure means something.
  private static func rate(_ summary: ConvertSummary) -> String {
    guard summary.seconds >= 0.5, summary.bytesRead >= 1_000_000 else { return "" }
    return " (\(Decimal.grouped(Int(Double(summary.bytesRead) / summary.seconds / 1e6))) MB/s)"
  }
}

extension Console {
  func show(_ summary: ConvertSummary, of job: ConvertJob) {
    show(style == .json ? SummaryText.json(summary) : SummaryText.text(summary, of: job))
  }
}
