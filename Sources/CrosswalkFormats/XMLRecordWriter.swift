import CSimd
package import CrosswalkModel

/// Writes XML records: `list` as a document with a record a line, the other shapes as compact documents, one a line,
/// without a declaration and with LF in text as `&#10;`.
///
/// Text that stands in XML already as we would spell it is copied; everything else is escaped (RELIABILITY R33).
package final class XMLRecordWriter: RecordWriter {
  package let opening: [UInt8]
  package let separator: [UInt8] = [0x0a]
  package let closing: [UInt8]
  package let empty: [UInt8]

  private struct Step {
    enum Action: UInt8 { case attribute, leaf, text, open, content, close }
    var action: Action
    var writesNull = true
    var writesEmpty = true
    var register: Int32 = 0
    /// What stands before and behind the value; of an open element its name, of a close its end tag.
    var before: Piece
    var behind = Piece()
    /// The whole element when it is null, and when it is empty.
    var null = Piece()
    var empty = Piece()
  }

  /// A range of `text`.
  private struct Piece {
    var offset: Int32 = 0
    var length: Int32 = 0
  }

  private var steps: [Step] = []
  private var text: [UInt8] = []
  /// Copies of both that do not move.
  private var stepBase: UnsafeMutablePointer<Step>
  private var textBase: UnsafeMutablePointer<UInt8>
  private let layout: Layout
  private let head: [UInt8]
  private let tail: [UInt8]
  private let recordName: [UInt8]
  private let recordAttributes: [UInt8]
  private let isLine: Bool
  /// Prefixes that the envelope declares, and what they stand for.
  private let prefixes: [[UInt8]: [UInt8]]

  /// - namespace: of the document's elements, declared on its root.
  package init(layout: Layout, template: Template, shape: Shape, namespace: String? = nil) {
    self.layout = layout
    isLine = shape != .list
    let parts = XMLRecordWriter.envelope(template, namespace: namespace)
    prefixes = XMLRecordWriter.declaredPrefixes(template)
    recordName = Array(parts.recordName.utf8)
    recordAttributes = parts.recordAttributes
    if shape == .list {
      let declaration = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8)
      head = parts.head
      tail = parts.tail
      opening = declaration + parts.before + [0x0a]
      closing = [0x0a] + parts.after + [0x0a]
      empty = declaration + parts.empty + [0x0a]
    } else {
      head = parts.before + parts.head
      tail = parts.tail + parts.after
      opening = []
      closing = [0x0a]
      empty = []
    }
    stepBase = .allocate(capacity: 1)
    textBase = .allocate(capacity: 1)
    addElement(parts.recordName, layout.members, attributes: parts.recordAttributes)
    stepBase.deallocate()
    textBase.deallocate()
    stepBase = .allocate(capacity: steps.count)
    stepBase.initialize(from: steps, count: steps.count)
    textBase = .allocate(capacity: text.count + 64)
    textBase.initialize(repeating: 0, count: text.count + 64)
    textBase.update(from: text, count: text.count)
  }

  deinit {
    stepBase.deallocate()
    textBase.deallocate()
  }

  // MARK: - The envelope

  private struct Parts {
    /// Up to the first record, and from the last one on.
    var before: [UInt8] = []
    var after: [UInt8] = []
    /// The document without a record.
    var empty: [UInt8] = []
    /// Around each record.
    var head: [UInt8] = []
    var tail: [UInt8] = []
    var recordName = "record"
    var recordAttributes: [UInt8] = []
  }

  private static func envelope(_ template: Template, namespace: String?) -> Parts {
    guard case .object(let members) = template, let root = members.first(where: { $0.value.recordPath != nil }) else {
      return Parts()
    }
    var attributes: [UInt8] = []
    if let namespace { attributes = attribute("xmlns", Array(namespace.utf8)) }
    return element(root, attributes)
  }

  private static func element(_ member: Template.Member, _ attributes: [UInt8]) -> Parts {
    let name = member.name == "*" ? "record" : member.name
    var parts = Parts()
    switch member.value {
    case .record, .list(.record):
      parts.recordName = name
      parts.recordAttributes = attributes
      return parts
    case .list(let inner):
      let wrapped = element(Template.Member(name, inner), [])
      parts = wrapped
      parts.head = wrapped.before + wrapped.head
      parts.tail = wrapped.tail + wrapped.after
      (parts.before, parts.after, parts.empty) = ([], [], [])
      return parts
    case .bind, .literal: return parts
    case .object(let members):
      var start = Array("<".utf8) + Array(name.utf8) + attributes
      var children: [UInt8] = []
      var found = false
      for inner in members {
        if inner.name.hasPrefix("@") {
          if case .literal(let value) = inner.value {
            start += attribute(String(inner.name.dropFirst()), scalar(value))
          }
        } else if !found, inner.value.recordPath != nil {
          found = true
          parts = element(inner, [])
          parts.before = children + parts.before
          parts.empty = children + parts.empty
          children = []
        } else {
          children += constant(inner.name, inner.value)
        }
      }
      let end = Array("</".utf8) + Array(name.utf8) + Array(">".utf8)
      let nothing = parts.empty.isEmpty && children.isEmpty
      parts.empty = nothing ? start + Array("/>".utf8) : start + Array(">".utf8) + parts.empty + children + end
      parts.before = start + Array(">".utf8) + parts.before
      parts.after += children + end
      return parts
    }
  }

  private static func attribute(_ name: String, _ value: [UInt8]) -> [UInt8] {
    Array(" ".utf8) + Array(name.utf8) + Array("=\"".utf8) + escaped(value, .attribute) + Array("\"".utf8)
  }

  /// Constants come out of mapping files, which hold no characters that XML does not.
  private static func escaped(_ value: [UInt8], _ escaping: XMLText.Escaping) -> [UInt8] {
    var out = OutputBuffer()
    value.withUnsafeBufferPointer { try? XMLText.escape($0, as: escaping, into: &out) }
    return Array(out.bytes)
  }

  private static func scalar(_ tree: Tree) -> [UInt8] {
    switch tree {
    case .null, .object, .array: []
    case .bool(let value): Array((value ? "true" : "false").utf8)
    case .number(let characters): characters
    case .text(let text): text
    }
  }

  private static func constant(_ name: String, _ template: Template) -> [UInt8] {
    let open = Array("<".utf8) + Array(name.utf8)
    let end = Array("</".utf8) + Array(name.utf8) + Array(">".utf8)
    switch template {
    case .literal(.array(let items)): return items.flatMap { constant(name, .literal($0)) }
    case .literal(.object(let members)):
      return constant(
        name, .object(members.map { Template.Member(String(decoding: $0.name, as: UTF8.self), .literal($0.value)) }))
    case .literal(let value):
      let text = escaped(scalar(value), .lineText)
      return text.isEmpty ? open + Array("/>".utf8) : open + Array(">".utf8) + text + end
    case .list(let inner): return constant(name, inner)
    case .record, .bind: return []
    case .object(let members):
      var start = open
      var children: [UInt8] = []
      for member in members {
        if member.name.hasPrefix("@"), case .literal(let value) = member.value {
          start += attribute(String(member.name.dropFirst()), scalar(value))
        } else if member.name == "#text", case .literal(let value) = member.value {
          children += escaped(scalar(value), .lineText)
        } else {
          children += constant(member.name, member.value)
        }
      }
      return children.isEmpty ? start + Array("/>".utf8) : start + Array(">".utf8) + children + end
    }
  }

  private static func declaredPrefixes(_ template: Template) -> [[UInt8]: [UInt8]] {
    switch template {
    case .record, .bind, .literal: [:]
    case .list(let inner): declaredPrefixes(inner)
    case .object(let members):
      members.reduce(into: [:]) { prefixes, member in
        if member.name.hasPrefix("@xmlns:"), case .literal(let uri) = member.value {
          prefixes[Array(member.name.utf8.dropFirst(7))] = scalar(uri)
        }
        prefixes.merge(declaredPrefixes(member.value)) { first, _ in first }
      }
    }
  }

  // MARK: - Compiling

  private func piece(_ bytes: [UInt8]) -> Piece {
    let piece = Piece(offset: Int32(text.count), length: Int32(bytes.count))
    text += bytes
    return piece
  }

  private func piece(_ bytes: String) -> Piece { piece(Array(bytes.utf8)) }

  private func addElement(
    _ name: String, _ members: [Layout.Member], attributes: [UInt8] = [], sibling: (key: String, value: String)? = nil
  ) {
    steps.append(Step(action: .open, before: piece(Array("<".utf8) + Array(name.utf8) + attributes)))
    for member in members where member.name.hasPrefix("@") {
      guard case .leaf(let leaf) = member.content else { continue }
      var step = leafStep(.attribute, leaf)
      step.before = piece(" \(member.name.dropFirst())=\"")
      step.behind = piece("\"")
      steps.append(step)
    }
    var start = Array(">".utf8)
    if let sibling {
      let value = XMLRecordWriter.escaped(Array(sibling.value.utf8), .text)
      if sibling.key.hasPrefix("@") {
        start = XMLRecordWriter.attribute(String(sibling.key.dropFirst()), Array(sibling.value.utf8)) + start
      } else {
        start += Array("<\(sibling.key)>".utf8) + value + Array("</\(sibling.key)>".utf8)
      }
    }
    steps.append(Step(action: .content, before: piece(start)))
    for member in members where !member.name.hasPrefix("@") { add(member.name, member.content) }
    steps.append(Step(action: .close, before: piece("</\(name)>")))
  }

  private func add(_ name: String, _ content: Layout.Content) {
    switch content {
    case .leaf(let leaf):
      guard name != "#text" else {
        steps.append(leafStep(.text, leaf))
        return
      }
      var step = leafStep(.leaf, leaf)
      let start = "<" + name + typeAttribute(leaf)
      step.before = piece(start + ">")
      step.behind = piece("</\(name)>")
      step.empty = piece(start + "/>")
      step.null = layout.nilAttribute.map { piece(start + " \($0)=\"true\"/>") } ?? step.empty
      steps.append(step)
    case .object(let members): addElement(name, members)
    case .picks(let key, let cases):
      for one in cases { addElement(name, one.members, sibling: (key, one.value)) }
    case .items(let items):
      for item in items.sorted(by: { $0.index < $1.index }) { add(name, item.content) }
    }
  }

  private func leafStep(_ action: Step.Action, _ leaf: Layout.Leaf) -> Step {
    Step(
      action: action, writesNull: leaf.writesNull, writesEmpty: leaf.writesEmpty, register: Int32(leaf.register),
      before: Piece())
  }

  private func typeAttribute(_ leaf: Layout.Leaf) -> String {
    guard let attribute = layout.typeAttribute, let type = leaf.xmlType else { return "" }
    return " \(attribute)=\"\(type)\""
  }

  // MARK: - Writing

  package func write(_ frame: Frame, extras: [OutputExtra], into out: inout OutputBuffer) throws(FormatError) {
    let start = (out.count, out.leaves)
    do throws(FormatError) {
      if extras.isEmpty { try writeSteps(frame, into: &out) } else { try writeTree(frame, extras, into: &out) }
    } catch {
      (out.count, out.leaves) = start
      throw error
    }
  }

  private struct Open {
    /// Where the element starts, where its content does, and whether it has attributes of the record's.
    var start: Int
    var content: Int
    var hasAttributes: Bool
  }

  private func writeSteps(_ frame: Frame, into out: inout OutputBuffer) throws(FormatError) {
    out.append(head)
    var open: [Open] = []
    let slots = frame.slots
    let chunk = frame.chunk
    // In a document of one line LF has to be escaped, so nothing can be copied unseen.
    let copies = frame.encoding == .xml && !isLine
    let escaping = isLine ? XMLText.Escaping.lineText : .text
    let count = steps.count
    let steps = stepBase
    let text = UnsafePointer(textBase)
    for index in 0..<count {
      let step = steps + index
      let before = text + Int(step.pointee.before.offset)
      let beforeLength = Int(step.pointee.before.length)
      switch step.pointee.action {
      case .leaf:
        let slot = slots[Int(step.pointee.register)]
        if slot.isAbsent { continue }
        let length = slot.length
        let behind = text + Int(step.pointee.behind.offset)
        let behindLength = Int(step.pointee.behind.length)
        if slot.kind == .text, length > 0 {
          out.reserve(beforeLength + behindLength + length)
          if copies, slot.space == .chunk, !slot.isOdd {
            var to = out.base + out.count
            cw_copy(to, before, beforeLength)
            to += beforeLength
            cw_copy(to, chunk + slot.offset, length)
            to += length
            cw_copy(to, behind, behindLength)
            out.count = to + behindLength - out.base
            out.leaves &+= 1
            continue
          }
          let start = out.count
          cw_copy(out.base + start, before, beforeLength)
          out.count += beforeLength
          try escape(slot, frame, escaping, into: &out)
          if out.count == start + beforeLength {
            // Escaped in its source, and nothing after all.
            out.count = start
            if step.pointee.writesEmpty || slot.isRestored { appendLeaf(step.pointee.empty, &out) }
            continue
          }
          out.append(UnsafeBufferPointer(start: behind, count: behindLength))
          out.leaves &+= 1
          continue
        }
        if slot.kind == .null {
          if step.pointee.writesNull || slot.isRestored { appendLeaf(step.pointee.null, &out) }
        } else if slot.kind == .text {
          if step.pointee.writesEmpty || slot.isRestored { appendLeaf(step.pointee.empty, &out) }
        } else {
          out.append(UnsafeBufferPointer(start: before, count: beforeLength))
          try escape(slot, frame, escaping, into: &out)
          out.append(UnsafeBufferPointer(start: behind, count: behindLength))
          out.leaves &+= 1
        }
      case .attribute:
        let slot = slots[Int(step.pointee.register)]
        if slot.isAbsent { continue }
        if slot.kind == .null, !step.pointee.writesNull, !slot.isRestored { continue }
        if slot.isEmptyText, !step.pointee.writesEmpty, !slot.isRestored { continue }
        out.append(UnsafeBufferPointer(start: before, count: beforeLength))
        try escape(slot, frame, .attribute, into: &out)
        append(step.pointee.behind, &out)
        out.leaves &+= 1
        open[open.count - 1].hasAttributes = true
      case .text:
        let start = out.count
        try escape(slots[Int(step.pointee.register)], frame, escaping, into: &out)
        if out.count > start { out.leaves &+= 1 }
      case .open:
        open.append(Open(start: out.count, content: 0, hasAttributes: open.isEmpty))
        out.append(UnsafeBufferPointer(start: before, count: beforeLength))
      case .content:
        out.append(UnsafeBufferPointer(start: before, count: beforeLength))
        open[open.count - 1].content = out.count
      case .close:
        let element = open.removeLast()
        if out.count > element.content {
          out.append(UnsafeBufferPointer(start: before, count: beforeLength))
        } else if !element.hasAttributes {
          out.count = element.start
        } else if out.base[out.count - 1] == UInt8(ascii: ">"), out.base[out.count - 2] != UInt8(ascii: "/") {
          // `<name a="…">` without content; the element that tells a list's elements apart is content enough.
          if (out.base + element.start)[0] == UInt8(ascii: "<"), isStartTagOnly(out, element.start) {
            out.count -= 1
            out.append("/>")
          } else {
            out.append(UnsafeBufferPointer(start: before, count: beforeLength))
          }
        } else {
          out.append(UnsafeBufferPointer(start: before, count: beforeLength))
        }
      }
    }
    out.append(tail)
  }

  /// Whether nothing but one start tag stands from an offset on (`>` never stands in our attributes as it is).
  private func isStartTagOnly(_ out: borrowing OutputBuffer, _ start: Int) -> Bool {
    for i in start..<(out.count - 1) where out.base[i] == UInt8(ascii: ">") { return false }
    return true
  }

  /// A null or empty element, where the format has such.
  private func appendLeaf(_ piece: Piece, _ out: inout OutputBuffer) {
    append(piece, &out)
    if piece.length > 0 { out.leaves &+= 1 }
  }

  private func append(_ piece: Piece, _ out: inout OutputBuffer) {
    text.withUnsafeBufferPointer {
      out.append(UnsafeBufferPointer(rebasing: $0[Int(piece.offset)..<Int(piece.offset + piece.length)]))
    }
  }

  private func escape(
    _ slot: Slot, _ frame: Frame, _ escaping: XMLText.Escaping, into out: inout OutputBuffer
  ) throws(FormatError) {
    switch slot.kind {
    case .absent, .null, .emptyObject, .emptyArray: return
    case .true: out.append("true")
    case .false: out.append("false")
    case .number: out.append(frame.raw(slot))
    case .text:
      do throws(FormatError) {
        try XMLText.escape(frame.text(slot), as: escaping, isPadded: slot.space != .pool, into: &out)
      } catch {
        throw FormatError(error.reason, at: slot.space == .chunk ? slot.offset : frame.start)
      }
    case .subtree:
      // The plan lets only values of its own making into a leaf (`native`): their text.
      do throws(FormatError) {
        try XMLText.escape(frame.raw(slot), as: escaping, isPadded: slot.space != .pool, into: &out)
      } catch {
        throw FormatError(error.reason, at: frame.start)
      }
    }
  }

  // MARK: - The slow way, for records with something restored

  private func writeTree(_ frame: Frame, _ extras: [OutputExtra], into out: inout OutputBuffer) throws(FormatError) {
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

/// Values in `any` notation.
package enum XMLTree {
  /// A child of an element: a run of text, or an element and its index among those of its name.
  struct Child {
    var name: [UInt8]
    var value: Tree
    var index: Int
  }

  /// Takes the names of `#order` out of an element's members.
  static func takeOrder(_ members: inout [Tree.Member]) -> [[UInt8]] {
    guard let index = members.firstIndex(where: { $0.name == XMLNode.orderName }), case .text(let order) = members[index].value
    else { return [] }
    members.remove(at: index)
    return order.split(separator: 0x20).map(Array.init)
  }

  /// The children of an element: as `order` has them, as far as they are there, then the others as the members stand.
  static func children(_ members: [Tree.Member], _ order: [[UInt8]], ignoresCase: Bool) -> [Child] {
    let names = members.filter { $0.name.first != UInt8(ascii: "@") }.map(\.name)
    var queues: [[UInt8]: ArraySlice<Child>] = [:]
    for member in members where member.name.first != UInt8(ascii: "@") {
      let values: [Tree] = if case .array(let items) = member.value { items } else { [member.value] }
      queues[member.name, default: []] += values.enumerated().map { Child(name: member.name, value: $1, index: $0) }
    }
    var children: [Child] = []
    for name in order {
      // The element may have another spelling here.
      var own = queues[name] == nil ? nil : name
      if own == nil, ignoresCase { own = names.first { $0.map(XMLNames.lower) == name.map(XMLNames.lower) } }
      if let own, let child = queues[own]?.popFirst() { children.append(child) }
    }
    for name in names {
      children += queues[name] ?? []
      queues[name] = []
    }
    return children
  }

  /// The tree with a value at a path. Text that gets attributes becomes an object with `#text`.
  package static func insert(_ value: Tree, at path: ArraySlice<PathStep>, into tree: Tree?) -> Tree {
    guard let step = path.first else { return value }
    let rest = path.dropFirst()
    switch step {
    case .name(let name):
      var members: [Tree.Member]
      switch tree {
      case .object(let own)?: members = own
      case .null?, .bool?, .number?, .text?: members = [Tree.Member("#text", tree!)]
      case .array(let items)?:
        // Said of a list, meant of its first element.
        guard let first = items.first else { return insert(value, at: path, into: nil) }
        return .array([insert(value, at: path, into: first)] + items.dropFirst())
      case nil: members = []
      }
      let bytes = Array(name.utf8)
      if let index = members.firstIndex(where: { $0.name == bytes }) {
        members[index].value = insert(value, at: rest, into: members[index].value)
      } else {
        members.append(Tree.Member(bytes, insert(value, at: rest, into: nil)))
      }
      return .object(members)
    case .index, .pick:
      var items: [Tree] = if case .array(let items)? = tree { items } else if let tree { [tree] } else { [] }
      switch step {
      case .index(let index):
        if index < items.count, !rest.isEmpty {
          items[index] = insert(value, at: rest, into: items[index])
        } else {
          items.insert(insert(value, at: rest, into: nil), at: min(index, items.count))
        }
      case .pick(let key, let wanted):
        if let index = items.firstIndex(where: { $0[key] == .text(wanted) }) {
          items[index] = insert(value, at: rest, into: items[index])
        } else {
          items.append(insert(value, at: rest, into: .object([Tree.Member(key, .text(wanted))])))
        }
      case .name: break
      }
      return .array(items)
    }
  }
}
