import CrosswalkFormats
import CrosswalkModel
import CrosswalkRoute

/// The accounts of a batch (SEMANTICS S3, S4), all by index of the worker's plan; `Accounts` adds them up by name.
///
/// Three sides that do not know of each other: what the reader counted before any plan ran (`read`), what the bookkeeper found in
/// the registers when the record was done, and what the writer and the residue sink put out.
final class Books {
  static let reasons = Plan.ParkingReason.allCases.count
  /// The column of the reason that is given to null and empty text.
  static let empty = Plan.ParkingReason.allCases.firstIndex(of: .empty)!

  /// What a value adds to a register's count: one that is there in the lower half, one that is null or empty text in the upper.
  @inline(__always)
  static func look(_ slot: Slot) -> UInt64 {
    // Of kind, length: null is 1 and empty text 5, wherever they stand and however they are marked.
    let isBlank: UInt64 = slot.bits & 0xffff_ff0b == 1 ? 1 << 32 : 0
    return isBlank | (slot.isAbsent ? 0 : 1)
  }

  static func counts(_ seen: UInt64) -> (present: Int, blank: Int) { (Int(seen & 0xffff_ffff), Int(seen >> 32)) }

  /// The reader's count.
  @exclusivity(unchecked) var read = 0
  /// Of it, in records that were rejected.
  @exclusivity(unchecked) var rejected = 0
  /// Target leaves of the records written, by where they come from: an edge, nothing of the source, `native` or a residue.
  @exclusivity(unchecked) var fed = 0
  @exclusivity(unchecked) var supplied = 0
  @exclusivity(unchecked) var restored = 0
  /// `system` and `native` of canonical, which are no leaves.
  @exclusivity(unchecked) var meta = 0
  /// Leaves that canonical keeps in `native`, as the plan wrote them there.
  @exclusivity(unchecked) var native = 0
  /// By source register, what `look` made of each record's value.
  @exclusivity(unchecked) private(set) var seen: UnsafeMutablePointer<UInt64> = .allocate(capacity: 1)
  /// Source leaves whose name alone says that they were read (by register), and of these in rejected records.
  @exclusivity(unchecked) private(set) var present: UnsafeMutablePointer<Int> = .allocate(capacity: 1)
  @exclusivity(unchecked) private(set) var refused: UnsafeMutablePointer<Int> = .allocate(capacity: 1)
  /// By source leaf: contributed to the target, but stand there nowhere as they are.
  @exclusivity(unchecked) private(set) var recoded: UnsafeMutablePointer<Int> = .allocate(capacity: 1)
  /// By source leaf (row) and reason (column).
  @exclusivity(unchecked) private(set) var parked: UnsafeMutablePointer<Int> = .allocate(capacity: 1)
  /// Values of mapped leaves that are objects or lists count as many leaves as they have: what is above one each.
  @exclusivity(unchecked) private(set) var further: UnsafeMutablePointer<Int> = .allocate(capacity: 1)
  /// By edge of the plan; those of leaves with one way are worked out when the batch is added up.
  @exclusivity(unchecked) private(set) var edges: UnsafeMutablePointer<Int> = .allocate(capacity: 1)
  /// Supplied, by target leaf.
  @exclusivity(unchecked) private(set) var suppliedLeaves: UnsafeMutablePointer<Int> = .allocate(capacity: 1)
  /// Leaves that no mapping names, by path: parked, or kept in `native`; and those of rejected records.
  @exclusivity(unchecked) var unknown: [[UInt8]: Int] = [:]
  @exclusivity(unchecked) var unknownRefused: [[UInt8]: Int] = [:]

  private(set) var size = Size()

  struct Size: Equatable {
    var registers = 0
    var leaves = 0
    var edges = 0
    var targets = 0
  }

  deinit { free() }

  private func free() {
    seen.deallocate()
    for one in [present, refused, recoded, parked, further, edges, suppliedLeaves] { one.deallocate() }
  }

  /// Adds what was counted by index in a batch of the same plan; what is counted by path is not.
  func add(_ other: Books) {
    func add(_ mine: UnsafeMutablePointer<Int>, _ theirs: UnsafeMutablePointer<Int>, _ count: Int) {
      for index in 0..<count { mine[index] &+= theirs[index] }
    }
    precondition(size == other.size)
    add(present, other.present, size.registers)
    add(refused, other.refused, size.registers)
    add(recoded, other.recoded, size.leaves)
    add(parked, other.parked, size.leaves * Books.reasons)
    add(further, other.further, size.leaves)
    add(edges, other.edges, size.edges)
    add(suppliedLeaves, other.suppliedLeaves, size.targets)
  }

  func begin(_ wanted: Size) {
    if size != wanted {
      free()
      size = wanted
      seen = .allocate(capacity: wanted.registers + 1)
      present = .allocate(capacity: wanted.registers + 1)
      refused = .allocate(capacity: wanted.registers + 1)
      recoded = .allocate(capacity: wanted.leaves + 1)
      parked = .allocate(capacity: wanted.leaves * Books.reasons + 1)
      further = .allocate(capacity: wanted.leaves + 1)
      edges = .allocate(capacity: wanted.edges + 1)
      suppliedLeaves = .allocate(capacity: wanted.targets + 1)
    }
    seen.initialize(repeating: 0, count: size.registers + 1)
    present.initialize(repeating: 0, count: size.registers + 1)
    refused.initialize(repeating: 0, count: size.registers + 1)
    recoded.initialize(repeating: 0, count: size.leaves + 1)
    parked.initialize(repeating: 0, count: size.leaves * Books.reasons + 1)
    further.initialize(repeating: 0, count: size.leaves + 1)
    edges.initialize(repeating: 0, count: size.edges + 1)
    suppliedLeaves.initialize(repeating: 0, count: size.targets + 1)
    (read, rejected, fed, supplied, restored, meta, native) = (0, 0, 0, 0, 0, 0, 0)
    if !unknown.isEmpty { unknown.removeAll(keepingCapacity: true) }
    if !unknownRefused.isEmpty { unknownRefused.removeAll(keepingCapacity: true) }
  }
}
