public import CrosswalkModel

/// Reading client records of any system as typed values, one after the other, in memory that does not grow with the input.
///
/// ```swift
/// try Clients.read("clients.json", from: "acme") { client in
///   print(client.name ?? "", client.phone.main ?? "", client.company.size ?? 0)
/// }
/// ```
///
/// `ConvertJob.readClients` has all settings; `ClientReader` is for programs that ask for the next record themselves.
public enum Clients {
  /// Gives each client of the inputs to `body`, in their order, on the calling thread.
  ///
  /// - What `body` throws ends the reading and is thrown on. Otherwise what is thrown is a `Diagnostic`: a name that is wrong, an
  ///   input that cannot be read, a record that is malformed. Records before it have been given by then.
  @discardableResult
  public static func read(
    _ inputs: ConvertJob.Input..., from: ConvertJob.Endpoint, _ body: (Client) throws -> Void
  ) throws -> ConvertSummary {
    try ConvertJob(inputs: inputs, from: from, to: ConvertJob.Endpoint(Clients.system)).readClients(body)
  }

  static let system = "canonical"
}

extension ConvertJob {
  /// Gives each client of the inputs to `body`, in their order, on the calling thread: `Clients.read` with all settings of a
  /// job. `to`, `output`, `shape` and `residue` are not used; `set`, `limit`, `only`, `rejects`, `maxRejects`, `mappings` and
  /// the others mean what they mean to `run`.
  ///
  /// - `report` gets warnings and rejects as they are found: `run` says which.
  /// - What `body` throws ends the reading and is thrown on. Otherwise what is thrown is a `Diagnostic`.
  @discardableResult
  public func readClients(
    progress: ((ConvertProgress) -> Void)? = nil, report: ((Diagnostic) -> Void)? = nil,
    _ body: (Client) throws -> Void
  ) throws -> ConvertSummary {
    try withoutActuallyEscaping(body) { body in
      let consumer = Consumer(wantsClients: true)
      defer { consumer.take = nil }
      consumer.take = { [unowned consumer] bytes in
        guard let names = consumer.names else { return }
        try ClientWriter.forEach(in: bytes, names: names, body)
      }
      return try consumer.run(asReader, progress, report)
    }
  }

  /// The job as one that hands out canonical records.
  var asReader: ConvertJob {
    var job = self
    job.to = Endpoint(Clients.system, format: .json)
    job.shape = .list
    job.residue = .none
    job.dryRun = false
    return job
  }
}
