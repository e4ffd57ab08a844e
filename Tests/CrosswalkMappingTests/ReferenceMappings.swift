import CrosswalkModel
import CrosswalkReference
import CrosswalkYAML
import Foundation
import TestSupport

/// The mapping files of the repository, for the reference interpreter.
enum ReferenceMappings {
  static let systems = ["bigtime", "canonical", "harvest", "trackops", "zoho-people"]

  static func system(_ name: String) throws -> ReferenceSystem {
    if let system = try loaded.get()[name] { return system }
    return try load(name)
  }

  /// Each once: the tables take their time.
  private static let loaded = Result {
    try Dictionary(uniqueKeysWithValues: systems.map { ($0, try load($0)) })
  }

  static func load(_ name: String, options: [String: String] = [:]) throws -> ReferenceSystem {
    try ReferenceSystem(
      systemYAML: yaml("\(name)/system.yaml"), clientYAML: yaml("\(name)/client.yaml"),
      canonicalYAML: yaml("canonical/client.yaml"), tables: tables(), options: options)
  }

  static func yaml(_ path: String) throws -> YAMLNode {
    try YAML.parse(Repository.bytes(Repository.root.appending(path: "Mappings/\(path)")), file: "Mappings/\(path)")
  }

  static func tables() throws -> [String: [UInt8]] {
    var tables: [String: [UInt8]] = [:]
    for name in ["addresswords", "countries", "currencies", "postcodes", "regions"] {
      tables[name] = try Repository.bytes(Repository.root.appending(path: "Mappings/tables/\(name).csv"))
    }
    return tables
  }

  /// A system written out in a test, with the canonical fields it needs.
  static func invented(
    _ system: String =
      "formats: [json, xml, csv, form]\nshapes:\n  list: { json: [$record], csv: $record }\n  create: { form: $record }",
    fields: String, canonical: String = "a: {}\nb: {}\nc: {}", options: [String: String] = [:]
  ) throws -> ReferenceSystem {
    func indented(_ text: String) -> String { text.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n") }
    return try ReferenceSystem(
      systemYAML: YAML.parse(Array("system: acme\n\(system)".utf8), file: "system.yaml"),
      clientYAML: YAML.parse(Array("system: acme\nfields:\n\(indented(fields))".utf8), file: "client.yaml"),
      canonicalYAML: YAML.parse(
        Array("system: canonical\nfields:\n\(indented(canonical))".utf8), file: "canonical.yaml"),
      tables: needsTables(fields) ? tables() : [:], options: options)
  }

  private static func needsTables(_ fields: String) -> Bool {
    ["country:", "region:", "labelled:"].contains { fields.contains($0) }
  }
}
