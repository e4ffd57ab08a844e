import CrosswalkFormats
import CrosswalkModel

/// What transforms look up: the CSV files of `tables/`, and the names in them.
package struct ReferenceTables: Sendable {
  private var rows: [String: [Row]] = [:]
  private var countries: [[UInt8]: Row] = [:]
  /// Of each country. There are thousands, and few are asked for: no index of them.
  private var regions: [String: [Row]] = [:]
  /// Of addresses.
  private(set) var words = ReferenceBlock.Words([])

  /// A line of a table.
  struct Row: Sendable {
    var header: [String]
    var cells: [String]

    subscript(column: String) -> String? {
      guard let index = header.firstIndex(of: column), index < cells.count else { return nil }
      return cells[index]
    }

    /// The names that a column has.
    func names(_ column: String) -> [String] {
      let cell = self[column] ?? ""
      return (column == "aliases" ? cell.split(separator: "|").map(String.init) : [cell]).filter { !$0.isEmpty }
    }
  }

  /// The files under `tables/` by their names without the ending.
  package init(_ files: [String: [UInt8]]) {
    for (name, bytes) in files {
      let lines = Self.cells(bytes)
      guard let header = lines.first else { continue }
      rows[name] = lines.dropFirst().map { Row(header: header, cells: $0) }
    }
    countries = Self.index(rows["countries"] ?? [], ["code", "alpha3", "name", "aliases"])
    words = ReferenceBlock.Words(rows["addresswords"] ?? [])
    regions = Dictionary(grouping: rows["regions"] ?? []) { $0["country"] ?? "" }
  }

  func rows(of table: String) -> [Row] { rows[table] ?? [] }

  /// The row of a country: a code, a three-letter code, the name, or an alias.
  func country(_ text: [UInt8]) -> Row? { countries[fold(text)] }

  /// The row of a region of that country: a code (whole, or behind the hyphen), the name, or an alias.
  func region(_ text: [UInt8], in country: String) -> Row? {
    let rows = regions[country] ?? []
    let wanted = fold(text)
    // A code may stand whole, `US-FL`.
    if let row = rows.last(where: { fold(Array("\(country)-".utf8) + Self.shortCode($0)) == wanted }) { return row }
    for column in ["code", "name", "aliases"] {
      for row in rows where row.names(column).contains(where: { fold(Array($0.utf8)) == wanted }) { return row }
    }
    return nil
  }

  /// The code of a currency as the table has it.
  func currency(_ text: [UInt8]) -> String? {
    rows["currencies"]?.lazy.compactMap { $0["code"] }.first { !$0.isEmpty && fold(Array($0.utf8)) == fold(text) }
  }

  /// The letters after the hyphen of ISO 3166-2.
  static func shortCode(_ row: Row) -> [UInt8] {
    let code = Array((row["code"] ?? "").utf8)
    guard let hyphen = code.firstIndex(of: UInt8(ascii: "-")) else { return code }
    return Array(code[(hyphen + 1)...])
  }

  /// Whether a text is a region's code, not a name of it.
  static func isCode(_ text: [UInt8], of row: Row) -> Bool {
    let code = shortCode(row)
    return [fold(code), fold(Array("\(row["country"] ?? "")-".utf8) + code)].contains(fold(text))
  }

  /// The label of a code: the column asked for, then the other generations in the table's order.
  func label(_ code: [UInt8], table: String, column: String?, others: [String]) -> String? {
    guard let row = rows[table]?.first(where: { Array(($0["code"] ?? "").utf8) == code }) else { return nil }
    for name in (column.map { [$0] } ?? []) + others {
      if let label = row[name], !label.isEmpty { return label }
    }
    return nil
  }

  /// Every name of every row; where one is in two columns, the earlier column's, and in one column the earlier row's.
  private static func index(_ rows: [Row], _ columns: [String]) -> [[UInt8]: Row] {
    var index: [[UInt8]: Row] = [:]
    for column in columns {
      for row in rows {
        for name in row.names(column) {
          let folded = fold(Array(name.utf8))
          if index[folded] == nil { index[folded] = row }
        }
      }
    }
    return index
  }

  /// Cells of a small, well-formed CSV file.
  private static func cells(_ bytes: [UInt8]) -> [[String]] {
    var lines: [[String]] = []
    var line: [String] = []
    var cell: [UInt8] = []
    var isQuoted = false
    func take() {
      line.append(String(decoding: cell, as: UTF8.self))
      cell = []
    }
    var i = 0
    while i < bytes.count {
      let byte = bytes[i]
      i += 1
      if isQuoted {
        if byte != UInt8(ascii: "\"") {
          cell.append(byte)
        } else if i < bytes.count, bytes[i] == byte {
          cell.append(byte)
          i += 1
        } else {
          isQuoted = false
        }
      } else if byte == UInt8(ascii: "\"") {
        isQuoted = true
      } else if byte == UInt8(ascii: ",") {
        take()
      } else if byte == UInt8(ascii: "\n") {
        take()
        lines.append(line)
        line = []
      } else if byte != UInt8(ascii: "\r") {
        cell.append(byte)
      }
    }
    if !cell.isEmpty || !line.isEmpty {
      take()
      lines.append(line)
    }
    return lines
  }
}

/// Blanks at the ends gone, runs of blanks one space, letters small.
func fold(_ text: [UInt8]) -> [UInt8] {
  // Most are one word of ASCII.
  if text.allSatisfy({ $0 > 0x20 && $0 < 0x80 }) { return text.map { (0x41...0x5a).contains($0) ? $0 + 32 : $0 } }
  var words: [[UInt8]] = [[]]
  for byte in text {
    if isBlank(byte) { words.append([]) } else { words[words.count - 1].append(byte) }
  }
  let joined = words.filter { !$0.isEmpty }.joined(separator: [0x20])
  return Array(String(decoding: Array(joined), as: UTF8.self).lowercased().utf8)
}

func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
