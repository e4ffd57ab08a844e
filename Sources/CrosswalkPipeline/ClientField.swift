/// The canonical fields that a `Client` has properties for, in the order of the canonical mapping. A field more in that file
/// needs a case here, its name below, and a property.
enum ClientField: UInt16, CaseIterable {
  case id, name, legalName, displayName, accountCode, active
  case currencyCode, currencyLabel, currencySymbol
  case billingMethod, billingEmail, billingName, billingStreet, billingCity, billingRegion, billingPostalCode
  case billingCountry
  case website
  case phoneMain, phoneSecond, phoneMobile, phoneFax
  case addressStreet, addressCity, addressRegion, addressPostalCode, addressCountry, addressFull
  case placeName, placeEmail, placeNotes
  case contactEmail, contactFirstName, contactLastName, contactMiddleName, contactFullName, contactPrefix, contactTitle
  case contactCompany, contactPhone, contactFax
  case notes, details
  case industryName, industryId
  case companySize
  case invoiceReminders, invoiceShowPlace, invoicePeriod, invoiceKind, invoiceDefaultKind
  case created, updated, version
  case peopleSalesperson, peopleCaseManager
  case status, leadSource
  case costCenterA, costCenterB, costCenterC
  case linksHighrise, linksStatementKey, linksQuickBooksCustomer, linksQuickBooksClass, linksQuickBooksSentBy

  /// By raw value.
  static let names: [String] = [
    "id", "name", "legalName", "displayName", "accountCode", "active",
    "currency.code", "currency.label", "currency.symbol",
    "billing.method", "billing.email", "billing.name", "billing.street", "billing.city", "billing.region",
    "billing.postalCode", "billing.country",
    "website",
    "phone.main", "phone.second", "phone.mobile", "phone.fax",
    "address.street", "address.city", "address.region", "address.postalCode", "address.country", "address.full",
    "place.name", "place.email", "place.notes",
    "contact.email", "contact.firstName", "contact.lastName", "contact.middleName", "contact.fullName",
    "contact.prefix",
    "contact.title", "contact.company", "contact.phone", "contact.fax",
    "notes", "details",
    "industry.name", "industry.id",
    "company.size",
    "invoice.reminders", "invoice.showPlace", "invoice.period", "invoice.kind", "invoice.defaultKind",
    "created", "updated", "version",
    "people.salesperson", "people.caseManager",
    "status", "leadSource",
    "costCenter.a", "costCenter.b", "costCenter.c",
    "links.highrise", "links.statementKey", "links.quickbooks.customer", "links.quickbooks.class",
    "links.quickbooks.sentBy",
  ]
}

/// The names behind the field numbers of a run's clients: the fields with properties, then those that a replaced canonical
/// mapping has beside them.
final class ClientNames: Sendable {
  let names: [String]
  private let numbers: [String: UInt16]

  /// Members of every client that are no fields.
  static let system: UInt16 = 0xfffe
  static let native: UInt16 = 0xffff

  init(canonical: some Sequence<String>) {
    let own = Set(ClientField.names)
    names = ClientField.names + canonical.filter { !own.contains($0) }
    numbers = Dictionary(names.enumerated().map { ($1, UInt16($0)) }, uniquingKeysWith: { first, _ in first })
  }

  func number(of name: String) -> UInt16? { numbers[name] }
}
