/// A record as the store keeps it: the engine decides what is in `body`.
package struct StoredRecord: Sendable, Equatable {
  package var system: String
  /// Unique within its system. Storing a second record of an id replaces the first.
  package var id: String
  /// The place in the system's own order.
  package var sequence: Int
  package var body: [UInt8]
  /// A record that was deleted is kept, so that its id is not given again.
  package var isDeleted: Bool

  package init(system: String, id: String, sequence: Int, body: [UInt8], isDeleted: Bool = false) {
    self.system = system
    self.id = id
    self.sequence = sequence
    self.body = body
    self.isDeleted = isDeleted
  }
}

/// A write that a request made, for the history: what an outsider holds a migration to.
package struct AppliedWrite: Sendable, Equatable {
  package var system: String
  /// As the system's file names it: `create`.
  package var operation: String
  /// Of the record that was written.
  package var id: String
  package var connection: Int
  /// By the sandbox's clock.
  package var time: String
  package var body: [UInt8]

  package init(system: String, operation: String, id: String, connection: Int, time: String, body: [UInt8]) {
    self.system = system
    self.operation = operation
    self.id = id
    self.connection = connection
    self.time = time
    self.body = body
  }
}
