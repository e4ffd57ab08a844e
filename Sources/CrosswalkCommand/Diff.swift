import ArgumentParser
import Crosswalk
import CrosswalkTerminal

/// `crosswalk diff`: two files, record by record.
struct Diff: Command {
  static let configuration = CommandConfiguration(
    abstract: "Compares two files record by record, each in its own system and format, through their mappings.",
    usage: "crosswalk diff FIRST SECOND --from SYSTEM[:FORMAT] --to SYSTEM[:FORMAT] [--by FIELD,…] [flags]",
    discussion: """
      The marks; the second file is the target, which the first one would be made into:
      =  the same in both (counted; listed with --all)
      +  only in the first file
      -  only in the second file
      *  in both and different; its fields follow, the first file's value before the second's
      !  unreadable: the record is malformed, or its mapping refuses it; nothing is matched with it

      Records are matched by their ids, or by the fields of --by: canonical names, or a system's own. Of records with one \
      key the first is matched with the first. The first file's records come in its order, then what only the second has.

      Between two systems, each record is translated as `convert` would and compared with the second file's, in the fields \
      that both systems have. Two values are the same when writing either as the other's system does gives the other; absent, \
      null and empty text are the same nothing. What the other system has no place for is counted in the summary, \
      by its fields. Within one system all fields and unknown members are compared as they stand. \
      Values count by their characters, not by their kind (5 is "5"), and as `compare:` of the mapping says.

      Exit code: 0 all the same, 1 differences, 2 usage, 4 a file cannot be read.
      """)

  @Argument(help: ArgumentHelp("The first file, or `-`.", valueName: "first"))
  var first: String

  @Argument(help: ArgumentHelp("The second file, or `-`: one of the two may be standard input.", valueName: "second"))
  var second: String

  @Option(help: ArgumentHelp("Who wrote the first; `crosswalk systems` lists them.", valueName: "system[:format]"))
  var from: String

  @Option(help: ArgumentHelp("Who wrote the second.", valueName: "system[:format]"))
  var to: String

  @Option(help: ArgumentHelp("Fields that records are matched by (default: their ids).", valueName: "field,…"))
  var by: [String] = []

  @Flag(help: "List what is the same too, and the fields that only one of the systems has.")
  var all = false

  @Option(help: ArgumentHelp("text, or json: an object a line, the summary last (default: text).", valueName: "form"))
  var format: String?

  @Option(
    name: [.customShort("o"), .long], help: ArgumentHelp("The file; standard output without it.", valueName: "file"))
  var output: String?

  @Flag(help: "Replace an existing file.")
  var force = false

  @Option(
    name: .customLong("option"), help: ArgumentHelp("A system's option (repeatable).", valueName: "system.name=value"))
  var options: [String] = []

  @Option(help: ArgumentHelp("The first N records of each file.", valueName: "n"))
  var limit: String?

  @Option(help: ArgumentHelp("Workers (default: one a core).", valueName: "n"))
  var jobs: String?

  @OptionGroup var mappings: MappingFolders

  @Option(help: ArgumentHelp("The CSV delimiter: one character, or `tab`.", valueName: "c"))
  var delimiter: String?

  @Flag(name: .shortAndLong, help: "No summary.")
  var quiet = false

  @Flag(help: "Show differing values in full. Secrets are never shown.")
  var showValues = false

  func execute(_ console: Console) throws(Diagnostic) -> Int32 {
    let values = FlagValues()
    let isJSON = try values.choice("format", format, among: ["text", "json"]) == "json"
    let job = try self.job()
    let file = try OutputFile(output.flatMap { $0 == "-" ? nil : .file($0) } ?? .standardOutput, force: force)
    try job.check([file])
    let text = DiffText(showsValues: showValues)
    var pending = ""
    let summary: DiffSummary
    do {
      summary = try job.run(report: { console.show($0) }) { difference in
        pending += (isJSON ? text.json(difference) : text.text(difference)) + "\n"
        if pending.utf8.count > 64 << 10 {
          try file.write(Array(pending.utf8))
          pending = ""
        }
      }
      if isJSON { pending += text.json(summary) + "\n" }
      try file.write(Array(pending.utf8))
      try file.finish()
      try file.publish()
    } catch let error as Diagnostic {
      // What was found until then is worth seeing, where it is seen at once.
      if file.isStandardOutput, error.code != .closedOutput { try file.write(Array(pending.utf8)) }
      file.discard()
      throw error
    } catch {
      file.discard()
      throw Diagnostic(.unwritableOutput, "\(error)")
    }
    if !quiet { console.show(text.summary(summary, of: job)) }
    return summary.isSame ? ExitStatus.done : ExitStatus.withRejects
  }

  /// The flags as a job. Names of systems and fields are for the library to judge, which has the mapping files.
  private func job() throws(Diagnostic) -> DiffJob {
    let values = FlagValues()
    var job = DiffJob(
      ConvertJob.Input(stringLiteral: first), from: try values.endpoint("from", from), ConvertJob.Input(stringLiteral: second),
      to: try values.endpoint("to", to))
    job.by = FlagValues.list(by)
    if !by.isEmpty, job.by.isEmpty { throw values.wrong("by", by[0], "fields, with commas between them") }
    job.all = all
    for text in options { job.options.append(try values.option(text)) }
    if let limit { job.limit = try values.number("limit", limit, in: 0...Int.max) }
    if let jobs { job.jobs = try values.number("jobs", jobs, in: 1...1024) }
    job.mappings = mappings.all
    if let delimiter { job.delimiter = try values.delimiter(delimiter) }
    return job
  }
}
