import CrosswalkFormats
import CrosswalkModel
import CrosswalkRoute

/// Takes the records of a run in their order, the rejected ones among them, instead of the run's files.
protocol RecordTaker: AnyObject {
  /// Writes what `take` reads; one a worker.
  /// - writer: what would write the output.
  func writer(for plan: Plan, insteadOf writer: any RecordWriter, of run: Run) -> any RecordWriter

  /// A batch, in the order of the input.
  /// - firstRecord: the number of its first record in the whole input.
  func take(_ result: BatchResult, firstRecord: Int, source: String) throws(Diagnostic)
}
