import CrosswalkFiles
import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute
import Glibc

/// A comparison under way: the second file is read and kept, then the first one is read against it.
final class DiffRun {
  private let job: DiffJob
  private let report: ((Diagnostic) -> Void)?
  private let body: (Difference) throws -> Void
  private let shape: DiffFields
  private let spool: DiffSpool
  /// What both files are read into, by the plans that write it.
  private let ways: (there: ConvertJob.Endpoint, back: ConvertJob.Endpoint)
  private let shapes: (there: Shape, back: Shape)
  /// Paths in canonical's `native` of fields that are never shown.
  private var secrets: Set<String> = []
  private var writers: [(writer: DiffWriter, isFirst: Bool)] = []
  private var formats: (first: Format?, second: Format?) = (nil, nil)
  /// What the caller's closure threw.
  private(set) var failure: (any Error)?
  var summary: DiffSummary

  init(_ job: DiffJob, _ report: ((Diagnostic) -> Void)?, _ body: @escaping (Difference) throws -> Void) throws(Diagnostic) {
    self.job = job
    self.report = report
    self.body = body
    summary = DiffSummary(from: job.from, to: job.to)
    let reader = ConvertJob(inputs: [], from: job.from, to: job.to)
    let library = try MappingLibrary(folders: job.mappings)
    let model = try library.canonical()
    let first = try reader.system(job.from.system, in: library, model, report)
    let second = try reader.system(job.to.system, in: library, model, report)
    for (endpoint, system) in [(job.from, first), (job.to, second)] {
      guard let format = endpoint.format, !system.formats.contains(format) else { continue }
      throw Diagnostic(
        .unknownFormat, "\(system.name) has no \(format)",
        help: "it has \(system.formats.map(\.rawValue).joined(separator: ", "))")
    }
    var settings = PlanSettings(canonical: model, tables: { name in Tables.open(name, in: library) })
    for choice in job.options {
      let system = try reader.system(choice.system, in: library, model, report)
      guard let option = system.options.first(where: { $0.name == choice.name }) else {
        throw ConvertJob.unknownOption(choice, system)
      }
      guard option.choices.isEmpty || option.choices.contains(choice.value) else {
        throw ConvertJob.wrongChoice(choice, option.choices)
      }
      settings.options[system.name, default: [:]][choice.name] = choice.value
    }
    _ = try InputSource.check([job.first, job.second])
    let isOneSystem = first.name == second.name
    // One system's values are read, and what no mapping names comes with them on the way to canonical.
    let target = isOneSystem ? try reader.system(CanonicalModel.name, in: library, model, report) : second
    let back = isOneSystem ? target : first
    shapes = (DiffRun.shape(of: target), DiffRun.shape(of: back))
    ways = (.init(target.name), .init(back.name))
    shape = try DiffFields(
      there: Plan(
        source: first, sourceFormat: first.formats[0], target: target, targetFormat: target.formats[0], shape: shapes.there,
        settings: settings, keepsResidue: false),
      back: Plan(
        source: second, sourceFormat: second.formats[0], target: back, targetFormat: back.formats[0], shape: shapes.back,
        settings: settings, keepsResidue: false),
      by: job.by, isOneSystem: isOneSystem)
    if isOneSystem, first.name == CanonicalModel.name {
      for name in library.names {
        for field in library.system(name, canonical: model).0?.fields ?? [] where field.isSecret {
          secrets.insert(DiffWriter.nativePath(Array(name.utf8), Array(field.name.utf8)).text)
        }
      }
    }
    summary.compared = shape.fields.map(\.name)
    summary.onlyFirstHas = shape.onlyFirst
    summary.onlySecondHas = shape.onlySecond
    spool = DiffSpool(memory: job.memory, folder: job.temporaryFolder ?? TemporaryFolder.path)
  }

  /// What `list` has, or the first shape that a system without one can write.
  private static func shape(of system: System) -> Shape {
    [Shape.list, .single, .create, .update].first { shape in
      system.shapes.contains { $0.shape == shape && !$0.write.isEmpty }
    } ?? .list
  }

  func run() throws(Diagnostic) {
    try read(job.second, of: job.to, to: ways.back, shapes.back, isFirst: false)
    try spool.finish()
    try read(job.first, of: job.from, to: ways.there, shapes.there, isFirst: true)
    try spool.rest { item throws(Diagnostic) in
      switch item {
      case .record(let bytes):
        let record = DiffRecord(bytes, of: shape)
        if record.key.isEmpty { summary.withoutKey += 1 }
        try give(Difference(mark: .onlySecond, key: key(of: record), second: record.number, fields: []))
      case .unreadable(let problem): try give(problem: problem, isFirst: false)
      }
    }
    for (writer, isFirst) in writers {
      summary.unnamed += writer.unnamed
      if isFirst {
        summary.unplacedFirst.merge(writer.unplacedValues, uniquingKeysWith: +)
      } else {
        summary.unplacedSecond.merge(writer.unplacedValues, uniquingKeysWith: +)
      }
    }
  }

  private func read(
    _ input: ConvertJob.Input, of endpoint: ConvertJob.Endpoint, to target: ConvertJob.Endpoint, _ shape: Shape, isFirst: Bool
  ) throws(Diagnostic) {
    var reading = ConvertJob(inputs: [input], from: endpoint, to: target)
    reading.shape = shape
    reading.residue = .none
    reading.maxRejects = .count(.max)
    reading.options = job.options
    reading.limit = job.limit
    reading.jobs = job.jobs
    reading.limits = job.limits
    reading.delimiter = job.delimiter
    reading.mappings = job.mappings
    let consumer = Consumer()
    consumer.taker = Side(self, isFirst: isFirst)
    let read = try reading.attempt(for: consumer, nil) { diagnostic in
      // What is said of records is a matter of converting them.
      if diagnostic.place?.record == nil { self.report?(diagnostic) }
    }
    if let failure = read.failure { throw failure }
    if read.morePagesFollow { summary.morePagesFollow = true }
    if isFirst {
      summary.first = read.records.read
      summary.from = read.from
    } else {
      summary.second = read.records.read
      summary.to = read.from
    }
  }

  // MARK: - Records as they are read

  private final class Side: RecordTaker {
    private unowned let run: DiffRun
    private let isFirst: Bool

    init(_ run: DiffRun, isFirst: Bool) {
      self.run = run
      self.isFirst = isFirst
    }

    func writer(for plan: Plan, insteadOf _: any RecordWriter, of _: Run) -> any RecordWriter {
      if isFirst { run.formats.first = plan.sourceFormat } else { run.formats.second = plan.sourceFormat }
      let writer = DiffWriter(plan: plan, shape: run.shape, isFirst: isFirst)
      run.writers.append((writer, isFirst))
      return writer
    }

    func take(_ result: BatchResult, firstRecord: Int, source: String) throws(Diagnostic) {
      var at = 0
      var rejects = result.rejects[...]
      let out = UnsafeRawBufferPointer(result.out.bytes)
      for record in 0..<result.seen {
        let number = firstRecord + record
        if let reject = rejects.first, reject.record == record {
          rejects.removeFirst()
          let piece = result.side.bytes[reject.start..<(reject.start + reject.length)]
          let head = Array("{\"source\":\(JSONLine.quoted(source)),\"record\":\(number)".utf8)
          try run.take(unreadable: head + piece, isFirst: isFirst)
        } else if at < out.count {
          let length = Int(out.loadUnaligned(fromByteOffset: at, as: UInt32.self))
          var bytes = Array(out[(at + 4)..<(at + 4 + length)])
          at += 4 + length
          bytes.withUnsafeMutableBytes { $0.storeBytes(of: UInt64(number), as: UInt64.self) }
          try run.take(bytes, isFirst: isFirst)
        }
      }
    }
  }

  private func take(_ bytes: [UInt8], isFirst: Bool) throws(Diagnostic) {
    guard isFirst else {
      let key = bytes[DiffRecord.key(of: bytes)]
      return try spool.append(.record(bytes), key: key.isEmpty ? nil : key)
    }
    let record = DiffRecord(bytes, of: shape)
    var isRepeated = false
    var other: DiffRecord?
    if record.key.isEmpty {
      summary.withoutKey += 1
    } else {
      other = try spool.take(record.bytes[record.key], of: shape, isRepeated: &isRepeated)
    }
    if isRepeated { summary.repeated += 1 }
    guard let other else {
      return try give(Difference(mark: .onlyFirst, key: key(of: record), first: record.number, fields: []))
    }
    let fields = differences(record, other)
    if fields.isEmpty, !job.all {
      summary.counts[.same, default: 0] += 1
      return
    }
    try give(
      Difference(
        mark: fields.isEmpty ? .same : .different, key: key(of: record), first: record.number, second: other.number,
        fields: fields))
  }

  private func take(unreadable line: [UInt8], isFirst: Bool) throws(Diagnostic) {
    if isFirst { try give(problem: line, isFirst: true) } else { try spool.append(.unreadable(line), key: nil) }
  }

  /// - problem: a line of a rejects file.
  private func give(problem line: [UInt8], isFirst: Bool) throws(Diagnostic) {
    let problem = DiffRun.diagnostic(line)
    let record = problem.place?.record
    try give(
      Difference(
        mark: .unreadable, key: [], first: isFirst ? record : nil, second: isFirst ? nil : record, fields: [], problem: problem))
  }

  /// - line: of a rejects file.
  static func diagnostic(_ line: [UInt8]) -> Diagnostic {
    let tree = DiffRecord.parsed(line[...])
    func text(_ name: String) -> String? {
      guard case .text(let text)? = tree[name] else { return nil }
      return String(decoding: text, as: UTF8.self)
    }
    func number(_ value: Tree?) -> Int? {
      guard case .number(let digits)? = value else { return nil }
      return Int(String(decoding: digits, as: UTF8.self))
    }
    var place = Diagnostic.DataPlace(source: text("source") ?? "", record: number(tree["record"]), path: text("field"))
    if let start = number(tree["bytes"]?[0]), let end = number(tree["bytes"]?[1]), start <= end { place.bytes = start..<end }
    return Diagnostic(Code(text("code") ?? ""), text("message") ?? "", at: place, disposition: .reject)
  }

  private func give(_ difference: Difference) throws(Diagnostic) {
    summary.counts[difference.mark, default: 0] += 1
    do {
      try body(difference)
    } catch {
      failure = error
      throw Diagnostic(.closedOutput, "the program that takes the differences stopped the run")
    }
  }

  private func key(of record: DiffRecord) -> [Difference.Key] {
    if shape.key.isEmpty {
      return record.key.isEmpty ? [] : [.init(field: "id", value: .text(Array(record.bytes[record.key])), isSecret: false)]
    }
    return zip(job.by, shape.key).map { name, index in
      let isSecret = shape.fields[index].isSecret
      return .init(field: name, value: isSecret ? nil : record.tree(record.fields[index]), isSecret: isSecret)
    }
  }

  // MARK: - Comparing

  private func differences(_ first: DiffRecord, _ second: DiffRecord) -> [Difference.Field] {
    var found: [Difference.Field] = []
    for (index, field) in shape.fields.enumerated() {
      let (a, b) = (first.fields[index], second.fields[index])
      var shown = first.tree(a)
      // Of what could not be translated the first file's own literal is shown.
      let lost = a.isFailed && a.isBlank && !shape.isOneSystem ? field.sources.first { !first.others[$0].isBlank } : nil
      if let lost {
        if b.isBlank {
          summary.unconverted += 1
          continue
        }
        shown = first.tree(first.others[lost])
      }
      if isSame(a, first, b, second, field.comparison) { continue }
      if !shape.isOneSystem {
        // What a default gave says nothing of the record.
        if a.isSupplied, b.isBlank { continue }
        if returns(field, first, second, a) { continue }
        if a.isSupplied { shown = nil }
      }
      found.append(
        .init(
          name: field.name, sources: field.sources.map { shape.others[$0].name }, first: field.isSecret ? nil : shown,
          second: field.isSecret ? nil : second.tree(b), isSecret: field.isSecret))
    }
    if shape.isOneSystem { compareUnnamed(first, second, &found) }
    return found
  }

  /// Whether the second record's values, written as the first system does, are what the first record has: all that a field of
  /// the second one comes from. Where it only can come from what stands in for it, nothing may be what becomes of nothing.
  private func returns(_ field: DiffFields.Field, _ first: DiffRecord, _ second: DiffRecord, _ value: DiffRecord.Value) -> Bool {
    let leg = Int(value.leg)
    guard !value.isSupplied, leg < field.legs.count else { return false }
    let standsIn = value.isBlank && field.legs[0].isEmpty
    var agrees = standsIn
    for source in standsIn ? field.sources : field.legs[leg] {
      let (own, given) = (first.others[source], second.others[source])
      if own.isBlank, !standsIn { continue }
      guard !given.isSupplied, isSame(own, first, given, second, shape.others[source].comparison) else { return false }
      agrees = true
    }
    return agrees
  }

  /// Files of one format tell absent, null and empty apart.
  private var hasStates: Bool {
    guard shape.isOneSystem, let first = formats.first, let second = formats.second else { return false }
    return first == second || first.isJSON && second.isJSON
  }

  /// The same literal, whatever its kind.
  private func isSame(
    _ a: DiffRecord.Value, _ first: DiffRecord, _ b: DiffRecord.Value, _ second: DiffRecord,
    _ comparison: CrosswalkMapping.Field.Comparison
  ) -> Bool {
    if a.isBlank || b.isBlank { return hasStates ? a.kind == b.kind && a.isBlank == b.isBlank : a.isBlank && b.isBlank }
    let (x, y) = (first.literal(a), second.literal(b))
    let (isTree, isOtherTree) = (a.kind.rawValue >= Kind.emptyObject.rawValue, b.kind.rawValue >= Kind.emptyObject.rawValue)
    if isTree || isOtherTree {
      if isTree && isOtherTree && x == y { return true }
      guard isTree, isOtherTree, !hasStates else { return false }
      return DiffRecord.parsed(x).withoutKinds == DiffRecord.parsed(y).withoutKinds
    }
    return x == y || comparison != .exact && comparison.isSame(Array(x), Array(y))
  }

  private func compareUnnamed(_ first: DiffRecord, _ second: DiffRecord, _ found: inout [Difference.Field]) {
    var (i, j) = (0, 0)
    let nothing = DiffRecord.Value(kind: .absent, text: 0..<0, leg: 0, isSupplied: false, isFailed: false)
    while i < first.unnamed.count || j < second.unnamed.count {
      let path = i < first.unnamed.count ? first.bytes[first.unnamed[i].path] : nil
      let other = j < second.unnamed.count ? second.bytes[second.unnamed[j].path] : nil
      var (a, b) = (nothing, nothing)
      var name = ArraySlice<UInt8>()
      if let path, other.map({ !$0.lexicographicallyPrecedes(path) }) ?? true {
        name = path
        a = first.unnamed[i].value
        i += 1
      }
      if let other, path.map({ !$0.lexicographicallyPrecedes(other) }) ?? true {
        name = other
        b = second.unnamed[j].value
        j += 1
      }
      if isSame(a, first, b, second, .exact) { continue }
      let text = String(decoding: name, as: UTF8.self)
      let isSecret = secrets.contains(text)
      found.append(
        .init(
          name: text, sources: [], first: isSecret ? nil : first.tree(a), second: isSecret ? nil : second.tree(b),
          isSecret: isSecret))
    }
  }
}
