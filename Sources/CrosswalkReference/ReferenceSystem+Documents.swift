import CrosswalkFormats
package import CrosswalkModel

/// What a file of a system holds.
package struct ReferenceInput: Sendable {
  /// Records, or why one is none, in order.
  package var records: [Result<Tree, ReferenceReject>] = []
  /// An acknowledgement: the id where it names one. It has no record.
  package var acknowledgements: [String?] = []
  /// More pages follow.
  package var hasMore = false
}

extension ReferenceSystem {
  /// The records of a file: one document or several, wrapped as the system's shapes or replies have it.
  package func documents(in bytes: [UInt8], format: Format) throws(ReferenceError) -> ReferenceInput {
    var input = ReferenceInput()
    switch format {
    case .json:
      var offset = 0
      var count = 0
      while JSONReference.skipBlanks(bytes, offset) < bytes.count {
        do {
          let value = try JSONReference.parsePrefix(bytes, from: offset)
          offset = value.end
          count += 1
          try document(value.tree, format, isLine: false, &input)
        } catch let error as FormatError {
          throw .format(error.reason, error.offset)
        } catch let error as ReferenceError {
          throw error
        } catch {
          throw .unrecognised
        }
      }
      if count == 0 { throw .format(.truncated, bytes.count) }
    case .ndjson:
      for line in bytes.split(separator: 0x0a) where !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) {
        do {
          try document(try JSONReference.parse(Array(line)), format, isLine: true, &input)
        } catch let error as FormatError {
          input.records.append(.failure(.init(why: .malformed(error.reason), field: "")))
        } catch let error as ReferenceError {
          if error != .unrecognised { throw error }
          input.records.append(.failure(.init(why: .notARecord, field: "")))
        } catch {
          throw .unrecognised
        }
      }
    case .xml: try xmlDocuments(bytes, &input)
    case .csv: try csvRecords(bytes, &input)
    case .form: formRecords(bytes, &input)
    }
    return input
  }

  // MARK: One document

  /// Replies first, then the shapes, the most literal first.
  ///
  /// - isPiece: one record cut out of its document, so that it is no reply and nothing is said of its success.
  func document(
    _ tree: Tree, _ format: Format, isLine: Bool, isPiece: Bool = false, _ input: inout ReferenceInput
  ) throws(ReferenceError) {
    for template in replies.done where !isPiece {
      var bound: [String: String] = [:]
      if Self.isReply(tree, template, &bound) {
        input.acknowledgements.append(bound["id"])
        return
      }
    }
    for template in replies.error where !isPiece {
      var bound: [String: String] = [:]
      guard Self.isReply(tree, template, &bound) else { continue }
      if let none = replies.none, let value = bound[none.name], none.values.contains(value) { return }
      throw .reply(code: bound["code"], message: bound["message"])
    }
    var candidates: [(envelope: Tree, rank: Int)] = []
    for template in templates where template.format == format.carrier {
      var envelope = template.envelope
      if isLine, case .array(let items) = envelope, items.count == 1 { envelope = items[0] }
      candidates.append((envelope, Self.rank(envelope)))
    }
    // A line of NDJSON may be a bare record of an enveloped list.
    if isLine { candidates.append((.text("$record"), Self.rank(.text("$record")))) }
    for rank in Set(candidates.map(\.rank)).sorted(by: >) {
      for candidate in candidates where candidate.rank == rank {
        if isMember(tree, candidate.envelope, format),
          candidates.contains(where: { Self.isBare($0.envelope) })
        {
          continue
        }
        // A bare piece is what stays when no name is there.
        if isPiece, isLine, Self.isOpen(candidate.envelope) { continue }
        guard let records = records(tree, candidate.envelope, format) else { continue }
        if Self.isOpen(candidate.envelope) {
          guard
            records.isEmpty
              ? candidate.envelope == .array([.text("$record")])
              : records.contains(where: { has($0, format) || $0 == .object([]) && Self.isBare(candidate.envelope) })
          else { continue }
        }
        if !isPiece { try checkSuccess(tree, candidate.envelope) }
        input.records += records.map { record in
          Self.isRecord(record, format) ? .success(record) : .failure(.init(why: .notARecord, field: ""))
        }
        if isMore(tree) { input.hasMore = true }
        return
      }
    }
    throw .unrecognised
  }

  /// Literal names on the way to the record, then as few `*` as possible.
  private static func rank(_ envelope: Tree) -> Int {
    switch envelope {
    case .object(let members):
      for member in members where holdsRecord(member.value) {
        return rank(member.value) + (member.name == Array("*".utf8) ? -1 : 100)
      }
      // An empty list under a name of its own.
      return members.count * 100
    case .array(let items): return items.first.map(rank) ?? 0
    default: return 0
    }
  }

  /// Nothing on the way to the record has a name: only its fields tell what it is.
  private static func isOpen(_ envelope: Tree) -> Bool {
    switch envelope {
    case .object(let members):
      guard let member = members.first(where: { holdsRecord($0.value) }) else { return false }
      return member.name == Array("*".utf8) && isOpen(member.value)
    case .array(let items): return items.first.map(isOpen) ?? false
    default: return true
    }
  }

  /// The record, or a list of such, without any name around it.
  private static func isBare(_ envelope: Tree) -> Bool { [.text("$record"), .array([.text("$record")])].contains(envelope) }

  static func holdsRecord(_ envelope: Tree) -> Bool {
    switch envelope {
    case .text(Array("$record".utf8)): true
    case .array(let items): items.contains(where: holdsRecord)
    case .object(let members): members.contains { holdsRecord($0.value) }
    default: false
    }
  }

  /// The records of a document under an envelope; nil when it is another document.
  private func records(_ tree: Tree, _ envelope: Tree, _ format: Format) -> [Tree]? {
    switch envelope {
    case .text(Array("$record".utf8)):
      // A leaf is no record; an XML element without content is one without fields.
      if case .array = tree { return nil }
      return Self.isRecord(tree, format) ? [tree] : nil
    case .array(let items):
      guard let inner = items.first, case .array(let elements) = tree else { return nil }
      var all: [Tree] = []
      for (index, element) in elements.enumerated() {
        if let records = records(element, inner, format) {
          all += records
        } else if index == 0 {
          return nil
        } else {
          // The first element says what the list holds; another one is refused on its own.
          all.append(.null)
        }
      }
      return all
    case .object(let wanted):
      let members: [Tree.Member]
      switch tree {
      case .object(let all): members = all
      case .text(let text) where format == .xml && text.allSatisfy(isBlank): members = []
      default: return nil
      }
      guard let way = wanted.first(where: { Self.holdsRecord($0.value) }) else {
        // `{ nil-classes: {} }`: the names alone say that there is nothing.
        return wanted.allSatisfy { name in members.contains { $0.name == name.name } } ? [] : nil
      }
      let isAny = way.name == Array("*".utf8)
      if case .array(let items) = way.value, let inner = items.first, format == .xml {
        // A repeated element: none, one or many.
        let named = isAny ? members.filter(\.isElement) : members.filter { $0.name == way.name }
        if isAny, named.count > 1 { return nil }
        guard let only = named.first else { return [] }
        let elements: [Tree]
        if case .array(let all) = only.value { elements = all } else { elements = [only.value] }
        var all: [Tree] = []
        for element in elements {
          guard let records = records(element, inner, format) else { return nil }
          all += records
        }
        return all
      }
      if isAny {
        let fitting = members.filter { member in
          format == .xml ? member.isElement : Self.isArray(member.value) == Self.isArray(way.value)
        }
        guard fitting.count == 1 else { return nil }
        return records(fitting[0].value, way.value, format)
      }
      guard let member = members.first(where: { $0.name == way.name }) else { return nil }
      return records(member.value, way.value, format)
    default: return nil
    }
  }

  /// Whether what has the wrapper's name is a member of a bare record: a field of the record stands beside it.
  private func isMember(_ tree: Tree, _ envelope: Tree, _ format: Format) -> Bool {
    switch (tree, envelope) {
    case (.array(let elements), .array(let items)):
      guard let first = elements.first, let inner = items.first else { return false }
      return isMember(first, inner, format)
    case (.object(let members), .object(let wanted)) where format.isJSON && !Self.isOpen(envelope):
      let names = fields.flatMap { places(of: $0, format).flatMap(\.paths) }.compactMap { path -> [UInt8]? in
        guard case .name(let name)? = path.first else { return nil }
        return Array(name.utf8)
      }
      return members.contains { member in
        guard !wanted.contains(where: { $0.name == member.name }) else { return false }
        return names.contains { ignoresCase ? Self.small($0) == Self.small(member.name) : $0 == member.name }
      }
    default: return false
    }
  }

  private static func isArray(_ tree: Tree) -> Bool { if case .array = tree { true } else { false } }

  private static func isRecord(_ tree: Tree, _ format: Format) -> Bool {
    switch tree {
    case .object: true
    case .text(let text): format == .xml && text.allSatisfy(isBlank)
    default: false
    }
  }

  /// Whether at least one mapped field stands in it.
  private func has(_ record: Tree, _ format: Format) -> Bool {
    guard let canonical = try? read(record, format: format) else {
      return Self.isRecord(record, format) && record != .object([])
    }
    // A canonical record may have nothing but its meta members.
    return canonical.leaves.contains { $0.field != nil } || isCanonical && (record["system"] ?? record["native"]) != nil
  }

  /// The literals that must hold in a reply with records.
  private func checkSuccess(_ tree: Tree, _ envelope: Tree) throws(ReferenceError) {
    for rule in replies.success {
      guard case .name(let first)? = rule.path.first, envelope[first] != nil else { continue }
      let value = Self.value(tree, rule.path)
      let text = (try? value?.characters()).map { String(decoding: $0, as: UTF8.self) }
      guard let text, rule.values.contains(text) else {
        throw .reply(code: text, message: nil)
      }
    }
  }

  private func isMore(_ tree: Tree) -> Bool {
    guard let path = replies.more, let value = Self.value(tree, path) else { return false }
    guard let text = try? value.characters() else { return false }
    guard let pages = replies.pages else { return ["true", "1"].contains(String(decoding: text, as: UTF8.self)) }
    guard let all = Self.value(tree, pages), let count = try? all.characters() else { return false }
    return (Int(String(decoding: text, as: UTF8.self)) ?? 0) < (Int(String(decoding: count, as: UTF8.self)) ?? 0)
  }

  private static func value(_ tree: Tree, _ path: [PathStep]) -> Tree? {
    var node: Tree? = tree
    for case .name(let name) in path { node = node?[name] }
    return node
  }

  /// A reply's template: all its members must stand there. Further scalars are tolerated, further containers are not,
  /// and nothing beside `$id`, which would make it a record.
  static func isReply(_ tree: Tree, _ template: Tree, _ bound: inout [String: String]) -> Bool {
    switch template {
    case .text(let text) where text.first == UInt8(ascii: "$"):
      guard let value = try? tree.characters() else { return false }
      bound[String(decoding: text.dropFirst(), as: UTF8.self)] = String(decoding: value, as: UTF8.self)
      return true
    case .array(let items):
      guard let inner = items.first, case .array(let elements) = tree, !elements.isEmpty else { return false }
      for element in elements.reversed() { guard isReply(element, inner, &bound) else { return false } }
      return true
    case .object(let wanted):
      guard case .object(let members) = tree else { return false }
      let isAny = wanted.contains { $0.name == Array("*".utf8) }
      for member in wanted {
        if member.name == Array("*".utf8) {
          guard members.contains(where: { $0.value.isContainer && isReply($0.value, member.value, &bound) }) else {
            return false
          }
        } else {
          guard let value = members.first(where: { $0.name == member.name })?.value,
            isReply(value, member.value, &bound)
          else {
            return false
          }
        }
      }
      let others = members.filter { member in !wanted.contains { $0.name == member.name } }
      if wanted.contains(where: { $0.value == .text("$id") }) { return others.isEmpty }
      return isAny || !others.contains { $0.value.isContainer }
    default:
      guard let expected = try? template.characters() else { return template == tree }
      return (try? tree.characters()) == expected
    }
  }

  // MARK: Formats

  func xmlDocuments(
    _ bytes: [UInt8], isPiece: Bool = false, _ input: inout ReferenceInput
  ) throws(ReferenceError) {
    let documents: [XMLNode]
    do {
      documents = try XMLReference.documents(bytes, limits: limits)
    } catch {
      throw .format(error.reason, error.offset)
    }
    if documents.isEmpty { throw .format(.truncated, bytes.count) }
    for root in documents {
      try document(.object([.init(root.name, Self.spelledOut(root, [:]).tree(aids: .all))]), .xml, isLine: false, isPiece: isPiece, &input)
    }
  }

  /// The element with each prefix declared wherever a name has it, and nowhere else.
  private static func spelledOut(_ node: XMLNode, _ outer: [[UInt8]: [UInt8]]) -> XMLNode {
    var scope = outer
    for namespace in node.namespaces { scope[namespace.name] = namespace.value }
    var copy = node
    copy.namespaces = []
    for name in [node.name] + node.attributes.map(\.name) {
      guard let prefix = prefix(of: name), let uri = scope[prefix], !copy.namespaces.contains(where: { $0.name == prefix })
      else { continue }
      copy.namespaces.append(.init(prefix, uri))
    }
    copy.children = node.children.map { child in
      if case .element(let inner) = child { .element(spelledOut(inner, scope)) } else { child }
    }
    return copy
  }

  /// The prefix of a name that has to be declared.
  static func prefix(of name: [UInt8]) -> [UInt8]? {
    guard let colon = name.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let prefix = Array(name[..<colon])
    return prefix == Array("xml".utf8) ? nil : prefix
  }

  /// Rows behind the header: the first row, or the first one with the columns that the mapping asks for.
  func csvRecords(_ bytes: [UInt8], _ input: inout ReferenceInput) throws(ReferenceError) {
    guard templates.contains(where: { $0.format == .csv }) else { throw .noTemplate }
    var start = 0
    var rows: [CSVReference.Row] = []
    while start < bytes.count {
      let rest = Array(bytes[start...])
      rows = CSVReference.read(rest, delimiter: delimiter ?? sniffed(rest), limits: limits)
      let header = rows.first?.cells.compactMap(\.text) ?? []
      if headerHas.allSatisfy({ header.contains(Array($0.utf8)) }) { break }
      rows = []
      guard let end = bytes[start...].firstIndex(of: 0x0a) else { break }
      start = end + 1
    }
    guard let header = rows.first else { throw .format(.truncated, bytes.count) }
    if let error = header.error { throw .format(error.reason, error.offset) }
    let names = header.cells.map { $0.text ?? [] }
    let columns = readColumns
    for (index, name) in names.enumerated() where names[..<index].contains(name) {
      let number = names[...index].count { $0 == name }
      guard columns.contains(name + Array("#\(number)".utf8)) else { throw .format(.duplicateColumn, index) }
    }
    guard names.contains(where: { isKnown($0, columns) }) else { throw .unrecognised }
    for row in rows.dropFirst() {
      if let error = row.error {
        input.records.append(.failure(.init(why: .malformed(error.reason), field: "")))
        continue
      }
      let members = zip(names, row.cells).compactMap { name, cell in
        cell.text.map { Tree.Member(name, .text(isSpreadsheet ? Self.withoutApostrophe($0) : $0)) }
      }
      input.records.append(.success(.object(members)))
    }
  }

  /// The columns that a field names.
  private var readColumns: [[UInt8]] {
    fields.flatMap { places(of: $0, .csv) }.flatMap(\.paths).compactMap { path -> [UInt8]? in
      guard case .name(let name)? = path.first else { return nil }
      return Array(name.utf8)
    } + (isCanonical ? [Array("system".utf8), Array("native".utf8)] : [])
  }

  private func isKnown(_ name: [UInt8], _ columns: [[UInt8]]) -> Bool {
    columns.contains { $0 == name || ignoresCase && Self.small($0) == Self.small(name) }
  }

  /// The delimiter that cuts the header into most columns that are known, then into most columns.
  private func sniffed(_ bytes: [UInt8]) -> UInt8 {
    let all = readColumns
    var best: (delimiter: UInt8, known: Int, columns: Int) = (UInt8(ascii: ","), 0, 0)
    for delimiter in Array(",;\t|".utf8) {
      let cells = CSVReference.read(bytes, delimiter: delimiter, limits: limits).first?.cells ?? []
      let known = cells.count { isKnown($0.text ?? [], all) }
      if (known, cells.count) > (best.known, best.columns) { best = (delimiter, known, cells.count) }
    }
    return best.delimiter
  }

  func formRecords(_ bytes: [UInt8], _ input: inout ReferenceInput) {
    for line in FormReference.read(bytes, limits: limits) {
      if let error = line.error {
        input.records.append(.failure(.init(why: .malformed(error.reason), field: "")))
        continue
      }
      let ofRecord = line.parameters.filter { parameter in
        !requestParameters.contains { Self.small(Array($0.utf8)) == Self.small(parameter.name) }
      }
      let record = Tree.object(ofRecord.map { .init($0.name, .text($0.value)) })
      input.records.append(has(record, .form) ? .success(record) : .failure(.init(why: .notARecord, field: "")))
    }
  }
}
