import ArgumentParser
import Crosswalk

/// `crosswalk systems [NAME]`: what there is, or what one system has.
struct Systems: Command {
  static let configuration = CommandConfiguration(
    abstract: "The systems, or what one of them has: formats, shapes, fields, options, assumed facts.")

  @Argument(help: "A system; all of them without it.")
  var name: String?

  @Option(help: ArgumentHelp("table or json (default: table).", valueName: "form"))
  var format: String?

  @Option(help: ArgumentHelp("A folder with further systems (repeatable; also CROSSWALK_MAPPINGS).", valueName: "dir"))
  var mappings: [String] = []

  func execute(_ console: Console) throws(Diagnostic) -> Int32 {
    let isJSON = try FlagValues().choice("format", format, among: ["table", "json"]) == "json"
    if let name {
      let system = try Systems.system(name, folders: Convert.environmentFolders() + mappings)
      try console.write(isJSON ? SystemText.pageJSON(system) : SystemText.page(system))
    } else {
      let systems = try Systems.all(folders: Convert.environmentFolders() + mappings)
      try console.write(isJSON ? SystemText.listJSON(systems) : SystemText.list(systems))
    }
    return ExitStatus.done
  }

  private static func all(folders: [String]) throws(Diagnostic) -> [System] { [] }

  private static func system(_ name: String, folders: [String]) throws(Diagnostic) -> System {
    throw Diagnostic(.unknownSystem, "there is no system `\(name)`")
  }
}
