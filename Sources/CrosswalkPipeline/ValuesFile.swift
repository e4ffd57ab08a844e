import CrosswalkFiles
import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// A worklist that a person has filled in: what stands in for values that do not convert. Everything that is wrong in it is known
/// before a record is read.
struct ValuesFile {
  private let source: System
  private let target: System
  private let shape: Shape
  private let settings: PlanSettings
  private let accepted: AcceptedValues
  private(set) var uses: [Replacements.Key: Replacements.Use] = [:]

  init(source: System, target: System, shape: Shape, settings: PlanSettings) {
    self.source = source
    self.target = target
    self.shape = shape
    self.settings = settings
    accepted = AcceptedValues(Tables(settings.tables))
  }

  private struct Row {
    var file: String
    var line: Int
    var cells: [String: [UInt8]]

    func text(_ column: String) -> String { String(decoding: cells[column] ?? [], as: UTF8.self) }
    var place: String { "`\(file)`, line \(line)" }
  }

  mutating func read(_ path: String) throws(Diagnostic) {
    for row in try rows(path) {
      let spelt = ValuesFile.trimmed(row.cells["use"] ?? [])
      try take(row, spelt)
    }
  }

  // MARK: - The table

  /// More than any worklist can have.
  private static let longest = 64 << 20

  private func rows(_ path: String) throws(Diagnostic) -> [Row] {
    let input = try InputSource(path == "-" ? .standardInput : .file(path))
    var bytes: [UInt8] = []
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 256 << 10)
    defer { room.deallocate() }
    while true {
      let got = try input.read(into: room, count: 256 << 10)
      bytes += UnsafeBufferPointer(start: room, count: got)
      guard bytes.count <= ValuesFile.longest else { throw wrong("`\(path)` is larger than any worklist", help: nil) }
      if got < 256 << 10 { break }
    }
    let head = bytes.prefix { $0 != 0x0a && $0 != 0x0d }
    let delimiters: [UInt8] = [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09]
    let delimiter = delimiters.max { one, other in head.count { $0 == one } < head.count { $0 == other } } ?? delimiters[0]
    let table = CSVReference.read(bytes, delimiter: delimiter)
    var line = 1
    var scanned = 0
    func lineNumber(_ offset: Int) -> Int {
      for index in scanned..<offset where bytes[index] == 0x0a || bytes[index] == 0x0d && (index + 1 == bytes.count || bytes[index + 1] != 0x0a) {
        line += 1
      }
      scanned = max(scanned, offset)
      return line
    }
    guard let header = table.first else { throw noHeader(path) }
    let columns = header.cells.map { String(decoding: ValuesFile.trimmed($0.text ?? []), as: UTF8.self) }
    for name in ["field", "value", "use"] where !columns.contains(name) { throw noHeader(path) }
    for name in columns where !name.isEmpty && !Worklist.columns.contains(name) {
      throw wrong(
        "`\(path)`, line 1: a worklist has no column `\(name)`",
        help: nearestNameHelp(name, among: Worklist.columns) ?? "its columns are \(Worklist.columns.joined(separator: ", "))")
    }
    if let twice = columns.first(where: { name in !name.isEmpty && columns.count { $0 == name } > 1 }) {
      throw wrong("`\(path)`, line 1: the column `\(twice)` stands twice", help: "leave one of them out")
    }
    var rows: [Row] = []
    for row in table.dropFirst() {
      let number = lineNumber(row.bytes.lowerBound)
      if let error = row.error {
        throw wrong("`\(path)`, line \(number): \(error.reason.diagnostic.title)", help: "save it as CSV in UTF-8, with a cell for each column")
      }
      var cells: [String: [UInt8]] = [:]
      for (name, cell) in zip(columns, row.cells) { cells[name] = ValuesFile.unprefixed(cell.text ?? []) }
      rows.append(Row(file: path, line: number, cells: cells))
    }
    return rows
  }

  /// The `'` that keeps a spreadsheet from running a cell is none of the value.
  private static func unprefixed(_ cell: [UInt8]) -> [UInt8] {
    guard cell.first == UInt8(ascii: "'") else { return cell }
    let rest = Array(cell.dropFirst())
    return rest.first == UInt8(ascii: "'") || rest.withUnsafeBufferPointer({ CSVText.isFormula($0) }) ? rest : cell
  }

  private static func trimmed(_ text: [UInt8]) -> [UInt8] {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    return Array(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }

  // MARK: - A row

  private mutating func take(_ row: Row, _ spelt: [UInt8]) throws(Diagnostic) {
    let places = try places(row)
    guard !spelt.isEmpty else { return }
    let name = row.text("field")
    if let why = WorkReason(rawValue: row.text("why")), !why.takesUse {
      let canonical = places.lazy.compactMap { $0.field.canonicalNames.first }.first
      throw wrong(
        "\(row.place): no text can stand in for `\(name)` here (\(why.rawValue))",
        help: why == .missing
          ? canonical.map { "a value for all records without one: `--set \($0)=\(String(decoding: spelt, as: UTF8.self))`" }
          : "leave `use` empty, and correct the source")
    }
    let value = row.cells["value"] ?? []
    guard !value.isEmpty else {
      throw wrong("\(row.place): `use` without a value that it stands for", help: "`--set FIELD=VALUE` gives a value where there is none")
    }
    let within = ValuesFile.trimmed(row.cells["in"] ?? [])
    let use = Replacements.Use(spelt: spelt)
    var taken = 0
    for (side, field) in places {
      let needsPlace = side == .target && field.transforms.contains { $0.name == "region" }
      if needsPlace, within.isEmpty, !use.isLiteral {
        throw wrong(
          "\(row.place): `\(name)` is converted within a country, and the column `in` has none",
          help: "write its code there, as the worklist does; or `!\(String(decoding: spelt, as: UTF8.self))`, which is written as it stands")
      }
      guard Replacements.converts(use, field, of: side == .source ? source : target, side, within: within, shape: shape, settings: settings)
      else { continue }
      taken += 1
      let key = Replacements.Key(side: side, leaf: name, value: value, within: needsPlace ? within : [])
      if let other = uses.updateValue(use, forKey: key), other != use {
        throw Diagnostic(
          .saidTwice, "\(row.place): `\(Messages.excerpt(value))` of `\(name)` has another `use` before", help: "leave one of them out")
      }
    }
    if taken == 0 { throw notConvertible(row, spelt, within, use, places) }
  }

  private func places(_ row: Row) throws(Diagnostic) -> [(side: RecordState.Side, field: Field)] {
    let name = row.text("field")
    let system = row.text("system")
    if !system.isEmpty, system != source.name, system != target.name {
      throw wrong(
        "\(row.place): this conversion has no system `\(system)`",
        help: nearestNameHelp(system, among: [source.name, target.name]) ?? "it is \(source.name) or \(target.name)")
    }
    var places: [(side: RecordState.Side, field: Field)] = []
    for (side, one) in [(RecordState.Side.target, target), (.source, source)] where system.isEmpty || system == one.name {
      if let field = one.fields.first(where: { $0.name == name }) { places.append((side, field)) }
    }
    guard places.isEmpty else { return places }
    // Listed, and not to be replaced: a line of several.
    let all = [target, source].filter { system.isEmpty || system == $0.name }
    if all.contains(where: { $0.fields.contains { $0.leafNames.contains(name) } }) { return [] }
    let names = all.flatMap { $0.fields.map(\.name) }
    let owner = system.isEmpty ? "\(source.name) and \(target.name) have" : "\(system) has"
    throw Diagnostic(
      .valuesFile, "\(row.place): \(owner) no field `\(name)`",
      help: nearestNameHelp(name, among: names) ?? "`crosswalk systems \(system.isEmpty ? target.name : system)` lists the fields")
  }

  // MARK: - Messages

  private func notConvertible(
    _ row: Row, _ spelt: [UInt8], _ within: [UInt8], _ use: Replacements.Use, _ places: [(side: RecordState.Side, field: Field)]
  ) -> Diagnostic {
    let near = places.first.map { accepted.near(String(decoding: use.text, as: UTF8.self), $0.field, within: within, $0.side) } ?? []
    let known = near.isEmpty ? "" : "accepted, the nearest first: \(near.map { "`\($0)`" }.joined(separator: ", ")); "
    let where_ = within.isEmpty ? "" : " in \(Messages.excerpt(within))"
    return Diagnostic(
      .valuesFile, "\(row.place): `\(Messages.excerpt(spelt))` does not convert for `\(row.text("field"))`\(where_) either",
      labels: places.prefix(1).map { .init($0.field.place) },
      help: use.isLiteral ? "\(known)the field takes another kind of value" : "\(known)`!\(Messages.excerpt(spelt))` is written as it stands")
  }

  private func noHeader(_ path: String) -> Diagnostic {
    wrong("`\(path)` is not a worklist: its first line has no columns field, value and use", help: "`--dry-run --worklist FILE.csv` writes one")
  }

  private func wrong(_ title: String, help: String?) -> Diagnostic { Diagnostic(.valuesFile, title, help: help) }
}
