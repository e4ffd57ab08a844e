import CrosswalkModel

/// The slow way, for records with something restored: by the tree of the record.
extension XMLRecordWriter {
  func writeTree(_ frame: Frame, _ extras: [OutputExtra], into out: inout OutputBuffer) throws(FormatError) {
    let tree =
      RecordTree.insert(
        extras.map { ($0.path[...], $0.value) }, into: RecordTree.build(layout.members, frame: frame) ?? .object([]),
        .object(layout.members), plainly: { XMLTree.insert($0, at: $1, into: $2) }) ?? .object([])
    out.leaves += RecordTree.leafCount(layout.members, frame: frame) + extras.reduce(0) { $0 + $1.leaves }
    out.append(head)
    do throws(FormatError) {
      try append(tree, recordName, .object(layout.members), attributes: recordAttributes, prefixes, into: &out)
    } catch {
      throw FormatError(error.reason, at: frame.start)
    }
    out.append(tail)
  }

  /// A value in `any` notation as an element; what the layout knows of it gives its declared kind.
  ///
  /// - scope: the prefixes that are declared around it. One that is not gets a declaration of our own, since a name that lost its
  ///   prefix might be another one's.
  private func append(
    _ tree: Tree, _ name: [UInt8], _ content: Layout.Content?, attributes: [UInt8] = [], _ scope: [[UInt8]: [UInt8]],
    into out: inout OutputBuffer
  ) throws(FormatError) {
    let escaping = isLine ? XMLText.Escaping.lineText : .text
    if case .array(let items) = tree {
      for (index, item) in items.enumerated() {
        try append(item, name, self.content(content, item, index), scope, into: &out)
      }
      return
    }
    guard XMLName.isQualified(name), !name.starts(with: "xmlns:".utf8) else { throw FormatError(.forbiddenCharacter, at: 0) }
    var members: [Tree.Member] = if case .object(let members) = tree { members } else { [] }
    var scope = scope
    var declared: [[UInt8]] = []
    for member in members where member.name.starts(with: XMLNode.namespaceMark) {
      let prefix = Array(member.name.dropFirst(XMLNode.namespaceMark.count))
      let uri = XMLRecordWriter.scalar(member.value)
      let isReserved = [Array("xml".utf8), Array("xmlns".utf8)].contains(prefix)
        || [XMLReferenceParser.xmlNamespace, XMLReferenceParser.xmlnsNamespace].contains(uri)
      guard XMLName.isQualified(prefix), !prefix.contains(UInt8(ascii: ":")), !isReserved, !uri.isEmpty else {
        throw FormatError(.forbiddenCharacter, at: 0)
      }
      if scope[prefix] != uri { declared.append(prefix) }
      scope[prefix] = uri
    }
    members.removeAll { $0.name.starts(with: XMLNode.namespaceMark) }
    let order = XMLTree.takeOrder(&members)
    for used in [name] + members.compactMap({ $0.name.first == UInt8(ascii: "@") ? Array($0.name.dropFirst()) : nil }) {
      guard let prefix = XMLRecordReader.prefix(of: used), scope[prefix] == nil else { continue }
      scope[prefix] = Array("urn:undeclared:".utf8) + prefix
      declared.append(prefix)
    }
    let own = try attributeNames(of: members, scope)
    out.append("<")
    out.append(name)
    out.append(attributes)
    // A restored declaration stands for the layout's.
    if case .leaf(let leaf)? = content, !own.contains(layout.typeAttribute) { out.append(typeAttribute(leaf)) }
    if case .object = tree {} else {
      try append(declared, scope, into: &out)
      if case .null = tree {
        if let null = layout.nilAttribute { out.append(" \(null)=\"true\"") }
        out.append("/>")
      } else {
        try close(XMLRecordWriter.scalar(tree), name, escaping, into: &out)
      }
      return
    }
    var hasContent = false
    for member in members {
      guard member.name.first == UInt8(ascii: "@") else {
        // `{}` and `[]` of other formats say nothing in XML.
        if case .array(let items) = member.value, items.isEmpty { continue }
        if member.name == XMLNode.textName, member.value == .text([]) { continue }
        hasContent = true
        continue
      }
      try append(Array(member.name.dropFirst()), XMLRecordWriter.scalar(member.value), into: &out)
    }
    try append(declared, scope, into: &out)
    let isLeaf = members.allSatisfy { $0.name.first == UInt8(ascii: "@") || $0.name == XMLNode.textName }
    if isLeaf, members.contains(where: { $0.name == XMLNode.textName && $0.value == .null }) {
      if let null = layout.nilAttribute, !own.contains(null) { out.append(" \(null)=\"true\"") }
      hasContent = false
    }
    guard hasContent else {
      out.append("/>")
      return
    }
    out.append(">")
    for child in XMLTree.children(members, order, ignoresCase: layout.ignoresCase) {
      if child.name == XMLNode.textName {
        let value = XMLRecordWriter.scalar(child.value)
        try value.withUnsafeBufferPointer { text throws(FormatError) in
          try XMLText.escape(text, as: escaping, into: &out)
        }
      } else {
        let content = self.content(member(child.name, of: content), child.value, child.index)
        try append(child.value, child.name, content, scope, into: &out)
      }
    }
    out.append("</")
    out.append(name)
    out.append(">")
  }

  /// The names of an element's own attributes; refused where XML could not have them: declarations, and one name twice, which two
  /// prefixes of one namespace make too.
  private func attributeNames(of members: [Tree.Member], _ scope: [[UInt8]: [UInt8]]) throws(FormatError) -> Set<String?> {
    var names: Set<String?> = []
    var expanded: Set<[[UInt8]]> = []
    for member in members where member.name.first == UInt8(ascii: "@") {
      let name = Array(member.name.dropFirst())
      let prefix = XMLRecordReader.prefix(of: name)
      guard XMLName.isQualified(name), name != Array("xmlns".utf8), prefix != Array("xmlns".utf8) else {
        throw FormatError(.forbiddenCharacter, at: 0)
      }
      let local = prefix.map { Array(name.dropFirst($0.count + 1)) } ?? name
      guard expanded.insert([prefix.map { scope[$0] ?? $0 } ?? [], local]).inserted else {
        throw FormatError(.duplicateAttribute, at: 0)
      }
      names.insert(String(decoding: name, as: UTF8.self))
    }
    return names
  }

  private func append(
    _ prefixes: [[UInt8]], _ scope: [[UInt8]: [UInt8]], into out: inout OutputBuffer
  ) throws(FormatError) {
    for prefix in prefixes { try append(Array("xmlns:".utf8) + prefix, scope[prefix] ?? [], into: &out) }
  }

  private func append(_ attribute: [UInt8], _ value: [UInt8], into out: inout OutputBuffer) throws(FormatError) {
    out.append(" ")
    out.append(attribute)
    out.append("=\"")
    try value.withUnsafeBufferPointer { text throws(FormatError) in
      try XMLText.escape(text, as: .attribute, into: &out)
    }
    out.append("\"")
  }

  private func close(
    _ value: [UInt8], _ name: [UInt8], _ escaping: XMLText.Escaping, into out: inout OutputBuffer
  ) throws(FormatError) {
    guard !value.isEmpty else {
      out.append("/>")
      return
    }
    out.append(">")
    try value.withUnsafeBufferPointer { text throws(FormatError) in try XMLText.escape(text, as: escaping, into: &out) }
    out.append("</")
    out.append(name)
    out.append(">")
  }

  private func member(_ name: [UInt8], of content: Layout.Content?) -> Layout.Content? {
    guard case .object(let members)? = content else { return nil }
    return members.first { Array($0.name.utf8) == name }?.content
  }

  /// What the layout says of one element of a list.
  private func content(_ content: Layout.Content?, _ item: Tree, _ index: Int) -> Layout.Content? {
    switch content {
    case .items(let items): items.first { $0.index == index }?.content
    case .picks(let key, let cases):
      cases.first { item[key] == .text($0.value) }.map { .object($0.members) }
    case .leaf, .object, nil: content
    }
  }
}
