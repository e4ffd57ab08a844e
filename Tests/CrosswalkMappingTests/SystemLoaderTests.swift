import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkYAML
import Testing

@Suite struct SystemLoaderTests {
  static let everySystemKey = """
    system: kiosk
    title: Kiosk clients
    formats: [json, xml, csv, form]
    keys: anyCase
    names:
      json: { "-": "_", read: ["-", "."] }
      xml: { namespace: "http://kiosk.example/" }
    write: { nulls: omit, empties: write }
    xml: { type: "@type", nil: "@nil", types: { integer: int, instant: dateTime } }
    csv: { headerHas: [Customer, "Main Phone"], delimiter: ";" }
    options:
      wording: { is: long, of: [long, short], why: the papers differ }
    shapes:
      list:
        json: { reply: { items: [$record], state: OK, code: 0, ratio: 1.50, zip: 02134, on: NO, ok: true, none: null, text: "0" } }
        xml: { clients: { "@page": 1, client: [$record] } }
        csv: $record
        read:
          json: [[$record], { "*": [$record] }]
          xml: [{ no-clients: {} }]
      single: { json: { client: $record } }
      create: { json: { client: $record }, form: $record }
    replies:
      success: { reply.state: [OK, 0], "reply.@kind": fine }
      done: [{ id: $id, message: $message }]
      none: { code: ["7024"] }
      error: [{ errors: [{ code: $code, message: $message }] }, { state: 1, note: $message }]
      more: { page: reply.page, pages: reply.pages }
    assumed: { order: newest first }
    api: { anything: goes }

    """

  @Test func everyKeyOfTheSystemFileIsRead() throws {
    let (loaded, problems) = Kiosk.load(system: Self.everySystemKey)
    #expect(problems == [])
    let system = try #require(loaded)
    #expect(system.name == "kiosk")
    #expect(system.title == "Kiosk clients")
    #expect(system.formats == [.json, .ndjson, .xml, .csv, .form])
    #expect(system.ignoresCase)
    #expect(
      system.names.map { "\($0.format) \($0.from)>\($0.to) \($0.alsoRead) \($0.namespace ?? "-")" } == [
        #"json ->_ ["-", "."] -"#, "xml > [] http://kiosk.example/",
      ])
    #expect(!system.writesNulls)
    #expect(system.writesEmpties)
    #expect(system.xml.typeAttribute == "type")
    #expect(system.xml.nilAttribute == "nil")
    #expect(system.xml.types == [.integer: "int", .instant: "dateTime"])
    #expect(system.csv.headerHas == ["Customer", "Main Phone"])
    #expect(system.csv.delimiter == ";")
    #expect(
      system.options.map { "\($0.name) \($0.value) \($0.choices) \($0.why) \($0.place)" } == [
        #"wording long ["long", "short"] the papers differ system.yaml:12:3"#
      ])
    #expect(system.assumed.map { "\($0.subject): \($0.reason)" } == ["order: newest first"])
    #expect(system.files == ["system.yaml", "client.yaml"])

    #expect(system.shapes.map(\.shape) == [.list, .single, .create])
    let list = system.shapes[0]
    #expect(list.write.map(\.format) == [.json, .xml, .csv])
    #expect(
      list.write[0].template
        == .object([
          .init(
            "reply",
            .object([
              .init("items", .list(.record)), .init("state", .literal(.text("OK"))),
              .init("code", .literal(.number("0"))),
              .init("ratio", .literal(.number("1.50"))), .init("zip", .literal(.text("02134"))),
              .init("on", .literal(.text("NO"))), .init("ok", .literal(.bool(true))), .init("none", .literal(.null)),
              .init("text", .literal(.text("0"))),
            ]))
        ]))
    #expect(
      list.write[1].template
        == .object([
          .init("clients", .object([.init("@page", .literal(.number("1"))), .init("client", .list(.record))]))
        ]))
    #expect(list.write[2].template == .record)
    #expect(list.read.map(\.format) == [.json, .json, .xml])
    #expect(list.read[0].template == .list(.record))
    #expect(list.read[1].template == .object([.init("*", .list(.record))]))
    #expect(list.read[2].template == .object([.init("no-clients", .object([]))]))

    let replies = system.replies
    #expect(
      replies.success.map { "\(PathStep.text($0.path)) \($0.values)" } == [
        #"reply.state ["OK", "0"]"#, #"reply.@kind ["fine"]"#,
      ])
    #expect(replies.done == [.object([.init("id", .bind("id")), .init("message", .bind("message"))])])
    #expect(replies.none?.name == "code")
    #expect(replies.none?.values == ["7024"])
    #expect(
      replies.error == [
        .object([.init("errors", .list(.object([.init("code", .bind("code")), .init("message", .bind("message"))])))]),
        .object([.init("state", .literal(.number("1"))), .init("note", .bind("message"))]),
      ])
    #expect(replies.more == [.name("reply"), .name("page")])
    #expect(replies.pages == [.name("reply"), .name("pages")])
  }

  static let everyFieldKey = """
    system: kiosk
    entity: client
    fields:
      Id: { is: id, type: integer, xml: "@Id", read: [Key], in: [list, single, update], required: update, write: { update: text } }
      Nm: name
      Town:
        is: address.city
        title: the town
        write: { create: { name: City, type: lines }, nulls: write, empties: omit }
        required: [create]
        default: 02134
        onFail: keep
        unique: true
        secret: true
        compare: case
        assumed: seen once
      Full: { is: address.full, derived: [Street.s1, Town] }
      Street.s1: { is: address.street, or: [address.full, notes], as: { lines: [s1, s2] } }
      Area: { is: address.region, as: { region: code, in: address.country }, required: true, in: read }
      Land: { is: address.country, as: [trim, { country: NAME }] }
      Money: { is: { code: currency.code, label: currency.label }, as: { labelled: currencies, by: option.wording } }
      Phones[Kind=FAX]: { is: phone.fax, as: { join: { of: [Area, Number], with: " " } } }
      Method: { is: billing.method, as: { choice: { "true": [YES, Y], no: NO }, ignore: [case, blanks], write: option.wording } }
      Text: { is: details, or: { compose: ["{address.city}, {name}", "{phone.main} (main)"], rest: notes } }
      "Bill to/City": { is: none, xml: BillToCity, oneWay: nobody asks }
      "Phone#2": { is: phone.main, xml: Phone2, as: { split: { at: ":", take: last } }, oneWay: the rest is lost }
    unmapped: reject
    tests:
      - { note: a test, shape: create, format: json, read: { Nm: a }, canonical: { name: a }, write: { Nm: a } }

    """

  @Test func everyKeyOfAFieldIsRead() throws {
    let (loaded, problems) = Kiosk.load(system: Self.everySystemKey, client: Self.everyFieldKey)
    #expect(problems.map(Kiosk.rendered) == [])
    let system = try #require(loaded)
    #expect(system.entity == "client")
    #expect(system.unmapped == .reject)
    #expect(
      system.fields.map(\.name) == [
        "Id", "Nm", "Town", "Full", "Street.s1", "Area", "Land", "Money", "Phones[Kind=FAX]", "Method", "Text",
        "Bill to/City", "Phone#2",
      ])
    func field(_ name: String) throws -> Field { try #require(system.fields.first { $0.name == name }) }

    let id = try field("Id")
    #expect(id.type == .integer)
    #expect(id.formatNames == [.xml: "@Id"])
    #expect(id.readNames == ["Key"])
    #expect(id.shapes == [.list, .single, .update])
    #expect(id.required == [.update])
    #expect(id.writeTypes == [.update: .text])
    #expect(id.place == Place(file: "client.yaml", line: 4, column: 3))

    let name = try field("Nm")
    #expect(name.meaning.text == "name")
    #expect(name.shapes == Set(Shape.allCases))
    #expect(name.type == .text)

    let town = try field("Town")
    #expect(town.title == "the town")
    #expect(town.writeNames == [.create: "City"])
    #expect(town.writeTypes == [.create: .lines])
    #expect(town.writesNulls == true)
    #expect(town.writesEmpties == false)
    #expect(town.defaultValue?.value == .text("02134"))
    #expect(town.defaultValue?.shapes == [.create])
    #expect(town.onFail == .keep)
    #expect(town.isUnique && town.isSecret)
    #expect(town.comparison == .ignoringCase)
    #expect(town.assumed == "seen once")

    #expect(try field("Full").derivedFrom == ["Street.s1", "Town"])
    let street = try field("Street.s1")
    #expect(street.path == [.name("Street"), .name("s1")])
    #expect(street.fallbacks.map(\.text) == ["address.full", "notes"])
    #expect(street.transforms.map(\.text) == ["lines [s1, s2]"])
    let area = try field("Area")
    #expect(area.required == [.list, .single])
    #expect(area.transforms.map(\.text) == ["region code in=address.country"])
    #expect(try field("Land").transforms.map(\.text) == ["trim", "country NAME"])
    #expect(try field("Money").meaning.text == "code=currency.code label=currency.label")
    #expect(try field("Money").transforms.map(\.text) == ["labelled currencies by=option.wording"])
    #expect(try field("Phones[Kind=FAX]").path == [.name("Phones"), .pick(key: "Kind", value: "FAX")])
    #expect(try field("Phones[Kind=FAX]").transforms.map(\.text) == ["join {of: [Area, Number], with:  }"])
    #expect(
      try field("Method").transforms.map(\.text) == [
        "choice {true: [YES, Y], no: NO} ignore=[case, blanks] write=option.wording"
      ])
    #expect(
      try field("Text").fallbacks.map(\.text) == [
        "compose {address.city}, {name} / {phone.main} (main) rest notes"
      ])
    #expect(try field("Bill to/City").meaning.text == "-")
    #expect(try field("Bill to/City").oneWay == "nobody asks")
    #expect(try field("Phone#2").path == [.name("Phone#2")])
  }

  @Test func aDefaultIsForEveryShapeOfAFieldThatIsNowhereRequired() throws {
    let (system, _) = Kiosk.load(client: Kiosk.client + "  Nm: { is: name, in: [list, create], default: x }\n")
    #expect(system?.fields[1].defaultValue?.shapes == [.list, .create])
  }

  @Test func theMinimalSystemHasTheDefaults() throws {
    let (loaded, problems) = Kiosk.load()
    #expect(problems == [])
    let system = try #require(loaded)
    #expect(system.title == "kiosk")
    #expect(system.writesNulls && system.writesEmpties && !system.ignoresCase)
    #expect(system.unmapped == .park)
    #expect(system.xml.typeAttribute == nil)
  }

  /// Wrong in eight ways at once: all are found, in the order of the places.
  @Test func everyProblemOfBothFilesIsReported() {
    let problems = Kiosk.problems(
      system: Kiosk.system + "keyz: anyCase\nwrite: { nulls: yes }\n",
      client: Kiosk.client
        + "  Nm: nam\n  Town: { is: address.city, typ: text, in: lst }\n  \"a..b\": none\nunmaped: park\n")
    #expect(
      problems == [
        "M0108 client.yaml:4:7 there is no canonical field `nam` | did you mean `name`?",
        "M0101 client.yaml:5:29 `typ` is not a key of a field | did you mean `type`? Accepted: \(Self.fieldKeys)",
        "M0104 client.yaml:5:44 `in` cannot be `lst` | did you mean `list`? Accepted: `list`, `single`, `create`, `update`, `read`",
        "M0117 client.yaml:6:3 `a..b` is not a path | paths look like `a.b`, `a[2]`, `a[Tag=FIRST].b`, `@name`, `#text`; an odd name stands in double quotes: `'\"a.b\".c'`",
        "M0101 client.yaml:7:1 `unmaped` is not a key of client.yaml | did you mean `unmapped`? Accepted: `system`, `entity`, `fields`, `unmapped`, `tests`",
        "M0101 system.yaml:6:1 `keyz` is not a key of system.yaml | did you mean `keys`? Accepted: `system`, `title`, `formats`, `keys`, `names`, `write`, `xml`, `csv`, `form`, `options`, `shapes`, `replies`, `assumed`, `api`, `extends`",
        "M0104 system.yaml:7:17 `nulls` cannot be `yes` | accepted: `write`, `omit`",
      ])
  }

  static let fieldKeys =
    "`is`, `or`, `as`, `type`, `in`, `required`, `default`, `derived`, `read`, `write`, `xml`, `json`, `csv`, `form`, "
    + "`onFail`, `unique`, `secret`, `compare`, `assumed`, `oneWay`, `title`"

  @Test func aSystemWithAFatalProblemIsNotGiven() {
    #expect(Kiosk.load(client: Kiosk.client + "  Nm: nam\n").0 == nil)
  }

  @Test func everyCodeHasAPageAndEveryPageItsCode() {
    let names = Code.pages.map(\.code.name)
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy { $0.count == 5 })
    #expect(Code.pages.allSatisfy { !$0.title.isEmpty && $0.page.hasSuffix(".") })
  }
}

extension Field.Meaning {
  fileprivate var text: String {
    switch self {
    case .none: "-"
    case .canonical(let name): name
    case .parts(let parts): parts.map { "\($0.part)=\($0.canonical)" }.joined(separator: " ")
    }
  }
}

extension Field.Fallback {
  fileprivate var text: String {
    switch self {
    case .canonical(let name): name
    case .compose(let lines, let rest): "compose \(lines.joined(separator: " / ")) rest \(rest ?? "-")"
    }
  }
}

extension TransformUse {
  fileprivate var text: String {
    ([name] + (argument.map { [shown($0)] } ?? []) + parameters.map { "\($0.name)=\(shown($0.value))" })
      .joined(separator: " ")
  }
}

private func shown(_ node: YAMLNode) -> String {
  switch node.content {
  case .scalar(let scalar): scalar.text
  case .sequence(let items): "[\(items.map(shown).joined(separator: ", "))]"
  case .mapping(let entries): "{\(entries.map { "\(shown($0.key)): \(shown($0.value))" }.joined(separator: ", "))}"
  }
}
