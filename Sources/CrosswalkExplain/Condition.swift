package import CrosswalkMapping

/// What has to be so for a value to fare otherwise than usual: the closed set of SEMANTICS S23.
package enum Condition: Sendable, Hashable {
  /// Null, in a source that has nulls.
  case null
  /// Text without a character.
  case empty
  /// Not of the kind that is written, and of none that becomes it.
  case kind(ValueType)
  /// Of another kind than the field is written in, so that another kind comes back.
  case writtenKind
  /// Not in a table, or not one of the choices.
  case notListed(String)
  /// Spelt otherwise than the writing system does it.
  case spelling
  /// By chance spelt as the writing system does it.
  case sameSpelling
  /// More lines than this.
  case moreLines(Int)
  /// Line breaks other than LF.
  case lineBreaks
  /// The text holds what a transform cuts at or takes away.
  case holds(String)
  /// One of these has a value, and stands in the place.
  case taken([String])
  /// One of these has a value as well, and both make one text.
  case joined([String])
  /// Null or empty, and one of these has a value that stands in the place.
  case filled([String])
  /// Null, and one of these is empty, so that the text of both is.
  case nullBeside([String])
  /// Empty, and one of these is null, which both become.
  case emptyBeside([String])
  /// Nothing else stands in the text that is composed.
  case alone
  /// Something else stands in it.
  case together
  /// The label is not the table's label of its code.
  case label
  /// The label has no code.
  case noCode
  /// The label's code is not the one of this canonical field.
  case otherCode(String)
  /// The target's id comes out of a map.
  case mapped
  /// An object or a list where one value belongs.
  case container
  /// A character that the target's format cannot hold.
  case character
  /// `native` of the record has the target's own literal.
  case native
  /// A block of free text of which nothing, or not this, is certain.
  case unread
  /// A block of free text that was taken apart.
  case read
  /// A block of free text that was taken apart, and one of its parts has no place.
  case unplaced

  /// Says more than `null` and `empty`, which do not count where it holds.
  package var isBeside: Bool {
    switch self {
    case .filled, .nullBeside, .emptyBeside: true
    default: false
    }
  }

  /// One word a case, for programs.
  package var name: String {
    switch self {
    case .null: "null"
    case .empty: "empty"
    case .kind: "kind"
    case .writtenKind: "writtenKind"
    case .notListed: "notListed"
    case .spelling: "spelling"
    case .sameSpelling: "sameSpelling"
    case .moreLines: "moreLines"
    case .lineBreaks: "lineBreaks"
    case .holds: "holds"
    case .taken: "taken"
    case .joined: "joined"
    case .filled: "filled"
    case .nullBeside: "nullBeside"
    case .emptyBeside: "emptyBeside"
    case .alone: "alone"
    case .together: "together"
    case .label: "label"
    case .noCode: "noCode"
    case .otherCode: "otherCode"
    case .mapped: "mapped"
    case .container: "container"
    case .character: "character"
    case .native: "native"
    case .unread: "unread"
    case .read: "read"
    case .unplaced: "unplaced"
    }
  }

  /// Behind "when", in a few words.
  ///
  /// - writer: the system that writes the value: there the target, on the way back the source.
  package func text(_ writer: String) -> String {
    switch self {
    case .null: "null"
    case .empty: "empty"
    case .kind(let type): Condition.kindText(type)
    case .writtenKind: "a number or a boolean stands where text belongs, or text where one of them does"
    case .notListed(let table): table == "choices" ? "none of the choices" : "not in the table `\(table)`"
    case .spelling: "spelt otherwise than \(writer) writes it"
    case .sameSpelling: "already spelt as \(writer) writes it"
    case .moreLines(let count): count == 1 ? "more than one line" : "more than \(count) lines"
    case .lineBreaks: "line breaks other than LF"
    case .holds(let what): "\(what) in it"
    case .taken(let names): "\(Condition.list(names)) has a value"
    case .joined(let names): "\(Condition.list(names)) has a value too"
    case .filled(let names): "null or empty while a value of \(Condition.list(names)) stands there"
    case .nullBeside(let names): "null beside an empty \(Condition.list(names))"
    case .emptyBeside(let names): "empty beside a null \(Condition.list(names))"
    case .alone: "nothing else stands in the text"
    case .together: "something else stands in the text"
    case .label: "the label is not the table's"
    case .noCode: "the label has no code"
    case .otherCode(let name): "the label has another code than `\(name)`"
    case .mapped: "the id comes from the map of `--ids`"
    case .container: "an object or a list stands where one value belongs"
    case .character: "a character that XML has no place for"
    case .native: "`native` brings \(writer)'s own literal back"
    case .unread: "the text does not certainly say it"
    case .read: "the text is taken apart"
    case .unplaced: "the text is taken apart, and one of its parts has no place"
    }
  }

  private static func kindText(_ type: ValueType) -> String {
    switch type {
    case .integer: "not an integer"
    case .boolean: "not true or false"
    case .instant: "not a date with time"
    case .text, .lines, .code, .choice: "a number or a boolean, not text"
    }
  }

  /// At most three names, the rest counted.
  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(names.count > 4 ? 3 : 4)
    if shown.count < names.count {
      return shown.joined(separator: ", ") + " or one of \(names.count - shown.count) more"
    }
    return shown.count == 1 ? shown[0] : shown.dropLast().joined(separator: ", ") + " or " + shown[shown.count - 1]
  }
}
