import CSimd
package import CrosswalkModel
import Glibc

/// Reads JSON records: the items of an array, the lines of NDJSON, or a sequence of documents.
///
/// Strings are scanned 16 bytes at a time and left as they stand; escapes, UTF-8 and numbers are validated. The record may stand in
/// wrapper objects (`{"client": {…}}`); several forms may be accepted, and the one that fitted last is tried first.
/// The plain twin is `JSONReference`; tests hold the two together on every suite and on random bytes.
package final class JSONRecordReader: RecordReader {
  package enum Mode: Sendable {
    /// The items of an array; the run closes at `]`.
    case array
    /// A record a line; any error is that line's alone.
    case lines
    /// Documents one after the other.
    case sequence
  }

  package enum DuplicateNames: Sendable { case reject, first, last }

  private struct UnlistedName: Hashable {
    /// The object's number (`generation`).
    var object: UInt32
    var name: [UInt8]
  }

  package let frame: Frame
  package let mode: Mode
  /// Ways in which a record may be wrapped: the names of the objects around it, the outermost first. `[]` is a bare record.
  package let forms: [[[UInt8]]]
  /// Members of the objects around a record that the system's templates have: document data (SEMANTICS S2).
  private let envelopeNames: [[UInt8]]
  private let duplicates: DuplicateNames
  let limits: Limits
  private let registers: Int
  private let arena: Arena
  /// Records come in no wrapper, and no other form is accepted.
  private let isBare: Bool
  /// Records without a wrapper are among the accepted forms.
  private let takesBare: Bool
  // One thread owns a reader: the checks for exclusive access, a fifth of all instructions, are off for what every record touches.
  @exclusivity(unchecked) var table: NameTable
  @exclusivity(unchecked) var form = 0
  @exclusivity(unchecked) var generation: UInt32 = 0
  @exclusivity(unchecked) var failure: FormatError?
  @exclusivity(unchecked) var mapped = 0
  /// Names past the limit on unknown ones, in this record: they have no entry that shows a duplicate.
  @exclusivity(unchecked) private var unlisted: Set<UnlistedName> = []
  /// Where the extras of the object begin that is being read.
  @exclusivity(unchecked) var objectMark = 0
  /// Registers filled by a variant spelling, in this record.
  @exclusivity(unchecked) private var variants: [(register: Int32, entry: Int32)] = []
  /// The position stands behind a comma of the array, so that `]` would be an error.
  @exclusivity(unchecked) package var expectsRecord = false
  /// Members of this record's wrappers that are not the record: document data.
  @exclusivity(unchecked) private var strayMembers = 0
  /// The names of the outermost wrappers as paths, and whether one of them is a field as well.
  private let wrapperPaths: [[UInt8]]
  private let isWrapperMapped: Bool

  package init(
    layout: Layout, frame: Frame, mode: Mode, forms: [[String]] = [[]], duplicates: DuplicateNames = .reject,
    envelopeNames: [String] = [], limits: Limits = Limits()
  ) {
    self.frame = frame
    self.mode = mode
    self.envelopeNames = envelopeNames.map { Array($0.utf8) }
    self.forms = forms.map { $0.map { Array($0.utf8) } }
    self.duplicates = duplicates
    self.limits = limits
    registers = layout.registers
    arena = frame.arena
    isBare = forms.count == 1 && forms[0].isEmpty
    takesBare = forms.contains([])
    wrapperPaths = forms.compactMap { form in
      guard let name = form.first else { return nil }
      var path: [UInt8] = []
      PathText.append(name.utf8, to: &path)
      return path
    }
    isWrapperMapped = layout.members.contains { member in
      forms.contains { $0.first == member.name || $0.first.map(member.aliases.contains) ?? false }
    }
    table = NameTable(layout: layout, terminator: UInt8(ascii: "\""), limit: limits.unknownFields)
    frame.encoding = .json
  }

  package func path(_ index: Int) -> [UInt8] { table.paths[index] }

  // MARK: - One record

  package func next(
    in buffer: UnsafePointer<UInt8>, at position: inout Int, to end: Int, isLast: Bool
  ) -> ReadOutcome {
    let limit = buffer + end
    var p = buffer + position
    p = skipBlanks(p)
    if p >= limit {
      guard isLast else { return .needMore }
      if mode == .array { return .fatal(FormatError(.truncated, at: end)) }
      position = end
      return .end
    }
    if mode == .array, p[0] == UInt8(ascii: "]") {
      if expectsRecord { return .fatal(FormatError(.unexpectedByte, at: p - buffer)) }
      position = p - buffer
      return .closed
    }
    let start = p
    frame.chunk = buffer
    frame.start = start - buffer
    clear()
    var q = isBare ? parseBare(start, limit, buffer) : parseRecord(start, limit, buffer, form: forms[form])
    if !isBare, forms.count > 1, !fitsAlone(q) { q = parseByOrder(start, limit, buffer) }
    if let end = q, mode == .lines, let found = memchr(start, 0x0a, end - start) {
      // A line is a line: a value that goes on behind its end is not one.
      failure = FormatError(.truncated, at: buffer.distance(to: UnsafePointer(found.assumingMemoryBound(to: UInt8.self))))
      q = nil
    }
    guard let q else { return failed(start, limit, buffer, &position, isLast) }
    frame.end = q - buffer
    return finish(q, limit, buffer, &position, isLast)
  }

  /// The record fits the form that was tried, and no other one. What the form before it was must not decide what a record is: it
  /// depends on how the input is divided among threads.
  private func fitsAlone(_ q: UnsafePointer<UInt8>?) -> Bool {
    guard q != nil, !isWrapperMapped else { return false }
    if !forms[form].isEmpty { return strayMembers == 0 }
    guard mapped > 0 else { return false }
    guard frame.hasExtras else { return true }
    return !frame.extras.contains { extra in
      let path = extra.path >= 0 ? table.paths[Int(extra.path)] : Array(frame.text(extra.pathText))
      return wrapperPaths.contains(path)
    }
  }

  /// The first of the forms that the record fits: bare it has to hold a mapped field, or nothing at all.
  private func parseByOrder(
    _ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8>? {
    for index in forms.indices {
      clear()
      let q = parseRecord(start, limit, buffer, form: forms[index])
      if q == nil, failure?.reason != .notARecord { return nil }
      if let q, !forms[index].isEmpty || mapped > 0 || skipBlanks(start + 1)[0] == UInt8(ascii: "}") {
        form = index
        return q
      }
    }
    return fail(.notARecord, start, buffer)
  }

  /// Behind the record: its separator.
  private func finish(
    _ q: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>, _ position: inout Int,
    _ isLast: Bool
  ) -> ReadOutcome {
    switch mode {
    case .sequence:
      position = q - buffer
      return .record
    case .lines:
      var r = q
      while r[0] == 0x20 || r[0] == 0x09 || r[0] == 0x0d { r += 1 }
      if r >= limit {
        guard isLast else { return .needMore }
        position = limit - buffer
        return .record
      }
      if r[0] == 0x0a {
        position = r + 1 - buffer
        return .record
      }
      failure = FormatError(.trailingData, at: r - buffer)
      return failed(buffer + frame.start, limit, buffer, &position, isLast)
    case .array:
      var r = skipBlanks(q)
      if r >= limit {
        guard isLast else { return .needMore }
        position = q - buffer
        expectsRecord = false
        return .record
      }
      if r[0] == UInt8(ascii: ",") {
        r = skipBlanks(r + 1)
        position = r - buffer
        if position > limit - buffer { position = limit - buffer }
        expectsRecord = true
        return .record
      }
      position = q - buffer
      expectsRecord = false
      if r[0] != UInt8(ascii: "]") { return .fatal(FormatError(.unexpectedByte, at: r - buffer)) }
      return .record
    }
  }

  private func failed(
    _ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>, _ position: inout Int,
    _ isLast: Bool
  ) -> ReadOutcome {
    var error = failure ?? FormatError(.unexpectedByte, at: start - buffer)
    let end = limit - buffer
    if error.offset >= end {
      guard isLast || mode == .lines else { return .needMore }
      error = FormatError(.truncated, at: end)
      if mode != .lines { return .fatal(error) }
    }
    if mode == .lines {
      // A line is a record whatever stands in it.
      guard let found = memchr(start, 0x0a, limit - start) else {
        guard isLast else { return .needMore }
        frame.end = end
        position = end
        return .rejected(error)
      }
      let newline = UnsafePointer(found.assumingMemoryBound(to: UInt8.self))
      // What goes wrong behind the line's end went wrong at it.
      if error.offset >= newline - buffer { error = FormatError(.truncated, at: newline - buffer) }
      frame.end = newline - buffer
      position = newline + 1 - buffer
      return .rejected(error)
    }
    guard error.reason.leavesRecordEndCertain, let q = skipLoosely(start, limit) else {
      if error.reason.leavesRecordEndCertain, !isLast { return .needMore }
      return .fatal(error)
    }
    frame.end = q - buffer
    switch finish(q, limit, buffer, &position, isLast) {
    case .record: return .rejected(error)
    case let other: return other
    }
  }

  private func clear() {
    failure = nil
    mapped = 0
    strayMembers = 0
    arena.reset()
    frame.blanks = 0
    frame.numbers = 0
    frame.slots.update(repeating: .absent, count: registers)
    if frame.hasExtras { frame.extras.removeAll(keepingCapacity: true) }
    frame.leaves = 0
    frame.hasContainerLeaf = false
    frame.hasLosingSpelling = false
    if !variants.isEmpty { variants.removeAll(keepingCapacity: true) }
    if !unlisted.isEmpty { unlisted.removeAll() }
  }

  private func parseBare(
    _ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8>? {
    guard start[0] == UInt8(ascii: "{") else { return notARecord(start, limit, buffer) }
    return parseObject(start, limit, buffer, node: 0, depth: 1)
  }

  private func parseRecord(
    _ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>, form: [[UInt8]]
  ) -> UnsafePointer<UInt8>? {
    if form.isEmpty { return parseBare(start, limit, buffer) }
    return parseWrapper(start, limit, buffer, form: form[...], depth: 1)
  }

  private func notARecord(
    _ p: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>
  ) -> UnsafePointer<UInt8>? {
    // Only a value can be "not a record"; anything else is a syntax error.
    var leaves = 0
    guard skipValue(p, limit, buffer, depth: 1, leaves: &leaves) != nil else { return nil }
    return fail(.notARecord, p, buffer)
  }

  /// `{ "name": record, … }`: other members are what the templates have around a record, or unknown data of this record.
  private func parseWrapper(
    _ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>,
    form: ArraySlice<[UInt8]>, depth: Int
  ) -> UnsafePointer<UInt8>? {
    guard let wanted = form.first else {
      guard start[0] == UInt8(ascii: "{") else { return notARecord(start, limit, buffer) }
      return parseObject(start, limit, buffer, node: 0, depth: depth)
    }
    guard start[0] == UInt8(ascii: "{") else { return notARecord(start, limit, buffer) }
    var p = skipBlanks(start + 1)
    var found = false
    // A field of the record beside the wrapper: then it is no wrapper, but a member of a bare record that has its name.
    var isMember = false
    if p[0] == UInt8(ascii: "}") {
      return fail(.notARecord, start, buffer)
    }
    while true {
      guard p[0] == UInt8(ascii: "\"") else { return fail(.unexpectedByte, p, buffer) }
      let key = p + 1
      guard var q = skipString(key, limit, buffer) else { return nil }
      let behindKey = q
      let isWanted = isName(key, q, wanted, buffer)
      q = skipBlanks(q + 1)
      guard q[0] == UInt8(ascii: ":") else { return fail(.unexpectedByte, q, buffer) }
      q = skipBlanks(q + 1)
      if isWanted {
        if found { return fail(.duplicateName, key, buffer) }
        found = true
        guard let r = parseWrapper(q, limit, buffer, form: form.dropFirst(), depth: depth + 1) else { return nil }
        p = r
      } else {
        let name = frame.text(Slot(.text, offset: key - buffer, length: behindKey - key, isEscaped: memchr(key, 0x5c, behindKey - key) != nil))
        let isKnown = envelopeNames.contains(where: name.elementsEqual)
        if !isKnown, depth == 1, takesBare, table.isMapped(name) { isMember = true }
        var path = Array(PathText.around.utf8)
        PathText.append(name, to: &path)
        var leaves = 0
        guard let (slot, r) = parseValue(q, limit, buffer, depth: depth + 1, leaves: &leaves) else { return nil }
        if !isKnown {
          frame.leaves += leaves
          frame.extras.append(
            Frame.Extra(
              path: JSONRecordReader.complete, value: slot, leaves: Int32(clamping: leaves), pathText: frame.store(path)))
        }
        strayMembers += 1
        p = r
      }
      p = skipBlanks(p)
      if p[0] == UInt8(ascii: ",") {
        p = skipBlanks(p + 1)
        continue
      }
      guard p[0] == UInt8(ascii: "}") else { return fail(.unexpectedByte, p, buffer) }
      return found && !isMember ? p + 1 : fail(.notARecord, start, buffer)
    }
  }

  /// Whether the inside of a validated string is that name, however it is spelt.
  private func isName(
    _ key: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ wanted: [UInt8], _ buffer: UnsafePointer<UInt8>
  ) -> Bool {
    if end - key == wanted.count, memcmp(key, wanted, wanted.count) == 0 { return true }
    guard end - key <= limits.field, memchr(key, 0x5c, end - key) != nil else { return false }
    return frame.text(Slot(.text, offset: key - buffer, length: end - key, isEscaped: true)).elementsEqual(wanted)
  }

  // MARK: - The hot loop

  /// An object at a node of the table: from its `{` to behind its `}`.
  func parseObject(
    _ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>, node: Int, depth: Int
  ) -> UnsafePointer<UInt8>? {
    guard depth <= limits.depth else { return fail(.tooDeep, start, buffer) }
    let outerMark = objectMark
    objectMark = frame.hasExtras ? frame.extras.count : 0
    defer { objectMark = outerMark }
    generation &+= 1
    let generation = generation
    let slots = frame.slots
    let longest = limits.field
    var entries = table.entries
    var names = table.namePointer
    var predicted = table.first(node)
    var last: Int32 = -1
    var mappedHere = 0
    var leavesHere = 0
    var p = start + 1
    if p[0] <= 0x20 { p = skipBlanks(p) }
    if p[0] == UInt8(ascii: "}") { return p + 1 }
    while true {
      let plain = JSONRecordReader.plainMembers(
        &p, entries, predicted, slots: slots, buffer: buffer, generation: generation, longest: longest)
      if plain.count > 0 {
        mappedHere &+= plain.count
        frame.blanks |= plain.blanks
        frame.numbers |= plain.numbers
        leavesHere &+= plain.count
        last = plain.last
        guard last >= 0 else { return fail(.unexpectedByte, p, buffer) }
        predicted = entries[Int(last)].next
        if p[0] != UInt8(ascii: "\"") {
          if p[0] <= 0x20 { p = skipBlanks(p) }
          if p[0] == UInt8(ascii: ",") {
            p += 1
            if p[0] <= 0x20 { p = skipBlanks(p) }
            continue
          }
          guard p[0] == UInt8(ascii: "}") else { return fail(.unexpectedByte, p, buffer) }
          break
        }
      }
      guard p[0] == UInt8(ascii: "\"") else { return fail(.unexpectedByte, p, buffer) }
      let key = p + 1
      // The name: one of the next few in the learnt order, else by hash.
      var found = predicted
      var tries = 0
      while found >= 0 {
        if NameTable.matches(entries + Int(found), key, names: names, terminator: UInt8(ascii: "\"")) { break }
        tries += 1
        found = tries < 6 ? entries[Int(found)].next : -1
      }
      if found >= 0 {
        p = key + Int(entries[Int(found)].length) + 1
      } else {
        guard let q = skipString(key, limit, buffer) else { return nil }
        if q - key > longest { return fail(.fieldTooLong, key, buffer) }
        found = lookUp(key, q, in: node, after: last)
        entries = table.entries
        names = table.namePointer
        p = q + 1
      }
      if p[0] == UInt8(ascii: ":") {
        p += 1
      } else {
        p = skipBlanks(p)
        guard p[0] == UInt8(ascii: ":") else { return fail(.unexpectedByte, p, buffer) }
        p += 1
      }
      if p[0] <= 0x20 { p = skipBlanks(p) }
      if found < 0 {
        // Past the limit on unknown names: kept with its path, not interned.
        guard let q = parseUnlisted(key, p, limit, buffer, node: node, object: generation, depth: depth)
        else { return nil }
        p = q
      } else {
        let entry = entries + Int(found)
        last = found
        predicted = entry.pointee.next
        let isDuplicate = entry.pointee.seen == generation
        entry.pointee.seen = generation
        let target = entry.pointee.target
        if target.isRegister, !isDuplicate, slots[Int(target.value)].isAbsent, p[0] == UInt8(ascii: "\"") {
          // The common case: a string into a free register.
          let text = p + 1
          var high: UInt64 = 0
          var q = text + cw_scan_string(text, &high)
          var slotBits = UInt64(Kind.text.rawValue)
          if q[0] != UInt8(ascii: "\"") {
            guard let r = finishString(q, limit, buffer, &high, &slotBits) else { return nil }
            q = r
          }
          let length = q - text
          if high != 0, let bad = UTF8Check.firstInvalid(padded: text, length) { return fail(.invalidUTF8, text + bad, buffer) }
          if length > longest { return fail(.fieldTooLong, text, buffer) }
          if length == 0 { frame.blanks |= 1 &<< UInt64(truncatingIfNeeded: target.value) }
          slots[Int(target.value)] = Slot(
            bits: UInt64(truncatingIfNeeded: text - buffer) << 32 | UInt64(truncatingIfNeeded: length) << 8 | slotBits)
          if entry.pointee.isVariant { noteVariant(target.value, found) }
          mappedHere += 1
          leavesHere += 1
          p = q + 1
        } else {
          guard
            let q = parseMember(
              p, limit, buffer, entry: found, isDuplicate: isDuplicate, object: generation, depth: depth,
              mapped: &mappedHere, leaves: &leavesHere)
          else { return nil }
          entries = table.entries
          names = table.namePointer
          p = q
        }
      }
      if p[0] <= 0x20 { p = skipBlanks(p) }
      if p[0] == UInt8(ascii: ",") {
        p += 1
        if p[0] <= 0x20 { p = skipBlanks(p) }
        continue
      }
      guard p[0] == UInt8(ascii: "}") else { return fail(.unexpectedByte, p, buffer) }
      break
    }
    mapped += mappedHere
    frame.leaves += leavesHere
    return p + 1
  }

  /// The shortest loop: members whose names are the next ones of the learnt order, whose values are strings with no escape but the plain
  /// ones, digits, or null, with no blanks between. Stops, with `p` at the quote of a name, at the first one that is anything else; or behind a value
  /// that no `,"` follows (`last` is -2 where that is a quote). A function of its own, so that nothing else takes its registers (a third fewer instructions).
  @inline(never)
  private static func plainMembers(
    _ p: inout UnsafePointer<UInt8>, _ entries: UnsafeMutablePointer<NameTable.Entry>, _ first: Int32,
    slots: UnsafeMutablePointer<Slot>, buffer: UnsafePointer<UInt8>, generation: UInt32, longest: Int
  ) -> (count: Int, last: Int32, blanks: UInt64, numbers: UInt64) {
    var at = p
    var predicted = first
    var last: Int32 = -1
    var count = 0
    var blanks: UInt64 = 0
    var numbers: UInt64 = 0
    guard at[0] == UInt8(ascii: "\"") else { return (0, -1, 0, 0) }
    while predicted >= 0 {
      let raw = UnsafeRawPointer(at + 1)
      let word0 = unsafe raw.loadUnaligned(as: UInt64.self)
      let word1 = unsafe raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
      var entry = entries + Int(predicted)
      var tries = 5
      while word0 & entry.pointee.mask0 != entry.pointee.word0 || word1 & entry.pointee.mask1 != entry.pointee.word1 {
        predicted = entry.pointee.next
        tries &-= 1
        if predicted < 0 || tries == 0 { break }
        entry = entries + Int(predicted)
      }
      guard predicted >= 0, tries > 0, entry.pointee.isPlain else { break }
      let colon = at + (Int(entry.pointee.length) &+ 2)
      let slot = slots + Int(entry.pointee.target.value)
      guard colon[0] == UInt8(ascii: ":"), slot.pointee.isAbsent else { break }
      if colon[1] &- 0x31 < 9 {
        // Digits, and what follows them at once.
        var digit = colon + 2
        while digit[0] &- 0x30 < 10 { digit += 1 }
        guard digit[0] == UInt8(ascii: ","), digit[1] == UInt8(ascii: "\""), digit - colon <= longest else { break }
        entry.pointee.seen = generation
        slot.pointee = Slot(
          bits: UInt64(truncatingIfNeeded: colon + 1 - buffer) << 32 | UInt64(truncatingIfNeeded: digit - colon - 1) << 8
            | UInt64(Kind.number.rawValue))
        numbers |= 1 &<< UInt64(truncatingIfNeeded: entry.pointee.target.value)
        count &+= 1
        last = predicted
        predicted = entry.pointee.next
        at = digit + 1
        continue
      }
      if colon[1] != UInt8(ascii: "\"") {
        // `null`, and what follows it at once.
        guard unsafe UnsafeRawPointer(colon + 1).loadUnaligned(as: UInt32.self) == 0x6c6c_756e, colon[5] == UInt8(ascii: ","),
          colon[6] == UInt8(ascii: "\"")
        else { break }
        entry.pointee.seen = generation
        slot.pointee = .null
        blanks |= 1 &<< UInt64(truncatingIfNeeded: entry.pointee.target.value)
        count &+= 1
        last = predicted
        predicted = entry.pointee.next
        at = colon + 6
        continue
      }
      let text = colon + 2
      var high: UInt64 = 0
      var escaped: UInt64 = 0
      let end = text + cw_scan_json(text, &high, &escaped)
      let bits = UInt64(Kind.text.rawValue) | (escaped != 0 ? 16 : 0)
      let length = end - text
      guard end[0] == UInt8(ascii: "\""), length <= longest else { break }
      if length == 0 { blanks |= 1 &<< UInt64(truncatingIfNeeded: entry.pointee.target.value) }
      if high != 0, UTF8Check.firstInvalid(padded: text, length) != nil { break }
      entry.pointee.seen = generation
      slot.pointee = Slot(
        bits: UInt64(truncatingIfNeeded: text - buffer) << 32 | UInt64(truncatingIfNeeded: length) << 8 | bits)
      count &+= 1
      last = predicted
      predicted = entry.pointee.next
      at = end + 1
      guard at[0] == UInt8(ascii: ","), at[1] == UInt8(ascii: "\"") else {
        // Else the quote behind a value would be taken for that of the next name.
        if at[0] == UInt8(ascii: "\"") { last = -2 }
        break
      }
      at += 1
    }
    p = at
    return (count, last, blanks, numbers)
  }

  /// A member's value that is not the common case.
  func parseMember(
    _ p: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>, entry index: Int32,
    isDuplicate: Bool, object: UInt32, depth: Int, mapped: inout Int, leaves: inout Int
  ) -> UnsafePointer<UInt8>? {
    let entry = table.entries[Int(index)]
    // Of objects and lists that are read apart the last cannot replace the first: neither is guessed.
    if isDuplicate, duplicates == .reject || duplicates == .last && entry.target.node != nil {
      return fail(.duplicateName, p, buffer)
    }
    if let inner = entry.target.node, !isDuplicate, table.open(inner, in: object) {
      switch (p[0], table.nodes[inner].content) {
      case (UInt8(ascii: "{"), .object):
        let next = p[1] <= 0x20 ? skipBlanks(p + 1) : p + 1
        if next[0] != UInt8(ascii: "}") {
          let mark = frame.extras.count
          guard let q = parseObject(p, limit, buffer, node: inner, depth: depth + 1) else { return nil }
          if table.nodes[inner].path == nil { place(from: mark, below: table.nodes[inner].step, isComplete: false) }
          return q
        }
      case (UInt8(ascii: "["), .picks), (UInt8(ascii: "["), .items):
        let next = p[1] <= 0x20 ? skipBlanks(p + 1) : p + 1
        if next[0] != UInt8(ascii: "]") { return parseList(p, limit, buffer, node: inner, depth: depth + 1) }
      default: break
      }
      // A scalar, `{}` or `[]` where members were looked for: a leaf at the node's own path.
    } else if entry.target.node != nil, !isDuplicate {
      // The object or list stands under another spelling already: the first one is it, and this one stays whole.
      frame.hasLosingSpelling = true
    }
    var count = 0
    guard let (slot, q) = parseValue(p, limit, buffer, depth: depth + 1, leaves: &count) else { return nil }
    leaves += count
    guard entry.target.isRegister else {
      var extra = extra(slot, leaves: count, entry: entry)
      if isDuplicate { setApart(&extra, entry) }
      frame.extras.append(extra)
      return q
    }
    let register = Int(entry.target.value)
    if slot.isBlank { frame.blanks |= 1 &<< UInt64(truncatingIfNeeded: register) }
    if slot.kind == .number { frame.numbers |= 1 &<< UInt64(truncatingIfNeeded: register) }
    if slot.kindBits >= UInt64(Kind.emptyObject.rawValue) { frame.hasContainerLeaf = true }
    let held = frame.slots[register]
    if held.isAbsent {
      frame.slots[register] = slot
      if entry.isVariant { noteVariant(Int32(register), index) }
      mapped += 1
      return q
    }
    // The field is there already: under the same name (a duplicate that is allowed), or under another spelling of it.
    let variant = variants.lastIndex { $0.register == Int32(register) }
    let holder = variant.map { table.entries[Int(variants[$0].entry)] }
    let isOwn = variant.map { variants[$0].entry == index } ?? !entry.isVariant
    let replaces = isDuplicate ? duplicates == .last && isOwn : entry.rank < holder?.rank ?? 0
    if !isDuplicate { frame.hasLosingSpelling = true }
    if replaces {
      let loser = holder ?? entry
      var heldLeaves = 1
      if held.kind == .subtree {
        heldLeaves = 0
        _ = skipValue(buffer + held.offset, limit, buffer, depth: depth + 1, leaves: &heldLeaves)
      }
      var losing = extra(held, leaves: heldLeaves, entry: loser)
      if isDuplicate { setApart(&losing, loser) }
      frame.extras.append(losing)
      frame.slots[register] = slot
      if let variant, !isDuplicate { variants.remove(at: variant) }
      if entry.isVariant, !isDuplicate { noteVariant(Int32(register), index) }
    } else {
      var losing = extra(slot, leaves: count, entry: entry)
      if isDuplicate { setApart(&losing, entry) }
      frame.extras.append(losing)
    }
    return q
  }

  /// A name that stands again, where that is allowed: the value that does not count is kept under `a.^2.name` (`^3`, …).
  private func setApart(_ extra: inout Frame.Extra, _ entry: NameTable.Entry) {
    func text(_ extra: Frame.Extra) -> [UInt8] {
      extra.path >= 0 ? table.paths[Int(extra.path)] : Array(frame.text(extra.pathText))
    }
    let own = text(extra)
    var last: [UInt8] = []
    PathText.append(table.names[Int(entry.name)..<Int(entry.name + entry.length)], to: &last)
    var time = 2
    func spelt() -> [UInt8] { own.dropLast(last.count) + Array("\(PathText.around)\(time).".utf8) + last }
    while frame.extras[objectMark...].contains(where: { text($0) == spelt() }) { time += 1 }
    let apart = frame.store(spelt())
    if duplicates == .last, let winner = frame.extras[objectMark...].firstIndex(where: { text($0) == own }) {
      // The value that was taken so far gives way.
      swap(&frame.extras[winner].value, &extra.value)
      swap(&frame.extras[winner].leaves, &extra.leaves)
    }
    if extra.path >= 0 { extra.path = JSONRecordReader.complete }
    extra.pathText = apart
  }

  @inline(never)
  private func noteVariant(_ register: Int32, _ entry: Int32) {
    variants.append((register, entry))
  }

  func extra(_ slot: Slot, leaves: Int, entry: NameTable.Entry) -> Frame.Extra {
    if entry.path >= 0 { return Frame.Extra(path: entry.path, value: slot, leaves: Int32(clamping: leaves)) }
    // Below a list the path is put before it when the element is done; until then its own name.
    let name = Array(table.names[Int(entry.name)..<Int(entry.name + entry.length)])
    var text: [UInt8] = []
    PathText.append(name, to: &text)
    return Frame.Extra(
      path: JSONRecordReader.relative, value: slot, leaves: Int32(clamping: leaves), pathText: frame.store(text))
  }

  private func parseUnlisted(
    _ key: UnsafePointer<UInt8>, _ p: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>,
    node: Int, object: UInt32, depth: Int
  ) -> UnsafePointer<UInt8>? {
    var count = 0
    guard let (slot, q) = parseValue(p, limit, buffer, depth: depth + 1, leaves: &count) else { return nil }
    frame.leaves += count
    guard let end = skipString(key, limit, buffer) else { return nil }
    let raw = Slot(.text, offset: key - buffer, length: end - key, isEscaped: true)
    let name = Array(frame.text(raw))
    if duplicates == .reject, !unlisted.insert(UnlistedName(object: object, name: name)).inserted {
      return fail(.duplicateName, p, buffer)
    }
    let path = table.nodes[node].path
    var text = path ?? []
    PathText.append(name, to: &text)
    frame.extras.append(
      Frame.Extra(
        path: path == nil ? JSONRecordReader.relative : JSONRecordReader.complete, value: slot,
        leaves: Int32(clamping: count), pathText: frame.store(text)))
    return q
  }

  /// What `Frame.Extra.path` is where `pathText` holds the path: from the name in the object at hand on, or whole.
  static let relative: Int32 = -1
  static let complete: Int32 = -2

  func lookUp(
    _ key: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, in node: Int, after: Int32
  ) -> Int32 {
    let hasEscape = memchr(key, 0x5c, end - key) != nil
    let raw = Slot(.text, offset: key - frame.chunk, length: end - key, isEscaped: hasEscape)
    return table.find(frame.text(raw), in: node, after: after) ?? -1
  }
}

extension FormatReason {
  /// The record is bad, but where it ends is certain (SEMANTICS S21).
  var leavesRecordEndCertain: Bool {
    switch self {
    case .invalidUTF8, .badEscape, .loneSurrogate, .tooDeep, .fieldTooLong, .recordTooLong, .controlCharacter,
      .duplicateName, .notARecord, .forbiddenCharacter, .repeatedElement:
      true
    default: false
    }
  }
}
