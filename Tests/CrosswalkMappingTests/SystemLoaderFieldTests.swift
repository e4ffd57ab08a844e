import CrosswalkMapping
import Testing

/// What can be wrong with fields. The field in question stands on line 4, from column 3.
@Suite struct SystemLoaderFieldTests {
  @Test(arguments: [
    // keys and kinds
    (
      "Nm: { of: name }",
      [
        "M0103 client.yaml:4:3 the field `Nm` has no `is` | add the key `is`",
        "M0101 client.yaml:4:9 `of` is not a key of a field | did you mean `or`? Accepted: \(SystemLoaderTests.fieldKeys)",
      ]
    ),
    ("Nm: [name]", ["M0102 client.yaml:4:7 the meaning of `Nm` is a list, and must be a text"]),
    ("Nm:", ["M0102 client.yaml:4:6 the meaning of `Nm` is nothing, and must be a text"]),
    (
      "null: name",
      [
        "M0106 client.yaml:4:3 the key `null` means \"nothing\" in YAML | for null values the key is `nulls`; a field of that name must stand in quotes"
      ]
    ),
    (
      "~: name",
      [
        "M0106 client.yaml:4:3 the key `~` means \"nothing\" in YAML | for null values the key is `nulls`; a field of that name must stand in quotes"
      ]
    ),
    (
      "Nm: name\n'\"Nm\"': notes",
      [
        "M0114 client.yaml:5:3 `\"Nm\"` and `Nm` have one place: `Nm` [client.yaml:4:3] | one value can stand there; rename or remove one of them"
      ]
    ),
    (
      "Nm: { is: name, write: { null: omit } }",
      [
        "M0106 client.yaml:4:28 the key `null` means \"nothing\" in YAML | for null values the key is `nulls`; a field of that name must stand in quotes"
      ]
    ),
    ("Nm: { is: name, unique: yes }", ["M0102 client.yaml:4:27 `unique` is a text, and must be `true` or `false`"]),
    (
      "Nm: { is: name, default: [a] }",
      [
        "M0102 client.yaml:4:28 `default` is a list, and must be a text, a number, `true`, `false` or `null`"
      ]
    ),
    // words
    (
      "Nm: { is: name, type: txt }",
      [
        "M0104 client.yaml:4:25 `type` cannot be `txt` | did you mean `text`? Accepted: `text`, `lines`, `code`, `choice`, `integer`, `boolean`, `instant`"
      ]
    ),
    (
      "Nm: { is: name, in: [list, creat] }",
      [
        "M0104 client.yaml:4:30 `in` cannot be `creat` | did you mean `create`? Accepted: `list`, `single`, `create`, `update`, `read`"
      ]
    ),
    (
      "Nm: { is: name, write: { updat: text } }",
      [
        "M0101 client.yaml:4:28 `updat` is not a key of `write` | did you mean `update`? Accepted: `list`, `single`, `create`, `update`, `nulls`, `empties`"
      ]
    ),
    (
      "Nm: { is: name, write: { create: { nam: a } } }",
      [
        "M0101 client.yaml:4:38 `nam` is not a key of `write` | did you mean `name`? Accepted: `name`, `type`"
      ]
    ),
    (
      "Nm: { is: name, onFail: drop }",
      [
        "M0104 client.yaml:4:27 `onFail` cannot be `drop` | accepted: `reject`, `park`, `keep`"
      ]
    ),
    (
      "Nm: { is: name, compare: cas }",
      [
        "M0104 client.yaml:4:28 `compare` cannot be `cas` | did you mean `case`? Accepted: `exact`, `text`, `lines`, `case`"
      ]
    ),
    // shapes
    (
      "Nm: { is: name, in: list, required: [create] }",
      [
        "M0122 client.yaml:4:39 `required` names the shape `create`, which does not have the field | add `create` to `in`, or remove it here"
      ]
    ),
    (
      "Nm: { is: name, in: list, write: { create: text } }",
      [
        "M0122 client.yaml:4:36 `write` names the shape `create`, which does not have the field | add `create` to `in`, or remove it here"
      ]
    ),
    // canonical fields
    ("Nm: naem", ["M0108 client.yaml:4:7 there is no canonical field `naem` | did you mean `name`?"]),
    (
      "Nm: { is: name, or: wibble }",
      [
        "M0108 client.yaml:4:23 there is no canonical field `wibble` | `crosswalk systems canonical` lists them; `none` means no canonical place"
      ]
    ),
    (
      "Nm: { is: name, or: { compose: [\"{adress.city}\"], rest: note } }",
      [
        "M0108 client.yaml:4:35 there is no canonical field `adress.city` | did you mean `address.city`?",
        "M0108 client.yaml:4:59 there is no canonical field `note` | did you mean `notes`?",
      ]
    ),
    (
      "Nm: { is: name, or: { compose: [{name}] } }",
      [
        "M0102 client.yaml:4:35 a line of `compose` is a mapping, and must be a text | a text that starts with `{` must stand in quotes: `\"{name}\"`"
      ]
    ),
    (
      "Nm: { is: name, or: { compose: [\"{name\"] } }",
      [
        "M0110 client.yaml:4:35 a line of `compose` names fields in `{ }`, and `{name` does not do so properly | write `\"{field}\"`, with text between and behind fields as it is wanted"
      ]
    ),
    ("Nm: { is: name, or: { rest: notes } }", ["M0103 client.yaml:4:23 `or` has no `compose` | add the key `compose`"]),
    (
      "Key: id",
      [
        "M0113 client.yaml:4:3 two fields are read into `id` [client.yaml:3:3] | only one can fill it; give the other a canonical field of its own, or `none`"
      ]
    ),
    (
      "A: { is: { code: currency.code, label: id }, as: { labelled: currencies } }",
      [
        "M0113 client.yaml:4:3 two fields are read into `id` [client.yaml:3:3] | only one can fill it; give the other a canonical field of its own, or `none`"
      ]
    ),
    // places
    (
      "Nm: { is: name, read: [id] }",
      [
        "M0114 client.yaml:4:3 `Nm` and `id` have one place: `id` [client.yaml:3:3] | one value can stand there; rename or remove one of them"
      ]
    ),
    (
      "Nm: { is: name, xml: id }",
      [
        "M0114 client.yaml:4:3 `Nm` and `id` have one place: `id` [client.yaml:3:3] | one value can stand there; rename or remove one of them"
      ]
    ),
    (
      "Nm: { is: name, write: { create: { name: id } } }",
      [
        "M0114 client.yaml:4:3 `Nm` and `id` have one place: `id` [client.yaml:3:3] | one value can stand there; rename or remove one of them"
      ]
    ),
    (
      "p.a: { is: address.street, as: { lines: [a, b] } }\np.b: name",
      [
        "M0114 client.yaml:5:3 `p.b` and `p.a` have one place: `p.b` [client.yaml:4:3] | one value can stand there; rename or remove one of them"
      ]
    ),
    (
      "id.x: name",
      [
        "M0118 client.yaml:4:3 `id` cannot be both an object and one value [client.yaml:3:3] | in XML the text of an element that has more is `#text` below it"
      ]
    ),
    (
      "l[0].a: name\nl[K=V].b: notes",
      [
        "M0118 client.yaml:5:3 `l` cannot be both a list whose elements are told apart by `K` and a list with numbered elements [client.yaml:4:3] | in XML the text of an element that has more is `#text` below it"
      ]
    ),
    (
      "\"@a.b\": name",
      [
        "M0118 client.yaml:4:3 nothing can stand below `@a` in `@a.b` | an attribute or a text is the last step of a path"
      ]
    ),
    (
      "a[K=V][0]: name",
      [
        "M0118 client.yaml:4:3 a picked element is an object, and `a[K=V][0]` takes it for a list | after `[key=value]` comes a member: `a[Tag=FIRST].b`"
      ]
    ),
    (
      "a[K=V]: name",
      [
        "M0118 client.yaml:4:3 `a[K=V]` is a whole element, not a value | name a member of it (`a[K=V].name`), or join its members with `as: { join: … }`"
      ]
    ),
    // names of fields
    (
      "Nm: { is: name, derived: [idd] }",
      [
        "M0112 client.yaml:4:3 `derived` names `idd`, which is no field of this system | did you mean `id`?"
      ]
    ),
    (
      "Nm: { is: name, derived: [Nm] }",
      [
        "M0112 client.yaml:4:3 `Nm` cannot be derived from itself | name the fields that it repeats"
      ]
    ),
    // requirements
    (
      "Nm: { is: none, required: [create] }",
      [
        "M0115 client.yaml:4:3 `Nm` is required, and nothing can fill it | give it a canonical field (`is`), a fallback (`or`) or a `default`"
      ]
    ),
    (
      "Nm: { is: name, required: [create], derived: [id] }",
      [
        "M0115 client.yaml:4:3 `Nm` is required, and derived fields are never written in create and update | remove `derived` or `required`"
      ]
    ),
    ("Nm: { is: none, required: [create], default: x }", []),
    ("Nm: { is: none, required: [create], as: { constant: x } }", []),
  ])
  func isReported(_ fields: String, _ problems: [String]) {
    #expect(Kiosk.problems(fields: fields) == problems)
  }

  @Test(arguments: [
    ("tests: { a: b }", ["M0102 client.yaml:4:8 `tests` is a mapping, and must be a list"]),
    (
      "tests: [{ notes: a, canonical: { nam: b } }]",
      [
        "M0101 client.yaml:4:11 `notes` is not a key of a test | did you mean `note`? Accepted: `note`, `shape`, `format`, `option`, `read`, `canonical`, `write`",
        "M0108 client.yaml:4:34 there is no canonical field `nam` | did you mean `name`?",
      ]
    ),
    (
      "extends: other",
      ["M0107 client.yaml:4:1 `extends` is not supported | copy the files of the other system and change them"]
    ),
  ])
  func besideFieldsIsReported(_ line: String, _ problems: [String]) {
    #expect(Kiosk.problems(client: Kiosk.client + line + "\n") == problems)
  }

  @Test func aNameRuleThatMakesTwoNamesOneIsReported() {
    #expect(
      Kiosk.problems(
        system: Kiosk.system + "names: { json: { \"-\": \"_\" } }\n",
        client: "system: kiosk\nfields:\n  a-b: id\n  a_b: name\n") == [
          "M0114 client.yaml:4:3 `a_b` and `a-b` have one place: `a_b` [client.yaml:3:3] | one value can stand there; rename or remove one of them"
        ])
  }

  @Test(arguments: [
    ("\"Bill to/City\": address.city", "`Bill to/City`", true), ("'\"a b\".c': name", "`a b`", false), ("2nd: name", "`2nd`", true),
    ("\"n[a b=X].c\": name", "`a b`", false), ("a: { is: name, write: { create: { name: a b } } }", "`a b`", false),
    ("a: { is: address.street, as: { lines: [a, a b] } }", "`a b`", false),
  ])
  func aNameThatXMLCannotHoldIsReported(field: String, name: String, isOwn: Bool) {
    let cure = isOwn ? "say what it is called there: `xml: NAME`, or take" : "rename it, or take"
    #expect(
      Kiosk.problems(fields: field) == [
        "M0118 client.yaml:4:3 \(name) cannot be a name in XML, which this system has among its `formats` | \(cure) `xml` out of `formats`"
      ])
    // A system without XML may have it.
    let system = Kiosk.system.replacing("json, xml, csv", with: "json, csv").replacing("xml: { clients: { client: [$record] } }, ", with: "")
    #expect(Kiosk.problems(system: system, client: Kiosk.client + "  \(field)\n") == [])
  }

  @Test func aFieldMaySayItsOwnNameInXML() {
    #expect(Kiosk.problems(fields: "\"Bill to/City\": { is: address.city, xml: BillToCity }\nphone: { is: phone.main, xml: \"@phone\" }") == [])
  }

  @Test func namesThatDifferInCaseAreOneWhereTheSystemIgnoresCase() {
    let client = "system: kiosk\nfields:\n  ab: id\n  AB: name\n"
    #expect(Kiosk.problems(client: client) == [])
    #expect(
      Kiosk.problems(system: Kiosk.system + "keys: anyCase\n", client: client) == [
        "M0114 client.yaml:4:3 `AB` and `ab` have one place: `AB` [client.yaml:3:3] | one value can stand there; rename or remove one of them"
      ])
  }

  @Test func aNameWithADotIsNotAPath() {
    #expect(Kiosk.problems(fields: "a.b: name\n'\"a.b\"': notes") == [])
  }

  @Test func oneFieldMayHaveItsOwnNameTwice() {
    #expect(Kiosk.problems(fields: "Nm: { is: name, xml: \"@Nm\", read: [Nm] }") == [])
  }
}
