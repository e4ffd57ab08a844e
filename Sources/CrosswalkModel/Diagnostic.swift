/// What the caller should do about a problem.
public enum Disposition: String, Sendable {
  /// The run ends.
  case fatal
  /// The record is refused and goes to the rejects; the run goes on.
  case reject
  /// The value or the file is used all the same.
  case warning
}

/// A problem in words: built only when a person or a log will read it (DESIGN section 11).
///
/// `title` stands alone; `labels` show places in mapping files; `place` says where in the data.
public struct Diagnostic: Error, Sendable, Equatable {
  public struct Label: Sendable, Equatable {
    public var place: Place
    public var text: String

    public init(_ place: Place, _ text: String = "") {
      self.place = place
      self.text = text
    }
  }

  /// Where in the data: records and bytes from 0.
  public struct DataPlace: Sendable, Equatable {
    public var source: String
    public var record: Int?
    public var bytes: Range<Int>?
    public var path: String?
    /// A short excerpt of the source at that place, one line.
    public var excerpt: String?
    /// The part of the excerpt that is meant, in its Unicode scalars from 0, and what is to be said of it.
    public var mark: Range<Int>?
    public var remark: String?

    public init(
      source: String, record: Int? = nil, bytes: Range<Int>? = nil, path: String? = nil, excerpt: String? = nil,
      mark: Range<Int>? = nil, remark: String? = nil
    ) {
      self.source = source
      self.record = record
      self.bytes = bytes
      self.path = path
      self.excerpt = excerpt
      self.mark = mark
      self.remark = remark
    }
  }

  public var code: Code
  public var title: String
  public var place: DataPlace?
  public var labels: [Label]
  public var help: String?
  public var disposition: Disposition

  public init(
    _ code: Code, _ title: String, at place: DataPlace? = nil, labels: [Label] = [], help: String? = nil,
    disposition: Disposition = .fatal
  ) {
    self.code = code
    self.title = title
    self.place = place
    self.labels = labels
    self.help = help
    self.disposition = disposition
  }
}
