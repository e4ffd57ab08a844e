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

    package init(
      use: String, reads: [(String, String?)] = [], writes: [(String, String?)] = [], given: [String: String] = [:]
    ) {
      self.use = use
      self.reads = reads
      self.writes = writes
      self.given = given
    }
  }

  package var name: String
  package var summary: String
  package var parameters: [(name: String, summary: String)]
  package var inverse: Inverse
  /// What can be lost on the way there, in words; empty when nothing.
  package var loses: String
  package var examples: [Example]

  package init(
    name: String, summary: String, parameters: [(name: String, summary: String)], inverse: Inverse, loses: String,
    examples: [Example]
  ) {
    self.name = name
    self.summary = summary
    self.parameters = parameters
    self.inverse = inverse
    self.loses = loses
    self.examples = examples
  }
}
