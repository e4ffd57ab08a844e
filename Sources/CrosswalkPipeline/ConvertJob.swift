public import CrosswalkFiles
import CrosswalkFormats
public import CrosswalkModel

/// One conversion: which files are read, as what, and where the result goes. A plain value; `run` does the work.
///
/// ```swift
/// var job = ConvertJob(inputs: ["clients.json"], from: "acme", to: "other:xml")
/// job.output = .file("clients.xml")
/// let summary = try job.run()
/// ```
///
/// What only the command line knows (flags, terminals) is not here; what a wrong name means is: `run` throws the same
/// `Diagnostic` to a program as to a person. Each property is the flag of its name in `crosswalk help convert`, and begins with
/// that flag's default.
public struct ConvertJob: Sendable {
  /// Read in this order, as one stream. Systems do not differ; formats may.
  public var inputs: [Input]
  /// Who wrote the inputs. Without a format it is found out for each of them, by its name's ending or its first bytes.
  public var from: Endpoint
  /// Who shall read the output. Without a format it is the output file's ending, or the system's first one.
  public var to: Endpoint
  /// Used by `run`, which writes it; not by those that hand records or bytes to the program.
  public var output: Output = .standardOutput
  /// Of the output; the input's is detected.
  public var shape = Shape.list
  /// What canonical fields become where the source has nothing (SEMANTICS S20).
  public var set: [Assignment] = []
  /// Choices where a system's own documents leave something open; `crosswalk systems NAME` lists them.
  public var options: [OptionChoice] = []
  /// Where values go that the target has no place for.
  public var residue = Residue.automatic
  /// A residue that the way there wrote: what it parked comes back, and edits win (SEMANTICS S7-S10).
  public var restore: String?
  /// Fields of the system that goes there and comes back, by which records find their residue lines when ids do not tell. Named
  /// on the way there too, their values stand in the residue.
  public var match: [String] = []
  /// What becomes of a record with an edit that the target cannot hold.
  /// A file that the caller writes when the run is over: it must be no input and no other output.
  package var accountsPath: String?
  public var onEdit = OnEdit.keep
  var restoreMemory = Restorer.Memory()
  /// Where rejected records go. Needed when any may be rejected.
  public var rejects: String?
  /// How many records may be rejected; one more is an error, and there is no output.
  public var maxRejects = Allowance.count(0)
  /// Reads and judges everything, writes nothing.
  public var dryRun = false
  /// Where the values go that would be parked as failed or would reject their record: a CSV to be filled in. Written also when the
  /// output is refused; all records are judged then.
  public var worklist: String?
  /// Worklists that were filled in: what stands in for values that do not convert.
  public var values: [String] = []
  /// The source's fields that may be parked, empty for none; nil allows all. Derived and empty values always may.
  public var allowParked: [String]?
  /// How many records are audited: what was written of them is read again by a plain interpreter of the mapping files and held
  /// against the source (SEMANTICS section 4). A difference ends the run, and no file appears. Which records these are depends on
  /// where they stand in the input alone; a run with fewer than N records has none of `one(of: N)`.
  public var audit = AuditShare.standard
  /// The first records only, counted over all inputs as they are read.
  public var limit: Int?
  /// The records with these source ids only; empty means all.
  public var only: [String] = []
  /// Workers; nil is one a core. The output's bytes do not depend on it.
  public var jobs: Int?
  /// Existing files are replaced: the output and the side files.
  public var force = false
  /// How large a record may be; a larger one is rejected.
  public var limits = Limits()
  /// The CSV delimiter, read and written; nil is found out on reading and `,` on writing.
  public var delimiter: UInt8?
  /// What a name means that stands twice in one JSON object: an error of its record, or the value to take.
  public var duplicateKeys = DuplicateKeys.reject
  /// How CSV cells are written that a spreadsheet would take for formulas.
  public var csvProfile = CSVProfile.plain
  /// Which parser judges XML; both give the same.
  public var xmlParser = XMLParser.automatic
  /// Folders with further systems, which replace built-in ones of their name; the last wins.
  public var mappings: [String] = []
  /// A CSV with the columns source_id,target_id: the target's own ids, for `update` (SEMANTICS S6).
  public var ids: String?
  /// Messages show values of the data in full, not a short excerpt of them. Secrets are never shown.
  public var showsValues = false

  public init(inputs: [Input], from: Endpoint, to: Endpoint) {
    self.inputs = inputs
    self.from = from
    self.to = to
  }

  /// A system and, if it was said, a format: `SYSTEM[:FORMAT]`. A literal is read so: `"acme"`, `"acme:xml"`.
  public struct Endpoint: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    public var system: String
    public var format: Format?

    public init(_ system: String, format: Format? = nil) {
      self.system = system
      self.format = format
    }

    /// What stands behind the colon and is no format stays in the name, for which `run` then knows the nearest right one.
    public init(stringLiteral text: String) {
      guard let colon = text.lastIndex(of: ":"), let format = Format(rawValue: String(text[text.index(after: colon)...]))
      else {
        self.init(text)
        return
      }
      self.init(String(text[..<colon]), format: format)
    }

    public var description: String { format.map { "\(system):\($0)" } ?? system }
  }

  public typealias Input = InputPlace
  public typealias Output = OutputPlace

  /// `--set FIELD=VALUE`. The value is a JSON literal or text (SEMANTICS section 2, 18).
  public struct Assignment: Sendable, Hashable {
    public var field: String
    public var value: String

    public init(field: String, value: String) {
      self.field = field
      self.value = value
    }
  }

  /// `--option SYSTEM.NAME=VALUE`.
  public struct OptionChoice: Sendable, Hashable {
    public var system: String
    public var name: String
    public var value: String

    public init(system: String, name: String, value: String) {
      self.system = system
      self.name = name
      self.value = value
    }
  }

  /// Where parked values go.
  public enum Residue: Sendable, Hashable {
    /// `OUTPUT.residue.ndjson` when the output is a file; nowhere, with one warning, when it is not (SEMANTICS S5).
    case automatic
    /// Nowhere, on purpose.
    case none
    case file(String)
  }

  /// How many records may be rejected before the run fails.
  public enum Allowance: Sendable, Hashable, CustomStringConvertible {
    case count(Int)
    /// Of the records read, judged at the end.
    case percent(Double)

    public var isZero: Bool {
      switch self {
      case .count(let count): count == 0
      case .percent(let percent): percent == 0
      }
    }

    public func allows(_ rejected: Int, of read: Int) -> Bool {
      switch self {
      case .count(let count): rejected <= count
      case .percent(let percent): Double(rejected) * 100 <= percent * Double(read)
      }
    }

    public var description: String {
      switch self {
      case .count(let count): "\(count)"
      case .percent(let percent):
        percent == percent.rounded() ? "\(Int(percent))%" : "\(percent)%"
      }
    }
  }

  /// A share of the records.
  public enum AuditShare: Sendable, Hashable {
    /// One of 1000 in the first 16 MiB of an input, one of 20,000 behind them: an audited record costs as much time as 300 others.
    case standard
    case none
    case all
    /// About one of so many.
    case one(of: Int)
  }

  public enum OnEdit: String, Sendable, CaseIterable {
    /// It is written with what it had before the edit, and listed.
    case keep
    case reject
  }

  public enum DuplicateKeys: String, Sendable, CaseIterable { case reject, first, last }

  public enum CSVProfile: String, Sendable, CaseIterable {
    /// Cells as they are.
    case plain
    /// Cells that a spreadsheet would run as a formula get a `'` in front, which reading with the same profile takes off.
    case spreadsheet
  }

  public enum XMLParser: String, Sendable, CaseIterable {
    /// The fast tokenizer for the plain subset, libxml2 for everything else.
    case automatic = "auto"
    case libxml2
  }
}
