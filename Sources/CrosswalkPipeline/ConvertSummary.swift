public import CrosswalkModel

/// What a run did. The report and the lines on stderr are made of it.
public struct ConvertSummary: Sendable {
  /// With the formats that were used; several input formats are not told apart.
  public var from: ConvertJob.Endpoint
  public var to: ConvertJob.Endpoint
  public var records = Records()
  /// What became of the values.
  public var values = Values()
  /// The same by field of the source, as the mapping or the document spells it; `*` are those beyond the first 10,000 names.
  public var fields: [String: Field] = [:]
  /// Values of the source that stand nowhere in the output, by reason.
  public var parked: [ParkedReason: Int] = [:]
  public var parkedFields: [String: Int] { fields.compactMapValues { $0.parked > 0 ? $0.parked : nil } }
  /// From which field to which, how often. In canonical's `native` stands what it has no field for.
  public var edges: [Edge] = []
  /// Fields of the target that nothing of the source fed, by `--set`, a default or a constant.
  public var supplied: [String: Int] = [:]
  /// Values that stand around the records and that no template of the system names, by path: they belong to no record, are written
  /// to the residue once and counted in no fate (SEMANTICS S2).
  public var documentUnknown: [String: Int] = [:]
  /// The file with the parked values; nil when none was written.
  public var residue: String?
  /// What came back from the residue; nil when none was named.
  public var restored: Restored?
  /// The file with the rejected records; nil when none was written.
  public var rejects: String?
  /// The values that a person has to decide about; nil when no worklist was asked for.
  public var worklist: Worklist?
  /// Values that did not convert and that a filled worklist had another text for.
  public var replaced = 0
  /// Messages of replies that acknowledge something and hold no record, in the order in which they were read.
  public var acknowledgements: [String] = []
  /// A page said that another one follows: the input is not all there is.
  public var morePagesFollow = false
  /// Records of which the written bytes were read again and agreed with the source.
  public var audited = 0
  /// Warnings and rejects that were reported, by code, also those whose text was not built.
  public var reported: [Code: Int] = [:]
  /// Of all inputs.
  public var bytesRead = 0
  /// From the call to the last file's name, by a clock that only goes forward.
  public var seconds = 0.0
  /// The books agree with each other and with the mapping files (SEMANTICS S4).
  public var isBalanced = true
  /// Set when the run came to its end but its output was refused: too many rejects, accounts that do not balance. Nothing but the
  /// rejects file was written.
  /// Only `ConvertJob.attempt` gives such a summary; `run` throws it.
  public var failure: Diagnostic?

  public init(from: ConvertJob.Endpoint, to: ConvertJob.Endpoint) {
    self.from = from
    self.to = to
  }

  public struct Restored: Sendable, Equatable {
    public var file = ""
    /// Records that a residue line was found for.
    public var records = 0
    /// Of their values, those that came back.
    public var values = 0
    /// Records without a line: new ones, or such that nothing of was parked.
    public var added = 0
    /// Lines whose record is not there any more.
    public var removed = 0
    /// Lines of which nobody knows where they belong.
    public var unplaced = 0
    /// Edits that the target cannot hold.
    public var refused = 0
    /// Edits in texts of several values.
    public var merged = 0
    /// Derived values that edits have made wrong.
    public var stale = 0
    /// Records found by their place in the file, by the values of `match`.
    public var byOrder = 0
    public var byMatch = 0
    /// Keys that several records or lines have.
    public var repeated = 0

    public init() {}
  }

  public struct Worklist: Sendable, Equatable {
    public var file: String
    /// Rows: distinct values, and fields that are missing.
    public var values: Int
    /// Values that the rows do not hold, since there are too many different ones.
    public var beyond: Int
    /// Records that were rejected for what is no field's value.
    public var otherRejects: Int
  }

  /// Leaves (SEMANTICS S1) by fate: `read` is the sum of the next four.
  public struct Values: Sendable, Equatable {
    public var read = 0
    /// Stand in the output as they were.
    public var kept = 0
    /// Contributed to the output through a transform.
    public var recoded = 0
    public var parked = 0
    public var rejected = 0
    /// In the output: `supplied` and `restored` ones among them.
    public var written = 0
    public var supplied = 0
    /// Came back out of `native` or a residue.
    public var restored = 0
    /// Of the kept and recoded ones those that the way back does not give again, or not as they were, so that the residue holds
    /// their originals. Known where a residue is written.
    public var onlyWithResidue = 0

    public init() {}
  }

  public struct Field: Sendable, Equatable {
    public var read = 0
    public var kept = 0
    public var recoded = 0
    public var parked = 0
    public var rejected = 0

    public init() {}

    mutating func add(_ other: Field) {
      read += other.read
      kept += other.kept
      recoded += other.recoded
      parked += other.parked
      rejected += other.rejected
    }
  }

  public struct Edge: Sendable, Equatable {
    public var source: String
    public var target: String
    public var count: Int
    /// Through a fallback: the target's field means something else.
    public var isApproximate: Bool

    public init(source: String, target: String, count: Int, isApproximate: Bool = false) {
      self.source = source
      self.target = target
      self.count = count
      self.isApproximate = isApproximate
    }
  }

  public struct Records: Sendable, Equatable {
    public var read = 0
    public var written = 0
    public var rejected = 0
    /// Of the rejected ones those that could not be read at all; their values are counted nowhere (SEMANTICS S4).
    public var malformed = 0

    public init() {}
  }

  /// Why a value was parked; the names are those of the report (DESIGN section 8).
  public enum ParkedReason: String, Sendable, CaseIterable {
    case noPlace, derived, empty, readOnly, failed, taken
  }
}

/// How far a run is. Given after each accepted batch, a few hundred times a second at most.
public struct ConvertProgress: Sendable {
  public var bytesRead: Int
  /// Of all inputs; nil when one of them is a stream whose end nobody knows.
  public var totalBytes: Int?
  public var records: Int

  public init(bytesRead: Int, totalBytes: Int?, records: Int) {
    self.bytesRead = bytesRead
    self.totalBytes = totalBytes
    self.records = records
  }
}
