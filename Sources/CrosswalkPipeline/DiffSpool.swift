import CrosswalkFiles
import CrosswalkModel

/// The second file's records, in their order, each found by its key and given out once: in memory while they are few, then in
/// a temporary file, with an index of 16 bytes a record.
final class DiffSpool {
  /// A record's bytes, or why it cannot be read.
  enum Item {
    case record([UInt8])
    case unreadable([UInt8])
  }

  private let limit: Int
  private let folder: String
  private let index: RestoreIndex
  /// What was not yet written, or all of it.
  private var held: [UInt8] = []
  private var store: TemporaryStore?
  /// Where `held` begins, behind the file.
  private var written = 0
  private var lines = 0
  private var used = Bits()
  /// By a key's hash: so many of its first records have been given out. Only of keys that repeat, and of some of them.
  private var given: [UInt64: Int] = [:]

  /// A piece of the file.
  private var window: [UInt8] = []
  private var windowStart = 0
  private var lastEnd = 0

  init(memory: DiffJob.Memory, folder: String) {
    limit = memory.records
    self.folder = folder
    index = RestoreIndex(memory: memory.index, folder: folder)
  }

  /// Length (4), whether it is a record (1), bytes.
  private static let head = 5

  /// - key: nil where it has none, so that nobody asks for it.
  func append(_ item: Item, key: ArraySlice<UInt8>?) throws(Diagnostic) {
    let place = written + held.count
    let bytes: [UInt8]
    switch item {
    case .record(let record): bytes = record
    case .unreadable(let problem): bytes = problem
    }
    withUnsafeBytes(of: UInt32(bytes.count)) { held.append(contentsOf: $0) }
    if case .record = item { held.append(1) } else { held.append(0) }
    held += bytes
    if let key { try index.add(hash: DiffSpool.hash(key), line: lines, offset: place) }
    lines += 1
    if held.count > (store == nil ? limit : 1 << 20) { try flush() }
  }

  func finish() throws(Diagnostic) {
    if store != nil { try flush() }
    try index.finish()
  }

  private func flush() throws(Diagnostic) {
    let store: TemporaryStore
    if let open = self.store { store = open } else { store = try TemporaryStore(folder: folder) }
    self.store = store
    var failure: Diagnostic?
    held.withUnsafeBytes { bytes in
      do throws(Diagnostic) { try store.append(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
    written = store.size
    held.removeAll(keepingCapacity: true)
  }

  private static func hash(_ key: ArraySlice<UInt8>) -> UInt64 { RestoreFile.Key.id(Array(key)).hash }

  // MARK: - Looking up

  /// The first record with the key that was not given out before.
  /// - isRepeated: set where another record has the same key.
  func take(
    _ key: ArraySlice<UInt8>, of shape: DiffFields, isRepeated: inout Bool
  ) throws(Diagnostic) -> DiffRecord? {
    let hash = DiffSpool.hash(key)
    let skipping = given[hash] ?? 0
    var gone = skipping
    var found: (record: DiffRecord, line: Int)?
    var isAnother = skipping > 0
    var isLeading = true
    try index.find(hash, skipping: skipping) { entry throws(Diagnostic) in
      let isUsed = used.contains(entry.line)
      if isUsed, isLeading { gone += 1 } else { isLeading = false }
      if isUsed, isAnother { return false }
      // Equal hashes need not be equal keys.
      guard case .record(let bytes) = try item(at: entry.offset) else { return false }
      let record = DiffRecord(bytes, of: shape)
      guard record.bytes[record.key] == key else { return false }
      if isUsed || found != nil { isAnother = true }
      if isUsed { return false }
      if found != nil { return true }
      found = (record, entry.line)
      return false
    }
    if gone > skipping {
      if given.count >= 1 << 16 { given.removeAll() }
      given[hash] = gone
    }
    isRepeated = isAnother
    guard let found else { return nil }
    used.insert(found.line)
    return found.record
  }

  /// What was not given out, in the file's order.
  func rest(_ body: (Item) throws(Diagnostic) -> Void) throws(Diagnostic) {
    var place = 0
    for line in 0..<lines {
      let head = try bytes(at: place, count: DiffSpool.head)
      let count = DiffSpool.length(head)
      if !used.contains(line) { try body(try item(at: place)) }
      place += DiffSpool.head + count
    }
  }

  private static func length(_ head: ArraySlice<UInt8>) -> Int {
    head.withUnsafeBytes { Int($0.loadUnaligned(as: UInt32.self)) }
  }

  private func item(at place: Int) throws(Diagnostic) -> Item {
    let head = try bytes(at: place, count: DiffSpool.head)
    let isRecord = head[head.startIndex + 4] == 1
    let bytes = Array(try bytes(at: place + DiffSpool.head, count: DiffSpool.length(head)))
    return isRecord ? .record(bytes) : .unreadable(bytes)
  }

  /// While the two files agree in their order, one reading serves many records; otherwise little is read for each.
  private func bytes(at place: Int, count: Int) throws(Diagnostic) -> ArraySlice<UInt8> {
    guard let store else { return held[place..<(place + count)] }
    defer { lastEnd = place + count }
    if place < windowStart || place + count > windowStart + window.count {
      let isOn = place >= lastEnd && place < lastEnd + (64 << 10)
      window = try store.bytes(at: place, count: max(count, isOn ? 256 << 10 : 4 << 10))
      windowStart = place
    }
    return window[(place - windowStart)..<(place - windowStart + count)]
  }
}
