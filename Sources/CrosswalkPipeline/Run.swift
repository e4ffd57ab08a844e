import CrosswalkExplain
import CrosswalkFiles
import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkReference
import CrosswalkRoute
import Glibc

/// A conversion under way: what all inputs share. Owned by the thread that called `ConvertJob.run`.
final class Run {
  let job: ConvertJob
  let library: MappingLibrary
  let model: CanonicalModel
  let source: System
  let target: System
  let targetFormat: Format
  let targetTemplate: Template
  let settings: PlanSettings
  let outputs: RunOutputs
  var summary: ConvertSummary
  let progress: ((ConvertProgress) -> Void)?
  let report: ((Diagnostic) -> Void)?
  let totalBytes: Int?
  var bytesBefore = 0
  var stream: ByteStream?
  /// Of the run of records at hand, one a worker.
  var readers: [any RecordReader] = []
  private var seenKeys: Set<[UInt8]> = []
  /// The books of the run so far.
  var accounts = Accounts()
  /// Values for a person to decide about, and why records were rejected.
  var worklist = Worklist()
  var worklistFile: OutputFile?
  var budget: ParkedBudget?
  /// More records were rejected than may be: nothing is written any more, and the rest is only counted. Since when.
  private var countingSince: Double?
  /// The run was left before the end of its input.
  private(set) var isLeft = false

  init(
    job: ConvertJob, library: MappingLibrary, model: CanonicalModel, source: System, target: System, targetFormat: Format,
    targetTemplate: Template, settings: PlanSettings, outputs: RunOutputs, totalBytes: Int?,
    progress: ((ConvertProgress) -> Void)?, report: ((Diagnostic) -> Void)?
  ) {
    self.job = job
    self.library = library
    self.model = model
    self.source = source
    self.target = target
    self.targetFormat = targetFormat
    self.targetTemplate = targetTemplate
    self.settings = settings
    self.outputs = outputs
    self.totalBytes = totalBytes
    self.progress = progress
    self.report = report
    summary = ConvertSummary(from: job.from, to: .init(job.to.system, format: targetFormat))
  }

  /// Records of the input so far, wanted or not: their numbers.
  private(set) var recordsSeen = 0

  var isLimited: Bool { job.limit.map { summary.records.read >= $0 } ?? false }

  /// Records that may still be read.
  var remaining: Int { job.limit.map { max(0, $0 - summary.records.read) } ?? .max }

  // MARK: - Workers

  func plan(for format: Format) -> Plan {
    var settings = settings
    settings.mapsIds = idMap != nil && job.shape == .update && restores == nil
    return Plan(
      source: source, sourceFormat: format, target: target, targetFormat: targetFormat, shape: job.shape, settings: settings,
      keepsResidue: outputs.keepsResidue, restores: restores)
  }

  func writer(for plan: Plan, _ template: Template) -> any RecordWriter {
    switch targetFormat {
    case .json, .ndjson: JSONRecordWriter(layout: plan.targetLayout, template: template, shape: job.shape, format: targetFormat)
    case .xml:
      XMLRecordWriter(
        layout: plan.targetLayout, template: template, shape: job.shape,
        namespace: target.names.first { $0.format == .xml && $0.namespace != nil }?.namespace)
    case .csv:
      CSVRecordWriter(
        layout: plan.targetLayout,
        profile: .init(
          delimiter: job.delimiter ?? target.csv.delimiter?.utf8.first, isSpreadsheet: job.csvProfile == .spreadsheet),
        unknown: unknownColumns ?? [], takesUnknown: hasOpenHeader ? job.limits.unknownFields : 0)
    case .form: FormRecordWriter(layout: plan.targetLayout)
    }
  }

  func worker(for format: Format, sourceName: String) -> BatchWorker {
    if !formatsRead.contains(format) { formatsRead.append(format) }
    let plan = plan(for: format)
    var writer = self.writer(for: plan, targetTemplate)
    if let clientNames { writer = ClientWriter(plan: plan, names: clientNames) }
    if let taker { writer = taker.writer(for: plan, insteadOf: writer, of: self) }
    var rules = BatchWorker.Rules()
    rules.keepsResidue = outputs.keepsResidue
    rules.isResidueNamed = outputs.isResidueNamed
    rules.writesRejects = outputs.writesRejects || taker != nil
    rules.recordLimit = job.limits.record
    rules.unknownLimit = job.limits.unknownFields
    rules.only = Set(job.only.map { Array($0.utf8) })
    rules.source = sourceName
    rules.from = "\(source.name):\(format)"
    rules.to = "\(target.name):\(targetFormat)"
    if outputs.keepsResidue { rules.mapHash = mapHash }
    rules.match = match
    rules.rejectsEdits = job.onEdit == .reject
    rules.writesWorklist = worklistFile != nil
    rules.idMap = idMap
    rules.idMapName = job.ids
    rules.showsValues = job.showsValues
    if audit != nil { rules.audit = Audit.Share(job.audit, before: bytesBefore) }
    outputs.prepare(writer, from: rules.from, to: rules.to)
    let worker = BatchWorker(plan: plan, writer: writer, rules: rules)
    worker.restorer = restorer
    (writer as? WatchWriter)?.worker = worker
    return worker
  }

  // MARK: - Columns that no mapping names

  /// Columns of a CSV output for what comes back out of canonical's `native` or a residue: those of the first batch that was written, since the
  /// header stands before all records; nil until then. What comes back later and has no column is parked.
  private var unknownColumns: [[PathStep]]?

  /// Whether the output's header still waits for its last columns. Until then there is one worker, so that the columns do not
  /// depend on the number of them.
  var hasOpenHeader: Bool {
    unknownColumns == nil && targetFormat == .csv && (job.shape == .list || job.shape == .single)
      && (source.name == CanonicalModel.name || restorer != nil) && target.name != CanonicalModel.name
  }

  private func closeHeader(_ result: BatchResult, _ worker: BatchWorker) {
    guard hasOpenHeader, result.written > 0, let writer = worker.writer as? CSVRecordWriter else { return }
    writer.close(&result.out)
    unknownColumns = writer.unknown
    outputs.setOpening(writer.opening)
  }

  /// nil where nothing is audited: clients that a program takes are no document of a system.
  lazy var audit: Audit? =
    job.audit == .none || clientNames != nil
    ? nil
    : Audit(job.audit, showsValues: job.showsValues) { [unowned self] format throws(Diagnostic) in try referenceAudit(format) }
  /// Read when the first record is audited.
  var referenceSystems: (from: ReferenceSystem, to: ReferenceSystem)?

  /// Set when a program takes the records as clients.
  var clientNames: ClientNames?
  /// Takes records and rejects instead of the outputs.
  var taker: (any RecordTaker)?
  var idMap: [[UInt8]: [UInt8]]?
  var restorer: Restorer?
  /// The shape of the way there, where records come back.
  var restores: Shape?
  /// Leaves of `--match`.
  var match: [String] = []

  lazy var mapHash = String(
    decoding: Run.mapHash(
      from: source, to: target, format: targetFormat, shape: job.shape, library: library, options: settings.options), as: UTF8.self)

  // MARK: - In order

  /// Takes what a batch gave: bytes out, counts up, messages said.
  func accept(_ result: BatchResult, of worker: BatchWorker) throws(Diagnostic) {
    let firstRecord = recordsSeen
    recordsSeen += result.seen
    let firstWritten = summary.records.written
    findDuplicates(result, worker)
    countEqual(result)
    closeHeader(result, worker)
    if let audit, taker == nil, !outputs.isStopped {
      try audit.accept(
        result.samples, of: worker, firstRecord: firstRecord, read: summary.records.read + result.read, header: outputs.header)
      summary.audited = audit.audited
    }
    if let taker {
      try taker.take(result, firstRecord: firstRecord, source: worker.rules.source)
    } else {
      try outputs.write(result, firstRecord: firstRecord, firstWritten: firstWritten, source: worker.rules)
    }
    summary.records.read += result.read
    summary.records.written += result.written
    summary.records.rejected += result.rejected
    summary.records.malformed += result.malformed
    worker.close(result.books)
    accounts.add(result, of: worker.plan)
    if !result.work.isEmpty { worklist.add(result.work, firstRecord: firstRecord) }
    summary.replaced += result.replaced
    for (code, count) in result.messageCounts { summary.reported[code, default: 0] += count }
    for message in result.messages {
      if let key = message.key {
        guard seenKeys.count < 10_000, seenKeys.insert(key).inserted else { continue }
        summary.reported[message.diagnostic.code, default: 0] += 1
      }
      say(message.diagnostic, record: firstRecord + message.record, counted: true)
    }
    progress?(
      ConvertProgress(
        bytesRead: bytesBefore + (stream.map { $0.offset + $0.position } ?? 0), totalBytes: totalBytes,
        records: summary.records.read))
    if case .count(let allowed) = job.maxRejects, summary.records.rejected > allowed { try countOn(allowed) }
  }

  /// Behind the limit rejects are counted on for a while, so that a person learns how many there are and why.
  private func countOn(_ allowed: Int) throws(Diagnostic) {
    // Whoever takes records one by one has no use for more; a worklist is one of the whole input.
    if worklistFile == nil {
      let since = countingSince ?? Clock.now
      countingSince = since
      isLeft = taker != nil || summary.records.rejected - allowed > Run.mostCountedOn || Clock.now - since > Run.longestCountedOn
      if isLeft { throw tooManyRejects }
    }
    outputs.stop()
  }

  private static let mostCountedOn = 1000
  /// Seconds.
  private static let longestCountedOn = 10.0

  // MARK: - The books

  /// The source's formats that were read.
  private var formatsRead: [Format] = []

  /// Puts the accounts into the summary, and says what of them does not balance (SEMANTICS S4).
  func imbalance() -> Diagnostic? {
    accounts.close()
    summary.values = accounts.values
    summary.fields = accounts.fields
    summary.parked = accounts.parked
    summary.supplied = accounts.supplied
    summary.edges = accounts.edges.map {
      .init(source: $0.key.source, target: $0.key.target, count: $0.value, isApproximate: $0.key.isApproximate)
    }.sorted { ($0.source, $0.target) < ($1.source, $1.target) }
    let predictions = formatsRead.map { format in
      Prediction(
        from: source, format, to: target, targetFormat, shape: job.shape, canonical: model, options: settings.options,
        sets: settings.sets, transforms: TransformTable.specs)
    }
    return accounts.imbalance(
      predictions, hasResidue: outputs.keepsResidue, countsWritten: clientNames == nil && taker == nil, restores: restores != nil)
  }

  // MARK: - Ids that stand twice

  private var seenIds: Set<UInt64> = []
  /// Ids are compared among the first records only, so that memory does not grow with the input.
  private static let mostIds = 100_000

  /// Per id, how many records with it have left nothing behind so far: a later one's residue line is not theirs.
  private var withoutLine: [UInt64: Int] = [:]
  /// The same per id and what the record says.
  private var equalWithoutLine: [UInt64: Int] = [:]
  private var idsWithLine: Set<UInt64> = []

  private func findDuplicates(_ result: BatchResult, _ worker: BatchWorker) {
    guard !result.ids.isEmpty, seenIds.count < Run.mostIds else { return }
    let bytes = result.idBytes.bytes
    var start = 0
    var line = 0
    for (record, place, end, field, written, print) in result.ids {
      var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(truncatingIfNeeded: field)
      for byte in bytes[start..<end] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      if field < 0, outputs.keepsResidue {
        while line < result.residue.count, result.residue[line].record < record { line += 1 }
        if line < result.residue.count, result.residue[line].record == record {
          idsWithLine.insert(hash)
          if let earlier = withoutLine[hash] { result.residue[line].earlier = earlier }
          if let print, seenIds.contains(hash) {
            result.residue[line].print = print
            result.residue[line].equal = equalWithoutLine[hash ^ print] ?? 0
          }
        } else if let print, idsWithLine.contains(hash) {
          // Else the line of another record would be taken for its own once that one is gone.
          result.residue.insert(
            .init(
              record: record, written: written, start: 0, length: 0, earlier: withoutLine[hash] ?? 0, print: print,
              equal: equalWithoutLine[hash ^ print] ?? 0, bareId: Array(bytes[start..<end])), at: line)
        } else {
          withoutLine[hash, default: 0] += 1
          if let print { equalWithoutLine[hash ^ print, default: 0] += 1 }
        }
      }
      if !seenIds.insert(hash).inserted {
        let code = field < 0 ? Code.duplicateId : .clash
        let count = summary.reported[code, default: 0] + 1
        summary.reported[code] = count
        if count <= 5 {
          let value = Array(bytes[start..<end])
          var at = Diagnostic.DataPlace(source: worker.rules.source, bytes: place)
          if field < 0 { at.path = worker.plan.idLeaf.map { worker.plan.sourceLeaves[$0].name } }
          say(
            field < 0
              ? Messages.duplicateId(value, at: at)
              : Messages.clash(
                value, field: worker.plan.targetLeaves[field].leaf, system: worker.plan.target, at: at, showsValues: job.showsValues),
            record: recordsSeen - result.seen + record, counted: true)
        }
      }
      start = end
    }
  }

  /// Records without an id that left nothing behind so far, by what they say: a later one's residue line is not theirs.
  private var bareWithoutLine: [UInt64: Int] = [:]

  private func countEqual(_ result: BatchResult) {
    var line = 0
    for (record, print) in result.prints where bareWithoutLine.count < Run.mostIds {
      while line < result.residue.count, result.residue[line].record < record { line += 1 }
      if line < result.residue.count, result.residue[line].record == record {
        result.residue[line].equal = bareWithoutLine[print] ?? 0
      } else {
        bareWithoutLine[print, default: 0] += 1
      }
    }
  }

  /// Stops the run; `run` turns it into the summary's failure.
  let tooManyRejects = Diagnostic(.rejectLimit, "too many records are rejected")

  func say(_ diagnostic: Diagnostic, record: Int? = nil, counted: Bool = false) {
    var diagnostic = diagnostic
    if let record { diagnostic.place?.record = record }
    if !counted { summary.reported[diagnostic.code, default: 0] += 1 }
    report?(diagnostic)
  }

  // MARK: - One run of records

  /// Why a run of records ended.
  enum RunEnd {
    case closed
    case end
    case limit
    /// The first thing was no record.
    case notARecord(FormatError)
  }

  /// Reads records from the stream's position on until the run ends: the first window in sequence (it shows whether these are
  /// records at all), then on as many threads as were asked for.
  ///
  /// - isLocated: records have been seen in the run: its first one may be a bad one.
  /// - reader: a reader for a worker's plan; each worker has its own.
  func records(
    _ worker: BatchWorker, from stream: ByteStream, isLocated: Bool = false, reader: (Plan) -> any RecordReader
  ) throws(Diagnostic) -> RunEnd {
    worker.use(reader(worker.plan))
    worker.notARecordIsFatal = !isLocated
    readers = [worker.reader!]
    var lanes: [Lane] = []
    defer { for lane in lanes { lane.close() } }
    var misses = 0
    var isFirst = true
    while true {
      worker.begin(worker.result)
      var position = stream.position
      let stop = worker.process(
        stream.base, &position, to: stream.count, isLast: stream.isLast, offset: stream.offset, limit: remaining)
      stream.position = position
      if let failure = restorer?.failure { throw failure }
      try accept(worker.result, of: worker)
      if worker.result.read > 0 {
        isFirst = false
        worker.notARecordIsFatal = false
      }
      switch stop {
      case .full: continue
      case .closed: return .closed
      case .end: return .end
      case .limit: return .limit
      case .fatal(let error):
        if error.reason == .notARecord, isFirst { return .notARecord(error) }
        throw Messages.malformed(
          error, source: stream.source.name, offset: stream.offset, format: worker.plan.sourceFormat, disposition: .fatal)
      case .needMore:
        if stream.count - stream.position > job.limits.record {
          try skipLargeRecord(worker, stream)
          isFirst = false
          continue
        }
        if try !stream.refill(), !stream.isLast { return .end }
      }
      let isInsideRefusedRow = (worker.reader as? CSVRecordReader)?.isInsideRefusedRow ?? false
      guard misses < 32, !isInsideRefusedRow, !hasOpenHeader, laneCount(stream) > 1 else { continue }
      if lanes.isEmpty {
        for _ in 0..<laneCount(stream) {
          let another = self.worker(for: worker.plan.sourceFormat, sourceName: worker.rules.source)
          another.header = worker.header
          another.use(reader(another.plan))
          readers.append(another.reader!)
          lanes.append(Lane(another))
        }
      }
      let isBehindComma = (worker.reader as? JSONRecordReader)?.expectsRecord ?? false
      if let end = try recordsInLanes(lanes, first: worker, from: stream, isBehindComma: isBehindComma) { return end }
      misses += 1
    }
  }

  /// A record larger than the limit is passed over without being held, and rejected.
  private func skipLargeRecord(_ worker: BatchWorker, _ stream: ByteStream) throws(Diagnostic) {
    guard var skipper = worker.reader?.largeRecordSkipper else {
      throw Messages.recordTooLong(
        source: stream.source.name, offset: stream.offset + stream.position, end: stream.offset + stream.count,
        limit: job.limits.record)
    }
    let start = stream.offset + stream.position
    while true {
      if let used = skipper.skip(stream.unused) {
        stream.position += used
        break
      }
      stream.position = stream.count
      guard try stream.refill() else {
        guard skipper.endsWithInput else {
          throw Messages.malformed(
            FormatError(.truncated, at: stream.count), source: stream.source.name, offset: stream.offset,
            format: worker.plan.sourceFormat, disposition: .fatal)
        }
        break
      }
    }
    let end = stream.offset + stream.position
    worker.begin(worker.result)
    worker.rejectLarge(start: start, end: end, limit: job.limits.record)
    try accept(worker.result, of: worker)
  }
}
