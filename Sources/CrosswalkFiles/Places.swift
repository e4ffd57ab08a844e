/// Where bytes come from. A literal is a path, or standard input: `"clients.json"`, `"-"`.
public enum InputPlace: Sendable, Hashable, ExpressibleByStringLiteral {
  case standardInput
  /// A path; what it leads to may also be a pipe.
  case file(String)
  /// A whole document in memory, under a name for messages, whose ending tells the format as a file's does.
  case bytes([UInt8], name: String = "bytes")

  public init(stringLiteral path: String) { self = path == "-" ? .standardInput : .file(path) }

  /// As messages, residue and reject lines call it.
  public var name: String {
    switch self {
    case .standardInput: "-"
    case .file(let path): path
    case .bytes(_, let name): name
    }
  }
}

/// Where bytes go. A literal is a path, or standard output: `"clients.xml"`, `"-"`.
public enum OutputPlace: Sendable, Hashable, ExpressibleByStringLiteral {
  case standardOutput
  /// A path. The file appears complete or not at all; one that is there already is an error without `force`.
  case file(String)

  public init(stringLiteral path: String) { self = path == "-" ? .standardOutput : .file(path) }
}
