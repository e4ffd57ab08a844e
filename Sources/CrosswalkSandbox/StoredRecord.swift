/// A state of a record as the store keeps it: the engine decides what is in `body`.
package struct StoredRecord: Sendable, Equatable {
  package var system: String
  /// Unique within its system: of several states the last one holds.
  package var id: String
  /// The place in the system's own order.
  package var sequence: Int
  package var body: [UInt8]
  /// A record that was deleted is kept, so that its id is not given again.
  package var isDeleted: Bool
  /// Nil for what was there before the first request.
  package var write: AppliedWrite?

  package init(
    system: String, id: String, sequence: Int, body: [UInt8], isDeleted: Bool = false, write: AppliedWrite? = nil
  ) {
    self.system = system
    self.id = id
    self.sequence = sequence
    self.body = body
    self.isDeleted = isDeleted
    self.write = write
  }
}

/// The request that made a record what it is, for the history: what an outsider holds a migration to.
package struct AppliedWrite: Sendable, Equatable {
  /// As the system's file names it: `create`.
  package var operation: String
  package var connection: Int
  /// By the sandbox's clock.
  package var time: String

  package init(operation: String, connection: Int, time: String) {
    self.operation = operation
    self.connection = connection
    self.time = time
  }
}
