/// What the page shows of a sandbox at one moment.
package struct SandboxState: Sendable {
  /// One system that is played.
  package struct Played: Sendable {
    package var name: String
    package var title: String
    /// What the addresses of calls begin with: `/acme` on the server's own port, or a whole address.
    package var base: String
    /// Sentences on how to sign in, with credentials that the sandbox takes.
    package var signIn: [String]
    package var options: [(name: String, value: String, choices: [String], why: String)]
    /// The columns of `records`, in their order.
    package var fields: [String]
    /// The records that are shown, each by `fields`; a field that a record lacks is missing in it.
    package var records: [[String: String]]
    /// How many records there are, shown or not.
    package var count: Int

    package init(
      name: String, title: String, base: String, signIn: [String] = [],
      options: [(name: String, value: String, choices: [String], why: String)] = [], fields: [String] = [],
      records: [[String: String]] = [], count: Int = 0
    ) {
      self.name = name
      self.title = title
      self.base = base
      self.signIn = signIn
      self.options = options
      self.fields = fields
      self.records = records
      self.count = count
    }
  }

  /// One request and its reply, as text, with secrets replaced.
  package struct Exchange: Sendable {
    package var number: Int
    package var time: String
    package var connection: Int
    package var method: String
    package var target: String
    package var status: Int
    package var request: String
    package var reply: String
    /// The fault that fired, by its rule.
    package var fault: String?

    package init(
      number: Int, time: String, connection: Int, method: String, target: String, status: Int, request: String, reply: String,
      fault: String? = nil
    ) {
      self.number = number
      self.time = time
      self.connection = connection
      self.method = method
      self.target = target
      self.status = status
      self.request = request
      self.reply = reply
      self.fault = fault
    }
  }

  package var systems: [Played]
  /// The last ones, in the order in which they came.
  package var exchanges: [Exchange]
  package var faults: [(rule: String, fired: Int)]

  package init(systems: [Played], exchanges: [Exchange] = [], faults: [(rule: String, fired: Int)] = []) {
    self.systems = systems
    self.exchanges = exchanges
    self.faults = faults
  }
}
