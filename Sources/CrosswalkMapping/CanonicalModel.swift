package import CrosswalkYAML

/// The fields between the systems, as `canonical/client.yaml` lists them.
package struct CanonicalModel: Sendable {
  package struct Field: Sendable {
    package var name: String
    package var type: ValueType
    /// Canonical fields that this one repeats.
    package var derivedFrom: [String]

    package init(name: String, type: ValueType, derivedFrom: [String] = []) {
      self.name = name
      self.type = type
      self.derivedFrom = derivedFrom
    }
  }

  /// In the file's order.
  package let fields: [Field]
  private let indexes: [String: Int]

  package init(_ fields: [Field]) {
    self.fields = fields
    indexes = Dictionary(fields.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Takes what it understands: mistakes in the file are `SystemLoader`'s to find, for it is a system's file as well.
  package init(_ client: YAMLNode) {
    self.init(
      (client["fields"]?.entries ?? []).map { entry in
        Field(
          name: entry.key.text ?? "", type: entry.value["type"]?.text.flatMap(ValueType.init) ?? .text,
          derivedFrom: entry.value["derived"]?.items?.compactMap(\.text) ?? [])
      })
  }

  package func index(of name: String) -> Int? { indexes[name] }
  package func contains(_ name: String) -> Bool { indexes[name] != nil }
  package subscript(name: String) -> Field? { indexes[name].map { fields[$0] } }

  package var names: some Sequence<String> { fields.lazy.map(\.name) }
}
