import CrosswalkFormats
package import CrosswalkMapping
package import CrosswalkModel
import CrosswalkYAML

/// What a line of a residue says of one record: what `back(forward(record))` lacks (SEMANTICS S8).
package struct ResidueLine: Sendable {
  /// Path and literal: parked values, return aids, and what is needed only where an edit is refused.
  package var entries: [Tree.Member] = []
  /// Of `entries`, those that stand in the other system's record in another form.
  package var firstOriginal = 0
  /// From there on what comes back by itself while nobody edits it.
  package var firstAid = 0
  /// Leaves that the way back would invent.
  package var extra: [String] = []
  /// Leaves of the other system's record that took a fallback, and which.
  package var via: [String: Int] = [:]
  /// Canonical fields that `--set` filled, and with what.
  package var set: [(field: String, value: Tree)] = []
  /// Fingerprints of what derived values were derived from.
  package var bases: [(path: String, fingerprint: [UInt8])] = []
  package var sourceId = Tree.null
  /// Records with the same id before this one that left nothing behind.
  package var earlier = 0
  /// What stood in for values of the other system's record that its way there does not convert.
  package var uses: [(side: RecordState.Side, leaf: String, use: Replacements.Use)] = []
  /// Who wrote a canonical record.
  package var system: Tree?
  /// Fingerprints of the other system's leaves as they were written, where that record has no id to be known by; nil where it has one.
  package var leaves: Set<String>?

  package init() {}
}

/// Brings a record back with its residue line, in a plan from the other system: the way back runs along the legs that the way
/// there took, the line is laid over what it gives, and the way there is run again. What does not come out as the record at hand
/// has it was edited, and gives way to the edit (SEMANTICS S8-S10, S15).
package final class Restoration {
  /// Of the record at hand; nil when it has none.
  package var line: ResidueLine?
  package private(set) var outcome = Outcome()
  /// Composed leaves of the record at hand whose text is one value of the target.
  private var whole: Set<Int> = []

  package struct Outcome {
    /// Values of the line that stand in the target.
    package var returned = 0
    /// Leaves of the record at hand whose edit the target cannot hold.
    package var refused: [Int] = []
    /// Of those, the ones that were not edited: they no longer fit a neighbour that was.
    package var following: Set<Int> = []
    /// An edit stands in the target though the way there would not give it again.
    package var isUnrepeatable = false
    /// Leaves of several values whose edit was taken apart.
    package var merged: [Int] = []
    /// A text has edited values in the places of its own.
    package var isPatched = false
    /// Derived values whose bases were edited.
    package var stale: [String] = []
    /// The line and the record agree in something that is not empty.
    package var isConfirmed = false
  }

  private struct Overlaid {
    var target: Int
    /// What the way back gives.
    var before: Slot
    var value: Slot
    var isOriginal: Bool
    var isAid = false
    /// The edit that it would give way to is one that the target cannot hold.
    var isHeld = false
  }

  private struct Composed {
    var leg: Int
    var step: ComposeStep
    /// Canonical fields, in the order of the template.
    var fields: [Int]
    var rest: Int?
  }

  private let steps: StepList
  private let replacements = Replacements()
  private let moves: MoveStep
  private let fill: FillStep
  private let model: CanonicalModel
  private let targetByName: [String: Int]
  /// Per target leaf the canonical fields that it is read into, and those it is written from.
  private let readsInto: [Set<Int>]
  private let writtenFrom: [Set<Int>]
  /// Per leaf of the record: where the replay puts it, nil when the way there does not write it.
  private let replayed: [Int?]
  private let replayLeaves: [TargetLeaf]
  private let composed: [Int: Composed]
  private let replayCanonical: [Int?]
  /// The registers that the target's write takes the canonical values from.
  private let canonical: [Int?]
  private let isTyped: Bool
  private let hasNull: Bool
  private let legCount: Int
  private let replayLegs: UnsafeMutablePointer<UInt8>
  private let keptLegs: UnsafeMutablePointer<UInt8>
  private var agrees: [Bool]
  /// Texts of the record at hand that are taken apart by rules, unless the way there composed them.
  private let sourceBlocks: [(leaf: String, leg: Int?, step: BlockStep)]
  /// Texts of the target that the replay takes apart.
  private var targetBlocks: [TargetBlock] = []

  private struct TargetBlock {
    var target: Int
    var step: BlockStep
    /// Part → canonical field.
    var parts: [(name: String, field: Int)]
    /// What the replay takes in place of the text: canonical registers of the way back, and its own.
    var given: [(from: Int, to: Int)]
  }
  let writtenLeaves: Int

  /// Gives every canonical value a register of its own, so that it may be moved without touching the record at hand, and those
  /// a register that only a fallback of this system can feed.
  static func detach(_ read: inout PlanBuilder.ReadHalf, of source: System, model: CanonicalModel, builder: inout PlanBuilder) -> MoveStep {
    var reachable: Set<Int> = []
    for field in source.fields {
      reachable.formUnion(field.canonicalNames.compactMap(model.index(of:)))
      for case .compose(_, let rest?) in field.fallbacks { model.index(of: rest).map { _ = reachable.insert($0) } }
    }
    var copies: [(from: Int, to: Int)] = []
    var cleared: [Int] = []
    for index in model.fields.indices {
      if let from = read.canonical[index] {
        let to = builder.register()
        copies.append((from, to))
        read.canonical[index] = to
      } else if reachable.contains(index) {
        let to = builder.register()
        cleared.append(to)
        read.canonical[index] = to
      }
    }
    let moves = MoveStep(copies: copies, cleared: cleared)
    read.steps.append(moves)
    return moves
  }

  /// - shape: of the way there.
  init(
    builder: inout PlanBuilder, source: System, sourceFormat: Format, target: System, targetFormat: Format, shape: Shape,
    leaves: [MappedLeaf], targets: [TargetLeaf], canonical: [Int?], moves: MoveStep,
    sourceBlocks: [(leaf: Int, step: BlockStep)]
  ) {
    let model = builder.settings.canonical
    self.model = model
    self.moves = moves
    self.canonical = canonical
    let nothing = builder.register()
    let (steps, carried) = builder.carry(targets, of: target, in: targetFormat)
    var back = builder.read(target, place: { carried[$0] ?? nothing }, replacements: replacements)
    var fresh: [Int] = []
    for field in source.fields {
      for index in field.canonicalNames.compactMap(model.index(of:)) where back.canonical[index] == nil {
        let register = builder.register()
        back.canonical[index] = register
        fresh.append(register)
      }
    }
    fill = FillStep(fresh: fresh)
    let rewritten = builder.write(
      source, shape: shape, format: sourceFormat, canonical: back.canonical, replacements: replacements)
    replayCanonical = back.canonical
    replayLeaves = rewritten.leaves
    var replayedByName: [String: Int] = [:]
    for (index, one) in rewritten.leaves.enumerated() { replayedByName[one.leaf.name] = index }
    replayed = leaves.map { $0.field < 0 ? nil : replayedByName[$0.name] }
    var composed: [Int: Composed] = [:]
    for (index, leaf) in leaves.enumerated() where leaf.field >= 0 && replayedByName[leaf.name] != nil {
      for (leg, fallback) in source.fields[leaf.field].fallbacks.enumerated() {
        guard case .compose(let lines, let rest) = fallback else { continue }
        let step = ComposeStep(lines: lines, to: builder.register()) { name in
          model.index(of: name).flatMap { back.canonical[$0] } ?? nothing
        }
        composed[index] = Composed(
          leg: leg + 1, step: step, fields: ComposeStep.fields(in: lines).map { model.index(of: $0) ?? -1 },
          rest: rest.flatMap(model.index(of:)))
        break
      }
    }
    self.composed = composed
    self.steps = StepList(steps + back.steps + [fill] + rewritten.steps)
    var byTarget: [String: Int] = [:]
    for (index, one) in targets.enumerated() where one.leaf.field >= 0 { byTarget[one.leaf.name] = index }
    targetByName = byTarget
    var feedsByName: [String: [Int]] = [:]
    for (index, leaf) in back.leaves.enumerated() { feedsByName[leaf.name] = back.feeds[index] }
    readsInto = targets.map { Set(feedsByName[$0.leaf.name] ?? []) }
    writtenFrom = targets.map { Set($0.legs.joined()) }
    isTyped = sourceFormat.isJSON
    hasNull = sourceFormat.isJSON || sourceFormat == .xml && source.xml.nilAttribute != nil
    writtenLeaves = rewritten.leaves.count
    legCount = targets.count
    keptLegs = .allocate(capacity: max(targets.count, 1))
    keptLegs.initialize(repeating: 0, count: max(targets.count, 1))
    replayLegs = .allocate(capacity: max(writtenLeaves, 1))
    replayLegs.initialize(repeating: 0, count: max(writtenLeaves, 1))
    agrees = [Bool](repeating: false, count: leaves.count)
    self.sourceBlocks = sourceBlocks.map { leaf, step in
      (leaves[leaf].name, ReturnTrip.composedLeg(source.fields[leaves[leaf].field]), step)
    }
    for (leaf, step) in back.blocks {
      guard let index = byTarget[back.leaves[leaf].name] else { continue }
      let field = target.fields[targets[index].leaf.field]
      var given: [(from: Int, to: Int)] = []
      for one in back.feeds[leaf] { if let from = canonical[one], let to = back.canonical[one] { given.append((from, to)) } }
      targetBlocks.append(
        TargetBlock(
          target: index, step: step,
          parts: field.blockParts.compactMap { part in model.index(of: part.canonical).map { (part.part, $0) } }, given: given))
    }
  }

  deinit {
    keptLegs.deallocate()
    replayLegs.deallocate()
  }

  /// Whether the target, as it stands, gives this leaf of the record at hand again.
  func reproduces(_ leaf: Int) -> Bool { line != nil && agrees[leaf] }

  /// Whether the way there writes this leaf of the record at hand.
  package func isWritten(_ leaf: Int) -> Bool { replayed[leaf] != nil }

  // MARK: - Before the target is written

  /// Sends what a fallback brought on the way there back to where it came from.
  func begin(_ plan: Plan) {
    outcome = Outcome()
    replacements.take(line)
    moves.moved = []
    moves.assigned = []
    if !whole.isEmpty { whole = [] }
    for block in sourceBlocks { block.step.isOn = block.leg == nil || line?.via[block.leaf] != block.leg }
    guard let line else { return }
    for (index, leaf) in plan.sourceLeaves.enumerated() where leaf.field >= 0 {
      guard let leg = line.via[leaf.name], leg > 0, let place = replayed[index] else { continue }
      let legs = replayLeaves[place].legs
      guard leg < legs.count, let primary = legs[0].first, let from = canonical[primary] else { continue }
      if composed[index]?.leg == leg {
        // One value alone was composed, and the way back takes the text for it: as on the way there, whatever it says by now.
        if isTakenWhole(primary, line, plan) { whole.insert(index) } else { moves.moved.append((from, nil)) }
      } else if let other = legs[leg].first, let to = canonical[other] {
        moves.moved.append((from, to))
      }
    }
  }

  /// A leaf of the target falls back on the text, and the line has nothing to say of it: the text was its value.
  private func isTakenWhole(_ field: Int, _ line: ResidueLine, _ plan: Plan) -> Bool {
    plan.targetLeaves.contains { target in
      guard target.leaf.field >= 0, target.legs.dropFirst().contains(where: { $0.contains(field) }) else { return false }
      let name = target.leaf.name
      return !line.extra.contains(name) && !line.entries.contains { $0.name.elementsEqual(name.utf8) }
    }
  }

  func assign(_ slots: UnsafeMutablePointer<Slot>) { moves.assign(slots) }

  // MARK: - After

  func restore(_ plan: Plan) {
    guard let line else { return }
    let frame = plan.frame
    let slots = frame.slots
    let keepsKinds = plan.shape == .list || plan.shape == .single
    var overlaid: [Overlaid] = []
    // Canonical registers of the replay that objects or lists keep from being read.
    var failing: Set<Int> = []
    var beyond = 0
    fill.values = line.set.compactMap { item in
      guard let register = model.index(of: item.field).flatMap({ replayCanonical[$0] }),
        let slot = Native.slot(item.value, frame: frame, keepsKind: false)
      else { return nil }
      return (register, slot)
    }
    let isCanonical = plan.target.name == CanonicalModel.name
    for (number, entry) in line.entries.enumerated() {
      // What others had left in a canonical record stands in its `native` again.
      if isCanonical, entry.name.starts(with: "native.".utf8) {
        beyond += 1
        continue
      }
      guard let name = String(validating: entry.name, as: UTF8.self) else { continue }
      if let index = targetByName[name], let value = Native.slot(entry.value, frame: frame, keepsKind: keepsKinds) {
        if case .number = entry.value, !keepsKinds { continue }
        let restored = value.kind == .null && !plan.hasNull(plan.targetFormat, target: true) ? Slot.absent : value
        overlaid.append(
          Overlaid(
            target: index, before: slots[plan.targetLeaves[index].leaf.register], value: restored,
            isOriginal: number >= line.firstOriginal || targetBlocks.contains { $0.target == index }, isAid: number >= line.firstAid))
      } else if keepsKinds, let extra = ReturnTrip.extra(entry.value, name, plan, targetByName, among: line.entries), plan.takes(extra) {
        if let index = targetByName[name] {
          failing.formUnion(readsInto[index].compactMap { replayCanonical[$0] })
          overlaid.append(
            Overlaid(target: index, before: slots[plan.targetLeaves[index].leaf.register], value: .absent, isOriginal: false))
        } else {
          beyond += 1
        }
        plan.extras.append(extra)
      } else {
        plan.parkBeyond(entry)
      }
    }
    for name in line.extra {
      guard let index = targetByName[name] else { continue }
      overlaid.append(
        Overlaid(
          target: index, before: slots[plan.targetLeaves[index].leaf.register], value: .absent, isOriginal: false))
    }
    if let id = idTarget(plan), !overlaid.contains(where: { $0.target == id }), line.sourceId != .null,
      let slot = Native.slot(line.sourceId, frame: frame, keepsKind: keepsKinds)
    {
      if case .number = line.sourceId, !keepsKinds {
        slots[plan.targetLeaves[id].leaf.register] = frame.store(Array(frame.text(slot)))
      } else {
        slots[plan.targetLeaves[id].leaf.register] = slot
      }
    }
    let claims = overlaid
    lay(overlaid, plan)

    readBlocks(overlaid)
    var differing = replay(plan, failing)
    // Nothing has given way yet: what the line has makes its neighbours convert as they did on the way there.
    let edited = Set(differing)
    // Several values in one text: taken apart once, before anything gives way.
    let parted = differing.filter { isMerged($0, line, plan) }
    if !parted.isEmpty {
      var changed: Set<Int> = []
      for leaf in parted { takeApart(leaf, plan, &changed) }
      plan.writeAgain()
      var next: [Overlaid] = []
      for var one in overlaid {
        one.before = slots[plan.targetLeaves[one.target].leaf.register]
        if !touches(one.target, changed) {
          next.append(one)
        } else if isRefused(one.target, plan) {
          one.isHeld = true
          next.append(one)
        }
      }
      overlaid = next
      lay(overlaid, plan)
      readBlocks(overlaid)
      differing = replay(plan, failing)
    }
    var dropped: [Overlaid] = []
    for _ in 0..<4 {
      var next: [Overlaid] = []
      var hasChanged = false
      let related = differing.filter { !outcome.merged.contains($0) }.map { relations($0, line, plan) }
      for var one in overlaid {
        if !one.isHeld,
          related.contains(where: { touches(one.target, $0) })
        {
          hasChanged = true
          if isRefused(one.target, plan) {
            one.isHeld = true
          } else {
            let patched = patch(one, related, plan)
            slots[plan.targetLeaves[one.target].leaf.register] = patched ?? one.before
            if patched == nil, !one.isAid { dropped.append(one) }
            continue
          }
        }
        next.append(one)
      }
      overlaid = next
      guard hasChanged else { break }
      readBlocks(overlaid)
      differing = replay(plan, failing)
    }
    layAgain(dropped, &overlaid, &differing, plan, failing)
    leaveEmpty(&differing, among: edited, of: line, plan, failing)
    drop(stale: line, &overlaid, plan)
    settle(plan, differing, edited, overlaid)
    outcome.returned = overlaid.count { !$0.isAid || $0.isHeld } + beyond
    confirm(claims, overlaid, plan, isExact: differing.isEmpty)
  }

  /// A text as the line has it is read by the rules, as on the way there; any other was put together of what the record at hand says.
  private func readBlocks(_ overlaid: [Overlaid]) {
    for block in targetBlocks {
      block.step.given = overlaid.contains { $0.target == block.target && !$0.value.isBlank } ? [] : block.given
    }
  }

  /// A text of the line with the parts that were edited in their places; nil where it was not taken apart.
  private func patch(_ one: Overlaid, _ related: [Set<Int>], _ plan: Plan) -> Slot? {
    guard let block = targetBlocks.first(where: { $0.target == one.target }), one.value.kind == .text else { return nil }
    let frame = plan.frame
    let text = Array(frame.literal(one.value))
    guard let reading = BlockText(text, block.step.rules) else { return nil }
    var changes: [(part: String, value: [UInt8]?)] = []
    for part in block.parts where related.contains(where: { $0.contains(part.field) }) {
      guard let register = canonical[part.field] else { continue }
      let slot = frame.slots[register]
      changes.append((part.name, slot.isBlank || slot.kindBits >= UInt64(Kind.emptyObject.rawValue) ? nil : Array(frame.literal(slot))))
    }
    guard !changes.isEmpty, let new = reading.replacing(changes, in: text) else { return nil }
    outcome.isPatched = true
    return frame.store(new)
  }

  private func lay(_ overlaid: [Overlaid], _ plan: Plan) {
    for one in overlaid { plan.frame.slots[plan.targetLeaves[one.target].leaf.register] = one.value }
  }

  /// All that has to do with an edit gave way at once: what does not stand against it comes back after all.
  private func layAgain(
    _ dropped: [Overlaid], _ overlaid: inout [Overlaid], _ differing: inout [Int], _ plan: Plan, _ failing: Set<Int>
  ) {
    var isReplayed = true
    for one in dropped {
      let register = plan.targetLeaves[one.target].leaf.register
      let given = plan.frame.slots[register]
      overlaid.append(one)
      plan.frame.slots[register] = one.value
      readBlocks(overlaid)
      let now = replay(plan, failing)
      isReplayed = Set(now).isSubset(of: differing) && !now.contains { isRelated(one.target, to: $0, plan) }
      if isReplayed {
        differing = now
      } else {
        overlaid.removeLast()
        plan.frame.slots[register] = given
      }
    }
    if isReplayed { return }
    readBlocks(overlaid)
    differing = replay(plan, failing)
  }

  /// A value that was taken out leaves the target's empty, where a fallback would fill it.
  private func leaveEmpty(
    _ differing: inout [Int], among edited: Set<Int>, of line: ResidueLine, _ plan: Plan, _ failing: Set<Int>
  ) {
    let slots = plan.frame.slots
    var isReplayed = true
    for leaf in differing where edited.contains(leaf) && isInvented(leaf, plan) {
      let fields = relations(leaf, line, plan)
      for (index, target) in plan.targetLeaves.enumerated() where target.leaf.field >= 0 && plan.state.legs[index] > 0 {
        guard let own = target.legs.first, !Set(own).isDisjoint(with: fields) else { continue }
        let given = slots[target.leaf.register]
        slots[target.leaf.register] = .absent
        let now = replay(plan, failing)
        isReplayed = !isInvented(leaf, plan) && Set(now).isSubset(of: differing)
        if isReplayed {
          differing = now
          break
        }
        slots[target.leaf.register] = given
      }
    }
    if !isReplayed { differing = replay(plan, failing) }
  }

  /// The record at hand says nothing where the way there, as replayed last, gives something.
  private func isInvented(_ leaf: Int, _ plan: Plan) -> Bool {
    guard plan.frame.slots[plan.sourceLeaves[leaf].register].isBlank, let place = replayed[leaf] else { return false }
    return !plan.frame.slots[replayLeaves[place].leaf.register].isBlank
  }

  private func idTarget(_ plan: Plan) -> Int? { plan.targetLeaves.firstIndex { $0.isId } }

  /// The target would not take what the way back gives it.
  private func isRefused(_ target: Int, _ plan: Plan) -> Bool {
    if plan.state.failedTargets.contains(target) { return true }
    return writtenFrom[target].contains { index in
      canonical[index].map { plan.state.failedCanonical.contains($0) } ?? false
    }
  }

  private func isMerged(_ leaf: Int, _ line: ResidueLine, _ plan: Plan) -> Bool {
    guard let composed = composed[leaf], !whole.contains(leaf) else { return false }
    return line.via[plan.sourceLeaves[leaf].name] == composed.leg
  }

  /// Canonical fields that have to do with a leaf of the record at hand.
  private func relations(_ leaf: Int, _ line: ResidueLine, _ plan: Plan) -> Set<Int> {
    var fields = Set(plan.feeds[leaf])
    if let place = replayed[leaf] {
      let legs = replayLeaves[place].legs
      // The leg that was taken; neighbours (`lines`) share the first one's.
      for leg in [Int(replayLegs[place]), line.via[plan.sourceLeaves[leaf].name] ?? 0] where leg < legs.count {
        fields.formUnion(legs[leg])
      }
    }
    return fields
  }

  private func isRelated(_ target: Int, to leaf: Int, _ plan: Plan) -> Bool {
    line.map { touches(target, relations(leaf, $0, plan)) } ?? false
  }

  /// Whether a leaf of the target is read into one of these canonical fields, or written from one.
  private func touches(_ target: Int, _ fields: Set<Int>) -> Bool {
    !readsInto[target].isDisjoint(with: fields) || !writtenFrom[target].isDisjoint(with: fields)
  }

  // MARK: - Replay

  /// Runs the way there on the target as it stands; the leaves of the record at hand that it gives otherwise.
  private func replay(_ plan: Plan, _ failing: Set<Int>) -> [Int] {
    let state = plan.state
    let frame = plan.frame
    let legs = state.legs
    for index in 0..<legCount { keptLegs[index] = legs[index] }
    let kept = (state.failures, state.rejection, state.failedCanonical, state.failedTargets, state.supplied, state.notices)
    let given = (state.refused, state.replaced)
    state.failedCanonical = failing
    state.failedTargets = []
    steps.run(state)
    (state.failures, state.rejection, state.failedCanonical, state.failedTargets, state.supplied, state.notices) = kept
    (state.refused, state.replaced) = given
    for index in 0..<writtenLeaves { replayLegs[index] = legs[index] }
    for index in 0..<legCount { legs[index] = keptLegs[index] }

    var differing: [Int] = []
    for (index, leaf) in plan.sourceLeaves.enumerated() where leaf.field >= 0 {
      agrees[index] = false
      if index == plan.idLeaf { continue }
      guard let place = replayed[index] else { continue }
      let own = frame.slots[leaf.register]
      let target = replayLeaves[place].leaf
      let given = CarryStep.carry(frame.slots[target.register], target.layout, isTyped: isTyped, hasNull: hasNull, frame)
      let isAside = !plan.aside.isEmpty && plan.aside.contains { $0.leaf == index }
      if !isAside, isSame(own, given, plan.source.fields[leaf.field].comparison, frame) {
        agrees[index] = !own.isAbsent
      } else {
        differing.append(index)
      }
    }
    return differing
  }

  /// The same literal, whatever its kind.
  private func isSame(_ a: Slot, _ b: Slot, _ comparison: Field.Comparison, _ frame: Frame) -> Bool {
    if a == b { return true }
    switch (a.kind, b.kind) {
    case (.absent, _), (_, .absent), (.null, _), (_, .null): return a.kind == b.kind
    case (.subtree, _), (_, .subtree), (.emptyObject, _), (_, .emptyObject), (.emptyArray, _), (_, .emptyArray): return false
    default: break
    }
    let (x, y) = (frame.literal(a), frame.literal(b))
    if x.elementsEqual(y) { return true }
    return comparison.isSame(Array(x), Array(y))
  }

  // MARK: - Merged leaves (SEMANTICS S10)

  private func takeApart(_ leaf: Int, _ plan: Plan, _ changed: inout Set<Int>) {
    guard let composed = composed[leaf] else { return }
    let frame = plan.frame
    let slots = frame.slots
    outcome.merged.append(leaf)
    let own = slots[plan.sourceLeaves[leaf].register]
    let edited = own.isBlank || own.kindBits >= UInt64(Kind.emptyObject.rawValue) ? [] : Restoration.lines(Array(frame.literal(own)))
    let blocks = composed.step.blocks(frame)
    let apart = MergedEdit(blocks: blocks, edited: edited)
    func assign(_ field: Int, _ slot: Slot) {
      guard field >= 0, let register = canonical[field] else { return }
      moves.assigned.removeAll { $0.register == register }
      moves.assigned.append((register, slot))
    }
    // What stands goes back as it is: other values may depend on it.
    for field in composed.fields where field >= 0 {
      if let register = replayCanonical[field] { assign(field, slots[register].asRead) }
    }
    for (ordinal, text) in apart.changed {
      assign(composed.fields[ordinal], text.isEmpty ? .absent : frame.store(text))
      changed.insert(composed.fields[ordinal])
    }
    guard !apart.rest.isEmpty else { return }
    guard let rest = composed.rest, let register = replayCanonical[rest], canonical[rest] != nil,
      writtenFrom.contains(where: { $0.contains(rest) })
    else {
      outcome.refused.append(leaf)
      return
    }
    var text = slots[register].isBlank ? [] : Array(frame.literal(slots[register]))
    if !text.isEmpty { text.append(0x0a) }
    assign(rest, frame.store(text + apart.rest))
    changed.insert(rest)
  }

  static func lines(_ text: [UInt8]) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var line: [UInt8] = []
    var i = 0
    while i < text.count {
      if text[i] == 0x0a || text[i] == 0x0d {
        if text[i] == 0x0d, i + 1 < text.count, text[i + 1] == 0x0a { i += 1 }
        lines.append(line)
        line = []
      } else {
        line.append(text[i])
      }
      i += 1
    }
    lines.append(line)
    return lines
  }

  // MARK: - What is left to say

  /// Derived values whose bases are not what they were (SEMANTICS S15).
  private func drop(stale line: ResidueLine, _ overlaid: inout [Overlaid], _ plan: Plan) {
    for (path, fingerprint) in line.bases {
      guard let index = targetByName[path], let position = overlaid.firstIndex(where: { $0.target == index }) else { continue }
      let leaves = plan.targetLeaves.map(\.leaf)
      let now = Fingerprint.of(plan.target.fields[leaves[index].field].derivedFrom, among: leaves, of: plan.target, plan.frame)
      if now == fingerprint { continue }
      overlaid.remove(at: position)
      plan.frame.slots[leaves[index].register] = .absent
      outcome.stale.append(path)
    }
  }

  /// Failures of what came back after all are none.
  private func settle(_ plan: Plan, _ differing: [Int], _ edited: Set<Int>, _ overlaid: [Overlaid]) {
    let state = plan.state
    for leaf in differing where !outcome.merged.contains(leaf) {
      // What canonical's fields cannot hold of an edit stands in its `native`, and wins where no original does.
      if !plan.nativeGoesNowhere, !overlaid.contains(where: { $0.isHeld && isRelated($0.target, to: leaf, plan) }) { continue }
      let own = plan.frame.slots[plan.sourceLeaves[leaf].register]
      let isAside = plan.aside.contains { $0.leaf == leaf }
      // One emptiness for another is no loss, and what a neighbour's edit brings into an empty leaf was not taken out of it.
      if own.isBlank, !isAside, !(edited.contains(leaf) && isInvented(leaf, plan)) { continue }
      if !isAside, isHeld(leaf, plan) {
        outcome.isUnrepeatable = true
        continue
      }
      outcome.refused.append(leaf)
      if !edited.contains(leaf) { outcome.following.insert(leaf) }
    }
    guard !state.failures.isEmpty || state.rejection != nil else { return }
    func isLeft(_ side: RecordState.Side, _ leaf: Int) -> Bool {
      if side == .source { return differing.contains(leaf) }
      return differing.contains { !writtenFrom[leaf].isDisjoint(with: plan.feeds[$0]) }
    }
    if !state.failures.isEmpty { state.failures = state.failures.filter { isLeft($0.side, $0.leaf) } }
    if let rejection = state.rejection, rejection.reason == .failed {
      let isBack =
        switch rejection.side {
        case .target: !plan.frame.slots[plan.targetLeaves[rejection.leaf].leaf.register].isBlank
        case .source: !differing.contains(rejection.leaf)
        }
      if isBack { state.rejection = nil }
    }
  }

  /// The target has the very literal, whatever the way there would make of it.
  private func isHeld(_ leaf: Int, _ plan: Plan) -> Bool {
    let slots = plan.frame.slots
    return plan.ways[leaf].contains { way in
      plan.stands(leaf, way)
        && isSame(slots[plan.sourceLeaves[leaf].register], slots[plan.targetLeaves[way.target].leaf.register], .exact, plan.frame)
    }
  }

  private func confirm(_ claims: [Overlaid], _ standing: [Overlaid], _ plan: Plan, isExact: Bool) {
    // Its own values come out of any record again: half of what was written for this line has to be there.
    if let known = line?.leaves, !known.isEmpty {
      let found = plan.sourceLeaves.indices.count { plan.fingerprint(source: $0).map(known.contains) ?? false }
      if found * 2 < known.count { return }
    }
    var hasClaim = false
    for one in claims where one.isOriginal && !one.value.isBlank {
      for (index, place) in replayed.enumerated() {
        guard let place, index != plan.idLeaf, !plan.frame.slots[plan.sourceLeaves[index].register].isBlank else { continue }
        let leg = Int(replayLegs[place])
        guard leg < replayLeaves[place].legs.count, !readsInto[one.target].isDisjoint(with: replayLeaves[place].legs[leg]) else { continue }
        hasClaim = true
        if agrees[index], standing.contains(where: { $0.target == one.target && !$0.isHeld }) {
          outcome.isConfirmed = true
          return
        }
      }
    }
    if hasClaim { return }
    let said = agrees.indices.filter { $0 != plan.idLeaf && !plan.frame.slots[plan.sourceLeaves[$0].register].isBlank }
    // A record that says nothing is that of a line that comes to the same.
    outcome.isConfirmed = said.isEmpty ? isExact : said.contains { agrees[$0] }
  }
}
