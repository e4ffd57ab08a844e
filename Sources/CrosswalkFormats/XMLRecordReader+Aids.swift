import CrosswalkModel

/// What is no leaf, but is needed to write unknown data again as it stood: an extra of no leaves behind the one that needs it.
///
/// - The prefix of an unknown name: `@xmlns:p` on the record, with what the first such name has it bound to. Where the same prefix
///   is bound to something else it stands on the element that uses it.
/// - The order of text and elements of mixed content: `#order` on its element.
extension XMLRecordReader {
  /// Prefix → namespace.
  typealias Scope = [[UInt8]: [UInt8]]

  static func scope(_ scope: Scope, inside node: XMLNode) -> Scope {
    node.namespaces.reduce(into: scope) { $0[$1.name] = $1.value }
  }

  /// The prefix of a name that has to be declared.
  static func prefix(of name: some Collection<UInt8>) -> [UInt8]? {
    guard let colon = name.firstIndex(of: UInt8(ascii: ":")), !name[..<colon].elementsEqual("xml".utf8) else { return nil }
    return Array(name[..<colon])
  }

  /// Keeps the declaration of an unknown name that is a leaf's.
  ///
  /// - path: of the element that has the name, or its attribute.
  func keepPrefix(of name: some Collection<UInt8>, _ scope: Scope, path: [UInt8], isIndexed: Bool) {
    guard let prefix = Self.prefix(of: name), let uri = scope[prefix] else { return }
    guard let known = declaredPrefixes.first(where: { $0.name == prefix }) else { return declare(prefix, uri) }
    guard known.uri != uri else { return }
    var own = path
    PathText.append(XMLNode.namespaceMark + prefix, to: &own)
    guard ownDeclarations.insert(own).inserted else { return }
    aid(uri, path: own, isIndexed: isIndexed)
  }

  /// An unknown element with what it needs of the declarations around it; the record keeps the others.
  func keepPrefixes(of element: XMLNode, _ scope: Scope) -> XMLNode {
    var needed: [(name: [UInt8], uri: [UInt8])] = []
    let copy = claimed(element, scope, [:], &needed)
    for (prefix, uri) in needed { declare(prefix, uri) }
    return copy
  }

  private func claimed(
    _ element: XMLNode, _ outer: Scope, _ own: Scope, _ needed: inout [(name: [UInt8], uri: [UInt8])]
  ) -> XMLNode {
    let scope = element.namespaces.isEmpty ? outer : Self.scope(outer, inside: element)
    var own = own
    var copy = element
    copy.namespaces = []
    for name in [element.name] + element.attributes.map(\.name) {
      guard let prefix = Self.prefix(of: name), let uri = scope[prefix] else { continue }
      let bound = own[prefix] ?? (declaredPrefixes + needed).first { $0.name == prefix }?.uri
      if bound == nil {
        needed.append((prefix, uri))
      } else if bound != uri {
        copy.namespaces.append(XMLNode.Attribute(prefix, uri))
        own[prefix] = uri
      }
    }
    copy.children = element.children.map { child in
      guard case .element(let inner) = child else { return child }
      return .element(claimed(inner, scope, own, &needed))
    }
    return copy
  }

  private func declare(_ prefix: [UInt8], _ uri: [UInt8]) {
    declaredPrefixes.append((prefix, uri))
    var path: [UInt8] = []
    PathText.append(XMLNode.namespaceMark + prefix, to: &path)
    aid(uri, path: path, isIndexed: false)
  }

  /// Keeps where the runs of text stand; `path` is the element's.
  func keepOrder(of node: XMLNode, path: [UInt8], isIndexed: Bool) {
    guard let order = node.order else { return }
    let text = Array(order.joined(separator: [0x20]))
    guard text.count <= limits.field else { return }
    var own = path
    PathText.append(XMLNode.orderName, to: &own)
    aid(text, path: own, isIndexed: isIndexed)
  }

  private func aid(_ text: [UInt8], path: [UInt8], isIndexed: Bool) {
    let slot = frame.store(text)
    if isIndexed { extra(slot, leaves: 0, indexedPath: path) } else { extra(slot, leaves: 0, path: path) }
  }

  /// The same for what the fast path read: all declarations stand around the run, so that no prefix is bound twice.
  func keepPrefixes(ofRaw element: UnsafeBufferPointer<UInt8>) {
    guard element.contains(UInt8(ascii: ":")) else { return }
    do throws(FormatError) {
      var parser = XMLReferenceParser(Array(element), limits: limits, checksNamespaces: false)
      _ = keepPrefixes(of: try parser.root(), outerScope)
    } catch {
      // It has been read already.
    }
  }
}
