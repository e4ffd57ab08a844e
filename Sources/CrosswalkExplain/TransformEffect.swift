package import CrosswalkMapping
import CrosswalkModel
import CrosswalkYAML

/// What a transform, or the kind of a field, can do to a value: known from the mapping file alone.
struct TransformEffect {
  /// Every value becomes another literal, save where `stays` says otherwise.
  var alwaysChanges = false
  var changes: [Condition] = []
  var stays: [Condition] = []
  var fails: [Condition] = []
  /// Nothing may be left of a value.
  var mayEmpty = false
  /// When the way back gives another literal.
  var losesOnReturn: [Condition] = []
  var neverReturns = false
}

extension TransformEffect {
  static func reading(_ use: TransformUse) -> TransformEffect {
    var effect = TransformEffect()
    switch use.name {
    case "not": (effect.alwaysChanges, effect.fails) = (true, [.kind(.boolean)])
    case "boolean": (effect.changes, effect.fails) = ([.spelling], [.kind(.boolean)])
    case "choice":
      (effect.alwaysChanges, effect.fails) = (true, [.notListed("choices")])
      if use.hasOwnSpelling { effect.stays = [.sameSpelling] }
    case "instant", "epoch", "msDate":
      (effect.alwaysChanges, effect.stays) = (true, [.sameSpelling, .kind(.instant)])
    case "trim": (effect.changes, effect.mayEmpty) = ([.holds("blanks at an end")], true)
    case "prefix": (effect.changes, effect.mayEmpty) = ([.holds("the prefix `\(use.argument?.text ?? "")`")], true)
    case "split": (effect.changes, effect.mayEmpty) = ([.holds("`\(use.argument?["at"]?.text ?? ":")`")], true)
    default: break
    }
    effect.addReturn(use)
    return effect
  }

  static func writing(_ use: TransformUse) -> TransformEffect {
    var effect = TransformEffect()
    switch use.name {
    case "not": (effect.alwaysChanges, effect.fails) = (true, [.kind(.boolean)])
    case "boolean": effect.fails = [.kind(.boolean)]
    case "choice": (effect.alwaysChanges, effect.stays, effect.fails) = (true, [.sameSpelling], [.notListed("choices")])
    case "country": (effect.changes, effect.fails) = ([.spelling], [.notListed("countries")])
    case "currency": (effect.changes, effect.fails) = ([.spelling], [.notListed("currencies")])
    case "region": (effect.changes, effect.fails) = ([.spelling], [.notListed("regions")])
    case "case": effect.changes = [.spelling]
    case "prefix": (effect.alwaysChanges, effect.stays) = (true, [.sameSpelling])
    case "oneLine": effect.changes = [.moreLines(1)]
    case "instant", "epoch", "msDate":
      (effect.alwaysChanges, effect.stays) = (true, [.sameSpelling, .kind(.instant)])
    default: break
    }
    effect.addReturn(use)
    return effect
  }

  /// Bringing a value to the kind of the field that writes it.
  static func writing(_ type: ValueType) -> TransformEffect {
    var effect = TransformEffect()
    switch type {
    case .integer, .boolean: effect.fails = [.kind(type)]
    case .instant: (effect.changes, effect.losesOnReturn) = ([.spelling], [.spelling])
    case .text, .lines, .code, .choice: break
    }
    return effect
  }

  /// The same whichever side has it: what one way does the other undoes, up to the normal form.
  private mutating func addReturn(_ use: TransformUse) {
    switch use.name {
    case "boolean", "choice", "country", "currency", "region", "case", "instant", "epoch", "msDate": losesOnReturn = [.spelling]
    case "oneLine": losesOnReturn = [.moreLines(1)]
    case "trim": losesOnReturn = [.holds("blanks at an end")]
    case "prefix": losesOnReturn = [.sameSpelling, .holds("the prefix `\(use.argument?.text ?? "")`")]
    case "lines":
      losesOnReturn = [.moreLines(use.argument?.items?.count ?? 1), .lineBreaks]
    case "split", "join": neverReturns = true
    default: break
    }
  }
}

extension TransformUse {
  /// A word of the choice is a spelling of it as well.
  var hasOwnSpelling: Bool {
    (argument?.entries ?? []).contains { choice in
      guard let word = choice.key.text else { return false }
      return (choice.value.items ?? [choice.value]).contains { $0.text.map(plain) == plain(word) }
    }
  }

  /// Reading changes something, or joins several values.
  var actsOnReading: Bool {
    !["country", "currency", "region", "oneLine", "case", "integer", "default", "constant"].contains(name)
  }
  /// Writing does.
  var actsOnWriting: Bool { !["block", "integer", "trim", "split"].contains(name) }

  /// As a mapping file words it behind `as:`, without the long parts.
  package var text: String {
    var text = name
    if name == "block" { return text }
    if let argument {
      if let word = argument.text {
        let isBare =
          !word.isEmpty && word.utf8.first != 0x20 && word.utf8.last != 0x20 && word.utf8.first != UInt8(ascii: ",")
        text += isBare ? ": \(word)" : ": \"\(word)\""
      } else if let items = argument.items {
        text += ": [\(items.compactMap(\.text).joined(separator: ", "))]"
      } else if let entries = argument.entries, entries.allSatisfy({ $0.value.text != nil }) {
        text += ": { " + entries.map { "\($0.key.text ?? ""): \($0.value.text ?? "")" }.joined(separator: ", ") + " }"
      }
    }
    for (name, value) in parameters where value.text != nil { text += ", \(name): \(value.text ?? "")" }
    return text
  }
}
