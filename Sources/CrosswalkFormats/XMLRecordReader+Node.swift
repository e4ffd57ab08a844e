import CrosswalkModel

/// The plain rules of reading a record: from an element as a tree, by the layout, one member after the other. For what
/// comes from libxml2, for lists, and as the twin of the fast path.
extension XMLRecordReader {
  /// Fills the frame from a record's element; the frame is clear.
  ///
  /// - scope: what the elements around it bind.
  package func fill(_ node: XMLNode, at offset: Int = 0, scope: [[UInt8]: [UInt8]]? = nil) throws(FormatError) {
    try fillObject(
      node, layout.members, path: [], isIndexed: false, isRecord: true, at: offset, scope: scope ?? outerScope)
    settlePicked()
  }

  /// An element of a list that its key picked.
  struct Picked {
    var list: Int
    /// In the order of the layout's cases.
    var rank: Int
    var index: Int
    var hasValues: Bool
    /// The extra that the member became which tells the elements apart; nil where it is mapped.
    var extra: Int?
  }

  /// The member that tells the elements apart is no leaf where the writer would put it in the same place by itself: in elements that
  /// hold a mapped value, when these are the first ones and stand in the order of the layout's cases.
  func settlePicked() {
    let found = picked.sorted { $0.extra ?? -1 > $1.extra ?? -1 }
    for one in found where one.hasValues {
      guard let extra = one.extra,
        one.index == found.count(where: { $0.list == one.list && $0.hasValues && $0.rank < one.rank })
      else { continue }
      frame.extras.remove(at: extra)
      frame.leaves -= 1
    }
    picked.removeAll(keepingCapacity: true)
  }

  private func fillObject(
    _ node: XMLNode, _ members: [Layout.Member], path: [UInt8], isIndexed: Bool, isRecord: Bool, at offset: Int,
    scope outer: Scope
  ) throws(FormatError) {
    let scope = node.namespaces.isEmpty ? outer : Self.scope(outer, inside: node)
    func spelt(_ name: [UInt8]) -> [UInt8] {
      var own = path
      PathText.append(name, to: &own)
      return own
    }
    var leafAttributes = 0
    for attribute in node.attributes where !declared.isDeclaration(attribute.name) {
      leafAttributes += 1
      let name = [UInt8(ascii: "@")] + attribute.name
      let slot = try store(attribute.value, at: offset)
      if let (member, rank) = member(name, in: members), case .leaf(let leaf) = member.content {
        put(leaf.register, slot, rank: rank, path: spelt(name))
      } else {
        unmapped(slot, leaves: 1, path: spelt(name), isIndexed: isIndexed)
        keepPrefix(of: attribute.name, scope, path: path, isIndexed: isIndexed)
      }
    }
    let text = members.first { $0.name == "#text" }
    var textRegister: Int?
    if let text, case .leaf(let leaf) = text.content { textRegister = leaf.register }
    guard node.hasElements else {
      let isNull = declared.isNull(node)
      let value = isNull ? Slot.null : try store(node.text, at: offset)
      if let textRegister {
        put(textRegister, value)
      } else if isRecord {
        if !XMLText.isBlank(node.text) {
          unmapped(value, leaves: 1, path: spelt(Array("#text".utf8)), isIndexed: isIndexed)
        }
      } else if leafAttributes == 0 {
        unmapped(value, leaves: 1, path: path, isIndexed: isIndexed)
      } else if isNull || !node.text.isEmpty {
        unmapped(value, leaves: 1, path: spelt(Array("#text".utf8)), isIndexed: isIndexed)
      }
      return
    }
    var counts: [[UInt8]: Int] = [:]
    var runs = 0
    for child in node.children {
      switch child {
      case .element(let element): counts[element.name, default: 0] += 1
      case .text(let run): runs += XMLText.isBlank(run) ? 0 : 1
      }
    }
    var seen: [[UInt8]: Int] = [:]
    var objects: Set<String> = []
    var run = 0
    for child in node.children {
      switch child {
      case .text(let text):
        guard !XMLText.isBlank(text) else { continue }
        let slot = try store(text, at: offset)
        if run == 0, let textRegister {
          put(textRegister, slot)
        } else {
          var own = spelt(Array("#text".utf8))
          if runs > 1 { PathText.append(index: run, to: &own) }
          unmapped(slot, leaves: 1, path: own, isIndexed: isIndexed || runs > 1)
        }
        run += 1
      case .element(let element):
        let index = seen[element.name, default: 0]
        seen[element.name] = index + 1
        if let (member, rank) = member(element.name, in: members), case .leaf(let leaf) = member.content,
          index == 0,
          !element.hasElements, element.attributes.allSatisfy({ declared.isDeclaration($0.name) })
        {
          // The common case: no path to be spelt.
          let slot = declared.isNull(element) ? Slot.null : try store(element.text, at: offset)
          put(leaf.register, slot, rank: rank, path: spelt(element.name))
          continue
        }
        var own = spelt(element.name)
        guard let (member, rank) = member(element.name, in: members) else {
          let isRepeated = counts[element.name]! > 1
          if isRepeated { PathText.append(index: index, to: &own) }
          try value(of: element, path: own, isIndexed: isIndexed || isRepeated, at: offset, scope: scope)
          continue
        }
        switch member.content {
        case .leaf(let leaf):
          if index > 0 { throw FormatError(.repeatedElement, at: offset) }
          try fillLeaf(
            element, leaf.register, path: own, rank: rank, isIndexed: isIndexed, at: offset, scope: scope)
        case .object(let inner):
          if index > 0 { throw FormatError(.repeatedElement, at: offset) }
          if objects.insert(member.name).inserted {
            // What stands in it has the layout's path, whatever the object's own spelling.
            let path = spelt(Array(member.name.utf8))
            try fillObject(element, inner, path: path, isIndexed: isIndexed, isRecord: false, at: offset, scope: scope)
          } else {
            frame.hasLosingSpelling = true
            try value(of: element, path: own, isIndexed: isIndexed, at: offset, scope: scope)
          }
        case .picks, .items:
          // Lists below a list are not told apart: their elements stay as they are.
          if let list = names.lists.firstIndex(where: { $0.path == spelt(Array(member.name.utf8)) }), !isIndexed {
            try fillElement(element, of: list, at: offset, scope: scope)
          } else {
            if counts[element.name]! > 1 { PathText.append(index: index, to: &own) }
            try value(of: element, path: own, isIndexed: true, at: offset, scope: scope)
          }
        }
      }
    }
    keepOrder(of: node, path: path, isIndexed: isIndexed)
  }

  private func fillLeaf(
    _ element: XMLNode, _ register: Int, path: [UInt8], rank: UInt8, isIndexed: Bool, at offset: Int,
    scope: Scope
  ) throws(FormatError) {
    if element.hasElements {
      frame.hasContainerLeaf = true
      put(
        register, try subtree(keepPrefixes(of: element, scope), at: offset), leaves: element.tree(declared).leafCount, rank: rank,
        path: path)
      return
    }
    let scope = element.namespaces.isEmpty ? scope : Self.scope(scope, inside: element)
    for attribute in element.attributes where !declared.isDeclaration(attribute.name) {
      var own = path
      PathText.append([UInt8(ascii: "@")] + attribute.name, to: &own)
      unmapped(try store(attribute.value, at: offset), leaves: 1, path: own, isIndexed: isIndexed)
      keepPrefix(of: attribute.name, scope, path: path, isIndexed: isIndexed)
    }
    put(
      register, declared.isNull(element) ? .null : try store(element.text, at: offset), rank: rank, path: path
    )
  }

  /// One element of a list of which some are named.
  func fillElement(_ element: XMLNode, of list: Int, at offset: Int, scope: Scope) throws(FormatError) {
    let (member, listPath) = names.lists[list]
    let index = listCounts[list]
    listCounts[list] += 1
    var path = listPath
    PathText.append(index: index, to: &path)
    switch member.content {
    case .picks(let key, let cases):
      if let (name, value) = self.key(key, of: element), let rank = cases.firstIndex(where: { Array($0.value.utf8) == value }),
        !picked.contains(where: { $0.list == list && $0.rank == rank })
      {
        let members = cases[rank].members
        let mark = frame.extras.count
        picked.append(Picked(list: list, rank: rank, index: index, hasValues: false))
        let place = picked.count - 1
        try fillObject(element, members, path: path, isIndexed: true, isRecord: false, at: offset, scope: scope)
        picked[place].hasValues = members.contains { holdsValue($0.content) }
        var spelt = path
        PathText.append(name, to: &spelt)
        picked[place].extra = frame.extras[mark...].firstIndex { extra in
          extra.path < 0 && extra.value.kind == .text && frame.text(extra.pathText).elementsEqual(spelt)
        }
        if let own = picked[place].extra, !name.elementsEqual(key.utf8) {
          // Under the key's own spelling, whatever the record's.
          PathText.append(key.utf8, to: &path)
          frame.extras[own].pathText = frame.store(path)
        }
        return
      }
    case .items(let items):
      if let item = items.first(where: { $0.index == index }) {
        switch item.content {
        case .leaf(let leaf):
          try fillLeaf(
            element, leaf.register, path: path, rank: 0, isIndexed: true, at: offset, scope: scope)
          return
        case .object(let members):
          try fillObject(element, members, path: path, isIndexed: true, isRecord: false, at: offset, scope: scope)
          return
        case .picks, .items: break
        }
      }
    case .leaf, .object: break
    }
    try value(of: element, path: path, isIndexed: true, at: offset, scope: scope)
  }

  /// The text that tells an element apart, and the name under which it has it: the exact one before others.
  private func key(_ key: String, of element: XMLNode) -> (name: [UInt8], value: [UInt8])? {
    let name = Array(key.utf8)
    var texts: [(name: [UInt8], value: [UInt8]?)]
    if name.first == UInt8(ascii: "@") {
      texts = element.attributes.map { ([UInt8(ascii: "@")] + $0.name, $0.value) }
    } else {
      texts = element.elements.map { ($0.name, $0.hasElements ? nil : $0.text) }
    }
    let exact = texts.filter { $0.name == name }
    if !exact.isEmpty || !names.ignoresCase {
      texts = exact
    } else {
      texts = texts.filter { $0.name.map(XMLNames.lower) == name.map(XMLNames.lower) }
    }
    // One that is repeated tells nothing.
    guard let first = texts.first, texts.count(where: { $0.name == first.name }) == 1, let value = first.value else { return nil }
    return (first.name, value)
  }

  private func holdsValue(_ content: Layout.Content) -> Bool {
    switch content {
    case .leaf(let leaf): !frame.slots[leaf.register].isAbsent
    case .object(let members): members.contains { holdsValue($0.content) }
    case .picks(_, let cases): cases.contains { $0.members.contains { holdsValue($0.content) } }
    case .items(let items): items.contains { holdsValue($0.content) }
    }
  }

  // MARK: - Values

  /// An element that no mapping names.
  private func value(
    of element: XMLNode, path: [UInt8], isIndexed: Bool, at offset: Int, scope: Scope
  ) throws(FormatError) {
    let tree = element.tree(declared)
    switch tree {
    case .null: unmapped(.null, leaves: 1, path: path, isIndexed: isIndexed)
    case .text(let text): unmapped(try store(text, at: offset), leaves: 1, path: path, isIndexed: isIndexed)
    case .bool, .number, .object, .array:
      // What it needs is known only now, and stands behind it.
      let place = frame.extras.count
      let own = keepPrefixes(of: element, scope)
      let aids = Array(frame.extras[place...])
      frame.extras.removeSubrange(place...)
      unmapped(try subtree(own, at: offset), leaves: tree.leafCount, path: path, isIndexed: isIndexed)
      frame.extras += aids
      return
    }
    keepPrefix(
      of: element.name, element.namespaces.isEmpty ? scope : Self.scope(scope, inside: element), path: path,
      isIndexed: isIndexed)
  }

  private func unmapped(_ slot: Slot, leaves: Int, path: [UInt8], isIndexed: Bool) {
    if isIndexed { extra(slot, leaves: leaves, indexedPath: path) } else { extra(slot, leaves: leaves, path: path) }
  }

  private func store(_ text: [UInt8], at offset: Int) throws(FormatError) -> Slot {
    if text.count > limits.field { throw FormatError(.fieldTooLong, at: offset) }
    return frame.store(text)
  }

  private func subtree(_ element: XMLNode, at offset: Int) throws(FormatError) -> Slot {
    var text: [UInt8] = []
    element.write(to: &text)
    if text.count > limits.field { throw FormatError(.fieldTooLong, at: offset) }
    return frame.store(text, as: .subtree)
  }

  /// The member of a name and the rank of the spelling (`XMLNames.Entry.rank`).
  private func member(_ name: [UInt8], in members: [Layout.Member]) -> (member: Layout.Member, rank: UInt8)? {
    func spells(_ other: String) -> Bool { other.utf8.elementsEqual(name) }
    if let exact = members.first(where: { spells($0.name) }) { return (exact, 0) }
    if let alias = members.first(where: { $0.aliases.contains(where: spells) }) { return (alias, 1) }
    var local = name
    if names.ignoresPrefixes, let colon = name.firstIndex(of: UInt8(ascii: ":")) {
      local = Array(name[(colon + 1)...])
      if let found = member(local, in: members) { return found }
    }
    guard names.ignoresCase else { return nil }
    let folded = local.map(XMLNames.lower)
    func folds(_ other: String) -> Bool { other.utf8.map(XMLNames.lower) == folded }
    if let own = members.first(where: { folds($0.name) }) { return (own, 2) }
    return members.first { $0.aliases.contains(where: folds) }.map { ($0, 3) }
  }
}

extension XMLNode {
  /// The element as XML; what an XML document cannot hold is not in it, since it was read from one.
  func write(to text: inout [UInt8]) {
    text.append(UInt8(ascii: "<"))
    text += name
    for attribute in attributes + namespaces.map({ Attribute(Array("xmlns:".utf8) + $0.name, $0.value) }) {
      text.append(UInt8(ascii: " "))
      text += attribute.name
      text += Array("=\"".utf8)
      XMLNode.escape(attribute.value, isAttribute: true, to: &text)
      text.append(UInt8(ascii: "\""))
    }
    guard !children.isEmpty else {
      text += Array("/>".utf8)
      return
    }
    text.append(UInt8(ascii: ">"))
    for child in children {
      switch child {
      case .element(let element): element.write(to: &text)
      case .text(let run): XMLNode.escape(run, isAttribute: false, to: &text)
      }
    }
    text += Array("</".utf8)
    text += name
    text.append(UInt8(ascii: ">"))
  }

  private static func escape(_ value: [UInt8], isAttribute: Bool, to text: inout [UInt8]) {
    for byte in value {
      switch byte {
      case UInt8(ascii: "&"): text += Array("&amp;".utf8)
      case UInt8(ascii: "<"): text += Array("&lt;".utf8)
      case UInt8(ascii: ">"): text += Array("&gt;".utf8)
      case 0x0d: text += Array("&#13;".utf8)
      case UInt8(ascii: "\"") where isAttribute: text += Array("&quot;".utf8)
      case 0x0a where isAttribute: text += Array("&#10;".utf8)
      case 0x09 where isAttribute: text += Array("&#9;".utf8)
      default: text.append(byte)
      }
    }
  }
}
