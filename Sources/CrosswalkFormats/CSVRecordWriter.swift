import CSimd
package import CrosswalkModel
import Glibc

/// Writes records as CSV rows: the layout's leaves in its order, quotes only where they are needed.
///
/// Absent and null are nothing between the commas, empty text is `""`. What the layout has no column for stands in columns of its
/// own behind the others, if they are there: ask `accepts` before handing over an extra.
///
/// The header stands before the first record, so it has to be known by then: a writer that `takesUnknown` makes a column for each
/// new extra, in the order in which they come, until `close` says that the header goes out.
package final class CSVRecordWriter: RecordWriter {
  package private(set) var opening: [UInt8]
  package let separator = [CSVText.lf]
  package let closing = [CSVText.lf]
  package var empty: [UInt8] { opening }
  /// Cells so far that a spreadsheet would take for formulas, whatever the profile does with them.
  @exclusivity(unchecked) package private(set) var formulaCells = 0

  private let columns: [CSVColumn]
  private let plan: [Step]
  private let profile: CSVProfile
  private let delimiter: UInt8
  private var columnOfPath: [[PathStep]: Int]?
  /// Paths of the columns behind those of the layout.
  @exclusivity(unchecked) package private(set) var unknown: [[PathStep]] = []
  private var unknownIndex: [[PathStep]: Int] = [:]
  /// How many there may be.
  @exclusivity(unchecked) private var unknownLimit = 0
  /// Where the rows so far end, and how many unknown columns each has; while the header is open.
  @exclusivity(unchecked) private var rows: [(end: Int, columns: Int)] = []
  private let headerNames: Set<String>

  private struct Step {
    var register: Int
    var writesEmpty: Bool
  }

  /// - unknown: columns behind those of the layout.
  /// - takesUnknown: as many more as this are made for extras, until `close`.
  package init(
    layout: Layout, profile: CSVProfile = CSVProfile(), unknown: [[PathStep]] = [], takesUnknown limit: Int = 0
  ) {
    columns = layout.columns
    plan = columns.map { Step(register: $0.leaf.register, writesEmpty: $0.leaf.writesEmpty) }
    self.profile = profile
    let delimiter = profile.delimiter ?? UInt8(ascii: ",")
    self.delimiter = delimiter
    var header = OutputBuffer()
    var names: Set<String> = []
    var spelt: Set<String> = []
    for (index, column) in columns.enumerated() {
      if index > 0 { header.append(delimiter) }
      // `Phone#2` is called `Phone` where there is a first one.
      let ordinal = column.ordinal
      var name = names.contains(ordinal.base) ? ordinal.base : column.name
      names.insert(column.name)
      spelt.insert(name)
      name.withUTF8 { CSVRecordWriter.append(header: $0, delimiter: delimiter, to: &header) }
    }
    header.append(CSVText.lf)
    opening = Array(header.bytes)
    headerNames = spelt
    unknownLimit = unknown.count + limit
    for path in unknown { _ = unknownColumn(path) }
    if limit == 0 { close() }
  }

  /// Makes the header final and fills up the rows that were written before the last of its columns was known.
  package func close(_ out: inout OutputBuffer) {
    close()
    guard let first = rows.first(where: { $0.columns < unknown.count }), first.end <= out.count else {
      rows = []
      return
    }
    let written = Array(out.bytes)
    let leaves = out.leaves
    out.removeAll()
    out.leaves = leaves
    var start = 0
    for row in rows {
      written[start..<row.end].withUnsafeBufferPointer { out.append($0) }
      for _ in row.columns..<unknown.count { out.append(delimiter) }
      start = row.end
    }
    written[start...].withUnsafeBufferPointer { out.append($0) }
    rows = []
  }

  private func close() {
    unknownLimit = unknown.count
    guard !unknown.isEmpty else { return }
    var header = OutputBuffer()
    header.append(Array(opening.dropLast()))
    for path in unknown {
      if header.count > 0 || !columns.isEmpty { header.append(delimiter) }
      var name = CSVRecordWriter.name(path)
      name.withUTF8 { CSVRecordWriter.append(header: $0, delimiter: delimiter, to: &header) }
    }
    header.append(CSVText.lf)
    opening = Array(header.bytes)
  }

  /// A path as a column's name: read again, it is that path.
  package static func name(_ path: [PathStep]) -> String {
    let text = PathStep.text(path)
    guard path.count == 1, case .name(let name) = path[0] else { return text }
    return CSVHeader.path(Array(name.utf8)).elementsEqual(text.utf8) ? name : text
  }

  package func write(_ frame: Frame, extras: [OutputExtra], into out: inout OutputBuffer) throws(FormatError) {
    let slots = frame.slots
    let chunk = frame.chunk
    let delimiter = self.delimiter
    let placed = extras.isEmpty ? [:] : columnsOf(extras)
    let isOpen = unknownLimit > unknown.count || !rows.isEmpty
    var index = 0
    for step in plan {
      if index > 0 { out.append(delimiter) }
      let slot = slots[step.register]
      switch slot.kind {
      case .absent:
        if !placed.isEmpty, let value = placed[index] { append(tree: value, to: &out) }
      case .null:
        if profile.keepsKinds {
          append("\\N", to: &out)
          out.leaves &+= 1
        }
      case .true, .false, .emptyObject, .emptyArray:
        append(CSVRecordWriter.word(slot.kind), to: &out)
        out.leaves &+= 1
      case .number:
        append(bare: frame.raw(slot), to: &out)
        out.leaves &+= 1
      case .text, .subtree:
        let text =
          slot.space == .chunk && !slot.isEscaped
          ? UnsafeBufferPointer(start: chunk + slot.offset, count: slot.length) : frame.text(slot)
        if text.isEmpty {
          if step.writesEmpty || slot.isRestored {
            append("\"\"", to: &out)
            out.leaves &+= 1
          }
        } else {
          append(cell: text, to: &out)
          out.leaves &+= 1
        }
      }
      index += 1
    }
    if !unknown.isEmpty || !extras.isEmpty { append(unknown: extras, isFirst: index == 0, to: &out) }
    if isOpen { rows.append((out.count, unknown.count)) }
  }

  private static func word(_ kind: Kind) -> StaticString {
    switch kind {
    case .true: "true"
    case .false: "false"
    case .emptyObject: "{}"
    default: "[]"
    }
  }

  private func append(unknown extras: [OutputExtra], isFirst: Bool, to out: inout OutputBuffer) {
    var values: [Int: Tree] = [:]
    for extra in extras where column(of: extra.path) == nil {
      if let index = unknownColumn(extra.path), values[index] == nil { values[index] = extra.value }
    }
    for index in unknown.indices {
      if !isFirst || index > 0 { out.append(delimiter) }
      if let value = values[index] { append(tree: value, to: &out) }
    }
  }

  /// The place of an unknown column, made where there may be another one.
  private func unknownColumn(_ path: [PathStep]) -> Int? {
    if let index = unknownIndex[path] { return index }
    guard unknown.count < unknownLimit, !headerNames.contains(CSVRecordWriter.name(path)) else { return nil }
    unknownIndex[path] = unknown.count
    unknown.append(path)
    return unknown.count - 1
  }

  /// Whether a value can be written: it is a scalar, and there is a column of that path, or there may be one.
  package func accepts(_ extra: OutputExtra) -> Bool {
    let hasPlace =
      column(of: extra.path) != nil || unknownIndex[extra.path] != nil
      || unknown.count < unknownLimit && !headerNames.contains(CSVRecordWriter.name(extra.path))
    guard hasPlace else { return false }
    switch extra.value {
    case .null: return profile.keepsKinds
    case .bool, .number, .text: return true
    case .object, .array: return false
    }
  }
}

// MARK: Cells

extension CSVRecordWriter {
  @inline(__always)
  private func append(cell text: UnsafeBufferPointer<UInt8>, to out: inout OutputBuffer) {
    guard let source = text.baseAddress else { return }
    let first = source[0]
    // What a formula can begin with: `-` and all below it (blank, `+`), `=`, `@`, full width.
    if first <= UInt8(ascii: "-") || first == UInt8(ascii: "=") || first == UInt8(ascii: "@") || first == 0xEF,
      CSVText.isFormula(text)
    {
      formulaCells += 1
    }
    if profile.isSpreadsheet || profile.keepsKinds { return append(profiled: text, to: &out) }
    out.reserve(text.count)
    if cw_copy_cell(out.base + out.count, source, text.count, delimiter) == text.count {
      out.count += text.count
    } else {
      append(quoted: text, prefix: false, to: &out)
    }
  }

  private func append(profiled text: UnsafeBufferPointer<UInt8>, to out: inout OutputBuffer) {
    let isPrefixed = profile.isSpreadsheet && CSVText.isPrefixed(text)
    let isQuoted = text.contains { byte in
      byte == delimiter || byte == CSVText.quote || byte == CSVText.cr || byte == CSVText.lf
        || profile.isSpreadsheet && [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")].contains(byte)
    }
    if isQuoted || profile.keepsKinds && CSVText.kind(text) != .text {
      append(quoted: text, prefix: isPrefixed, to: &out)
    } else {
      if isPrefixed { out.append(CSVText.apostrophe) }
      out.append(text)
    }
  }

  private func append(quoted text: UnsafeBufferPointer<UInt8>, prefix: Bool, to out: inout OutputBuffer) {
    out.reserve(2 * text.count + 3)
    let target = out.base
    var count = out.count
    target[count] = CSVText.quote
    count += 1
    if prefix {
      target[count] = CSVText.apostrophe
      count += 1
    }
    var rest = text
    while let source = rest.baseAddress, let found = memchr(source, Int32(CSVText.quote), rest.count) {
      let length = UnsafeRawPointer(found) - UnsafeRawPointer(source) + 1
      cw_copy(target + count, source, length)
      target[count + length] = CSVText.quote
      count += length + 1
      rest = UnsafeBufferPointer(rebasing: rest[length...])
    }
    if let source = rest.baseAddress { cw_copy(target + count, source, rest.count) }
    count += rest.count
    target[count] = CSVText.quote
    out.count = count + 1
  }

  /// A number's characters: a comma in them is impossible, but the delimiter may be any byte.
  private func append(bare text: UnsafeBufferPointer<UInt8>, to out: inout OutputBuffer) {
    guard let source = text.baseAddress else { return }
    out.reserve(text.count)
    if cw_copy_cell(out.base + out.count, source, text.count, delimiter) == text.count {
      out.count += text.count
    } else {
      append(quoted: text, prefix: false, to: &out)
    }
  }

  private func append(_ word: StaticString, to out: inout OutputBuffer) {
    out.append(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
  }

  private static func append(
    header text: UnsafeBufferPointer<UInt8>, delimiter: UInt8, to out: inout OutputBuffer
  ) {
    let special = [delimiter, CSVText.quote, CSVText.cr, CSVText.lf]
    guard text.isEmpty || text.contains(where: special.contains) else { return out.append(text) }
    out.append(CSVText.quote)
    for byte in text {
      if byte == CSVText.quote { out.append(byte) }
      out.append(byte)
    }
    out.append(CSVText.quote)
  }
}

// MARK: Extras

extension CSVRecordWriter {
  private func columnsOf(_ extras: [OutputExtra]) -> [Int: Tree] {
    var placed: [Int: Tree] = [:]
    for extra in extras {
      if let column = column(of: extra.path), placed[column] == nil { placed[column] = extra.value }
    }
    return placed
  }

  private func column(of path: [PathStep]) -> Int? {
    if columnOfPath == nil {
      columnOfPath = [:]
      for (index, column) in columns.enumerated() {
        let steps = PathStep.parse(column.name) ?? [.name(column.name)]
        if columnOfPath?[steps] == nil { columnOfPath?[steps] = index }
      }
    }
    return columnOfPath?[path]
  }

  private func append(tree: Tree, to out: inout OutputBuffer) {
    let start = out.count
    defer { if out.count > start { out.leaves += 1 } }
    switch tree {
    case .null: if profile.keepsKinds { append("\\N", to: &out) }
    case .bool(let value): append(value ? "true" : "false", to: &out)
    case .number(let text): text.withUnsafeBufferPointer { append(bare: $0, to: &out) }
    case .text(let text):
      if text.isEmpty { append("\"\"", to: &out) } else { text.withUnsafeBufferPointer { append(cell: $0, to: &out) } }
    case .object, .array: break
    }
  }
}
