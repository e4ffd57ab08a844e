package import CrosswalkFormats
package import CrosswalkModel
package import CrosswalkYAML

/// What a transform is, in words and by example: its documentation, its law and its test in one place.
package struct TransformSpec: Sendable {
  /// What putting back gives (SEMANTICS S22).
  package enum Inverse: String, Sendable {
    /// The literal itself.
    case exact
    /// The literal in a normal form; normalising twice changes nothing more.
    case normalising
    /// Nothing: the field needs `oneWay: reason`.
    case none
  }

  package struct Example: Sendable {
    /// The transform as a mapping file writes it behind `as:`.
    package var use: String
    /// Source → canonical; nil when it fails or is not shown.
    package var reads: [(String, String?)] = []
    /// Canonical → target.
    package var writes: [(String, String?)] = []
    /// Canonical fields that the transform looks at besides.
    package var given: [String: String] = [:]
  }

  package var name: String
  package var summary: String
  package var parameters: [(name: String, summary: String)]
  package var inverse: Inverse
  /// What can be lost on the way there, in words; empty when nothing.
  package var loses: String
  package var examples: [Example]
}

/// A conversion of one value, both ways. An instance belongs to one field of one plan of one worker, so it may keep what it learnt.
///
/// Null, absent and empty text never come here; objects and lists neither. `nil` says that the value will not convert.
package class Transform {
  package init() {}

  /// Source → canonical.
  package func read(_ slot: Slot, _ frame: Frame) -> Slot? { slot }

  /// Canonical → target.
  package func write(_ slot: Slot, _ frame: Frame) -> Slot? { slot }

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
