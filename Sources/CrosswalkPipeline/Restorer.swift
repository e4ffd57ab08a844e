import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// Finds the residue line of each record by SEMANTICS S7 and has the plan bring the record back. Records come in the input's
/// order, by one worker.
final class Restorer {
  let file: RestoreFile
  private let ids: [[UInt8]: [UInt8]]?
  /// What the map of ids gives.
  private let mapped: Set<[UInt8]>
  /// Leaves of the system that comes back, by which records and lines find each other when nothing else tells.
  private let match: [String]
  private let from: String
  private let to: String
  private let force: Bool
  /// Of the plan in use.
  private var mapHash: [UInt8] = []
  /// The record at hand among those of the input, from 0.
  private(set) var ordinal = -1
  /// How many places further its line stood than the last record that nobody touched.
  private var shift = 0
  private(set) var counts = ConvertSummary.Restored()
  /// The residue is of other mappings or options, and was taken all the same.
  private var isForced = false
  /// What ended the run while a record was mapped.
  private(set) var failure: Diagnostic?
  /// Ids that several records share → how many of them had no line of their own.
  private var passed: [[UInt8]: Int] = [:]
  /// Of these, by what they say.
  private var equalPassed: [[UInt8]: Int] = [:]
  /// Ids that found a line by what they were before: the first few.
  private var formerIds: [(id: [UInt8], line: Int)] = []

  /// How the residue's lines are looked up; tests make it small.
  struct Memory: Sendable {
    var window = 4 << 20
    var index = 16 << 20
  }

  /// - from, to: the systems of the way back.
  init(
    path: String, job: ConvertJob, ids: [[UInt8]: [UInt8]]?, match: [String], folder: String
  ) throws(Diagnostic) {
    self.ids = ids
    mapped = Set(ids.map { Array($0.values) } ?? [])
    self.match = match
    from = job.from.system
    to = job.to.system
    force = job.force
    file = try RestoreFile(
      path: path, limits: job.limits, window: job.restoreMemory.window, index: job.restoreMemory.index, folder: folder,
      keys: { line in Restorer.keys(line, ids: ids, match: match) })
    counts.file = file.name
  }

  // MARK: - Whose residue it is

  /// There are lines, and their run wrote the format, shape and fields that are read now.
  var isOfThisWay: Bool { !mapHash.isEmpty && !isForced }

  /// The shape of the way there: the one whose hash stands in the first line; nil when there is no line.
  func shape(among hashes: [(shape: Shape, hash: [UInt8])]) throws(Diagnostic) -> Shape? {
    guard let first = try file.first() else { return nil }
    let line = try parsed(.init(number: 0, bytes: first, isLoose: false))
    try checkSystems(line)
    let found = line["map"].flatMap { value in hashes.first { .text($0.hash) == value } }
    if let found {
      mapHash = found.hash
      return found.shape
    }
    guard force else { throw otherMapping() }
    isForced = true
    mapHash = hashes[0].hash
    return .list
  }

  private func checkSystems(_ line: Tree) throws(Diagnostic) {
    func system(_ member: String) -> String? {
      guard case .text(let text)? = line[member] else { return nil }
      return String(decoding: text.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
    }
    guard let source = system("from"), let target = system("to") else { throw file.damaged(0) }
    guard source == to, target == from else {
      throw Diagnostic(
        .foreignResidue, "`\(file.name)` is the residue of a conversion from \(source) to \(target)",
        help: "it brings back what went that way: `--from \(target) --to \(source)`")
    }
  }

  private func otherMapping() -> Diagnostic {
    Diagnostic(
      .foreignResidue, "`\(file.name)` was written with other mapping files, options, shape or format",
      help: "use those of the way there, in the format that was written; `--force` restores all the same")
  }

  // MARK: - A record

  /// Called for every record of the input, also one that cannot be read.
  func advance() { ordinal += 1 }

  /// Maps the record in the plan's frame, with its line where one is found.
  func map(_ plan: Plan) -> Bool {
    do throws(Diagnostic) {
      return try find(plan)
    } catch {
      if failure == nil { failure = error }
      return false
    }
  }

  private func find(_ plan: Plan) throws(Diagnostic) -> Bool {
    guard let restoration = plan.restoration else { return plan.map() }
    restoration.line = nil
    // A number may have been spelt otherwise by whoever wrote the file anew.
    switch try lineById(plan) {
    case .found(let line, let parsed):
      restoration.line = parsed
      let isMapped = plan.map()
      use(line, restoration)
      return isMapped
    case .isAnothers, .unknown: break
    }
    // Only what was mapped already is mapped again: what was set aside is the last record's until then.
    var isMappedOnce = false
    if let (line, isCertain) = try lineWithoutId(plan) {
      restoration.line = try read(line)
      let isMapped = plan.map()
      isMappedOnce = true
      if isCertain || restoration.outcome.isConfirmed, !contradicts(line, plan) {
        if !isCertain { counts.byOrder += 1 }
        use(line, restoration)
        return isMapped
      }
      restoration.line = nil
    }
    if !match.isEmpty {
      _ = isMappedOnce ? plan.mapAgain() : plan.map()
      isMappedOnce = true
      if let key = Restorer.valuesKey(match.map { name in text(name, plan) }),
        let line = try file.take(.values(key), looseOnly: true)
      {
        if line.isRepeated { file.share(.values(key), line: line.number) }
        restoration.line = try read(line)
        let isMapped = plan.mapAgain()
        counts.byMatch += 1
        use(line, restoration)
        return isMapped
      }
    }
    counts.added += 1
    return isMappedOnce ? plan.mapAgain() : plan.map()
  }

  private enum ById {
    case found(RestoreFile.Line, ResidueLine)
    /// Lines with the id are left, but records came before theirs that left nothing behind.
    case isAnothers
    case unknown
  }

  private func lineById(_ plan: Plan) throws(Diagnostic) -> ById {
    guard !plan.recordId.isBlank else { return .unknown }
    let spellings = ResidueHead.Id(Array(plan.frame.literal(plan.recordId)), isNumber: plan.recordId.kind == .number).spellings
    for id in spellings {
      guard var line = try file.take(.id(id)) else { continue }
      var own: [UInt8]?
      // A record that stands as it was written has its own line wherever it stands among those with its id.
      if line.isRepeated {
        file.share(.id(id), line: line.number)
        let print = Fingerprint.text(plan.sourceFingerprint)
        if let found = try file.take(.own(id, print: print)) { line = found }
      }
      let head = Restorer.head(line)
      if let print = head?.print, print == Fingerprint.text(plan.sourceFingerprint) { own = id + print }
      let found = try read(line)
      if let own {
        if (head?.equal ?? 0) > equalPassed[own, default: 0] {
          equalPassed[own, default: 0] += 1
          passed[id, default: 0] += 1
          return .isAnothers
        }
      } else if found.earlier > passed[id, default: 0] {
        passed[id, default: 0] += 1
        return .isAnothers
      }
      return .found(line, found)
    }
    // What the map says comes first, also of this id.
    guard ids != nil, !spellings.contains(where: { mapped.contains($0) }) else { return .unknown }
    for id in spellings {
      guard let line = try file.take(.former(id)) else { continue }
      if formerIds.count < 5 { formerIds.append((id, line.number)) }
      return .found(line, try read(line))
    }
    return .unknown
  }

  /// The line that was written for a record which says what this one says; else that of the place where this one would stand if
  /// nothing but it had changed since the last such record.
  private func lineWithoutId(_ plan: Plan) throws(Diagnostic) -> (line: RestoreFile.Line, isCertain: Bool)? {
    let own = Fingerprint.text(plan.sourceFingerprint)
    let there = try file.take(.place(ordinal + shift), looseOnly: true)
    // A residue that was written without prints, or a record that nobody touched.
    let print = there.flatMap { Restorer.head($0)?.print }
    if let there, print == own {
      // Records that say the same have their lines in their order; what follows is looked for behind this place all the same.
      guard let first = try file.take(.print(own), looseOnly: true, amongKnown: true), first.number < there.number else { return (there, true) }
      file.share(.print(own), line: first.number)
      return (first, true)
    }
    if there == nil || print != nil, let line = try file.take(.print(own), looseOnly: true),
      let head = Restorer.head(line), let place = head.at
    {
      // Records that said the same came before that one, and left nothing behind.
      if head.equal > equalPassed[own, default: 0] {
        equalPassed[own, default: 0] += 1
        return nil
      }
      if line.isRepeated { file.share(.print(own), line: line.number) }
      shift = place - ordinal
      return (line, true)
    }
    return there.map { ($0, false) }
  }

  private static func head(_ line: RestoreFile.Line) -> ResidueHead? {
    line.bytes.withUnsafeBufferPointer { ResidueHead($0, wantsAll: false) }
  }

  private func use(_ line: RestoreFile.Line, _ restoration: Restoration) {
    file.use(line)
    counts.records += 1
    counts.values += restoration.outcome.returned
    counts.stale += restoration.outcome.stale.count
    if !restoration.outcome.refused.isEmpty { counts.refused += restoration.outcome.refused.count }
    if !restoration.outcome.merged.isEmpty { counts.merged += restoration.outcome.merged.count }
  }

  func countUnplaced(_ lines: Int) { counts.unplaced += lines }

  private func text(_ name: String, _ plan: Plan) -> [UInt8]? {
    guard let leaf = plan.targetLeaves.first(where: { $0.leaf.name == name }) else { return nil }
    let slot = plan.frame.slots[leaf.leaf.register]
    return slot.isBlank ? nil : Array(plan.frame.literal(slot))
  }

  /// The named values are known on both sides and are not the same.
  private func contradicts(_ line: RestoreFile.Line, _ plan: Plan) -> Bool {
    guard !match.isEmpty, let tree = try? parsed(line) else { return false }
    return match.contains { name in
      guard let there = Restorer.value(name, of: tree), let here = text(name, plan) else { return false }
      return there != here
    }
  }

  // MARK: - Lines

  private func parsed(_ line: RestoreFile.Line) throws(Diagnostic) -> Tree {
    do throws(FormatError) {
      let tree = try JSONReference.parse(line.bytes)
      guard case .object = tree else { throw FormatError(.notARecord, at: 0) }
      return tree
    } catch {
      throw file.damaged(line.number)
    }
  }

  private func read(_ line: RestoreFile.Line) throws(Diagnostic) -> ResidueLine {
    let tree = try parsed(line)
    if !force || mapHash.isEmpty {
      guard tree["map"] == .text(mapHash) else { throw otherMapping() }
    }
    var result = ResidueLine()
    func members(_ name: String) throws(Diagnostic) -> [Tree.Member] {
      switch tree[name] {
      case .object(let members)?: return members
      case .array(let items)? where items.isEmpty: return []
      case nil: return []
      default: throw file.damaged(line.number)
      }
    }
    result.entries = try members("parked")
    result.firstOriginal = result.entries.count
    result.entries += try members("original")
    result.firstAid = result.entries.count
    if case .number(let digits)? = tree["earlier"] { result.earlier = Int(String(decoding: digits, as: UTF8.self)) ?? 0 }
    result.entries += try members("ifRefused")
    if case .array(let names)? = tree["extra"] {
      for case .text(let name) in names { result.extra.append(String(decoding: name, as: UTF8.self)) }
    }
    if case .array(let prints)? = tree["leaves"] {
      result.leaves = Set(prints.compactMap { if case .text(let text) = $0 { String(decoding: text, as: UTF8.self) } else { nil } })
    }
    for member in try members("via") {
      guard case .number(let digits) = member.value, let leg = Int(String(decoding: digits, as: UTF8.self)) else { continue }
      result.via[String(decoding: member.name, as: UTF8.self)] = leg
    }
    for member in try members("set") { result.set.append((String(decoding: member.name, as: UTF8.self), member.value)) }
    for member in try members("bases") {
      if case .text(let fingerprint) = member.value {
        result.bases.append((String(decoding: member.name, as: UTF8.self), fingerprint))
      }
    }
    if let uses = tree["use"] {
      for (side, part) in [(RecordState.Side.source, uses["read"]), (.target, uses["write"])] {
        guard case .object(let members)? = part else { continue }
        for case let member in members {
          guard case .text(let text) = member.value else { throw file.damaged(line.number) }
          result.uses.append((side, String(decoding: member.name, as: UTF8.self), .init(spelt: text)))
        }
      }
    }
    result.sourceId = tree["sourceId"] ?? .null
    result.system = tree["system"]
    return result
  }

  /// What stood around the records: by path, and in which format.
  func surroundings(_ line: RestoreFile.Line) throws(Diagnostic) -> (format: Format?, values: [Tree.Member]) {
    let tree = try parsed(line)
    guard case .text(let from)? = tree["from"], case .object(let values)? = tree["parked"] else { throw file.damaged(line.number) }
    return (ConvertJob.Endpoint(stringLiteral: String(decoding: from, as: UTF8.self)).format, values)
  }

  private static func literal(_ value: Tree?) -> [UInt8]? {
    switch value {
    case .text(let text)?: text.isEmpty ? nil : text
    case .number(let characters)?: characters
    case .bool(let value)?: Array((value ? "true" : "false").utf8)
    default: nil
    }
  }

  private static func value(_ name: String, of line: Tree) -> [UInt8]? {
    literal(line["match"]?[name]) ?? literal(line["original"]?[name]) ?? literal(line["parked"]?[name])
  }

  private static func valuesKey(_ values: [[UInt8]?]) -> [UInt8]? {
    var key: [UInt8] = []
    for value in values {
      guard let value else { return nil }
      key += value
      key.append(0)
    }
    return key
  }

  /// What finds a line; nil when it is none of a residue.
  static func keys(_ line: UnsafeBufferPointer<UInt8>, ids: [[UInt8]: [UInt8]]?, match: [String]) -> RestoreFile.Keys? {
    guard let head = ResidueHead(line, wantsAll: !match.isEmpty) else { return nil }
    var keys = RestoreFile.Keys(all: [], isLoose: true, place: head.at)
    // What stood around the records.
    if head.isDocument { return keys }
    // Ids that a system gave after the way there are known to the map alone.
    let mapped = ids.flatMap { map in head.sourceId.flatMap { map[$0.text] } }.map { ResidueHead.Id($0, isNumber: false) }
    if let id = mapped ?? head.targetId {
      keys.all = id.spellings.map { .id($0) }
      if let print = head.print { keys.all += id.spellings.map { .own($0, print: print) } }
      if mapped != nil, let former = head.targetId {
        keys.all += former.spellings.filter { !id.spellings.contains($0) }.map { .former($0) }
      }
      keys.isShared = head.targetId != nil && head.print != nil
      keys.isLoose = false
      return keys
    }
    if let id = head.sourceId { keys.all += id.spellings.map { .id($0) } }
    if let at = head.at { keys.all.append(.place(at)) }
    if let print = head.print { keys.all.append(.print(print)) }
    if let whole = head.whole, let key = valuesKey(match.map { value($0, of: whole) }) { keys.all.append(.values(key)) }
    return keys
  }

  // MARK: - The end

  private static func repeated(_ key: RestoreFile.Key, at place: Diagnostic.DataPlace) -> Diagnostic {
    let text =
      switch key {
      case .id(let id), .former(let id), .own(let id, _): "`\(Messages.excerpt(id))` belongs to more than one record or residue line"
      case .values(let values): "`\(Messages.excerpt(values))` is in more than one record or residue line"
      case .print, .place: "several records without an id say the same"
      }
    return Diagnostic(
      .repeatedKey, text, at: place,
      help: "a record that stands as it was written took its own line where the line tells, the others took theirs in their order",
      disposition: .warning)
  }

  /// - isWhole: all records of the input were asked for, so that a line without one means something.
  func finish(isWhole: Bool, say: (Diagnostic) -> Void) throws(Diagnostic) {
    for (id, line) in formerIds {
      say(
        Diagnostic(
          .repeatedKey, "`\(Messages.excerpt(id))` is an id that the map has another one for, and took the line of that record",
          at: .init(source: file.name, record: line),
          help: "that is right where the file still has the ids of the way there; a new record with such an id has to be left out", disposition: .warning))
    }
    if isForced {
      say(
        Diagnostic(
          .foreignResidue, "`\(file.name)` was written with other mapping files, options, shape or format, and `--force` took it all the same",
          help: "values may stand in wrong places: without `--force` and into a new file the run refuses it", disposition: .warning))
    }
    if counts.byOrder > 0 {
      let records = counts.byOrder == 1 ? "1 record was" : "\(counts.byOrder) records were"
      say(
        Diagnostic(
          .restoredByOrder, "\(records) brought together with their residue lines by their place in the file",
          at: .init(source: file.name),
          help: "neither has an id that the other knows; `--ids MAP.csv` or `--match FIELD` is certain", disposition: .warning))
    }
    // Lines that nobody asked for may share their ids too.
    let rest = isWhole ? try file.rest(atMost: 10) : nil
    counts.repeated = file.sharedCount
    for (key, line) in file.sharedKeys { say(Restorer.repeated(key, at: .init(source: file.name, record: line))) }
    if file.copies > 0 {
      say(
        Diagnostic(
          .repeatedKey, "\(file.copies == 1 ? "1 line stands" : "\(file.copies) lines stand") in `\(file.name)` more than once",
          at: .init(source: file.name), help: "the first of equal lines was taken, the others were passed over", disposition: .warning))
    }
    guard let rest else { return }
    counts.removed = rest.removed
    counts.unplaced = rest.unplaced
    if !match.isEmpty, counts.byMatch == 0, counts.records == counts.byOrder, counts.removed + counts.unplaced + counts.byOrder > 0 {
      say(
        Diagnostic(
          .unplacedLine, "`--match` found no residue line for any record", at: .init(source: file.name),
          help: "lines hold the values to compare only where `--match` was given on the way there too", disposition: .warning))
    }
    var shown = (removed: 0, unplaced: 0)
    for line in rest.shown {
      if line.isLoose ? shown.unplaced >= 5 : shown.removed >= 5 { continue }
      if line.isLoose { shown.unplaced += 1 } else { shown.removed += 1 }
      let head = line.bytes.withUnsafeBufferPointer { ResidueHead($0, wantsAll: false) }
      let place = Diagnostic.DataPlace(source: file.name, record: line.number)
      let id = head?.sourceId.map { " (id `\(Messages.excerpt($0.text))`)" } ?? ""
      if line.isLoose {
        say(
          Diagnostic(
            .unplacedLine, "no record was found for this residue line\(id)", at: place,
            help: "its values were not brought back; `--ids MAP.csv` or `--match FIELD` says which record is its own",
            disposition: .warning))
      } else if file.isShared(line) {
        say(
          Diagnostic(
            .removedRecord, "no record was left for this residue line, whose id others share\(id)", at: place,
            help: "its record was taken out on the other side, or edited and took another line: compare the records with this id",
            disposition: .warning))
      } else {
        say(
          Diagnostic(
            .removedRecord, "the record of this residue line is not there any more\(id)", at: place,
            help: "it was taken out on the other side, so it does not come back", disposition: .warning))
      }
    }
  }
}

/// The first members of a residue line, found without reading the whole of it.
struct ResidueHead {
  struct Id {
    var text: [UInt8]
    /// As it stands; then, of a number, its digits alone: the text `1.0` is another id than 1, the number is not.
    var spellings: [[UInt8]]

    init(_ text: [UInt8], isNumber: Bool) {
      self.text = text
      spellings = [text]
      if isNumber, let whole = Decimal.whole(text) { spellings.append(whole) }
    }
  }

  private(set) var at: Int?
  /// Records before it that have its id, say the same and have no line.
  private(set) var equal = 0
  /// Not of a record, but of the document around them.
  private(set) var isDocument = false
  private(set) var sourceId: Id?
  private(set) var targetId: Id?
  /// Of its record as it was written, where that has no id, or one that a record before it has too.
  private(set) var print: [UInt8]?
  /// The whole line, where it was asked for.
  private(set) var whole: Tree?

  init?(_ line: UnsafeBufferPointer<UInt8>, wantsAll: Bool) {
    if wantsAll {
      guard let tree = try? JSONReference.parse(Array(line)), case .object = tree else { return nil }
      if case .number(let digits)? = tree["at"] { at = Int(String(decoding: digits, as: UTF8.self)) }
      sourceId = ResidueHead.id(tree["sourceId"])
      targetId = ResidueHead.id(tree["targetId"])
      if case .text(let text)? = tree["print"] { print = text }
      if case .number(let digits)? = tree["equal"] { equal = Int(String(decoding: digits, as: UTF8.self)) ?? 0 }
      whole = tree
      isDocument = tree["record"] == .null
      return
    }
    var i = 0
    func skipBlanks() { while i < line.count, line[i] == 0x20 || line[i] == 0x09 || line[i] == 0x0d { i += 1 } }
    /// Behind the string that starts here; nil when it does not end.
    func stringEnd(_ start: Int) -> Int? {
      var j = start + 1
      while j < line.count {
        if line[j] == UInt8(ascii: "\\") { j += 2 } else if line[j] == UInt8(ascii: "\"") { return j + 1 } else { j += 1 }
      }
      return nil
    }
    skipBlanks()
    guard i < line.count, line[i] == UInt8(ascii: "{"),
      line.last(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }) == UInt8(ascii: "}")
    else { return nil }
    i += 1
    var seen = 0
    while seen < 4 {
      skipBlanks()
      guard i < line.count, line[i] == UInt8(ascii: "\""), let nameEnd = stringEnd(i) else { break }
      let name = UnsafeBufferPointer(rebasing: line[(i + 1)..<(nameEnd - 1)])
      i = nameEnd
      skipBlanks()
      guard i < line.count, line[i] == UInt8(ascii: ":") else { return nil }
      i += 1
      skipBlanks()
      let start = i
      var depth = 0
      while i < line.count {
        let byte = line[i]
        if byte == UInt8(ascii: "\"") {
          guard let end = stringEnd(i) else { return nil }
          i = end
          continue
        }
        if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") { depth += 1 }
        if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
          if depth == 0 { break }
          depth -= 1
        }
        if byte == UInt8(ascii: ","), depth == 0 { break }
        i += 1
      }
      let value = UnsafeBufferPointer(rebasing: line[start..<i])
      if name.elementsEqual("at".utf8) {
        at = Int(String(decoding: value, as: UTF8.self))
        seen += 1
      } else if name.elementsEqual("equal".utf8) {
        equal = Int(String(decoding: value, as: UTF8.self)) ?? 0
      } else if name.elementsEqual("record".utf8) {
        isDocument = value.elementsEqual("null".utf8)
      } else if name.elementsEqual("sourceId".utf8) {
        sourceId = ResidueHead.id(value)
        seen += 1
      } else if name.elementsEqual("targetId".utf8) {
        targetId = ResidueHead.id(value)
        seen += 1
        // Behind it a print stands only where this is null.
        if targetId != nil { break }
      } else if name.elementsEqual("print".utf8) {
        if value.count > 2 { print = Array(value[1..<(value.count - 1)]) }
        seen += 1
      }
      guard i < line.count, line[i] == UInt8(ascii: ",") else { break }
      i += 1
    }
    guard seen > 0 else { return nil }
  }

  private static func id(_ value: UnsafeBufferPointer<UInt8>) -> Id? {
    if value.first == UInt8(ascii: "\""), !value.contains(UInt8(ascii: "\\")), value.count >= 2 {
      return value.count == 2 ? nil : Id(Array(value[1..<(value.count - 1)]), isNumber: false)
    }
    return id(try? JSONReference.parse(Array(value)))
  }

  private static func id(_ value: Tree?) -> Id? {
    switch value {
    case .text(let text)?: text.isEmpty ? nil : Id(text, isNumber: false)
    case .number(let characters)?: Id(characters, isNumber: true)
    case .bool(let value)?: Id(Array((value ? "true" : "false").utf8), isNumber: false)
    default: nil
    }
  }
}
