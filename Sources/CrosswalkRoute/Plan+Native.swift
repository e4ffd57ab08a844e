import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// What canonical records carry of other systems (SEMANTICS S12).
extension Plan {
  /// Writes `system` and, where the way back would lack something, `native`.
  func giveNative(_ register: Int) {
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
  func takeNative() {
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
  func giveNative(back line: ResidueLine, _ found: ReturnTrip.Findings, _ systemRegister: Int, _ register: Int) {
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
}
