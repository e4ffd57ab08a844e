import CrosswalkFormats
import CrosswalkModel

/// Every leaf of a record, those of no field too.
extension ReferenceSystem {
  /// Lists all leaves of the record in its order: the found ones, and what no field took.
  func collect(
    _ record: Tree, _ format: Format, _ found: [ReferenceCanonical.Leaf], _ canonical: inout ReferenceCanonical
  ) throws(ReferenceReject) {
    let taken = Dictionary(found.map { ($0.location, $0) }) { first, _ in first }
    let paths = fields.flatMap { places(of: $0, format).flatMap(\.paths) }.map { $0[...] }
    try walk(record, format, [], [], paths, taken, [:], &canonical)
  }

  private func walk(
    _ node: Tree, _ format: Format, _ location: [Int], _ path: [UInt8], _ live: [ArraySlice<PathStep>],
    _ taken: [[Int]: ReferenceCanonical.Leaf], _ keys: [[Int]: Key], _ canonical: inout ReferenceCanonical
  ) throws(ReferenceReject) {
    // A record without anything in it is no leaf.
    if location.isEmpty, node == .object([]) { return }
    if var leaf = taken[location] {
      var aids: [ReferenceCanonical.Leaf] = []
      if format == .xml { leaf.value = settled(leaf.value, [:], &canonical.prefixes, &aids) }
      canonical.leaves.append(leaf)
      canonical.leaves += aids
      return
    }
    if let leaf = taken[location + [-1]] { canonical.leaves.append(leaf) }
    // A single element of a list in XML: its steps go on inside.
    let isList = if case .array = node { true } else { false }
    if format == .xml, !isList, !live.isEmpty, live.allSatisfy({ $0.first?.isListStep ?? false }) {
      let through = live.filter { locate($0.prefix(1), in: node, format, exact: false) != nil }.map { $0.dropFirst() }
      var path = path
      PathText.append(index: 0, to: &path)
      let keys = self.keys(of: node, format, location, live, taken)
      return try walk(node, format, location, path, through, taken, keys, &canonical)
    }
    let isElementWithText: Bool
    if case .object(let members) = node, format == .xml {
      isElementWithText = !members.contains { $0.isElement }
    } else {
      isElementWithText = false
    }
    let passes = !live.allSatisfy(\.isEmpty) || isElementWithText && !live.isEmpty
    // Another spelling of a field, with attributes: its text is the element's, as a field's is.
    var isLoser = false
    if isElementWithText, live.contains(where: \.isEmpty), case .object(let members) = node {
      let text = members.firstIndex { $0.name == XMLNode.textName }
      isLoser = taken[location + [text ?? -1]] == nil
      if isLoser {
        canonical.leaves.append(.init(path: path, value: text.map { members[$0].value } ?? .text([]), why: .noPlace, location: location))
      }
    }
    switch node {
    // An object where fields have a list is none of theirs: one value, as it stood.
    case .object(let members)
    where !members.isEmpty && (passes || location.isEmpty) && (format == .xml || location.isEmpty || live.contains { $0.first?.isListStep == false }):
      let parent = path
      for (index, item) in format == .xml ? Self.visits(members) : members.indices.map({ ($0, nil) }) {
        let member = members[index]
        if format == .xml, Self.isAid(member.name) || isLoser && member.name == XMLNode.textName { continue }
        let key = keys[location + [index]]
        if key?.isImplied == true { continue }
        let inner = live.filter { steps in
          guard case .name(let name)? = steps.first else { return false }
          if format == .csv, let hash = name.lastIndex(of: "#"), Array(name[..<hash].utf8) == member.name {
            return true
          }
          if steps.count > 1, format.hasTrees { return isParent(member.name, name, format) }
          return ignoresCase ? Self.isSameWord(member.name, name) : member.name.elementsEqual(name.utf8)
        }.map { $0.dropFirst() }
        let own = live.first { $0.count > 1 && isParent(member.name, $0.first, format) }?.first
        let isSecond = members[..<index].contains { isParent($0.name, own, format) }
        var path = path
        if format.hasTrees {
          // What stands in an object or a list has the mapping's path, whatever its own spelling.
          var name = key.map { Array($0.name.utf8) } ?? member.name
          if !isSecond, case .name(let text)? = own, holds(member.value, inner, format) { name = Array(text.utf8) }
          PathText.append(name, to: &path)
        } else {
          path = format == .csv ? Self.path(ofColumn: member.name) : member.name
        }
        if let item, inner.isEmpty, case .array(let items) = member.value {
          PathText.append(index: item, to: &path)
          keepUnknown(items[item], path, location + [index, item], &canonical)
          continue
        }
        if let item, item > 0 { continue }
        if isSecond {
          // The first one is it, and this one stays whole.
          keepUnknown(member.value, path, location + [index], &canonical)
          continue
        }
        let known = canonical.leaves.count
        try walk(member.value, format, location + [index], path, inner, taken, keys, &canonical)
        if format == .xml, member.name.first == UInt8(ascii: "@"), canonical.leaves.count > known,
          canonical.leaves[known].field == nil
        {
          keepPrefix(of: Array(member.name.dropFirst()), members, parent, &canonical)
        }
      }
      if format == .xml, let order = members.first(where: { $0.name == XMLNode.orderName }) {
        var own = parent
        PathText.append(XMLNode.orderName, to: &own)
        canonical.leaves.append(.init(path: own, value: order.value, isAid: true))
      }
    case .array(let items) where format == .xml && !passes:
      for (index, item) in items.enumerated() {
        var path = path
        PathText.append(index: index, to: &path)
        keepUnknown(item, path, location + [index], &canonical)
      }
    // A list where fields have an object is none of theirs: one value, as it stood.
    case .array(let items) where !items.isEmpty && passes && (format == .xml || live.contains { $0.first?.isListStep ?? false }):
      if format == .xml,
        live.contains(where: { steps in
          if case .name? = steps.first { true } else { steps.isEmpty }
        })
      {
        throw ReferenceReject(why: .repeatedElement, field: String(decoding: path, as: UTF8.self))
      }
      let keys = self.keys(of: node, format, location, live, taken)
      for (index, item) in items.enumerated() {
        var path = path
        PathText.append(index: index, to: &path)
        let inner = live.filter { steps in
          switch steps.first {
          case .index(let number): number == index
          case .pick: locate(steps.prefix(1), in: node, format, exact: false)?.location.first == index
          default: false
          }
        }.map { $0.dropFirst() }
        try walk(item, format, location + [index], path, inner, taken, keys, &canonical)
      }
    default:
      guard format == .xml else {
        canonical.leaves.append(.init(path: path, value: node, why: .noPlace, location: location))
        return
      }
      keepUnknown(node, path, location, &canonical)
    }
  }

  /// Whether an object or a list has a name of the mapping, in any of its spellings.
  func isParent(_ name: [UInt8], _ step: PathStep?, _ format: Format) -> Bool {
    if case .name(let text)? = step { isParent(name, text, format) } else { false }
  }

  func isParent(_ name: [UInt8], _ text: String, _ format: Format) -> Bool {
    let spellings = [text] + (parentNames[format.carrier]?[text] ?? [])
    return spellings.contains { ignoresCase ? Self.isSameWord(name, $0) : name.elementsEqual($0.utf8) }
  }

  func allParentNames() -> [Format: [String: [String]]] {
    nameRules.mapValues { rule in
      var names: [String: [String]] = [:]
      for case .name(let name) in fields.flatMap({ $0.steps.dropLast() }) where name.contains(rule.from) {
        func spelt(_ other: String) -> String {
          name.split(separator: rule.from, omittingEmptySubsequences: false).joined(separator: other)
        }
        names[spelt(rule.to)] = rule.alsoRead.map(spelt)
      }
      return names
    }
  }

  /// Whether a value is the object or list that the steps go into.
  private func holds(_ value: Tree, _ steps: [ArraySlice<PathStep>], _ format: Format) -> Bool {
    let next = steps.compactMap(\.first)
    return switch value {
    case .object(let members): !members.isEmpty && next.contains { format == .xml || !$0.isListStep }
    case .array(let items): !items.isEmpty && next.contains(where: \.isListStep)
    case .null, .bool, .number, .text: false
    }
  }

  /// The member that tells an element apart from others.
  private struct Key {
    var name: String
    /// It would be written by itself in the same place: no leaf.
    var isImplied: Bool
  }

  /// The members of a list's elements that tell them apart. They are implied in elements that hold a mapped value, when these are the
  /// first ones and stand in the mapping's order.
  private func keys(
    of node: Tree, _ format: Format, _ location: [Int], _ live: [ArraySlice<PathStep>],
    _ taken: [[Int]: ReferenceCanonical.Leaf]
  ) -> [[Int]: Key] {
    var keys: [[Int]: Key] = [:]
    var seen: Set<PathStep> = []
    var place = 0
    for case .pick(let key, let value)? in live.map(\.first) where seen.insert(.pick(key: key, value: value)).inserted {
      guard let hit = locate([.pick(key: key, value: value)], in: node, format, exact: false) else { continue }
      // In XML an element that stands alone is no list.
      var (item, element, position) = (node, location, 0)
      if case .array(let items) = node {
        position = hit.location[0]
        (item, element) = (items[position], location + [position])
      }
      guard let member = locate([.name(key)], in: item, format, exact: false), let index = member.location.first,
        member.location.count == 1, taken[element + [index]] == nil
      else { continue }
      let hasValues = taken.keys.contains { $0.starts(with: element) }
      keys[element + [index]] = Key(name: key, isImplied: hasValues && position == place)
      if hasValues { place += 1 }
    }
    return keys
  }

  // MARK: What brings unknown XML back as it stood

  /// The members in the order of mixed content: one element of a repeated one at a time.
  private static func visits(_ members: [Tree.Member]) -> [(member: Int, item: Int?)] {
    guard let order = members.first(where: { $0.name == XMLNode.orderName }), let names = try? order.value.characters() else {
      return members.indices.map { ($0, nil) }
    }
    var visits = members.indices.filter { members[$0].name.first == UInt8(ascii: "@") }.map { (member: $0, item: Int?.none) }
    for name in names.split(separator: 0x20) {
      guard let index = members.firstIndex(where: { $0.name.elementsEqual(name) }) else { continue }
      if case .array = members[index].value {
        visits.append((index, visits.count { $0.member == index }))
      } else {
        visits.append((index, nil))
      }
    }
    return visits
  }

  static func isAid(_ name: [UInt8]) -> Bool { name.starts(with: XMLNode.namespaceMark) || name == XMLNode.orderName }

  private func keepUnknown(_ node: Tree, _ path: [UInt8], _ location: [Int], _ canonical: inout ReferenceCanonical) {
    var aids: [ReferenceCanonical.Leaf] = []
    var value = settled(node, [:], &canonical.prefixes, &aids)
    // A text has its own declarations beside it.
    if case .object(let members) = value,
      members.allSatisfy({ $0.name.starts(with: XMLNode.namespaceMark) || $0.name == XMLNode.textName })
    {
      value = value["#text"] ?? .text([])
      for member in members where member.name != XMLNode.textName {
        var own = path
        PathText.append(member.name, to: &own)
        aids.append(.init(path: own, value: member.value, isAid: true))
      }
    }
    canonical.leaves.append(.init(path: path, value: value, why: .noPlace, location: location))
    canonical.leaves += aids
  }

  /// The declaration of an unknown attribute's prefix: the record's, or the element's own where the record has another.
  func keepPrefix(
    of name: [UInt8], _ members: [Tree.Member], _ path: [UInt8], _ canonical: inout ReferenceCanonical
  ) {
    guard let prefix = Self.prefix(of: name),
      let member = members.first(where: { $0.name == XMLNode.namespaceMark + prefix })
    else { return }
    var aids: [ReferenceCanonical.Leaf] = []
    let value = settled(.object([member]), [:], &canonical.prefixes, &aids)
    if case .object = value {
      var own = path
      PathText.append(member.name, to: &own)
      if !canonical.leaves.contains(where: { $0.isAid && $0.path == own }) {
        canonical.leaves.append(.init(path: own, value: member.value, isAid: true))
      }
    }
    canonical.leaves += aids
  }

  /// A value with those declarations only that the record does not have, and orders only where the members do not say them.
  func settled(
    _ node: Tree, _ outer: [[UInt8]: [UInt8]], _ prefixes: inout [[UInt8]: [UInt8]], _ aids: inout [ReferenceCanonical.Leaf]
  ) -> Tree {
    switch node {
    case .array(let items): return .array(items.map { settled($0, outer, &prefixes, &aids) })
    case .object(let members) where !members.isEmpty:
      var own = outer
      var kept: [Tree.Member] = []
      for member in members {
        if member.name == XMLNode.orderName {
          var seen: [[UInt8]] = []
          for name in (try? member.value.characters())?.split(separator: 0x20).map(Array.init) ?? [] where seen.last != name {
            seen.append(name)
          }
          if Set(seen).count < seen.count { kept.append(member) }
        } else if member.name.starts(with: XMLNode.namespaceMark), let uri = try? member.value.characters() {
          let prefix = Array(member.name.dropFirst(XMLNode.namespaceMark.count))
          if let bound = own[prefix] ?? prefixes[prefix] {
            guard bound != uri else { continue }
            own[prefix] = uri
            kept.append(member)
          } else {
            prefixes[prefix] = uri
            aids.append(.init(path: member.name, value: member.value, isAid: true))
          }
        } else {
          kept.append(.init(member.name, settled(member.value, own, &prefixes, &aids)))
        }
      }
      if kept.isEmpty { return .text([]) }
      return kept.count == 1 && kept[0].name == XMLNode.textName ? kept[0].value : .object(kept)
    default: return node
    }
  }

  /// `@type`, `@nil` as the system declares them gone; elements that are left with text only are text, or null.
  func withoutDeclarations(_ node: Tree) -> Tree {
    switch node {
    case .array(let items): return .array(items.map(withoutDeclarations))
    case .object(let members):
      var kept: [Tree.Member] = []
      var isNil = false
      for member in members {
        let name = String(decoding: member.name, as: UTF8.self)
        if name == typeAttribute || name == "@xmlns" { continue }
        if name == nilAttribute {
          isNil = [Tree.text("true"), Tree.text("1")].contains(member.value)
          continue
        }
        kept.append(.init(member.name, withoutDeclarations(member.value)))
      }
      let isText = kept.count == 1 && kept[0].name == Array("#text".utf8)
      // A text that stands there all the same is one.
      if case .text(let text)? = kept.first(where: { $0.name == XMLNode.textName })?.value, !text.allSatisfy(isBlank) { isNil = false }
      if isNil, !kept.contains(where: { $0.isElement }) {
        kept.removeAll { $0.name == Array("#text".utf8) }
        return kept.isEmpty ? .null : .object(kept + [.init("#text", .null)])
      }
      if kept.isEmpty { return .text([]) }
      return isText ? kept[0].value : .object(kept)
    default: return node
    }
  }

  /// The path of an attribute whose element had a field's name in another case, as it is in the field's own: the element comes back so.
  /// Not of one that another spelling won over, which is a leaf itself.
  ///
  /// - written: as it stands in XML.
  func settledAttribute(_ path: [UInt8], among paths: Set<[UInt8]>, written: Bool = false) -> [UInt8] {
    guard ignoresCase, let steps = PathStep.parse(String(decoding: path, as: UTF8.self)), steps.count > 1,
      case .name(let attribute)? = steps.last, attribute.hasPrefix("@")
    else { return path }
    let element = Array(PathStep.text(steps.dropLast()).utf8)
    let places = fields.flatMap { self.places(of: $0, .xml) }
    guard !places.contains(where: { $0.identity == element }), !paths.contains(element),
      let place = places.first(where: { Self.small($0.identity) == Self.small(element) })
    else { return path }
    if case .name(let own)? = place.paths[0].last, own.hasPrefix("@") { return path }
    return written ? Array(PathStep.text(place.paths[0] + steps.suffix(1)).utf8) : place.identity + path.dropFirst(element.count)
  }

  /// A value that was kept as it stood, without the declarations in it.
  func undeclared(_ value: Tree, _ format: Format) -> Tree {
    guard format == .xml, value.isContainer, value != .object([]), value != .array([]) else { return value }
    return withoutDeclarations(value)
  }

  /// The same of the values of a residue line.
  func undeclared(line: Tree, _ format: Format) -> Tree {
    guard case .object(let parts) = line else { return line }
    return .object(
      parts.map { part in
        guard [Array("parked".utf8), Array("original".utf8)].contains(part.name), case .object(let leaves) = part.value else { return part }
        return .init(part.name, .object(leaves.map { .init($0.name, undeclared($0.value, format)) }))
      })
  }

  /// A name that an object of the tree has twice.
  static func duplicate(in node: Tree) -> String? {
    switch node {
    case .object(let members):
      var seen: Set<[UInt8]> = []
      for member in members {
        if !seen.insert(member.name).inserted { return String(decoding: member.name, as: UTF8.self) }
        if let inner = duplicate(in: member.value) { return inner }
      }
      return nil
    case .array(let items): return items.lazy.compactMap(duplicate).first
    default: return nil
    }
  }

  /// The same but for the case of its ASCII letters.
  static func isSameWord(_ name: [UInt8], _ other: String) -> Bool {
    name.count == other.utf8.count && zip(name, other.utf8).allSatisfy { $0 == $1 || $0 ^ $1 == 0x20 && (0x61...0x7a).contains($0 | 0x20) }
  }

  static func small(_ name: [UInt8]) -> [UInt8] { name.map { (0x41...0x5a).contains($0) ? $0 + 32 : $0 } }
}
