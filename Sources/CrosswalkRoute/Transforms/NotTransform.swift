import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// A boolean turned round, both ways.
final class NotTransform: Transform {
  static let spec = TransformSpec(
    name: "not", summary: "a boolean turned round, both ways", parameters: [], inverse: .exact, loses: "",
    examples: [
      .init(use: "not", reads: [("true", "false"), ("\"false\"", "true"), ("\"maybe\"", nil)], writes: [("true", "false")])
    ])

  override func read(_ slot: Slot, _ frame: Frame) -> Slot? {
    BooleanTransform.value(slot, frame, words: false).map { BooleanTransform.slot(!$0) }
  }

  override func write(_ slot: Slot, _ frame: Frame) -> Slot? { read(slot, frame) }
}
