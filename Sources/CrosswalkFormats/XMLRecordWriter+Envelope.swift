import CrosswalkModel

/// What stands around the records, and around each of them.
extension XMLRecordWriter {
  struct Parts {
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

  static func envelope(_ template: Template, namespace: String?) -> Parts {
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

  static func attribute(_ name: String, _ value: [UInt8]) -> [UInt8] {
    Array(" ".utf8) + Array(name.utf8) + Array("=\"".utf8) + escaped(value, .attribute) + Array("\"".utf8)
  }

  /// Constants come out of mapping files, which hold no characters that XML does not.
  static func escaped(_ value: [UInt8], _ escaping: XMLText.Escaping) -> [UInt8] {
    var out = OutputBuffer()
    value.withUnsafeBufferPointer { try? XMLText.escape($0, as: escaping, into: &out) }
    return Array(out.bytes)
  }

  static func scalar(_ tree: Tree) -> [UInt8] {
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

  static func declaredPrefixes(_ template: Template) -> [[UInt8]: [UInt8]] {
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
}
