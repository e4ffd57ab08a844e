import CrosswalkModel
import Glibc

/// The element and attribute names that a reader meets, learnt as it goes: which follows which, what each one means,
/// the path of those that no mapping names.
///
/// ADVICE: a name is found by `matches` along the learnt order or by `find`, which hashes; both must agree.
final class XMLNames {
  typealias Pointer = UnsafePointer<UInt8>

  enum Target: UInt8 {
    case unknown
    /// `value` is the register.
    case register
    /// `value` is the node of the element's members.
    case object
    /// A list of which some elements are named: `value` is an index into `lists`.
    case list
  }

  /// A start tag's rest as it stood once, when it holds nothing but declared encodings: met again it is skipped at
  /// once.
  struct Tail {
    var offset: Int32 = 0
    var length: Int32 = 0
    var isEmpty = false
    var isNull = false
  }

  struct Entry {
    /// The first 16 bytes of the name under masks.
    var word0: UInt64
    var mask0: UInt64
    var word1: UInt64
    var mask1: UInt64
    var length: Int32
    var value: Int32
    var target: Target
    /// Of two spellings of one field the lower rank wins: its own name 0, another one that the layout has 1, in another case 2 more.
    var rank: UInt8
    /// The object that last held this name, and the extra it became: finds repeated names.
    var seen: UInt32 = 0
    var extra: Int32 = -1
    var repeats: Int32 = 0
    /// What follows in the learnt order; -1 at the end.
    var next: Int32 = -1
    /// The next entry with the same hash.
    var chain: Int32 = -1
    /// Offset into `bytes`.
    var name: Int32
    /// Index into `paths`, -1 past the limit.
    var path: Int32
    /// The node of the element's attributes; -1 until one is met.
    var attributes: Int32 = -1
    var tail0 = Tail()
    var tail1 = Tail()
  }

  struct Node {
    var first: Int32 = -1
    /// The own text's register (`#text`), -1 when it has none.
    var text: Int32 = -1
    /// The node of the element's attributes.
    var attributes: Int32 = -1
    var path: Int32 = -1
  }

  private static let buckets = 64
  /// Names interned beyond the layout's own: the limit on unknown fields, and their attributes.
  let entries: UnsafeMutablePointer<Entry>
  let nodes: UnsafeMutablePointer<Node>
  private let table: UnsafeMutablePointer<Int32>
  private let bytes: UnsafeMutablePointer<UInt8>
  private let capacity: Int
  private let nodeCapacity: Int
  private static let byteCapacity = 4 << 20
  private var count = 0
  private var nodeCount = 0
  private var byteCount = 0
  private(set) var paths: [[UInt8]] = []
  private var pathIndex: [[UInt8]: Int32] = [:]
  private var pathBytes = 0
  private let unknownLimit: Int
  private(set) var lists: [(member: Layout.Member, path: [UInt8])] = []
  let ignoresCase: Bool
  let ignoresPrefixes: Bool

  init(layout: Layout, limits: Limits, ignoresPrefixes: Bool) {
    ignoresCase = layout.ignoresCase
    self.ignoresPrefixes = ignoresPrefixes
    unknownLimit = limits.unknownFields
    let mapped = XMLNames.count(layout.members)
    capacity = mapped.entries + 2 * limits.unknownFields + 64
    nodeCapacity = mapped.nodes + mapped.entries + 2 * limits.unknownFields + 64
    // Address space: the pages are given as they are touched.
    entries = .allocate(capacity: capacity)
    nodes = .allocate(capacity: nodeCapacity)
    table = .allocate(capacity: nodeCapacity * XMLNames.buckets)
    bytes = .allocate(capacity: XMLNames.byteCapacity + 64)
    _ = addNode(layout.members, path: [])
  }

  deinit {
    entries.deallocate()
    nodes.deallocate()
    table.deallocate()
    bytes.deallocate()
  }

  private static func count(_ members: [Layout.Member]) -> (entries: Int, nodes: Int) {
    members.reduce((0, 2)) { sum, member in
      var (entries, nodes) = (sum.0 + 1 + member.aliases.count, sum.1)
      if case .object(let inner) = member.content {
        let more = count(inner)
        entries += more.entries
        nodes += more.nodes
      }
      return (entries, nodes)
    }
  }

  // MARK: - Building

  private func addNode(_ members: [Layout.Member], path: [UInt8]) -> Int32 {
    let node = emptyNode(path: path)
    var last: Int32 = -1
    for member in members {
      if member.name == "#text", case .leaf(let leaf) = member.content {
        nodes[Int(node)].text = Int32(leaf.register)
        continue
      }
      var memberPath = path
      PathText.append(member.name.utf8, to: &memberPath)
      if member.name.hasPrefix("@") {
        guard case .leaf(let leaf) = member.content else { continue }
        if nodes[Int(node)].attributes < 0 {
          let attributes = emptyNode(path: path)
          nodes[Int(node)].attributes = attributes
        }
        let place = nodes[Int(node)].attributes
        for (i, name) in ([member.name] + member.aliases).enumerated() where name.hasPrefix("@") {
          _ = add(
            Array(name.utf8.dropFirst()), to: place, .register, Int32(leaf.register), path: memberPath, after: -1,
            rank: i > 0 ? 1 : 0)
        }
        // Another name without the mark is an element's.
        for name in member.aliases where !name.hasPrefix("@") {
          var spelt = path
          PathText.append(name.utf8, to: &spelt)
          last = add(Array(name.utf8), to: node, .register, Int32(leaf.register), path: spelt, after: last, rank: 1)
        }
        continue
      }
      var target = Target.list
      var value: Int32 = 0
      switch member.content {
      case .leaf(let leaf): (target, value) = (.register, Int32(leaf.register))
      case .object(let inner): (target, value) = (.object, addNode(inner, path: memberPath))
      case .picks, .items:
        value = Int32(lists.count)
        lists.append((member, memberPath))
      }
      for (i, name) in ([member.name] + member.aliases).enumerated() {
        var spelt = path
        PathText.append(name.utf8, to: &spelt)
        let entry = add(Array(name.utf8), to: node, target, value, path: spelt, after: last, rank: i > 0 ? 1 : 0)
        if target == .object { entries[Int(entry)].attributes = nodes[Int(value)].attributes }
        last = entry
      }
    }
    return node
  }

  private func emptyNode(path: [UInt8]) -> Int32 {
    precondition(nodeCount < nodeCapacity)
    let node = Int32(nodeCount)
    nodeCount += 1
    (nodes + Int(node)).initialize(to: Node(path: intern(path: path)))
    (table + Int(node) * XMLNames.buckets).initialize(repeating: -1, count: XMLNames.buckets)
    return node
  }

  private func add(
    _ name: [UInt8], to node: Int32, _ target: Target, _ value: Int32, path: [UInt8], after: Int32, rank: UInt8
  ) -> Int32 {
    precondition(count < capacity)
    let index = Int32(count)
    count += 1
    func word(_ from: Int) -> (UInt64, UInt64) {
      var word: UInt64 = 0
      var mask: UInt64 = 0
      for i in from..<max(from, min(name.count, from + 8)) {
        word |= UInt64(name[i]) << UInt64((i - from) * 8)
        mask |= 0xff << UInt64((i - from) * 8)
      }
      return (word, mask)
    }
    var (word0, mask0) = word(0)
    let (word1, mask1) = word(8)
    // What is no name of XML is never compared with the source's bytes: there it would be a name and attributes.
    if !XMLName.isQualified(name) { (word0, mask0) = (1, 0) }
    let bucket = XMLNames.hash(name, node)
    (entries + Int(index)).initialize(
      to: Entry(
        word0: word0, mask0: mask0, word1: word1, mask1: mask1, length: Int32(name.count), value: value, target: target,
        rank: rank, chain: table[bucket], name: store(name), path: intern(path: path)))
    table[bucket] = index
    link(index, after: after, in: node)
    return index
  }

  private static func hash(_ name: some Collection<UInt8>, _ node: Int32) -> Int {
    var hash: UInt32 = 2_166_136_261
    for byte in name { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return Int(node) * buckets + Int((hash ^ hash >> 15) & 63)
  }

  private func store(_ text: [UInt8]) -> Int32 {
    precondition(byteCount + text.count <= XMLNames.byteCapacity)
    let offset = byteCount
    for (i, byte) in text.enumerated() { bytes[offset + i] = byte }
    byteCount += text.count
    return Int32(offset)
  }

  /// Predicts an entry behind another one (-1: first of its node).
  func link(_ index: Int32, after: Int32, in node: Int32) {
    guard index != after else { return }
    if after < 0 {
      if nodes[Int(node)].first < 0 { nodes[Int(node)].first = index }
      return
    }
    if entries[Int(index)].next < 0 { entries[Int(index)].next = entries[Int(after)].next }
    entries[Int(after)].next = index
  }

  /// The index of a path among `paths`, -1 past the limit.
  func intern(path: [UInt8]) -> Int32 {
    if let index = pathIndex[path] { return index }
    // Long names times many of them would grow memory.
    guard paths.count < capacity, pathBytes + path.count <= XMLNames.byteCapacity else { return -1 }
    pathBytes += path.count
    let index = Int32(paths.count)
    paths.append(path)
    pathIndex[path] = index
    return index
  }

  // MARK: - Finding

  /// Whether a name is this entry's: what stands behind it is the caller's to look at. Reads 16 bytes, more for longer
  /// names.
  @inline(__always)
  static func matches(_ entry: UnsafeMutablePointer<Entry>, _ at: Pointer, _ names: UnsafeMutablePointer<UInt8>) -> Bool
  {
    let raw = UnsafeRawPointer(at)
    if unsafe raw.loadUnaligned(as: UInt64.self) & entry.pointee.mask0 != entry.pointee.word0 { return false }
    if unsafe raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self) & entry.pointee.mask1 != entry.pointee.word1 {
      return false
    }
    let length = Int(entry.pointee.length)
    return length <= 16 || memcmp(at + 16, names + Int(entry.pointee.name) + 16, length - 16) == 0
  }

  var nameBytes: UnsafeMutablePointer<UInt8> { bytes }

  /// The entry of a name in a node, interned when it is new; -1 past the limit on unknown names. `prefix` starts the
  /// path of a new one (`@`).
  func find(_ name: UnsafeBufferPointer<UInt8>, in node: Int32, after: Int32, isAttribute: Bool = false) -> Int32 {
    if let index = look(name, in: node) {
      link(index, after: after, in: node)
      return index
    }
    let known = name.count < 1024 && count < capacity && byteCount + name.count <= XMLNames.byteCapacity
    guard known else { return -1 }
    var path = nodes[Int(node)].path >= 0 ? paths[Int(nodes[Int(node)].path)] : []
    let text = Array(name)
    PathText.append(isAttribute ? [UInt8(ascii: "@")] + text : text, to: &path)
    if let same = mapped(name, in: node) {
      let entry = entries[Int(same)]
      let index = add(text, to: node, entry.target, entry.value, path: path, after: after, rank: entry.rank | (ignoresCase ? 2 : 0))
      if entry.target == .object { entries[Int(index)].attributes = nodes[Int(entry.value)].attributes }
      return index
    }
    guard interned < unknownLimit, nodes[Int(node)].path >= 0, intern(path: path) >= 0 else { return -1 }
    interned += 1
    return add(text, to: node, .unknown, -1, path: path, after: after, rank: 0)
  }

  private var interned = 0

  private func look(_ name: UnsafeBufferPointer<UInt8>, in node: Int32) -> Int32? {
    var index = table[XMLNames.hash(name, node)]
    while index >= 0 {
      let entry = entries[Int(index)]
      if Int(entry.length) == name.count, memcmp(bytes + Int(entry.name), name.baseAddress!, name.count) == 0 {
        return index
      }
      index = entry.chain
    }
    return nil
  }

  /// A mapped entry of the node that this name spells in another way: another case, or with a prefix.
  private func mapped(_ name: UnsafeBufferPointer<UInt8>, in node: Int32) -> Int32? {
    var local = name
    if ignoresPrefixes, let colon = name.firstIndex(of: UInt8(ascii: ":")) {
      local = UnsafeBufferPointer(rebasing: name[(colon + 1)...])
      if let index = look(local, in: node), entries[Int(index)].target != .unknown { return index }
    }
    guard ignoresCase else { return nil }
    for bucket in 0..<XMLNames.buckets {
      var index = table[Int(node) * XMLNames.buckets + bucket]
      while index >= 0 {
        let entry = entries[Int(index)]
        if entry.target != .unknown, Int(entry.length) == local.count,
          (0..<local.count).allSatisfy({ XMLNames.lower(bytes[Int(entry.name) + $0]) == XMLNames.lower(local[$0]) })
        {
          return index
        }
        index = entry.chain
      }
    }
    return nil
  }

  static func lower(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

  /// The node of an element's attributes, made when it is first met; -1 past the limit.
  func attributeNode(of entry: Int32) -> Int32 {
    let known = entries[Int(entry)].attributes
    if known >= 0 { return known }
    guard nodeCount < nodeCapacity, entries[Int(entry)].path >= 0 else { return -1 }
    let node = emptyNode(path: paths[Int(entries[Int(entry)].path)])
    entries[Int(entry)].attributes = node
    return node
  }

  func attributeNode(ofNode node: Int32) -> Int32 {
    if nodes[Int(node)].attributes >= 0 { return nodes[Int(node)].attributes }
    guard nodeCount < nodeCapacity, nodes[Int(node)].path >= 0 else { return -1 }
    let attributes = emptyNode(path: paths[Int(nodes[Int(node)].path)])
    nodes[Int(node)].attributes = attributes
    return attributes
  }

  // MARK: - Tails of start tags

  @inline(__always)
  static func matches(_ tail: Tail, _ at: Pointer, _ names: UnsafeMutablePointer<UInt8>) -> Bool {
    let length = Int(tail.length)
    if length < 8 { return false }
    let raw = UnsafeRawPointer(at)
    let known = UnsafeRawPointer(names + Int(tail.offset))
    var i = 0
    while i + 8 <= length {
      if unsafe raw.loadUnaligned(fromByteOffset: i, as: UInt64.self)
        != known.loadUnaligned(fromByteOffset: i, as: UInt64.self)
      {
        return false
      }
      i += 8
    }
    return unsafe raw.loadUnaligned(fromByteOffset: length - 8, as: UInt64.self)
      == known.loadUnaligned(fromByteOffset: length - 8, as: UInt64.self)
  }

  /// Keeps a start tag's rest, from behind the name to behind `>`.
  func learn(_ from: Pointer, _ length: Int, isEmpty: Bool, isNull: Bool, for entry: Int32) {
    guard length >= 8, length <= 64, byteCount + length <= XMLNames.byteCapacity / 2 else { return }
    let tail = Tail(
      offset: store(Array(UnsafeBufferPointer(start: from, count: length))), length: Int32(length), isEmpty: isEmpty,
      isNull: isNull)
    if entries[Int(entry)].tail0.length == 0 {
      entries[Int(entry)].tail0 = tail
    } else if entries[Int(entry)].tail1.length == 0 {
      entries[Int(entry)].tail1 = tail
    }
  }
}
