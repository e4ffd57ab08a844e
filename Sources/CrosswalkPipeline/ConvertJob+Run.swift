import CrosswalkExplain
import CrosswalkFiles
import CrosswalkFormats
import CrosswalkMapping
public import CrosswalkModel
import CrosswalkRoute
import Glibc

extension ConvertJob {
  /// Converts, and returns when every file stands complete under its name.
  ///
  /// - `progress` is called after each accepted batch, from one thread at a time.
  /// - `report` gets warnings and rejects as they are found, in input order: the first few of each code with their text;
  ///   `ConvertSummary.reported` has the counts.
  /// - Throws what ended the run, with the first rejected record in it when there were too many; no output file exists then
  ///   under its own name.
  @discardableResult
  public func run(
    progress: ((ConvertProgress) -> Void)? = nil, report: ((Diagnostic) -> Void)? = nil
  ) throws(Diagnostic) -> ConvertSummary {
    var firstReject: Diagnostic?
    let summary = try attempt(progress: progress) { diagnostic in
      if firstReject == nil, diagnostic.disposition == .reject { firstReject = diagnostic }
      report?(diagnostic)
    }
    if let failure = summary.failure { throw failure.caused(by: firstReject) }
    return summary
  }

  /// `run` for who wants the figures also of a run whose output was refused: too many rejects are not thrown, the summary
  /// has them as `failure`.
  public func attempt(
    progress: ((ConvertProgress) -> Void)? = nil, report: ((Diagnostic) -> Void)? = nil
  ) throws(Diagnostic) -> ConvertSummary {
    try attempt(for: nil, progress, report)
  }

  /// `run` with the output's bytes for the program instead of a file: `output` is not used, and parked values are kept only
  /// where `residue` names a file.
  ///
  /// - `take` gets the document piece by piece, up to a few MiB at a time, which are gone when it returns. What it throws
  ///   ends the run and is thrown on. After an error the document is not complete.
  @discardableResult
  public func run(
    into take: (UnsafeRawBufferPointer) throws -> Void, progress: ((ConvertProgress) -> Void)? = nil,
    report: ((Diagnostic) -> Void)? = nil
  ) throws -> ConvertSummary {
    try withoutActuallyEscaping(take) { take in
      let consumer = Consumer()
      consumer.take = take
      defer { consumer.take = nil }
      return try consumer.run(self, progress, report)
    }
  }

  /// - consumer: takes the output instead of a file.
  func attempt(
    for consumer: Consumer?, _ progress: ((ConvertProgress) -> Void)?, _ report: ((Diagnostic) -> Void)?
  ) throws(Diagnostic) -> ConvertSummary {
    let started = Clock.now
    let run = try prepare(consumer?.output, progress, report)
    if let consumer, consumer.wantsClients {
      run.clientNames = ClientNames(canonical: run.model.names)
      consumer.names = run.clientNames
    }
    run.taker = consumer?.taker
    do throws(Diagnostic) {
      for input in inputs where !run.isLimited { try run.read(input) }
      run.prepareEmpty()
      try run.finishRestoring()
    } catch {
      guard error.code == .rejectLimit else {
        run.outputs.discard()
        throw error
      }
      run.summary.failure = run.rejectLimitReached()
    }
    if let problem = run.imbalance() {
      run.outputs.discard()
      run.summary.isBalanced = false
      run.summary.failure = problem
      run.summary.seconds = Clock.now - started
      return run.summary
    }
    if run.summary.failure == nil, !maxRejects.allows(run.summary.records.rejected, of: run.summary.records.read) {
      run.summary.failure = run.rejectLimitReached()
    }
    if run.summary.failure == nil {
      let isOut = run.outputs.output.finalPath == nil && !run.outputs.isDry && run.summary.records.written > 0
      run.summary.failure = run.budget?.refusal(run.accounts.parkedOtherwise, isOut: isOut)
    }
    do throws(Diagnostic) {
      try run.finish()
    } catch {
      run.outputs.discard()
      throw error
    }
    run.summary.seconds = Clock.now - started
    return run.summary
  }

  /// Everything that can be known to be wrong before a record is read.
  private func prepare(
    _ handed: OutputFile?, _ progress: ((ConvertProgress) -> Void)?, _ report: ((Diagnostic) -> Void)?
  ) throws(Diagnostic) -> Run {
    let library = try MappingLibrary(folders: mappings)
    let model = try library.canonical()
    let source = try system(from.system, in: library, model, report)
    let target = try system(to.system, in: library, model, report)
    var settings = PlanSettings(canonical: model, tables: { name in Tables.open(name, in: library) })
    for choice in options {
      let system = try self.system(choice.system, in: library, model, report)
      guard let option = system.options.first(where: { $0.name == choice.name }) else {
        throw ConvertJob.unknownOption(choice, system)
      }
      guard option.choices.isEmpty || option.choices.contains(choice.value) else { throw ConvertJob.wrongChoice(choice, option.choices) }
      settings.options[system.name, default: [:]][choice.name] = choice.value
    }
    for assignment in set {
      guard model.contains(assignment.field) else { throw ConvertJob.unknownField(assignment.field, model) }
      guard !settings.sets.contains(where: { $0.field == assignment.field }) else {
        throw Diagnostic(.saidTwice, "`\(assignment.field)` is set twice", help: "leave one `--set` out")
      }
      let value = ConvertJob.literal(assignment.value)
      if let wanted = ConvertJob.lacks(value, model[assignment.field]?.type ?? .text) {
        throw Diagnostic(
          .usage, "`--set \(assignment.field)=\(assignment.value)` cannot be understood", help: "`\(assignment.field)` takes \(wanted)")
      }
      settings.sets.append((assignment.field, value))
    }
    if !values.isEmpty {
      var given = ValuesFile(source: source, target: target, shape: shape, settings: settings)
      for path in values { try given.read(path) }
      settings.values = Replacements(given.uses)
    }
    let (format, template) = try outputFormat(target)
    var (identities, total) = try InputSource.check(inputs)
    if let restore, restore != "-" {
      for (identity, name) in try InputSource.check([.file(restore)]).identities { identities[identity] = name }
    }

    // The plan of any source format knows what the target would lack in every record.
    let probe = Plan(
      source: source, sourceFormat: from.format ?? source.formats[0], target: target, targetFormat: format, shape: shape,
      settings: settings, keepsResidue: false)
    if let lacking = probe.unfedRequirements.first { throw ConvertJob.unfed(lacking, target, source, shape) }
    if shape == .update, source.name != target.name, ![source.name, target.name].contains(CanonicalModel.name), ids == nil, restore == nil, probe.targetLeaves.contains(where: \.isId) {
      throw ConvertJob.needsIds(target, source)
    }

    var budget: ParkedBudget?
    if let allowParked {
      let own = try ParkedBudget(allowParked, of: source)
      let prediction = Prediction(
        from: source, from.format ?? source.formats[0], to: target, format, shape: shape, canonical: model, options: settings.options,
        sets: settings.sets, transforms: TransformTable.specs)
      if let refusal = own.refusal(prediction) { throw refusal }
      budget = own
    }
    let outputFile: OutputFile
    if let handed { outputFile = handed } else { outputFile = try OutputFile(dryRun ? .file("/dev/null") : output, force: force) }
    var residueFile: OutputFile?
    switch residue {
    case .none: break
    case .file(let path): residueFile = try OutputFile(.file(path), isPrivate: true, force: force)
    case .automatic:
      if outputFile.finalPath != nil, !dryRun {
        // Beside the name that was given: a link's residue stands beside the link.
        residueFile = try OutputFile(.file("\(outputFile.name).residue.ndjson"), isPrivate: true, force: force)
      }
    }
    let rejectsFile = try rejects.map { path throws(Diagnostic) in try OutputFile(.file(path), isPrivate: true, force: force) }
    let worklistFile = try worklist.map { path throws(Diagnostic) in try OutputFile(.file(path), isPrivate: true, force: force) }
    let beside = values + [restore, ids].compactMap { $0 }.filter { $0 != "-" }
    for (identity, name) in try InputSource.check(beside.map { .file($0) }).identities { identities[identity] = name }
    let accounts = try accountsPath.map { path throws(Diagnostic) in try OutputFile(.file(path), force: force) }
    try OutputFile.check([outputFile, residueFile, rejectsFile, worklistFile, accounts].compactMap { $0 }, against: identities)
    let run = Run(
      job: self, library: library, model: model, source: source, target: target, targetFormat: format, targetTemplate: template,
      settings: settings, outputs: RunOutputs(output: outputFile, residue: residueFile, rejects: rejectsFile, isDry: dryRun),
      totalBytes: total, progress: progress, report: report)
    if case .file = residue { run.outputs.isResidueNamed = true }
    run.worklistFile = worklistFile
    run.budget = budget
    if let ids { run.idMap = try IdMap.read(ids) }
    run.match = try Run.matchLeaves(match, of: restore == nil ? source : target)
    if let restore {
      guard restore != "-" || !inputs.contains(.standardInput) else {
        throw Diagnostic(.saidTwice, "standard input cannot be both the records and the residue", help: "name a file for one of them")
      }
      run.restorer = try Restorer(path: restore, job: self, ids: run.idMap, match: run.match, folder: outputFile.folder)
    }
    return run
  }

  func system(
    _ name: String, in library: MappingLibrary, _ model: CanonicalModel, _ report: ((Diagnostic) -> Void)?
  ) throws(Diagnostic) -> System {
    let (system, problems) = library.system(name, canonical: model)
    // All of them at once; the first one is what ends the run.
    for problem in problems.dropFirst() { report?(problem) }
    guard let system else {
      throw problems.first ?? Diagnostic(.unknownSystem, "there is no system `\(name)`", help: nearestNameHelp(name, among: library.names))
    }
    if let problem = problems.first(where: { $0.disposition == .fatal }) { throw problem }
    return system
  }

  /// Named, else from the output's ending, else the system's first one that has the shape.
  func outputFormat(_ target: System) throws(Diagnostic) -> (Format, Template) {
    func template(_ format: Format) -> Template? {
      let carrier = format == .ndjson ? Format.json : format
      return target.shapes.first { $0.shape == shape }?.write.first { $0.format == carrier }?.template
    }
    var wanted = to.format
    if wanted == nil, case .file(let path) = output { wanted = FormatDetection.format(ofEnding: path) }
    if let wanted {
      guard target.formats.contains(wanted) else {
        throw Diagnostic(
          .unknownFormat, "\(target.name) has no \(wanted)",
          help: "it has \(target.formats.map(\.rawValue).joined(separator: ", "))")
      }
      guard let template = template(wanted) else {
        let having = target.formats.filter { template($0) != nil }.map(\.rawValue)
        throw Diagnostic(
          .unknownFormat, "\(target.name) has no \(shape) in \(wanted)",
          help: having.isEmpty ? "it has no \(shape) at all" : "\(shape) is written in \(having.joined(separator: ", "))")
      }
      return (wanted, template)
    }
    for format in target.formats {
      if let template = template(format) { return (format, template) }
    }
    throw Diagnostic(.unknownFormat, "\(target.name) has no shape `\(shape)`", help: "`crosswalk systems \(target.name)` shows its shapes")
  }

  /// A plain JSON literal has its kind, anything else is text (SEMANTICS section 2, 18).
  static func literal(_ text: String) -> Tree {
    do throws(FormatError) {
      let tree = try JSONReference.parse(Array(text.utf8))
      switch tree {
      case .object, .array: return .text(text)
      default: return tree
      }
    } catch {
      return .text(text)
    }
  }
}

extension Tables {
  static func open(_ name: String, in library: MappingLibrary) -> Table? {
    do throws(Diagnostic) {
      return try library.table(name).map { Table(name: name, bytes: $0) }
    } catch {
      return nil
    }
  }
}

extension Run {
  func finish() throws(Diagnostic) {
    if outputs.hasResidue, summary.failure == nil { summary.residue = outputs.residue?.name }
    if outputs.hasRejects { summary.rejects = outputs.rejects?.name }
    if outputs.residue == nil, job.residue == .automatic, !job.dryRun, summary.failure == nil,
      !summary.documentUnknown.isEmpty || summary.parked.contains(where: { $0.value > 0 && $0.key != .empty && $0.key != .derived })
    {
      say(Messages.parkedNowhere)
    }
    if let worklistFile {
      try worklistFile.write(worklist.text(source, target, AcceptedValues(Tables(settings.tables))))
      summary.worklist = .init(
        file: worklistFile.name, values: worklist.count, beyond: worklist.beyond,
        otherRejects: summary.records.rejected - worklist.rejects)
    }
    try worklistFile?.finish()
    try outputs.finish(written: summary.records.written, hasFailed: summary.failure != nil)
    try worklistFile?.publish()
    if summary.from.format == nil { summary.from.format = source.formats.first }
  }

  /// A document without records still has its envelope.
  func prepareEmpty() {
    if summary.records.written == 0 { _ = worker(for: job.from.format ?? source.formats[0], sourceName: "") }
  }

  func rejectLimitReached() -> Diagnostic {
    let records = summary.records
    var help = "correct the source, or set such records aside: `--max-rejects N --rejects FILE`"
    if let causes = worklist.topCauses {
      let list =
        !worklist.hasFailing
        ? "`--set FIELD=VALUE` gives what is missing"
        : worklistFile.map { "fill in `use` in `\($0.name)` and give it back with `--values \($0.name)`" }
          ?? "`--dry-run --worklist FILE.csv` lists the values to be given"
      help = "why: \(causes); \(list), and `--max-rejects N --rejects FILE` sets such records aside"
    }
    return Diagnostic(
      .rejectLimit,
      "\(records.rejected) of \(isLeft ? "the first " : "")\(records.read) records \(records.rejected == 1 ? "was" : "were") rejected; \(job.maxRejects) may be",
      help: help)
  }
}

/// Seconds of a clock that only goes forward.
enum Clock {
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// `--ids MAP.csv`: source id → target id.
enum IdMap {
  static func read(_ path: String) throws(Diagnostic) -> [[UInt8]: [UInt8]] {
    let source = try InputSource(.file(path))
    var bytes: [UInt8] = []
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 256 << 10)
    defer { room.deallocate() }
    while true {
      let got = try source.read(into: room, count: 256 << 10)
      bytes += UnsafeBufferPointer(start: room, count: got)
      if got < 256 << 10 { break }
    }
    let table = Table(name: path, bytes: bytes)
    guard let from = table.column("source_id"), let to = table.column("target_id") else {
      throw Diagnostic(.usage, "`\(path)` is not an id map", help: "its first line is `source_id,target_id`")
    }
    var map: [[UInt8]: [UInt8]] = [:]
    var mistake: Diagnostic?
    var line = 1
    table.rows { row in
      line += 1
      guard row.count > max(from, to), !row[from].isEmpty else { return true }
      if row[to].isEmpty {
        mistake = Diagnostic(
          .usage, "`\(path)` has no target_id for `\(Messages.excerpt(row[from]))` (line \(line))",
          help: "fill it in, or take the line out: its record is then rejected")
      } else if let other = map.updateValue(row[to], forKey: row[from]), other != row[to] {
        mistake = Diagnostic(
          .saidTwice,
          "`\(path)` gives `\(Messages.excerpt(row[from]))` two ids, `\(Messages.excerpt(other))` and `\(Messages.excerpt(row[to]))` (line \(line))",
          help: "which of them is updated cannot be known; take one of the lines out")
      }
      return mistake == nil
    }
    if let mistake { throw mistake }
    return map
  }
}

extension ConvertJob {
  /// What a canonical field takes, when the value is none of it.
  private static func lacks(_ value: Tree, _ type: ValueType) -> String? {
    let text = EnvelopeJudge.text(value) ?? ""
    switch type {
    case .boolean: return ["true", "false"].contains(text) ? nil : "true or false"
    case .integer: return Int(text) != nil ? nil : "a whole number"
    case .text, .lines, .code, .choice, .instant: return nil
    }
  }
}

// MARK: - Messages

extension ConvertJob {
  static func unknownOption(_ choice: OptionChoice, _ system: System) -> Diagnostic {
    let names = system.options.map(\.name)
    return Diagnostic(
      .unknownOption, "\(system.name) has no option `\(choice.name)`",
      help: nearestNameHelp(choice.name, among: names)
        ?? (names.isEmpty ? "it has no options" : "it has \(names.joined(separator: ", "))"))
  }

  static func wrongChoice(_ choice: OptionChoice, _ choices: [String]) -> Diagnostic {
    Diagnostic(
      .unknownOption, "`\(choice.value)` is no value of \(choice.system).\(choice.name)",
      help: "it takes \(choices.joined(separator: " or "))")
  }

  static func unknownField(_ name: String, _ model: CanonicalModel) -> Diagnostic {
    Diagnostic(
      .unknownField, "there is no canonical field `\(name)`",
      help: nearestNameHelp(name, among: model.names) ?? "`crosswalk systems canonical` lists them")
  }

  private static func unfed(_ leaf: TargetLeaf, _ target: System, _ source: System, _ shape: Shape) -> Diagnostic {
    let field = target.fields[leaf.leaf.field]
    let canonical = field.canonicalNames.first
    return Diagnostic(
      .unfedRequirement, "\(target.name) requires `\(leaf.leaf.name)` on \(shape), and \(source.name) has nothing for it",
      labels: [.init(field.place)], help: canonical.map { "supply it for every record: `--set \($0)=VALUE`" })
  }

  private static func needsIds(_ target: System, _ source: System) -> Diagnostic {
    Diagnostic(
      .usage, "an update of \(target.name) needs \(target.name)'s own ids, and \(source.name) has its own",
      help: "name the map of ids: `--ids MAP.csv` with the columns source_id,target_id")
  }
}
