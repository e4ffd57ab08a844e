public import CrosswalkModel

/// What a comparison found out about one record, or about a pair of them.
public struct Difference: Sendable {
  public var mark: Mark
  /// What the record is matched by: the id, or the named fields with their values. Empty where it could not be read.
  public var key: [Key]
  /// The record's number in the first file, from 0; nil where it is not there.
  public var first: Int?
  public var second: Int?
  /// Where the two differ; empty for other marks than `different`.
  public var fields: [Field]
  /// Why a record cannot be read; nil for other marks than `unreadable`.
  public var problem: Diagnostic?

  /// As they are written: the second file is the target.
  public enum Mark: String, Sendable, CaseIterable {
    case same = "="
    case onlySecond = "-"
    case onlyFirst = "+"
    case different = "*"
    /// A record of one of the files is malformed, or refused by its mapping.
    case unreadable = "!"
  }

  public struct Key: Sendable, Equatable {
    public var field: String
    /// nil: absent, or a secret.
    public var value: Tree?
    public var isSecret: Bool
  }

  public struct Field: Sendable, Equatable {
    /// As the second system calls it.
    public var name: String
    /// As the first system calls those that it comes from; empty where both are one system.
    public var sources: [String]
    /// As the second system writes it; where that has no such value, as it stands in the first file. nil: absent, or a secret.
    public var first: Tree?
    public var second: Tree?
    /// The mapping says that its values are never shown: they are not given.
    public var isSecret: Bool
  }
}

/// What a comparison did.
public struct DiffSummary: Sendable {
  /// With the formats that were read.
  public var from: ConvertJob.Endpoint
  public var to: ConvertJob.Endpoint
  /// Records read, of the first and of the second file, also unreadable ones.
  public var first = 0
  public var second = 0
  public var counts: [Difference.Mark: Int] = [:]
  /// Fields that were compared, as the second system calls them.
  public var compared: [String] = []
  /// Fields that were not, since the other system has none for them.
  public var onlyFirstHas: [String] = []
  public var onlySecondHas: [String] = []
  /// Values of the first file that the second's system has no such value for, where the second file has nothing.
  public var unconverted = 0
  /// Values, by their fields, that the other system has no place for: its mapping has none, or
  /// another value of the record stands there. Not those that repeat others (`derived`).
  public var unplacedFirst: [String: Int] = [:]
  public var unplacedSecond: [String: Int] = [:]
  /// Values that no mapping names, where the systems differ: they are not compared.
  public var unnamed = 0
  /// Records that share their key with another one: matched in their order.
  public var repeated = 0
  /// Records without a key, which no other can be matched with.
  public var withoutKey = 0
  /// A page said that another one follows: not all records are there.
  public var morePagesFollow = false
  /// From the call to the last difference, by a clock that only goes forward.
  public var seconds = 0.0

  /// Whether nothing but equal records was found.
  public var isSame: Bool { counts.allSatisfy { $0.key == .same || $0.value == 0 } }

  public init(from: ConvertJob.Endpoint, to: ConvertJob.Endpoint) {
    self.from = from
    self.to = to
  }
}
