import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// What a batch of records gave: output bytes, side files, counts and messages, all its own until it is accepted in order.
package final class BatchResult {
  /// A piece of a side file that lacks the record's number, which only the order tells.
  struct Line {
    /// Index in the batch.
    var record: Int
    /// Records of the batch that were written before it.
    var written: Int
    var start: Int
    var length: Int
    /// Records with the same id before it that have no line.
    var earlier = 0
    /// Of the record as it was written, where one before it has the same id.
    var print: UInt64?
    /// Of those that are earlier, the ones that were written alike.
    var equal = 0
    /// The id of a record that left nothing behind, and whose id others have that did: the line is there to be its own.
    var bareId: [UInt8]?
  }

  @exclusivity(unchecked) var out = OutputBuffer(capacity: 64 << 10)
  @exclusivity(unchecked) var side = OutputBuffer(capacity: 4096)
  @exclusivity(unchecked) var residue: [Line] = []
  @exclusivity(unchecked) var rejects: [Line] = []
  @exclusivity(unchecked) var read = 0
  @exclusivity(unchecked) var written = 0
  /// Read and not wanted (`--only`).
  @exclusivity(unchecked) var skipped = 0
  /// Records of the input that this batch has seen.
  var seen: Int { read + skipped }
  @exclusivity(unchecked) var rejected = 0
  @exclusivity(unchecked) var malformed = 0
  /// What became of the values.
  let books = Books()
  @exclusivity(unchecked) var messages: [Message] = []
  @exclusivity(unchecked) var messageCounts: [Code: Int] = [:]
  @exclusivity(unchecked) var literalsParked = 0
  /// Originals that the residue holds beside them.
  @exclusivity(unchecked) var originals = 0
  @exclusivity(unchecked) var samples: [Audit.Sample] = []
  /// For the worklist, and why records were rejected.
  let work = WorkNotes()
  /// Values that a given one stood in for.
  @exclusivity(unchecked) var replaced = 0
  /// Source ids of the records, one behind the other in `idBytes`: what duplicates are found by.
  /// The `field` is -1 for the source's id, else the target's leaf whose values must not repeat; `written` is as in a `Line`;
  /// `print` is that of the record as it was written, where a residue line may need it.
  @exclusivity(unchecked) var ids: [(record: Int, bytes: Range<Int>, end: Int, field: Int, written: Int, print: UInt64?)] = []
  /// The same of records that were written without an id.
  @exclusivity(unchecked) var prints: [(record: Int, print: UInt64)] = []
  @exclusivity(unchecked) var idBytes = OutputBuffer(capacity: 1024)

  /// A problem with a record; the text is made by who knows its number.
  struct Message {
    var record: Int
    var diagnostic: Diagnostic
    /// Said once for all messages with this key: one warning a distinct value.
    var key: [UInt8]?
  }

  /// Keys of this batch; the run has its own.
  var keys: Set<[UInt8]> = []

  func begin(_ size: Books.Size) {
    out.removeAll()
    out.shrink(to: 1 << 20)
    side.removeAll()
    side.shrink(to: 1 << 20)
    residue.removeAll(keepingCapacity: true)
    rejects.removeAll(keepingCapacity: true)
    (read, written, skipped, rejected, malformed, literalsParked, originals) = (0, 0, 0, 0, 0, 0, 0)
    if !samples.isEmpty { samples.removeAll() }
    if !work.isEmpty { work.removeAll() }
    replaced = 0
    if !prints.isEmpty { prints.removeAll(keepingCapacity: true) }
    if !ids.isEmpty { ids.removeAll(keepingCapacity: true) }
    idBytes.removeAll()
    books.begin(size)
    if !messages.isEmpty { messages.removeAll(keepingCapacity: true) }
    if !keys.isEmpty { keys.removeAll(keepingCapacity: true) }
    if !messageCounts.isEmpty { messageCounts.removeAll(keepingCapacity: true) }
  }
}

/// Reads, maps and writes the records of a batch. Owns a plan, a reader and a writer; used by one thread at a time.
package final class BatchWorker {
  /// What the whole run agrees on.
  struct Rules {
    var keepsResidue = false
    /// The residue was asked for by name: also canonical, which keeps in `native` what it has no field for, has lines then.
    var isResidueNamed = false
    var recordLimit = Limits().record
    var unknownLimit = Limits().unknownFields
    var writesRejects = false
    var only: Set<[UInt8]> = []
    var showsValues = false
    var source = ""
    var from = ""
    var to = ""
    var mapHash = ""
    var idMap: [[UInt8]: [UInt8]]?
    var idMapName: String?
    var match: [String] = []
    var rejectsEdits = false
    var writesWorklist = false
    /// The records that are audited.
    var audit = Audit.Share(.none, before: 0)
  }

  let plan: Plan
  private let frame: Frame
  let writer: any RecordWriter
  let rules: Rules
  /// Where the records of the batch at hand go.
  @exclusivity(unchecked) var result = BatchResult()
  @exclusivity(unchecked) private(set) var reader: (any RecordReader)?
  /// With 32 bytes behind it.
  private let separator: UnsafeMutablePointer<UInt8>
  private let separatorCount: Int
  private let bookkeeper: Bookkeeper
  private let keepsResidue: Bool
  private let recordLimit: Int
  private let noExtras: [OutputExtra] = []
  private let isFiltered: Bool
  private let hasIdMap: Bool
  private let isAudited: Bool
  /// Target leaves that no two records may share; an update names its record by its id.
  private let uniqueLeaves: [Int]

  init(plan: Plan, writer: any RecordWriter, rules: Rules) {
    self.plan = plan
    frame = plan.frame
    self.writer = writer
    self.rules = rules
    separatorCount = writer.separator.count
    separator = .allocate(capacity: separatorCount + 32)
    separator.initialize(repeating: 0, count: separatorCount + 32)
    separator.update(from: writer.separator, count: separatorCount)
    bookkeeper = Bookkeeper(plan: plan)
    keepsResidue = rules.keepsResidue
    recordLimit = rules.recordLimit
    isFiltered = !rules.only.isEmpty
    isAudited = !rules.audit.isNone
    hasIdMap = rules.idMap != nil && plan.shape == .update && plan.restoration == nil
    plan.hasIdMap = hasIdMap
    uniqueLeaves =
      plan.shape == .update
      ? [] : plan.targetLeaves.indices.filter { index in
        let field = plan.targetLeaves[index].leaf.field
        return field >= 0 && plan.target.fields[field].isUnique
      }
    if let columns = writer as? CSVRecordWriter { plan.acceptsExtra = { [unowned columns] in columns.accepts($0) } }
  }

  deinit { separator.deallocate() }

  /// Brings records back with a residue; one worker has it.
  var restorer: Restorer?

  func use(_ reader: any RecordReader) {
    self.reader = reader
    plan.internedPath = { [unowned reader] index in reader.path(index) }
  }

  /// Empties the result for the next batch.
  func begin(_ result: BatchResult) { result.begin(bookkeeper.size) }

  /// What follows from a batch's counts, when it is done.
  func close(_ books: Books) { bookkeeper.close(books) }

  /// Why `process` came back.
  enum Stop {
    /// The buffer is used up to `position`; the rest needs more bytes.
    case needMore
    case closed
    case end
    case fatal(FormatError)
    /// The output is large enough to be taken away; go on at `position`.
    case full
    /// As many records as were wanted have been read.
    case limit
  }

  /// Records from `position` on into the result. `offset` is the buffer's place in the input.
  func process(
    _ buffer: UnsafePointer<UInt8>, _ position: inout Int, to end: Int, isLast: Bool, offset: Int, limit: Int = .max,
    mayOverflow: Bool = false
  ) -> Stop {
    guard let reader else { return .end }
    let result = result
    while true {
      if result.read >= limit { return .limit }
      if result.out.count > 1 << 20, !mayOverflow { return .full }
      switch reader.next(in: buffer, at: &position, to: end, isLast: isLast) {
      case .record: handleRecord(offset)
      case .rejected(let error):
        restorer?.advance()
        if error.reason == .notARecord, result.read == 0, notARecordIsFatal { return .fatal(error) }
        if isFiltered { continue }
        result.read += 1
        result.malformed += 1
        reject(offset, diagnostic: malformed(error, offset))
      case .closed: return .closed
      case .end: return .end
      case .needMore: return .needMore
      case .fatal(let error): return .fatal(error)
      }
    }
  }

  /// The first thing of a run that is no record at all says that the run was not understood.
  @exclusivity(unchecked) var notARecordIsFatal = false

  private func handleRecord(_ offset: Int) {
    // Held by `self` for the whole batch: no counting of references for each record.
    Unmanaged.passUnretained(result)._withUnsafeGuaranteedRef { handleRecord(offset, $0) }
  }

  @inline(__always)
  private func handleRecord(_ offset: Int, _ result: BatchResult) {
    restorer?.advance()
    if frame.end &- frame.start > recordLimit {
      result.read += 1
      result.malformed += 1
      reject(
        offset,
        diagnostic: Messages.recordTooLong(
          source: rules.source, offset: offset + frame.start, end: offset + frame.end, limit: recordLimit))
      return
    }
    if frame.hasExtras, frame.extras.count > rules.unknownLimit {
      result.read += 1
      refuse(offset, diagnostic: Messages.tooManyUnknown(frame.extras.count, limit: rules.unknownLimit, at: place(offset, path: nil)))
      return
    }
    if isFiltered {
      guard rules.only.contains(Array(frame.text(plan.recordId))) else {
        result.skipped += 1
        return
      }
    }
    result.read += 1
    if hasIdMap, let idMap = rules.idMap, !translateId(idMap) {
      plan.begin()
      let id = plan.recordId
      refuse(
        offset,
        diagnostic: Messages.foreignId(
          system: plan.target.name, id: id.isBlank ? nil : Array(frame.text(id)), map: rules.idMapName,
          at: place(offset, path: plan.idLeaf.map { plan.sourceLeaves[$0].name })))
      return
    }
    guard restorer?.map(plan) ?? plan.map() else {
      guard restorer?.failure == nil else { return }
      noteWork(isRejected: true)
      refuse(offset, diagnostic: mappingProblem(plan.state.rejection!, offset))
      return
    }
    if rules.rejectsEdits, let outcome = plan.restoration?.outcome, let leaf = outcome.refused.first {
      let name = plan.sourceLeaves[leaf].name
      refuse(
        offset,
        diagnostic: Messages.editNotExpressible(
          name, isNeighbours: outcome.following.contains(leaf), system: plan.target.name, at: place(offset, path: name), disposition: .reject))
      return
    }
    let mark = result.out.count
    // The first one's is left out where nothing was written before.
    result.out.append(separator, paddedCount: separatorCount)
    do throws(FormatError) {
      try writer.write(frame, extras: plan.hasRestored ? plan.extras : noExtras, into: &result.out)
    } catch {
      result.out.count = mark
      refuse(offset, diagnostic: unwritable(error, offset))
      return
    }
    result.written += 1
    if offset < BatchWorker.idWindow { collectId(offset) }
    if plan.hasRemarks {
      warn(offset)
      if rules.writesWorklist { noteWork(isRejected: false) }
    }
    if plan.hasReplaced { result.replaced += plan.state.replaced.count }
    if restorer != nil { sayRestored({ place(offset, path: $0) }, { note($0) }) }
    account(result)
    if isAudited, rules.audit.has(offset &+ frame.start) { sample(offset, from: mark + separatorCount) }
  }

  /// Ids that stand twice are looked for in the first bytes of an input: memory does not grow with it.
  private static let idWindow = 32 << 20

  private func collectId(_ offset: Int) {
    if keepsResidue, plan.targetId.isBlank { result.prints.append((result.seen - 1, plan.targetFingerprint)) }
    collect(plan.recordId, -1, offset)
    for leaf in uniqueLeaves { collect(frame.slots[plan.targetLeaves[leaf].leaf.register], leaf, offset) }
  }

  private func collect(_ value: Slot, _ field: Int, _ offset: Int) {
    guard !value.isBlank else { return }
    result.idBytes.append(frame.text(value))
    result.ids.append(
      (
        result.seen - 1, (offset + frame.start)..<(offset + max(frame.start, frame.end)), result.idBytes.count, field, result.written - 1,
        field < 0 && keepsResidue && !plan.targetId.isBlank ? plan.targetFingerprint : nil
      ))
  }

  // MARK: - Fates

  private func account(_ result: BatchResult) {
    #if !CROSSWALK_WITHOUT_BOOKS
      bookkeeper.post(result.books)
    #endif
    if keepsResidue, plan.nativeGoesNowhere || rules.isResidueNamed { writeResidue() }
  }

  /// A residue line (DESIGN section 8), without its record's number.
  private func writeResidue() {
    guard let returns = plan.returnTrip else { return }
    let findings = returns.lacks(plan, helpsEdits: true)
    let supplied = plan.suppliedNames
    guard !findings.entries.isEmpty || !findings.invented.isEmpty || !findings.aids.isEmpty || !supplied.isEmpty || !plan.foreignNative.isEmpty
    else { return }
    let frame = plan.frame
    let start = result.side.count
    var side = OutputBuffer(capacity: 0)
    swap(&side, &result.side)
    side.append(#","source":"#)
    append(rules.source, to: &side)
    side.append(#","sourceId":"#)
    literal(plan.recordId, to: &side)
    side.append(#","targetId":"#)
    literal(plan.targetId, to: &side)
    if plan.targetId.isBlank {
      side.append(#","print":"#)
      append(String(decoding: Fingerprint.text(plan.targetFingerprint), as: UTF8.self), to: &side)
    }
    side.append(#","parked":{"#)
    var first = true
    // What stands in `native` is not parked, and comes back without the line too.
    let isInNative = !plan.nativeGoesNowhere
    for entry in findings.entries where entry.isParked && !isInNative {
      member(entry.path, first: &first, to: &side)
      literal(entry.value, to: &side)
      result.literalsParked += entry.leaves
    }
    for (path, value) in plan.foreignNative {
      member(path, first: &first, to: &side)
      JSONTree.append(value, to: &side)
      result.literalsParked += Native.leafCount(path, value)
    }
    side.append(#"},"original":{"#)
    first = true
    for entry in findings.entries where !entry.isParked || isInNative {
      member(entry.path, first: &first, to: &side)
      literal(entry.value, to: &side)
      if !isInNative { result.originals += entry.leaves }
    }
    side.append(#"},"extra":["#)
    for (index, leaf) in findings.invented.enumerated() {
      if index > 0 { side.append(UInt8(ascii: ",")) }
      append(plan.sourceLeaves[leaf].name, to: &side)
    }
    side.append(#"],"supplied":["#)
    for (index, name) in supplied.enumerated() {
      if index > 0 { side.append(UInt8(ascii: ",")) }
      append(name, to: &side)
    }
    side.append(#"],"via":{"#)
    first = true
    for (name, leg) in plan.fallbacksTaken {
      member(Array(name.utf8), first: &first, to: &side)
      side.append(number: leg)
    }
    side.append("}")
    writeAids(findings, &side)
    side.append(#","map":"#)
    append(rules.mapHash, to: &side)
    side.append("}\n")
    swap(&side, &result.side)
    result.residue.append(
      .init(record: result.seen - 1, written: result.written - 1, start: start, length: result.side.count - start))
    _ = frame
  }

  func member(_ path: [UInt8], first: inout Bool, to side: inout OutputBuffer) {
    if !first { side.append(UInt8(ascii: ",")) }
    first = false
    path.withUnsafeBufferPointer { JSONText.appendString($0, to: &side) }
    side.append(UInt8(ascii: ":"))
  }

  func append(_ text: String, to side: inout OutputBuffer) {
    var text = text
    text.withUTF8 { JSONText.appendString($0, to: &side) }
  }

  func literal(_ slot: Slot, to side: inout OutputBuffer) {
    switch slot.kind {
    case .absent, .null: side.append("null")
    case .true: side.append("true")
    case .false: side.append("false")
    case .number: side.append(plan.frame.raw(slot))
    case .text: JSONText.appendString(plan.frame.text(slot), to: &side)
    case .emptyObject: side.append("{}")
    case .emptyArray: side.append("[]")
    case .subtree:
      if plan.frame.encoding.isJSON, !plan.frame.raw(slot).contains(0x0a) {
        side.append(plan.frame.raw(slot))
      } else {
        JSONTree.append(Native.literal(slot, frame: plan.frame, format: plan.sourceFormat), to: &side)
      }
    }
  }

  // MARK: - The worklist

  private func noteWork(isRejected: Bool) {
    let isOfValues = [.failed, .missing].contains(plan.state.rejection?.reason ?? .failed)
    let items = isOfValues ? workItems(isRejected: isRejected) : (all: [], rejecting: [])
    if isRejected { result.work.add(causes: items.rejecting) }
    guard rules.writesWorklist else { return }
    let id = plan.recordId
    result.work.add(
      items.all, record: result.seen - 1,
      id: id.isBlank || plan.idLeaf.map { plan.isSecret(.source, $0) } ?? true ? [] : Array(plan.frame.text(id)))
  }

  // MARK: - Rejects

  /// A record that was read as a whole, and is rejected for what it holds.
  private func refuse(_ offset: Int, diagnostic: Diagnostic) {
    #if !CROSSWALK_WITHOUT_BOOKS
      bookkeeper.refuse(result.books)
    #endif
    reject(offset, diagnostic: diagnostic)
  }

  /// - end: of a record whose bytes are not held.
  private func reject(_ offset: Int, diagnostic: Diagnostic, end: Int? = nil) {
    let result = result
    result.rejected += 1
    note(diagnostic)
    guard rules.writesRejects else { return }
    let frame = plan.frame
    let start = result.side.count
    var side = OutputBuffer(capacity: 0)
    swap(&side, &result.side)
    side.append(#","bytes":["#)
    side.append(number: offset + frame.start)
    side.append(UInt8(ascii: ","))
    side.append(number: end ?? offset + frame.end)
    side.append(#"],"code":"#)
    append(diagnostic.code.name, to: &side)
    side.append(#","message":"#)
    append(diagnostic.title, to: &side)
    side.append(#","field":"#)
    if let field = diagnostic.place?.path { append(field, to: &side) } else { side.append("null") }
    if let header {
      side.append(#","header":"#)
      header.withUnsafeBufferPointer { JSONText.appendString($0, to: &side) }
    }
    let raw = UnsafeBufferPointer(start: frame.chunk + frame.start, count: max(0, frame.end - frame.start))
    if end != nil {
      side.append(#","raw":null"#)
    } else if UTF8Check.isValid(raw) {
      side.append(#","raw":"#)
      JSONText.appendString(raw, to: &side)
    } else {
      side.append(#","raw64":""#)
      Base64.append(raw, to: &side)
      side.append("\"")
    }
    side.append("}\n")
    swap(&side, &result.side)
    result.rejects.append(.init(record: result.seen - 1, written: result.written, start: start, length: result.side.count - start))
  }

  /// A record that was passed over: its bytes are not held, the reject line says where they stand.
  func rejectLarge(start: Int, end: Int, limit: Int) {
    result.read += 1
    result.malformed += 1
    plan.frame.start = 0
    plan.frame.end = 0
    var diagnostic = Messages.recordTooLong(source: rules.source, offset: start, end: end, limit: limit)
    diagnostic.place?.bytes = start..<end
    reject(start, diagnostic: diagnostic, end: end)
  }

  /// The CSV header's bytes, for the rejects.
  var header: [UInt8]?

  /// Rejects are counted here and said as far as they fit; what has a key is counted when the run has seen the key for the first time.
  private func note(_ diagnostic: Diagnostic, key: [UInt8]? = nil) {
    if key == nil {
      result.messageCounts[diagnostic.code, default: 0] += 1
      if result.messageCounts[diagnostic.code]! > 5, !diagnostic.code.isListedInFull { return }
    }
    result.messages.append(.init(record: result.seen - 1, diagnostic: diagnostic, key: key))
  }

  /// Looks up the target's own id for the record; false when the map has none.
  private func translateId(_ map: [[UInt8]: [UInt8]]) -> Bool {
    plan.state.translatedId = .absent
    guard let leaf = plan.idLeaf else { return false }
    if plan.isOwnRecord { return true }
    let register = plan.sourceLeaves[leaf].register
    guard let id = map[Array(plan.frame.text(plan.frame.slots[register]))] else { return false }
    plan.state.translatedId = plan.frame.store(id)
    return true
  }

  // MARK: - Messages

  private func warn(_ offset: Int) {
    for failure in plan.state.failures {
      let name = failure.side == .source ? plan.sourceLeaves[failure.leaf].name : plan.targetLeaves[failure.leaf].leaf.name
      let value = Array(plan.frame.text(failure.value))
      // One warning a distinct value.
      let key = Array(name.utf8) + [0] + value
      guard result.keys.count < 1000, result.keys.insert(key).inserted else { continue }
      note(
        Messages.notConvertible(
          field: name, value: value, plan: plan, failure: failure, at: place(offset, path: name), disposition: .warning,
          showsValues: rules.showsValues), key: key)
    }
    for notice in plan.state.notices {
      let name = plan.sourceLeaves[notice.leaf].name
      let value = Array(plan.frame.text(notice.value))
      switch notice.notice {
      case .labelWithoutCode:
        let key = Array(name.utf8) + [0] + value
      guard result.keys.count < 1000, result.keys.insert(key).inserted else { continue }
        note(Messages.labelWithoutCode(value: value, at: place(offset, path: name), showsValues: rules.showsValues))
      case .unstructured: note(Messages.unstructured(name, at: place(offset, path: name)))
      case .damagedNative: note(Messages.damagedNative(at: place(offset, path: name)))
      case .exponent, .lostZeros:
        let key = Array(name.utf8) + [0] + value
        guard result.keys.count < 1000, result.keys.insert(key).inserted else { continue }
        note(
          Messages.damagedNumber(
            value, hasExponent: notice.notice == .exponent, at: place(offset, path: name),
            isSecret: plan.source.fields[plan.sourceLeaves[notice.leaf].field].isSecret, showsValues: rules.showsValues), key: key)
      case .literalNull: note(Messages.literalEscape(value: "the word `null`", at: place(offset, path: name)))
      case .literalLineBreak:
        note(Messages.literalEscape(value: "a line break spelt out in characters", at: place(offset, path: name)))
      }
    }
  }

  private func place(_ offset: Int, path: String?) -> Diagnostic.DataPlace {
    Diagnostic.DataPlace(
      source: rules.source, record: nil, bytes: (offset + plan.frame.start)..<(offset + max(plan.frame.start, plan.frame.end)),
      path: path)
  }

  private func malformed(_ error: FormatError, _ offset: Int) -> Diagnostic {
    Messages.malformed(error, source: rules.source, offset: offset, format: plan.sourceFormat, disposition: .reject)
  }

  private func unwritable(_ error: FormatError, _ offset: Int) -> Diagnostic {
    var diagnostic = Messages.unwritable(error, format: plan.targetFormat)
    diagnostic.place = place(offset, path: nil)
    return diagnostic
  }

  private func mappingProblem(_ rejection: RecordState.Rejection, _ offset: Int) -> Diagnostic {
    switch rejection.reason {
    case .missing:
      let target = plan.targetLeaves[rejection.leaf]
      return Messages.missing(target, plan: plan, at: place(offset, path: target.leaf.name))
    case .failed where rejection.side == .source:
      let name = plan.sourceLeaves[rejection.leaf].name
      return Messages.notConvertible(
        field: name, value: Array(plan.frame.text(rejection.value)), plan: plan,
        failure: .init(side: .source, leaf: rejection.leaf, value: rejection.value), at: place(offset, path: name),
        disposition: .reject, showsValues: rules.showsValues)
    case .failed:
      let target = plan.targetLeaves[rejection.leaf].leaf
      return Messages.notConvertible(
        field: target.name, value: Array(plan.frame.text(rejection.value)), plan: plan,
        failure: .init(side: .target, leaf: rejection.leaf, value: rejection.value), at: place(offset, path: target.name),
        disposition: .reject, showsValues: rules.showsValues)
    case .unknownField:
      let name = plan.frame.extras.first { $0.leaves > 0 }.map { String(decoding: plan.path(of: $0), as: UTF8.self) } ?? ""
      return Messages.unknownField(name, system: plan.source.name, at: place(offset, path: name))
    case .foreignId: return Messages.foreignId(system: plan.target.name, at: place(offset, path: "system"))
    }
  }
}

enum Base64 {
  static func append(_ bytes: UnsafeBufferPointer<UInt8>, to out: inout OutputBuffer) {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var i = 0
    while i < bytes.count {
      let n = min(3, bytes.count - i)
      let word = UInt32(bytes[i]) << 16 | (n > 1 ? UInt32(bytes[i + 1]) << 8 : 0) | (n > 2 ? UInt32(bytes[i + 2]) : 0)
      for k in 0..<4 { out.append(k <= n ? digits[Int(word >> UInt32(18 - 6 * k) & 63)] : UInt8(ascii: "=")) }
      i += 3
    }
  }
}
