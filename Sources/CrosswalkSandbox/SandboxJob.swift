/// What a sandbox is asked to be: the values of the command's flags.
package struct SandboxJob: Sendable {
  /// Names of systems, at least one.
  package var systems: [String]
  /// A file with the first records; `convert` reads its format.
  package var data: String?
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
    systems: [String], data: String? = nil, faults: String? = nil, seed: UInt64 = 1, clock: SandboxServer.Clock = .real,
    options: [(system: String, name: String, value: String)] = [], mappings: [String] = []
  ) {
    self.systems = systems
    self.data = data
    self.faults = faults
    self.seed = seed
    self.clock = clock
    self.options = options
    self.mappings = mappings
  }
}
