import CrosswalkFormats
package import CrosswalkModel

/// A record leaf by leaf, without a document: for who judges mappings. Files go through readers and writers.
extension Plan {
  /// Puts a record into the frame, for `map()`: values by their place among `sourceLeaves`; what is left out is absent.
  ///
  /// Objects and lists only where the source's format is JSON.
  package func take(_ values: [(leaf: Int, value: Tree)]) {
    frame.arena.reset()
    frame.slots.update(repeating: .absent, count: frame.count)
    frame.extras.removeAll()
    frame.leaves = values.count
    frame.hasContainerLeaf = false
    frame.hasLosingSpelling = false
    (frame.blanks, frame.numbers) = (~0, ~0)
    for (leaf, value) in values {
      let slot = slot(value)
      frame.slots[sourceLeaves[leaf].register] = slot
      if slot.kindBits >= UInt64(Kind.emptyObject.rawValue) { frame.hasContainerLeaf = true }
    }
  }

  private func slot(_ value: Tree) -> Slot {
    if let slot = Native.slot(value, frame: frame, keepsKind: false) { return slot }
    switch value {
    case .object(let members) where members.isEmpty: return Slot(.emptyObject, offset: 0, length: 0)
    case .array(let items) where items.isEmpty: return Slot(.emptyArray, offset: 0, length: 0)
    default: return frame.store(JSONTree.bytes(value), as: .subtree)
    }
  }

  /// What a reader of the written document would find at one of `targetLeaves`, of the record that was mapped last; nil where
  /// nothing stands.
  package func given(_ target: Int) -> Tree? {
    let leaf = targetLeaves[target].leaf
    let slot = frame.slots[leaf.register]
    if leaf.field < 0 { return RecordTree.value(slot.asRead, frame: frame, isText: false) }
    if !extras.isEmpty {
      let path = LayoutBuilder.written(leaf, in: self.target, format: targetFormat)
      if let extra = extras.first(where: { $0.path == path }) { return extra.value }
    }
    if slot.isAbsent { return nil }
    let written = CarryStep.carry(
      slot, leaf.layout, isTyped: targetFormat.isJSON, hasNull: hasNull(targetFormat, target: true), frame)
    return RecordTree.value(written, frame: frame, isText: false)
  }

  /// What came back to a field that the shape does not have.
  package func givenBeyond(_ path: [PathStep]) -> Tree? { extras.first { $0.path == path }?.value }
}
