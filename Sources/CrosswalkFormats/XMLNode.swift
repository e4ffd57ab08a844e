package import CrosswalkModel

/// An XML element as it stands, line ends and references resolved: what the reference parser and libxml2 give, and what
/// a record is read from that the fast reader leaves to them. Comments and PIs are not kept.
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
  /// Without namespace declarations.
  package var attributes: [Attribute]
  package var children: [Child]
  /// The prefixes that the start tag binds, and to what.
  package var namespaces: [Attribute] = []

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

  /// The names of the child elements, and `#text` for each run that says something, one after the other. nil where no run stands
  /// beside an element.
  package var order: [[UInt8]]? {
    var names: [[UInt8]] = []
    var isMixed = false
    for child in children {
      switch child {
      case .element(let element): names.append(element.name)
      case .text(let run):
        guard !XMLText.isBlank(run) else { continue }
        isMixed = true
        names.append(XMLNode.textName)
      }
    }
    return isMixed && hasElements ? names : nil
  }

  package static let textName = Array("#text".utf8)
  /// The member that keeps the order of mixed content, names with a blank between: no XML name has either `#` or a blank.
  package static let orderName = Array("#order".utf8)
  package static let namespaceMark = Array("@xmlns:".utf8)

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
  /// What a tree has beside the leaves, so that the element can be written again as it was: its prefixes (`@xmlns:p`), and the order
  /// of its runs of text and elements (`#order`).
  package enum Aids: Sendable {
    case none
    /// The order only where the members' own does not say it.
    case needed
    case all
  }

  /// Whether every name's children stand together.
  private static func isGrouped(_ names: [[UInt8]]) -> Bool {
    var seen: Set<[UInt8]> = []
    for (index, name) in names.enumerated() where index == 0 || names[index - 1] != name {
      if !seen.insert(name).inserted { return false }
    }
    return true
  }

  /// The value in `any` notation (see `Tree`): an element with nothing but text is text; another one is an object of
  /// its leaf attributes, its text runs (blank ones between elements are none) and its child elements, repeated names
  /// in one array.
  ///
  /// An element that has leaf attributes and no text at all has no `#text`.
  package func tree(_ declared: XMLDeclared = XMLDeclared(), aids: Aids = .none) -> Tree {
    let leafAttributes = attributes.filter { !declared.isDeclaration($0.name) }
    let isNull = declared.isNull(self)
    let namespaces = aids == .none ? [] : self.namespaces
    if !hasElements, leafAttributes.isEmpty, namespaces.isEmpty { return isNull ? .null : .text(text) }
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
    for namespace in namespaces { add(XMLNode.namespaceMark + namespace.name, .text(namespace.value)) }
    if isNull {
      add(XMLNode.textName, .null)
    } else {
      for child in children {
        switch child {
        case .element(let element): add(element.name, element.tree(declared, aids: aids))
        case .text(let run):
          if !hasElements || !XMLText.isBlank(run) { add(XMLNode.textName, .text(run)) }
        }
      }
    }
    if aids != .none, let order, aids == .all || !XMLNode.isGrouped(order) {
      add(XMLNode.orderName, .text(Array(order.joined(separator: [0x20]))))
    }
    return .object(members.map { Tree.Member($0.name, $0.values.count == 1 ? $0.values[0] : .array($0.values)) })
  }
}
