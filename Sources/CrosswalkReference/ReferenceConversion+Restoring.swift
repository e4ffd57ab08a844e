import CrosswalkFormats
package import CrosswalkModel

/// What a residue, or a canonical record's `native`, brings back: edits win (SEMANTICS S8, S12).
extension ReferenceConversion {
  /// A record of the source system from an edited record of the target and its residue: edits win.
  package func restore(
    _ target: Tree, _ residue: ReferenceResidue, format: Format, output: Format
  ) throws(ReferenceReject) -> Restored {
    let edited = try to.read(target, format: output, via: residue.via)
    let written = try from.write(edited, shape: .list, format: format)
    var restored = Restored(tree: .object([]))
    restored.inexpressible = written.failed.keys.sorted()
    var overlay: [[UInt8]: Tree] = [:]
    for entry in residue.parked + residue.original { overlay[entry.path] = entry.value }
    var removed = Set(residue.extra)
    let order = residue.parked + residue.original

    for _ in 0..<4 {
      restored.tree = build(written, order.filter { overlay[$0.path] != nil }, removed, format)
      guard let canonical = try? from.read(restored.tree, format: format),
        let replayed = try? to.write(canonical, shape: .list, format: output, set: set),
        let replayedCanonical = try? to.read(replayed.tree, format: output)
      else { break }
      // Ids are identity, not content: a target's own id is no edit.
      let before = Dictionary(leaves(replayedCanonical).map { ($0.path, $0.value) }) { first, _ in first }
      let after = Dictionary(edited.leaves.filter { $0.field != nil }.map { ($0.path, $0.value) }) { first, _ in first }
      var blamed: Set<[UInt8]> = []
      for path in Set(before.keys).union(after.keys) where before[path] != after[path] {
        if let leaf = replayed.leaves.first(where: { $0.path == path }) {
          if leaf.from.contains("id") { continue }
          for name in leaf.from { blamed.formUnion(canonical.sources(of: name)) }
        }
        if let leaf = edited.leaves.first(where: { $0.path == path }) {
          if leaf.feeds.contains("id") { continue }
          for back in written.leaves where !back.from.isDisjoint(with: leaf.feeds) { blamed.insert(back.path) }
        }
      }
      let giving = blamed.intersection(Set(overlay.keys).union(removed))
      if giving.isEmpty { break }
      for path in giving {
        overlay[path] = nil
        removed.remove(path)
        restored.edited.insert(path)
      }
    }
    return restored
  }

  package struct Restored: Sendable, Equatable {
    package var tree: Tree
    /// Leaves of the residue that gave way to edits.
    package var edited: Set<[UInt8]> = []
    /// Fields whose edited text has no spelling here.
    package var inexpressible: [String] = []
  }

  /// A record of the source system from a canonical one and what the system itself had left in it.
  ///
  /// What would make the canonical record say something else than it says gives way: values of the fields that are read into a canonical
  /// field that comes out otherwise. An id that was edited is no exception, for what it gives way to is the canonical record's own.
  ///
  /// - written: what the canonical record gives without it.
  /// - Returns: the record, and what of it is read: without the objects and lists that stand in the place of a value.
  func restore(
    native: ReferenceResidue, into written: ReferenceRecord, canonical record: Tree, format: Format, input: Format
  ) -> (whole: Tree, plain: Tree) {
    var order = native.original
    var removed = Set(native.extra)
    func values(_ leaves: [ReferenceResidue.Entry]) -> [[UInt8]: Tree] { Dictionary(leaves.map { ($0.path, $0.value) }) { first, _ in first } }
    let edited = (try? to.read(record, format: input)).map { values(leaves($0)) } ?? [:]
    var reads: [[UInt8]: Set<String>] = [:]
    for field in from.fields {
      let names = Set(field.canonicalNames + (from.blockParts(of: field)?.values.sorted() ?? []))
      for place in from.places(of: field, format) { reads[place.identity] = names }
    }
    var failing: Set<[UInt8]> { Set(order.filter { $0.value.isContainer && reads[$0.path] != nil }.map(\.path)) }
    var plain: Tree { build(written, order.filter { !failing.contains($0.path) }, removed.union(failing), format) }
    for _ in 0..<4 {
      // What an object or a list in the place of a value would be read into says nothing.
      guard var canonical = try? from.read(plain, format: format) else { break }
      for name in failing.flatMap({ reads[$0] ?? [] }) { canonical.values[name] = nil }
      guard let replayed = try? to.write(canonical, shape: .list, format: input), let again = try? to.read(replayed.tree, format: input)
      else { break }
      let before = values(leaves(again))
      let names = to.fields.filter { field in
        to.places(of: field, input).contains { before[$0.identity] != edited[$0.identity] }
      }.flatMap(\.canonicalNames)
      func givesWay(_ path: [UInt8]) -> Bool { reads[path].map { !$0.isDisjoint(with: names) } ?? false }
      guard order.contains(where: { givesWay($0.path) }) || removed.contains(where: givesWay) else { break }
      order.removeAll { givesWay($0.path) }
      removed = removed.filter { !givesWay($0) }
    }
    return (build(written, order, removed, format), plain)
  }

  /// What came back, with the residue's leaves laid over it.
  private func build(
    _ written: ReferenceRecord, _ overlay: [ReferenceResidue.Entry], _ removed: Set<[UInt8]>, _ format: Format
  ) -> Tree {
    var values: [[UInt8]: Tree] = [:]
    for leaf in written.leaves where !removed.contains(leaf.path) { values[leaf.path] = leaf.value }
    for entry in overlay { values[entry.path] = entry.value }
    var tree: Tree = .object([])
    // As the fields write it, then what the fields do not name, in lists by the place that is said of it.
    var mapped: [(steps: [PathStep], value: Tree)] = []
    for field in from.fields {
      for place in from.places(of: field, format) {
        guard let value = values.removeValue(forKey: place.identity) else { continue }
        // A null where the format has none is absent.
        if value == .null, format == .xml, from.nilAttribute == nil { continue }
        var path = place.paths[0]
        // An attribute holds no elements: an element of the field's own name does.
        if value.isContainer, case (.name(let name)?, .name(let own)?) = (path.last, field.steps.last), name.hasPrefix("@") {
          path[path.count - 1] = .name(own.hasPrefix("@") ? String(own.dropFirst()) : own)
        }
        mapped.append((path, value.isContainer ? from.declared(value, field.type, format) : from.xmlLeaf(value, field.type, path, format)))
      }
    }
    for leaf in mapped { from.insert(leaf.steps, leaf.value, into: &tree, format) }
    let paths = Set(overlay.map(\.path))
    var others: [(steps: ArraySlice<PathStep>, value: Tree)] = []
    for entry in overlay where values[entry.path] != nil {
      let path = format == .xml ? from.settledAttribute(entry.path, among: paths, written: true) : entry.path
      if let steps = steps(path, format) { others.append((steps[...], entry.value)) }
    }
    from.lay(others, into: &tree, from.fields.flatMap { from.places(of: $0, format) }.map { $0.paths[0][...] }, format)
    return tree
  }
}

extension ReferenceSystem {
  /// An element in the place of a text is declared as that would be.
  fileprivate func declared(_ value: Tree, _ type: String, _ format: Format) -> Tree {
    guard format == .xml, let typeAttribute, let name = xmlTypes[type] else { return value }
    let attribute = Tree.Member(typeAttribute, .text(name))
    switch value {
    case .array(let items): return .array(items.map { declared($0, type, format) })
    case .object(let members): return value[typeAttribute] == nil ? .object([attribute] + members) : value
    case .null:
      return .object([attribute] + (nilAttribute.map { [.init($0, .text("true"))] } ?? []))
    case .bool, .number, .text: return .object([attribute, .init(XMLNode.textName, value)])
    }
  }

  /// Puts what no field names at its place in a record.
  ///
  /// Elements that a member tells apart (`N[Kind=A]`) stand where that member is said to stand (`N[1].Kind`), and are made where nothing
  /// of them was written; whole elements come between them at their own indexes, or as near as the list reaches; only then does what
  /// belongs into an element find it.
  ///
  /// - live: the rest of the fields' paths here.
  func lay(
    _ entries: [(steps: ArraySlice<PathStep>, value: Tree)], into node: inout Tree, _ live: [ArraySlice<PathStep>], _ format: Format
  ) {
    var keys: [PathStep] = []
    for case .pick(let key, let value)? in live.map(\.first) where !keys.contains(.pick(key: key, value: value)) {
      keys.append(.pick(key: key, value: value))
    }
    if !keys.isEmpty, entries.allSatisfy({ $0.steps.first?.isListStep ?? false }) { return lay(entries, inList: &node, live, keys, format) }
    var seen: Set<String> = []
    for entry in entries {
      guard case .name(let name)? = entry.steps.first else {
        insert(Array(entry.steps), entry.value, into: &node, format)
        continue
      }
      let inner = live.filter { $0.first == entry.steps.first }.map { $0.dropFirst() }
      guard inner.contains(where: { $0.contains { if case .pick = $0 { true } else { false } } }), entry.steps.count > 1 else {
        insert(Array(entry.steps), entry.value, into: &node, format)
        continue
      }
      guard seen.insert(name).inserted else { continue }
      var child = node[name] ?? .object([])
      let below = entries.filter { $0.steps.count > 1 && $0.steps.first == entry.steps.first }.map { ($0.steps.dropFirst(), $0.value) }
      lay(below, into: &child, inner, format)
      if case .object(var members) = node, let index = members.firstIndex(where: { $0.name.elementsEqual(name.utf8) }) {
        members[index].value = child
        node = .object(members)
      } else {
        insert([.name(name)], child, into: &node, format)
      }
    }
  }

  private func lay(
    _ entries: [(steps: ArraySlice<PathStep>, value: Tree)], inList node: inout Tree, _ live: [ArraySlice<PathStep>], _ keys: [PathStep],
    _ format: Format
  ) {
    var items: [Tree] = if case .array(let items) = node { items } else { node == .object([]) ? [] : [node] }
    func has(_ item: Tree, _ step: PathStep) -> Bool {
      guard case .pick(let key, let value) = step, let member = item[key] else { return false }
      return member == .text(Array(value.utf8)) || member["#text"] == .text(Array(value.utf8))
    }
    func below(_ step: PathStep?) -> [ArraySlice<PathStep>] { live.filter { step != nil && $0.first == step }.map { $0.dropFirst() } }
    for entry in entries {
      guard let step = entry.steps.first, let rank = keys.firstIndex(of: step), case .pick(let key, let value) = step else { continue }
      var place = items.firstIndex { has($0, step) }
      if place == nil {
        place = items.firstIndex { item in keys[(rank + 1)...].contains { has(item, $0) } } ?? items.count
        items.insert(.object([.init(key, .text(Array(value.utf8)))]), at: place ?? 0)
      }
      if let place { lay([(entry.steps.dropFirst(), entry.value)], into: &items[place], below(step), format) }
    }
    var placed: [(index: Int, item: Tree)] = []
    var inside: [(index: Int, steps: ArraySlice<PathStep>, value: Tree)] = []
    for entry in entries {
      guard case .index(let index)? = entry.steps.first else { continue }
      let rest = entry.steps.dropFirst()
      if rest.isEmpty {
        placed.append((index, entry.value))
      } else if rest.count == 1, case .name(let name)? = rest.first,
        let step = keys.first(where: { .pick(key: name, value: (try? entry.value.characters()).map { String(decoding: $0, as: UTF8.self) } ?? "") == $0 })
      {
        let known = items.firstIndex { has($0, step) }
        placed.append((index, known.map { items.remove(at: $0) } ?? .object([.init(name, entry.value)])))
      } else {
        inside.append((index, rest, entry.value))
      }
    }
    for (_, one) in placed.enumerated().sorted(by: { ($0.element.index, $0.offset) < ($1.element.index, $1.offset) }) {
      items.insert(one.item, at: min(one.index, items.count))
    }
    for one in inside {
      let index = min(one.index, items.count)
      if index == items.count { items.append(.object([])) }
      let step = keys.first { has(items[index], $0) }
      lay([(one.steps, one.value)], into: &items[index], below(step), format)
    }
    node = .array(items)
  }
}
