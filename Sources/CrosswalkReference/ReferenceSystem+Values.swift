package import CrosswalkModel

/// One value by itself, without the record that it stands in: what the transforms and the kind of one field make of it.
extension ReferenceSystem {
  /// A literal as the canonical value that the field reads it as; nil where the field refuses it.
  package func read(_ literal: Tree, by field: ReferenceField) -> Tree? {
    var value = literal
    for transform in field.transforms where !Self.isOfParts(transform) && !value.isBlank {
      guard let now = try? read(transform, value) else { return nil }
      value = now
    }
    return value.isContainer ? nil : value
  }

  /// A canonical value as the literal that the field writes; nil where the field refuses it.
  ///
  /// - beside: the other canonical values of the record.
  package func write(_ value: Tree, by field: ReferenceField, _ shape: Shape, beside: [String: Tree]) -> Tree? {
    var value = value
    for transform in field.transforms.reversed() where !Self.isOfParts(transform) && !value.isBlank {
      if transform.name == "case", ["integer", "boolean", "instant"].contains(field.writeTypes[shape] ?? field.type) { continue }
      guard let now = try? write(transform, value, beside) else { return nil }
      value = now
    }
    return try? value.brought(to: kind(of: field, shape))
  }

  /// The text of a field that is a code and its label; nil where the table has none for the code.
  package func write(code: Tree?, label: Tree?, by field: ReferenceField) -> Tree? {
    guard let labelled = field.transforms.first(where: { $0.name == "labelled" }) else { return nil }
    return (try? writeLabelled(labelled, code: code, label: label)) ?? nil
  }

  /// The code in the text of such a field.
  package static func code(in label: Tree) -> Tree? {
    (try? label.characters()).flatMap(codeOfLabel).map(Tree.text)
  }
}

extension ReferenceField {
  package var transformNames: [String] { transforms.map(\.name) }
}
