import CSimd
package import CrosswalkModel

/// Reads the rows of a CSV file below its header.
///
/// The fast loop takes rows in which nothing is unusual; at the first thing that is (a stray quote, a ragged row, bytes that are
/// not UTF-8, a cell that is too long) it hands the row to `CSVScanner`, which decides. `CSVReference` says the rules;
/// a change of either has to be made in both.
package final class CSVRecordReader: RecordReader {
  package let frame: Frame
  package let header: CSVHeader
  /// What the rows' line ends have been so far.
  package var lineEnds: CSVLineEnds { CSVLineEnds(rawValue: UInt8(state.pointee.lineEnds)) }
  /// The last row had no line end: a file that was cut inside its last cell looks the same.
  package var endedWithoutNewline: Bool { state.pointee.endedWithoutNewline }
  /// Cells so far from which the spreadsheet profile took a `'`.
  package var formulaCells: Int { state.pointee.formulaCells }
  /// A row longer than the limit has been refused before its end was seen: the next call first steps over the rest of it,
  /// so it must get the bytes that follow.
  package var isInsideRefusedRow: Bool { skipped != nil }

  private let profile: CSVProfile
  private let limits: Limits
  private let registers: Int
  private let count: Int
  /// Where each column's slot goes: a register, or `unknown`.
  private let targets: UnsafeMutablePointer<UnsafeMutablePointer<Slot>>
  private let unknown: UnsafeMutablePointer<Slot>
  private let unknownColumns: [Int]
  /// Columns that are the value of a field where a better one is absent, the best claim first.
  private let losers: [(unknown: Int, register: Int)]
  @exclusivity(unchecked) private var skipped: CSVScanner?
  private let state: UnsafeMutablePointer<State>

  /// Behind a pointer, since stored properties of a class are checked for exclusive access at each use.
  private struct State {
    var lineEnds = 0
    var endedWithoutNewline = false
    var formulaCells = 0
  }

  package init(
    header: CSVHeader, layout: Layout, frame: Frame, profile: CSVProfile = CSVProfile(), limits: Limits = Limits()
  ) {
    self.header = header
    self.frame = frame
    frame.encoding = .csv
    self.profile = profile
    self.limits = limits
    registers = layout.registers
    count = header.columns.count
    unknownColumns = header.columns.indices.filter { header.columns[$0].register == nil }
    losers = unknownColumns.enumerated().compactMap { unknown, column in
      header.columns[column].losesTo.map { (unknown, $0.register, $0.rank) }
    }.sorted { $0.2 < $1.2 }.map { ($0.0, $0.1) }
    unknown = .allocate(capacity: max(unknownColumns.count, 1))
    unknown.initialize(repeating: .absent, count: max(unknownColumns.count, 1))
    targets = .allocate(capacity: max(count, 1))
    var next = unknown
    for (index, column) in header.columns.enumerated() {
      if let register = column.register {
        (targets + index).initialize(to: frame.slots + register)
      } else {
        (targets + index).initialize(to: next)
        next += 1
      }
    }
    state = .allocate(capacity: 1)
    state.initialize(to: State(lineEnds: Int(header.lineEnds.rawValue)))
  }

  deinit {
    targets.deallocate()
    unknown.deallocate()
    state.deallocate()
  }

  /// Takes over where another reader of the same stream stopped inside a refused row.
  package func goOn(as other: CSVRecordReader) { skipped = other.skipped }

  package func path(_ index: Int) -> [UInt8] { header.columns[index].path }

  package func next(
    in buffer: UnsafePointer<UInt8>, at position: inout Int, to end: Int, isLast: Bool
  ) -> ReadOutcome {
    if skipped != nil, !skipRest(in: buffer, at: &position, to: end, isLast: isLast) { return isLast ? .end : .needMore }
    var p = position
    if count > 1 {
      while p < end, buffer[p] == CSVText.lf || buffer[p] == CSVText.cr { p += 1 }
      position = p
    }
    if p >= end { return isLast ? .end : .needMore }

    let start = p
    let delimiter = header.delimiter
    let targets = self.targets
    let count = self.count
    let limit = limits.field
    let hasProfile = profile.isSpreadsheet || profile.keepsKinds
    var column = 0
    var leaves = 0
    frame.slots.update(repeating: .absent, count: registers)

    while true {
      let cell = p
      var high: UInt64 = 0
      var slot: Slot
      if buffer[cell] == CSVText.quote {
        p += 1
        var isEscaped = false
        while true {
          p += cw_scan_quoted(buffer + p, &high)
          if p >= end { return incomplete(buffer, start, &position, end, isLast) }
          if buffer[p] == 0 {
            p += 1
          } else if p + 1 < end, buffer[p + 1] == CSVText.quote {
            isEscaped = true
            p += 2
          } else {
            break
          }
        }
        slot = text(from: cell + 1, to: p, isEscaped ? 16 : 0)
        leaves += 1
        p += 1
        if p >= end {
          guard isLast else { return incomplete(buffer, start, &position, end, isLast) }
        } else if buffer[p] != delimiter, buffer[p] != CSVText.lf, buffer[p] != CSVText.cr {
          return refuse(buffer, start, &position, end, isLast)
        }
      } else {
        p += cw_scan_cell(buffer + p, delimiter, &high)
        while p < end, buffer[p] < 0x20, buffer[p] != delimiter, buffer[p] != CSVText.lf, buffer[p] != CSVText.cr {
          p += 1
          p += cw_scan_cell(buffer + p, delimiter, &high)
        }
        if p > end { p = end }
        slot = p == cell ? .absent : text(from: cell, to: p)
        leaves += p == cell ? 0 : 1
      }
      if high != 0 || p - cell > limit {
        let text = UnsafeBufferPointer(start: buffer + slot.offset, count: slot.length)
        if slot.length > limit || CSVText.firstInvalidUTF8(text) != nil {
          return refuse(buffer, start, &position, end, isLast)
        }
      }
      if column == count { return refuse(buffer, start, &position, end, isLast) }
      if hasProfile { slot = unprofiled(slot, buffer, isQuoted: buffer[cell] == CSVText.quote) }
      targets[column].pointee = slot
      column += 1
      if p < end, buffer[p] == delimiter {
        p += 1
        continue
      }
      break
    }

    let rowEnd = p
    var ends = 0
    if p >= end {
      guard isLast else { return incomplete(buffer, start, &position, end, isLast) }
      state.pointee.endedWithoutNewline = true
    } else if buffer[p] == CSVText.lf {
      p += 1
      ends = 1
    } else if p + 1 < end {
      ends = buffer[p + 1] == CSVText.lf ? 2 : 4
      p += ends == 2 ? 2 : 1
    } else {
      guard isLast else { return incomplete(buffer, start, &position, end, isLast) }
      p += 1
      ends = 4
    }
    if column != count || rowEnd - start > limits.record { return refuse(buffer, start, &position, end, isLast) }
    state.pointee.lineEnds |= ends
    position = p
    beginRecord(buffer, start, rowEnd)
    frame.leaves = leaves
    if !unknownColumns.isEmpty { collectExtras() }
    return .record
  }

  /// `Slot`'s own initializer is not inlined across the modules.
  @inline(__always)
  private func text(from start: Int, to end: Int, _ flags: UInt64 = 0) -> Slot {
    Slot(
      bits: UInt64(truncatingIfNeeded: start) << 32 | UInt64(truncatingIfNeeded: end - start) << 8 | flags
        | UInt64(Kind.text.rawValue))
  }

  private func beginRecord(_ buffer: UnsafePointer<UInt8>, _ start: Int, _ end: Int) {
    frame.chunk = buffer
    frame.start = start
    frame.end = end
    frame.leaves = 0
    frame.hasContainerLeaf = false
    frame.hasLosingSpelling = false
    if frame.arena.used != 0 { frame.arena.reset() }
    if !frame.extras.isEmpty { frame.extras.removeAll(keepingCapacity: true) }
  }

  private func collectExtras() {
    for (index, register) in losers where !unknown[index].isAbsent {
      if frame.slots[register].isAbsent {
        frame.slots[register] = unknown[index]
        unknown[index] = .absent
      } else {
        frame.hasLosingSpelling = true
      }
    }
    var slot = unknown
    for column in unknownColumns {
      if !slot.pointee.isAbsent {
        frame.extras.append(Frame.Extra(path: Int32(truncatingIfNeeded: column), value: slot.pointee))
      }
      slot += 1
    }
  }

  /// A cell's value as the profile reads it.
  private func unprofiled(_ slot: Slot, _ buffer: UnsafePointer<UInt8>, isQuoted: Bool) -> Slot {
    let text = UnsafeBufferPointer(start: buffer + slot.offset, count: slot.length)
    if profile.isSpreadsheet, text.count > 1, text[0] == CSVText.apostrophe,
      CSVText.isPrefixed(UnsafeBufferPointer(rebasing: text[1...]))
    {
      state.pointee.formulaCells += 1
      return Slot(.text, offset: slot.offset + 1, length: slot.length - 1, isEscaped: slot.isEscaped)
    }
    guard profile.keepsKinds, !isQuoted, !slot.isAbsent else { return slot }
    return Slot(CSVText.kind(text), offset: slot.offset, length: slot.length)
  }
}

// MARK: Rows that are no record

extension CSVRecordReader {
  /// The row goes on behind the buffer, or is open where the data end.
  private func incomplete(
    _ buffer: UnsafePointer<UInt8>, _ start: Int, _ position: inout Int, _ end: Int, _ isLast: Bool
  ) -> ReadOutcome {
    if isLast || end - start > limits.record { return refuse(buffer, start, &position, end, isLast) }
    return .needMore
  }

  /// The frame covers so much of a row that is too long, however much of it is there: its rejects must not depend on that.
  private var shownOfLongRow: Int { min(limits.record, 1024) }

  /// Finds what is wrong with the row, and its end.
  private func refuse(
    _ buffer: UnsafePointer<UInt8>, _ start: Int, _ position: inout Int, _ end: Int, _ isLast: Bool
  ) -> ReadOutcome {
    var scanner = CSVScanner(delimiter: header.delimiter)
    var error: FormatError?
    func note(_ reason: FormatReason, _ offset: Int) {
      if error == nil || offset < error!.offset { error = FormatError(reason, at: offset) }
    }
    var column = 0
    func judge() {
      if column == count { note(.raggedRow, scanner.cellStart) }
      column += 1
      let text = UnsafeBufferPointer(start: buffer + scanner.textStart, count: scanner.textEnd - scanner.textStart)
      if text.count > limits.field { note(.fieldTooLong, scanner.cellStart) }
      if error == nil, let at = CSVText.firstInvalidUTF8(text) { note(.invalidUTF8, scanner.textStart + at) }
    }

    var i = start
    scan: while i < end {
      switch scanner.step(buffer[i], at: i) {
      case .none: break
      case .cell: judge()
      case .row: break scan
      }
      i += 1
    }
    let isOpen = i == end
    let isAtCR = !isOpen && buffer[i] == CSVText.cr
    if !isLast, isOpen || isAtCR && i + 1 == end {
      guard i - start > limits.record else { return .needMore }
      // The scanner stands before the CR, so that it ends the row again when its LF can be seen.
      skipped = isAtCR ? CSVScanner(delimiter: header.delimiter) : scanner
      position = i
      beginRecord(buffer, start, start + shownOfLongRow)
      return .rejected(FormatError(.recordTooLong, at: start))
    }

    if isOpen, !scanner.finish(at: end) {
      error = FormatError(.unterminatedQuote, at: scanner.cellStart)
    } else {
      judge()
      if let stray = scanner.stray { note(.strayQuote, stray) }
      if column < count { note(.raggedRow, i) }
    }
    let isTooLong = i - start > limits.record
    if isTooLong { error = FormatError(.recordTooLong, at: start) }
    if isOpen {
      state.pointee.endedWithoutNewline = true
      position = end
    } else {
      let isPair = isAtCR && i + 1 < end && buffer[i + 1] == CSVText.lf
      state.pointee.lineEnds |= isPair ? 2 : isAtCR ? 4 : 1
      position = i + (isPair ? 2 : 1)
    }
    beginRecord(buffer, start, isTooLong ? start + shownOfLongRow : i)
    assert(error != nil, "the fast loop refuses a row that has nothing wrong")
    return .rejected(error ?? FormatError(.unexpectedByte, at: start))
  }

  /// Steps over the rest of a row that was too long; false when it does not end here.
  private func skipRest(
    in buffer: UnsafePointer<UInt8>, at position: inout Int, to end: Int, isLast: Bool
  ) -> Bool {
    guard var scanner = skipped else { return true }
    var i = position
    while i < end {
      // A CR that is the last byte is looked at again with its LF.
      if buffer[i] == CSVText.cr, i + 1 == end, !isLast, !scanner.isInsideQuotes { break }
      if scanner.step(buffer[i], at: i) == .row {
        position = i + (buffer[i] == CSVText.cr && i + 1 < end && buffer[i + 1] == CSVText.lf ? 2 : 1)
        skipped = nil
        return true
      }
      i += 1
    }
    position = i
    if isLast {
      skipped = nil
    } else {
      skipped = scanner
    }
    return false
  }
}

// MARK: Cuts

extension CSVRecordReader {
  /// Tries the line ends of the last bytes as row starts, first to last, until one is followed by nothing but rows that look
  /// right up to the end; widens the stretch when none is. A line inside a quoted cell gives itself away: the row that seems to
  /// start there has a bare quote or text behind a closing one, or the wrong number of columns.
  package func cut(in buffer: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int? {
    var stretch = 8 << 10
    while stretch < end - start {
      if let found = rowStart(in: buffer, from: end - stretch, to: end) { return found }
      stretch *= 4
    }
    // From the start of a row nothing has to be guessed.
    return lastRowStart(in: buffer, from: start, to: end, isSure: true)
  }

  private func rowStart(in buffer: UnsafePointer<UInt8>, from first: Int, to end: Int) -> Int? {
    var candidate = first
    for _ in 0..<256 {
      while candidate < end, buffer[candidate] != CSVText.lf, buffer[candidate] != CSVText.cr { candidate += 1 }
      while candidate < end, buffer[candidate] == CSVText.lf || buffer[candidate] == CSVText.cr { candidate += 1 }
      if candidate >= end { return nil }
      if let found = lastRowStart(in: buffer, from: candidate, to: end, isSure: false) { return found }
    }
    return nil
  }

  /// The last row start that reading from `start` gives; nil when there is none behind `start`, or (unless the start is sure)
  /// when a row looks wrong.
  private func lastRowStart(in buffer: UnsafePointer<UInt8>, from start: Int, to end: Int, isSure: Bool) -> Int? {
    var scanner = CSVScanner(delimiter: header.delimiter)
    var found: Int?
    var column = 1
    var i = start
    while i < end {
      switch scanner.step(buffer[i], at: i) {
      case .none: break
      case .cell: column += 1
      case .row:
        let isBlank = column == 1 && scanner.textStart == scanner.textEnd && !scanner.isQuoted
        if !isSure, scanner.stray != nil || scanner.hasBareQuote || column != count && !isBlank { return nil }
        if buffer[i] == CSVText.cr {
          if i + 1 == end { return found }
          if buffer[i + 1] == CSVText.lf { i += 1 }
        }
        found = i + 1
        column = 1
        scanner = CSVScanner(delimiter: header.delimiter)
      }
      i += 1
    }
    if !isSure, scanner.hasBareQuote || scanner.stray != nil || column > count { return nil }
    return found
  }
}
