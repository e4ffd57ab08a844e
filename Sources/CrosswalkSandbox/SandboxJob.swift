package import CrosswalkMapping
package import CrosswalkModel

/// What a sandbox is asked to be: the values of the command's flags.
package struct SandboxJob: Sendable {
  /// Names of systems, at least one.
  package var systems: [String]
  /// Rules for faults, as the command takes them.
  package var faults: String?
  /// Of everything that is drawn by lot.
  package var seed: UInt64
  package var clock: SandboxServer.Clock
  /// Choices among the systems' options.
  package var options: [(system: String, name: String, value: String)]
  /// Folders with further systems.
  package var mappings: [String]

  package init(
    systems: [String], faults: String? = nil, seed: UInt64 = 1, clock: SandboxServer.Clock = .real,
    options: [(system: String, name: String, value: String)] = [], mappings: [String] = []
  ) {
    self.systems = systems
    self.faults = faults
    self.seed = seed
    self.clock = clock
    self.options = options
    self.mappings = mappings
  }

  /// The sandbox, with what the store has of an earlier run. Throws where a system is not there, has no API, or has no such option.
  package func sandbox(_ store: SandboxStore) throws(Diagnostic) -> Sandbox {
    let library = try MappingLibrary(folders: mappings)
    let canonical = try library.canonical()
    var played: [(system: System, options: [String: String])] = []
    for name in systems {
      let (system, problems) = library.system(name, canonical: canonical, checksAPI: true)
      guard let system else { throw problems.first { $0.disposition != .warning } ?? problems[0] }
      var chosen: [String: String] = [:]
      for option in options where option.system == name { chosen[option.name] = option.value }
      played.append((system, chosen))
    }
    for option in options where !systems.contains(option.system) {
      throw Diagnostic(
        .unknownOption, "`\(option.system).\(option.name)` is an option of a system that is not played",
        help: "played are \(systems.joined(separator: ", "))")
    }
    return try Sandbox(played, store: store, faults: Faults(faults ?? "", seed: seed), seed: seed, isFast: clock == .fast)
  }
}
