package import CrosswalkFormats
package import CrosswalkMapping
package import CrosswalkModel
import CrosswalkYAML

/// A conversion of one value, both ways. An instance belongs to one field of one plan of one worker, so it may keep what it learnt.
///
/// Null, absent and empty text never come here; objects and lists neither. `nil` says that the value will not convert.
package class Transform {
  package init() {}

  /// Source → canonical.
  package func read(_ slot: Slot, _ frame: Frame) -> Slot? { slot }

  /// Canonical → target.
  package func write(_ slot: Slot, _ frame: Frame) -> Slot? { slot }

  /// `read` for a text that a person gave: the word of the canonical model will do as well.
  package func readGiven(_ slot: Slot, _ frame: Frame) -> Slot? { read(slot, frame) }

  /// What writing depends on besides the value, as its table names it; empty where nothing is stated.
  package func within(_ frame: Frame) -> [UInt8] { [] }

  /// Whether reading changes nothing, and whether writing does: such a step is left out of the plan.
  package var readsUnchanged: Bool { false }
  package var writesUnchanged: Bool { false }
}

/// What a transform is built from.
package struct TransformContext {
  package let use: TransformUse
  package let options: (String) -> String?
  /// The choices of an option, in the file's order.
  package let optionChoices: (String) -> [String]
  package let tables: Tables
  /// The register of a canonical field of the same record.
  package let canonical: (String) -> Int?
  /// What a person put in the place of a canonical value that its own field does not convert.
  var replaced: ((String, [UInt8]) -> [UInt8]?)?

  /// A parameter as text: `in: address.country`.
  func text(_ name: String) -> String? { use.parameters.first { $0.name == name }?.value.text }
  func node(_ name: String) -> YAMLNode? { use.parameters.first { $0.name == name }?.value }
  var argumentText: String? { use.argument?.text }
}

extension Frame {
  /// The decoded text of a value of any scalar kind: a number's characters, `true`, `false`.
  package func literal(_ slot: Slot) -> UnsafeBufferPointer<UInt8> {
    switch slot.kind {
    case .true, .false:
      let word = slot.kind == .true ? store("true".utf8) : store("false".utf8)
      return text(word)
    default: return text(slot)
    }
  }
}
