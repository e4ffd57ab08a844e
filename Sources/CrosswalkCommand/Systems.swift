import ArgumentParser
import Crosswalk
import CrosswalkTerminal

/// `crosswalk systems [NAME]`: what there is, or what one system has.
struct Systems: Command {
  static let configuration = CommandConfiguration(
    abstract: "The systems, or what one of them has: formats, shapes, fields, options, assumed facts.")

  @Argument(help: "A system; all of them without it.")
  var name: String?

  @Option(help: ArgumentHelp("table or json (default: table).", valueName: "form"))
  var format: String?

  @OptionGroup var mappings: MappingFolders

  func execute(_ console: Console) throws(Diagnostic) -> Int32 {
    let isJSON = try FlagValues().choice("format", format, among: ["table", "json"]) == "json"
    let library = try MappingLibrary(folders: mappings.all)
    let canonical = try library.canonical()
    var systems: [System] = []
    var isWrong = false
    for name in name.map({ [$0] }) ?? library.names {
      let (system, problems) = library.system(name, canonical: canonical)
      problems.forEach(console.show)
      if let system { systems.append(system) } else { isWrong = true }
    }
    console.showRest()
    if name == nil {
      try console.write(isJSON ? SystemText.listJSON(systems) : SystemText.list(systems))
    } else if let system = systems.first {
      let (api, problems) = system.api.map { APILoader.load($0, of: system) } ?? (nil, [])
      problems.forEach(console.show)
      console.showRest()
      if system.api != nil, api == nil { isWrong = true }
      try console.write(isJSON ? SystemText.pageJSON(system, api: api) : SystemText.page(system, api: api))
    }
    return isWrong ? ExitStatus.wrongUsage : ExitStatus.done
  }
}
