import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// Text that came as a bare number: it keeps its characters, and what the number may have lost before is said (SEMANTICS S16).
struct NumberLeaves {
  private struct Leaf {
    var index: Int
    var register: Int
    /// Where the country stands, and the least digits of a code there.
    var country: Int?
    var least: [[UInt8]: Int]
  }

  /// Their registers, modulo 64.
  let mask: UInt64
  private let leaves: [Leaf]
  private let countries: Table?

  init(source: System, leaves: [MappedLeaf], feeds: [[Int]], canonical: [Int?], settings: PlanSettings) {
    var found: [Leaf] = []
    for (index, leaf) in leaves.enumerated() where leaf.field >= 0 && source.fields[leaf.field].type == .text {
      let fields = feeds[index].map { settings.canonical.fields[$0] }
      guard fields.contains(where: { $0.type == .text }) else { continue }
      let digits = fields.lazy.compactMap(\.digits).first
      found.append(
        Leaf(
          index: index, register: leaf.register,
          country: digits.flatMap { settings.canonical.index(of: $0.country) }.flatMap { canonical[$0] },
          least: Dictionary(uniqueKeysWithValues: (digits?.least ?? [:]).map { (Array($0.key.utf8), $0.value) })))
    }
    self.leaves = found
    countries = found.contains { $0.country != nil } ? settings.tables("countries") : nil
    mask = found.reduce(0) { $0 | 1 << UInt64($1.register % 64) }
  }

  func note(in state: RecordState) {
    let frame = state.frame
    for leaf in leaves where frame.slots[leaf.register].kind == .number {
      let slot = frame.slots[leaf.register]
      let text = frame.text(slot)
      if text.contains(where: { $0 | 0x20 == UInt8(ascii: "e") }) {
        state.notices.append((leaf.index, slot, .exponent))
      } else if let country = leaf.country, frame.slots[country].kind == .text, let countries,
        let row = CountryTransform.find(Array(frame.text(frame.slots[country])), in: countries), let least = leaf.least[row[0]],
        text.count < least, text.allSatisfy({ $0 &- 0x30 < 10 })
      {
        state.notices.append((leaf.index, slot, .lostZeros))
      }
    }
  }
}
