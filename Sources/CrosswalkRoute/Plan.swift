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
  private let elsewhere: Set<[UInt8]>
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
  package private(set) var nativeLeaves = 0
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
  private let blocks: [(leaf: Int, parts: [Int])]
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
  private let required: [(register: Int, leaf: Int)]
  private let hasRequired: Bool
  /// Source leaves that feed texts of lines: looked through for line breaks and nulls that are spelt out.
  private let lineLeaves: [(leaf: Int, register: Int)]
  private let lineRegisters: UnsafeMutablePointer<Int>
  private let lineCount: Int
  private let numberLeaves: NumberLeaves
  private let poolBytes: UnsafeMutablePointer<UInt8>
  /// What stood as `system` of a canonical record and is no name, and its leaves.
  private var ownerAside: Slot?
  private var ownerLeaves = 0
  /// One of the lists of the record at hand is not empty.
  private let mark: UnsafeMutablePointer<Bool>
  let systemLeaf: Int?
  let nativeLeaf: Int?
  let nativeTarget: Int?
  /// A register that stays absent.
  let nothing: Int
  package let idLeaf: Int?
  private let rejectsUnknown: Bool
  /// The canonical fields' registers as they are read.
  private let readCanonical: [Int?]
  /// Per source leaf the registers of the canonical fields it feeds, as they are read.
  private let readRegisters: [[Int]]
  /// The canonical fields' registers for the target to take from.
  let canonicalRegisters: [Int?]
  private let checksOwner: Bool
  private let systemSlot: Slot
  /// `--option` of the target.
  private let options: [String: String]

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

  // MARK: - native (SEMANTICS S12)

  /// Writes `system` and, where the way back would lack something, `native`.
  private func giveNative(_ register: Int) {
    let slots = frame.slots
    let systemRegister = targetLeaves[targetLeaves.count - 2].leaf.register
    if let systemLeaf, let nativeLeaf {
      // Canonical to canonical: who wrote it stays.
      slots[systemRegister] = slots[sourceLeaves[systemLeaf].register]
      let native = slots[sourceLeaves[nativeLeaf].register]
      slots[register] = native.isBlank ? native : .absent
      guard !native.isBlank else { return }
      // What is none of ours stays as it stands, where the format has the same notation for it.
      let isOneNotation = sourceFormat == targetFormat || sourceFormat.isJSON && targetFormat.isJSON
      if isOneNotation, !Native.isOurs(native, frame: frame, format: sourceFormat) {
        let literal = Native.literal(native, frame: frame, format: sourceFormat)
        if native.kind == .text {
          slots[register] = native
        } else if sourceFormat == .xml {
          extras.append(OutputExtra(path: [.name("native")], value: literal))
        } else {
          put(literal, register)
        }
        return
      }
      let ours = ownNatives(native, nativeLeaf)
      if !ours.isEmpty { put(.object(ours), register) }
      return
    }
    slots[systemRegister] = systemSlot
    slots[register] = .absent
    guard let returns else { return }
    let found = returns.lacks(self)
    nativeLeaves = found.entries.reduce(0) { $0 + ($1.isParked ? $1.leaves : 0) }
    if let line = restoration?.line {
      giveNative(back: line, found, systemRegister, register)
      return
    }
    let own = ownNative(found)
    if !own.isEmpty { put(.object([Tree.Member(source.name, .object(own))]), register) }
  }

  /// What the way back of the record at hand would lack, and under no name what it would invent.
  private func ownNative(_ found: ReturnTrip.Findings) -> [Tree.Member] {
    var members = found.entries.map { entry in Tree.Member(entry.path, Native.literal(entry.value, frame: frame, format: sourceFormat)) }
    if !found.invented.isEmpty {
      members.append(Tree.Member([], .array(found.invented.map { Tree.text(sourceLeaves[$0].name) })))
    }
    return members
  }

  private func put(_ native: Tree, _ register: Int) {
    if targetFormat == .xml {
      guard case .object = native else {
        extras.append(OutputExtra(path: [.name("native")], value: native))
        return
      }
      extras.append(contentsOf: Native.xml(native))
      return
    }
    var out = OutputBuffer()
    JSONTree.append(native, to: &out)
    let kind: Kind = targetFormat == .csv ? .text : .subtree
    frame.slots[register] = frame.store(out.bytes, as: kind)
  }

  /// Reads `native`: what the target wrote itself comes back (edits win), what others wrote is parked.
  private func takeNative() {
    guard nativeTarget == nil, let nativeLeaf else { return }
    let slot = frame.slots[sourceLeaves[nativeLeaf].register]
    guard !slot.isBlank else { return }
    // A payload holds what the mapping writes, in the target's own spelling (SEMANTICS S16).
    let takesBack = shape == .list || shape == .single
    for system in ownNatives(slot, nativeLeaf) {
      guard case .object(let entries) = system.value else { continue }
      if takesBack, system.name.elementsEqual(target.name.utf8) {
        // A residue line has all of it, and what edits need besides.
        if restoration?.line == nil { returns?.restore(entries, into: self) }
      } else {
        for entry in entries {
          parkNative(entry, of: String(decoding: system.name, as: UTF8.self))
        }
      }
    }
  }

  /// The systems of a `native`; what is cut or written over is parked as it is.
  private func ownNatives(_ slot: Slot, _ nativeLeaf: Int) -> [Tree.Member] {
    guard let tree = Native.tree(slot, frame: frame, format: sourceFormat), case .object(let systems) = tree else {
      foreignNative.append((Array("native".utf8), Native.literal(slot, frame: frame, format: sourceFormat)))
      state.notices.append((nativeLeaf, .absent, .damagedNative))
      return []
    }
    return systems.filter { system in
      if case .object(let entries) = system.value, Native.isOurs(entries) { return true }
      parkNative(Tree.Member([], system.value), of: String(decoding: system.name, as: UTF8.self))
      state.notices.append((nativeLeaf, .absent, .damagedNative))
      return false
    }
  }

  /// The record was canonical before: who wrote it, and what others had left in it.
  private func giveNative(back line: ResidueLine, _ found: ReturnTrip.Findings, _ systemRegister: Int, _ register: Int) {
    frame.slots[systemRegister] = line.system.flatMap { Native.slot($0, frame: frame, keepsKind: false) } ?? .absent
    var systems: [Tree.Member] = []
    for entry in line.entries {
      guard let path = String(validating: entry.name, as: UTF8.self).flatMap(PathStep.parse), path.count == 3,
        case (.name("native"), .name(let system), .name(let name)) = (path[0], path[1], path[2])
      else { continue }
      let member = Tree.Member(name, entry.value)
      if let index = systems.firstIndex(where: { $0.name.elementsEqual(system.utf8) }), case .object(let members) = systems[index].value {
        systems[index].value = .object(members + [member])
      } else {
        systems.append(Tree.Member(system, .object([member])))
      }
    }
    let own = ownNative(found)
    if !own.isEmpty { systems.append(Tree.Member(source.name, .object(own))) }
    if !systems.isEmpty { put(.object(systems), register) }
  }

  /// A value of a residue line that has no place in this shape or format: it goes to the run's residue.
  func parkBeyond(_ entry: Tree.Member) { foreignNative.append((entry.name, entry.value)) }

  func parkNative(_ entry: Tree.Member, of system: String) {
    var path = Array("native".utf8)
    PathText.append(system.utf8, to: &path)
    PathText.append(entry.name, to: &path)
    foreignNative.append((path, entry.value))
  }

  /// Whether the output has a place for a value that the layout does not name: trees always have, others where their writer says so.
  func takes(_ extra: OutputExtra) -> Bool {
    targetFormat.isJSON || targetFormat == .xml || acceptsExtra?(extra) ?? false
  }

  // MARK: - Fates

  /// Whether a source leaf stands in the target or contributed to a leaf that does (SEMANTICS S3). A text that was taken apart does with
  /// all of its parts: one that stands nowhere is in the residue alone, with its text.
  package func contributes(_ leaf: Int) -> Bool {
    isReproduced(leaf) || ways[leaf].contains { stands(leaf, $0) } && lostPart(leaf) == nil
  }

  /// Why a part of a text that was taken apart stands nowhere in the target; nil where all of them do.
  package func lostPart(_ leaf: Int) -> ParkingReason? {
    guard let block = blocks.first(where: { $0.leaf == leaf }) else { return nil }
    let lost = block.parts.filter { part in
      !frame.slots[part].isBlank && !ways[leaf].contains { $0.through.contains(part) && stands(leaf, $0) }
    }
    let reasons = lost.map { part -> ParkingReason in
      let open = ways[leaf].filter { $0.through.contains(part) }
      if open.isEmpty { return hasPlace(part) ? .readOnly : .noPlace }
      return open.contains { state.failedTargets.contains($0.target) } ? .failed : .taken
    }
    return ParkingReason.allCases.first(where: reasons.contains)
  }

  /// Whether the target has a field for what a canonical register holds, in whatever shape.
  private func hasPlace(_ register: Int) -> Bool {
    guard let index = readCanonical.firstIndex(of: register) else { return false }
    return target.fields.contains { $0.canonicalNames.contains(model.fields[index].name) }
  }

  /// Whether a way of a source leaf was taken in the record at hand.
  package func stands(_ leaf: Int, _ way: Way) -> Bool {
    guard state.legs[way.target] == way.leg else { return false }
    let target = targetLeaves[way.target].leaf
    let slot = frame.slots[target.register]
    // A blank one gives a state, and nothing to what another one or `--set` said, be it one line of several.
    if frame.slots[sourceLeaves[leaf].register].isBlank {
      if !slot.isBlank || way.through.contains(where: { !frame.slots[$0].isBlank }) { return false }
    } else if !slot.isBlank, way.through.allSatisfy({ frame.slots[$0].isBlank }) {
      return false
    }
    switch slot.kind {
    case .absent, .emptyObject, .emptyArray, .subtree: return false
    case .null: return target.layout.writesNull && targetHasNull || slot.isRestored
    case .text: return slot.length > 0 || target.layout.writesEmpty || slot.isRestored
    default: return true
    }
  }

  /// Whether the replay of a record with its residue line gives this leaf again, whatever way it came.
  package func isReproduced(_ leaf: Int) -> Bool { restoration?.reproduces(leaf) ?? false }

  /// The target's format can write a null.
  package var targetHasNull: Bool { hasNull(targetFormat, target: true) }

  func hasNull(_ format: Format, target isTarget: Bool) -> Bool {
    switch format {
    case .json, .ndjson: true
    case .xml: (isTarget ? target : source).xml.nilAttribute != nil
    case .csv, .form: false
    }
  }

  /// Why a source leaf that stands nowhere in the target was parked.
  package func parkingReason(_ leaf: Int) -> ParkingReason {
    let slot = frame.slots[sourceLeaves[leaf].register]
    if slot.kind == .null || slot.isEmptyText { return .empty }
    if let reason = staticParking[leaf] ?? lostPart(leaf) { return reason }
    // Several lines are one value.
    let field = sourceLeaves[leaf].field
    if state.failures.contains(where: { $0.side == .source && sourceLeaves[$0.leaf].field == field }) { return .failed }
    for edge in edges[leaf] where state.failedTargets.contains(edge.target) {
      return targetLeaves[edge.target].isId ? .readOnly : .failed
    }
    return .taken
  }
}

extension Field {
  /// The leaves that it has: its own, and those of its neighbours (`lines`, `join`).
  package var leafNames: [String] { PlanBuilder.places(of: self).map(\.name) }

  /// Canonical fields that it can be written from, its own first.
  package var canonicalNames: [String] {
    var names: [String] = []
    switch meaning {
    case .none: break
    case .canonical(let name): names.append(name)
    case .parts(let parts): names += parts.map(\.canonical)
    }
    for fallback in fallbacks {
      switch fallback {
      case .canonical(let name): names.append(name)
      case .compose(let lines, _): names += ComposeStep.fields(in: lines)
      }
    }
    return names
  }
}

extension Plan {
  package var returnTrip: ReturnTrip? { returns }

  /// Whether the writer has a place for a value of the target's own that came back (formats of columns).
  package var acceptsExtra: ((OutputExtra) -> Bool)? {
    get { returns?.acceptsExtra }
    set { returns?.acceptsExtra = newValue }
  }

  /// The path of a leaf that no field took: as the record spells it, the last name in quotes where it would be a field's that stands
  /// elsewhere.
  package func path(of extra: Frame.Extra) -> [UInt8] {
    let path = extra.path >= 0 ? internedPath?(Int(extra.path)) ?? [] : Array(frame.text(extra.pathText))
    return elsewhere.isEmpty || !elsewhere.contains(path) ? path : PathText.quoted(path)
  }

  /// Parked values go to the run's residue; canonical takes those of another system in its `native`.
  package var nativeGoesNowhere: Bool { nativeTarget == nil || nativeLeaf != nil }

  /// The target's own id of the record, as it is written; absent where the shape has none.
  package var targetId: Slot {
    targetLeaves.first { $0.isId }.map { frame.slots[$0.leaf.register] } ?? .absent
  }

  /// Target leaves that no leaf of the source fed: from `--set` or a default (SEMANTICS S20).
  package var suppliedNames: [String] {
    guard !state.supplied.isEmpty else { return [] }
    return targetLeaves.indices.compactMap { index in
      let target = targetLeaves[index]
      guard target.leaf.field >= 0, !frame.slots[target.leaf.register].isBlank else { return nil }
      if state.supplied.contains(-1 - index) { return target.leaf.name }
      let leg = Int(state.legs[index])
      guard leg < target.legs.count else { return nil }
      let given = target.legs[leg].filter { canonicalRegisters[$0].map { !frame.slots[$0].isBlank } ?? false }
      return !given.isEmpty && given.allSatisfy(state.supplied.contains) ? target.leaf.name : nil
    }
  }

  /// Leaves in which a given value stood in for one that does not convert.
  package var replacedLeaves: [(side: RecordState.Side, name: String, use: Replacements.Use)] {
    state.replaced.map { side, leaf, use in (side, side == .source ? sourceLeaves[leaf].name : targetLeaves[leaf].leaf.name, use) }
  }

  /// Required leaves of the rejected record that nothing was there for: not those whose value failed.
  package var missingRequirements: [Int] {
    required.compactMap { register, leaf in
      guard frame.slots[register].isBlank, !state.failedTargets.contains(leaf) else { return nil }
      let legs = targetLeaves[leaf].legs.joined()
      let hasFailed = legs.contains { canonicalRegisters[$0].map(state.failedCanonical.contains) ?? false }
      return hasFailed ? nil : leaf
    }
  }

  /// Target leaves that fill the canonical field which the conversion of this one depends on (`in:`).
  package func bases(of target: Int) -> [Int] {
    guard targetLeaves[target].leaf.field >= 0 else { return [] }
    let names = self.target.fields[targetLeaves[target].leaf.field].transforms.compactMap { use in
      use.parameters.first { $0.name == "in" }?.value.text
    }
    return targetLeaves.indices.filter { index in
      guard targetLeaves[index].leaf.field >= 0, case .canonical(let name) = self.target.fields[targetLeaves[index].leaf.field].meaning
      else { return false }
      return names.contains(name)
    }
  }

  /// A value of this leaf is never shown: its field is secret, or one that feeds it.
  package func isSecret(_ side: RecordState.Side, _ leaf: Int) -> Bool {
    func isSecretSource(_ leaf: Int) -> Bool { sourceLeaves[leaf].field >= 0 && source.fields[sourceLeaves[leaf].field].isSecret }
    if side == .source { return isSecretSource(leaf) }
    let field = targetLeaves[leaf].leaf.field
    if field >= 0, target.fields[field].isSecret { return true }
    return sourceLeaves.indices.contains { isSecretSource($0) && ways[$0].contains { $0.target == leaf } }
  }

  /// Target leaves that took a fallback, and which.
  package var fallbacksTaken: [(name: String, leg: Int)] {
    targetLeaves.indices.compactMap { index in
      let leg = Int(state.legs[index])
      let slot = frame.slots[targetLeaves[index].leaf.register]
      guard leg > 0, !slot.isAbsent else { return nil }
      // A text that is taken apart again came back as its own system had it, not along the leg.
      if slot.isRestored, targetLeaves[index].leaf.field >= 0, splits(target.fields[targetLeaves[index].leaf.field]) { return nil }
      return (targetLeaves[index].leaf.name, leg)
    }
  }

  private func splits(_ field: Field) -> Bool {
    !field.splitParts { name in options[name] ?? target.options.first { $0.name == name }?.value }.isEmpty
  }

  /// The one way of a source leaf into the target, where there is just one, and where the two registers tell whether it was taken: in a
  /// text that is composed of several values another one may stand when this one does not convert.
  package func onlyWay(_ leaf: Int) -> (register: Int, target: Int, leg: UInt8, writesNull: Bool, writesEmpty: Bool)? {
    guard edges[leaf].count == 1, feeds[leaf].count == 1, let edge = edges[leaf].first else { return nil }
    let isComposed = targetLeaves[edge.target].legs[Int(edge.leg)].count > 1
    if isComposed, sourceLeaves[leaf].field >= 0, !source.fields[sourceLeaves[leaf].field].transforms.isEmpty { return nil }
    let target = targetLeaves[edge.target].leaf
    return (
      target.register, edge.target, edge.leg, target.layout.writesNull && hasNull(targetFormat, target: true), target.layout.writesEmpty
    )
  }

  /// Canonical fields that `--set` filled in this record, and with what.
  package var filledFields: [(name: String, value: Slot)] {
    state.supplied.compactMap { index in
      guard index >= 0, let register = canonicalRegisters[index] else { return nil }
      return (model.fields[index].name, frame.slots[register])
    }
  }

  /// What a derived leaf of the source was derived from, as a fingerprint; nil for other leaves.
  package func basesFingerprint(_ leaf: Int) -> [UInt8]? {
    guard leaf >= 0, sourceLeaves[leaf].field >= 0 else { return nil }
    let bases = source.fields[sourceLeaves[leaf].field].derivedFrom
    return bases.isEmpty ? nil : Fingerprint.of(bases, among: sourceLeaves, of: source, frame)
  }

  /// Leaves that the reader saw in `system` and `native` of a canonical record.
  package var metaLeaves: Int {
    guard let systemLeaf, let nativeLeaf else { return 0 }
    var count = frame.slots[sourceLeaves[systemLeaf].register].isAbsent ? ownerLeaves : 1
    let native = frame.slots[sourceLeaves[nativeLeaf].register]
    if !native.isAbsent { count += Native.leafCount(native, frame: frame, format: sourceFormat, layout: sourceLayout) }
    return count
  }

  /// Who wrote the canonical record at hand.
  package var owner: Slot { systemLeaf.map { frame.slots[sourceLeaves[$0].register] } ?? .absent }
  package var isOfCanonical: Bool { systemLeaf != nil }

  // Asked of every record, so without a copy of the lists.
  /// One of the lists below may hold something.
  package var isMarked: Bool { mark.pointee }
  package var hasRestored: Bool { mark.pointee && !extras.isEmpty }
  package var hasAside: Bool { !aside.isEmpty }
  package var hasForeignNative: Bool { mark.pointee && !foreignNative.isEmpty }
  package var hasReplaced: Bool { state.isMarked.pointee && !state.replaced.isEmpty }
  package var hasRemarks: Bool { state.isMarked.pointee && (!state.failures.isEmpty || !state.notices.isEmpty) }
}
