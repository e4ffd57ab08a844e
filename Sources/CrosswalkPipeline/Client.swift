import CrosswalkFormats
public import CrosswalkModel
import CrosswalkRoute

/// A client as every system's records mean it: one record that `Clients.read` or a `ClientReader` gave.
///
/// A value on its own, which may be kept and sent elsewhere. Its strings are made when they are asked for, so that a property
/// that nobody reads costs nothing.
///
/// - A text property is the source's literal: `02134`, `+1-212-9876543`, an 18-digit id, an instant as it was written (ISO 8601
///   in UTC where the mapping knows its form). It is nil where the value is absent or null, and `""` where it is empty;
///   `state(of:)` tells the three apart.
/// - An integer property is nil also where the literal is no integer or leaves the range of `Int` (`3.00E+07`), and a Boolean
///   one where it is neither true nor false; `client["company.size"]` has the literal all the same.
/// - What the source holds and no canonical field can give back is in `native`.
///
/// The fields, with the meaning of each: `Mappings/canonical/client.yaml`, or `crosswalk systems canonical`.
public struct Client: Sendable {
  let record: ClientRecord

  /// The record's key in the system it came from.
  public var id: String? { record.text(.id) }
  /// Short name.
  public var name: String? { record.text(.name) }
  /// Full name, as on invoices.
  public var legalName: String? { record.text(.legalName) }
  /// Name as the system shows it.
  public var displayName: String? { record.text(.displayName) }
  /// The client's account number.
  public var accountCode: String? { record.text(.accountCode) }
  /// False where it is archived.
  public var active: Bool? { record.boolean(.active) }
  public var currency: Currency { Currency(record: record) }
  public var billing: Billing { Billing(record: record) }
  /// Address of the website.
  public var website: String? { record.text(.website) }
  public var phone: Phone { Phone(record: record) }
  public var address: Address { Address(record: record) }
  public var place: Place { Place(record: record) }
  public var contact: Contact { Contact(record: record) }
  /// General notes.
  public var notes: String? { record.text(.notes) }
  /// Free text that may hold addresses, telephones and links; lines end with a line feed.
  public var details: String? { record.text(.details) }
  public var industry: Industry { Industry(record: record) }
  public var company: Company { Company(record: record) }
  public var invoice: Invoice { Invoice(record: record) }
  /// When the record was made.
  public var created: String? { record.text(.created) }
  /// When it was last changed.
  public var updated: String? { record.text(.updated) }
  /// Counter of changes, kept by the system.
  public var version: Int? { record.integer(.version) }
  public var people: People { People(record: record) }
  /// Status as a key of the system.
  public var status: String? { record.text(.status) }
  /// Lead source as a key of the system.
  public var leadSource: String? { record.text(.leadSource) }
  public var costCenter: CostCenter { CostCenter(record: record) }
  public var links: Links { Links(record: record) }

  /// `currency.…`
  public struct Currency: Sendable {
    let record: ClientRecord

    /// ISO 4217 code.
    public var code: String? { record.text(.currencyCode) }
    /// The currency as the system words it.
    public var label: String? { record.text(.currencyLabel) }
    /// The sign of the currency.
    public var symbol: String? { record.text(.currencySymbol) }
  }

  /// `billing.…`: how it is charged, and where invoices go.
  public struct Billing: Sendable {
    let record: ClientRecord

    /// How hours are charged: a canonical word such as `hourly-user`.
    public var method: String? { record.text(.billingMethod) }
    /// Address for all billing mail.
    public var email: String? { record.text(.billingEmail) }
    /// Name on invoices.
    public var name: String? { record.text(.billingName) }
    /// Street on invoices; lines end with a line feed.
    public var street: String? { record.text(.billingStreet) }
    /// City on invoices.
    public var city: String? { record.text(.billingCity) }
    /// State or region on invoices.
    public var region: String? { record.text(.billingRegion) }
    /// Postal code on invoices.
    public var postalCode: String? { record.text(.billingPostalCode) }
    /// Country on invoices.
    public var country: String? { record.text(.billingCountry) }
  }

  /// `phone.…`
  public struct Phone: Sendable {
    let record: ClientRecord

    /// Main telephone.
    public var main: String? { record.text(.phoneMain) }
    /// Second telephone.
    public var second: String? { record.text(.phoneSecond) }
    /// Mobile telephone.
    public var mobile: String? { record.text(.phoneMobile) }
    public var fax: String? { record.text(.phoneFax) }
  }

  /// `address.…`
  public struct Address: Sendable {
    let record: ClientRecord

    /// Street, one line of text a line.
    public var street: String? { record.text(.addressStreet) }
    public var city: String? { record.text(.addressCity) }
    /// State, province or region.
    public var region: String? { record.text(.addressRegion) }
    public var postalCode: String? { record.text(.addressPostalCode) }
    /// Country: a code or an English name, as the source has it.
    public var country: String? { record.text(.addressCountry) }
    /// The whole address as the system prints it, which repeats the other fields.
    public var full: String? { record.text(.addressFull) }
  }

  /// `place.…`: the office.
  public struct Place: Sendable {
    let record: ClientRecord

    /// Name of the office.
    public var name: String? { record.text(.placeName) }
    /// Second invoice address, of the office.
    public var email: String? { record.text(.placeEmail) }
    /// Notes on the office.
    public var notes: String? { record.text(.placeNotes) }
  }

  /// `contact.…`: the contact person.
  public struct Contact: Sendable {
    let record: ClientRecord

    public var email: String? { record.text(.contactEmail) }
    public var firstName: String? { record.text(.contactFirstName) }
    public var lastName: String? { record.text(.contactLastName) }
    public var middleName: String? { record.text(.contactMiddleName) }
    /// Whole name.
    public var fullName: String? { record.text(.contactFullName) }
    /// Form of address.
    public var prefix: String? { record.text(.contactPrefix) }
    /// Job title.
    public var title: String? { record.text(.contactTitle) }
    /// Company of the contact person.
    public var company: String? { record.text(.contactCompany) }
    public var phone: String? { record.text(.contactPhone) }
    public var fax: String? { record.text(.contactFax) }
  }

  /// `industry.…`
  public struct Industry: Sendable {
    let record: ClientRecord

    /// Industry in words.
    public var name: String? { record.text(.industryName) }
    /// Industry as a key of the system.
    public var id: String? { record.text(.industryId) }
  }

  /// `company.…`
  public struct Company: Sendable {
    let record: ClientRecord

    /// Number of employees.
    public var size: Int? { record.integer(.companySize) }
  }

  /// `invoice.…`
  public struct Invoice: Sendable {
    let record: ClientRecord

    /// Reminder mails for overdue invoices.
    public var reminders: Bool? { record.boolean(.invoiceReminders) }
    /// Print the name of the office on invoices.
    public var showPlace: Bool? { record.boolean(.invoiceShowPlace) }
    /// Default period of an invoice.
    public var period: String? { record.text(.invoicePeriod) }
    /// Kind of the last invoice.
    public var kind: String? { record.text(.invoiceKind) }
    /// Default kind of an invoice.
    public var defaultKind: String? { record.text(.invoiceDefaultKind) }
  }

  /// `people.…`
  public struct People: Sendable {
    let record: ClientRecord

    /// Key of the salesperson.
    public var salesperson: String? { record.text(.peopleSalesperson) }
    /// Key of the case manager.
    public var caseManager: String? { record.text(.peopleCaseManager) }
  }

  /// `costCenter.…`
  public struct CostCenter: Sendable {
    let record: ClientRecord

    public var a: String? { record.text(.costCenterA) }
    public var b: String? { record.text(.costCenterB) }
    public var c: String? { record.text(.costCenterC) }
  }

  /// `links.…`: keys of the client in other programs.
  public struct Links: Sendable {
    let record: ClientRecord

    /// Key in a linked Highrise account.
    public var highrise: String? { record.text(.linksHighrise) }
    /// Key of the client's statement page, which opens it to whoever has it: not for logs.
    public var statementKey: String? { record.text(.linksStatementKey) }
    public var quickbooks: QuickBooks { QuickBooks(record: record) }

    /// `links.quickbooks.…`
    public struct QuickBooks: Sendable {
      let record: ClientRecord

      /// Key of the QuickBooks customer.
      public var customer: String? { record.text(.linksQuickBooksCustomer) }
      /// Key of the QuickBooks class.
      public var `class`: String? { record.text(.linksQuickBooksClass) }
      /// Purchase order sent by.
      public var sentBy: String? { record.text(.linksQuickBooksSentBy) }
    }
  }
}

extension Client {
  /// The literal of a canonical field by its name, `client["phone.fax"]`: text, a number's characters, `true` or `false`. nil
  /// where it is absent or null, or where the name is no canonical field.
  public subscript(name: String) -> String? { record.names.number(of: name).flatMap { record.text($0) } }

  /// What a field holds, where nothing is not always the same nothing.
  public enum State: Sendable, Hashable {
    /// The source does not mention it.
    case absent
    case null
    /// Text without a character.
    case empty
    case value
  }

  /// Absent, null, empty or a value: of a canonical field by its name. A name that is no canonical field is absent.
  public func state(of name: String) -> State {
    guard let number = record.names.number(of: name), let value = record.value(number) else { return .absent }
    switch value.kind {
    case .absent: return .absent
    case .null: return .null
    case .text: return value.text.isEmpty ? .empty : .value
    case .false, .true, .number, .emptyObject, .emptyArray, .subtree: return .value
    }
  }

  /// Every canonical field's name, in the order of the model.
  public var allFields: [String] { record.names.names }

  /// The names of the fields that are not absent, in the order of the model.
  public var fields: [String] {
    let count = record.count
    return (0..<count).compactMap { index in
      let field = Int(record.entry(index, of: count).field)
      return field < record.names.names.count ? record.names.names[field] : nil
    }
  }

  /// The system that wrote the record, by its name in `Mappings/`; empty when a canonical record does not say.
  public var system: String { record.text(ClientNames.system) ?? "" }

  /// A value of the source that no canonical field can give back.
  public struct Native: Sendable, Equatable {
    /// The system whose value it is.
    public var system: String
    /// Where it stands in that system's records, spelt as mapping files spell paths: `a.b`, `a[2]`, `@attr`.
    public var path: String
    /// The literal, or the whole subtree.
    public var value: Tree

    public init(system: String, path: String, value: Tree) {
      self.system = system
      self.path = path
      self.value = value
    }
  }

  /// What the source's record holds beside the canonical fields: mapped values whose canonical form does not give their literal
  /// back, then members that no mapping names, in the record's order (SEMANTICS S12). Worked out at each call.
  public var native: [Native] {
    guard let value = record.value(ClientNames.native), case .object(let systems)? = tree(value) else { return [] }
    return systems.flatMap { system -> [Native] in
      guard case .object(let entries) = system.value else { return [] }
      let name = String(decoding: system.name, as: UTF8.self)
      // The member without a name lists what the way back would invent: a note for that way, no value.
      return entries.filter { !$0.name.isEmpty }.map {
        Native(system: name, path: String(decoding: $0.name, as: UTF8.self), value: $0.value)
      }
    }
  }

  private func tree(_ value: ClientRecord.Value) -> Tree? {
    do throws(FormatError) { return try JSONReference.parse(Array(record.bytes[value.text])) } catch { return nil }
  }
}

extension Client: Equatable, CustomStringConvertible {
  /// The same fields with the same kinds and literals.
  public static func == (a: Client, b: Client) -> Bool {
    a.record.bytes == b.record.bytes
      && (a.record.names === b.record.names || a.record.names.names == b.record.names.names)
  }

  /// Which one it is, without what it says of people.
  public var description: String {
    "client \(id ?? "without an id")\(system.isEmpty ? "" : " of \(system)"), \(fields.count) fields"
  }
}
