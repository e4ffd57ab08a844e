package import CrosswalkFormats
import CrosswalkMapping
package import CrosswalkModel

/// The way back of a plan, in the same registers: what `back(forward(record))` would give, and so what has to be kept beside the
/// target for the record to come back whole (SEMANTICS S8); and the overlay that brings it back.
package final class ReturnTrip {
  /// A source leaf that the way back lacks or holds differently.
  package struct Entry {
    package var path: [UInt8]
    package var value: Slot
    /// The mapped leaf, or -1 for what no mapping names.
    package var leaf: Int
    /// It stands nowhere in the target; otherwise it stands there differently (a return aid).
    package var isParked: Bool
    package var leaves: Int
  }

  package struct Findings {
    package var entries: [Entry] = []
    /// Source leaves that come back, and that an edit may keep from coming back.
    package var aids: [Entry] = []
    /// Source leaves that the way back would invent.
    package var invented: [Int] = []
  }

  private let steps: StepList
  private let keptLegs: UnsafeMutablePointer<UInt8>
  private let legCount: Int
  /// Leaves that the way back writes: its steps note their legs too.
  let writtenLeaves: Int
  /// Per source leaf its name's bytes.
  private let names: [[UInt8]]
  /// Per source leaf: the register that holds it after the way back, nil when nothing brings it.
  private let returned: [(register: Int, leaf: Layout.Leaf)?]
  /// Per source leaf: its field does not take every value.
  private let mayRefuse: [Bool]
  private let isTyped: Bool
  private let hasNull: Bool
  /// For restoring into the target: its leaves by name.
  private let targetByName: [String: Int]
  /// The canonical registers of the way forward and of the way back, for the replay: pairs that should agree.
  private let canonicalPairs: [(forward: Int, back: Int)]
  private let targetFeeds: [[Int]]
  private let canonicalForward: [Int?]
  private let canonicalBack: [Int?]
  /// The target's texts that are taken apart on the way back, unless the way there composed them itself: what a run puts together
  /// comes back out of its residue, not by rules.
  private let blocks: [(target: Int, register: Int, leg: UInt8, step: BlockStep)]

  init(
    builder: inout PlanBuilder, source: System, sourceFormat: Format, target: System, targetFormat: Format,
    leaves: [MappedLeaf], targets: [TargetLeaf], read: PlanBuilder.ReadHalf
  ) {
    let nothing = builder.register()
    let (steps, carried) = builder.carry(targets, of: target, in: targetFormat)
    let back = builder.read(target, place: { carried[$0] ?? nothing })
    let rewritten = builder.write(source, shape: .list, format: sourceFormat, canonical: back.canonical)
    self.steps = StepList(steps + back.steps + rewritten.steps)
    legCount = targets.count
    writtenLeaves = rewritten.leaves.count
    keptLegs = .allocate(capacity: max(targets.count, 1))
    keptLegs.initialize(repeating: 0, count: max(targets.count, 1))
    self.names = leaves.map { Array($0.name.utf8) }
    var byName: [String: (register: Int, leaf: Layout.Leaf)] = [:]
    for one in rewritten.leaves { byName[one.leaf.name] = (one.leaf.register, one.leaf.layout) }
    returned = leaves.map { byName[$0.name] }
    mayRefuse = leaves.map { leaf in leaf.field >= 0 && ReturnTrip.mayRefuse(source.fields[leaf.field]) }
    isTyped = sourceFormat.isJSON
    hasNull = sourceFormat.isJSON || sourceFormat == .xml && source.xml.nilAttribute != nil
    var byTarget: [String: Int] = [:]
    for (index, one) in targets.enumerated() where one.leaf.field >= 0 { byTarget[one.leaf.name] = index }
    targetByName = byTarget
    var pairs: [(Int, Int)] = []
    for (index, forward) in read.canonical.enumerated() {
      if let forward { pairs.append((forward, back.canonical[index] ?? nothing)) }
    }
    canonicalPairs = pairs
    var feedsByName: [String: [Int]] = [:]
    for (index, leaf) in back.leaves.enumerated() { feedsByName[leaf.name] = back.feeds[index] }
    targetFeeds = targets.map { feedsByName[$0.leaf.name] ?? [] }
    canonicalForward = read.canonical
    canonicalBack = back.canonical
    blocks = back.blocks.compactMap { leaf, step in
      guard let index = byTarget[back.leaves[leaf].name] else { return nil }
      let leg = ReturnTrip.composedLeg(target.fields[targets[index].leaf.field])
      return (index, targets[index].leaf.register, UInt8(truncatingIfNeeded: leg ?? 255), step)
    }
  }

  /// The number of the leg that composes a text.
  static func composedLeg(_ field: Field) -> Int? {
    field.fallbacks.firstIndex { if case .compose = $0 { true } else { false } }.map { $0 + 1 }
  }

  private static func mayRefuse(_ field: Field) -> Bool {
    if case .canonical("id") = field.meaning { return false }
    if field.onFail == .keep { return false }
    return field.type == .integer || field.type == .boolean
      || field.transforms.contains { ["boolean", "choice", "country", "labelled", "not", "region"].contains($0.name) }
  }

  /// Works the way back out on the same state; what the way there found stays.
  private func run(_ state: RecordState, _ failing: Set<Int> = []) {
    let legs = state.legs
    for index in 0..<legCount { keptLegs[index] = legs[index] }
    if state.isMarked.pointee || !failing.isEmpty {
      let kept = (state.failures, state.rejection, state.failedCanonical, state.failedTargets, state.supplied, state.notices)
      let given = (state.refused, state.replaced)
      state.failedCanonical = failing
      state.failedTargets = []
      steps.run(state)
      (state.failures, state.rejection, state.failedCanonical, state.failedTargets, state.supplied, state.notices) = kept
      (state.refused, state.replaced) = given
    } else {
      steps.run(state)
      state.begin()
    }
    for index in 0..<legCount { legs[index] = keptLegs[index] }
  }

  deinit { keptLegs.deallocate() }

  /// What the way back lacks of the record that was mapped last.
  ///
  /// - helpsEdits: also the originals of values that the source would refuse when they come back edited (SEMANTICS S9).
  package func lacks(_ plan: Plan, helpsEdits: Bool = false) -> Findings {
    let frame = plan.frame
    let slots = frame.slots
    let state = plan.state
    // The way back is worked out on the same state; what the way there found must stay.
    for block in blocks { block.step.isOn = state.legs[block.target] != block.leg || slots[block.register].isRestored }
    run(state)
    for block in blocks { block.step.isOn = true }

    var findings = Findings()
    for (index, leaf) in plan.sourceLeaves.enumerated() where leaf.field >= 0 {
      if !plan.aside.isEmpty, let aside = plan.aside.first(where: { $0.leaf == index }) {
        findings.entries.append(
          Entry(path: names[index], value: aside.value, leaf: index, isParked: true, leaves: aside.leaves))
        continue
      }
      let original = slots[leaf.register]
      var back = Slot.absent
      if let place = returned[index] {
        back = CarryStep.carry(slots[place.register], place.leaf, isTyped: isTyped, hasNull: hasNull, frame)
      }
      if original.isAbsent {
        if !back.isAbsent { findings.invented.append(index) }
        continue
      }
      if original == back || isSame(original, back, frame) {
        if !plan.contributes(index) {
          // It stands nowhere, though the way back finds the same elsewhere: what is parked is stored.
          findings.entries.append(Entry(path: names[index], value: original, leaf: index, isParked: true, leaves: 1))
          continue
        }
        if helpsEdits, mayRefuse[index], !original.isBlank, plan.contributes(index) {
          findings.aids.append(Entry(path: names[index], value: original, leaf: index, isParked: false, leaves: 1))
        }
        continue
      }
      findings.entries.append(
        Entry(path: names[index], value: original, leaf: index, isParked: !plan.contributes(index), leaves: 1))
    }
    for extra in frame.extras {
      findings.entries.append(
        Entry(
          path: plan.path(of: extra), value: extra.value, leaf: -1, isParked: extra.leaves > 0, leaves: Int(extra.leaves)))
    }
    return findings
  }

  /// Asked for each value that comes back and has no field.
  var acceptsExtra: ((OutputExtra) -> Bool)?

  /// Same kind (where the format has kinds) and same literal.
  private func isSame(_ a: Slot, _ b: Slot, _ frame: Frame) -> Bool {
    if a.kind != b.kind {
      guard !isTyped, a.kind != .null, b.kind != .null, !a.isAbsent, !b.isAbsent else { return false }
      return frame.literal(a).elementsEqual(frame.literal(b))
    }
    switch a.kind {
    case .text, .number: return frame.text(a).elementsEqual(frame.text(b))
    case .absent, .null, .true, .false: return true
    case .emptyObject, .emptyArray, .subtree: return false
    }
  }

  // MARK: - Restoring

  /// Overlays what was kept on the target's registers, then replays: an overlaid leaf that would change what the edited record says
  /// gives way to it (at most four rounds).
  func restore(_ entries: [Tree.Member], into plan: Plan) {
    let frame = plan.frame
    let slots = frame.slots
    var overlaid: [(target: Int, before: Slot)] = []
    var removed: Set<[UInt8]> = []
    // What has no register, objects and lists in the place of mapped values among them; the canonical values (on the way back) that
    // these keep from being read.
    var extras: [(extra: OutputExtra, target: Int?)] = []
    func failing() -> Set<Int> {
      Set(extras.compactMap(\.target).flatMap { targetFeeds[$0] }.compactMap { canonicalBack[$0] })
    }
    // Nulls where the target's format has none: they are written as nothing and meant as nulls.
    var nulls: Set<Int> = []
    for entry in entries {
      if entry.name.isEmpty {
        if case .array(let names) = entry.value {
          for case .text(let name) in names { removed.insert(name) }
        }
        continue
      }
      guard let name = String(validating: entry.name, as: UTF8.self) else { continue }
      if let index = targetByName[name], let value = Native.slot(entry.value, frame: frame) {
        let register = plan.targetLeaves[index].leaf.register
        overlaid.append((index, slots[register]))
        let isUnwritten = value.kind == .null && !plan.hasNull(plan.targetFormat, target: true)
        if isUnwritten { nulls.insert(index) }
        slots[register] = isUnwritten ? .absent : value
      } else if let extra = ReturnTrip.extra(entry.value, name, plan, targetByName, among: entries), plan.takes(extra) {
        let index = targetByName[name]
        if let index {
          let register = plan.targetLeaves[index].leaf.register
          overlaid.append((index, slots[register]))
          slots[register] = .absent
        }
        extras.append((extra, index))
      } else {
        // No place in this shape or format: it goes to the run's residue like what others wrote.
        plan.parkNative(entry, of: plan.target.name)
      }
    }
    for name in removed {
      guard let name = String(validating: name, as: UTF8.self), let index = targetByName[name] else { continue }
      let register = plan.targetLeaves[index].leaf.register
      overlaid.append((index, slots[register]))
      slots[register] = .absent
    }
    defer { plan.extras.append(contentsOf: extras.map(\.extra)) }
    for _ in 0..<4 where !overlaid.isEmpty {
      let differing = replay(plan, failing(), nulls: nulls)
      if differing.isEmpty { return }
      var next: [(target: Int, before: Slot)] = []
      var changed = false
      for (index, before) in overlaid {
        if targetFeeds[index].contains(where: differing.contains) {
          slots[plan.targetLeaves[index].leaf.register] = before
          extras.removeAll { $0.target == index }
          nulls.remove(index)
          changed = true
        } else {
          next.append((index, before))
        }
      }
      overlaid = next
      if !changed { return }
    }
  }

  /// What has no register of its own; nil where the name is no path.
  ///
  /// - entries: all that comes back.
  static func extra(
    _ value: Tree, _ name: String, _ plan: Plan, _ targetByName: [String: Int], among entries: [Tree.Member]
  ) -> OutputExtra? {
    // A value in JSON has no attributes, nor has an attribute in XML.
    if plan.targetFormat.isJSON || plan.targetFormat == .xml, let path = PathStep.parse(name), path.count > 1,
      let index = targetByName[PathStep.text(path.dropLast())]
    {
      if plan.targetFormat.isJSON { return nil }
      let written = LayoutBuilder.written(plan.targetLeaves[index].leaf, in: plan.target, format: .xml)
      if case .name(let own)? = written.last, own.hasPrefix("@"), case .name(let last)? = path.last, last.hasPrefix("@"),
        // The attribute may be one of an element beside it, which has a path of its own.
        case let element = PathText.quoted(Array(PathStep.text(path.dropLast()).utf8)), !entries.contains(where: { $0.name == element })
      {
        return nil
      }
    }
    if let index = targetByName[name] {
      var path = LayoutBuilder.written(plan.targetLeaves[index].leaf, in: plan.target, format: plan.targetFormat)
      // An attribute holds no elements: they stood in an element of the field's own name, which is read too.
      if case (.name(let attribute)?, .name(let own)?) = (path.last, plan.targetLeaves[index].leaf.path.last), attribute.hasPrefix("@") {
        path[path.count - 1] = .name(own.hasPrefix("@") ? String(own.dropFirst()) : own)
      }
      return OutputExtra(path: path, value: value)
    }
    if let path = attributePath(name, plan, targetByName, among: entries) { return OutputExtra(path: path, value: value) }
    // Where a field of this format stands, nothing else can.
    guard let path = PathStep.parse(name), !PathText.isAround(name.utf8), !plan.targetPlaces.contains(path) else { return nil }
    return OutputExtra(path: path, value: value)
  }

  /// Where an attribute goes whose element had a field's name in another case: the field's own element has come back in its place. Not
  /// one of an element that another spelling won over, which comes back itself.
  private static func attributePath(
    _ name: String, _ plan: Plan, _ targetByName: [String: Int], among entries: [Tree.Member]
  ) -> [PathStep]? {
    guard plan.targetFormat == .xml, plan.target.ignoresCase, let path = PathStep.parse(name), path.count > 1,
      case .name(let attribute)? = path.last, attribute.hasPrefix("@")
    else { return nil }
    let element = PathStep.text(path.dropLast())
    let small = element.lowercased()
    guard targetByName[element] == nil, !entries.contains(where: { $0.name.elementsEqual(element.utf8) }),
      let target = plan.targetLeaves.first(where: { $0.leaf.field >= 0 && $0.leaf.name.lowercased() == small })
    else { return nil }
    let written = LayoutBuilder.written(target.leaf, in: plan.target, format: .xml)
    if case .name(let own)? = written.last, own.hasPrefix("@") { return nil }
    return written + path.suffix(1)
  }

  /// Canonical fields that the target, as it stands now, would give otherwise than the record has them.
  private func replay(_ plan: Plan, _ failing: Set<Int>, nulls: Set<Int>) -> Set<Int> {
    let state = plan.state
    run(state, failing)
    let meantNull = hasNull ? Set(nulls.flatMap { targetFeeds[$0] }) : []
    var differing: Set<Int> = []
    for (index, leaf) in plan.sourceLeaves.enumerated() where leaf.field >= 0 {
      let original = plan.frame.slots[leaf.register]
      var back = Slot.absent
      if let place = returned[index] {
        back = CarryStep.carry(plan.frame.slots[place.register], place.leaf, isTyped: isTyped, hasNull: hasNull, plan.frame)
      }
      if back.isAbsent, !meantNull.isDisjoint(with: plan.feeds[index]) { back = .null }
      if original == back || isSame(original, back, plan.frame) { continue }
      for canonical in plan.feeds[index] { differing.insert(canonical) }
    }
    return differing
  }
}

/// `native` in the three carriers of canonical: JSON object, CSV cell with that JSON, XML elements.
package enum Native {
  /// A slot as a tree, as the residue spells it.
  package static func literal(_ slot: Slot, frame: Frame, format: Format) -> Tree {
    switch slot.kind {
    case .subtree:
      let raw = Array(frame.raw(slot))
      if format == .xml { return (try? XMLReference.fragment(raw, aids: .needed)) ?? .text(raw) }
      return (try? JSONReference.parse(raw)) ?? .text(raw)
    default: return RecordTree.value(slot, frame: frame, isText: false) ?? .null
    }
  }

  /// Leaves of a slot as its reader counts them.
  static func leafCount(_ slot: Slot, frame: Frame, format: Format, layout: Layout) -> Int {
    guard slot.kind == .subtree, format == .xml else { return literal(slot, frame: frame, format: format).leafCount }
    return (try? XMLReference.fragment(Array(frame.raw(slot)), declared: XMLDeclared(layout)))?.leafCount ?? 1
  }

  /// Leaves of what stands in `native`: declarations of XML prefixes and the order of mixed content are none.
  ///
  /// - path: its last name is the path that `native` has.
  package static func leafCount(_ path: [UInt8], _ value: Tree) -> Int {
    func isAid(_ name: [UInt8]) -> Bool { name == XMLNode.orderName || name.starts(with: XMLNode.namespaceMark) }
    func count(_ value: Tree) -> Int {
      guard case .object(let members) = value, !members.isEmpty else {
        if case .array(let items) = value, !items.isEmpty { return items.reduce(0) { $0 + count($1) } }
        return 1
      }
      return members.reduce(0) { $0 + (isAid($1.name) ? 0 : count($1.value)) }
    }
    if case .name(let own)? = String(validating: path, as: UTF8.self).flatMap(PathStep.parse)?.last,
      case .name(let name)? = PathStep.parse(own)?.last, isAid(Array(name.utf8))
    {
      return 0
    }
    return count(value)
  }

  /// The systems that left something: { system: { path: literal } }.
  package static func tree(_ slot: Slot, frame: Frame, format: Format) -> Tree? {
    switch slot.kind {
    case .subtree where format == .xml:
      guard let native = try? XMLReference.fragment(Array(frame.raw(slot))) else { return nil }
      return fromXML(native)
    case .subtree, .text:
      guard let tree = try? JSONReference.parse(Array(slot.kind == .text ? frame.text(slot) : frame.raw(slot))) else { return nil }
      return tree
    default: return nil
    }
  }

  /// `<native system="x"><v path="…" kind="null">text</v></native>`, one element a system.
  static func xml(_ native: Tree) -> [OutputExtra] {
    guard case .object(let systems) = native else { return [] }
    let elements = systems.map { system -> Tree in
      guard case .object(let entries) = system.value else { return .object([]) }
      let values = entries.flatMap { entry -> [Tree] in
        // No path is empty: under that name stand the leaves that were absent.
        if entry.name.isEmpty, case .array(let absent) = entry.value {
          return absent.map { .object([Tree.Member("@path", $0), Tree.Member("@kind", .text("absent"))]) }
        }
        var members = [Tree.Member("@path", .text(entry.name))]
        let (kind, text) = spelt(entry.value)
        if let kind { members.append(Tree.Member("@kind", .text(kind))) }
        if !text.isEmpty { members.append(Tree.Member("#text", .text(text))) }
        return [.object(members)]
      }
      return .object([Tree.Member("@system", .text(system.name)), Tree.Member("v", values.count == 1 ? values[0] : .array(values))])
    }
    return [OutputExtra(path: [.name("native")], value: elements.count == 1 ? elements[0] : .array(elements))]
  }

  /// Whether all of it is what is written there.
  static func isOurs(_ slot: Slot, frame: Frame, format: Format) -> Bool {
    guard case .object(let systems)? = tree(slot, frame: frame, format: format) else { return false }
    return systems.allSatisfy { if case .object(let entries) = $0.value { isOurs(entries) } else { false } }
  }

  /// One value a path, and under no name the list of what was absent.
  static func isOurs(_ entries: [Tree.Member]) -> Bool {
    guard Set(entries.map(\.name)).count == entries.count else { return false }
    guard let absent = entries.first(where: { $0.name.isEmpty }) else { return true }
    guard case .array(let names) = absent.value else { return false }
    return names.allSatisfy { if case .text = $0 { true } else { false } }
  }

  private static func spelt(_ value: Tree) -> (String?, [UInt8]) {
    switch value {
    case .null: return ("null", [])
    case .bool(let value): return ("boolean", Array((value ? "true" : "false").utf8))
    case .number(let characters): return ("number", characters)
    case .text(let text): return (nil, text)
    case .object, .array:
      return (value[0] == nil && value != .array([]) ? "object" : "array", JSONTree.bytes(value))
    }
  }

  private static func fromXML(_ native: Tree) -> Tree? {
    let elements: [Tree] = if case .array(let items) = native { items } else { [native] }
    var systems: [Tree.Member] = []
    for element in elements {
      guard case .text(let name)? = element["@system"] else { return nil }
      let values: [Tree] = switch element["v"] {
      case .array(let items)?: items
      case let one?: [one]
      case nil: []
      }
      var entries: [Tree.Member] = []
      var absent: [Tree] = []
      // Anything but what we write there was put by somebody else: then none of it is taken.
      guard case .object(let parts) = element, parts.allSatisfy({ ["@system", "v"].contains(String(decoding: $0.name, as: UTF8.self)) })
      else { return nil }
      for value in values {
        guard case .object(let parts) = value, case .text(let path)? = value["@path"],
          parts.allSatisfy({ ["@path", "@kind", "#text"].contains(String(decoding: $0.name, as: UTF8.self)) }),
          !entries.contains(where: { $0.name == path })
        else { return nil }
        var text: [UInt8] = []
        if let content = value["#text"] {
          guard case .text(let content) = content else { return nil }
          text = content
        }
        let kind: String = if case .text(let kind)? = value["@kind"] { String(decoding: kind, as: UTF8.self) } else { "" }
        if kind == "absent", text.isEmpty {
          absent.append(.text(path))
          continue
        }
        let literal: Tree
        switch kind {
        case "": literal = .text(text)
        case "null": literal = .null
        case "boolean", "number", "object", "array":
          guard let parsed = try? JSONReference.parse(text) else { return nil }
          literal = parsed
        default: return nil
        }
        if spelt(literal).0 ?? "" != kind || kind == "null" && !text.isEmpty { return nil }
        entries.append(Tree.Member(path, literal))
      }
      if !absent.isEmpty { entries.append(Tree.Member([], .array(absent))) }
      systems.append(Tree.Member(name, .object(entries)))
    }
    return .object(systems)
  }

  /// A literal for a register; nil for objects and lists.
  /// - keepsKind: the writer is to write it as its kind and state, whatever the field's own rules are.
  static func slot(_ tree: Tree, frame: Frame, keepsKind: Bool = true) -> Slot? {
    let slot: Slot
    switch tree {
    case .null: slot = Slot(.null, offset: 0, length: 0, space: .pool)
    case .bool(let value): slot = BooleanTransform.slot(value)
    case .number(let characters): slot = frame.store(characters, as: .number)
    case .text(let text): slot = frame.store(text)
    case .object, .array: return nil
    }
    return keepsKind ? slot.asRestored : slot
  }
}
