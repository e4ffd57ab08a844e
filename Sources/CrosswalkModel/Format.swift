/// A carrier of records. `form` is URL-encoded parameters, one document a line.
public enum Format: String, Sendable, CaseIterable, CustomStringConvertible {
  case json, ndjson, xml, csv, form

  public var description: String { rawValue }

  /// JSON tokens, whatever stands between the documents.
  package var isJSON: Bool { self == .json || self == .ndjson }

  /// Formats whose values are all text: no numbers, no booleans, and (save XML) no null.
  package var isUntyped: Bool { self == .csv || self == .form || self == .xml }
}

/// How records sit in a document.
public enum Shape: String, Sendable, CaseIterable, CustomStringConvertible {
  case list, single, create, update

  public var description: String { rawValue }
}
