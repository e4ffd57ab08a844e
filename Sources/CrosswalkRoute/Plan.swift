package import CrosswalkFormats
package import CrosswalkMapping
package import CrosswalkModel
import CrosswalkYAML

/// One way, compiled: a source system in a format to a target system in a format and shape. One a worker (transforms keep what
/// they learnt).
///
/// A record is read into registers, the steps run, and the writer takes the target's registers. Where both sides only rename,
/// the target's leaf *is* the source's register and no step runs at all: the canonical model is the meaning of the plan, not an
/// object built for each record.
package final class Plan {
  package let source: System
  package let target: System
  package let sourceFormat: Format
  package let targetFormat: Format
  package let shape: Shape
  package let model: CanonicalModel
  package let frame: Frame
  package let state: RecordState
  package let sourceLayout: Layout
  package let targetLayout: Layout
  package let sourceLeaves: [MappedLeaf]
  /// Names of those that stand elsewhere in the source's format: what a record has there is another spelling, or no field's.
  let elsewhere: Set<[UInt8]>
  package let targetLeaves: [TargetLeaf]
  /// Per source leaf the canonical fields it feeds.
  package let feeds: [[Int]]
  /// Per source leaf: why it is parked in every record, or nil when it may stand in the target.
  package let staticParking: [ParkingReason?]
  /// Per source leaf the (target leaf, leg) pairs it can reach.
  let edges: [[Edge]]
  /// The same for who keeps the books.
  package let ways: [[Way]]
  /// Leaves of the record at hand that went into `native` because canonical has no field for them.
  package internal(set) var nativeLeaves = 0
  /// `--set` may fill what the source leaves open.
  package let hasSets: Bool

  /// A way of a source leaf to a target leaf; `index` counts the ways of all leaves.
  package struct Way {
    package var index: Int
    package var target: Int
    package var leg: UInt8
    let through: [Int]
  }
  /// The paths that the reader has learnt, by their numbers.
  package var internedPath: ((Int) -> [UInt8])?
  /// Texts that are taken apart: the leaf, and the registers of its parts.
  let blocks: [(leaf: Int, parts: [Int])]
  let returns: ReturnTrip?
  /// Brings records back with their residue lines.
  package let restoration: Restoration?
  /// Where the target's leaves stand in its format.
  private(set) lazy var targetPlaces = Set(
    targetLeaves.map(\.leaf).filter { $0.field >= 0 }.map { LayoutBuilder.written($0, in: target, format: targetFormat) })
  private(set) lazy var targetPrint = RecordPrint(targetLeaves.filter { !$0.isId }.map(\.leaf))
  private(set) lazy var sourcePrint = RecordPrint(sourceLeaves.indices.filter { $0 != idLeaf }.map { sourceLeaves[$0] })
  /// Restored leaves that the target's layout has no place for.
  @exclusivity(unchecked) package var extras: [OutputExtra] = [] { didSet { if !extras.isEmpty { mark.pointee = true } } }
  /// Mapped leaves that hold objects or lists, which no value converts from: parked as failed.
  @exclusivity(unchecked) package var aside: [(leaf: Int, value: Slot, leaves: Int)] = [] { didSet { if !aside.isEmpty { mark.pointee = true } } }
  /// What `native` held for other systems, to be parked: path and literal.
  @exclusivity(unchecked) package var foreignNative: [(path: [UInt8], value: Tree)] = [] { didSet { if !foreignNative.isEmpty { mark.pointee = true } } }

  /// One way of a source leaf into the target: along a leg of a target leaf, through canonical fields (their registers).
  struct Edge {
    var target: Int
    var leg: UInt8
    var through: [Int]
  }

  private let readSteps: StepList
  private let writeSteps: StepList
  private let gaps: GapStep?
  let required: [(register: Int, leaf: Int)]
  private let hasRequired: Bool
  /// Source leaves that feed texts of lines: looked through for line breaks and nulls that are spelt out.
  private let lineLeaves: [(leaf: Int, register: Int)]
  private let lineRegisters: UnsafeMutablePointer<Int>
  private let lineCount: Int
  private let numberLeaves: NumberLeaves
  private let poolBytes: UnsafeMutablePointer<UInt8>
  /// What stood as `system` of a canonical record and is no name, and its leaves.
  var ownerAside: Slot?
  var ownerLeaves = 0
  /// One of the lists of the record at hand is not empty.
  let mark: UnsafeMutablePointer<Bool>
  let systemLeaf: Int?
  let nativeLeaf: Int?
  let nativeTarget: Int?
  /// A register that stays absent.
  let nothing: Int
  package let idLeaf: Int?
  let rejectsUnknown: Bool
  /// The canonical fields' registers as they are read.
  let readCanonical: [Int?]
  /// Per source leaf the registers of the canonical fields it feeds, as they are read.
  let readRegisters: [[Int]]
  /// The canonical fields' registers for the target to take from.
  let canonicalRegisters: [Int?]
  private let checksOwner: Bool
  let systemSlot: Slot
  /// `--option` of the target.
  let options: [String: String]

  package enum ParkingReason: String, Sendable, CaseIterable { case noPlace, derived, empty, readOnly, failed, taken }

  /// - keepsResidue: work out what the way back would lack (SEMANTICS S8); `native` always asks for it when canonical is the target.
  /// - restores: records come back by residue lines; the shape of the way there.
  package init(
    source: System, sourceFormat: Format, target: System, targetFormat: Format, shape: Shape, settings: PlanSettings,
    keepsResidue: Bool, restores: Shape? = nil
  ) {
    self.source = source
    self.target = target
    self.sourceFormat = sourceFormat
    self.targetFormat = targetFormat
    self.shape = shape
    model = settings.canonical
    options = settings.options[target.name] ?? [:]
    var builder = PlanBuilder(settings: settings)
    let sourceIsCanonical = source.name == CanonicalModel.name
    let targetIsCanonical = target.name == CanonicalModel.name

    var read = builder.read(source, replacements: settings.values)
    var leaves = read.leaves
    if sourceIsCanonical {
      systemLeaf = leaves.count
      nativeLeaf = leaves.count + 1
      for name in ["system", "native"] {
        let register = builder.register()
        leaves.append(
          MappedLeaf(name: name, path: [.name(name)], field: -1, register: register, layout: Layout.Leaf(register: register)))
        read.feeds.append([])
      }
    } else {
      systemLeaf = nil
      nativeLeaf = nil
    }
    // The reader's registers are the record's leaves, which were handed out first; the meta members of canonical came after the
    // steps' own and are moved to the front by counting all of them as the reader's.
    readCanonical = read.canonical
    blocks = read.blocks.map { ($0.leaf, $0.step.partRegisters) }
    readRegisters = read.feeds.map { $0.compactMap { read.canonical[$0] } }
    let sourceBlocks = read.blocks
    let moves = restores == nil ? nil : Restoration.detach(&read, of: source, model: settings.canonical, builder: &builder)
    builder.set(&read)
    canonicalRegisters = read.canonical
    var write = builder.write(
      target, shape: shape, format: targetFormat, canonical: read.canonical, replacements: settings.values)
    if sourceIsCanonical && !targetIsCanonical || moves != nil {
      // What comes back from `native` or a residue is laid over the target's values, and the source's own must stay.
      let own = Set(leaves.map(\.register)).union(read.canonical.compactMap { $0 }).union([write.nothing])
      builder.copy(out: own, of: &write)
    }
    nothing = write.nothing
    var targets = write.leaves
    var systemSlot = Slot.absent
    var nativeTarget: Int?
    if targetIsCanonical {
      systemSlot = builder.constant(.text(source.name))
      for name in ["system", "native"] {
        let register = builder.register()
        var layout = Layout.Leaf(register: register)
        layout.isText = name == "system"
        if name == "native" { nativeTarget = register }
        targets.append(
          TargetLeaf(
            leaf: MappedLeaf(name: name, path: [.name(name)], field: -1, register: register, layout: layout), legs: [],
            isRequired: false, isSupplied: true, isFed: true, isId: false))
      }
    }
    self.nativeTarget = nativeTarget
    self.systemSlot = systemSlot
    sourceLeaves = leaves
    feeds = read.feeds
    targetLeaves = targets
    readSteps = StepList(read.steps)
    writeSteps = StepList(write.steps)
    gaps = write.gaps
    lineLeaves = leaves.enumerated().compactMap { index, leaf in
      leaf.field >= 0 && read.feeds[index].contains { settings.canonical.fields[$0].type == .lines } ? (index, leaf.register) : nil
    }
    numberLeaves = NumberLeaves(source: source, leaves: leaves, feeds: read.feeds, canonical: readCanonical, settings: settings)
    lineCount = lineLeaves.count
    lineRegisters = .allocate(capacity: max(lineCount, 1))
    lineRegisters.initialize(from: lineLeaves.map(\.register), count: lineCount)
    hasRequired = targets.contains(where: \.isRequired)
    required = targets.enumerated().filter { $1.isRequired }.map { ($1.leaf.register, $0) }

    edges = Plan.edges(feeds: read.feeds, targets: targets, canonical: readCanonical)
    var way = 0
    ways = edges.map { edges in
      edges.map { edge in
        defer { way += 1 }
        return Way(index: way, target: edge.target, leg: edge.leg, through: edge.through)
      }
    }
    hasSets = !settings.sets.isEmpty
    staticParking = Plan.staticParking(
      leaves: leaves, edges: edges, feeds: read.feeds, source: source, target: target, model: settings.canonical)

    // The way back, when the residue is wanted or canonical's `native` is read or written.
    let wantsReturn = keepsResidue || moves != nil || targetIsCanonical || sourceIsCanonical
    returns = wantsReturn
      ? ReturnTrip(
        builder: &builder, source: source, sourceFormat: sourceFormat, target: target, targetFormat: targetFormat,
        leaves: leaves, targets: targets, read: read)
      : nil

    if let moves, let restores {
      restoration = Restoration(
        builder: &builder, source: source, sourceFormat: sourceFormat, target: target, targetFormat: targetFormat, shape: restores,
        leaves: leaves, targets: targets, canonical: read.canonical, moves: moves, sourceBlocks: sourceBlocks)
    } else {
      restoration = nil
    }

    poolBytes = builder.poolBytes()
    mark = .allocate(capacity: 1)
    mark.initialize(to: false)
    frame = Frame(registers: builder.registers, encoding: sourceFormat)
    frame.pool = UnsafePointer(poolBytes)
    frame.poolCount = builder.pool.count
    frame.escapesAlike = sourceFormat.isJSON && targetFormat.isJSON
    state = RecordState(frame: frame, targetLeaves: max(targets.count, returns?.writtenLeaves ?? 0, restoration?.writtenLeaves ?? 0))

    var sourceLayout = LayoutBuilder.layout(of: leaves.filter { $0.field >= 0 }, in: source, format: sourceFormat, writing: nil)
    if sourceIsCanonical {
      for leaf in leaves.suffix(2) { sourceLayout.members.append(Layout.Member(leaf.name, .leaf(leaf.layout))) }
      sourceLayout.registers = (leaves.map(\.register).max() ?? -1) + 1
    }
    self.sourceLayout = sourceLayout
    elsewhere = LayoutBuilder.elsewhere(leaves.filter { $0.field >= 0 }, in: source, format: sourceFormat)
    var targetLayout = LayoutBuilder.layout(
      of: targets.map(\.leaf).filter { $0.field >= 0 }, in: target, format: targetFormat, writing: shape)
    if targetIsCanonical {
      for leaf in targets.suffix(2) { targetLayout.members.append(Layout.Member(leaf.leaf.name, .leaf(leaf.leaf.layout))) }
    }
    self.targetLayout = targetLayout
    idLeaf = leaves.firstIndex { leaf in
      guard leaf.field >= 0, case .canonical("id") = source.fields[leaf.field].meaning else { return false }
      return true
    }
    rejectsUnknown = source.unmapped == .reject
    checksOwner = shape == .update && sourceIsCanonical && !targetIsCanonical
  }

  /// The ways of each source leaf: to a target leaf, by one of its legs, through canonical registers.
  private static func edges(feeds: [[Int]], targets: [TargetLeaf], canonical registers: [Int?]) -> [[Edge]] {
    feeds.map { fed in
      var edges: [Edge] = []
      for (index, target) in targets.enumerated() {
        for (leg, canonical) in target.legs.enumerated() where canonical.contains(where: fed.contains) {
          let through = fed.filter(canonical.contains).compactMap { registers[$0] }
          edges.append(Edge(target: index, leg: UInt8(truncatingIfNeeded: leg), through: through))
        }
      }
      return edges
    }
  }

  /// Why a leaf without a way is parked.
  private static func staticParking(
    leaves: [MappedLeaf], edges: [[Edge]], feeds: [[Int]], source: System, target: System, model: CanonicalModel
  ) -> [ParkingReason?] {
    leaves.enumerated().map { index, leaf in
      guard leaf.field >= 0, edges[index].isEmpty else { return nil }
      if !source.fields[leaf.field].derivedFrom.isEmpty { return .derived }
      let meanings = Set(feeds[index])
      let hasPlace = target.fields.contains { field in
        field.canonicalNames.contains { model.index(of: $0).map(meanings.contains) ?? false }
      }
      return hasPlace ? .readOnly : .noPlace
    }
  }

  deinit {
    poolBytes.deallocate()
    mark.deallocate()
    lineRegisters.deallocate()
  }

  /// Ids of an update come from a map, whoever wrote the record.
  package var hasIdMap = false

  /// Whether the canonical record in the frame says that the target wrote it.
  package var isOwnRecord: Bool {
    guard let systemLeaf else { return false }
    let owner = frame.slots[sourceLeaves[systemLeaf].register]
    return owner.kind == .text && frame.text(owner).elementsEqual(target.name.utf8)
  }

  /// Forgets what the last record left, where the next one is not mapped.
  package func begin() { state.begin() }

  /// Targets that the shape requires and that nothing can feed (SEMANTICS section 2, 12).
  package var unfedRequirements: [TargetLeaf] {
    targetLeaves.filter { $0.isRequired && !$0.isFed && !$0.isSupplied }
  }

  /// The source's own id of the record in the frame.
  package var recordId: Slot { idLeaf.map { frame.slots[sourceLeaves[$0].register] } ?? .absent }

  /// Maps the record that stands in the frame. False when it is rejected (`state.rejection`).
  package func map() -> Bool {
    state.begin()
    if nativeTarget != nil { nativeLeaves = 0 }
    if mark.pointee {
      mark.pointee = false
      extras.removeAll()
      foreignNative.removeAll()
      aside.removeAll()
    }
    if let systemLeaf { setOwnerAside(systemLeaf) }
    if frame.hasContainerLeaf { setContainersAside() }
    if rejectsUnknown, frame.hasExtras, let extra = frame.extras.first(where: { $0.leaves > 0 }) {
      state.rejection = .init(reason: .unknownField, leaf: -1, side: .source, value: extra.value)
      return false
    }
    restoration?.begin(self)
    readSteps.run(state)
    if checksOwner, !hasIdMap, !isOwnRecord {
      state.rejection = .init(reason: .foreignId, leaf: systemLeaf!, side: .source)
      return false
    }
    writeSteps.run(state)
    restoration?.restore(self)
    if let nativeLeaf, !frame.slots[sourceLeaves[nativeLeaf].register].isAbsent { takeNative() }
    if let gaps, restoration != nil || nativeLeaf != nil { gaps.fill(state) }
    if state.isMarked.pointee, state.rejection != nil { return false }
    if hasRequired { for (register, leaf) in required where frame.slots[register].isBlank {
      state.rejection = .init(reason: .missing, leaf: leaf, side: .target)
      return false
    } }
    if let nativeTarget { giveNative(nativeTarget) }
    for index in 0..<lineCount where SpeltOut.mayStand(in: frame.slots[lineRegisters[index]], frame) {
      let (leaf, register) = lineLeaves[index]
      if let notice = SpeltOut.notice(frame.slots[register], frame) { state.notices.append((leaf, frame.slots[register], notice)) }
    }
    if frame.numbers & numberLeaves.mask != 0 { numberLeaves.note(in: state) }
    return true
  }

  /// Maps the record in the frame once more: another residue line was found to be its own, or none.
  package func mapAgain() -> Bool {
    for (leaf, value, _) in aside { frame.slots[sourceLeaves[leaf].register] = value }
    if let systemLeaf, let ownerAside { frame.slots[sourceLeaves[systemLeaf].register] = ownerAside }
    return map()
  }

  /// Writes the target again from canonical values that a residue line's text was taken apart into.
  func writeAgain() {
    state.failures.removeAll { $0.side == .target }
    state.refused.removeAll { $0.side == .target }
    state.replaced.removeAll { $0.side == .target }
    if state.rejection?.side == .target { state.rejection = nil }
    state.failedTargets.removeAll()
    state.supplied.removeAll { $0 < 0 }
    restoration?.assign(frame.slots)
    writeSteps.run(state)
  }

  /// A `system` that names none says nothing about the record, and is parked as it stands.
  private func setOwnerAside(_ systemLeaf: Int) {
    let register = sourceLeaves[systemLeaf].register
    let slot = frame.slots[register]
    (ownerAside, ownerLeaves) = (nil, 0)
    switch slot.kind {
    case .absent, .null, .text: return
    case .true, .false, .number, .emptyObject, .emptyArray, .subtree: break
    }
    (ownerAside, ownerLeaves) = (slot, Native.leafCount(slot, frame: frame, format: sourceFormat, layout: sourceLayout))
    foreignNative.append((Array("system".utf8), Native.literal(slot, frame: frame, format: sourceFormat)))
    frame.slots[register] = .absent
  }

  private func setContainersAside() {
    for (index, leaf) in sourceLeaves.enumerated() where index != nativeLeaf {
      let slot = frame.slots[leaf.register]
      guard slot.kindBits >= UInt64(Kind.emptyObject.rawValue) else { continue }
      frame.slots[leaf.register] = .absent
      aside.append((index, slot, Native.leafCount(slot, frame: frame, format: sourceFormat, layout: sourceLayout)))
      guard !readRegisters[index].isEmpty else { continue }
      state.failures.append(.init(side: .source, leaf: index, value: slot))
      state.failedCanonical.formUnion(readRegisters[index])
      if leaf.field >= 0, source.fields[leaf.field].onFail == .reject, state.rejection == nil {
        state.rejection = .init(reason: .failed, leaf: index, side: .source, value: slot)
      }
    }
  }
}
