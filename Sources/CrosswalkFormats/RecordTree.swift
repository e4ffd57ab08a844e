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

  /// The leaves among them; what tells the elements of a list apart is none.
  static func leafCount(_ members: [Layout.Member], frame: Frame) -> Int {
    members.reduce(0) { $0 + leafCount($1.content, frame: frame) }
  }

  private static func leafCount(_ content: Layout.Content, frame: Frame) -> Int {
    switch content {
    case .leaf(let leaf): isWritten(leaf, frame) && !frame.slots[leaf.register].isAbsent ? 1 : 0
    case .object(let members): leafCount(members, frame: frame)
    case .picks(_, let cases): cases.reduce(0) { $0 + leafCount($1.members, frame: frame) }
    case .items(let items): items.reduce(0) { $0 + leafCount($1.content, frame: frame) }
    }
  }

  private static func isWritten(_ leaf: Layout.Leaf, _ frame: Frame) -> Bool {
    let slot = frame.slots[leaf.register]
    if slot.kind == .null, !leaf.writesNull, !slot.isRestored { return false }
    return !(slot.isEmptyText && !leaf.writesEmpty && !slot.isRestored)
  }

  private static func build(_ content: Layout.Content, frame: Frame) -> Tree? {
    switch content {
    case .leaf(let leaf):
      guard isWritten(leaf, frame) else { return nil }
      let slot = frame.slots[leaf.register]
      return value(slot, frame: frame, isText: leaf.isText && !slot.isRestored)
    case .object(let members): return build(members, frame: frame)
    case .picks(let key, let cases):
      let elements = cases.compactMap { one -> Tree? in
        guard case .object(let members)? = build(one.members, frame: frame) else { return nil }
        return .object([Tree.Member(key, .text(one.value))] + members)
      }
      return elements.isEmpty ? nil : .array(elements)
    case .items(let items):
      var elements: [Tree] = []
      // Indexes without a field: nulls in front of what is written.
      var (next, unnamed) = (0, 0)
      for item in items.sorted(by: { $0.index < $1.index }) {
        unnamed += item.index - next
        next = item.index + 1
        guard let element = build(item.content, frame: frame) else { continue }
        elements += [Tree](repeating: .null, count: unnamed) + [element]
        unnamed = 0
      }
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

  /// The tree with everything at its path that a layout has no place for.
  ///
  /// Elements that a member tells apart (`N[Kind=A]`) are put where that member is said to stand (`N[1].Kind`), and are made where the
  /// writer had none; whole elements come between them at their own indexes; only then does what belongs into an element find it.
  /// - plainly: how a value is put at a path where no such list is on the way.
  package static func insert(
    _ extras: [(path: ArraySlice<PathStep>, value: Tree)], into tree: Tree?, _ content: Layout.Content?,
    plainly: (Tree, ArraySlice<PathStep>, Tree?) -> Tree
  ) -> Tree? {
    var result = tree
    switch content {
    case .object(let members)?:
      var done: Set<String> = []
      for extra in extras {
        guard case .name(let name)? = extra.path.first else {
          result = plainly(extra.value, extra.path, result)
          continue
        }
        if done.contains(name) { continue }
        guard let inner = members.first(where: { $0.name == name })?.content, inner.hasPicks else {
          result = plainly(extra.value, extra.path, result)
          continue
        }
        done.insert(name)
        let below = extras.filter { $0.path.first == .name(name) }.map { (path: $0.path.dropFirst(), value: $0.value) }
        if let value = insert(below, into: result?[name], inner, plainly: plainly) {
          result = plainly(value, [.name(name)], result)
        }
      }
    case .picks(let key, let cases)? where extras.allSatisfy({ $0.path.first.map { !$0.isName } ?? false }):
      var items: [Tree] = if case .array(let items)? = tree { items } else if let tree { [tree] } else { [] }
      func rank(_ item: Tree) -> Int? { cases.firstIndex { item.isKeyed(key, $0.value) } }
      // What is picked by its member, where the writer would have put it.
      for extra in extras {
        guard case .pick(let name, let value)? = extra.path.first, let own = cases.firstIndex(where: { $0.value == value }) else { continue }
        let place = items.firstIndex { $0.isKeyed(name, value) } ?? {
          let place = items.firstIndex { rank($0) ?? -1 > own } ?? items.count
          items.insert(.object([Tree.Member(name, .text(value))]), at: place)
          return place
        }()
        items[place] =
          insert([(extra.path.dropFirst(), extra.value)], into: items[place], .object(cases[own].members), plainly: plainly)
          ?? items[place]
      }
      // The elements of which the place is said, and whole ones.
      var placed: [(index: Int, item: Tree)] = []
      var rest: [(index: Int, path: ArraySlice<PathStep>, value: Tree)] = []
      for extra in extras {
        guard case .index(let index)? = extra.path.first else { continue }
        let inner = extra.path.dropFirst()
        if inner.isEmpty {
          placed.append((index, extra.value))
        } else if inner.count == 1, inner.first == .name(key), let own = cases.first(where: { extra.value == .text($0.value) }) {
          let known = items.firstIndex { $0.isKeyed(key, own.value) }
          placed.append((index, known.map { items.remove(at: $0) } ?? .object([Tree.Member(key, extra.value)])))
        } else {
          rest.append((index, inner, extra.value))
        }
      }
      for (_, one) in placed.enumerated().sorted(by: { ($0.element.index, $0.offset) < ($1.element.index, $1.offset) }) {
        items.insert(one.item, at: min(one.index, items.count))
      }
      var list: Tree = .array(items)
      for extra in rest {
        if let item = list[extra.index], let own = rank(item), case .array(var all) = list {
          all[extra.index] =
            insert([(extra.path, extra.value)], into: item, .object(cases[own].members), plainly: plainly) ?? item
          list = .array(all)
        } else {
          let count = if case .array(let all) = list { all.count } else { 0 }
          list = plainly(extra.value, [.index(min(extra.index, count))] + extra.path, list)
        }
      }
      result = list
    default:
      for extra in extras { result = plainly(extra.value, extra.path, result) }
    }
    return result
  }

  /// The tree with a value at a path. A member that stands there already is replaced; a list grows as far as the index says, with nulls
  /// for elements that nobody names.
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
      if index < items.count, !rest.isEmpty || items[index] == .null {
        items[index] = insert(value, at: rest, into: rest.isEmpty ? nil : items[index])
      } else {
        while items.count < index { items.append(.null) }
        items.insert(insert(value, at: rest, into: nil), at: index)
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

extension Tree {
  /// An object with that member, or an element with that attribute or child.
  fileprivate func isKeyed(_ key: String, _ value: String) -> Bool {
    let member = self[key]
    return member == .text(value) || member?["#text"] == .text(value)
  }
}

extension PathStep {
  fileprivate var isName: Bool { if case .name = self { true } else { false } }
}

extension Layout.Content {
  /// Elements that a member tells apart stand in it.
  fileprivate var hasPicks: Bool {
    switch self {
    case .leaf: false
    case .picks: true
    case .object(let members): members.contains { $0.content.hasPicks }
    case .items(let items): items.contains { $0.content.hasPicks }
    }
  }
}
