import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// An integer of which one value says "not stated" (`unset: 0`). The literal passes both ways; the fact is for whoever reads the
/// loss report, and for other systems' fallbacks.
final class IntegerTransform: Transform {
  static let spec = TransformSpec(
    name: "integer", summary: "an integer of which one value says that nothing is stated",
    parameters: [("unset", "the literal that says so")], inverse: .exact, loses: "",
    examples: [.init(use: "{ integer: { unset: 0 } }", reads: [("230", "230"), ("0", "0")], writes: [("230", "230")])])

  override var readsUnchanged: Bool { true }
  override var writesUnchanged: Bool { true }
}
