public import CrosswalkModel

extension ConvertJob {
  /// Converts, and returns when every file stands complete under its name.
  ///
  /// - `progress` is called after each accepted batch, from one thread at a time.
  /// - `report` gets warnings and rejects as they are found, in input order: the first few of each code with their text;
  ///   `ConvertSummary.reported` has the counts.
  /// - Throws what ended the run; no output file exists then under its own name. Too many rejects are not thrown: the
  ///   summary, whose figures somebody wants to see, has them as `failure`.
  public func run(
    progress: ((ConvertProgress) -> Void)? = nil, report: ((Diagnostic) -> Void)? = nil
  ) throws(Diagnostic) -> ConvertSummary {
    throw Diagnostic(.usage, "not built yet")
  }
}
