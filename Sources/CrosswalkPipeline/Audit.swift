import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute
import CrosswalkReference

/// Holds a sample of what a run writes against the source, by the plain reference interpreter, which shares no step with the plan
/// (SEMANTICS section 4). Owned by the run and used in input order, by one thread.
///
/// The interpreter reads the mapping files and tables a second time, which takes longer than a page of records: nothing is built
/// before there is a record to audit, and a share of N leaves runs of fewer than N records alone.
final class Audit {
  /// A record as a worker saw it, copied: the chunk and the output go on.
  struct Sample {
    /// Index in the batch.
    var record: Int
    var bytes: Range<Int>
    var source: ReferencePiece
    var written: [UInt8]
    /// The residue line behind its first members; nil when nothing was left behind.
    var line: [UInt8]?
    /// Of a run that brings back.
    var restored: ReferenceAudit.Restored?
  }

  /// Which records are in the sample: known by where they stand in the input, so that neither the number of workers nor the way
  /// in which the input is cut changes it.
  struct Share {
    /// Of 2^32, up to an offset and behind it.
    private let limit: UInt64
    private let laterLimit: UInt64
    private let later: Int
    private let seed: UInt64

    /// - before: bytes of the inputs before this one.
    init(_ share: ConvertJob.AuditShare, before: Int) {
      func of(_ count: Int) -> UInt64 { (1 << 32) / UInt64(max(count, 1)) }
      switch share {
      case .none: (limit, laterLimit) = (0, 0)
      case .all: (limit, laterLimit) = (of(1), of(1))
      case .one(let count): (limit, laterLimit) = (of(count), of(count))
      case .standard: (limit, laterLimit) = (of(1000), of(20_000))
      }
      later = 16 << 20
      seed = UInt64(truncatingIfNeeded: before) &* 0x9e37_79b9_7f4a_7c15
    }

    var isNone: Bool { limit == 0 }

    /// - offset: of the record's first byte in its input.
    @inline(__always)
    func has(_ offset: Int) -> Bool {
      // The mixing of SplitMix64.
      var mixed = seed &+ UInt64(truncatingIfNeeded: offset)
      mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
      return (mixed ^ (mixed >> 31)) >> 32 < (offset < later ? limit : laterLimit)
    }
  }

  /// Records that have to be read before the first one is audited.
  private let least: Int
  private let build: (Format) throws(Diagnostic) -> ReferenceAudit
  private var judges: [Format: ReferenceAudit] = [:]
  /// Those of a run that may still turn out to be too short.
  private var waiting: [(sample: Sample, record: Int, worker: BatchWorker)] = []
  private(set) var audited = 0
  private let showsValues: Bool

  init(_ share: ConvertJob.AuditShare, showsValues: Bool, build: @escaping (Format) throws(Diagnostic) -> ReferenceAudit) {
    least =
      switch share {
      case .none, .all: 0
      case .one(let count): count
      case .standard: 1000
      }
    self.showsValues = showsValues
    self.build = build
  }

  /// Audits the samples of a batch, before its bytes go out; throws at the first difference.
  ///
  /// - read: records of the run so far, those of the batch included.
  /// - header: the first line of a CSV output.
  func accept(
    _ samples: [Sample], of worker: BatchWorker, firstRecord: Int, read: Int, header: [UInt8]
  ) throws(Diagnostic) {
    for sample in samples { waiting.append((sample, firstRecord + sample.record, worker)) }
    guard read >= least, !waiting.isEmpty else { return }
    let ready = waiting
    waiting = []
    for (sample, record, worker) in ready { try judge(sample, record, worker, header) }
  }

  private func judge(_ sample: Sample, _ record: Int, _ worker: BatchWorker, _ header: [UInt8]) throws(Diagnostic) {
    let format = worker.plan.sourceFormat
    if judges[format] == nil { judges[format] = try build(format) }
    guard let judge = judges[format] else { return }
    audited += 1
    var line: Tree?
    if let bytes = sample.line { line = try? JSONReference.parse(Array(#"{"at":0"#.utf8) + bytes) }
    let difference = judge.difference(
      .init(
        source: sample.source, written: .init(sample.written, before: header), line: line,
        keepsResidue: worker.rules.keepsResidue, restored: sample.restored))
    guard let difference else { return }
    throw Messages.auditDifference(
      difference, system: worker.plan.target.name,
      at: .init(
        source: worker.rules.source, record: record, bytes: sample.bytes,
        path: difference.path.isEmpty ? nil : String(decoding: difference.path, as: UTF8.self)),
      showsValues: showsValues)
  }
}

// MARK: - What is sampled

extension BatchWorker {
  /// Keeps copies of the record at hand, whose bytes were written from `start` on.
  func sample(_ offset: Int, from start: Int) {
    let frame = plan.frame
    var source = ReferencePiece(
      Array(UnsafeBufferPointer(start: frame.chunk + frame.start, count: max(0, frame.end - frame.start))))
    if let elements = reader as? XMLRecordReader {
      (source.before, source.behind) = (elements.ancestors, elements.closings)
    } else if let header {
      (source.before, source.behind) = (header + [0x0a], [0x0a])
    }
    var line: [UInt8]?
    // Of a line beside `native` the same is judged there.
    if plan.nativeGoesNowhere, let last = result.residue.last, last.record == result.seen - 1 {
      line = Array(result.side.bytes[last.start..<(last.start + last.length)])
    }
    var restored: ReferenceAudit.Restored?
    if restorer != nil {
      let back = plan.restoration?.line
      restored = .init(
        leaves: back?.entries ?? [], extra: back?.extra.map { Array($0.utf8) } ?? [], via: back?.via ?? [:],
        hasOddEdits: plan.restoration.map { $0.outcome.isPatched || $0.outcome.isUnrepeatable || !($0.outcome.merged.isEmpty && $0.outcome.refused.isEmpty && $0.outcome.stale.isEmpty) } ?? false)
    }
    result.samples.append(
      .init(
        record: result.seen - 1, bytes: (offset + frame.start)..<(offset + frame.end), source: source,
        written: Array(result.out.bytes[start..<result.out.count]), line: line, restored: restored))
  }
}

// MARK: - The second reading of the mappings

extension Run {
  /// The interpreter with the run's systems, options and flags, for records of one format.
  func referenceAudit(_ format: Format) throws(Diagnostic) -> ReferenceAudit {
    let reference: (from: ReferenceSystem, to: ReferenceSystem)
    if let known = referenceSystems {
      reference = known
    } else {
      var files: [String: [UInt8]] = [:]
      for name in Set(source.tableNames + target.tableNames) { files[name] = try library.table(name) }
      let tables = ReferenceTables(files)
      let from = try referenceSystem(source, tables)
      reference = (from, try source.name == target.name ? from : referenceSystem(target, tables))
      referenceSystems = reference
    }
    var conversion = ReferenceConversion(from: reference.from, to: reference.to, shape: job.shape, ids: idMap)
    conversion.set = Dictionary(settings.sets.map { ($0.field, $0.value) }) { first, _ in first }
    conversion.from.limits = job.limits
    // What one record made of another may be larger than what may be read.
    conversion.to.limits.record = .max
    conversion.to.limits.field = .max
    conversion.to.limits.depth = 1024 + job.limits.depth
    conversion.from.isSpreadsheet = job.csvProfile == .spreadsheet
    conversion.to.isSpreadsheet = job.csvProfile == .spreadsheet
    if let delimiter = job.delimiter { (conversion.from.delimiter, conversion.to.delimiter) = (delimiter, delimiter) }
    conversion.from.duplicateNames = .init(job.duplicateKeys)
    for (key, use) in settings.values?.uses ?? [:] {
      let given = ReferenceSystem.Given(field: key.leaf, value: key.value, country: key.within)
      let text = String(decoding: use.spelt, as: UTF8.self)
      switch key.side {
      case .source: conversion.from.givenOnReading[given] = text
      case .target: conversion.to.givenOnWriting[given] = text
      }
    }
    return ReferenceAudit(conversion, input: format, output: targetFormat)
  }

  private func referenceSystem(_ system: System, _ tables: ReferenceTables) throws(Diagnostic) -> ReferenceSystem {
    let files = library.sources(of: system.name)
    let canonical = library.sources(of: CanonicalModel.name)
    return try ReferenceSystem(
      system: files[0] ?? [], client: files[1] ?? [], canonical: canonical[1] ?? [], tables: tables,
      options: settings.options[system.name] ?? [:])
  }
}

extension ReferenceSystem.DuplicateNames {
  fileprivate init(_ rule: ConvertJob.DuplicateKeys) {
    switch rule {
    case .reject: self = .reject
    case .first: self = .first
    case .last: self = .last
    }
  }
}

// MARK: - Messages

extension Messages {
  static func auditDifference(
    _ difference: ReferenceAudit.Difference, system: String, at place: Diagnostic.DataPlace, showsValues: Bool
  ) -> Diagnostic {
    func shown(_ value: Tree?) -> String {
      guard let value else { return "nothing" }
      if difference.isSecret { return "a secret value" }
      let text = TreeWriter.json(value)
      return "`\(showsValues ? String(decoding: text, as: UTF8.self) : excerpt(text))`"
    }
    let path = place.path ?? "the record"
    let both = "the mappings give \(shown(difference.expected)), this run \(shown(difference.found))"
    let title: String
    if let reason = difference.reason {
      title = "the audit cannot follow the record: \(reason)"
    } else {
      title =
        switch difference.side {
        case .written: "the audit found `\(path)` of \(system) written otherwise: \(both)"
        case .residue(let member): "the audit found `\(path)` otherwise in the residue (`\(member)`): \(both)"
        case .back:
          "the audit found that `\(path)` does not come back: it is \(shown(difference.expected)), and becomes \(shown(difference.found))"
        }
    }
    return Diagnostic(
      .auditDifference, title, at: place,
      help: "this is a fault of Crosswalk's, so no file is published; report it; `--audit none` converts without looking")
  }
}
