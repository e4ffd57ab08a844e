import CrosswalkModel

/// A lookup table of `Mappings/tables`, searched in place: nothing is parsed or built until a value asks for it.
///
/// RFC 4180 with LF, sorted by its first column; `|` between the aliases of a cell. Comparison is by `Table.key`.
package final class Table {
  package let name: String
  private let bytes: UnsafeBufferPointer<UInt8>
  private let owned: UnsafeMutablePointer<UInt8>?
  package let columns: [String]
  private let body: Int

  /// Text that lives as long as the program (the embedded tables).
  package convenience init(name: String, embedded text: StaticString) {
    self.init(name: name, bytes: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount), owned: nil)
  }

  package convenience init(name: String, bytes: [UInt8]) {
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count + 1)
    copy.initialize(from: bytes, count: bytes.count)
    self.init(name: name, bytes: UnsafeBufferPointer(start: copy, count: bytes.count), owned: copy)
  }

  private init(name: String, bytes: UnsafeBufferPointer<UInt8>, owned: UnsafeMutablePointer<UInt8>?) {
    self.name = name
    self.bytes = bytes
    self.owned = owned
    let end = bytes.firstIndex(of: 0x0a) ?? bytes.count
    columns = Table.cells(bytes[..<end]).map { String(decoding: $0, as: UTF8.self) }
    body = min(end + 1, bytes.count)
  }

  deinit { owned?.deallocate() }

  package func column(_ name: String) -> Int? { columns.firstIndex(of: name) }

  /// Every row whose first cell is `key`, or all rows; until the body says stop.
  package func rows(startingWith key: [UInt8]? = nil, _ body: ([[UInt8]]) -> Bool) {
    var position = key.map { lowerBound($0) } ?? self.body
    while position < bytes.count {
      let end = endOfRow(position)
      let row = Table.cells(bytes[position..<end])
      if let key, row.first != key { return }
      if !body(row) { return }
      position = end + 1
    }
  }

  /// The first row that has `key` (as `Table.key` folds it) for a cell or an alias of one of the columns; with `startingWith` only
  /// among the rows of that first cell. Compares in place: a table is searched in some ten microseconds.
  package func row(having key: [UInt8], in columns: [Int], startingWith first: [UInt8]? = nil) -> [[UInt8]]? {
    // Blanks alone are the name of nothing, and cells may be empty.
    guard !key.isEmpty else { return nil }
    guard !key.contains(where: { $0 >= 0x80 || $0 == 0x22 || $0 == 0x2c || $0 == 0x7c }) else {
      var found: [[UInt8]]?
      rows(startingWith: first) { row in
        let isHit = columns.contains { $0 < row.count && (Table.key(row[$0]) == key || Table.aliases(row[$0]).contains { Table.key($0) == key }) }
        if isHit { found = row }
        return !isHit
      }
      return found
    }
    var wanted: UInt64 = 0
    for column in columns { wanted |= 1 << UInt64(column) }
    var i = first.map { lowerBound($0) } ?? body
    while i < bytes.count {
      let rowStart = i
      if let first, !startsRow(i, with: first) { return nil }
      var column: UInt64 = 0
      var isQuoted = false
      var isCellStart = true
      while i < bytes.count, bytes[i] != 0x0a {
        let byte = bytes[i]
        if byte == 0x22 {
          isQuoted.toggle()
          isCellStart = isQuoted
          i += 1
          continue
        }
        if byte == 0x2c, !isQuoted {
          column += 1
          isCellStart = true
        } else if byte == 0x7c {
          isCellStart = true
        } else {
          if isCellStart, wanted >> column & 1 == 1, isCell(i, key, isQuoted: isQuoted) { return Table.cells(bytes[rowStart..<endOfRow(rowStart)]) }
          isCellStart = false
        }
        i += 1
      }
      i += 1
    }
    return nil
  }

  private func startsRow(_ start: Int, with first: [UInt8]) -> Bool {
    guard start + first.count < bytes.count, bytes[start + first.count] == 0x2c else { return false }
    for k in 0..<first.count where bytes[start + k] != first[k] { return false }
    return true
  }

  /// Whether the cell or alias that starts there is the key; commas are part of a quoted one.
  private func isCell(_ start: Int, _ key: [UInt8], isQuoted: Bool) -> Bool {
    guard start + key.count <= bytes.count else { return false }
    for k in 0..<key.count {
      let byte = bytes[start + k]
      guard (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) == key[k] else { return false }
    }
    guard start + key.count < bytes.count else { return true }
    let next = bytes[start + key.count]
    if isQuoted { return next == 0x7c || next == 0x22 }
    return next == 0x2c || next == 0x7c || next == 0x0a || next == 0x0d
  }

  /// The start of the first row whose first cell is not below `key`.
  private func lowerBound(_ key: [UInt8]) -> Int {
    var low = body
    var high = bytes.count
    while low < high {
      var middle = low + (high - low) / 2
      while middle > low, bytes[middle - 1] != 0x0a { middle -= 1 }
      let end = endOfRow(middle)
      let cell = bytes[middle..<(bytes[middle..<end].firstIndex(of: UInt8(ascii: ",")) ?? end)]
      if cell.lexicographicallyPrecedes(key) { low = end + 1 } else { high = middle }
    }
    return min(low, bytes.count)
  }

  /// Rows hold no line breaks.
  private func endOfRow(_ start: Int) -> Int { bytes[start...].firstIndex(of: 0x0a) ?? bytes.count }

  private static func cells(_ row: Slice<UnsafeBufferPointer<UInt8>>) -> [[UInt8]] {
    var cells: [[UInt8]] = []
    var cell: [UInt8] = []
    var isQuoted = false
    var i = row.startIndex
    while i < row.endIndex {
      let byte = row[i]
      if isQuoted {
        if byte == UInt8(ascii: "\"") {
          if i + 1 < row.endIndex, row[i + 1] == byte {
            cell.append(byte)
            i += 1
          } else {
            isQuoted = false
          }
        } else {
          cell.append(byte)
        }
      } else if byte == UInt8(ascii: "\"") {
        isQuoted = true
      } else if byte == UInt8(ascii: ",") {
        cells.append(cell)
        cell = []
      } else if byte != 0x0d {
        cell.append(byte)
      }
      i += 1
    }
    cells.append(cell)
    return cells
  }

  /// How values are compared with tables: letters in lower case, blanks at the ends dropped, runs of blanks one.
  package static func key(_ text: some Collection<UInt8>) -> [UInt8] {
    // Letters beyond ASCII: Unicode's lower case. Rare, and answers are kept.
    if text.contains(where: { $0 >= 0x80 }) { return asciiKey(Array(String(decoding: text, as: UTF8.self).lowercased().utf8)) }
    return asciiKey(text)
  }

  private static func asciiKey(_ text: some Collection<UInt8>) -> [UInt8] {
    var key: [UInt8] = []
    key.reserveCapacity(text.count)
    var blank = false
    for byte in text {
      if byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d {
        blank = !key.isEmpty
        continue
      }
      if blank { key.append(0x20) }
      blank = false
      key.append(byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte)
    }
    return key
  }

  /// The parts of a cell with aliases.
  package static func aliases(_ cell: [UInt8]) -> [[UInt8]] { cell.split(separator: UInt8(ascii: "|")).map(Array.init) }
}

/// The tables of a library, opened when first asked for. One a worker: tables are not shared between threads.
package final class Tables {
  private var open: [String: Table] = [:]
  private let load: (String) -> Table?

  package init(_ load: @escaping (String) -> Table?) { self.load = load }

  package subscript(name: String) -> Table? {
    if let table = open[name] { return table }
    let table = load(name)
    open[name] = table
    return table
  }
}
