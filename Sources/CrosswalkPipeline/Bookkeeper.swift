import CrosswalkFormats
import CrosswalkModel
import CrosswalkRoute
import Glibc

/// Says of every leaf of a record what became of it, out of the registers that its plan left (SEMANTICS S3). One a worker.
///
/// Most leaves only change their name: they are counted as present and as blank, all at once and without a branch, which is all there is
/// to say of them. The others are looked at one by one.
final class Bookkeeper {
  private let plan: Plan
  private let frame: Frame
  private let leaves: UnsafeMutablePointer<CountedLeaf>
  /// Source registers, 64 at a time, whose leaves do more than change their name: looked at in every record.
  private let others: UnsafeMutablePointer<UInt64>
  /// Those that change their name only, and whose blank values may stand in the target: looked at where they are blank.
  private let speaking: UnsafeMutablePointer<UInt64>
  private let blocks: Int
  /// By source register: its leaf's index among `leaves`, or -1.
  private let leafOf: UnsafeMutablePointer<Int32>
  private let registers: Int
  /// Leaves with several ways into the target.
  private let complex: [Int]
  /// Target leaves that more than one leaf with one way may fill: what they hold is asked of every record.
  private let openTargets: [OpenTarget]
  /// Leaves with one way whose target has no other filling: each of them that stands there is one leaf fed.
  private let feeding: [Int]
  private let hasMeta: Bool
  private let reasons = Books.reasons
  private let empty = Books.empty
  private let isOfCanonical: Bool
  /// Source and target escape alike.
  private let isSpeltAlike: Bool

  /// A source leaf with one way into the target, or none: whether it stands there shows in two registers.
  private struct CountedLeaf {
    var register: Int
    /// Of the target's leaf; the same one where it only changes its name.
    var target: Int
    var row: Int
    /// Reason of every value, or -1 when it may stand in the target.
    var reason: Int8
    var leg: UInt8
    var edge: Int32
    var writesNull: Bool
    var writesEmpty: Bool
    /// Changes its name only, and nothing else may stand in its place: it is there unless it is blank.
    var isPlain = false
  }

  private struct OpenTarget {
    var leaf: Int
    var register: Int
    var layout: Layout.Leaf
    var hasNull: Bool
    var ways: [(leaf: Int, way: Plan.Way)]
  }

  init(plan: Plan) {
    self.plan = plan
    frame = plan.frame
    var counted: [CountedLeaf] = []
    var complex: [Int] = []
    let allReasons = Plan.ParkingReason.allCases
    for (index, leaf) in plan.sourceLeaves.enumerated() where leaf.field >= 0 {
      if plan.restoration != nil {
        // What came back may have come from anywhere.
        complex.append(index)
      } else if let reason = plan.staticParking[index] {
        counted.append(
          CountedLeaf(
            register: leaf.register, target: leaf.register, row: index, reason: Int8(allReasons.firstIndex(of: reason)!), leg: 0,
            edge: -1, writesNull: false, writesEmpty: false))
      } else if let way = plan.onlyWay(index) {
        counted.append(
          CountedLeaf(
            register: leaf.register, target: way.register, row: index, reason: -1, leg: way.leg, edge: Int32(way.target),
            writesNull: way.writesNull, writesEmpty: way.writesEmpty))
      } else {
        complex.append(index)
      }
    }
    registers = (plan.sourceLeaves.map(\.register).max() ?? -1) + 1
    leafOf = .allocate(capacity: max(registers, 1))
    leafOf.initialize(repeating: -1, count: max(registers, 1))
    blocks = (registers + 63) / 64
    others = .allocate(capacity: max(blocks, 1))
    others.initialize(repeating: 0, count: max(blocks, 1))
    speaking = .allocate(capacity: max(blocks, 1))
    speaking.initialize(repeating: 0, count: max(blocks, 1))
    for (index, leaf) in counted.enumerated() {
      let isRenamed = leaf.reason < 0 && leaf.register == leaf.target && leaf.leg == 0
      let isSilent = !leaf.writesNull && !leaf.writesEmpty
      if leaf.reason < 0, !isRenamed { others[leaf.register / 64] |= 1 << UInt64(leaf.register % 64) }
      if isRenamed, !isSilent { speaking[leaf.register / 64] |= 1 << UInt64(leaf.register % 64) }
      counted[index].isPlain = isRenamed && isSilent
      leafOf[leaf.register] = Int32(index)
    }
    leaves = .allocate(capacity: max(counted.count, 1))
    leaves.initialize(from: counted, count: counted.count)
    self.complex = complex

    let simple = Set(counted.filter { $0.reason < 0 }.map(\.row))
    let mayBeFilled = plan.hasSets || plan.isOfCanonical || plan.restoration != nil
    var open: [OpenTarget] = []
    var feeding: [Int] = []
    for (index, target) in plan.targetLeaves.enumerated() where target.leaf.field >= 0 {
      let ways = plan.sourceLeaves.indices.flatMap { leaf in
        plan.ways[leaf].filter { $0.target == index }.map { (leaf: leaf, way: $0) }
      }
      if ways.count == 1, simple.contains(ways[0].leaf), target.legs.count == 1, !target.isSupplied, !mayBeFilled {
        feeding.append(ways[0].leaf)
      } else {
        open.append(
          OpenTarget(
            leaf: index, register: target.leaf.register, layout: target.leaf.layout, hasNull: plan.targetHasNull, ways: ways))
      }
    }
    openTargets = open
    self.feeding = feeding
    isOfCanonical = plan.isOfCanonical
    isSpeltAlike = frame.escapesAlike
    hasMeta = plan.targetLeaves.contains { $0.leaf.field < 0 }
  }

  deinit {
    leaves.deallocate()
    others.deallocate()
    speaking.deallocate()
    leafOf.deallocate()
  }

  var size: Books.Size {
    Books.Size(
      registers: registers, leaves: plan.sourceLeaves.count, edges: plan.ways.reduce(0) { $0 + $1.count },
      targets: plan.targetLeaves.count)
  }

  // MARK: - A record

  /// A record that was not written: its values go with it.
  func refuse(_ books: Books) {
    let read = readLeaves
    books.read &+= read
    books.rejected &+= read
    for (leaf, _, count) in plan.aside { books.refused[plan.sourceLeaves[leaf].register] &+= count }
    for register in 0..<registers where !frame.slots[register].isAbsent { books.refused[register] &+= 1 }
    for extra in frame.extras where extra.leaves > 0 { books.unknownRefused[plan.path(of: extra), default: 0] += Int(extra.leaves) }
  }

  /// A record that was written.
  func post(_ books: Books) {
    let slots = frame.slots
    books.read &+= isOfCanonical ? readLeaves : frame.leaves
    let seen = books.seen
    for register in 0..<registers { seen[register] &+= Books.look(slots[register]) }
    let legs = plan.state.legs
    let blanks = frame.blanks
    for block in 0..<blocks {
      var open = blanks & speaking[block] | others[block]
      while open != 0 {
        let register = block &* 64 &+ open.trailingZeroBitCount
        open &= open &- 1
        guard register < registers else { break }
        let slot = slots[register]
        let index = Int(leafOf[register])
        if slot.isAbsent || index < 0 { continue }
        count(slot, leaves + index, slots, books, legs)
      }
    }
    for index in complex where !slots[plan.sourceLeaves[index].register].isAbsent { count(complex: index, books) }
    for target in openTargets { count(target, books) }
    if frame.hasExtras {
      for extra in frame.extras where extra.leaves > 0 { books.unknown[plan.path(of: extra), default: 0] += Int(extra.leaves) }
    }
    if plan.isMarked { postMarked(books) }
    if hasMeta {
      for target in plan.targetLeaves.suffix(2) where isWritten(slots[target.leaf.register], target.leaf.layout, plan.targetHasNull) {
        books.meta &+= 1
      }
      books.native &+= plan.nativeLeaves
    }
  }

  /// What stands beside the registers.
  @inline(never)
  private func postMarked(_ books: Books) {
    if plan.hasAside {
      for (leaf, _, count) in plan.aside {
        books.present[plan.sourceLeaves[leaf].register] += 1
        books.further[leaf] += count - 1
        books.parked[leaf * reasons + column(of: .failed)] += count
      }
    }
    if plan.hasForeignNative {
      for (path, value) in plan.foreignNative {
        let leaves = Native.leafCount(path, value)
        guard leaves > 0 else { continue }
        books.unknown[path, default: 0] += leaves
        // It came in `native`, or out of a residue: what the reader saw there counts when it moves on.
        books.read &+= leaves
      }
    }
    if plan.hasRestored {
      // Values that the layout has no place for: `native` as elements, or what came back.
      let leaves = plan.extras.reduce(0) { $0 + $1.leaves }
      if hasMeta { books.meta &+= leaves } else { books.restored &+= leaves }
    }
  }

  /// What the reader counted, without `system` and `native` of canonical.
  private var readLeaves: Int { frame.leaves - plan.metaLeaves }

  @inline(__always)
  private func count(
    _ slot: Slot, _ leaf: UnsafePointer<CountedLeaf>, _ slots: UnsafeMutablePointer<Slot>, _ books: Books,
    _ legs: UnsafeMutablePointer<UInt8>
  ) {
    let row = leaf.pointee.row
    let first = row &* reasons
    let there = slots[leaf.pointee.target]
    if legs[Int(leaf.pointee.edge)] == leaf.pointee.leg, !slot.isBlank || there.isBlank {
      if there.kindBits == UInt64(Kind.null.rawValue)
        ? leaf.pointee.writesNull || there.isRestored : there.isEmptyText ? leaf.pointee.writesEmpty || there.isRestored : !there.isAbsent
      {
        if there.bits != slot.bits, !isSame(slot, there) { books.recoded[row] &+= 1 }
        return
      }
    }
    books.parked[first &+ (slot.isBlank ? empty : column(of: plan.parkingReason(row)))] &+= 1
  }

  private func count(complex leaf: Int, _ books: Books) {
    let slot = frame.slots[plan.sourceLeaves[leaf].register]
    var stands = false
    var isKept = false
    for way in plan.ways[leaf] where plan.stands(leaf, way) {
      stands = true
      books.edges[way.index] &+= 1
      let there = frame.slots[plan.targetLeaves[way.target].leaf.register]
      isKept = isKept || there.bits == slot.bits || isSame(slot, there)
    }
    if !plan.isReproduced(leaf), !stands || plan.lostPart(leaf) != nil {
      books.parked[leaf * reasons + column(of: plan.parkingReason(leaf))] &+= 1
    } else if !isKept {
      books.recoded[leaf] &+= 1
    }
  }

  private func count(_ target: OpenTarget, _ books: Books) {
    let slot = frame.slots[target.register]
    guard isWritten(slot, target.layout, target.hasNull) else { return }
    let isFed = target.ways.contains { leaf, way in
      !frame.slots[plan.sourceLeaves[leaf].register].isAbsent && plan.stands(leaf, way)
    }
    if isFed {
      books.fed &+= 1
    } else if slot.isRestored || plan.restoration != nil {
      books.restored &+= 1
    } else {
      books.supplied &+= 1
      books.suppliedLeaves[target.leaf] &+= 1
    }
  }

  /// What a writer is to do with a register (`RecordWriter`).
  private func isWritten(_ slot: Slot, _ layout: Layout.Leaf, _ hasNull: Bool) -> Bool {
    switch slot.kind {
    case .absent: false
    case .null: hasNull && (layout.writesNull || slot.isRestored)
    case .text: slot.length > 0 || layout.writesEmpty || slot.isRestored
    default: true
    }
  }

  /// The same literal, in whatever quoting or kind.
  private func isSame(_ one: Slot, _ other: Slot) -> Bool {
    // An empty line of a text is not the text.
    if one.isBlank || other.isBlank { return one.isBlank == other.isBlank && one.kind == other.kind }
    if one.kindBits == other.kindBits, one.kind == .true || one.kind == .false { return true }
    // Texts that are spelt as we would, escapes too where source and target escape alike: one text, one spelling.
    let firstOfBytes = UInt64(Kind.number.rawValue)
    if one.kindBits &- firstOfBytes <= 1, other.kindBits &- firstOfBytes <= 1, one.isEscaped == other.isEscaped,
      !one.isEscaped || isSpeltAlike && !one.isOdd && !other.isOdd
    {
      return one.length == other.length && memcmp(frame.raw(one).baseAddress!, frame.raw(other).baseAddress!, one.length) == 0
    }
    return isSameDecoded(one, other)
  }

  @inline(never)
  private func isSameDecoded(_ one: Slot, _ other: Slot) -> Bool {
    let text = frame.literal(one), another = frame.literal(other)
    return text.count == another.count && text.elementsEqual(another)
  }

  private func column(of reason: Plan.ParkingReason) -> Int { Plan.ParkingReason.allCases.firstIndex(of: reason)! }

  // MARK: - A batch

  /// What the leaves with one way have given, from what was counted of them.
  func close(_ books: Books) {
    for register in 0..<registers {
      let (present, blank) = Books.counts(books.seen[register])
      books.present[register] += present
      guard leafOf[register] >= 0 else { continue }
      let leaf = leaves[Int(leafOf[register])]
      guard leaf.isPlain || leaf.reason >= 0 else { continue }
      // A blank value of theirs stands nowhere.
      books.parked[leaf.row * reasons + empty] += blank
      if leaf.reason >= 0 { books.parked[leaf.row * reasons + Int(leaf.reason)] += present - blank }
    }
    for index in 0..<plan.sourceLeaves.count where plan.sourceLeaves[index].field >= 0 {
      let index32 = leafOf[plan.sourceLeaves[index].register]
      guard index32 >= 0, leaves[Int(index32)].row == index, leaves[Int(index32)].reason < 0 else { continue }
      books.edges[plan.ways[index][0].index] = standing(index, books)
    }
    for leaf in feeding { books.fed += standing(leaf, books) }
  }

  /// Values of a leaf that stand in the target or contributed to it.
  private func standing(_ leaf: Int, _ books: Books) -> Int {
    var count = books.present[plan.sourceLeaves[leaf].register] + books.further[leaf]
    for column in 0..<reasons { count -= books.parked[leaf * reasons + column] }
    return count
  }
}
