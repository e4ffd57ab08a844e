import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// The distinct values of a run that a person has to decide about, as a table to be filled in (SEMANTICS section 4). It comes back
/// with `--values`.
struct Worklist {
  /// Rows; what comes later is counted only, so that memory does not grow with the input.
  static let most = 10_000
  static let columns = ["system", "field", "canonical", "value", "in", "why", "records", "example", "nearest", "use"]

  private struct Row {
    var records = 0
    var example: [UInt8]
  }

  private var rows: [WorkItem: Row] = [:]
  /// Values that would have needed further rows, each time they were met.
  private(set) var beyond = 0
  private(set) var causes: [WorkNotes.Cause: Int] = [:]
  /// Records rejected for values.
  private(set) var rejects = 0

  var count: Int { rows.count }

  mutating func add(_ notes: WorkNotes, firstRecord: Int) {
    for note in notes.notes {
      if rows[note.item] == nil {
        guard rows.count < Worklist.most else {
          beyond += note.records
          continue
        }
        rows[note.item] = Row(example: note.id.isEmpty ? Array("#\(firstRecord + note.first)".utf8) : note.id)
      }
      rows[note.item]!.records += note.records
    }
    for (cause, count) in notes.causes { causes[cause, default: 0] += count }
    rejects += notes.rejects
  }

  /// Of the rejects some come of values that another text may stand in for.
  var hasFailing: Bool { causes.keys.contains { $0.why.takesUse } }

  /// What rejects most records, in words: at most four.
  var topCauses: String? {
    let sorted = causes.sorted { ($1.value, $0.key.field, $0.key.why.rawValue) < ($0.value, $1.key.field, $1.key.why.rawValue) }
    guard !sorted.isEmpty else { return nil }
    let shown = sorted.prefix(4).map { "`\($0.key.field)` \($0.key.why == .fails ? "does not convert" : "is \($0.key.why.rawValue)") \(Decimal.grouped($0.value))" }
    return shown.joined(separator: ", ") + (sorted.count > 4 ? " and \(sorted.count - 4) more" : "")
  }

  /// As CSV, with a byte order mark: without one spreadsheets take the letters beyond ASCII for others. Cells that a spreadsheet would
  /// run as a formula have a `'` in front. The most frequent values come first.
  func text(_ source: System, _ target: System, _ accepted: AcceptedValues) -> [UInt8] {
    var out = Array("\u{FEFF}\(Worklist.columns.joined(separator: ","))\n".utf8)
    let sorted = rows.sorted { a, b in
      if a.value.records != b.value.records { return a.value.records > b.value.records }
      if a.key.field != b.key.field { return a.key.field < b.key.field }
      if a.key.value != b.key.value { return a.key.value.lexicographicallyPrecedes(b.key.value) }
      if a.key.within != b.key.within { return a.key.within.lexicographicallyPrecedes(b.key.within) }
      return (a.key.side == .source ? 0 : 1, a.key.why.rawValue) < (b.key.side == .source ? 0 : 1, b.key.why.rawValue)
    }
    for (item, row) in sorted {
      let system = item.side == .source ? source : target
      let field = system.fields.first { field in field.leafNames.contains(item.field) }
      let nearest =
        item.why.takesUse
        ? field.map { accepted.near(String(decoding: item.value, as: UTF8.self), $0, within: item.within, item.side) } ?? []
        : [item.why.cure(canonical: field?.canonicalNames.first)]
      let cells: [[UInt8]] = [
        Array(system.name.utf8), Array(item.field.utf8), Array((field?.canonicalNames.first ?? "").utf8), item.value, item.within,
        Array(item.why.rawValue.utf8), Array("\(row.records)".utf8), row.example,
        Array(nearest.joined(separator: "; ").utf8), [],
      ]
      for (index, cell) in cells.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        Worklist.append(cell, to: &out)
      }
      out.append(0x0a)
    }
    return out
  }

  private static func append(_ cell: [UInt8], to out: inout [UInt8]) {
    let isPrefixed = cell.first == UInt8(ascii: "'") || cell.withUnsafeBufferPointer { CSVText.isFormula($0) }
    let isQuoted = cell.contains { [0x22, 0x2c, 0x3b, 0x09, 0x0a, 0x0d].contains($0) } || cell.first == 0x20 || cell.last == 0x20
    if isQuoted { out.append(0x22) }
    if isPrefixed { out.append(UInt8(ascii: "'")) }
    for byte in cell {
      if byte == 0x22 { out.append(byte) }
      out.append(byte)
    }
    if isQuoted { out.append(0x22) }
  }
}
