import ArgumentParser
import Crosswalk
import CrosswalkWhy
import CrosswalkTerminal

/// `crosswalk why`: where the values of a record of an output came from.
struct Why: Command {
  static let configuration = CommandConfiguration(
    abstract: "Where one value of an output came from: source bytes, mapping lines, and each step with its value.",
    usage: "crosswalk why OUTPUT --record N [--field FIELD] --input FILE --from SYSTEM[:FORMAT] --to SYSTEM[:FORMAT] [flags]",
    discussion: """
      The input is converted again, as far as the record that was written as the output's N-th; records that were rejected \
      before it are counted. So name the files and the flags that the output was made with. Numbers of records count from 0: N \
      is the `at` of a residue line. Bytes count from 0 too, in a compressed file those of its content; lines count from 1.

      `input` shows the record, `read` its values that took part, with what their field's transforms made of them, `write` \
      the leg of `is:` and `or:` that was taken and the transforms of the target's field, `written` the result, and `output` \
      what stands there now. A step that left the value as it was is `unchanged`, one that does not take it `refused`. \
      Without --field each field of the record has one line; a `*` marks those that were edited.

      Exit code: 0 the value is as it was written, 1 it was edited since, 2 usage, 4 a file cannot be read.
      """)

  @Argument(help: ArgumentHelp("What `convert` wrote, or `-`.", valueName: "output"))
  var output: String

  @Option(help: ArgumentHelp("The number of the record in the output, from 0.", valueName: "n"))
  var record: String

  @Option(help: ArgumentHelp("A field of the target, such as address.city (default: all, a line each).", valueName: "field"))
  var field: String?

  @Option(help: ArgumentHelp("What the output was made of, or `-` (repeatable, in the order of `convert`).", valueName: "file"))
  var input: [String]

  @Option(help: ArgumentHelp("Who wrote the input; `crosswalk systems` lists them.", valueName: "system[:format]"))
  var from: String

  @Option(help: ArgumentHelp("Whose the output is.", valueName: "system[:format]"))
  var to: String

  @Option(help: ArgumentHelp("The output's: list, single, create or update (default: list).", valueName: "shape"))
  var shape: String?

  @Option(help: ArgumentHelp("A canonical value where the source has none (repeatable).", valueName: "field=value"))
  var set: [String] = []

  @Option(
    name: .customLong("option"), help: ArgumentHelp("A system's option (repeatable).", valueName: "system.name=value"))
  var options: [String] = []

  @Option(help: ArgumentHelp("The residue that was brought back.", valueName: "file"))
  var restore: String?

  @Option(help: ArgumentHelp("Fields by which its lines found their records.", valueName: "field,…"))
  var match: [String] = []

  @Option(help: ArgumentHelp("What became of an edit that could not come back: keep or reject (default: keep).", valueName: "rule"))
  var onEdit: String?

  @Flag(help: "The residue was taken though other mappings or options wrote it.")
  var force = false

  @Option(help: ArgumentHelp("A worklist that was filled in (repeatable).", valueName: "file.csv"))
  var values: [String] = []

  @Option(help: ArgumentHelp("The ids that were asked for.", valueName: "id,…"))
  var only: [String] = []

  @Option(help: ArgumentHelp("The map of ids of an update.", valueName: "map.csv"))
  var ids: String?

  @OptionGroup var mappings: MappingFolders

  @OptionGroup var reading: ReadingRules

  @Option(help: ArgumentHelp("text, or json: one object (default: text).", valueName: "form"))
  var format: String?

  @Flag(help: "Show values in full. Secrets are never shown.")
  var showValues = false

  func execute(_ console: Console) throws(Diagnostic) -> Int32 {
    let values = FlagValues()
    let isJSON = try values.choice("format", format, among: ["text", "json"]) == "json"
    let answer = try job().run { console.show($0) }
    let text = WhyText(showsValues: showValues)
    try console.write(isJSON ? text.json(answer, isWhole: field == nil) + "\n" : text.text(answer, isWhole: field == nil))
    return answer.isAsWritten ? ExitStatus.done : ExitStatus.withRejects
  }

  /// The flags as a job. Names of systems and fields are for the library to judge, which has the mapping files.
  private func job() throws(Diagnostic) -> WhyJob {
    let values = FlagValues()
    var conversion = ConvertJob(
      inputs: input.map(ConvertJob.Input.init(stringLiteral:)), from: try values.endpoint("from", from),
      to: try values.endpoint("to", to))
    conversion.shape = try values.choice("shape", shape, of: Shape.self) ?? .list
    for text in set { conversion.set.append(try values.assignment(text)) }
    for text in options { conversion.options.append(try values.option(text)) }
    conversion.restore = restore
    conversion.match = FlagValues.list(match)
    conversion.onEdit = try values.choice("on-edit", onEdit, of: ConvertJob.OnEdit.self) ?? .keep
    conversion.force = force
    conversion.values = self.values
    conversion.only = FlagValues.list(only)
    conversion.ids = ids
    conversion.mappings = mappings.all
    try reading.apply(to: &conversion)
    return WhyJob(
      ConvertJob.Input(stringLiteral: output), record: try values.number("record", record, in: 0...Int.max), field: field,
      conversion: conversion)
  }
}
