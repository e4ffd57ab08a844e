import CrosswalkMapping
import CrosswalkModel
import CrosswalkYAML

/// An invented system, Kiosk, for the tests of the loader.
enum Kiosk {
  static let canonical = CanonicalModel(
    [
      "id", "name", "active", "created", "notes", "details", "currency.code", "currency.label", "address.street",
      "address.city", "address.region", "address.country", "phone.main", "phone.fax", "company.size", "billing.method",
    ].map { .init(name: $0, type: .text) }
      + [.init(name: "address.full", type: .lines, derivedFrom: ["address.street", "address.city"])])

  static let system = """
    system: kiosk
    formats: [json, xml, csv, form]
    shapes:
      list: { json: [$record], xml: { clients: { client: [$record] } }, csv: $record }
      create: { json: $record, form: $record }

    """

  static let client = """
    system: kiosk
    fields:
      id: id

    """

  static func load(system: String = system, client: String = client) -> (System?, [Diagnostic]) {
    do throws(Diagnostic) {
      return SystemLoader.load(
        name: "kiosk", system: try YAML.parse(Array(system.utf8), file: "system.yaml"),
        client: try YAML.parse(Array(client.utf8), file: "client.yaml"), canonical: canonical)
    } catch {
      return (nil, [error])
    }
  }

  /// Each problem as `CODE FILE:LINE:COLUMN title | help`, further places in brackets.
  static func problems(system: String = system, client: String = client) -> [String] {
    load(system: system, client: client).1.map(rendered)
  }

  /// The problems of one more field, or several lines of them: the first stands on line 4.
  static func problems(fields: String) -> [String] {
    problems(client: client + fields.split(separator: "\n").map { "  \($0)\n" }.joined())
  }

  static func rendered(_ problem: Diagnostic) -> String {
    let places = problem.labels.map(\.place.description)
    let others = places.count > 1 ? " [\(places.dropFirst().joined(separator: ", "))]" : ""
    return "\(problem.code) \(places.first ?? "-") \(problem.title)\(others)" + (problem.help.map { " | \($0)" } ?? "")
  }
}
