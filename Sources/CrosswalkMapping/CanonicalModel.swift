package import CrosswalkYAML

/// The fields between the systems, as `canonical/client.yaml` lists them.
package struct CanonicalModel: Sendable {
  package struct Field: Sendable {
    package var name: String
    package var type: ValueType
    /// Canonical fields that this one repeats.
    package var derivedFrom: [String]
    /// `digits: { in: address.country, US: 5 }`: how many digits it has at least where that country is meant, so that a bare number
    /// with fewer has lost its leading zeros.
    package var digits: (country: String, least: [String: Int])?

    package init(
      name: String, type: ValueType, derivedFrom: [String] = [], digits: (country: String, least: [String: Int])? = nil
    ) {
      self.name = name
      self.type = type
      self.derivedFrom = derivedFrom
      self.digits = digits
    }
  }

  /// What the model is called where a system's name may stand.
  package static let name = "canonical"

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
          derivedFrom: entry.value["derived"]?.items?.compactMap(\.text) ?? [],
          digits: entry.value["digits"].flatMap(CanonicalModel.digits))
      })
  }

  private static func digits(_ node: YAMLNode) -> (country: String, least: [String: Int])? {
    guard let country = node["in"]?.text else { return nil }
    var least: [String: Int] = [:]
    for entry in node.entries ?? [] {
      guard let key = entry.key.text, key != "in", let count = entry.value.text.flatMap({ Int($0) }) else { continue }
      least[key] = count
    }
    return (country, least)
  }

  package func index(of name: String) -> Int? { indexes[name] }
  package func contains(_ name: String) -> Bool { indexes[name] != nil }
  package subscript(name: String) -> Field? { indexes[name].map { fields[$0] } }

  package var names: some Sequence<String> { fields.lazy.map(\.name) }
}
