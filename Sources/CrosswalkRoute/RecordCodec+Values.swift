import CrosswalkMapping
package import CrosswalkModel
import CrosswalkYAML

/// Values as a system's fields have them.
extension RecordCodec {
  /// What a field may have.
  enum Kind {
    case integer, boolean, text, any
    /// Spellings without what the field passes over; none: any.
    case choice(TransformUse, Set<String>)

    init(_ field: Field) {
      switch field.type {
      case .integer: self = .integer
      case .boolean: self = .boolean
      case .text, .lines, .code: self = .text
      case .instant: self = .any
      case .choice:
        guard let use = field.transforms.first(where: { $0.name == "choice" }) else {
          self = .any
          return
        }
        self = .choice(use, Set(use.spellings.map(use.plain)))
      }
    }
  }

  /// A moment as the field spells it.
  package func moment(_ seconds: Int, in leaf: Int) -> Tree {
    let field = system.fields[leaves[leaf].field]
    let instant = Instant(seconds: seconds)
    for use in field.transforms {
      if use.name == "epoch" { return .number(String(instant.units(perSecond: use.argument?.text == "ms" ? 1000 : 1))) }
      if use.name == "instant", let format = use.argument?.text {
        let zone = use.parameters.first { $0.name == "zone" }?.value.text ?? "UTC"
        if let text = instant.formatted(format, offset: Instant.offset(zone) ?? 0) { return .text(text) }
      }
    }
    return .text(instant.iso ?? [])
  }

  /// Seconds since 1970 of a moment in any form that systems use: ISO 8601 with a `T` or a blank, with or without a zone (none: UTC), a
  /// date alone, Unix seconds. Nil for what is none.
  package static func seconds(_ text: [UInt8]) -> Int? {
    (Instant.iso(text, offset: 0) ?? Instant.unix(text, perSecond: 1))?.seconds
  }

  /// A value as its field keeps it: numbers and booleans that came as text (XML, forms) get their kind. Nil for one that the field
  /// cannot have.
  package func kept(_ value: Tree, in leaf: Int) -> Tree? {
    switch value {
    case .object, .array: return nil
    case .null: return value
    case .text(let text) where text.isEmpty: return value
    default: break
    }
    let literal = RecordCodec.literal(value)
    switch kinds[leaf] {
    case .integer:
      guard literal.withUnsafeBufferPointer(Coercion.isInteger) else { return nil }
      return .number(literal)
    case .boolean:
      switch String(decoding: literal, as: UTF8.self).lowercased() {
      case "true", "1": return .bool(true)
      case "false", "0": return .bool(false)
      default: return nil
      }
    case .choice(let use, let words):
      return words.isEmpty || words.contains(use.plain(String(decoding: literal, as: UTF8.self))) ? value : nil
    // A vendor takes a number for a text, and gives text back.
    case .text: return .text(literal)
    case .any: return value
    }
  }

  /// The characters of a value that is no object or list.
  package static func literal(_ value: Tree?) -> [UInt8] {
    switch value {
    case .text(let text)?: text
    case .number(let characters)?: characters
    case .bool(let value)?: Array((value ? "true" : "false").utf8)
    default: []
    }
  }
}

extension RecordCodec {
  /// `2026-01-01T00:00:00Z`.
  package static func iso(_ seconds: Int) -> String { String(decoding: Instant(seconds: seconds).iso ?? [], as: UTF8.self) }
}
