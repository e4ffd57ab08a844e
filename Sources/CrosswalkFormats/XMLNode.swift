package import CrosswalkModel

/// An XML element as it stands, line ends and references resolved: what the reference parser and libxml2 give, and what
/// a record is read from that the fast reader leaves to them. Namespace declarations, comments and PIs are not kept.
package struct XMLNode: Equatable, Sendable {
  package struct Attribute: Equatable, Sendable {
    package var name: [UInt8]
    package var value: [UInt8]

    package init(_ name: [UInt8], _ value: [UInt8]) {
      self.name = name
      self.value = value
    }
  }

  package indirect enum Child: Equatable, Sendable {
    case element(XMLNode)
    /// A run of text between two tags; never empty.
    case text([UInt8])
  }

  /// As written, prefix included.
  package var name: [UInt8]
  package var attributes: [Attribute]
  package var children: [Child]

  package init(_ name: [UInt8], attributes: [Attribute] = [], children: [Child] = []) {
    self.name = name
    self.attributes = attributes
    self.children = children
  }

  package func attribute(_ name: [UInt8]) -> [UInt8]? { attributes.first { $0.name == name }?.value }

  package var elements: [XMLNode] {
    children.compactMap { child in
      if case .element(let element) = child { element } else { nil }
    }
  }

  package var hasElements: Bool {
    children.contains { child in
      if case .element = child { true } else { false }
    }
  }

  /// The text of an element without child elements.
  package var text: [UInt8] {
    children.reduce(into: []) { text, child in
      if case .text(let run) = child { text += run }
    }
  }

}

/// The attributes of a system that declare an encoding and are no leaves (SEMANTICS S1), without the `@`.
package struct XMLDeclared: Sendable, Equatable {
  package var type: [UInt8]?
  package var null: [UInt8]?

  package init(type: String? = nil, null: String? = nil) {
    self.type = type.map { Array($0.utf8) }
    self.null = null.map { Array($0.utf8) }
  }

  package init(_ layout: Layout) { self.init(type: layout.typeAttribute, null: layout.nilAttribute) }

  func isDeclaration(_ name: [UInt8]) -> Bool { name == type || name == null }

  /// `true` or `1`, as schemas have it.
  static func isTrue(_ value: [UInt8]) -> Bool { value == Array("true".utf8) || value == [UInt8(ascii: "1")] }

  func isNull(_ node: XMLNode) -> Bool {
    guard let null, let value = node.attribute(null), !node.hasElements else { return false }
    return XMLDeclared.isTrue(value) && XMLText.isBlank(node.text)
  }
}

extension XMLNode {
  /// The value in `any` notation (see `Tree`): an element with nothing but text is text; another one is an object of
  /// its leaf attributes, its text runs (blank ones between elements are none) and its child elements, repeated names
  /// in one array.
  ///
  /// An element that has leaf attributes and no text at all has no `#text`.
  package func tree(_ declared: XMLDeclared = XMLDeclared()) -> Tree {
    let leafAttributes = attributes.filter { !declared.isDeclaration($0.name) }
    let isNull = declared.isNull(self)
    if !hasElements, leafAttributes.isEmpty { return isNull ? .null : .text(text) }
    var members: [(name: [UInt8], values: [Tree])] = []
    var places: [[UInt8]: Int] = [:]
    func add(_ name: [UInt8], _ value: Tree) {
      if let index = places[name] {
        members[index].values.append(value)
      } else {
        places[name] = members.count
        members.append((name, [value]))
      }
    }
    for attribute in leafAttributes { add([UInt8(ascii: "@")] + attribute.name, .text(attribute.value)) }
    let textName = Array("#text".utf8)
    if isNull {
      add(textName, .null)
    } else {
      for child in children {
        switch child {
        case .element(let element): add(element.name, element.tree(declared))
        case .text(let run):
          if !hasElements || !XMLText.isBlank(run) { add(textName, .text(run)) }
        }
      }
    }
    return .object(members.map { Tree.Member($0.name, $0.values.count == 1 ? $0.values[0] : .array($0.values)) })
  }
}
