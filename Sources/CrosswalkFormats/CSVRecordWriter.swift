import CSimd
import CrosswalkModel
import Glibc

/// Writes records as CSV rows: the layout's leaves in its order, quotes only where they are needed.
///
/// Absent and null are nothing between the commas, empty text is `""`. There is no place for what the layout has no column for:
/// ask `accepts` before handing over an extra.
package final class CSVRecordWriter: RecordWriter {
  package let opening: [UInt8]
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

  private struct Step {
    var register: Int
    var writesEmpty: Bool
  }

  package init(layout: Layout, profile: CSVProfile = CSVProfile()) {
    columns = layout.columns
    plan = columns.map { Step(register: $0.leaf.register, writesEmpty: $0.leaf.writesEmpty) }
    self.profile = profile
    let delimiter = profile.delimiter ?? UInt8(ascii: ",")
    self.delimiter = delimiter
    var header = OutputBuffer()
    var names: Set<String> = []
    for (index, column) in columns.enumerated() {
      if index > 0 { header.append(delimiter) }
      // `Phone#2` is called `Phone` where there is a first one.
      let ordinal = column.ordinal
      var name = names.contains(ordinal.base) ? ordinal.base : column.name
      names.insert(column.name)
      name.withUTF8 { CSVRecordWriter.append(header: $0, delimiter: delimiter, to: &header) }
    }
    header.append(CSVText.lf)
    opening = Array(header.bytes)
  }

  package func write(_ frame: Frame, extras: [OutputExtra], into out: inout OutputBuffer) throws(FormatError) {
    let slots = frame.slots
    let chunk = frame.chunk
    let delimiter = self.delimiter
    let placed = extras.isEmpty ? [:] : columnsOf(extras)
    var index = 0
    for step in plan {
      if index > 0 { out.append(delimiter) }
      let slot = slots[step.register]
      switch slot.kind {
      case .absent:
        if !placed.isEmpty, let value = placed[index] { append(tree: value, to: &out) }
      case .null:
        if profile.keepsKinds { append("\\N", to: &out) }
      case .true: append("true", to: &out)
      case .false: append("false", to: &out)
      case .emptyObject: append("{}", to: &out)
      case .emptyArray: append("[]", to: &out)
      case .number:
        append(bare: frame.raw(slot), to: &out)
      case .text, .subtree:
        let text =
          slot.space == .chunk && !slot.isEscaped
          ? UnsafeBufferPointer(start: chunk + slot.offset, count: slot.length) : frame.text(slot)
        if text.isEmpty {
          if step.writesEmpty || slot.isRestored { append("\"\"", to: &out) }
        } else {
          append(cell: text, to: &out)
        }
      }
      index += 1
    }
  }

  /// Whether a value can be written: the layout has a column of that path, and the value is a scalar.
  package func accepts(_ extra: OutputExtra) -> Bool {
    guard column(of: extra.path) != nil else { return false }
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
