import ArgumentParser
import Glibc

/// Folders with systems beside the built-in ones, for every command.
struct MappingFolders: ParsableArguments {
  @Option(help: ArgumentHelp("A folder with further systems (repeatable; also CROSSWALK_MAPPINGS).", valueName: "dir"))
  var mappings: [String] = []

  /// Those of `CROSSWALK_MAPPINGS`, with colons between them, then those of the flags, which win.
  var all: [String] {
    guard let value = getenv("CROSSWALK_MAPPINGS") else { return mappings }
    return String(cString: value).split(separator: ":").map(String.init) + mappings
  }
}
