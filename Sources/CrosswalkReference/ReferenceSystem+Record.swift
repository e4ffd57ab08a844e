import CrosswalkFormats
package import CrosswalkModel

/// The bytes of one record, cut out of their document, and what stood around them there.
package struct ReferencePiece: Sendable, Equatable {
  package var bytes: [UInt8]
  /// Without which they cannot be understood: the start tags around an element, the header above a row.
  package var before: [UInt8]
  package var behind: [UInt8]

  package init(_ bytes: [UInt8], before: [UInt8] = [], behind: [UInt8] = []) {
    self.bytes = bytes
    self.before = before
    self.behind = behind
  }
}

extension ReferenceSystem {
  // MARK: Read

  /// The record that stands in a piece of a document, with its wrapper or without.
  package func record(in piece: ReferencePiece, format: Format) throws(ReferenceError) -> Tree {
    switch format {
    case .json, .ndjson:
      let tree = settlingNames(try parsed(piece.bytes))
      var input = ReferenceInput()
      do throws(ReferenceError) {
        try document(tree, .ndjson, isLine: true, isPiece: true, &input)
      } catch {
        // A record without any field of the system's is one all the same, where other records stand.
        guard error == .unrecognised else { throw error }
        return tree
      }
      return try only(input)
    case .xml, .csv, .form:
      let bytes = piece.before + piece.bytes + piece.behind
      var input = ReferenceInput()
      switch format {
      case .xml: try xmlDocuments(bytes, isPiece: true, &input)
      case .csv: try csvRecords(bytes, &input)
      default: formRecords(bytes, &input)
      }
      return try only(input)
    }
  }

  private func only(_ input: ReferenceInput) throws(ReferenceError) -> Tree {
    guard input.records.count == 1, case .success(let record) = input.records[0] else {
      if case .failure(let reject)? = input.records.first, case .malformed(let reason) = reject.why {
        throw .format(reason, 0)
      }
      throw .unrecognised
    }
    return record
  }

  private func parsed(_ bytes: [UInt8]) throws(ReferenceError) -> Tree {
    do throws(FormatError) {
      return try JSONReference.parse(bytes, limits: limits)
    } catch {
      throw .format(error.reason, error.offset)
    }
  }

  /// One of the members that share a name, where the reader was told which.
  func settlingNames(_ tree: Tree) -> Tree {
    guard duplicateNames != .reject else { return tree }
    switch tree {
    case .array(let items): return .array(items.map(settlingNames))
    case .object(let members):
      var kept: [Tree.Member] = []
      for member in members {
        let settled = Tree.Member(member.name, settlingNames(member.value))
        if let index = kept.firstIndex(where: { $0.name == member.name }) {
          if duplicateNames == .last { kept[index] = settled }
        } else {
          kept.append(settled)
        }
      }
      return .object(kept)
    default: return tree
    }
  }

  // MARK: Written

  /// The bytes of one record as it stands in a document of its shape, with its wrapper and without what parts it from others.
  package func piece(of record: Tree, shape: Shape, format: Format) throws(ReferenceError) -> ReferencePiece {
    switch format {
    case .json, .ndjson:
      return ReferencePiece(Array(try document(of: [record], shape: shape, format: .ndjson).dropLast()))
    case .xml where shape == .list:
      return ReferencePiece(xmlElement(of: record, in: try envelope(shape, format)))
    case .xml, .form: return ReferencePiece(Array(try document(of: [record], shape: shape, format: format).dropLast()))
    case .csv:
      let rows = try document(of: [record], shape: shape, format: format)
      let header = CSVReference.read(rows, delimiter: delimiter ?? UInt8(ascii: ","), limits: limits).first?.bytes ?? 0..<0
      return ReferencePiece(Array(rows[(header.upperBound + 1)...].dropLast()), before: Array(rows[header]))
    }
  }

  /// A written record as a tree, its wrapper still around it: what two spellings of one record have in common
  /// (SEMANTICS S16).
  package func content(of piece: ReferencePiece, format: Format) throws(ReferenceError) -> Tree {
    switch format {
    case .json, .ndjson: return try parsed(piece.bytes)
    case .xml:
      do throws(FormatError) {
        return try XMLReference.element(piece.bytes, aids: .needed, limits: limits)
      } catch {
        throw .format(error.reason, error.offset)
      }
    case .form:
      let lines = FormReference.read(piece.bytes, limits: limits)
      guard lines.count <= 1 else { throw .format(.trailingData, lines[1].bytes.lowerBound) }
      if let error = lines.first?.error { throw .format(error.reason, error.offset) }
      return .object((lines.first?.parameters ?? []).map { .init($0.name, .text($0.value)) })
    case .csv:
      let separator = delimiter ?? UInt8(ascii: ",")
      let header = CSVReference.read(piece.before, delimiter: separator, limits: limits).first?.cells.map { $0.text ?? [] } ?? []
      // A row that was written before the last column of the header was known has fewer cells.
      let rows = CSVReference.read(piece.bytes + [0x0a], delimiter: separator, limits: limits)
      guard rows.count <= 1 else { throw .format(.trailingData, rows[1].bytes.lowerBound) }
      guard let row = rows.first else { return .object([]) }
      if let error = row.error { throw .format(error.reason, error.offset) }
      guard row.cells.count <= header.count else { throw .format(.raggedRow, 0) }
      var members: [Tree.Member] = []
      for (index, cell) in row.cells.enumerated() {
        guard let text = cell.text else { continue }
        let number = header[...index].count { $0 == header[index] }
        let name = number == 1 ? header[index] : header[index] + Array("#\(number)".utf8)
        members.append(.init(name, .text(isSpreadsheet ? Self.withoutApostrophe(text) : text)))
      }
      return .object(members)
    }
  }

  /// The record in a tree that `content(of:)` gave.
  package func unwrapped(_ tree: Tree, shape: Shape, format: Format) throws(ReferenceError) -> Tree {
    guard format.hasTrees else { return tree }
    var envelope = try envelope(shape, format)
    if shape == .list { envelope = element(of: envelope, format) ?? .text("$record") }
    var node = tree
    while envelope != .text("$record") {
      switch envelope {
      case .array(let items):
        guard let inner = items.first else { throw .noTemplate }
        if case .array(let elements) = node, let first = elements.first { node = first }
        envelope = inner
      case .object(let members):
        guard let member = members.first(where: { Self.holdsRecord($0.value) }) else { throw .noTemplate }
        guard case .object(let all) = node, let inner = all.first(where: { $0.name == member.name }) else { throw .unrecognised }
        (node, envelope) = (inner.value, member.value)
      default: throw .noTemplate
      }
    }
    return node
  }

  private func envelope(_ shape: Shape, _ format: Format) throws(ReferenceError) -> Tree {
    guard let template = templates.first(where: { $0.shape == shape && $0.format == format.carrier && $0.isWritten })
    else { throw .noTemplate }
    return template.envelope
  }

  /// What repeats in a list, in XML under its name.
  private func element(of envelope: Tree, _ format: Format) -> Tree? {
    switch envelope {
    case .array(let items): return items.first
    case .object(let members):
      guard let member = members.first(where: { Self.holdsRecord($0.value) }) else { return nil }
      if format == .xml, case .array(let items) = member.value, let item = items.first {
        return .object([.init(member.name, item)])
      }
      return element(of: member.value, format)
    default: return nil
    }
  }

  /// A `'` in front of what a spreadsheet would run, and of such a `'`.
  static func withoutApostrophe(_ text: [UInt8]) -> [UInt8] {
    guard text.first == UInt8(ascii: "'"), text.count > 1 else { return text }
    let rest = text.dropFirst()
    return isPrefixed(rest) ? Array(rest) : text
  }

  static func isPrefixed(_ text: ArraySlice<UInt8>) -> Bool {
    if text.first == UInt8(ascii: "'") { return true }
    let bare = text.drop { $0 == UInt8(ascii: " ") }
    guard let first = bare.first else { return false }
    switch first {
    case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "@"), 0x09, 0x0a, 0x0d: return true
    case UInt8(ascii: "-"): return bare.count < text.count || !isNumber(Array(text))
    // Their full-width forms.
    default: return ["＋", "－", "＝", "＠"].contains { bare.starts(with: $0.utf8) }
    }
  }

  private static func isNumber(_ text: [UInt8]) -> Bool {
    guard let tree = try? JSONReference.parse(text), case .number(text) = tree else { return false }
    return true
  }
}
