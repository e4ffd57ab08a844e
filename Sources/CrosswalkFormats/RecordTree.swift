package import CrosswalkModel

/// A record as a tree, from the registers of a frame: the slow way of writing, for what a layout has no place for.
package enum RecordTree {
  /// The members that are present, in the layout's order; nil when there are none. Leaves keep their kind as `Leaf.isText` says.
  package static func build(_ members: [Layout.Member], frame: Frame) -> Tree? {
    var result: [Tree.Member] = []
    for member in members {
      if let value = build(member.content, frame: frame) { result.append(Tree.Member(member.name, value)) }
    }
    return result.isEmpty ? nil : .object(result)
  }

  private static func build(_ content: Layout.Content, frame: Frame) -> Tree? {
    switch content {
    case .leaf(let leaf):
      let slot = frame.slots[leaf.register]
      if slot.kind == .null, !leaf.writesNull, !slot.isRestored { return nil }
      if slot.isEmptyText, !leaf.writesEmpty, !slot.isRestored { return nil }
      return value(slot, frame: frame, isText: leaf.isText && !slot.isRestored)
    case .object(let members): return build(members, frame: frame)
    case .picks(let key, let cases):
      let elements = cases.compactMap { one -> Tree? in
        guard case .object(let members)? = build(one.members, frame: frame) else { return nil }
        return .object([Tree.Member(key, .text(one.value))] + members)
      }
      return elements.isEmpty ? nil : .array(elements)
    case .items(let items):
      let elements = items.sorted { $0.index < $1.index }.compactMap { build($0.content, frame: frame) }
      return elements.isEmpty ? nil : .array(elements)
    }
  }

  /// A slot as a tree; nil when it is absent. A subtree of JSON is parsed again.
  package static func value(_ slot: Slot, frame: Frame, isText: Bool) -> Tree? {
    switch slot.kind {
    case .absent: nil
    case .null: .null
    case .false: isText ? .text("false") : .bool(false)
    case .true: isText ? .text("true") : .bool(true)
    case .number: isText ? .text(Array(frame.raw(slot))) : .number(Array(frame.raw(slot)))
    case .text: .text(Array(frame.text(slot)))
    case .emptyObject: .object([])
    case .emptyArray: .array([])
    case .subtree: try? JSONReference.parse(Array(frame.raw(slot)))
    }
  }

  /// The tree with a value at a path. A member that stands there already is replaced; a list grows as far as the index says
  /// (elements that nobody names are dropped again by being absent: the next free place is taken).
  package static func insert(_ value: Tree, at path: ArraySlice<PathStep>, into tree: Tree?) -> Tree {
    guard let step = path.first else { return value }
    let rest = path.dropFirst()
    switch step {
    case .name(let name):
      var members: [Tree.Member] = if case .object(let members)? = tree { members } else { [] }
      let bytes = Array(name.utf8)
      // What XML left of a text with attributes.
      if let tree, members.isEmpty, tree != .object([]), bytes.first == UInt8(ascii: "@") {
        members = [Tree.Member(XMLNode.textName, tree)]
      }
      if let index = members.firstIndex(where: { $0.name == bytes }) {
        members[index].value = insert(value, at: rest, into: members[index].value)
      } else {
        members.append(Tree.Member(bytes, insert(value, at: rest, into: nil)))
      }
      return .object(members)
    case .index(let index):
      var items: [Tree] = if case .array(let items)? = tree { items } else if let tree { [tree] } else { [] }
      if index < items.count, !rest.isEmpty {
        items[index] = insert(value, at: rest, into: items[index])
      } else {
        items.insert(insert(value, at: rest, into: nil), at: min(index, items.count))
      }
      return .array(items)
    case .pick(let key, let wanted):
      var items: [Tree] = if case .array(let items)? = tree { items } else { [] }
      if let index = items.firstIndex(where: { $0[key] == .text(wanted) }) {
        items[index] = insert(value, at: rest, into: items[index])
      } else {
        items.append(insert(value, at: rest, into: .object([Tree.Member(key, .text(wanted))])))
      }
      return .array(items)
    }
  }
}
