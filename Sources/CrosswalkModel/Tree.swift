/// A whole document or value as a tree: what the reference readers give and the reference interpreter works on. Never on
/// the fast path.
///
/// Text is the decoded UTF-8; a number keeps its source characters; members keep their order, and may repeat.
/// XML comes in `any` notation: an element with nothing but text is `text`; otherwise it is an object whose members are the
/// attributes (`@name`), the text runs (`#text`) and the child elements, a repeated name being one member that holds an array.
public indirect enum Tree: Sendable, Equatable {
  case null
  case bool(Bool)
  case number([UInt8])
  case text([UInt8])
  case object([Member])
  case array([Tree])

  public struct Member: Sendable, Equatable {
    public var name: [UInt8]
    public var value: Tree

    public init(_ name: [UInt8], _ value: Tree) {
      self.name = name
      self.value = value
    }

    public init(_ name: String, _ value: Tree) { self.init(Array(name.utf8), value) }
  }

  /// The first member of that name.
  public subscript(name: String) -> Tree? {
    guard case .object(let members) = self else { return nil }
    let bytes = Array(name.utf8)
    return members.first { $0.name == bytes }?.value
  }

  public subscript(index: Int) -> Tree? {
    guard case .array(let items) = self, items.indices.contains(index) else { return nil }
    return items[index]
  }

  /// Scalars, and `{}`, `[]`: what a fate is given to (SEMANTICS S1).
  public var leafCount: Int {
    switch self {
    case .null, .bool, .number, .text: 1
    case .object(let members): members.isEmpty ? 1 : members.reduce(0) { $0 + $1.value.leafCount }
    case .array(let items): items.isEmpty ? 1 : items.reduce(0) { $0 + $1.leafCount }
    }
  }

  public static func text(_ string: String) -> Tree { .text(Array(string.utf8)) }
  public static func number(_ string: String) -> Tree { .number(Array(string.utf8)) }
}
