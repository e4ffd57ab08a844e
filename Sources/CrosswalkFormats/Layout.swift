import CrosswalkModel

/// Where each field of a record stands in one format: the tree of names that a reader looks for and a writer writes, compiled
/// from a system's mapping with the format's own names. Leaves name a register of the `Frame`.
package struct Layout: Sendable {
  package struct Leaf: Sendable {
    package var register: Int
    /// Written as text, whatever kind the value has (JSON: a number in quotes). Otherwise written as its kind.
    package var isText = true
    /// Written when null; when empty text. If not, the leaf is left out.
    package var writesNull = true
    package var writesEmpty = true
    /// The value of the system's type attribute in XML (`type="integer"`), on write.
    package var xmlType: String?

    package init(register: Int) { self.register = register }
  }

  package indirect enum Content: Sendable {
    case leaf(Leaf)
    case object([Member])
    /// A list of objects told apart by the text of a member: `ContactList[Tag=PRIMARY]`. The first element that has it.
    case picks(key: String, cases: [Case])
    /// A list (XML: a repeated element) of which some elements are named by index, from 0.
    case items([Item])
  }

  package struct Member: Sendable {
    /// As written. In XML a name with `@` is an attribute and `#text` the element's own text.
    package var name: String
    /// Other names accepted on reading.
    package var aliases: [String]
    package var content: Content

    package init(_ name: String, aliases: [String] = [], _ content: Content) {
      self.name = name
      self.aliases = aliases
      self.content = content
    }
  }

  package struct Case: Sendable {
    package var value: String
    package var members: [Member]

    package init(value: String, members: [Member]) {
      self.value = value
      self.members = members
    }
  }

  package struct Item: Sendable {
    package var index: Int
    package var content: Content

    package init(index: Int, content: Content) {
      self.index = index
      self.content = content
    }
  }

  package var members: [Member] = []
  /// Registers that the reader fills and clears: 0 ..< registers.
  package var registers = 0
  /// Names are matched in any case (ASCII); the exact spelling wins over another one in the same record.
  package var ignoresCase = false
  /// XML attributes that declare an encoding and are no leaves (SEMANTICS S1): without the `@`.
  package var typeAttribute: String?
  package var nilAttribute: String?

  package init() {}
}
