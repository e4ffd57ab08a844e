import CrosswalkFiles
import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute
import Glibc

/// A residue that is read beside an input: its lines by their keys, each given out once.
///
/// While the order of the two agrees, a window of lines suffices. A key that is not in the window makes it look through the
/// rest of the residue once and keep an index of it; a residue that cannot be read at any place (standard input, a compressed
/// one) is copied to a temporary file for that.
final class RestoreFile {
  /// How a line is found.
  enum Key: Hashable {
    /// The id that its record has in the other system.
    case id([UInt8])
    /// The id that it had there before, where a map of ids gives it another.
    case former([UInt8])
    /// Its id, and the fingerprint of its record as it was written: of records that share an id.
    case own([UInt8], print: [UInt8])
    /// The fingerprint of its record as it was written to the other system.
    case print([UInt8])
    /// The place of its record in the other system's file.
    case place(Int)
    /// Values that the user named.
    case values([UInt8])

    var hash: UInt64 {
      var hash = Fingerprint.seed
      switch self {
      case .id(let bytes):
        Fingerprint.add([0], to: &hash)
        Fingerprint.add(bytes, to: &hash)
      case .place(let place):
        Fingerprint.add([1], to: &hash)
        withUnsafeBytes(of: UInt64(place)) { Fingerprint.add($0, to: &hash) }
      case .values(let bytes):
        Fingerprint.add([2], to: &hash)
        Fingerprint.add(bytes, to: &hash)
      case .print(let bytes):
        Fingerprint.add([3], to: &hash)
        Fingerprint.add(bytes, to: &hash)
      case .former(let bytes):
        Fingerprint.add([4], to: &hash)
        Fingerprint.add(bytes, to: &hash)
      case .own(let bytes, let print):
        Fingerprint.add([5], to: &hash)
        Fingerprint.add(bytes, to: &hash)
        Fingerprint.add(print, to: &hash)
      }
      // The index orders by the upper bits, which FNV mixes least.
      hash ^= hash >> 32
      hash &*= 0xd6e8_feb8_6659_fd93
      return hash ^ hash << 17
    }
  }

  /// What finds a line.
  struct Keys {
    var all: [Key]
    /// Its id in the other system is not known for certain: it may be found in other ways.
    var isLoose: Bool
    /// The line says that the id of its record is that of another one too.
    var isShared = false
    var place: Int?
    var isDocument: Bool { all.isEmpty && place == nil }
  }

  struct Line {
    var number: Int
    var bytes: [UInt8]
    var isLoose: Bool
    /// Another line that is left has the same key.
    var isRepeated = false
  }

  let name: String
  private let source: InputSource
  private let path: String?
  private let windowLimit: Int
  private let indexMemory: Int
  private let folder: String
  private let keys: (UnsafeBufferPointer<UInt8>) -> Keys?

  // Reading on.
  private var buffer: [UInt8] = []
  private var position = 0
  private var offset = 0
  private var hasEnded = false
  private(set) var lines = 0
  private var lastPlace = -1
  private var isInOrder = true

  // The window.
  private struct Held {
    var bytes: [UInt8]
    var keys: Keys
  }
  private var window: [Int: Held] = [:]
  private var byKey: [UInt64: [Int]] = [:]
  private var windowBytes = 0

  // The index.
  private(set) var index: RestoreIndex?
  private var spool: TemporaryStore?
  private var descriptor: Int32 = -1
  private var indexStart = 0
  private var used = Bits()
  private var loose = Bits()

  // What stands more than once.
  private static let mostWatched = 100_000
  /// By the first key of a line: proof of the line itself, and whether it may be found in other ways; of lines whose key stood
  /// before, by key and proof. Of the first lines only, so that memory does not grow with the residue.
  private var seen: [UInt64: (line: Int, proof: UInt64, isLoose: Bool)] = [:]
  private var shared: Set<UInt64> = []
  /// Keys that several records or lines have: the first few, with the number of a line.
  private(set) var sharedKeys: [(key: Key, line: Int)] = []
  var sharedCount: Int { shared.count }
  /// Lines that stood before, byte by byte: they are passed over.
  private(set) var copies = 0

  /// - keys: of a line; nil when it is none of a residue.
  init(
    path: String, limits: Limits, window: Int, index: Int, folder: String,
    keys: @escaping (UnsafeBufferPointer<UInt8>) -> Keys?
  ) throws(Diagnostic) {
    let input: ConvertJob.Input = path == "-" ? .standardInput : .file(path)
    source = try InputSource(input, limits: limits)
    name = source.name
    self.path = path != "-" && source.size != nil ? path : nil
    windowLimit = window
    indexMemory = index
    self.folder = folder
    self.keys = keys
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Lines longer than this are no lines of a residue.
  private static let longest = 256 << 20

  // MARK: - Reading on

  private func nextLine() throws(Diagnostic) -> (start: Int, bytes: ArraySlice<UInt8>)? {
    while true {
      if let end = newline(from: position) {
        let line = buffer[position..<end]
        let start = offset + position
        position = end + 1
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }) { continue }
        return (start, line)
      }
      if hasEnded {
        guard position < buffer.count else { return nil }
        let line = buffer[position...]
        let start = offset + position
        position = buffer.count
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }) { return nil }
        return (start, line)
      }
      guard buffer.count - position < RestoreFile.longest else { throw damaged(lines) }
      buffer.removeSubrange(..<position)
      offset += position
      position = 0
      let held = buffer.count
      let wanted = max(256 << 10, held)
      buffer.append(contentsOf: repeatElement(0, count: wanted))
      var failure: Diagnostic?
      let got = buffer.withUnsafeMutableBufferPointer { room in
        do throws(Diagnostic) { return try source.read(into: room.baseAddress! + held, count: wanted) } catch {
          failure = error
          return 0
        }
      }
      if let failure { throw failure }
      buffer.removeLast(wanted - got)
      if got < wanted { hasEnded = true }
    }
  }

  private func newline(from start: Int) -> Int? {
    buffer.withUnsafeBufferPointer { bytes in
      guard start < bytes.count, let base = bytes.baseAddress, let found = memchr(base + start, 0x0a, bytes.count - start)
      else { return nil }
      return UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - base
    }
  }

  /// The next line into the window; its number.
  private func readOn() throws(Diagnostic) -> Int? {
    guard let (_, line) = try nextLine() else { return nil }
    let number = lines
    guard let keys = line.withUnsafeBufferPointer({ keys($0) }) else { throw damaged(number) }
    lines += 1
    let isWanted = arrived(number, line, keys)
    if !isWanted, number > 0 { return number }
    if let place = keys.place {
      if place < lastPlace { isInOrder = false }
      lastPlace = place
    }
    window[number] = Held(bytes: Array(line), keys: keys)
    for key in keys.all { byKey[key.hash, default: []].append(number) }
    windowBytes += line.count
    return number
  }

  /// Reads as far as the window reaches, so that lines which share a key are known before one of them is given out.
  private func readAhead() throws(Diagnostic) {
    while index == nil, windowBytes < windowLimit, try readOn() != nil {}
  }

  /// Notes what a line is; whether it is to be looked up.
  private func arrived(_ number: Int, _ line: ArraySlice<UInt8>, _ keys: Keys) -> Bool {
    if keys.isLoose { loose.insert(number) }
    if keys.isDocument {
      note(document: number, line)
      return false
    }
    guard let key = keys.all.first else { return true }
    let hash = key.hash
    var proof = Fingerprint.seed
    line.withUnsafeBytes { Fingerprint.add(words: $0, to: &proof) }
    let before = seen[hash]
    if before?.proof == proof || seen[hash ^ proof] != nil {
      copies += 1
      used.insert(number)
      return false
    }
    if !keys.isLoose, before != nil || keys.isShared { share(key, line: number) }
    if seen.count < RestoreFile.mostWatched { seen[before == nil ? hash : hash ^ proof] = (number, proof, keys.isLoose) }
    return true
  }

  /// Notes that several records or lines have the key.
  func share(_ key: Key, line number: Int) {
    guard shared.count < RestoreFile.mostWatched, shared.insert(key.hash).inserted, sharedKeys.count < 5 else { return }
    sharedKeys.append((key, number))
  }

  /// The id of the line's record is that of others.
  func isShared(_ line: Line) -> Bool {
    let found = line.bytes.withUnsafeBufferPointer { keys($0) }
    return found.map { !$0.isLoose && ($0.isShared || $0.all.contains { shared.contains($0.hash) }) } ?? false
  }

  /// Lines of what stood around records, one a document of the way there, equal ones once; complete when the end was reached.
  private(set) var documents: [Line] = []
  private var documentBytes = 0
  /// Those that were too many to be held.
  private(set) var documentsBeyond = 0

  private func note(document number: Int, _ line: ArraySlice<UInt8>) {
    used.insert(number)
    if documents.last?.bytes.elementsEqual(line) ?? false { return }
    documentBytes += line.count
    guard documentBytes <= windowLimit || documents.isEmpty else {
      documentsBeyond += 1
      return
    }
    documents.append(Line(number: number, bytes: Array(line), isLoose: true))
  }

  /// The first line, which stays.
  func first() throws(Diagnostic) -> [UInt8]? {
    if lines == 0 { _ = try readOn() }
    return window[0]?.bytes
  }

  // MARK: - Looking up

  /// The first line with the key that was not given out before.
  /// - amongKnown: of the lines that were read already.
  func take(_ key: Key, looseOnly: Bool = false, amongKnown: Bool = false) throws(Diagnostic) -> Line? {
    let hash = key.hash
    func inWindow() -> Line? {
      guard let numbers = byKey[hash] else { return nil }
      for number in numbers {
        guard let held = window[number], held.keys.all.contains(key), held.keys.isLoose || !looseOnly else { continue }
        return Line(number: number, bytes: held.bytes, isLoose: held.keys.isLoose, isRepeated: numbers.count > 1)
      }
      return nil
    }
    if !amongKnown { try readAhead() }
    if var line = inWindow() {
      if index != nil, !line.isRepeated { line.isRepeated = try inIndex(key, hash, looseOnly: looseOnly).line != nil }
      return line
    }
    while index == nil, !amongKnown, !hasEnded || position < buffer.count {
      if case .place(let place) = key, isInOrder, lastPlace > place { return nil }
      if windowBytes >= windowLimit {
        try buildIndex()
        break
      }
      guard let number = try readOn() else { break }
      if window[number]?.keys.all.contains(key) ?? false, let line = inWindow() { return line }
    }
    let (found, given) = try inIndex(key, hash, looseOnly: looseOnly)
    if found == nil, let given { share(key, line: given) }
    if found == nil, case .id = key, let before = seen[hash], !before.isLoose { share(key, line: before.line) }
    return found
  }

  /// The first line behind the window with the key, and one that was given out.
  private func inIndex(_ key: Key, _ hash: UInt64, looseOnly: Bool) throws(Diagnostic) -> (line: Line?, given: Int?) {
    guard let index else { return (nil, nil) }
    var found: Line?
    var given: Int?
    try index.find(hash) { entry throws(Diagnostic) in
      if used.contains(entry.line) {
        if found == nil, given == nil, case .id = key, !loose.contains(entry.line) {
          let bytes = try line(at: entry.offset)
          if bytes.withUnsafeBufferPointer({ keys($0) })?.all.contains(key) ?? false { given = entry.line }
        }
        return false
      }
      if looseOnly, !loose.contains(entry.line) { return false }
      // Equal hashes need not be equal keys.
      let bytes = try line(at: entry.offset)
      guard let keys = bytes.withUnsafeBufferPointer({ keys($0) }) else { throw damaged(entry.line) }
      guard keys.all.contains(key) else { return false }
      if found != nil {
        found?.isRepeated = true
        return true
      }
      found = Line(number: entry.line, bytes: bytes, isLoose: keys.isLoose)
      return false
    }
    return (found, given)
  }

  /// The line is its record's; it is not given out again.
  func use(_ line: Line) {
    used.insert(line.number)
    guard let held = window.removeValue(forKey: line.number) else { return }
    windowBytes -= held.bytes.count
    for key in held.keys.all {
      let hash = key.hash
      byKey[hash]?.removeAll { $0 == line.number }
      if byKey[hash]?.isEmpty ?? false { byKey[hash] = nil }
    }
  }

  // MARK: - Index

  /// Of all lines behind the window.
  private func buildIndex() throws(Diagnostic) {
    let index = RestoreIndex(memory: indexMemory, folder: folder)
    indexStart = lines
    if let path {
      descriptor = uninterrupted { open(path, O_RDONLY | O_CLOEXEC) }
      guard descriptor >= 0 else { throw InputSource.cannotOpen(.file(path), errno) }
    } else {
      spool = try TemporaryStore(folder: folder)
    }
    var pending: [UInt8] = []
    while let (start, line) = try nextLine() {
      let number = lines
      guard let keys = line.withUnsafeBufferPointer({ keys($0) }) else { throw damaged(number) }
      lines += 1
      let isWanted = arrived(number, line, keys)
      var place = start
      if let spool {
        place = spool.size + pending.count
        pending += line
        pending.append(0x0a)
        if pending.count > 1 << 20 { try flush(&pending, spool) }
      }
      for key in isWanted ? keys.all : [] { try index.add(hash: key.hash, line: number, offset: place) }
    }
    if let spool { try flush(&pending, spool) }
    try index.finish()
    self.index = index
  }

  private func flush(_ pending: inout [UInt8], _ spool: TemporaryStore) throws(Diagnostic) {
    var failure: Diagnostic?
    pending.withUnsafeBytes { bytes in
      do throws(Diagnostic) { try spool.append(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
    pending.removeAll(keepingCapacity: true)
  }

  private func line(at offset: Int) throws(Diagnostic) -> [UInt8] {
    var bytes: [UInt8] = []
    var step = 4096
    while true {
      let more = try piece(at: offset + bytes.count, count: step)
      if let end = more.firstIndex(of: 0x0a) { return bytes + more[..<end] }
      bytes += more
      if more.count < step { return bytes }
      step = min(step * 4, 4 << 20)
    }
  }

  private func piece(at offset: Int, count: Int) throws(Diagnostic) -> [UInt8] {
    if let spool { return try spool.bytes(at: offset, count: count) }
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes.withUnsafeMutableBytes { room in
        uninterrupted { pread(descriptor, room.baseAddress! + done, count - done, off_t(offset + done)) }
      }
      guard got >= 0 else { throw InputSource.cannotRead(name, lastSystemError()) }
      if got == 0 { break }
      done += got
    }
    return Array(bytes[..<done])
  }

  // MARK: - The end

  /// Lines that were not used, with their numbers: the first few of each kind, and how many there are.
  func rest(atMost count: Int) throws(Diagnostic) -> (removed: Int, unplaced: Int, shown: [Line]) {
    // Those that nobody asked for are read to be counted.
    if index == nil {
      while try readOnForCount() {}
    }
    var removed = 0
    var unplaced = 0
    for number in 0..<lines where !used.contains(number) { if loose.contains(number) { unplaced += 1 } else { removed += 1 } }
    let shown = skipped.sorted { $0.number < $1.number }
    return (removed, unplaced, Array((window.filter { !used.contains($0.key) }.sorted { $0.key < $1.key }.prefix(count).map {
      Line(number: $0.key, bytes: $0.value.bytes, isLoose: $0.value.keys.isLoose)
    } + shown).prefix(count)) + (try restOfIndex(atMost: max(0, count - window.count))))
  }

  private var skipped: [Line] = []

  private func readOnForCount() throws(Diagnostic) -> Bool {
    guard let (_, line) = try nextLine() else { return false }
    guard let keys = line.withUnsafeBufferPointer({ keys($0) }) else { throw damaged(lines) }
    if arrived(lines, line, keys), skipped.count < 8 { skipped.append(Line(number: lines, bytes: Array(line), isLoose: keys.isLoose)) }
    lines += 1
    return true
  }

  private func restOfIndex(atMost count: Int) throws(Diagnostic) -> [Line] {
    guard index != nil, count > 0 else { return [] }
    guard (indexStart..<lines).contains(where: { !used.contains($0) }) else { return [] }
    // Line by line from the start of what is indexed; the first few are soon found.
    var shown: [Line] = []
    var number = 0
    var place = 0
    var rest: [UInt8] = []
    if spool != nil { number = indexStart }
    while shown.count < count {
      let more = try piece(at: place, count: 1 << 20)
      if more.isEmpty, rest.isEmpty { break }
      place += more.count
      var bytes = rest + more
      if more.isEmpty { bytes.append(0x0a) }
      var start = 0
      while shown.count < count, let end = bytes[start...].firstIndex(of: 0x0a) {
        let line = bytes[start..<end]
        start = end + 1
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }) { continue }
        if number >= indexStart, number < lines, !used.contains(number) {
          shown.append(Line(number: number, bytes: Array(line), isLoose: loose.contains(number)))
        }
        number += 1
      }
      rest = Array(bytes[start...])
      if more.isEmpty { break }
    }
    return shown
  }

  func damaged(_ line: Int) -> Diagnostic {
    Diagnostic(
      .damagedResidue, "line \(line + 1) of `\(name)` is not a line of a residue", at: .init(source: name),
      help: "`convert --residue FILE` writes it; no line of it may be cut or changed")
  }
}

/// A set of small numbers, a bit each.
struct Bits {
  private var words: [UInt64] = []

  mutating func insert(_ number: Int) {
    let word = number / 64
    if word >= words.count { words.append(contentsOf: repeatElement(0, count: max(word + 1 - words.count, words.count))) }
    words[word] |= 1 << UInt64(number % 64)
  }

  func contains(_ number: Int) -> Bool { number / 64 < words.count && words[number / 64] >> UInt64(number % 64) & 1 != 0 }
}
