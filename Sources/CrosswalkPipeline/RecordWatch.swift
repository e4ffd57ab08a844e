import CrosswalkFiles
import CrosswalkFormats
package import CrosswalkModel
package import CrosswalkRoute

/// Is shown the records of a run one by one, each while it stands in its plan's registers; for answers about single records.
package protocol RecordWatch: AnyObject {
  /// A record that the run writes. False ends the run.
  func see(_ record: WatchedRecord) -> Bool
  /// One that it rejects; `number` counts all that were read.
  func see(rejected number: Int, because problem: Diagnostic) -> Bool
}

/// A record that was read, mapped and can be written. Holds until `see` returns.
package struct WatchedRecord {
  /// Its frame has the values.
  package let plan: Plan
  package let settings: PlanSettings
  /// As messages call its input.
  package let source: String
  /// Among all records read, and among those written, from 0.
  package let number: Int
  package let written: Int
  /// Where the frame's chunk begins in the input (its content, where that is compressed).
  package let chunk: Int

  package var bytes: Range<Int> { (chunk + plan.frame.start)..<(chunk + max(plan.frame.start, plan.frame.end)) }
}

extension ConvertJob {
  /// Reads, maps and rejects as `run` does, in the order of the input, and writes nothing. Memory does not grow with the input.
  ///
  /// - `report` gets what is to be said of the input as a whole.
  package func watch(_ watch: any RecordWatch, report: ((Diagnostic) -> Void)? = nil) throws(Diagnostic) -> ConvertSummary? {
    var job = self
    job.jobs = 1
    job.audit = .none
    job.maxRejects = .count(.max)
    job.residue = .none
    let consumer = Consumer()
    let taker = WatchTaker(watch)
    consumer.taker = taker
    do throws(Diagnostic) {
      let summary = try job.attempt(for: consumer, nil) { diagnostic in
        if diagnostic.place?.record == nil, diagnostic.code != .parkedNowhere { report?(diagnostic) }
      }
      if let failure = summary.failure { throw failure }
      return summary
    } catch {
      guard taker.isDone else { throw error }
      return nil
    }
  }
}

/// Ends the run when the watch has seen enough.
private final class WatchTaker: RecordTaker {
  private let watch: any RecordWatch
  private(set) var isDone = false

  init(_ watch: any RecordWatch) { self.watch = watch }

  func writer(for plan: Plan, insteadOf writer: any RecordWriter, of run: Run) -> any RecordWriter {
    WatchWriter(plan: plan, writer: writer, run: run) { [self] record in
      if !isDone, !watch.see(record) { isDone = true }
    }
  }

  func take(_ result: BatchResult, firstRecord: Int, source: String) throws(Diagnostic) {
    for reject in result.rejects where !isDone {
      let head = Array("{\"source\":\(JSONLine.quoted(source)),\"record\":\(firstRecord + reject.record)".utf8)
      let line = head + result.side.bytes[reject.start..<(reject.start + reject.length)]
      if !watch.see(rejected: firstRecord + reject.record, because: DiffRun.diagnostic(line)) { isDone = true }
    }
    if isDone { throw Diagnostic(.closedOutput, "enough was seen") }
  }
}

/// Shows each record that the output's own writer can write.
final class WatchWriter: RecordWriter {
  let opening: [UInt8] = []
  let separator: [UInt8] = []
  let closing: [UInt8] = []
  let empty: [UInt8] = []

  private let plan: Plan
  private let writer: any RecordWriter
  private unowned let run: Run
  private let show: (WatchedRecord) -> Void
  private var scratch = OutputBuffer()
  weak var worker: BatchWorker?

  init(plan: Plan, writer: any RecordWriter, run: Run, show: @escaping (WatchedRecord) -> Void) {
    self.plan = plan
    self.writer = writer
    self.run = run
    self.show = show
    if let columns = writer as? CSVRecordWriter { plan.acceptsExtra = { [unowned columns] in columns.accepts($0) } }
  }

  func write(_ frame: Frame, extras: [OutputExtra], into out: inout OutputBuffer) throws(FormatError) {
    scratch.removeAll()
    try writer.write(frame, extras: extras, into: &scratch)
    guard let worker else { return }
    // There is one worker, and its batch is taken before the next one begins.
    show(
      WatchedRecord(
        plan: plan, settings: run.settings, source: worker.rules.source, number: run.recordsSeen + worker.result.seen - 1,
        written: run.summary.records.written + worker.result.written, chunk: run.stream?.offset ?? 0))
  }
}
