public import CrosswalkFiles
public import CrosswalkModel
import Glibc

/// Clients one by one, for a program that asks for the next itself; `Clients.read` is for one that wants to be given them.
///
/// ```swift
/// let reader = ClientReader("clients.json", from: "acme")
/// while let client = try reader.next() {
///   print(client.name ?? "")
/// }
/// ```
///
/// The run works on a thread of its own and is at most two batches (a few MiB) ahead; it begins with the first `next`. A reader
/// that is let go before its end stops it. Used by one thread at a time.
public final class ClientReader {
  private let job: ConvertJob
  private var handover: ClientHandover?
  private var batch: [UInt8] = []
  private var position = 0
  private var names: ClientNames?
  private var isOver = false
  /// What the whole reading did; nil before `next` gave nil.
  public private(set) var summary: ConvertSummary?
  /// Warnings and rejected records, in input order: the first few of each code. Empty before `next` gave nil or threw.
  public private(set) var problems: [Diagnostic] = []

  /// Opens nothing yet: what is wrong with names and files is thrown by the first `next`.
  public convenience init(_ inputs: ConvertJob.Input..., from: ConvertJob.Endpoint) {
    self.init(ConvertJob(inputs: inputs, from: from, to: ConvertJob.Endpoint(Clients.system)))
  }

  /// With all settings of a job; those that `ConvertJob.readClients` does not use are not used.
  public init(_ job: ConvertJob) { self.job = job }

  deinit { handover?.cancel() }

  /// The next client, or nil behind the last one. After an error there are no more.
  public func next() throws(Diagnostic) -> Client? {
    guard !isOver else { return nil }
    if handover == nil { handover = try start() }
    guard let handover else { return nil }
    while true {
      if let names {
        let client = batch.withUnsafeBytes { ClientWriter.next(in: $0, at: &position, names: names) }
        if let client { return client }
      }
      position = 0
      batch = []
      guard let next = handover.take() else { break }
      batch = next
      if names == nil { names = handover.names }
    }
    isOver = true
    problems = handover.problems
    summary = try handover.outcome.get()
    return nil
  }

  private func start() throws(Diagnostic) -> ClientHandover {
    let handover = ClientHandover(job)
    var thread = pthread_t()
    let context = Unmanaged.passRetained(handover)
    let result = pthread_create(&thread, nil, readClients, context.toOpaque())
    guard result == 0 else {
      context.release()
      isOver = true
      throw Diagnostic(.unreadableInput, "no thread to read with: \(systemError(result))")
    }
    pthread_detach(thread)
    return handover
  }
}

/// A function of the file: a closure formed elsewhere could belong to an actor, and would trap on this thread.
private func readClients(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let context else { return nil }
  Unmanaged<ClientHandover>.fromOpaque(context).takeRetainedValue().produce()
  return nil
}

/// Between the thread that reads and the one that asks: room for one batch. Everything that both touch stands under the lock.
private final class ClientHandover: @unchecked Sendable {
  private let job: ConvertJob
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private var waiting: [UInt8]?
  private var isCancelled = false
  private var end: Result<ConvertSummary, Diagnostic>?
  private var reported: [Diagnostic] = []
  private var fieldNames: ClientNames?

  private struct Cancelled: Error {}

  init(_ job: ConvertJob) {
    self.job = job
    lock = .allocate(capacity: 1)
    changed = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(lock)
    changed.deallocate()
    lock.deallocate()
  }

  private func locked<Result>(_ body: () throws -> Result) rethrows -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return try body()
  }

  // MARK: - The reading thread

  func produce() {
    let consumer = Consumer(wantsClients: true)
    consumer.take = { [unowned consumer] bytes in
      let batch = [UInt8](bytes)
      try self.locked {
        self.fieldNames = consumer.names
        while self.waiting != nil, !self.isCancelled { pthread_cond_wait(self.changed, self.lock) }
        if self.isCancelled { throw Cancelled() }
        self.waiting = batch
        pthread_cond_broadcast(self.changed)
      }
    }
    var result: Result<ConvertSummary, Diagnostic>
    do {
      result = .success(
        try consumer.run(job.asReader, nil) { problem in self.locked { self.reported.append(problem) } })
    } catch let error as Diagnostic {
      result = .failure(error)
    } catch {
      // `Cancelled`: nobody is there to read it.
      result = .success(ConvertSummary(from: job.from, to: job.to))
    }
    consumer.take = nil
    locked {
      end = result
      pthread_cond_broadcast(changed)
    }
  }

  // MARK: - The asking thread

  /// nil when there will be no more.
  func take() -> [UInt8]? {
    locked {
      while waiting == nil, end == nil { pthread_cond_wait(changed, lock) }
      defer {
        waiting = nil
        pthread_cond_broadcast(changed)
      }
      return waiting
    }
  }

  func cancel() {
    locked {
      isCancelled = true
      pthread_cond_broadcast(changed)
    }
  }

  var names: ClientNames? { locked { fieldNames } }
  var problems: [Diagnostic] { locked { reported } }
  var outcome: Result<ConvertSummary, Diagnostic> {
    locked { end ?? .success(ConvertSummary(from: job.from, to: job.to)) }
  }
}
