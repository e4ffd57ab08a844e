import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel

/// The spellings of a boolean that systems use, read as one.
final class BooleanTransform: Transform {
  static let spec = TransformSpec(
    name: "boolean", summary: "reads true, false, 1, 0 and their texts in any case as a boolean", parameters: [],
    inverse: .normalising, loses: "which of the spellings it was",
    examples: [
      .init(
        use: "boolean", reads: [("1", "true"), ("\"0\"", "false"), ("\"TRUE\"", "true"), ("false", "false"), ("2", nil)],
        writes: [("true", "true"), ("\"false\"", "false")])
    ])

  override func read(_ slot: Slot, _ frame: Frame) -> Slot? {
    BooleanTransform.value(slot, frame, words: true).map(BooleanTransform.slot)
  }

  override func write(_ slot: Slot, _ frame: Frame) -> Slot? {
    BooleanTransform.value(slot, frame, words: false).map(BooleanTransform.slot)
  }

  static func slot(_ value: Bool) -> Slot { Slot(value ? .true : .false, offset: 0, length: 0, space: .pool) }

  /// - words: accept 1, 0 and any case, not only `true` and `false`.
  static func value(_ slot: Slot, _ frame: Frame, words: Bool) -> Bool? {
    switch slot.kind {
    case .true: return true
    case .false: return false
    case .number, .text:
      let text = frame.text(slot)
      if words {
        let key = Table.key(text)
        if key.elementsEqual("true".utf8) || key.elementsEqual("1".utf8) { return true }
        if key.elementsEqual("false".utf8) || key.elementsEqual("0".utf8) { return false }
        return nil
      }
      guard slot.kind == .text else { return nil }
      if text.elementsEqual("true".utf8) { return true }
      if text.elementsEqual("false".utf8) { return false }
      return nil
    default: return nil
    }
  }
}
