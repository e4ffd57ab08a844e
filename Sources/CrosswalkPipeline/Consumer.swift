import CrosswalkFiles
import CrosswalkModel

/// A program that takes a run's output: carries what it throws through the run and out again. Used by one thread.
final class Consumer {
  /// The output is what `ClientWriter` writes.
  let wantsClients: Bool
  /// Set by the run that hands out clients, before the first of them.
  var names: ClientNames?
  /// Takes the records batch by batch, with the rejected ones among them; nothing is written then.
  var taker: (any RecordTaker)?
  /// nil once the caller's closure is no longer to be called.
  var take: ((UnsafeRawBufferPointer) throws -> Void)?
  private var failure: (any Error)?

  init(wantsClients: Bool = false) { self.wantsClients = wantsClients }

  var output: OutputFile {
    OutputFile(handingTo: { [self] bytes throws(Diagnostic) in
      do {
        try take?(bytes)
      } catch {
        failure = error
        throw Consumer.stopped
      }
    })
  }

  func run(
    _ job: ConvertJob, _ progress: ((ConvertProgress) -> Void)?, _ report: ((Diagnostic) -> Void)?
  ) throws -> ConvertSummary {
    var firstReject: Diagnostic?
    do {
      let summary = try job.attempt(for: self, progress) { diagnostic in
        if firstReject == nil, diagnostic.disposition == .reject { firstReject = diagnostic }
        report?(diagnostic)
      }
      if let failure = summary.failure { throw failure.caused(by: firstReject) }
      return summary
    } catch {
      throw failure ?? error
    }
  }

  private static let stopped = Diagnostic(.closedOutput, "the program that takes the output stopped the run")
}

extension Diagnostic {
  /// Too many rejects, with the first of them.
  func caused(by reject: Diagnostic?) -> Diagnostic {
    guard let reject, code == .rejectLimit else { return self }
    var diagnostic = self
    diagnostic.title += "; the first: \(reject.title)"
    diagnostic.place = reject.place
    diagnostic.labels = reject.labels
    return diagnostic
  }
}
