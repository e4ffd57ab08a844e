import CSimd
package import CrosswalkModel
import Glibc

/// Reads URL-encoded parameters, one record a line. `FormReference` says the rules; a change of either has to be made in both.
package final class FormRecordReader: RecordReader {
  package let frame: Frame

  private let limits: Limits
  private let registers: Int
  private let ignoresCase: Bool
  /// Every name that has a number: the layout's spellings, and what was met and is not among them.
  private var names: [Name] = []
  private var numbers: [[UInt8]: Int] = [:]
  /// The rank of the spelling that filled a register in this record; `unfilled` when none did.
  private var ranks: [Int]
  /// What stands in the register, in case a better spelling follows.
  private var fillers: [Frame.Extra]
  /// Parameters of the request, in lower case.
  private var requestNames: Set<[UInt8]> = []
  /// The layout's names in lower case, if it ignores case.
  private var folded: [[UInt8]: Int] = [:]
  private var record = 0
  private var guess = 0
  private var last: Int?
  /// A line longer than the limit has been refused before its end was seen.
  private var isSkipping = false

  private struct Name {
    var bytes: [UInt8]
    var register: Int?
    /// 0 own name, 1 alias, 2 and 3 the same in another case.
    var rank: Int
    var path: [UInt8]
    /// A parameter of the request, not of the record.
    var isOfRequest = false
    /// The last record that had it.
    var record = 0
    /// The name met after it in the last record that had it: a guess that costs one comparison.
    var follower = 0
  }

  private struct Match {
    var register: Int?
    var rank: Int
    var number: Int?
    /// Where there is no number.
    var name: [UInt8]
  }

  /// Names of strangers that are remembered: more of them are spelt out in each record.
  private static let remembered = 4096
  private static let rememberedLength = 256
  private static let unfilled = 4

  /// - ofRequest: parameters that belong to the request: passed over.
  package init(layout: Layout, frame: Frame, ofRequest: [String] = [], limits: Limits = Limits()) {
    self.frame = frame
    frame.encoding = .form
    self.limits = limits
    registers = layout.registers
    ignoresCase = layout.ignoresCase
    ranks = Array(repeating: FormRecordReader.unfilled, count: layout.registers)
    fillers = Array(repeating: Frame.Extra(path: -1, value: .absent), count: layout.registers)
    let columns = layout.columns
    for column in columns { learn(Array(column.name.utf8), register: column.leaf.register, rank: 0) }
    for column in columns {
      for alias in column.aliases { learn(Array(alias.utf8), register: column.leaf.register, rank: 1) }
    }
    requestNames = Set(ofRequest.map { CSVHeader.lowercased(Array($0.utf8)) })
    for name in ofRequest {
      let first = names.count
      learn(Array(name.utf8), register: nil, rank: 0)
      if names.count > first { names[first].isOfRequest = true }
    }
    guard ignoresCase else { return }
    for (number, name) in names.enumerated() {
      let lowercased = CSVHeader.lowercased(name.bytes)
      if folded[lowercased] == nil { folded[lowercased] = number }
    }
  }

  package func path(_ index: Int) -> [UInt8] { names[index].path }

  package func next(
    in buffer: UnsafePointer<UInt8>, at position: inout Int, to end: Int, isLast: Bool
  ) -> ReadOutcome {
    var start = position
    if isSkipping {
      guard let newline = find(UInt8(ascii: "\n"), in: buffer, start, end) else {
        position = end
        if isLast { isSkipping = false }
        return isLast ? .end : .needMore
      }
      start = newline + 1
      isSkipping = false
    }
    while start < end, isBlank(buffer[start]) { start += 1 }
    position = start
    if start >= end { return isLast ? .end : .needMore }
    let newline = find(UInt8(ascii: "\n"), in: buffer, start, end)
    if newline == nil, !isLast {
      // One byte more than the limit may be the CR of the line end.
      guard end - start > limits.record + 1 else { return .needMore }
      isSkipping = true
      position = end
      return refuseLongLine(buffer, start)
    }
    var lineEnd = newline ?? end
    position = newline.map { $0 + 1 } ?? end
    if buffer[lineEnd - 1] == UInt8(ascii: "\r") { lineEnd -= 1 }
    if lineEnd - start > limits.record { return refuseLongLine(buffer, start) }
    beginRecord(buffer, start, lineEnd)
    do {
      try readLine(buffer, start, lineEnd)
      return .record
    } catch {
      return .rejected(error)
    }
  }

  /// The frame covers the beginning of the line, however much of it is there: its rejects must not depend on that.
  private func refuseLongLine(_ buffer: UnsafePointer<UInt8>, _ start: Int) -> ReadOutcome {
    beginRecord(buffer, start, start + min(limits.record, 1024))
    return .rejected(FormatError(.recordTooLong, at: start))
  }

  /// The start of the last line.
  package func cut(in buffer: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int? {
    var i = end
    while i > start {
      if buffer[i - 1] == UInt8(ascii: "\n") { return i }
      i -= 1
    }
    return nil
  }

  private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

  private func find(_ byte: UInt8, in buffer: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int? {
    guard start < end, let found = memchr(buffer + start, Int32(byte), end - start) else { return nil }
    return UnsafeRawPointer(found) - UnsafeRawPointer(buffer)
  }

  private func beginRecord(_ buffer: UnsafePointer<UInt8>, _ start: Int, _ end: Int) {
    frame.chunk = buffer
    frame.start = start
    frame.end = end
    frame.leaves = 0
    frame.hasContainerLeaf = false
    frame.hasLosingSpelling = false
    frame.arena.reset()
    frame.extras.removeAll(keepingCapacity: true)
    frame.slots.update(repeating: .absent, count: registers)
    for register in 0..<registers { ranks[register] = FormRecordReader.unfilled }
    record += 1
    guess = 0
    last = nil
  }
}

// MARK: A line

extension FormRecordReader {
  /// A name or a value: its bytes in the buffer.
  private struct Piece {
    var start: Int
    var end: Int
    var isEscaped = false
  }

  private func readLine(_ buffer: UnsafePointer<UInt8>, _ start: Int, _ end: Int) throws(FormatError) {
    var p = start
    var unused: UInt64 = 0
    let mark = p + cw_scan_any(buffer + p, UInt8(ascii: "?"), UInt8(ascii: "="), UInt8(ascii: "&"), UInt8(ascii: "&"), &unused)
    if mark < end, buffer[mark] == UInt8(ascii: "?") { p = mark + 1 }
    var strangers: Set<[UInt8]> = []
    var leaves = 0
    while p < end {
      if buffer[p] == UInt8(ascii: "&") {
        p += 1
        continue
      }
      let name = try piece(buffer, &p, end, stop: UInt8(ascii: "="))
      let match = match(name, buffer)
      if let number = match.number {
        if names[number].record == record { throw FormatError(.duplicateName, at: name.start) }
        names[number].record = record
      } else if !strangers.insert(match.name).inserted {
        throw FormatError(.duplicateName, at: name.start)
      }
      var value = Piece(start: p, end: p)
      if p < end, buffer[p] == UInt8(ascii: "=") {
        p += 1
        value = try piece(buffer, &p, end, stop: UInt8(ascii: "&"))
      }
      if let number = match.number, names[number].isOfRequest { continue }
      leaves += 1
      take(Slot(.text, offset: value.start, length: value.end - value.start, isEscaped: value.isEscaped), match)
    }
    frame.leaves = leaves
  }

  /// Up to `stop` or `&`, validated.
  private func piece(
    _ buffer: UnsafePointer<UInt8>, _ p: inout Int, _ end: Int, stop: UInt8
  ) throws(FormatError) -> Piece {
    var piece = Piece(start: p, end: p)
    var high: UInt64 = 0
    scan: while true {
      p += cw_scan_any(buffer + p, stop, UInt8(ascii: "&"), UInt8(ascii: "%"), UInt8(ascii: "+"), &high)
      if p >= end {
        p = end
        break
      }
      switch buffer[p] {
      case UInt8(ascii: "%"):
        guard p + 2 < end, FormText.hexValue(buffer[p + 1]) < 16, FormText.hexValue(buffer[p + 2]) < 16 else {
          throw FormatError(.badPercentEscape, at: p)
        }
        if FormText.hexValue(buffer[p + 1]) >= 8 { high = 1 }
        piece.isEscaped = true
        p += 3
      case UInt8(ascii: "+"):
        piece.isEscaped = true
        p += 1
      case 0..<0x20: throw FormatError(.controlCharacter, at: p)
      default: break scan
      }
    }
    piece.end = p
    if piece.end - piece.start > limits.field { throw FormatError(.fieldTooLong, at: piece.start) }
    if high != 0 { try validate(piece, buffer) }
    return piece
  }

  private func validate(_ piece: Piece, _ buffer: UnsafePointer<UInt8>) throws(FormatError) {
    let source = UnsafeBufferPointer(start: buffer + piece.start, count: piece.end - piece.start)
    let decoded = frame.arena.room(source.count + 64)
    let length = FormText.decode(source, into: decoded)
    guard let bad = CSVText.firstInvalidUTF8(UnsafeBufferPointer(start: decoded, count: length)) else { return }
    var place = piece.start
    for _ in 0..<bad { place += buffer[place] == UInt8(ascii: "%") ? 3 : 1 }
    throw FormatError(.invalidUTF8, at: place)
  }

  /// A value goes into its name's register, unless a better spelling is there; what loses or has none is an extra.
  private func take(_ slot: Slot, _ match: Match) {
    var extra = Frame.Extra(path: Int32(truncatingIfNeeded: match.number ?? -1), value: slot)
    if match.number == nil { extra.pathText = frame.store(CSVHeader.path(match.name)) }
    guard let register = match.register else {
      frame.extras.append(extra)
      return
    }
    if ranks[register] != FormRecordReader.unfilled {
      frame.hasLosingSpelling = true
      guard match.rank < ranks[register] else {
        frame.extras.append(extra)
        return
      }
      frame.extras.append(fillers[register])
    }
    ranks[register] = match.rank
    fillers[register] = extra
    frame.slots[register] = slot
  }
}

// MARK: Names

extension FormRecordReader {
  /// The match of a name. A stranger that is not remembered has no number, and its path has to be stored with the record.
  private func match(_ piece: Piece, _ buffer: UnsafePointer<UInt8>) -> Match {
    let length = piece.end - piece.start
    if !piece.isEscaped, guess < names.count, names[guess].bytes.count == length {
      let isSame = names[guess].bytes.withUnsafeBufferPointer { name in
        name.baseAddress.map { memcmp($0, buffer + piece.start, length) == 0 } ?? true
      }
      if isSame { return met(guess) }
    }
    let name = text(of: piece, buffer)
    if let number = numbers[name] { return met(number) }
    let twin = ignoresCase ? folded[CSVHeader.lowercased(name)] : nil
    let register = twin.flatMap { names[$0].register }
    let rank = twin.map { names[$0].rank + 2 } ?? 0
    if names.count < FormRecordReader.remembered, name.count <= FormRecordReader.rememberedLength {
      learn(name, register: register, rank: rank)
      // A secret by any spelling.
      if register == nil, requestNames.contains(CSVHeader.lowercased(name)) { names[names.count - 1].isOfRequest = true }
      return met(names.count - 1)
    }
    return Match(register: register, rank: rank, number: nil, name: name)
  }

  private func met(_ number: Int) -> Match {
    if let last { names[last].follower = number }
    last = number
    guess = names[number].follower
    return Match(register: names[number].register, rank: names[number].rank, number: number, name: [])
  }

  private func text(of piece: Piece, _ buffer: UnsafePointer<UInt8>) -> [UInt8] {
    let source = UnsafeBufferPointer(start: buffer + piece.start, count: piece.end - piece.start)
    guard piece.isEscaped else { return Array(source) }
    return [UInt8](unsafeUninitializedCapacity: source.count) { target, count in
      count = target.baseAddress.map { FormText.decode(source, into: $0) } ?? 0
    }
  }

  private func learn(_ name: [UInt8], register: Int?, rank: Int) {
    guard numbers[name] == nil else { return }
    numbers[name] = names.count
    names.append(
      Name(bytes: name, register: register, rank: rank, path: CSVHeader.path(name), follower: names.count + 1))
  }
}
