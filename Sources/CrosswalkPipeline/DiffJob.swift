public import CrosswalkFiles
import CrosswalkFormats
public import CrosswalkModel

/// One comparison: two files, each in its own system and format, record by record through their mappings. A plain value; `run`
/// does the work.
///
/// ```swift
/// var job = DiffJob("clients.json", from: "acme", "exported.xml", to: "other")
/// let summary = try job.run { difference in print(difference.mark.rawValue, difference.fields.map(\.name)) }
/// ```
///
/// - Two different systems: each record of the first file is translated as `ConvertJob` would, and compared with what stands in
///   the second, field by field of the second system. A difference that the translation makes or takes away is none: two values
///   are the same when writing either of them as the other's system does gives the other. What nothing says (absent, null, empty
///   text) is the same nothing. A field that the other system has none for is not compared.
/// - One system: the fields as they stand, and the members that no mapping names. Absent, null and empty text are three, unless
///   the two files have different formats.
///
/// Memory does not grow with the files: the second one is copied to a temporary file and looked up by an index of 16 bytes a
/// record.
public struct DiffJob: Sendable {
  public var first: ConvertJob.Input
  /// The target: what stands only here is `onlySecond`.
  public var second: ConvertJob.Input
  /// Who wrote the first file. Without a format it is found out, by the name's ending or the first bytes.
  public var from: ConvertJob.Endpoint
  /// Who wrote the second file.
  public var to: ConvertJob.Endpoint
  /// Fields that records are matched by: canonical names, or names of one of the systems' own. Empty: by their ids.
  public var by: [String] = []
  /// Choices where a system's own documents leave something open; `crosswalk systems NAME` lists them.
  public var options: [ConvertJob.OptionChoice] = []
  /// The first records only, of each file.
  public var limit: Int?
  /// Also gives the records that are the same.
  public var all = false
  /// Workers; nil is one a core. What is found does not depend on it.
  public var jobs: Int?
  /// How large a record may be; a larger one is unreadable.
  public var limits = Limits()
  /// The CSV delimiter; nil is found out.
  public var delimiter: UInt8?
  /// Folders with further systems, which replace built-in ones of their name; the last wins.
  public var mappings: [String] = []
  /// Where the temporary file stands; nil is the system's folder for such files. It needs room for the second file, twice in the
  /// worst case.
  public var temporaryFolder: String?
  var memory = Memory()

  public init(_ first: ConvertJob.Input, from: ConvertJob.Endpoint, _ second: ConvertJob.Input, to: ConvertJob.Endpoint) {
    self.first = first
    self.second = second
    self.from = from
    self.to = to
  }

  /// Bytes that may be held; tests make them small.
  struct Memory: Sendable {
    /// Of the second file's records, before they go to a temporary file.
    var records = 8 << 20
    var index = 16 << 20
  }

  /// Gives each difference to `body`: first those of the first file's records, in their order, then the records that only the
  /// second has, in theirs.
  ///
  /// - `report` gets what is to be said of the files as a whole. What is wrong with a record is a difference of its own.
  /// - What `body` throws ends the run and is thrown on. Otherwise what is thrown is a `Diagnostic`: a wrong name, a file that
  ///   cannot be read or is malformed beyond a record.
  @discardableResult
  public func run(
    report: ((Diagnostic) -> Void)? = nil, _ body: (Difference) throws -> Void
  ) throws -> DiffSummary {
    try withoutActuallyEscaping(body) { body in
      let started = Clock.now
      let run = try DiffRun(self, report, body)
      do throws(Diagnostic) {
        try run.run()
      } catch {
        throw run.failure ?? error
      }
      run.summary.seconds = Clock.now - started
      return run.summary
    }
  }

  /// What has to hold before anything is read or written: both files are there, and the outputs are none of them.
  package func check(_ outputs: [OutputFile]) throws(Diagnostic) {
    try OutputFile.check(outputs, against: try InputSource.check([first, second]).identities)
  }
}
