import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// Members of an object that make one text together.
final class JoinStep: PlanStep {
  static let spec = TransformSpec(
    name: "join", summary: "several members read as one text, the text given between them",
    parameters: [("of", "the members"), ("with", "what stands between them")], inverse: .normalising,
    loses: "which part was in which member: the whole is written to the last one",
    examples: [
      .init(
        use: "{ join: { of: [area, number], with: \" \" } }",
        reads: [(#"{"area":"0113","number":"496 0001"}"#, #""0113 496 0001""#), (#"{"number":"496"}"#, #""496""#)],
        writes: [(#""0113 496 0001""#, #"{"number":"0113 496 0001"}"#)])
    ])

  private let members: [Int]
  private let whole: Int
  private let joint: [UInt8]
  private let isReading: Bool

  init(members: [Int], whole: Int, joint: [UInt8], isReading: Bool) {
    self.members = members
    self.whole = whole
    self.joint = joint
    self.isReading = isReading
  }

  override func run(_ state: RecordState) {
    let frame = state.frame
    let slots = frame.slots
    guard isReading else {
      for member in members { slots[member] = .absent }
      slots[members[members.count - 1]] = slots[whole]
      return
    }
    var text: [UInt8] = []
    var count = 0
    if !state.failedCanonical.isEmpty, state.failedCanonical.contains(whole) {
      slots[whole] = .absent
      return
    }
    for member in members where !slots[member].isBlank && slots[member].kindBits < UInt64(Kind.emptyObject.rawValue) {
      if count > 0 { text += joint }
      text += frame.literal(slots[member])
      count += 1
    }
    slots[whole] = count > 0 ? frame.store(text) : slots[members[members.count - 1]]
  }
}
