import ArgumentParser
import Crosswalk
import CrosswalkSandbox
import CrosswalkTerminal

/// `crosswalk sandbox SYSTEM…`: plays systems until it is told to end.
struct Sandbox: Command {
  static let configuration = CommandConfiguration(
    commandName: "sandbox", abstract: "Plays systems on a port of this machine, from the files that describe them.",
    usage: "crosswalk sandbox <system> ... [<options>]",
    discussion: "Several systems stand on one port under /SYSTEM/…; one alone also under /. The addresses and the token of this run "
      + "are printed when it is ready. A browser finds a page under /__sandbox/page. Ctrl-C ends it.")

  @Argument(help: ArgumentHelp("Which systems to play.", valueName: "system"))
  var systems: [String]

  @Option(help: ArgumentHelp("The port on 127.0.0.1 (default 0: any free one).", valueName: "n"))
  var port: String?

  @Option(help: ArgumentHelp("The first records, in any form that `convert` reads (repeatable).", valueName: "[system=]file"))
  var data: [String] = []

  @Option(help: ArgumentHelp("Who wrote the data (default: the system itself).", valueName: "system[:format]"))
  var from: String?

  @Option(help: ArgumentHelp("Keep records and history in this file, and go on with what it has.", valueName: "file"))
  var store: String?

  @Option(
    help: ArgumentHelp(
      "What is to go wrong, and how often: NAME[/OPERATION][=SHARE][@N],…: at that share of the calls that it can meet, or the Nth alone. "
        + "Names: \(Faults.Name.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "spec"))
  var faults: String?

  @Option(help: ArgumentHelp("The seed of what goes wrong (default 1): the same requests meet the same faults.", valueName: "n"))
  var seed: String?

  @Option(help: ArgumentHelp("real or fast: whether pauses and windows take their time (default real).", valueName: "clock"))
  var clock: String?

  @Option(help: ArgumentHelp("An option of a system, as `systems NAME` lists them (repeatable).", valueName: "system.name=value"))
  var option: [String] = []

  @OptionGroup var mappings: MappingFolders

  @Option(help: ArgumentHelp("text or json: the form of messages (default text).", valueName: "form"))
  var diagnostics: String?

  func execute(_ console: Console) throws(Diagnostic) -> Int32 {
    let values = FlagValues()
    _ = try values.choice("diagnostics", diagnostics, among: ["text", "json"])
    var configuration = SandboxServer.Configuration()
    if let port { configuration.port = try values.number("port", port, in: 0...65535) }
    configuration.clock = try values.choice("clock", clock, of: SandboxServer.Clock.self) ?? .real
    var job = SandboxJob(systems: systems, faults: faults, clock: configuration.clock, mappings: mappings.all)
    if let seed { job.seed = UInt64(try values.number("seed", seed, in: 0...Int.max)) }
    for text in option {
      let choice = try values.option(text)
      job.options.append((choice.system, choice.name, choice.value))
    }
    if let name = systems.indices.first(where: { systems[..<$0].contains(systems[$0]) }).map({ systems[$0] }) {
      throw Diagnostic(.saidTwice, "`\(name)` is named twice", help: "one sandbox plays a system once")
    }
    return try run(job, configuration, console)
  }

  private func run(_ job: SandboxJob, _ configuration: SandboxServer.Configuration, _ console: Console) throws(Diagnostic) -> Int32 {
    let store = try SandboxStore(path: store)
    let service = try job.sandbox(store)
    try SandboxData(data, from: from, job).fill(service, console)
    let server = SandboxServer(service, configuration: configuration) { () throws(Diagnostic) in try store.history() }
    let port = try blocking { () async throws(Diagnostic) in try await server.start() }
    service.listens(at: "http://127.0.0.1:\(port)")
    try console.write(Sandbox.greeting(service.state(), origin: "http://127.0.0.1:\(port)", token: server.token))
    StopSignals.wait()
    try blocking { () async throws(Diagnostic) in await server.stop() }
    try store.close()
    return ExitStatus.done
  }

  /// What a person, or the program that started the sandbox, has to know.
  private static func greeting(_ state: SandboxState, origin: String, token: String) -> String {
    var rows: [(String, String)] = []
    for system in state.systems {
      rows.append((system.name, system.base.hasPrefix("/") ? origin + system.base : system.base))
      for way in system.signIn { rows.append(("", way)) }
    }
    rows.append(("page", origin + "/__sandbox/page"))
    rows.append(("token", "\(token) (X-Sandbox-Token for /__sandbox/history, state, faults, clock and in-use)"))
    let width = rows.map(\.0.count).max() ?? 0
    let lines = rows.map { name, text in "  \(name)\(String(repeating: " ", count: width - name.count))  \(text)" }
    return (["the sandbox is ready at \(origin)"] + lines).joined(separator: "\n") + "\n"
  }
}
