import CrosswalkFiles
import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// One input after the other: its format, its documents, its records.
extension Run {
  func read(_ input: ConvertJob.Input) throws(Diagnostic) {
    let source = try InputSource(input, limits: job.limits)
    let head = try source.head(64 << 10)
    let (format, warning) = try FormatDetection.input(
      named: job.from.format, name: input.name, head: head, among: self.source.formats)
    guard self.source.formats.contains(format) else { throw unknownFormat(format, of: self.source, name: input.name) }
    if let warning { say(warning) }
    if summary.from.format == nil { summary.from.format = format }
    if head.isEmpty, format != .ndjson, format != .form {
      throw Diagnostic(
        .emptyInput, "\(input.name == "-" ? "standard input" : "`\(input.name)`") is empty",
        help: "an empty \(format) document has at least its brackets, its root or its header")
    }
    let stream = ByteStream(source)
    self.stream = stream
    try stream.refill()
    if stream.unused.starts(with: [0xef, 0xbb, 0xbf]), format != .csv { stream.position = 3 }
    if restorer != nil { restores = try restoredShape(from: format) }
    let worker = worker(for: format, sourceName: input.name)
    switch format {
    case .json: try readJSON(worker, stream, mayGoOn: job.from.format != nil)
    case .ndjson: try readLines(worker, stream)
    case .xml: try readXML(worker, stream)
    case .csv: try readCSV(worker, stream)
    case .form: try readForm(worker, stream)
    }
    bytesBefore += stream.offset + stream.position
    summary.bytesRead = bytesBefore
    self.stream = nil
  }

  func unknownFormat(_ format: Format, of system: System, name: String) -> Diagnostic {
    Diagnostic(
      .unknownFormat, "\(system.name) has no \(format)\(name.isEmpty ? "" : " (`\(name)`)")",
      help: "it has \(system.formats.map(\.rawValue).joined(separator: ", "))")
  }

  /// The templates of a format, the most literal first: what may be read, and which shape it is.
  func candidates(_ format: Format) -> [(shape: Shape, template: Template)] {
    let carrier = format == .ndjson ? Format.json : format
    var all: [(shape: Shape, template: Template)] = []
    for rules in source.shapes {
      for (own, template) in rules.write + rules.read where own == carrier { all.append((rules.shape, template)) }
    }
    // Stable: of equally literal ones the file's order.
    return all.enumerated().sorted { a, b in
      let (x, y) = (a.element.template.literalness, b.element.template.literalness)
      return x != y ? x > y : a.offset < b.offset
    }.map(\.element)
  }

  // MARK: - JSON

  /// - mayGoOn: several documents are one input.
  func readJSON(_ worker: BatchWorker, _ stream: ByteStream, mayGoOn: Bool) throws(Diagnostic) {
    let judge = EnvelopeJudge(source)
    let candidates = candidates(.json)
    var documents = 0
    while true {
      guard try skipBlanks(stream) else {
        if documents == 0 { throw Messages.malformed(FormatError(.truncated, at: stream.count), source: stream.source.name, offset: stream.offset, format: .json, disposition: .fatal) }
        return
      }
      if isLimited { return }
      documents += 1
      if documents == 2, !mayGoOn { throw Messages.anotherList(source: stream.source.name, system: source.name) }
      if try isReply(judge, stream) { continue }
      let place = try locate(worker, stream, candidates, judge)
      guard let place else { continue }
      if !place.isList, !mayGoOn, place.wrapper == listWrapper, try isFollowed(stream) {
        throw Messages.anotherList(source: stream.source.name, system: source.name)
      }
      let documentStart = stream.position
      let prologue = Array(UnsafeBufferPointer(rebasing: stream.unused[..<(place.start)]))
      stream.position = documentStart + place.start
      let forms = [place.wrapper] + alternatives(to: place, candidates)
      let before = summary.records.read
      let end = try records(worker, from: stream, isLocated: place.isList) { plan in
        JSONRecordReader(
          layout: plan.sourceLayout, frame: plan.frame, mode: place.isList ? .array : .sequence, forms: forms,
          duplicates: .init(job.duplicateKeys), envelopeNames: envelopeNames(candidates), limits: job.limits)
      }
      switch end {
      case .limit: return
      case .end: return
      case .notARecord:
        throw Messages.noMatch(source: stream.source.name, system: source.name, format: .json, candidates: [], isNDJSON: false)
      case .closed:
        let rest = try documentRest(stream, depth: place.depth)
        try judgeEnvelope(judge, prologue + rest, hasRecords: summary.records.read > before, stream)
      }
    }
  }

  /// Names of what the templates have beside the records.
  private func envelopeNames(_ candidates: [(shape: Shape, template: Template)]) -> [String] {
    func names(_ template: Template) -> [String] {
      switch template {
      case .record, .bind, .literal: []
      case .list(let inner): names(inner)
      case .object(let members): members.flatMap { ($0.value.recordPath == nil ? [$0.name] : []) + names($0.value) }
      }
    }
    return candidates.flatMap { names($0.template) }
  }

  /// Skips blanks; false at the end of the input.
  private func skipBlanks(_ stream: ByteStream) throws(Diagnostic) -> Bool {
    while true {
      while stream.position < stream.count, [0x20, 0x0a, 0x0d, 0x09].contains(stream.base[stream.position]) { stream.position += 1 }
      if stream.position < stream.count { return true }
      if try !stream.refill() { return false }
    }
  }

  /// A small document that is a reply without records: said, and passed over.
  private func isReply(_ judge: EnvelopeJudge, _ stream: ByteStream) throws(Diagnostic) -> Bool {
    guard !source.replies.error.isEmpty || !source.replies.done.isEmpty else { return false }
    if stream.unused.count < 16 << 10 { try stream.refill() }
    var skipper = JSONSkipper()
    let window = UnsafeBufferPointer(rebasing: stream.unused.prefix(16 << 10))
    guard let end = skipper.skip(window) else { return false }
    guard let document = parsed(Array(window[..<end])) else { return false }
    return try judgeReply(judge, document, end, stream)
  }

  /// nil when it is not JSON: the reader says where and why.
  private func parsed(_ bytes: [UInt8]) -> Tree? {
    do throws(FormatError) { return try JSONReference.parse(bytes) } catch { return nil }
  }

  private func judgeReply(_ judge: EnvelopeJudge, _ document: Tree, _ length: Int, _ stream: ByteStream) throws(Diagnostic) -> Bool {
    switch judge.judge(document, hasRecords: false) {
    case .records: return false
    case .acknowledgement(let message): summary.acknowledgements.append(message)
    case .noRecords: break
    case .failed(let code, let message):
      throw Messages.errorReply(source: stream.source.name, system: source.name, code: code, message: message)
    }
    stream.position += length
    return true
  }

  /// Where the document's records are. nil when it holds none and that has been dealt with.
  private func locate(
    _ worker: BatchWorker, _ stream: ByteStream, _ candidates: [(shape: Shape, template: Template)], _ judge: EnvelopeJudge
  ) throws(Diagnostic) -> JSONEnvelope.Place? {
    let known = KnownNames(worker.plan.sourceLayout)
    while true {
      var wantsMore = false
      for (_, template) in candidates {
        guard let path = template.recordPath else { continue }
        let outcome = JSONEnvelope.locate(stream.unused, path: path) { names in
          // What has nothing in it is a record without values, but not under any name.
          names.isEmpty ? path.steps.allSatisfy { $0 != .anyName } : names.contains(where: known.has)
        }
        switch outcome {
        case .found(let place): return place
        case .needMore: wantsMore = true
        case .mismatch: continue
        }
      }
      if wantsMore, !stream.isLast, stream.unused.count <= job.limits.record + (1 << 20) {
        try stream.refill()
        continue
      }
      if wantsMore, stream.isLast {
        // Cut, or broken: the reference reader says where.
        do throws(FormatError) {
          _ = try JSONReference.parsePrefix(Array(stream.unused))
        } catch {
          throw Messages.malformed(
            FormatError(error.reason, at: error.offset + stream.position), source: stream.source.name, offset: stream.offset,
            format: .json, disposition: .fatal)
        }
      }
      break
    }
    // No shape fits. A reply that is larger than most, broken JSON, or another system's document.
    while !stream.isLast, stream.unused.count < 1 << 20 { try stream.refill() }
    let window = Array(stream.unused.prefix(4 << 20))
    let document: Tree
    let length: Int
    do throws(FormatError) {
      let value = try JSONReference.parsePrefix(window)
      (document, length) = (value.tree, value.end)
    } catch {
      throw Messages.malformed(
        FormatError(error.reason, at: error.offset + stream.position), source: stream.source.name, offset: stream.offset,
        format: .json, disposition: .fatal)
    }
    if try judgeReply(judge, document, length, stream) { return nil }
    throw Messages.noMatch(
      source: stream.source.name, system: source.name, format: .json, candidates: owners(of: document), isNDJSON: false)
  }

  /// The names around a record of the written list: what a line of NDJSON has.
  private var listWrapper: [String] {
    let written = source.shapes.first { $0.shape == .list }?.write.first { $0.format == .json }?.template
    return (written?.recordPath?.steps.drop { $0 != .elements }.dropFirst() ?? []).compactMap { step in
      if case .name(let name) = step { name } else { nil }
    }
  }

  /// Whether something stands behind the first value.
  private func isFollowed(_ stream: ByteStream) throws(Diagnostic) -> Bool {
    while true {
      var skipper = JSONSkipper()
      if let end = skipper.skip(stream.unused) {
        let rest = stream.unused.dropFirst(end)
        if rest.contains(where: { ![0x20, 0x0a, 0x0d, 0x09].contains($0) }) { return true }
        if stream.isLast { return false }
      }
      guard !stream.isLast, stream.unused.count <= job.limits.record else { return false }
      try stream.refill()
    }
  }

  /// Other ways in which a record of the same list may be wrapped.
  private func alternatives(
    to place: JSONEnvelope.Place, _ candidates: [(shape: Shape, template: Template)]
  ) -> [[String]] {
    var forms: [[String]] = []
    for (_, template) in candidates {
      guard let path = template.recordPath, path.isRepeated == place.isList else { continue }
      let inner = place.isList ? path.steps.drop { $0 != .elements }.dropFirst() : path.steps[...]
      let names = inner.compactMap { step -> String? in if case .name(let name) = step { name } else { nil } }
      guard names.count == inner.count, names != place.wrapper, !forms.contains(names) else { continue }
      forms.append(names)
    }
    return forms
  }

  /// From the closing `]` of the records to the document's end.
  private func documentRest(_ stream: ByteStream, depth: Int) throws(Diagnostic) -> [UInt8] {
    var skipper = JSONSkipper(depth: depth)
    var rest: [UInt8] = []
    while true {
      if let used = skipper.skip(stream.unused) {
        rest += stream.unused[..<used]
        stream.position += used
        return rest
      }
      rest += stream.unused
      guard rest.count < 1 << 20 else { throw Messages.envelopeTooLarge(source: stream.source.name) }
      stream.position = stream.count
      guard try stream.refill() else {
        throw Messages.malformed(
          FormatError(.truncated, at: stream.count), source: stream.source.name, offset: stream.offset, format: .json,
          disposition: .fatal)
      }
    }
  }

  private func judgeEnvelope(
    _ judge: EnvelopeJudge, _ bytes: [UInt8], hasRecords: Bool, _ stream: ByteStream
  ) throws(Diagnostic) {
    let document: Tree
    do throws(FormatError) {
      document = try JSONReference.parse(bytes)
    } catch {
      throw Messages.malformed(
        FormatError(error.reason, at: max(0, stream.position - max(0, bytes.count - error.offset))), source: stream.source.name,
        offset: stream.offset, format: .json, disposition: .fatal)
    }
    try judgeEnvelope(judge, document, hasRecords: hasRecords, stream)
  }

  func judgeEnvelope(
    _ judge: EnvelopeJudge, _ document: Tree, hasRecords: Bool, _ stream: ByteStream
  ) throws(Diagnostic) {
    switch judge.judge(document, hasRecords: hasRecords) {
    case .records, .noRecords: break
    case .acknowledgement(let message): summary.acknowledgements.append(message)
    case .failed(let code, let message):
      throw Messages.errorReply(source: stream.source.name, system: source.name, code: code, message: message)
    }
    if hasRecords, let stray = judge.strayRecord(in: document) {
      throw Messages.strayRecord(stray.path, isRepeated: stray.isRepeated, source: stream.source.name, system: source.name)
    }
    if judge.saysMore(document) { summary.morePagesFollow = true }
    let unknown = judge.unknown(in: document)
    guard !unknown.isEmpty else { return }
    for (path, value) in unknown { summary.documentUnknown[String(decoding: path, as: UTF8.self), default: 0] += value.leafCount }
    try outputs.writeDocument(
      unknown, from: "\(source.name):\(job.from.format ?? summary.from.format ?? .json)", to: "\(target.name):\(targetFormat)",
      source: stream.source.name, map: mapHash)
  }

  /// Systems whose fields a document holds: for "you may have meant".
  func owners(of document: Tree) -> [String] {
    var names: Set<String> = []
    func collect(_ tree: Tree, _ depth: Int) {
      guard depth < 6, names.count < 200 else { return }
      switch tree {
      case .object(let members):
        for member in members {
          names.insert(String(decoding: member.name, as: UTF8.self))
          collect(member.value, depth + 1)
        }
      case .array(let items): for item in items.prefix(3) { collect(item, depth + 1) }
      default: break
      }
    }
    collect(document, 0)
    return owners(of: names)
  }

  func owners(of names: Set<String>) -> [String] {
    var scores: [(name: String, score: Int)] = []
    for name in library.names where name != source.name {
      guard let system = library.system(name, canonical: model).0 else { continue }
      let fields = Set(system.fields.flatMap { field in field.path.compactMap { step -> String? in if case .name(let name) = step { name } else { nil } } })
      let score = names.filter { fields.contains($0) || fields.contains(LayoutNames.hyphenated($0)) }.count
      if score > 0 { scores.append((name, score)) }
    }
    let best = scores.map(\.score).max() ?? 0
    return scores.filter { $0.score == best && best > 1 }.map(\.name)
  }

  // MARK: - NDJSON

  func readLines(_ worker: BatchWorker, _ stream: ByteStream) throws(Diagnostic) {
    var forms: [[String]] = []
    for (shape, template) in candidates(.ndjson) {
      guard let path = template.recordPath else { continue }
      if shape == .list, !path.isRepeated { continue }
      guard let names = (shape == .list ? path.inElement : path).names, !forms.contains(names) else { continue }
      forms.append(names)
    }
    if forms.isEmpty { forms = [[]] }
    // A line may be a whole document with a list in it (one record a document): then it is read as documents are.
    let judge = EnvelopeJudge(source)
    if try skipBlanks(stream) {
      let known = KnownNames(worker.plan.sourceLayout)
      let first = JSONEnvelope.memberNames(stream.unused) ?? []
      let isRecord = first.contains(where: known.has) || forms.contains { form in form.first.map { name in first.contains { $0.elementsEqual(name.utf8) } } ?? false }
      if !isRecord, !first.isEmpty {
        for (_, template) in candidates(.json) {
          guard let path = template.recordPath, path.isRepeated, case .name(let outer)? = path.steps.first,
            first.contains(where: { $0.elementsEqual(outer.utf8) })
          else { continue }
          return try readJSON(worker, stream, mayGoOn: true)
        }
        if try isReply(judge, stream) { return }
      }
    }
    let end = try records(worker, from: stream) { plan in
      JSONRecordReader(
        layout: plan.sourceLayout, frame: plan.frame, mode: .lines, forms: forms, duplicates: .init(job.duplicateKeys),
        envelopeNames: envelopeNames(candidates(.ndjson)), limits: job.limits)
    }
    if case .notARecord = end {
      let names = Set((JSONEnvelope.memberNames(stream.unused) ?? []).map { String(decoding: $0, as: UTF8.self) })
      throw Messages.noMatch(
        source: stream.source.name, system: source.name, format: .ndjson, candidates: owners(of: names), isNDJSON: false)
    }
  }

  // MARK: - CSV and form

  func readCSV(_ worker: BatchWorker, _ stream: ByteStream) throws(Diagnostic) {
    let profile = CrosswalkFormats.CSVProfile(
      delimiter: job.delimiter ?? source.csv.delimiter?.utf8.first, isSpreadsheet: job.csvProfile == .spreadsheet)
    let header: CSVHeader
    while true {
      do throws(CSVHeaderError) {
        if let found = try CSVHeader.read(
          stream.unused, isLast: stream.isLast, layout: worker.plan.sourceLayout, profile: profile,
          headerHas: source.csv.headerHas, limits: job.limits)
        {
          header = found
          break
        }
      } catch {
        throw headerProblem(error, stream)
      }
      try stream.refill()
    }
    sayMissing(header, worker.plan, stream.source.name)
    worker.header = Array(stream.unused[header.bytes])
    stream.position += header.length
    _ = try records(worker, from: stream) { plan in
      CSVRecordReader(header: header, layout: plan.sourceLayout, frame: plan.frame, profile: profile, limits: job.limits)
    }
    let isCut = readers.contains { ($0 as? CSVRecordReader)?.endedWithoutNewline ?? false }
    if !isLimited, isCut { say(Messages.noFinalNewline(source: stream.source.name)) }
  }

  /// Columns whose absence means that a program between has dropped them, once a run. Any other file may leave out what it likes.
  private func sayMissing(_ header: CSVHeader, _ plan: Plan, _ name: String) {
    guard !header.missing.isEmpty, summary.reported[.missingColumns] == nil else { return }
    if source.name == CanonicalModel.name {
      let lacks = ["system", "native"].filter(header.missing.contains)
      if lacks.count == 1 {
        return say(Messages.missingColumn(lacks[0], beside: lacks[0] == "native" ? "system" : "native", source: name))
      }
    }
    guard let restorer, restorer.isOfThisWay, let restoration = plan.restoration else { return }
    let registers = Dictionary(plan.sourceLeaves.enumerated().map { ($1.register, $0) }, uniquingKeysWith: { first, _ in first })
    let lost = plan.sourceLayout.columns.filter { column in
      header.missing.contains(column.name) && registers[column.leaf.register].map(restoration.isWritten) ?? false
    }
    if !lost.isEmpty { say(Messages.missingColumns(lost.map(\.name), restoring: restorer.file.name, source: name)) }
  }

  private func headerProblem(_ error: CSVHeaderError, _ stream: ByteStream) -> Diagnostic {
    let name = stream.source.name
    switch error {
    case .empty:
      return Diagnostic(.emptyInput, "`\(name)` has no header", at: .init(source: name), help: "a CSV begins with the names of its columns")
    case .malformed(let error):
      return Messages.malformed(error, source: name, offset: stream.offset + stream.position, format: .csv, disposition: .fatal)
    case .notFound(let columns):
      return Diagnostic(
        .noShape, "no row of `\(name)` has the columns \(columns.map { "`\($0)`" }.joined(separator: ", "))",
        at: .init(source: name), help: "\(source.name)'s mapping takes the first row that has them for the header")
    case .noKnownColumn(let columns):
      let owners = owners(of: Set(columns))
      return Diagnostic(
        .noShape, "no column of `\(name)` is a field of \(source.name): \(columns.prefix(6).map { "`\($0)`" }.joined(separator: ", "))",
        at: .init(source: name),
        help: owners.isEmpty
          ? "`--delimiter` names another delimiter; `crosswalk systems \(source.name)` lists the columns"
          : "the columns are those of \(owners.map { "`\($0)`" }.joined(separator: " or ")): say `--from \(owners[0])`")
    case .duplicateColumn(let column, let first, let second, let offset):
      let at = stream.offset + stream.position + offset
      return Diagnostic(
        .duplicateColumn, "the column `\(column)` stands twice, as number \(first) and \(second)",
        at: .init(source: name, bytes: at..<(at + 1)),
        help: "name the second one `\(column)#2` in the mapping, or rename it in the file")
    }
  }

  func readForm(_ worker: BatchWorker, _ stream: ByteStream) throws(Diagnostic) {
    _ = try records(worker, from: stream) { plan in
      FormRecordReader(layout: plan.sourceLayout, frame: plan.frame, ofRequest: source.requestParameters, limits: job.limits)
    }
  }
}

/// The names that a record may begin with: fields, groups of fields, in the layout's own spelling or (where it ignores case) any.
struct KnownNames {
  private var exact: Set<[UInt8]> = []
  private var folded: Set<[UInt8]>?

  init(_ layout: Layout) {
    for member in layout.members {
      exact.insert(Array(member.name.utf8))
      for alias in member.aliases { exact.insert(Array(alias.utf8)) }
    }
    if layout.ignoresCase { folded = Set(exact.map { Table.key($0) }) }
  }

  func has(_ name: [UInt8]) -> Bool { exact.contains(name) || folded?.contains(Table.key(name)) ?? false }
}

enum LayoutNames {
  /// `created_at` and `created-at` are one name to a person.
  static func hyphenated(_ name: String) -> String { String(name.map { $0 == "_" ? "-" : $0 }) }
}

extension JSONRecordReader.DuplicateNames {
  init(_ rule: ConvertJob.DuplicateKeys) {
    switch rule {
    case .reject: self = .reject
    case .first: self = .first
    case .last: self = .last
    }
  }
}

extension Template {
  /// How much of a document the template spells out: the most literal one is tried first.
  var literalness: Int {
    switch self {
    case .record, .bind: 0
    case .literal: 1
    case .list(let inner): 1 + inner.literalness
    case .object(let members): members.reduce(0) { $0 + ($1.name == "*" ? 0 : 2) + $1.value.literalness }
    }
  }
}
