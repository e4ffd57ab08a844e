import CrosswalkFiles
import CrosswalkModel
import Glibc

/// Where the lines of a residue stand, by the hash of a key: 16 bytes a line, sorted. What does not fit into the memory it may
/// use goes in sorted runs to a temporary file without a name, which are merged in the end; of a merged index only each 256th
/// hash is held.
final class RestoreIndex {
  struct Found {
    var line: Int
    var offset: Int
  }

  /// 40 bits of hash, 40 of the line's number, 48 of its place.
  private struct Entry: Comparable {
    var high: UInt64
    var low: UInt64

    init(hash: UInt64, line: Int, offset: Int) {
      high = hash & ~0xff_ffff | UInt64(line) >> 16 & 0xff_ffff
      low = UInt64(line) << 48 | UInt64(offset) & 0xffff_ffff_ffff
    }

    var hash: UInt64 { high & ~0xff_ffff }
    var line: Int { Int((high & 0xff_ffff) << 16 | low >> 48) }
    var offset: Int { Int(low & 0xffff_ffff_ffff) }

    static func < (a: Entry, b: Entry) -> Bool { a.high != b.high ? a.high < b.high : a.low < b.low }
  }

  private static let block = 256
  private let capacity: Int
  private var entries: UnsafeMutablePointer<Entry>
  private var count = 0
  private let folder: String
  private var file: TemporaryStore?
  private var runs: [(start: Int, count: Int)] = []
  /// First entries of the blocks of the merged index.
  private var marks: [UInt64] = []
  private var merged: (start: Int, count: Int)?

  /// Sorted runs that were written.
  var spilled: Int { runs.count }

  /// - memory: bytes.
  init(memory: Int, folder: String) {
    capacity = max(memory / MemoryLayout<Entry>.stride, 16)
    entries = .allocate(capacity: capacity)
    self.folder = folder
  }

  deinit { entries.deallocate() }

  func add(hash: UInt64, line: Int, offset: Int) throws(Diagnostic) {
    if count == capacity { try spill() }
    (entries + count).initialize(to: Entry(hash: hash, line: line, offset: offset))
    count += 1
  }

  private func sort() {
    var all = UnsafeMutableBufferPointer(start: entries, count: count)
    all.sort()
  }

  private func spill() throws(Diagnostic) {
    sort()
    let file: TemporaryStore
    if let open = self.file { file = open } else { file = try TemporaryStore(folder: folder) }
    self.file = file
    runs.append((file.size, count))
    try file.append(UnsafeRawBufferPointer(start: entries, count: count * MemoryLayout<Entry>.stride))
    count = 0
  }

  /// No more lines follow.
  func finish() throws(Diagnostic) {
    guard !runs.isEmpty, let file else { return sort() }
    if count > 0 { try spill() }
    // The memory of the runs is now that of the merge.
    let share = max(capacity / (runs.count + 1), 64)
    entries.deallocate()
    entries = .allocate(capacity: share * (runs.count + 1))
    var heads = runs.indices.map { run in Head(run: run, base: entries + run * share, share: share) }
    let out = entries + runs.count * share
    let outCapacity = share
    var outCount = 0
    let start = file.size
    var total = 0
    func flush() throws(Diagnostic) {
      try file.append(UnsafeRawBufferPointer(start: out, count: outCount * MemoryLayout<Entry>.stride))
      outCount = 0
    }
    for index in heads.indices { try fill(&heads[index], file) }
    while true {
      var least: Int?
      for index in heads.indices where heads[index].at < heads[index].held {
        if let other = least, heads[other].current < heads[index].current { continue }
        least = index
      }
      guard let least else { break }
      let entry = heads[least].current
      if total % RestoreIndex.block == 0 { marks.append(entry.hash) }
      out[outCount] = entry
      outCount += 1
      total += 1
      if outCount == outCapacity { try flush() }
      heads[least].at += 1
      if heads[least].at == heads[least].held { try fill(&heads[least], file) }
    }
    try flush()
    merged = (start, total)
    count = 0
    entries.deallocate()
    entries = .allocate(capacity: 1)
  }

  private struct Head {
    var run: Int
    var base: UnsafeMutablePointer<Entry>
    var share: Int
    var taken = 0
    var held = 0
    var at = 0
    var current: Entry { base[at] }
  }

  private func fill(_ head: inout Head, _ file: TemporaryStore) throws(Diagnostic) {
    let run = runs[head.run]
    head.held = min(head.share, run.count - head.taken)
    head.at = 0
    guard head.held > 0 else { return }
    try file.read(
      UnsafeMutableRawBufferPointer(start: head.base, count: head.held * MemoryLayout<Entry>.stride),
      at: run.start + head.taken * MemoryLayout<Entry>.stride)
    head.taken += head.held
  }

  /// The lines with a hash, in the order of the file, until one is taken.
  /// - skipping: so many of them are known to be of no use.
  func find(_ hash: UInt64, skipping: Int = 0, _ take: (Found) throws(Diagnostic) -> Bool) throws(Diagnostic) {
    let hash = hash & ~0xff_ffff
    guard let merged, let file else {
      var index = lowerBound(hash) + skipping
      while index < count, entries[index].hash == hash {
        if try take(Found(line: entries[index].line, offset: entries[index].offset)) { return }
        index += 1
      }
      return
    }
    // The last block that begins below it, and those that follow while they still begin with it.
    var low = 0
    var high = marks.count
    while low < high {
      let middle = (low + high) / 2
      if marks[middle] < hash { low = middle + 1 } else { high = middle }
    }
    var block = max(low - 1, 0)
    var left = skipping
    while block < marks.count, marks[block] <= hash {
      // A block between two that begin with the hash holds nothing else.
      if left >= RestoreIndex.block, marks[block] == hash, block + 1 < marks.count, marks[block + 1] == hash {
        left -= RestoreIndex.block
        block += 1
        continue
      }
      let size = min(RestoreIndex.block, merged.count - block * RestoreIndex.block)
      var page = [Entry](repeating: Entry(hash: 0, line: 0, offset: 0), count: size)
      let start = merged.start + block * RestoreIndex.block * MemoryLayout<Entry>.stride
      var failure: Diagnostic?
      page.withUnsafeMutableBytes { bytes in
        do throws(Diagnostic) { try file.read(bytes, at: start) } catch { failure = error }
      }
      if let failure { throw failure }
      for entry in page where entry.hash == hash {
        if left > 0 {
          left -= 1
          continue
        }
        if try take(Found(line: entry.line, offset: entry.offset)) { return }
      }
      block += 1
    }
  }

  private func lowerBound(_ hash: UInt64) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].hash < hash { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// A file without a name, gone with the process: its name is removed as soon as it is open.
final class TemporaryStore {
  private let descriptor: Int32
  private let folder: String
  private(set) var size = 0

  init(folder: String) throws(Diagnostic) {
    self.folder = folder
    var name = Array("\(folder.isEmpty ? "." : folder)/.crosswalk-XXXXXX".utf8CString)
    descriptor = name.withUnsafeMutableBufferPointer { mkstemp($0.baseAddress!) }
    guard descriptor >= 0 else { throw TemporaryStore.cannotWrite(folder) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    name.withUnsafeBufferPointer { _ = unlink($0.baseAddress!) }
  }

  deinit { close(descriptor) }

  func append(_ bytes: UnsafeRawBufferPointer) throws(Diagnostic) {
    var done = 0
    while done < bytes.count {
      let at = done
      let got = uninterrupted { pwrite(descriptor, bytes.baseAddress! + at, bytes.count - at, off_t(size + at)) }
      guard got > 0 else { throw TemporaryStore.cannotWrite(folder) }
      done += got
    }
    size += bytes.count
  }

  func read(_ bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(Diagnostic) {
    var done = 0
    while done < bytes.count {
      let at = done
      let got = uninterrupted { pread(descriptor, bytes.baseAddress! + at, bytes.count - at, off_t(offset + at)) }
      guard got > 0 else { throw TemporaryStore.cannotWrite(folder) }
      done += got
    }
  }

  /// Up to `count` bytes; fewer at the end.
  func bytes(at offset: Int, count: Int) throws(Diagnostic) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: max(0, min(count, size - offset)))
    var failure: Diagnostic?
    bytes.withUnsafeMutableBytes { room in
      do throws(Diagnostic) { try read(room, at: offset) } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }

  private static func cannotWrite(_ folder: String) -> Diagnostic {
    Diagnostic(
      .unwritableOutput, "a temporary file in `\(folder.isEmpty ? "." : folder)` cannot be written: \(lastSystemError())",
      help: "records in another order are looked up by an index that needs room there")
  }
}
