import ArgumentParser

/// `crosswalk-live`: the commands that talk to systems. `crosswalk` hands them over, so that it need not link what they do.
struct Root: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crosswalk-live", abstract: "The commands of crosswalk that open connections.",
    subcommands: [Sandbox.self])
}
