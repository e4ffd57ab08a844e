import ArgumentParser
import Crosswalk
import CrosswalkCheck
import CrosswalkTerminal

/// `crosswalk check`: what is wrong with mapping files.
struct Check: Command {
  static let configuration = CommandConfiguration(
    abstract: "Everything that is wrong with mapping files, all at once: their lint, their tests, their laws.",
    usage: "crosswalk check [DIR…] [--seed N] [--cases N] [flags]",
    discussion: """
      DIR is a system's folder (system.yaml, client.yaml) or a folder of such; without one it is every system there is.

      lint   what loading the files finds: unknown names and keys, two fields in one place, transforms that do not fit
      tests  `tests:` of client.yaml: a record and what it means, and what is written of it
      laws   GetPut: a record that went to canonical comes back with its residue as it was. PutGet: what is written is read \
      again as it was, or in a normal form that stays. Decided by the mapping where it only moves values, else by records made \
      from it: every field absent, null, empty, ordinary, long, awkward and wrong, every row of its tables, every fallback, then \
      random ones. The smallest record that breaks a law is shown; the seed makes it again.

      The examples of the transforms run too, with the tables that DIR or --mappings may have replaced.

      Exit code: 0 nothing wrong, or warnings only; 2 errors.
      """)

  @Argument(help: ArgumentHelp("A system's folder, or a folder of systems.", valueName: "dir"))
  var folders: [String] = []

  @Option(help: ArgumentHelp("What random records are made from (default: 1).", valueName: "n"))
  var seed: String?

  @Option(help: ArgumentHelp("Random records for each system (default: 400).", valueName: "n"))
  var cases: String?

  @Option(help: ArgumentHelp("text, or json: one object (default: text).", valueName: "form"))
  var format: String?

  @OptionGroup var mappings: MappingFolders

  func execute(_ console: Console) throws(Diagnostic) -> Int32 {
    let values = FlagValues()
    let isJSON = try values.choice("format", format, among: ["text", "json"]) == "json"
    var job = CheckJob()
    job.folders = folders
    job.mappings = mappings.all
    if let seed { job.seed = UInt64(try values.number("seed", seed, in: 0...Int.max)) }
    if let cases { job.cases = try values.number("cases", cases, in: 0...10_000_000) }
    let report = try job.run()
    if isJSON {
      try console.write(CheckText.json(report, of: job))
    } else {
      // What is shown was made up; nothing of it is anybody's.
      console.showsValues = true
      report.all.forEach(console.show)
      console.showRest()
      try console.write(CheckText.text(report, of: job))
    }
    return report.hasErrors ? ExitStatus.wrongUsage : ExitStatus.done
  }
}
