package import CrosswalkModel
import Glibc

/// One record on its way: the registers (source fields, canonical fields, target fields), what no mapping names, and the memory
/// that slots point into. One a worker, used again for every record.
///
/// Hot code copies `slots` and `chunk` into locals first. The properties are not checked for exclusive access (a check costs 60
/// instructions, and a record makes a dozen): one worker has a frame to itself, and nothing keeps a reference into a property.
package final class Frame {
  /// A leaf or subtree of the source that no mapping names (SEMANTICS S19), in the order of the record.
  package struct Extra {
    /// Index into the reader's interned paths (`RecordReader.path`), or negative when `pathText` holds it (paths with indexes).
    package var path: Int32
    /// Leaves in the value (1 unless it is a subtree).
    package var leaves: Int32
    package var value: Slot
    package var pathText: Slot

    package init(path: Int32, value: Slot, leaves: Int32 = 1, pathText: Slot = .absent) {
      self.path = path
      self.leaves = leaves
      self.value = value
      self.pathText = pathText
    }
  }

  /// What changes with every record, behind a pointer: where code is inlined into another module the check for exclusive access
  /// comes back whatever the attribute says, and it cost a tenth of all instructions.
  private struct Hot {
    var chunk: UnsafePointer<UInt8>
    var pool: UnsafePointer<UInt8>
    var encoding: Format
    var poolCount = 0
    var start = 0
    var end = 0
    var leaves = 0
    var hasContainerLeaf = false
    var hasLosingSpelling = false
    var hasExtras = false
    var escapesAlike = false
    var blanks: UInt64 = ~0
    var numbers: UInt64 = 0
  }

  private let hot: UnsafeMutablePointer<Hot>
  package let slots: UnsafeMutablePointer<Slot>
  package let count: Int
  /// The base of `Space.chunk`; set by the reader for each record.
  package var chunk: UnsafePointer<UInt8> {
    get { hot.pointee.chunk }
    set { hot.pointee.chunk = newValue }
  }
  /// The base of `Space.pool`: the plan's constants.
  package var pool: UnsafePointer<UInt8> {
    get { hot.pointee.pool }
    set { hot.pointee.pool = newValue }
  }
  /// Source and target escape alike (both JSON): a transform may work on the source's spelling and leave it escaped in the arena.
  package var escapesAlike: Bool {
    get { hot.pointee.escapesAlike }
    set { hot.pointee.escapesAlike = newValue }
  }
  /// Bytes of the constants.
  package var poolCount: Int {
    get { hot.pointee.poolCount }
    set { hot.pointee.poolCount = newValue }
  }
  package let arena: Arena
  /// How escaped chunk text is decoded.
  package var encoding: Format {
    get { hot.pointee.encoding }
    set { hot.pointee.encoding = newValue }
  }
  @exclusivity(unchecked) package var extras: [Extra] = [] { didSet { hot.pointee.hasExtras = !extras.isEmpty } }
  /// Whether there are extras, without touching the list.
  package var hasExtras: Bool { hot.pointee.hasExtras }
  /// Bytes of the record in the chunk.
  package var start: Int {
    get { hot.pointee.start }
    set { hot.pointee.start = newValue }
  }
  package var end: Int {
    get { hot.pointee.end }
    set { hot.pointee.end = newValue }
  }
  /// Registers (modulo 64) that may hold null or empty text: what a reader that keeps count has seen, all ones for one that does
  /// not.
  package var blanks: UInt64 {
    get { hot.pointee.blanks }
    set { hot.pointee.blanks = newValue }
  }
  /// Registers (modulo 64) that may hold a bare number, where the format has such (JSON).
  package var numbers: UInt64 {
    get { hot.pointee.numbers }
    set { hot.pointee.numbers = newValue }
  }
  /// Leaves that the reader saw in this record, mapped or not.
  package var leaves: Int {
    get { hot.pointee.leaves }
    set { hot.pointee.leaves = newValue }
  }
  /// A mapped leaf holds `{}`, `[]` or a subtree: the plan has to look.
  package var hasContainerLeaf: Bool {
    get { hot.pointee.hasContainerLeaf }
    set { hot.pointee.hasContainerLeaf = newValue }
  }
  /// Something of this record was spelt twice and the reader's rule is to say so (a losing spelling parked as an extra).
  package var hasLosingSpelling: Bool {
    get { hot.pointee.hasLosingSpelling }
    set { hot.pointee.hasLosingSpelling = newValue }
  }

  package init(registers: Int, encoding: Format) {
    count = registers
    slots = .allocate(capacity: max(registers, 1))
    unsafe slots.initialize(repeating: .absent, count: max(registers, 1))
    let nothing = UnsafePointer(slots.withMemoryRebound(to: UInt8.self, capacity: 8) { $0 })
    hot = .allocate(capacity: 1)
    hot.initialize(to: Hot(chunk: nothing, pool: nothing, encoding: encoding))
    arena = Arena()
  }

  deinit {
    slots.deallocate()
    hot.deallocate()
  }

  /// The decoded text of a slot (for `number` its characters, for `true` and the like nothing). The pointer holds until the
  /// next record; escaped text is decoded into the arena at each call, so keep the result.
  package func text(_ slot: Slot) -> UnsafeBufferPointer<UInt8> {
    let base: UnsafePointer<UInt8>
    switch slot.space {
    case .chunk:
      if slot.isEscaped { return decoded(slot) }
      base = chunk
    case .arena:
      if slot.isEscaped { return decoded(slot) }
      base = UnsafePointer(arena.base)
    case .pool: base = pool
    }
    return UnsafeBufferPointer(start: base + slot.offset, count: slot.length)
  }

  /// The bytes of a slot as they stand, undecoded.
  package func raw(_ slot: Slot) -> UnsafeBufferPointer<UInt8> {
    let base: UnsafePointer<UInt8>
    switch slot.space {
    case .chunk: base = chunk
    case .arena: base = UnsafePointer(arena.base)
    case .pool: base = pool
    }
    return UnsafeBufferPointer(start: base + slot.offset, count: slot.length)
  }

  /// The slot with its escapes decoded (into the arena); itself when it has none.
  package func plain(_ slot: Slot) -> Slot {
    guard slot.isEscaped else { return slot }
    let text = decoded(slot)
    return Slot(slot.kind, offset: text.baseAddress! - UnsafePointer(arena.base), length: text.count, space: .arena)
  }

  private func decoded(_ slot: Slot) -> UnsafeBufferPointer<UInt8> {
    let source = raw(slot)
    let target = arena.room(slot.length + 64)
    let length: Int
    switch encoding {
    case .json, .ndjson: length = JSONText.decode(source, into: target)
    case .xml: length = XMLText.decode(source, into: target)
    case .csv: length = CSVText.decode(source, into: target)
    case .form: length = FormText.decode(source, into: target)
    }
    arena.used += length
    return UnsafeBufferPointer(start: target, count: length)
  }

  /// New text in the arena.
  package func store(_ bytes: some Collection<UInt8>, as kind: Kind = .text) -> Slot {
    let n = bytes.count
    _ = UnsafeMutableBufferPointer(start: arena.room(n + 64), count: n).initialize(fromContentsOf: bytes)
    let slot = Slot(kind, offset: arena.used, length: n, space: .arena)
    arena.used += n
    return slot
  }
}

/// Memory for what a record needs beyond its input. It never moves, so pointers into it hold: the addresses are reserved at
/// once (Linux gives pages as they are touched) and given back after a large record.
package final class Arena {
  /// More than any record within the limits can need: decoded text is never longer than its source.
  static let reserved = 512 << 20
  static let kept = 1 << 20

  package let base: UnsafeMutablePointer<UInt8>
  private let state: UnsafeMutablePointer<Int>
  /// Bytes taken. Behind a pointer: the check for exclusive access is made across modules whatever the attribute says.
  package var used: Int {
    get { state.pointee }
    set { state.pointee = newValue }
  }

  package init() {
    let memory = mmap(nil, Arena.reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let memory, memory != MAP_FAILED else { fatalError("no address space for a record's memory") }
    base = memory.bindMemory(to: UInt8.self, capacity: Arena.reserved)
    state = .allocate(capacity: 1)
    state.initialize(to: 0)
  }

  deinit {
    munmap(base, Arena.reserved)
    state.deallocate()
  }

  /// A pointer to at least `count` free bytes; `used` is the caller's to advance.
  package func room(_ count: Int) -> UnsafeMutablePointer<UInt8> {
    precondition(used + count <= Arena.reserved, "a record needs more memory than its limits allow")
    return base + used
  }

  /// Forgets everything: the next record begins.
  package func reset() {
    if used > Arena.kept {
      madvise(base + Arena.kept, Arena.reserved - Arena.kept, MADV_DONTNEED)
    }
    used = 0
  }
}
