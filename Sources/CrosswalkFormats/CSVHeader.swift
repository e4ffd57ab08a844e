package import CrosswalkModel

/// The header row of a CSV file, matched against a layout.
package struct CSVHeader: Sendable, Equatable {
  package struct Column: Sendable, Equatable {
    /// As the file has it, decoded.
    package var name: [UInt8]
    /// nil: no field of the layout has this name.
    package var register: Int?
    /// The field of which another column has the better claim: this one is its value in the rows where that one is absent, and is
    /// kept as unknown in the others. Of several the lower rank goes first.
    package var losesTo: (register: Int, rank: Int)?
    /// How the column is named where it is kept as unknown: its name, in quotes where it would not read as a path.
    package var path: [UInt8]

    package var isLosing: Bool { losesTo != nil }

    package static func == (a: Column, b: Column) -> Bool {
      a.name == b.name && a.register == b.register && a.path == b.path && a.losesTo?.register == b.losesTo?.register
        && a.losesTo?.rank == b.losesTo?.rank
    }
  }

  package var columns: [Column]
  package var delimiter: UInt8
  /// Bytes of the buffer up to the first row of data: byte order mark, title rows, header.
  package var length: Int
  /// Where the header row stands, without its line end: for reject lines.
  package var bytes: Range<Int>
  package var lineEnds: CSVLineEnds
  /// The data ends with the header, which has no line end: it may have been cut.
  package var endedWithoutNewline: Bool
  /// Fields of the layout for which the file has no column.
  package var missing: [String]
}

/// Why a header cannot be used: the file is not read at all.
package enum CSVHeaderError: Error, Equatable, Sendable {
  /// Nothing but blank lines.
  case empty
  case malformed(FormatError)
  /// No row has the columns that mark the header (`headerHas`).
  case notFound([String])
  /// No column is a field of the layout: the columns that were found.
  case noKnownColumn([String])
  /// Two columns of one name that the layout does not tell apart; columns count from 1, the offset is the second one's.
  case duplicateColumn(String, first: Int, second: Int, offset: Int)
}

extension CSVHeader {
  /// Title rows above the header are looked through as far as this.
  static let titleRoom = 64 << 10

  /// Reads the header from the first bytes of a file; nil when it needs more of them.
  ///
  /// The delimiter, unless the profile names it, is the one of `, ; TAB |` that makes most columns known, then most columns.
  /// A column is matched by its exact name, then by an alias, then by both in any case if the layout ignores case.
  package static func read(
    _ buffer: UnsafeBufferPointer<UInt8>, isLast: Bool, layout: Layout, profile: CSVProfile = CSVProfile(),
    headerHas: [String] = [], limits: Limits = Limits()
  ) throws(CSVHeaderError) -> CSVHeader? {
    if buffer.count < 3, !isLast { return nil }
    let hasMark = buffer.count >= 3 && buffer[0] == 0xEF && buffer[1] == 0xBB && buffer[2] == 0xBF
    let names = Names(layout)
    let delimiters = profile.delimiter.map { [$0] } ?? [",", ";", "\t", "|"].map { UInt8(ascii: $0) }
    var start = hasMark ? 3 : 0
    while true {
      while start < buffer.count, buffer[start] == CSVText.cr || buffer[start] == CSVText.lf { start += 1 }
      if start == buffer.count {
        guard isLast else { return nil }
        throw headerHas.isEmpty || start == (hasMark ? 3 : 0) ? .empty : .notFound(headerHas)
      }
      var best: (row: HeaderRow, delimiter: UInt8, known: Int)?
      var refused: FormatError?
      for delimiter in delimiters {
        switch HeaderRow.read(buffer, from: start, delimiter: delimiter, isLast: isLast) {
        case .needMore:
          if buffer.count - start > limits.record {
            throw .malformed(FormatError(.recordTooLong, at: start))
          }
          return nil
        case .refused(let error):
          refused = refused ?? error
        case .row(let row):
          let known = headerHas.isEmpty ? names.countKnown(row.names) : Names.count(headerHas, in: row.names, layout)
          if best.map({ (known, row.names.count) > ($0.known, $0.row.names.count) }) ?? true {
            best = (row, delimiter, known)
          }
        }
      }
      if !headerHas.isEmpty, best.map({ $0.known < headerHas.count }) ?? true {
        // A title row: on to the next line, whatever this one holds.
        while start < buffer.count, buffer[start] != CSVText.cr, buffer[start] != CSVText.lf { start += 1 }
        if start > titleRoom { throw .notFound(headerHas) }
        continue
      }
      guard let best else { throw .malformed(refused ?? FormatError(.unexpectedByte, at: start)) }
      return try names.header(best.row, delimiter: best.delimiter)
    }
  }
}

/// A row that may be the header.
private struct HeaderRow {
  enum Outcome {
    case row(HeaderRow)
    case refused(FormatError)
    case needMore
  }

  var names: [[UInt8]] = []
  var offsets: [Int] = []
  var bytes = 0..<0
  var next = 0
  var lineEnds: CSVLineEnds = []

  static func read(
    _ buffer: UnsafeBufferPointer<UInt8>, from start: Int, delimiter: UInt8, isLast: Bool
  ) -> Outcome {
    var row = HeaderRow()
    var scanner = CSVScanner(delimiter: delimiter)
    var i = start
    scan: while i < buffer.count {
      switch scanner.step(buffer[i], at: i) {
      case .none: break
      case .cell:
        if let error = row.take(scanner, buffer) { return .refused(error) }
      case .row: break scan
      }
      i += 1
    }
    if i == buffer.count {
      guard isLast else { return .needMore }
      guard scanner.finish(at: i) else { return .refused(FormatError(.unterminatedQuote, at: scanner.cellStart)) }
    }
    if let error = row.take(scanner, buffer) { return .refused(error) }
    if let stray = scanner.stray { return .refused(FormatError(.strayQuote, at: stray)) }
    row.bytes = start..<i
    row.next = i
    if i < buffer.count {
      row.next = i + 1
      row.lineEnds = .lf
      if buffer[i] == CSVText.cr {
        row.lineEnds = .cr
        if i + 1 == buffer.count, !isLast { return .needMore }
        if i + 1 < buffer.count, buffer[i + 1] == CSVText.lf {
          row.next = i + 2
          row.lineEnds = .crlf
        }
      }
    }
    return .row(row)
  }

  private mutating func take(_ scanner: CSVScanner, _ buffer: UnsafeBufferPointer<UInt8>) -> FormatError? {
    let text = UnsafeBufferPointer(rebasing: buffer[scanner.textStart..<scanner.textEnd])
    if let at = CSVText.firstInvalidUTF8(text) { return FormatError(.invalidUTF8, at: scanner.textStart + at) }
    if let at = text.firstIndex(where: { $0 < 0x20 && ![0x09, 0x0A, 0x0D].contains($0) }) {
      return FormatError(.controlCharacter, at: scanner.textStart + at)
    }
    var name = [UInt8](text)
    if scanner.isEscaped {
      name = [UInt8](unsafeUninitializedCapacity: text.count) { target, count in
        count = target.baseAddress.map { CSVText.decode(text, into: $0) } ?? 0
      }
    }
    names.append(name)
    offsets.append(scanner.cellStart)
    return nil
  }
}

/// A layout's names, ready to be looked up. The four tables are the order in which a column is matched.
private struct Names {
  let columns: [CSVColumn]
  private var tables: [[[UInt8]: Int]] = [[:], [:], [:], [:]]
  private let ignoresCase: Bool

  init(_ layout: Layout) {
    columns = layout.columns
    ignoresCase = layout.ignoresCase
    for (index, column) in columns.enumerated() {
      let names = Names.spellings(column.name)
      let aliases = column.aliases.flatMap(Names.spellings)
      for (table, spellings) in [names, aliases].enumerated() {
        for spelling in spellings {
          add(spelling, index, to: table)
          if ignoresCase { add(CSVHeader.lowercased(spelling), index, to: table + 2) }
        }
      }
    }
  }

  private mutating func add(_ name: [UInt8], _ index: Int, to table: Int) {
    if tables[table][name] == nil { tables[table][name] = index }
  }

  /// A name as it stands, and as a path spells it.
  private static func spellings(_ name: String) -> [[UInt8]] {
    let plain = Array(name.utf8)
    var quoted: [UInt8] = []
    PathText.append(plain, to: &quoted)
    return quoted == plain ? [plain] : [plain, quoted]
  }

  func countKnown(_ names: [[UInt8]]) -> Int {
    names.count { name in tables.indices.contains { find(name, in: $0) != nil } }
  }

  private func find(_ name: [UInt8], in table: Int) -> Int? {
    tables[table][table < 2 ? name : CSVHeader.lowercased(name)]
  }

  /// How many of the marking columns a row has.
  static func count(_ marks: [String], in names: [[UInt8]], _ layout: Layout) -> Int {
    marks.count { mark in
      let mark = Array(mark.utf8)
      return names.contains { $0 == mark || layout.ignoresCase && CSVHeader.lowercased($0) == CSVHeader.lowercased(mark) }
    }
  }

  func header(_ row: HeaderRow, delimiter: UInt8) throws(CSVHeaderError) -> CSVHeader {
    var found = row.names.map { CSVHeader.Column(name: $0, register: nil, path: CSVHeader.path($0)) }
    var taken = [Bool](repeating: false, count: columns.count)
    // The second column called `Phone` is `Phone#2`, if the layout has that; nameless columns are never taken for doubles.
    var seen: [[UInt8]: [Int]] = [:]
    for (index, name) in row.names.enumerated() {
      seen[name, default: []].append(index)
      let number = seen[name]!.count
      guard number > 1 else { continue }
      let numbered = name + Array("#\(number)".utf8)
      if name.isEmpty {
        found[index].path = numbered
      } else if let match = (0..<2).lazy.compactMap({ find(numbered, in: $0) }).first, !taken[match] {
        taken[match] = true
        found[index].register = columns[match].leaf.register
      } else {
        throw .duplicateColumn(
          String(decoding: name, as: UTF8.self), first: seen[name]![0] + 1, second: index + 1, offset: row.offsets[index])
      }
    }
    var losers = 0
    for table in tables.indices {
      for index in found.indices where found[index].register == nil && !found[index].isLosing {
        guard let match = find(found[index].name, in: table) else { continue }
        if taken[match] {
          found[index].losesTo = (columns[match].leaf.register, losers)
          losers += 1
        } else {
          taken[match] = true
          found[index].register = columns[match].leaf.register
        }
      }
    }
    if !columns.isEmpty, !taken.contains(true) {
      throw .noKnownColumn(row.names.map { String(decoding: $0, as: UTF8.self) })
    }
    return CSVHeader(
      columns: found, delimiter: delimiter, length: row.next, bytes: row.bytes, lineEnds: row.lineEnds,
      endedWithoutNewline: row.lineEnds.isEmpty,
      missing: zip(columns, taken).compactMap { $1 ? nil : $0.name })
  }
}

extension CSVHeader {
  /// ASCII letters only.
  static func lowercased(_ name: [UInt8]) -> [UInt8] {
    name.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
  }

  /// The path of a flat name: the name itself if it reads as a path, else the name in quotes.
  static func path(_ name: [UInt8]) -> [UInt8] {
    if let text = String(validating: name, as: UTF8.self), let steps = PathStep.parse(text), PathStep.text(steps) == text {
      return name
    }
    var quoted: [UInt8] = []
    PathText.append(name, to: &quoted)
    return quoted
  }
}
