import Crosswalk
import CrosswalkMapping
import Foundation
import TestSupport
import Testing

/// Typed access to canonical clients.
@Suite struct ClientTests {
  /// What each canonical field is called as a property. A field more in the model needs a property and a line here.
  static let texts: [String: @Sendable (Client) -> String?] = [
    "id": { $0.id }, "name": { $0.name }, "legalName": { $0.legalName }, "displayName": { $0.displayName },
    "accountCode": { $0.accountCode },
    "currency.code": { $0.currency.code }, "currency.label": { $0.currency.label },
    "currency.symbol": { $0.currency.symbol },
    "billing.method": { $0.billing.method }, "billing.email": { $0.billing.email },
    "billing.name": { $0.billing.name }, "billing.street": { $0.billing.street }, "billing.city": { $0.billing.city },
    "billing.region": { $0.billing.region }, "billing.postalCode": { $0.billing.postalCode },
    "billing.country": { $0.billing.country },
    "website": { $0.website },
    "phone.main": { $0.phone.main }, "phone.second": { $0.phone.second }, "phone.mobile": { $0.phone.mobile },
    "phone.fax": { $0.phone.fax },
    "address.street": { $0.address.street }, "address.city": { $0.address.city },
    "address.region": { $0.address.region }, "address.postalCode": { $0.address.postalCode },
    "address.country": { $0.address.country }, "address.full": { $0.address.full },
    "place.name": { $0.place.name }, "place.email": { $0.place.email }, "place.notes": { $0.place.notes },
    "contact.email": { $0.contact.email }, "contact.firstName": { $0.contact.firstName },
    "contact.lastName": { $0.contact.lastName }, "contact.middleName": { $0.contact.middleName },
    "contact.fullName": { $0.contact.fullName }, "contact.prefix": { $0.contact.prefix },
    "contact.title": { $0.contact.title }, "contact.company": { $0.contact.company },
    "contact.phone": { $0.contact.phone }, "contact.fax": { $0.contact.fax },
    "notes": { $0.notes }, "details": { $0.details },
    "industry.name": { $0.industry.name }, "industry.id": { $0.industry.id },
    "invoice.period": { $0.invoice.period }, "invoice.kind": { $0.invoice.kind },
    "invoice.defaultKind": { $0.invoice.defaultKind },
    "created": { $0.created }, "updated": { $0.updated },
    "people.salesperson": { $0.people.salesperson }, "people.caseManager": { $0.people.caseManager },
    "status": { $0.status }, "leadSource": { $0.leadSource },
    "costCenter.a": { $0.costCenter.a }, "costCenter.b": { $0.costCenter.b }, "costCenter.c": { $0.costCenter.c },
    "links.highrise": { $0.links.highrise }, "links.statementKey": { $0.links.statementKey },
    "links.quickbooks.customer": { $0.links.quickbooks.customer },
    "links.quickbooks.class": { $0.links.quickbooks.class },
    "links.quickbooks.sentBy": { $0.links.quickbooks.sentBy },
  ]
  static let integers: [String: @Sendable (Client) -> Int?] = [
    "company.size": { $0.company.size }, "version": { $0.version },
  ]
  static let booleans: [String: @Sendable (Client) -> Bool?] = [
    "active": { $0.active }, "invoice.reminders": { $0.invoice.reminders },
    "invoice.showPlace": { $0.invoice.showPlace },
  ]

  @Test func everyCanonicalFieldHasAPropertyOfItsType() throws {
    let model = try MappingLibrary().canonical()
    for field in model.fields {
      switch field.type {
      case .integer: #expect(Self.integers[field.name] != nil, "\(field.name)")
      case .boolean: #expect(Self.booleans[field.name] != nil, "\(field.name)")
      default: #expect(Self.texts[field.name] != nil, "\(field.name)")
      }
    }
    let known = Set(Self.texts.keys).union(Self.integers.keys).union(Self.booleans.keys)
    #expect(known.subtracting(model.names) == [], "properties without a field")
    let client = try clients(#"[{"name":"A"}]"#)[0]
    #expect(client.allFields == Array(model.names))
  }

  @Test func eachPropertyGivesItsOwnField() throws {
    let model = try MappingLibrary().canonical()
    let records = model.fields.map { field in
      let literal =
        switch field.type {
        case .integer: "4711"
        case .boolean: "true"
        default: "\"<\(field.name)>\""
        }
      return field.name.split(separator: ".").reversed().reduce(literal) { #"{"\#($1)":\#($0)}"# }
    }
    let read = try clients("[\(records.joined(separator: ","))]")
    try #require(read.count == model.fields.count)
    for (field, client) in zip(model.fields, read) {
      for (name, property) in Self.texts {
        #expect(property(client) == (name == field.name ? "<\(name)>" : nil), "\(name)")
      }
      for (name, property) in Self.integers {
        #expect(property(client) == (name == field.name ? 4711 : nil), "\(name)")
      }
      for (name, property) in Self.booleans {
        #expect(property(client) == (name == field.name ? true : nil), "\(name)")
      }
      #expect(client.fields == [field.name])
    }
  }

  @Test func absentNullAndEmptyAreToldApart() throws {
    let client = try clients(#"[{"name":"","notes":null,"phone":{"fax":"1"}}]"#)[0]
    #expect(client.state(of: "name") == .empty && client.name == "")
    #expect(client.state(of: "notes") == .null && client.notes == nil)
    #expect(client.state(of: "details") == .absent && client.details == nil)
    #expect(client.state(of: "phone.fax") == .value && client["phone.fax"] == "1")
    #expect(client.state(of: "phone.fxa") == .absent && client["phone.fxa"] == nil)
  }

  @Test func literalsStayAsTheyAre() throws {
    let client = try clients(
      #"[{"id":469505000000133417,"active":true,"phone":{"main":"\u002b1 \"5\""},"address":{"street":"a\nb","postalCode":"02134"},"company":{"size":3.00E+07},"version":-9223372036854775808}]"#
    )[0]
    #expect(client.id == "469505000000133417")
    #expect(client.active == true && client["active"] == "true")
    #expect(client.phone.main == #"+1 "5""#)
    #expect(client.address.street == "a\nb")
    #expect(client.address.postalCode == "02134")
    #expect(client.company.size == nil && client["company.size"] == "3.00E+07")
    #expect(client.version == .min)
    #expect(
      client.fields == [
        "id", "active", "phone.main", "address.street", "address.postalCode", "company.size", "version",
      ])
  }

  @Test func anIntegerIsNilWhereItsLiteralIsNone() throws {
    let cases: [(literal: String, value: Int?)] = [
      ("0", 0), ("-1", -1), ("9223372036854775807", .max), ("9223372036854775808", nil), ("-9223372036854775808", .min),
      ("-9223372036854775809", nil), ("+1", nil), ("1.0", nil), ("", nil), ("-", nil), (" 1", nil),
    ]
    let records = cases.map { #"{"version":"\#($0.literal)"}"# }.joined(separator: ",")
    #expect(try clients("[\(records)]").map(\.version) == cases.map(\.value))
  }

  @Test func whatNoFieldCanGiveBackIsInNative() throws {
    let folder = try Acme.folder()
    defer { Acme.remove(folder) }
    var job = ConvertJob(
      inputs: [
        .bytes(Array(#"[{"Customer":"A","Colour":"red","Tags":[1,{"b":null}],"Open":"YES"}]"#.utf8), name: "a.json")
      ],
      from: "acme", to: "canonical")
    job.mappings = [folder]
    var read: [Client] = []
    try job.readClients { read.append($0) }
    #expect(read.map(\.system) == ["acme"])
    #expect(read.map(\.name) == ["A"])
    #expect(
      read[0].native == [
        .init(system: "acme", path: "Open", value: .text("YES")),
        .init(system: "acme", path: "Colour", value: .text("red")),
        .init(system: "acme", path: "Tags", value: .array([.number("1"), .object([.init("b", .null)])])),
      ])
    #expect(try clients(#"[{"name":"A"}]"#)[0].native == [])
  }

  @Test func theTextOfAClientSaysNothingOfPeople() throws {
    let client = try clients(#"[{"id":"7","name":"Secret"}]"#)[0]
    #expect("\(client)" == "client 7, 2 fields")
  }

  private func clients(_ json: String) throws -> [Client] {
    var clients: [Client] = []
    try Clients.read(.bytes(Array(json.utf8), name: "clients.json"), from: "canonical") { clients.append($0) }
    return clients
  }
}

/// An invented system in a folder of its own.
enum Acme {
  static func folder() throws -> String {
    let folder = URL.temporaryDirectory.appending(path: "crosswalk-acme-\(UUID().uuidString)")
    let system = folder.appending(path: "acme")
    try FileManager.default.createDirectory(at: system, withIntermediateDirectories: true)
    try Data(
      """
      system: acme
      title: Acme Desk
      formats: [json, csv]
      shapes: { list: { json: [$record], csv: $record }, create: { json: $record } }

      """.utf8
    ).write(to: system.appending(path: "system.yaml"))
    try Data(
      """
      system: acme
      fields:
        Number: { is: id }
        Customer: { is: name, required: [create] }
        Town: address.city
        Phone: phone.main
        Staff: { is: company.size, type: integer }
        Open: { is: active, as: { choice: { "true": [yes], "false": [no] }, ignore: [case] } }

      """.utf8
    ).write(to: system.appending(path: "client.yaml"))
    return folder.path
  }

  static func remove(_ folder: String) { try? FileManager.default.removeItem(atPath: folder) }
}
