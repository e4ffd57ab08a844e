package import CrosswalkModel

/// The plain XML parser: one byte after the other, as the recommendation is written (XML 1.0 fifth edition, Namespaces
/// in XML 1.0), without DTDs. The slow twin of the fast reader, and what reads envelopes and residue.
package enum XMLReference {
  /// A whole document as a tree: an object with the root's name as its one member.
  package static func parse(
    _ bytes: [UInt8], declared: XMLDeclared = XMLDeclared(), limits: Limits = Limits()
  ) throws(FormatError) -> Tree {
    let root = try document(bytes, limits: limits)
    return .object([Tree.Member(root.name, root.tree(declared))])
  }

  /// A whole document. Offsets of errors are in its UTF-8 form (`XMLEncoding.transcode`).
  package static func document(_ bytes: [UInt8], limits: Limits = Limits()) throws(FormatError) -> XMLNode {
    let text = try XMLEncoding.transcode(bytes)
    var parser = XMLReferenceParser(text, limits: limits, checksNamespaces: true)
    return try parser.document()
  }

  /// The documents of a sequence, each with its own prologue.
  package static func documents(_ bytes: [UInt8], limits: Limits = Limits()) throws(FormatError) -> [XMLNode] {
    let text = try XMLEncoding.transcode(bytes)
    var parser = XMLReferenceParser(text, limits: limits, checksNamespaces: true)
    var documents: [XMLNode] = []
    while try parser.skipPrologue() { documents.append(try parser.root()) }
    return documents
  }

  /// One element cut out of its document (the bytes of a `subtree` slot): prefixes may be bound outside it.
  package static func fragment(
    _ bytes: [UInt8], declared: XMLDeclared = XMLDeclared(), aids: XMLNode.Aids = .none, limits: Limits = Limits()
  ) throws(FormatError) -> Tree {
    var parser = XMLReferenceParser(bytes, limits: limits, checksNamespaces: false)
    return try parser.root().tree(declared, aids: aids)
  }

  /// The same under its own name, with nothing behind it.
  package static func element(
    _ bytes: [UInt8], aids: XMLNode.Aids = .none, limits: Limits = Limits()
  ) throws(FormatError) -> Tree {
    var parser = XMLReferenceParser(bytes, limits: limits, checksNamespaces: false)
    let root = try parser.root()
    guard parser.isAtEnd else { throw FormatError(.trailingData, at: parser.position) }
    return .object([Tree.Member(root.name, root.tree(aids: aids))])
  }
}

/// What a start tag may hold (RELIABILITY R32).
package enum XMLLimits {
  package static let startTag = 64 << 10
  package static let attributes = 256
}

struct XMLReferenceParser {
  private let text: [UInt8]
  private var i = 0
  private let limits: Limits
  private let checksNamespaces: Bool
  /// Prefix → namespace, the innermost last. The default namespace has an empty prefix.
  private var bindings: [(prefix: [UInt8], uri: [UInt8])] = []

  static let xmlNamespace = Array("http://www.w3.org/XML/1998/namespace".utf8)
  static let xmlnsNamespace = Array("http://www.w3.org/2000/xmlns/".utf8)

  init(_ text: [UInt8], limits: Limits, checksNamespaces: Bool) {
    self.text = text
    self.limits = limits
    self.checksNamespaces = checksNamespaces
  }

  // MARK: - The document

  var position: Int { i }
  var isAtEnd: Bool { i == text.count }

  mutating func document() throws(FormatError) -> XMLNode {
    guard try skipPrologue() else { throw error(.truncated) }
    let root = try root()
    while i < text.count {
      if !(try skipMiscellaneous()) { throw error(.unexpectedByte) }
    }
    return root
  }

  /// To the root's `<`; false when the input ends first.
  mutating func skipPrologue() throws(FormatError) -> Bool {
    // Between documents blanks may stand before a declaration.
    var start = i
    while start < text.count, XMLText.isBlank(text[start]) { start += 1 }
    if i > 0 { i = start }
    if has("<?xml"), i + 5 < text.count, XMLText.isBlank(text[i + 5]) { try declaration() }
    while i < text.count {
      if has("<!DOCTYPE") { throw error(.doctype) }
      if try skipMiscellaneous() { continue }
      guard text[i] == UInt8(ascii: "<") else { throw error(.unexpectedByte) }
      return true
    }
    return false
  }

  mutating func root() throws(FormatError) -> XMLNode { try element(depth: 1) }

  private mutating func skipMiscellaneous() throws(FormatError) -> Bool {
    if XMLText.isBlank(text[i]) {
      i += 1
    } else if has("<!--") {
      try comment()
    } else if has("<?") {
      try instruction()
    } else {
      return false
    }
    return true
  }

  /// `<?xml version="1.0" encoding="…" standalone="…"?>`.
  private mutating func declaration() throws(FormatError) {
    i += 5
    var names: [String] = []
    while true {
      let blanks = skipBlanks()
      if has("?>") { break }
      guard blanks else { throw error(.notWellFormed) }
      let name = String(decoding: try name(), as: UTF8.self)
      _ = skipBlanks()
      try expect(UInt8(ascii: "="))
      _ = skipBlanks()
      guard i < text.count, text[i] == 0x22 || text[i] == 0x27 else { throw error(.notWellFormed) }
      let quote = text[i]
      let start = i + 1
      guard let end = text[start...].firstIndex(of: quote) else { throw error(.truncated, at: text.count) }
      let value = Array(text[start..<end])
      let order = ["version", "encoding", "standalone"]
      guard let place = order.firstIndex(of: name), names.allSatisfy({ order.firstIndex(of: $0)! < place }) else {
        throw error(.notWellFormed)
      }
      switch name {
      // The fifth edition lets a 1.0 processor read any 1.x; 1.1 documents may hold what 1.0 forbids.
      case "version":
        let isVersion =
          value.starts(with: "1.".utf8) && value.count > 2 && value.dropFirst(2).allSatisfy { $0 &- 0x30 < 10 }
        if !isVersion || value == Array("1.1".utf8) { throw error(.notWellFormed, at: start) }
      case "encoding":
        let isName =
          (value.first.map { ($0 | 0x20) &- 0x61 < 26 } ?? false)
          && value.allSatisfy { ($0 | 0x20) &- 0x61 < 26 || $0 &- 0x30 < 10 || $0 == 0x2e || $0 == 0x5f || $0 == 0x2d }
        if !isName { throw error(.badEncoding, at: start) }
      default:
        if value != Array("yes".utf8), value != Array("no".utf8) { throw error(.notWellFormed, at: start) }
      }
      names.append(name)
      i = end + 1
    }
    guard names.first == "version" else { throw error(.notWellFormed) }
    i += 2
  }

  // MARK: - Elements

  private mutating func element(depth: Int) throws(FormatError) -> XMLNode {
    let start = i
    guard depth <= limits.depth else { throw error(.tooDeep) }
    try expect(UInt8(ascii: "<"))
    let nameStart = i
    var node = XMLNode(try name())
    let bound = bindings.count
    var attributes: [(attribute: XMLNode.Attribute, offset: Int)] = []
    var isEmpty = false
    while true {
      let blanks = skipBlanks()
      guard i < text.count else { throw error(.truncated) }
      if i - start > XMLLimits.startTag { throw error(.startTagTooLong, at: start) }
      if text[i] == UInt8(ascii: ">") {
        i += 1
        break
      }
      if text[i] == UInt8(ascii: "/") {
        i += 1
        try expect(UInt8(ascii: ">"))
        isEmpty = true
        break
      }
      guard blanks else { throw error(.unexpectedByte) }
      let offset = i
      let name = try name()
      _ = skipBlanks()
      try expect(UInt8(ascii: "="))
      _ = skipBlanks()
      let value = try attributeValue()
      if attributes.contains(where: { $0.attribute.name == name }) { throw error(.duplicateAttribute, at: offset) }
      attributes.append((XMLNode.Attribute(name, value), offset))
      if attributes.count > XMLLimits.attributes { throw error(.tooManyAttributes, at: offset) }
    }
    if i - start > XMLLimits.startTag { throw error(.startTagTooLong, at: start) }
    for (attribute, offset) in attributes { try bind(attribute, offset) }
    try checkNamespaces(node.name, nameStart, attributes)
    for (attribute, _) in attributes where attribute.name != Array("xmlns".utf8) {
      if attribute.name.starts(with: "xmlns:".utf8) {
        // `xml` is bound without being declared.
        let prefix = Array(attribute.name.dropFirst(6))
        if prefix != Array("xml".utf8) { node.namespaces.append(XMLNode.Attribute(prefix, attribute.value)) }
      } else {
        node.attributes.append(attribute)
      }
    }
    if !isEmpty { try content(of: &node, depth: depth) }
    bindings.removeSubrange(bound...)
    return node
  }

  private mutating func content(of node: inout XMLNode, depth: Int) throws(FormatError) {
    var run: [UInt8] = []
    func flush(_ node: inout XMLNode) {
      if !run.isEmpty { node.children.append(.text(run)) }
      run = []
    }
    while true {
      guard i < text.count else { throw error(.truncated) }
      switch text[i] {
      case UInt8(ascii: "<"):
        if has("</") {
          flush(&node)
          i += 2
          let start = i
          guard try name() == node.name else { throw error(.mismatchedTag, at: start) }
          _ = skipBlanks()
          try expect(UInt8(ascii: ">"))
          return
        } else if has("<!--") {
          try comment()
        } else if has("<![CDATA[") {
          i += 9
          while !has("]]>") { run += try character() }
          i += 3
        } else if has("<?") {
          try instruction()
        } else if has("<!DOCTYPE") {
          throw error(.doctype)
        } else {
          flush(&node)
          node.children.append(.element(try element(depth: depth + 1)))
        }
      case UInt8(ascii: "&"):
        run += try reference()
      default:
        if has("]]>") { throw error(.unexpectedByte) }
        run += try character()
      }
      if run.count > limits.field { throw error(.fieldTooLong) }
    }
  }

  private mutating func attributeValue() throws(FormatError) -> [UInt8] {
    guard i < text.count else { throw error(.truncated) }
    let quote = text[i]
    guard quote == 0x22 || quote == 0x27 else { throw error(.unexpectedByte) }
    i += 1
    var value: [UInt8] = []
    while true {
      guard i < text.count else { throw error(.truncated) }
      switch text[i] {
      case quote:
        i += 1
        return value
      case UInt8(ascii: "<"): throw error(.unexpectedByte)
      case UInt8(ascii: "&"): value += try reference()
      default:
        let run = try character()
        value += run.count == 1 && XMLText.isBlank(run[0]) ? [0x20] : run
      }
    }
  }

  private mutating func reference() throws(FormatError) -> [UInt8] {
    let (scalar, length, reason) = text.withUnsafeBufferPointer {
      XMLText.reference($0.baseAddress! + i, text.count - i)
    }
    if let reason { throw error(reason, at: reason == .truncated ? text.count : i) }
    i += length
    var bytes: [UInt8] = []
    XMLEncoding.append(scalar, to: &bytes)
    return bytes
  }

  private mutating func comment() throws(FormatError) {
    i += 4
    while !has("--") { _ = try character() }
    i += 2
    try expect(UInt8(ascii: ">"))
  }

  private mutating func instruction() throws(FormatError) {
    let start = i
    i += 2
    let target = try name()
    if target.map({ $0 | 0x20 }) == Array("xml".utf8) { throw error(.notWellFormed, at: start) }
    if checksNamespaces, target.contains(UInt8(ascii: ":")) { throw error(.namespace, at: start) }
    if has("?>") {
      i += 2
      return
    }
    guard skipBlanks() else { throw error(.unexpectedByte) }
    while !has("?>") { _ = try character() }
    i += 2
  }

  // MARK: - Namespaces

  private mutating func bind(_ attribute: XMLNode.Attribute, _ offset: Int) throws(FormatError) {
    guard checksNamespaces else { return }
    var prefix: [UInt8] = []
    if attribute.name.starts(with: "xmlns:".utf8) {
      prefix = Array(attribute.name.dropFirst(6))
      if attribute.value.isEmpty { throw error(.namespace, at: offset) }
    } else if attribute.name != Array("xmlns".utf8) {
      return
    }
    let isXML = prefix == Array("xml".utf8)
    if isXML != (attribute.value == XMLReferenceParser.xmlNamespace) || prefix == Array("xmlns".utf8)
      || attribute.value == XMLReferenceParser.xmlnsNamespace
    {
      throw error(.namespace, at: offset)
    }
    bindings.append((prefix, attribute.value))
  }

  private func checkNamespaces(
    _ element: [UInt8], _ offset: Int, _ attributes: [(attribute: XMLNode.Attribute, offset: Int)]
  ) throws(FormatError) {
    guard checksNamespaces else { return }
    if let (prefix, _) = try split(element, offset) { _ = try namespace(prefix, offset) }
    var seen: [(uri: [UInt8], local: [UInt8])] = []
    for (attribute, offset) in attributes {
      guard let (prefix, local) = try split(attribute.name, offset), prefix != Array("xmlns".utf8) else { continue }
      let uri = try namespace(prefix, offset)
      if seen.contains(where: { $0.uri == uri && $0.local == local }) { throw error(.duplicateAttribute, at: offset) }
      seen.append((uri, local))
    }
  }

  /// Prefix and local part; nil for a name without a prefix.
  private func split(_ name: [UInt8], _ offset: Int) throws(FormatError) -> (prefix: [UInt8], local: [UInt8])? {
    guard let colon = name.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    if XMLText.breaksNamespaces(name) { throw error(.namespace, at: offset) }
    guard XMLName.isQualified(name) else { return nil }
    return (Array(name[..<colon]), Array(name[(colon + 1)...]))
  }

  private func namespace(_ prefix: [UInt8], _ offset: Int) throws(FormatError) -> [UInt8] {
    if prefix == Array("xml".utf8) { return XMLReferenceParser.xmlNamespace }
    guard prefix != Array("xmlns".utf8), let found = bindings.last(where: { $0.prefix == prefix }) else {
      throw error(.namespace, at: offset)
    }
    return found.uri
  }

  // MARK: - Bytes

  private func error(_ reason: FormatReason, at offset: Int? = nil) -> FormatError {
    FormatError(i >= text.count && offset == nil ? .truncated : reason, at: offset ?? i)
  }

  private func has(_ word: StaticString) -> Bool {
    guard i + word.utf8CodeUnitCount <= text.count else { return false }
    for k in 0..<word.utf8CodeUnitCount where text[i + k] != word.utf8Start[k] { return false }
    return true
  }

  private mutating func expect(_ byte: UInt8) throws(FormatError) {
    guard i < text.count, text[i] == byte else { throw error(.unexpectedByte) }
    i += 1
  }

  private mutating func skipBlanks() -> Bool {
    let start = i
    while i < text.count, XMLText.isBlank(text[i]) { i += 1 }
    return i > start
  }

  private mutating func scalar() throws(FormatError) -> (scalar: UInt32, length: Int) {
    guard i < text.count else { throw error(.truncated) }
    let found = text.withUnsafeBufferPointer { XMLName.scalar($0, i) }
    guard let found else { throw error(.invalidUTF8) }
    return found
  }

  /// One character of text, line ends as LF.
  private mutating func character() throws(FormatError) -> [UInt8] {
    let (scalar, length) = try scalar()
    guard XMLText.isCharacter(scalar) else { throw error(.forbiddenCharacter) }
    let bytes = Array(text[i..<(i + length)])
    i += length
    if scalar == 0x0d {
      if i < text.count, text[i] == 0x0a { i += 1 }
      return [0x0a]
    }
    return bytes
  }

  private mutating func name() throws(FormatError) -> [UInt8] {
    let start = i
    while i < text.count {
      let (scalar, length) = try scalar()
      guard i == start ? XMLName.isStart(scalar) : XMLName.isCharacter(scalar) else { break }
      i += length
    }
    guard i > start else { throw error(.unexpectedByte) }
    return Array(text[start..<i])
  }
}
