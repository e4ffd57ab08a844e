package import CrosswalkModel

/// Values in `any` notation.
package enum XMLTree {
  /// A child of an element: a run of text, or an element and its index among those of its name.
  struct Child {
    var name: [UInt8]
    var value: Tree
    var index: Int
  }

  /// Takes the names of `#order` out of an element's members.
  static func takeOrder(_ members: inout [Tree.Member]) -> [[UInt8]] {
    guard let index = members.firstIndex(where: { $0.name == XMLNode.orderName }), case .text(let order) = members[index].value
    else { return [] }
    members.remove(at: index)
    return order.split(separator: 0x20).map(Array.init)
  }

  /// The children of an element: as `order` has them, as far as they are there, then the others as the members stand.
  static func children(_ members: [Tree.Member], _ order: [[UInt8]], ignoresCase: Bool) -> [Child] {
    let names = members.filter { $0.name.first != UInt8(ascii: "@") }.map(\.name)
    var queues: [[UInt8]: ArraySlice<Child>] = [:]
    for member in members where member.name.first != UInt8(ascii: "@") {
      let values: [Tree] = if case .array(let items) = member.value { items } else { [member.value] }
      queues[member.name, default: []] += values.enumerated().map { Child(name: member.name, value: $1, index: $0) }
    }
    var children: [Child] = []
    for name in order {
      // The element may have another spelling here.
      var own = queues[name] == nil ? nil : name
      if own == nil, ignoresCase { own = names.first { $0.map(XMLNames.lower) == name.map(XMLNames.lower) } }
      if let own, let child = queues[own]?.popFirst() { children.append(child) }
    }
    for name in names {
      children += queues[name] ?? []
      queues[name] = []
    }
    return children
  }

  /// The tree with a value at a path. Text that gets attributes becomes an object with `#text`, and so do attributes that get text.
  package static func insert(_ value: Tree, at path: ArraySlice<PathStep>, into tree: Tree?) -> Tree {
    guard let step = path.first else {
      guard case .object(let members)? = tree, !members.isEmpty, members.allSatisfy({ $0.name.first == UInt8(ascii: "@") })
      else { return value }
      switch value {
      case .null, .bool, .number, .text: return .object(members + [Tree.Member("#text", value)])
      case .object, .array: return value
      }
    }
    let rest = path.dropFirst()
    switch step {
    case .name(let name):
      var members: [Tree.Member]
      switch tree {
      case .object(let own)?: members = own
      case .null?, .bool?, .number?, .text?: members = [Tree.Member("#text", tree!)]
      case .array(let items)?:
        // Said of a list, meant of its first element.
        guard let first = items.first else { return insert(value, at: path, into: nil) }
        return .array([insert(value, at: path, into: first)] + items.dropFirst())
      case nil: members = []
      }
      let bytes = Array(name.utf8)
      if let index = members.firstIndex(where: { $0.name == bytes }) {
        members[index].value = insert(value, at: rest, into: members[index].value)
      } else {
        members.append(Tree.Member(bytes, insert(value, at: rest, into: nil)))
      }
      return .object(members)
    case .index, .pick:
      var items: [Tree] = if case .array(let items)? = tree { items } else if let tree { [tree] } else { [] }
      switch step {
      case .index(let index):
        if index < items.count, !rest.isEmpty || items[index] == .null {
          items[index] = insert(value, at: rest, into: items[index] == .null ? nil : items[index])
        } else {
          while items.count < index { items.append(.null) }
          items.insert(insert(value, at: rest, into: nil), at: index)
        }
      case .pick(let key, let wanted):
        if let index = items.firstIndex(where: { $0[key] == .text(wanted) }) {
          items[index] = insert(value, at: rest, into: items[index])
        } else {
          items.append(insert(value, at: rest, into: .object([Tree.Member(key, .text(wanted))])))
        }
      case .name: break
      }
      return .array(items)
    }
  }
}
