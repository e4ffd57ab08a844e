import CrosswalkModel
import Glibc

/// Lists of which some elements are mapped: by their index, or by a member that tells them apart.
extension JSONRecordReader {
  /// A list of which some elements are mapped.
  func parseList(
    _ start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>, node: Int, depth: Int
  ) -> UnsafePointer<UInt8>? {
    guard depth <= limits.depth else { return fail(.tooDeep, start, buffer) }
    let path = table.nodes[node].path
    let listPath = path ?? table.nodes[node].step
    var picked: [Picked] = []
    var p = skipBlanks(start + 1)
    var index = 0
    while true {
      let mark = frame.extras.count
      guard let q = parseElement(p, limit, buffer, node: node, index: index, picked: &picked, depth: depth) else { return nil }
      if frame.extras.count > mark {
        var elementPath = listPath
        PathText.append(index: index, to: &elementPath)
        place(from: mark, below: elementPath, isComplete: path != nil)
      }
      p = skipBlanks(q)
      index += 1
      if p[0] == UInt8(ascii: ",") {
        p = skipBlanks(p + 1)
        continue
      }
      guard p[0] == UInt8(ascii: "]") else { return fail(.unexpectedByte, p, buffer) }
      settle(picked)
      return p + 1
    }
  }

  /// An element that its key picked.
  struct Picked {
    /// The node of its members: in the order of the layout's cases.
    var node: Int
    var index: Int
    var hasValues: Bool
    /// The extra that the member became which tells the elements apart; -1 where it is mapped, or is none.
    var extra: Int
  }

  /// The member that tells the elements apart is no leaf where the writer would put it in the same place by itself: in elements that
  /// hold a mapped value, when these are the first ones and stand in the order of the layout's cases.
  private func settle(_ picked: [Picked]) {
    // From the last one on: removing moves what follows.
    for one in picked.reversed() where one.hasValues && one.extra >= 0 {
      guard one.index == picked.count(where: { $0.hasValues && $0.node < one.node }) else { continue }
      frame.extras.remove(at: one.extra)
      frame.leaves -= 1
    }
  }

  /// Puts a path before those of the extras from `mark` on that are spelt from their own name on.
  func place(from mark: Int, below path: [UInt8], isComplete: Bool) {
    for i in mark..<frame.extras.count where frame.extras[i].path == JSONRecordReader.relative {
      var text = path
      let own = Array(frame.text(frame.extras[i].pathText))
      if !own.isEmpty, own[0] != UInt8(ascii: "["), !text.isEmpty { text.append(UInt8(ascii: ".")) }
      frame.extras[i].pathText = frame.store(text + own)
      if isComplete { frame.extras[i].path = JSONRecordReader.complete }
    }
  }

  private func parseElement(
    _ p: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>, node: Int, index: Int,
    picked: inout [Picked], depth: Int
  ) -> UnsafePointer<UInt8>? {
    switch table.nodes[node].content {
    case .picks(let key, let cases):
      if p[0] == UInt8(ascii: "{"), let (name, value) = member(key, of: p, limit, buffer),
        let found = cases.first(where: { one in one.value == value && !picked.contains { $0.node == one.node } })
      {
        let mark = frame.extras.count
        let before = mapped
        picked.append(Picked(node: found.node, index: index, hasValues: false, extra: -1))
        guard let q = parseObject(p, limit, buffer, node: found.node, depth: depth + 1) else { return nil }
        picked[picked.count - 1].hasValues = mapped > before
        picked[picked.count - 1].extra = extra(of: key, named: name, value: value, from: mark)
        return q
      }
    case .items(let items):
      if let item = items.first(where: { $0.index == index }) {
        if let inner = item.target.node, !isEmptyContainer(p) {
          switch (p[0], table.nodes[inner].content) {
          case (UInt8(ascii: "{"), .object): return parseObject(p, limit, buffer, node: inner, depth: depth + 1)
          case (UInt8(ascii: "["), .picks), (UInt8(ascii: "["), .items):
            return parseList(p, limit, buffer, node: inner, depth: depth + 1)
          default: break
          }
        }
        if item.target.isRegister {
          var count = 0
          guard let (slot, q) = parseValue(p, limit, buffer, depth: depth + 1, leaves: &count) else { return nil }
          frame.leaves += count
          mapped += 1
          if slot.isBlank { frame.blanks |= 1 &<< UInt64(truncatingIfNeeded: item.target.value) }
          if slot.kind == .number { frame.numbers |= 1 &<< UInt64(truncatingIfNeeded: item.target.value) }
          if slot.kindBits >= UInt64(Kind.emptyObject.rawValue) { frame.hasContainerLeaf = true }
          frame.slots[Int(item.target.value)] = slot
          return q
        }
      }
    case .object: break
    }
    var count = 0
    guard let (slot, q) = parseValue(p, limit, buffer, depth: depth + 1, leaves: &count) else { return nil }
    frame.leaves += count
    frame.extras.append(
      Frame.Extra(
        path: JSONRecordReader.relative, value: slot, leaves: Int32(clamping: count), pathText: frame.store([])))
    return q
  }

  /// The extra that the key of a picked element became, now under the key's own spelling; -1 when it became none.
  private func extra(of key: [UInt8], named name: [UInt8], value: [UInt8], from mark: Int) -> Int {
    var spelt: [UInt8] = []
    PathText.append(name, to: &spelt)
    let found = frame.extras[mark...].firstIndex { extra in
      extra.path == JSONRecordReader.relative && extra.value.kind == .text && frame.text(extra.pathText).elementsEqual(spelt)
        && frame.text(extra.value).elementsEqual(value)
    }
    guard let found else { return -1 }
    if name != key {
      var own: [UInt8] = []
      PathText.append(key, to: &own)
      frame.extras[found].pathText = frame.store(own)
    }
    return found
  }

  /// The name and the decoded text of a string member of an object that is about to be parsed; nil when it has none. Where names are matched in
  /// any case, the exact one first.
  private func member(
    _ name: [UInt8], of start: UnsafePointer<UInt8>, _ limit: UnsafePointer<UInt8>, _ buffer: UnsafePointer<UInt8>
  ) -> (name: [UInt8], value: [UInt8])? {
    let kept = failure
    defer { failure = kept }
    var other: (name: [UInt8], slot: Slot)?
    var p = skipBlanks(start + 1)
    while p[0] == UInt8(ascii: "\"") {
      let key = p + 1
      guard var q = skipString(key, limit, buffer), q - key <= limits.field else { return nil }
      let raw = Slot(.text, offset: key - buffer, length: q - key, isEscaped: memchr(key, 0x5c, q - key) != nil)
      let found = frame.text(raw)
      let isWanted = found.elementsEqual(name)
      let isOther = !isWanted && other == nil && table.isSpelling(found, of: name)
      let spelt = isOther ? Array(found) : []
      q = skipBlanks(q + 1)
      guard q[0] == UInt8(ascii: ":") else { return nil }
      q = skipBlanks(q + 1)
      var count = 0
      guard let (slot, r) = parseValue(q, limit, buffer, depth: 2, leaves: &count) else { return nil }
      if isWanted { return slot.kind == .text ? (name, Array(frame.text(slot))) : nil }
      if isOther { other = (spelt, slot) }
      p = skipBlanks(r)
      guard p[0] == UInt8(ascii: ",") else { break }
      p = skipBlanks(p + 1)
    }
    return other.flatMap { $0.slot.kind == .text ? ($0.name, Array(frame.text($0.slot))) : nil }
  }
}
