import ArgumentParser
import Crosswalk
import CrosswalkTerminal

/// `crosswalk explain`: what will become of each field, before anything is read.
struct Explain: Command {
  static let configuration = CommandConfiguration(
    abstract: "What will become of each field on a way between two systems, before any data is read.",
    usage: "crosswalk explain --from SYSTEM[:FORMAT] --to SYSTEM[:FORMAT] [--shape SHAPE] [--return] [flags]",
    discussion:
      "A value is kept (its literal stands in the target), recoded (it is spelt otherwise there) or parked (the "
      + "target has no place for it: it goes to the residue). Below a field stands when it fares otherwise. The JSON has "
      + "`from`, `to`, `shape`, `files`, `fields` (each with its `ways` into the target and its conditions, `when`), "
      + "`everywhere`, `target`, `missing` and `totals`; with --return each field has `returns`.")

  @Option(help: ArgumentHelp("Who wrote the records; `crosswalk systems` lists them.", valueName: "system[:format]"))
  var from: String

  @Option(help: ArgumentHelp("Who shall read them.", valueName: "system[:format]"))
  var to: String

  @Option(help: ArgumentHelp("The target's shape: list, single, create or update (default: list).", valueName: "shape"))
  var shape: String?

  @Flag(name: .customLong("return"), help: "Also the way back: what returns by itself, what only with the residue.")
  var hasReturn = false

  @Option(help: ArgumentHelp("A canonical value where the source has none (repeatable).", valueName: "field=value"))
  var set: [String] = []

  @Option(
    name: .customLong("option"), help: ArgumentHelp("A system's option (repeatable).", valueName: "system.name=value"))
  var options: [String] = []

  @OptionGroup var mappings: MappingFolders

  @Option(help: ArgumentHelp("table, json, markdown, or html: a page to send (default: table).", valueName: "form"))
  var format: String?

  @Option(
    name: [.customShort("o"), .long], help: ArgumentHelp("The file; standard output without it.", valueName: "file"))
  var output: String?

  @Flag(help: "Replace an existing file.")
  var force = false

  func execute(_ console: Console) throws(Diagnostic) -> Int32 {
    let values = FlagValues()
    let form = try values.choice("format", format, of: Explanation.Form.self) ?? .table
    var job = ConvertJob(inputs: [], from: try values.endpoint("from", from), to: try values.endpoint("to", to))
    job.shape = try values.choice("shape", shape, of: Shape.self) ?? .list
    for text in set { job.set.append(try values.assignment(text)) }
    for text in options { job.options.append(try values.option(text)) }
    job.mappings = mappings.all
    let (there, back) = try job.prediction { console.show($0) }
    let explanation = Explanation(there, hasReturn ? ReturnPrediction(there: there, back: back) : nil)
    let text = explanation.text(form)
    if let output, output != "-" {
      try OutputFile(.file(output), force: force).complete(with: text)
    } else {
      try console.write(text)
    }
    return ExitStatus.done
  }
}
