import ArgumentParser
import Crosswalk
import CrosswalkTerminal

/// How files are read: the same for a conversion and for whoever asks about it, since they decide which records there are.
struct ReadingRules: ParsableArguments {
  @Option(help: ArgumentHelp("The CSV delimiter: one character, or `tab`.", valueName: "c"))
  var delimiter: String?

  @Option(help: ArgumentHelp("A name twice in a record: reject, first or last (default: reject).", valueName: "rule"))
  var duplicateKeys: String?

  @Option(help: ArgumentHelp("plain, or spreadsheet: formula cells are made harmless (default: plain).", valueName: "profile"))
  var csvProfile: String?

  @Option(help: ArgumentHelp("auto, or libxml2 for everything (default: auto).", valueName: "parser"))
  var xmlParser: String?

  @Option(help: ArgumentHelp("Largest record, in bytes or as 16M (default: 16M).", valueName: "size"))
  var maxRecord: String?

  @Option(help: ArgumentHelp("Largest value (default: 8M).", valueName: "size"))
  var maxField: String?

  @Option(help: ArgumentHelp("Deepest nesting (default: 128).", valueName: "n"))
  var maxDepth: String?

  @Option(help: ArgumentHelp("Most members of a record that no mapping names (default: 10000).", valueName: "n"))
  var maxUnknown: String?

  @Option(help: ArgumentHelp("Most bytes out of a compressed byte, from 64 MiB on (default: 250).", valueName: "n"))
  var maxRatio: String?

  func apply(to job: inout ConvertJob) throws(Diagnostic) {
    let values = FlagValues()
    if let delimiter { job.delimiter = try values.delimiter(delimiter) }
    job.duplicateKeys = try values.choice("duplicate-keys", duplicateKeys, of: ConvertJob.DuplicateKeys.self) ?? .reject
    job.csvProfile = try values.choice("csv-profile", csvProfile, of: ConvertJob.CSVProfile.self) ?? .plain
    job.xmlParser = try values.choice("xml-parser", xmlParser, of: ConvertJob.XMLParser.self) ?? .automatic
    if let maxRecord { job.limits.record = try values.size("max-record", maxRecord, atMost: 64 << 20) }
    if let maxField { job.limits.field = try values.size("max-field", maxField, atMost: 16 << 20 - 1) }
    if let maxDepth { job.limits.depth = try values.number("max-depth", maxDepth, in: 1...1024) }
    if let maxRatio { job.limits.ratio = try values.number("max-ratio", maxRatio, in: 1...1_000_000) }
    if let maxUnknown { job.limits.unknownFields = try values.number("max-unknown", maxUnknown, in: 0...10_000_000) }
  }
}
