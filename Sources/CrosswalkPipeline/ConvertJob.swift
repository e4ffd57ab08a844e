public import CrosswalkModel

/// One conversion: which files are read, as what, and where the result goes. A plain value; `run` does the work.
///
/// What only the command line knows (flags, terminals) is not here; what a wrong name means is: `run` throws the same
/// `Diagnostic` to a program as to a person.
public struct ConvertJob: Sendable {
  /// Read in this order, as one stream. Systems do not differ; formats may.
  public var inputs: [Input]
  public var from: Endpoint
  public var to: Endpoint
  public var output: Output = .standardOutput
  /// Of the output; the input's is detected.
  public var shape = Shape.list
  /// What canonical fields become where the source has nothing (SEMANTICS S20).
  public var set: [Assignment] = []
  public var options: [OptionChoice] = []
  public var residue = Residue.automatic
  /// Where rejected records go. Needed when any may be rejected.
  public var rejects: String?
  public var maxRejects = Allowance.count(0)
  /// Reads and judges everything, writes nothing.
  public var dryRun = false
  /// The first records only, counted over all inputs as they are read.
  public var limit: Int?
  /// The records with these source ids only; empty means all.
  public var only: [String] = []
  /// Workers; nil is one a core. The output's bytes do not depend on it.
  public var jobs: Int?
  /// Existing files are replaced: the output and the side files.
  public var force = false
  public var limits = Limits()
  /// The CSV delimiter, read and written; nil is found out on reading and `,` on writing.
  public var delimiter: UInt8?
  /// Where the records are, for a document that no shape describes: a path as mapping files spell it.
  public var recordsPath: String?
  public var duplicateKeys = DuplicateKeys.reject
  public var csvProfile = CSVProfile.plain
  public var xmlParser = XMLParser.automatic
  /// Folders with further systems, which replace built-in ones of their name; the last wins.
  public var mappings: [String] = []
  /// A CSV with the columns source_id,target_id: the target's own ids, for `update` (SEMANTICS S6).
  public var ids: String?

  public init(inputs: [Input], from: Endpoint, to: Endpoint) {
    self.inputs = inputs
    self.from = from
    self.to = to
  }

  /// A system and, if it was said, a format: `SYSTEM[:FORMAT]`.
  public struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    public var system: String
    public var format: Format?

    public init(_ system: String, format: Format? = nil) {
      self.system = system
      self.format = format
    }

    public var description: String { format.map { "\(system):\($0)" } ?? system }
  }

  public enum Input: Sendable, Hashable {
    case standardInput
    case file(String)

    /// As messages, residue and reject lines call it.
    public var name: String {
      switch self {
      case .standardInput: "-"
      case .file(let path): path
      }
    }
  }

  public enum Output: Sendable, Hashable {
    case standardOutput
    case file(String)
  }

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
