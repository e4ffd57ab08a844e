/// The transforms of the mapping language: their names, and what a mapping file may say about each.
enum TransformGrammar {
  /// What stands behind the colon of `as: { NAME: … }`.
  enum Argument: Sendable {
    /// Nothing: `as: not`.
    case none
    case text
    case word([String])
    /// Field names, at least two.
    case names
    /// Word → spellings.
    case choices
    /// A mapping with these keys, the required ones first.
    case keys(required: [String], optional: [String])
    /// Part → canonical field.
    case parts([String])
  }

  struct Spec: Sendable {
    var name: String
    var argument: Argument
    /// The other keys of `{ NAME: …, KEY: … }`.
    var required: [String] = []
    var optional: [String] = []
    /// Reading loses what writing would need.
    var isOneWay = false
  }

  /// What a block of free text may hold; `rest` is what is left of it.
  static let blockParts = [
    "street", "city", "region", "postalCode", "country", "main", "mobile", "fax", "email", "web", "rest",
  ]

  /// In alphabetical order.
  static let specs: [Spec] = [
    Spec(name: "block", argument: .parts(blockParts), optional: ["by"]),
    Spec(name: "boolean", argument: .none),
    Spec(name: "case", argument: .word(["upper", "lower"])),
    Spec(name: "choice", argument: .choices, optional: ["ignore", "write"]),
    Spec(name: "constant", argument: .text),
    Spec(name: "country", argument: .word(["code", "alpha3", "name", "NAME"])),
    Spec(name: "currency", argument: .word(["code"])),
    Spec(name: "default", argument: .text),
    Spec(name: "epoch", argument: .word(["s", "ms"])),
    Spec(name: "instant", argument: .text, optional: ["zone"]),
    Spec(name: "integer", argument: .keys(required: ["unset"], optional: [])),
    Spec(name: "join", argument: .keys(required: ["of"], optional: ["with"])),
    Spec(name: "labelled", argument: .text, optional: ["by"]),
    Spec(name: "lines", argument: .names),
    Spec(name: "msDate", argument: .none),
    Spec(name: "not", argument: .none),
    Spec(name: "oneLine", argument: .text),
    Spec(name: "prefix", argument: .text),
    Spec(name: "region", argument: .word(["code", "name"]), required: ["in"]),
    Spec(name: "split", argument: .keys(required: ["at", "take"], optional: []), isOneWay: true),
    Spec(name: "trim", argument: .none),
  ]
}
