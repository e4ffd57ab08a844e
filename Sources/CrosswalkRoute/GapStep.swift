import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// Keeps the elements of a list at the indexes that the mapping gives them: in front of one that is written, an element without a value
/// has a null (in a format without nulls, an empty text) in its first leaf. A list closes its gaps otherwise, and `a[1]` is read as `a[0]`.
final class GapStep: PlanStep {
  private struct Leaf {
    var from: Int
    var to: Int
    /// Index among the written leaves.
    var leaf: Int
    var layout: Layout.Leaf
    var hasNull: Bool
    var filler: Slot
  }

  /// Per list, the leaves of each of its elements, in the order of their indexes; a list around another one comes first.
  private let lists: [[[Int]]]
  private let leaves: [Leaf]

  /// - leaves: those that are written; such as stand in a list get a register of their own.
  /// - paths: where each of them is written.
  /// - Returns: nil where no list has elements by number.
  init?(_ leaves: inout [TargetLeaf], at paths: [[PathStep]], hasNull: (TargetLeaf) -> Bool, builder: inout PlanBuilder) {
    var byPrefix: [[PathStep]: [Int: [Int]]] = [:]
    var inside: [Int] = []
    for (index, path) in paths.enumerated() {
      for (depth, step) in path.enumerated() {
        guard case .index(let number) = step else { continue }
        byPrefix[Array(path[..<depth]), default: [:]][number, default: []].append(index)
        if inside.last != index { inside.append(index) }
      }
    }
    guard byPrefix.values.contains(where: { $0.count > 1 }) else { return nil }
    var own: [Leaf] = []
    for index in inside {
      let to = builder.register()
      let from = leaves[index].leaf.register
      leaves[index].leaf.register = to
      leaves[index].leaf.layout.register = to
      if !leaves[index].isRequired { leaves[index].isSupplied = true }
      let hasNull = hasNull(leaves[index])
      let filler = hasNull ? Slot(.null, offset: 0, length: 0, space: .pool) : Slot(.text, offset: 0, length: 0, space: .pool)
      own.append(Leaf(from: from, to: to, leaf: index, layout: leaves[index].leaf.layout, hasNull: hasNull, filler: filler.asRestored))
    }
    self.leaves = own
    let places = Dictionary(inside.enumerated().map { ($1, $0) }) { first, _ in first }
    lists = byPrefix.sorted { ($0.key.count, $0.value.values.joined().min() ?? 0) < ($1.key.count, $1.value.values.joined().min() ?? 0) }.map { list in
      list.value.sorted { $0.key < $1.key }.map { $0.value.compactMap { places[$0] } }
    }
  }

  override func run(_ state: RecordState) {
    let slots = state.frame.slots
    for leaf in leaves { slots[leaf.to] = slots[leaf.from] }
    fill(state)
  }

  /// Again, after something was laid over what the steps gave.
  func fill(_ state: RecordState) {
    let slots = state.frame.slots
    for items in lists {
      guard let last = items.lastIndex(where: { $0.contains { isWritten(leaves[$0], slots[leaves[$0].to]) } }) else { continue }
      for item in items[..<last] where !item.contains(where: { isWritten(leaves[$0], slots[leaves[$0].to]) }) {
        guard let first = item.first else { continue }
        slots[leaves[first].to] = leaves[first].filler
        state.supplied.append(-1 - leaves[first].leaf)
      }
    }
  }

  private func isWritten(_ leaf: Leaf, _ slot: Slot) -> Bool {
    switch slot.kind {
    case .absent: false
    case .null: leaf.hasNull && (leaf.layout.writesNull || slot.isRestored)
    case .text: slot.length > 0 || leaf.layout.writesEmpty || slot.isRestored
    default: true
    }
  }
}
