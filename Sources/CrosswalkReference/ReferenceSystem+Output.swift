import CrosswalkFormats
package import CrosswalkModel

extension ReferenceSystem {
  /// The bytes of a file that holds these records (SEMANTICS section 2, 3-9).
  package func document(of records: [Tree], shape: Shape, format: Format) throws(ReferenceError) -> [UInt8] {
    guard
      let envelope = templates.first(where: { $0.shape == shape && $0.format == format.carrier && $0.isWritten })?
        .envelope
    else { throw .noTemplate }
    switch format {
    case .json:
      if shape == .list { return Self.jsonList(records, envelope) }
      return lines(records) { TreeWriter.json(Self.filled(envelope, $0)) }
    case .ndjson:
      // One element of the list with its own wrapper, without the list's envelope; other shapes are whole bodies.
      var body = envelope
      if shape == .list { body = Self.element(of: envelope) ?? .text("$record") }
      return lines(records) { TreeWriter.json(Self.filled(body, $0)) }
    case .xml:
      if shape == .list { return xmlList(records, envelope) }
      return lines(records) { self.xml(Self.filled(envelope, $0)) }
    case .csv: return csv(records, shape)
    case .form: return lines(records, Self.form)
    }
  }

  private func lines(_ records: [Tree], _ line: (Tree) -> [UInt8]) -> [UInt8] {
    records.reduce(into: []) { $0 += line($1) + [0x0a] }
  }

  /// The envelope with a record in it; a list around it has that one.
  static func filled(_ envelope: Tree, _ record: Tree) -> Tree {
    switch envelope {
    case .text(Array("$record".utf8)): record
    case .array(let items): .array(items.map { filled($0, record) })
    case .object(let members): .object(members.map { .init($0.name, filled($0.value, record)) })
    default: envelope
    }
  }

  /// What repeats in the list.
  private static func element(of envelope: Tree) -> Tree? {
    switch envelope {
    case .array(let items): items.first
    case .object(let members): members.lazy.compactMap { holdsRecord($0.value) ? element(of: $0.value) : nil }.first
    default: nil
    }
  }

  // MARK: JSON

  private static func jsonList(_ records: [Tree], _ envelope: Tree) -> [UInt8] {
    let element = element(of: envelope) ?? .text("$record")
    let marked = TreeWriter.json(replacingElements(envelope))
    let marker = TreeWriter.json(.text("$records"))
    let start = marked.indices.first { marked[$0...].starts(with: marker) } ?? 0
    let bodies = records.map { TreeWriter.json(filled(element, $0)) }
    var out = Array(marked[..<start])
    out +=
      bodies.isEmpty
      ? Array("[]".utf8) : Array("[\n".utf8) + Array(bodies.joined(separator: Array(",\n".utf8))) + Array("\n]".utf8)
    return out + marked[(start + marker.count)...] + [0x0a]
  }

  /// The envelope with the text `$records` where its list stands.
  private static func replacingElements(_ envelope: Tree) -> Tree {
    switch envelope {
    case .array where holdsRecord(envelope): .text("$records")
    case .object(let members): .object(members.map { .init($0.name, replacingElements($0.value)) })
    default: envelope
    }
  }

  // MARK: XML

  /// One document: the root is the envelope's only element.
  private func xml(_ document: Tree) -> [UInt8] {
    var out: [UInt8] = []
    guard case .object(let members) = document else { return out }
    for (index, member) in members.enumerated() {
      element(member.name, member.value, isRoot: index == 0, isLine: true, &out)
    }
    return out
  }

  private func xmlList(_ records: [Tree], _ envelope: Tree) -> [UInt8] {
    var out = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8)
    guard case .object(let members) = envelope, let root = members.first else { return out }
    element(root.name, root.value, isRoot: true, records: records, &out)
    return out + [0x0a]
  }

  /// The element that one record of a list is, in the scope of those around it.
  func xmlElement(of record: Tree, in envelope: Tree) -> [UInt8] {
    var node = envelope
    var scope: [[UInt8]: [UInt8]] = [:]
    var out: [UInt8] = []
    while case .object(let members) = node, let way = members.first(where: { Self.holdsRecord($0.value) }) {
      for member in members where member.name.starts(with: XMLNode.namespaceMark) {
        scope[Array(member.name.dropFirst(XMLNode.namespaceMark.count))] = (try? member.value.characters()) ?? []
      }
      if case .array(let items) = way.value, let item = items.first {
        element(way.name, Self.filled(item, record), scope: scope, &out)
        break
      }
      node = way.value
    }
    return out
  }

  /// An element; `records` stand where the envelope repeats one, each on a line. nil: it is no envelope any more, and a text in it
  /// may be `$record` by itself.
  private func element(
    _ name: [UInt8], _ value: Tree, isRoot: Bool = false, isLine: Bool = false, records: [Tree]? = nil,
    scope: [[UInt8]: [UInt8]] = [:], _ out: inout [UInt8]
  ) {
    var scope = scope
    var attributes: [Tree.Member] = []
    var declarations: [Tree.Member] = []
    // Runs of text and elements, each with its name.
    var children: [Tree.Member] = []
    var order: [[UInt8]] = []
    switch value {
    case .object(let members):
      for member in members {
        if member.name.starts(with: XMLNode.namespaceMark) {
          let prefix = Array(member.name.dropFirst(XMLNode.namespaceMark.count))
          let uri = (try? member.value.characters()) ?? []
          if scope[prefix] != uri { declarations.append(member) }
          scope[prefix] = uri
        } else if member.name.first == UInt8(ascii: "@") {
          attributes.append(member)
        } else if member.name == XMLNode.orderName, let names = try? member.value.characters() {
          order = names.split(separator: 0x20).map(Array.init)
        } else if case .array(let items) = member.value, records == nil || !Self.holdsRecord(member.value) {
          children += items.map { .init(member.name, $0) }
        } else {
          children.append(member)
        }
      }
    case .null where nilAttribute != nil: attributes = [.init(nilAttribute ?? "", .text("true"))]
    default: children = [.init(XMLNode.textName, value)]
    }
    for used in [name] + attributes.map({ Array($0.name.dropFirst()) }) {
      guard let prefix = Self.prefix(of: used), scope[prefix] == nil else { continue }
      let uri = Array("urn:undeclared:".utf8) + prefix
      scope[prefix] = uri
      declarations.append(.init(XMLNode.namespaceMark + prefix, .text(uri)))
    }
    var ordered: [Tree.Member] = []
    for name in order {
      let index =
        children.firstIndex { $0.name == name }
        ?? children.firstIndex { ignoresCase && Self.small($0.name) == Self.small(name) }
      if let index { ordered.append(children.remove(at: index)) }
    }
    children = ordered + children
    out += [UInt8(ascii: "<")] + name
    if isRoot, let xmlNamespace {
      out += Array(" xmlns=\"".utf8) + Self.escaped(Array(xmlNamespace.utf8), inAttribute: true) + [0x22]
    }
    for attribute in attributes + declarations {
      out += [0x20] + attribute.name.dropFirst() + Array("=\"".utf8)
      out += Self.escaped((try? attribute.value.characters()) ?? [], inAttribute: true) + [0x22]
    }
    var inside: [UInt8] = []
    for child in children {
      if child.name == XMLNode.textName {
        if !child.value.isBlank { inside += Self.escaped((try? child.value.characters()) ?? [], isLine: isLine) }
        continue
      }
      switch child.value {
      case .array(let items) where records != nil && Self.holdsRecord(child.value):
        guard let records, !records.isEmpty, let item = items.first else { continue }
        inside.append(0x0a)
        for record in records {
          element(child.name, Self.filled(item, record), scope: scope, &inside)
          inside.append(0x0a)
        }
      default: element(child.name, child.value, isLine: isLine, records: records, scope: scope, &inside)
      }
    }
    if inside.isEmpty {
      out += "/>".utf8
    } else {
      out += [UInt8(ascii: ">")] + inside + Array("</".utf8) + name + [UInt8(ascii: ">")]
    }
  }

  /// Line ends and tabs that a parser would turn into something else are references; all of them in a document that is
  /// one line.
  private static func escaped(_ text: [UInt8], inAttribute: Bool = false, isLine: Bool = false) -> [UInt8] {
    var out: [UInt8] = []
    for byte in text {
      switch byte {
      case UInt8(ascii: "&"): out += "&amp;".utf8
      case UInt8(ascii: "<"): out += "&lt;".utf8
      case UInt8(ascii: ">"): out += "&gt;".utf8
      case UInt8(ascii: "\"") where inAttribute: out += "&quot;".utf8
      case 0x0d: out += "&#13;".utf8
      case 0x0a where inAttribute || isLine: out += "&#10;".utf8
      case 0x09 where inAttribute: out += "&#9;".utf8
      default: out.append(byte)
      }
    }
    return out
  }

  // MARK: CSV and form

  /// The columns of a shape: the leaves of its fields, in the mapping's order.
  package func columns(_ shape: Shape) -> [[UInt8]] {
    let names = fields.filter { $0.shapes.contains(shape) && !$0.isOneWay }.flatMap { field in
      places(of: field, .csv).map { place -> [UInt8] in
        guard case .name(let name)? = place.paths[0].first else { return place.identity }
        return Array(name.utf8)
      }
    }
    return isCanonical ? names + [Array("system".utf8), Array("native".utf8)] : names
  }

  /// Whether a format has a place for a value of the system's own that comes back: trees for all, columns for scalars,
  /// and null only where its own column says so by being empty.
  ///
  /// - paths: of all that comes back.
  func takes(_ value: Tree, at path: [UInt8], _ format: Format, among paths: Set<[UInt8]>) -> Bool {
    func isField(_ path: [UInt8]) -> Bool { fields.contains { places(of: $0, format).contains { $0.identity == path } } }
    // Where a field of this format stands, nothing else can.
    let steps = PathStep.parse(String(decoding: path, as: UTF8.self)) ?? []
    let own = format.hasTrees ? steps : [.name(PathStep.columnText(steps))]
    if !isField(path), fields.contains(where: { places(of: $0, format).contains { $0.paths[0] == own } }) { return false }
    if format.hasTrees {
      // A value in JSON has no attributes, nor has an attribute in XML.
      if format == .xml, case .name(let name)? = steps.last, name.hasPrefix("@"), steps.count > 1 {
        let element = Array(PathStep.text(steps.dropLast()).utf8)
        // It may be one of an element beside that, which has a path of its own.
        return paths.contains(PathText.quoted(element)) || !fields.contains { field in
          places(of: field, format).contains { place in
            guard place.identity == element, case .name(let own)? = place.paths[0].last else { return false }
            return own.hasPrefix("@")
          }
        }
      }
      guard format.isJSON, steps.count > 1 else { return true }
      return isField(path) || !isField(Array(PathStep.text(steps.dropLast()).utf8))
    }
    if value.isContainer { return false }
    return value != .null || isField(path)
  }

  private func csv(_ records: [Tree], _ shape: Shape) -> [UInt8] {
    let separator = delimiter ?? UInt8(ascii: ",")
    // What came back and no field names stands behind the fields, as it comes.
    var columns = columns(shape)
    let named = columns.count
    for case .object(let members) in records {
      for member in members where !columns.contains(member.name) { columns.append(member.name) }
    }
    func row(_ cells: [Tree?], isHeader: Bool = false) -> [UInt8] {
      var out: [UInt8] = []
      for (index, cell) in cells.enumerated() {
        if index > 0 { out.append(separator) }
        guard let cell, cell != .null else { continue }
        var text = cell.isContainer ? TreeWriter.json(cell) : (try? cell.characters()) ?? []
        if isSpreadsheet, !isHeader, Self.isPrefixed(text[...]) { text.insert(UInt8(ascii: "'"), at: 0) }
        let needsQuotes = text.isEmpty || text.contains { [separator, 0x22, 0x0d, 0x0a].contains($0) }
        if !needsQuotes {
          out += text
        } else {
          out.append(0x22)
          for byte in text { out += byte == 0x22 ? [byte, byte] : [byte] }
          out.append(0x22)
        }
      }
      return out + [0x0a]
    }
    // The second column of a name has that name in the header.
    var out = row(
      columns.enumerated().map { index, column in
        guard index < named else { return .text(Self.columnName(ofPath: column)) }
        guard let hash = column.lastIndex(of: UInt8(ascii: "#")),
          Int(String(decoding: column[(hash + 1)...], as: UTF8.self)) != nil
        else { return .text(column) }
        return .text(Array(column[..<hash]))
      }, isHeader: true)
    for record in records {
      guard case .object(let members) = record else { continue }
      out += row(columns.map { column in members.first { $0.name == column }?.value })
    }
    return out
  }

  /// The path of a column that no field names: its name, in quotes where that is no path.
  static func path(ofColumn name: [UInt8]) -> [UInt8] {
    let text = String(decoding: name, as: UTF8.self)
    return PathStep.parse(text).map(PathStep.text) == text ? name : Array(PathStep.text([.name(text)]).utf8)
  }

  /// The name of the column that has this path.
  private static func columnName(ofPath path: [UInt8]) -> [UInt8] {
    guard case .name(let name)? = PathStep.parse(String(decoding: path, as: UTF8.self))?.first else { return path }
    return self.path(ofColumn: Array(name.utf8)) == path ? Array(name.utf8) : path
  }

  private static func form(_ record: Tree) -> [UInt8] {
    guard case .object(let members) = record else { return [] }
    let pairs = members.map { percent($0.name) + [UInt8(ascii: "=")] + percent((try? $0.value.characters()) ?? []) }
    return Array(pairs.joined(separator: [UInt8(ascii: "&")]))
  }

  /// Everything but RFC 3986's unreserved characters as `%XX`.
  private static func percent(_ text: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    for byte in text {
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: out.append(byte)
      default:
        let digits = Array("0123456789ABCDEF".utf8)
        out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return out
  }
}
