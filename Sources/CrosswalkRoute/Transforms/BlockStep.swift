import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// A block of free text read into its parts, where what it holds is certain; else it stays whole.
final class BlockStep: PlanStep {
  static let spec = TransformSpec(
    name: "block", summary: "reads a block of free text into address, phones and web address, where that is certain",
    parameters: [
      ("block", "part → canonical field; `rest` takes what is left"),
      ("by", "option.NAME: its choice `split` asks for it, any other leaves the text whole"),
    ],
    inverse: .normalising, loses: "the order of its lines and their labels: they return through the residue",
    examples: [
      .init(
        use: "{ block: { city: address.city, region: address.region, postalCode: address.postalCode, fax: phone.fax, rest: notes } }",
        reads: [
          (
            #""Boston, MA 02118\nF: 617-555-0142\nAsk for Jo""#,
            #"{"phone":{"fax":"617-555-0142"},"address":{"city":"Boston","region":"MA","postalCode":"02118"},"notes":"Ask for Jo"}"#
          ), (#""Ask for Jo""#, #"{"details":"Ask for Jo"}"#),
        ])
    ])

  private let from: Int
  private let whole: Int
  private let parts: [(name: String, to: Int)]
  private let leaf: Int
  /// Registers of the parts; those of a text that stayed whole are absent.
  var partRegisters: [Int] { parts.map(\.to) }
  let rules: BlockRules
  /// Not where the text was composed of values that are known.
  var isOn = true
  /// Canonical values that the text was put together from, in place of what it says: the whole and the parts.
  var given: [(from: Int, to: Int)] = []

  init(from: Int, whole: Int, parts: [(name: String, to: Int)], leaf: Int, rules: BlockRules) {
    self.from = from
    self.whole = whole
    self.parts = parts
    self.leaf = leaf
    self.rules = rules
  }

  override func run(_ state: RecordState) {
    let frame = state.frame
    let slots = frame.slots
    for part in parts { slots[part.to] = .absent }
    slots[whole] = slots[from]
    guard given.isEmpty else {
      slots[whole] = .absent
      for (from, to) in given { slots[to] = slots[from].asRead }
      return
    }
    guard isOn, slots[from].kind == .text, slots[from].length > 0 else { return }
    let text = Array(frame.literal(slots[from]))
    guard let block = BlockText(text, rules) else {
      state.notices.append((leaf, slots[from], .unstructured))
      return
    }
    // A part that the mapping has no field for stays with what is left.
    let known = Set(parts.map(\.name))
    slots[whole] = .absent
    for part in parts {
      if let value = block.value(part.name, in: text, known: known) { slots[part.to] = frame.store(value) }
    }
  }
}
