package import ArgumentParser
import Glibc

/// Folders with systems beside the built-in ones, for every command.
package struct MappingFolders: ParsableArguments {
  package init() {}

  @Option(help: ArgumentHelp("A folder with further systems (repeatable; also CROSSWALK_MAPPINGS).", valueName: "dir"))
  package var mappings: [String] = []

  /// Those of `CROSSWALK_MAPPINGS`, with colons between them, then those of the flags, which win.
  package var all: [String] {
    guard let value = getenv("CROSSWALK_MAPPINGS") else { return mappings }
    return String(cString: value).split(separator: ":").map(String.init) + mappings
  }
}
