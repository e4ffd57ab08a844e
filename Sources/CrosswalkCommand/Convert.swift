import ArgumentParser
import Crosswalk
import CrosswalkTerminal
import Glibc

/// `crosswalk convert`: flags in, a `ConvertJob` out.
struct Convert: Command {
  static let configuration = CommandConfiguration(
    abstract: "Reads client records as one system writes them, writes them as another reads them.",
    usage: "crosswalk convert [FILE…] --from SYSTEM[:FORMAT] --to SYSTEM[:FORMAT] [-o FILE] [flags]")

  @Argument(help: ArgumentHelp("What to read, as one stream; none or `-` is standard input.", valueName: "file"))
  var files: [String] = []

  @Option(help: ArgumentHelp("Who wrote the input; `crosswalk systems` lists them.", valueName: "system[:format]"))
  var from: String

  @Option(help: ArgumentHelp("Who shall read the output.", valueName: "system[:format]"))
  var to: String

  @Option(
    name: [.customShort("o"), .long], help: ArgumentHelp("The output; standard output without it.", valueName: "file"))
  var output: String?

  @Option(help: ArgumentHelp("The output's shape: list, single, create or update (default: list).", valueName: "shape"))
  var shape: String?

  @Option(help: ArgumentHelp("A canonical value where the source has none (repeatable).", valueName: "field=value"))
  var set: [String] = []

  @Option(
    name: .customLong("option"), help: ArgumentHelp("A system's option (repeatable).", valueName: "system.name=value"))
  var options: [String] = []

  @Option(
    help: ArgumentHelp("Where parked values go, or `none` (default: OUTPUT.residue.ndjson).", valueName: "file|none"))
  var residue: String?

  @Option(help: ArgumentHelp("Brings back what `--residue` kept on the way there; edits win.", valueName: "residue"))
  var restore: String?

  @Option(help: ArgumentHelp("Fields by which residue lines find their records, where ids do not tell; named on both ways.", valueName: "field,…"))
  var match: [String] = []

  @Option(help: ArgumentHelp("An edit that cannot come back: keep the old value, or reject (default: keep).", valueName: "rule"))
  var onEdit: String?

  @Option(help: ArgumentHelp("Where rejected records go, with the reason and their bytes.", valueName: "file"))
  var rejects: String?

  @Option(help: ArgumentHelp("How many records may be rejected (default: 0).", valueName: "n|p%"))
  var maxRejects: String?

  @Option(help: ArgumentHelp("Fields that may be parked; any other is refused.", valueName: "field,…|none"))
  var allowParked: [String] = []

  @Flag(help: "Read and judge everything, write nothing.")
  var dryRun = false

  @Option(help: ArgumentHelp("Lists the values that do not convert, to be filled in.", valueName: "file.csv"))
  var worklist: String?

  @Option(help: ArgumentHelp("A worklist, filled in (repeatable).", valueName: "file.csv"))
  var values: [String] = []

  @Option(
    help: ArgumentHelp(
      "Records read again and held against the source: 1/N (of N or more), all or none (default: 1/1000, from 16 MiB on 1/20000).",
      valueName: "share"))
  var audit: String?

  @Option(help: ArgumentHelp("The first N records.", valueName: "n"))
  var limit: String?

  @Option(help: ArgumentHelp("The records with these ids.", valueName: "id,…"))
  var only: [String] = []

  @Option(help: ArgumentHelp("CSV with source_id,target_id: the target's ids, for update and restore.", valueName: "map.csv"))
  var ids: String?

  @Option(help: ArgumentHelp("Workers (default: one a core).", valueName: "n"))
  var jobs: String?

  @OptionGroup var mappings: MappingFolders

  @Flag(help: "Replace existing files.")
  var force = false

  @OptionGroup var reading: ReadingRules

  @Option(help: ArgumentHelp("Write the accounts of the run, as JSON.", valueName: "file"))
  var report: String?

  @Flag(name: .shortAndLong, help: "No summary.")
  var quiet = false

  @Option(help: ArgumentHelp("A progress line: auto (on a terminal), always or never.", valueName: "when"))
  var progress: String?

  @Option(help: ArgumentHelp("Messages as text, or as JSON, one object a line.", valueName: "form"))
  var diagnostics: String?

  @Flag(help: "Show values of the data in messages in full.")
  var showValues = false

  func execute(_ console: Console) throws(Diagnostic) -> Int32 {
    let values = FlagValues()
    _ = try values.choice("diagnostics", diagnostics, among: ["text", "json"])
    let wish = try values.choice("progress", progress, of: ProgressLine.Wish.self) ?? .auto
    var job = try self.job()
    if report == "-" { throw values.wrong("report", "-", "a file: standard output is for the records") }
    let accounts = try accountsFile()
    job.accountsPath = report
    console.showsValues = showValues
    console.progress = ProgressLine(wish)
    defer { console.progress?.erase() }
    let summary: ConvertSummary
    do throws(Diagnostic) {
      summary = try job.attempt(
        progress: console.progress.map { line in { line.update($0) } }, report: { console.show($0) })
    } catch {
      accounts?.discard()
      throw error
    }
    console.progress?.erase()
    console.showRest(counted: summary.reported)
    if let failure = summary.failure { console.show(failure) }
    if !quiet { console.show(summary, of: job) }
    try accounts?.complete(with: summary.report + "\n")
    if let failure = summary.failure { return ExitStatus.of(failure) }
    if let restored = summary.restored, restored.refused + restored.unplaced > 0 { return ExitStatus.withRejects }
    return summary.records.rejected > 0 ? ExitStatus.withRejects : ExitStatus.done
  }

  private func accountsFile() throws(Diagnostic) -> OutputFile? {
    guard let report else { return nil }
    return try OutputFile(.file(report), force: force)
  }

  /// The flags as a job. Names of systems, fields and options are for the library to judge, which has the mapping files.
  func job() throws(Diagnostic) -> ConvertJob {
    let values = FlagValues()
    var job = ConvertJob(
      inputs: files.isEmpty ? [.standardInput] : files.map { $0 == "-" ? .standardInput : .file($0) },
      from: try values.endpoint("from", from), to: try values.endpoint("to", to))
    if let output, output != "-" { job.output = .file(output) }
    job.showsValues = showValues
    job.shape = try values.choice("shape", shape, of: Shape.self) ?? .list
    for text in set { job.set.append(try values.assignment(text)) }
    for text in options { job.options.append(try values.option(text)) }
    for (flag, file) in [("residue", residue), ("rejects", rejects), ("worklist", worklist)] where file == "-" {
      throw values.wrong(flag, "-", "a file: standard output is for the records")
    }
    if let residue { job.residue = residue == "none" ? .none : .file(residue) }
    job.restore = restore
    job.match = FlagValues.list(match)
    job.onEdit = try values.choice("on-edit", onEdit, of: ConvertJob.OnEdit.self) ?? .keep
    guard onEdit == nil || restore != nil else { throw Convert.onEditNeedsRestore }
    job.rejects = rejects
    if let maxRejects { job.maxRejects = try values.allowance(maxRejects) }
    guard job.maxRejects.isZero || job.rejects != nil else { throw Convert.rejectsNeedAFile(job.maxRejects) }
    job.dryRun = dryRun
    job.worklist = worklist
    job.values = self.values
    if !allowParked.isEmpty {
      let names = FlagValues.list(allowParked)
      guard !names.contains("none") || names.count == 1, !names.isEmpty else {
        throw values.wrong("allow-parked", allowParked.joined(separator: ","), "fields with commas between them, or none")
      }
      job.allowParked = names == ["none"] ? [] : names
    }
    if let audit { job.audit = try values.share("audit", audit) }
    if let limit { job.limit = try values.number("limit", limit, in: 0...Int.max) }
    job.only = FlagValues.list(only)
    if !only.isEmpty, job.only.isEmpty { throw values.wrong("only", only[0], "ids, with commas between them") }
    job.ids = ids
    if let jobs { job.jobs = try values.number("jobs", jobs, in: 1...1024) }
    job.mappings = mappings.all
    job.force = force
    try reading.apply(to: &job)
    return job
  }

  private static let onEditNeedsRestore = Diagnostic(
    .usage, "`--on-edit` needs `--restore FILE`",
    help: "only a record that comes back with its residue line shows what was edited; without one a value that does not convert is parked")

  private static func rejectsNeedAFile(_ allowance: ConvertJob.Allowance) -> Diagnostic {
    Diagnostic(
      .rejectsNeedAFile, "`--max-rejects \(allowance)` needs `--rejects FILE`",
      help: "it says where the records go that the output will not have")
  }
}
