import ArgumentParser
import Crosswalk

/// `crosswalk`: the list of commands. A new one is a file beside this one, a line here and a golden case.
struct Root: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crosswalk",
    abstract: "Translates client records between systems, and loses nothing.",
    discussion: "Exit codes: 0 done; 1 done, with rejects or differences; 2 usage or mapping wrong; 4 input unreadable or malformed; "
      + "5 output refused; 6 too many rejects; 130, 143 interrupted.",
    version: "crosswalk \(version)",
    subcommands: [Convert.self, Explain.self, Diff.self, Why.self, Check.self, Systems.self, Sandbox.self, Help.self])

  static let version = "0.1.0"
}
