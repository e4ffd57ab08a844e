public import CrosswalkModel

/// A node of a mapping file, with its place. Aliases are expanded, duplicate keys refused.
public struct YAMLNode: Sendable {
  public enum Content: Sendable {
    case scalar(Scalar)
    case sequence([YAMLNode])
    /// In the file's order.
    case mapping([Entry])
  }

  public struct Scalar: Sendable, Equatable {
    public var text: String
    /// Written without quotes, so that the core schema may read it as null, a boolean or a number.
    public var isPlain: Bool

    public init(text: String, isPlain: Bool) {
      self.text = text
      self.isPlain = isPlain
    }
  }

  public struct Entry: Sendable {
    public var key: YAMLNode
    public var value: YAMLNode

    public init(key: YAMLNode, value: YAMLNode) {
      self.key = key
      self.value = value
    }
  }

  public var content: Content
  public var place: Place

  public init(_ content: Content, at place: Place) {
    self.content = content
    self.place = place
  }
}

extension YAMLNode {
  /// The text of a scalar; nil for a list or a mapping.
  @inline(never) public var text: String? { if case .scalar(let scalar) = content { scalar.text } else { nil } }

  /// A plain `~`, `null`, or nothing at all.
  public var isNull: Bool {
    guard case .scalar(let scalar) = content, scalar.isPlain else { return false }
    switch scalar.text {
    case "", "~", "null", "Null", "NULL": return true
    default: return false
    }
  }

  /// A plain `true` or `false` (core schema: `True`, `TRUE` as well).
  public var bool: Bool? {
    guard case .scalar(let scalar) = content, scalar.isPlain else { return nil }
    switch scalar.text {
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    default: return nil
    }
  }

  public var int: Int? {
    guard case .scalar(let scalar) = content, scalar.isPlain else { return nil }
    return Int(scalar.text)
  }

  @inline(never) public var items: [YAMLNode]? { if case .sequence(let items) = content { items } else { nil } }
  @inline(never) public var entries: [Entry]? { if case .mapping(let entries) = content { entries } else { nil } }

  /// The value under a key; nil when there is none or this is no mapping.
  @inline(never) public subscript(key: String) -> YAMLNode? { entries?.first { $0.key.text == key }?.value }
}
