import CrosswalkModel

/// The names that a reader meets, learnt as it goes: which follows which, what each one means, the path of those that no mapping
/// names. One a reader; the order learnt from earlier records predicts the next name, so that a name costs one comparison.
///
/// ADVICE: a name is found in three ways, and all of them must agree: `matches` along the learnt order, `find` by hash, and (when
/// the layout ignores case) `find` by folded hash once, which interns the spelling as an entry of its own.
struct NameTable: ~Copyable {
  struct Entry {
    /// The first 16 bytes of the name and the byte behind it (`terminator`), under masks.
    var word0: UInt64
    var word1: UInt64
    var mask0: UInt64
    var mask1: UInt64
    var target: Target
    /// The neighbours in the learnt order of the node; -1 at the ends.
    var next: Int32
    var previous: Int32
    /// The next entry with the same hash.
    var chain: Int32
    /// Offset into `names`.
    var name: Int32
    var length: Int32
    /// Index into `paths`, -1 where the path is not fixed (below a list).
    var path: Int32
    var node: Int32
    /// Of two spellings of one field the lower rank wins: its own name 0, another one that the layout has 1, in another case 2 more.
    var rank: UInt8
    /// A mapped leaf under its own name of at most 14 bytes: what the shortest loop handles.
    var isPlain: Bool
    /// The object (the reader's `generation`) that last held this name: finds duplicates.
    var seen: UInt32
    @inline(__always) var isVariant: Bool { rank > 0 }
  }

  /// A register (0 and up), `unknown`, or a node below (`node(_:)`).
  struct Target: Equatable {
    var value: Int32
    static let unknown = Target(value: -1)
    static func node(_ index: Int) -> Target { Target(value: Int32(-2 - index)) }
    @inline(__always) var isRegister: Bool { value >= 0 }
    @inline(__always) var node: Int? { value <= -2 ? Int(-2 - value) : nil }
  }

  struct Node {
    var buckets: [Int32]
    /// The node's own path, nil below a list.
    var path: [UInt8]?
    /// Below a list: the node's name, as paths spell it; empty for an element of a list.
    var step: [UInt8] = []
    /// The object (the reader's `generation`) that last held it, under whatever name.
    var seen: UInt32 = 0
    var content: Content

    enum Content {
      case object
      /// A list whose elements are told apart: the key, and per case the value and the node of its members.
      case picks(key: [UInt8], cases: [(value: [UInt8], node: Int)])
      /// A list of which some elements are named: index → register or node.
      case items([(index: Int, target: Target)])
    }
  }

  private(set) var entries: UnsafeMutablePointer<Entry>
  private(set) var count = 0
  private var capacity = 64
  private(set) var nodes: [Node] = []
  /// Per node the first entry of the learnt order.
  private var firsts: UnsafeMutablePointer<Int32>
  private var nameBytes: UnsafeMutablePointer<UInt8>
  private var nameCapacity = 1024
  private(set) var names: [UInt8] = []
  private(set) var paths: [[UInt8]] = []
  private var folds = false
  private let limit: Int
  private let terminator: UInt8
  private var interned = 0

  /// - terminator: the byte that stands behind a name in the source and is compared with it (`"` in JSON).
  init(layout: Layout, terminator: UInt8, limit: Int) {
    entries = .allocate(capacity: 64)
    firsts = .allocate(capacity: 1024)
    firsts.initialize(repeating: -1, count: 1024)
    nameBytes = .allocate(capacity: 1024)
    self.limit = limit
    self.terminator = terminator
    folds = layout.ignoresCase
    _ = addNode(layout.members, path: [])
  }

  deinit {
    entries.deallocate()
    firsts.deallocate()
    nameBytes.deallocate()
  }

  /// The bytes of all names; until the next new name.
  @inline(__always) var namePointer: UnsafePointer<UInt8> { UnsafePointer(nameBytes) }

  private mutating func addNode(_ members: [Layout.Member], path: [UInt8]?, step: [UInt8] = []) -> Int {
    let index = nodes.count
    precondition(index < 1024, "a layout has at most 1,024 objects and lists")
    nodes.append(Node(buckets: [Int32](repeating: -1, count: 64), path: path, step: step, content: .object))
    var last: Int32 = -1
    for member in members {
      var memberPath = path
      if path != nil { PathText.append(member.name.utf8, to: &memberPath!) }
      var step: [UInt8] = []
      PathText.append(member.name.utf8, to: &step)
      let target = target(of: member.content, path: memberPath, step: step)
      last = add(Array(member.name.utf8), to: index, target: target, after: last, rank: 0)
      for alias in member.aliases { last = add(Array(alias.utf8), to: index, target: target, after: last, rank: 1) }
    }
    return index
  }

  private mutating func target(of content: Layout.Content, path: [UInt8]?, step: [UInt8] = []) -> Target {
    switch content {
    case .leaf(let leaf): return Target(value: Int32(leaf.register))
    case .object(let members): return .node(addNode(members, path: path, step: step))
    case .picks(let key, let cases):
      let index = nodes.count
      nodes.append(Node(buckets: [], path: path, step: step, content: .object))
      let inner = cases.map { (value: Array($0.value.utf8), node: addNode($0.members, path: nil)) }
      nodes[index].content = .picks(key: Array(key.utf8), cases: inner)
      return .node(index)
    case .items(let items):
      let index = nodes.count
      nodes.append(Node(buckets: [], path: path, step: step, content: .object))
      nodes[index].content = .items(
        items.map { item in
          var itemPath = path
          if path != nil { PathText.append(index: item.index, to: &itemPath!) }
          return (item.index, target(of: item.content, path: itemPath))
        })
      return .node(index)
    }
  }

  /// Adds a name to a node, behind an entry in the learnt order.
  private mutating func add(
    _ name: [UInt8], to node: Int, target: Target, after: Int32, rank: UInt8
  ) -> Int32 {
    if count == capacity {
      let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
      larger.moveInitialize(from: entries, count: count)
      entries.deallocate()
      entries = larger
      capacity *= 2
    }
    let index = Int32(count)
    var words: [UInt8] = Array((name + [terminator]).prefix(16))
    let used = words.count
    words += [UInt8](repeating: 0, count: 16 - used)
    let (word0, word1) = words.withUnsafeBytes {
      ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
    // A name that JSON has to escape is never compared with the source's bytes: there the same bytes mean another name, or none.
    let isOdd = name.contains { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
    let mask0: UInt64 = isOdd ? 0 : used >= 8 ? ~0 : (1 << (UInt64(used) * 8)) - 1
    let mask1: UInt64 = used >= 16 ? ~0 : used <= 8 ? 0 : (1 << (UInt64(used - 8) * 8)) - 1
    var path: Int32 = -1
    if var text = nodes[node].path {
      PathText.append(name, to: &text)
      path = Int32(paths.count)
      paths.append(text)
    }
    let bucket = NameTable.hash(name)
    (entries + count).initialize(
      to: Entry(
        word0: isOdd ? 1 : word0, word1: word1, mask0: mask0, mask1: mask1, target: target, next: -1, previous: -1,
        chain: nodes[node].buckets[bucket], name: Int32(names.count), length: Int32(name.count), path: path,
        node: Int32(node), rank: rank,
        isPlain: target.isRegister && rank == 0 && name.count < 15, seen: 0))
    var known = names.count
    names += name
    if names.count > nameCapacity {
      nameBytes.deallocate()
      nameCapacity = names.count * 2
      nameBytes = .allocate(capacity: nameCapacity)
      known = 0
    }
    for i in known..<names.count { nameBytes[i] = names[i] }
    nodes[node].buckets[bucket] = index
    count += 1
    link(index, after: after, in: node)
    return index
  }

  private static func hash(_ name: some Collection<UInt8>) -> Int {
    var hash: UInt32 = 2_166_136_261
    for byte in name { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return Int((hash ^ hash >> 15) & 63)
  }

  /// Whether the bytes at a name's start are this name and its terminator. Reads up to 16 bytes, and more for longer names.
  @inline(__always)
  static func matches(_ entry: UnsafePointer<Entry>, _ at: UnsafePointer<UInt8>, names: UnsafePointer<UInt8>, terminator: UInt8) -> Bool {
    let raw = UnsafeRawPointer(at)
    if unsafe raw.loadUnaligned(as: UInt64.self) & entry.pointee.mask0 != entry.pointee.word0 { return false }
    if unsafe raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self) & entry.pointee.mask1 != entry.pointee.word1 { return false }
    let length = Int(entry.pointee.length)
    if length < 16 { return true }
    let name = names + Int(entry.pointee.name)
    for i in 16..<max(16, length) where at[i] != name[i] { return false }
    return at[length] == terminator
  }

  /// The entry of a name (decoded) in a node, interned if it is new; `after` is the entry before it in this record. nil when
  /// the limit on unknown names is reached.
  mutating func find(_ name: UnsafeBufferPointer<UInt8>, in node: Int, after: Int32) -> Int32? {
    var index = nodes[node].buckets[NameTable.hash(name)]
    while index >= 0 {
      if isNamed(entries[Int(index)], name) {
        if index != after { move(index, after: after, in: node) }
        return index
      }
      index = entries[Int(index)].chain
    }
    if folds, let exact = folded(name, in: node) {
      let known = entries[Int(exact)]
      return add(Array(name), to: node, target: known.target, after: after, rank: known.rank | 2)
    }
    guard interned < limit else { return nil }
    interned += 1
    return add(Array(name), to: node, target: .unknown, after: after, rank: 0)
  }

  private func isNamed(_ entry: Entry, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
    guard Int(entry.length) == name.count else { return false }
    let start = Int(entry.name)
    for i in 0..<name.count where names[start + i] != name[i] { return false }
    return true
  }

  /// A known entry whose name differs only in case (ASCII).
  private func folded(_ name: UnsafeBufferPointer<UInt8>, in node: Int) -> Int32? {
    for index in 0..<count where Int(entries[index].node) == node && entries[index].target != .unknown {
      let entry = entries[index]
      guard Int(entry.length) == name.count else { continue }
      let start = Int(entry.name)
      if (0..<name.count).allSatisfy({ NameTable.lower(names[start + $0]) == NameTable.lower(name[$0]) }) { return Int32(index) }
    }
    return nil
  }

  /// The name in another case, where that is the same name.
  func isSpelling(_ name: UnsafeBufferPointer<UInt8>, of other: [UInt8]) -> Bool {
    folds && name.count == other.count && zip(name, other).allSatisfy { NameTable.lower($0) == NameTable.lower($1) }
  }

  @inline(__always) private static func lower(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte }

  private mutating func move(_ index: Int32, after: Int32, in node: Int) {
    let entry = entries[Int(index)]
    if entry.previous >= 0 { entries[Int(entry.previous)].next = entry.next } else { firsts[node] = entry.next }
    if entry.next >= 0 { entries[Int(entry.next)].previous = entry.previous }
    link(index, after: after, in: node)
  }

  private mutating func link(_ index: Int32, after: Int32, in node: Int) {
    let next = after >= 0 ? entries[Int(after)].next : firsts[node]
    entries[Int(index)].previous = after
    entries[Int(index)].next = next
    if next >= 0 { entries[Int(next)].previous = index }
    if after >= 0 { entries[Int(after)].next = index } else { firsts[node] = index }
  }

  /// Whether a node has that name, learnt or mapped.
  func has(_ name: UnsafeBufferPointer<UInt8>, in node: Int) -> Bool {
    var index = nodes[node].buckets[NameTable.hash(name)]
    while index >= 0 {
      if isNamed(entries[Int(index)], name) { return true }
      index = entries[Int(index)].chain
    }
    return false
  }

  /// Whether the record has a field of that name, in whatever spelling.
  func isMapped(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
    var index = nodes[0].buckets[NameTable.hash(name)]
    while index >= 0 {
      if isNamed(entries[Int(index)], name) { return entries[Int(index)].target != .unknown }
      index = entries[Int(index)].chain
    }
    return folds && folded(name, in: 0) != nil
  }

  /// Notes that an object holds this node; false when it does already, under another spelling.
  mutating func open(_ node: Int, in object: UInt32) -> Bool {
    guard nodes[node].seen != object else { return false }
    nodes[node].seen = object
    return true
  }

  /// The first entry of a node in the learnt order.
  @inline(__always) func first(_ node: Int) -> Int32 { firsts[node] }
}
