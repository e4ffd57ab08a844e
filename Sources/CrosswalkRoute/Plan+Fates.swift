package import CrosswalkFormats
package import CrosswalkMapping
package import CrosswalkModel
import CrosswalkYAML

/// What has become of each value of the record that was mapped last (SEMANTICS S1-S4).
extension Plan {
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
