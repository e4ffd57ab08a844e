import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute
import CrosswalkYAML
import Testing

/// What can be wrong with transforms. The field stands on line 4, the transform from column 23.
@Suite struct SystemLoaderTransformTests {
  static let all =
    "`block`, `boolean`, `case`, `choice`, `constant`, `country`, `currency`, `default`, `epoch`, `instant`, `integer`, `join`, `labelled`, "
    + "`lines`, `msDate`, `not`, `oneLine`, `prefix`, `region`, `split`, `trim`"

  @Test(arguments: [
    ("nott", ["M0109 client.yaml:4:23 there is no transform `nott` | did you mean `not`? Accepted: \(all)"]),
    (
      "{ contry: code }",
      [
        "M0109 client.yaml:4:25 there is no transform `contry` | did you mean `country`? Accepted: \(all)"
      ]
    ),
    (
      "{ block: { town: notes } }",
      [
        "M0103 client.yaml:4:32 `block` has no `rest` | add the key `rest`",
        "M0101 client.yaml:4:34 `town` is not a key of `block` | accepted: `street`, `city`, `region`, `postalCode`, `country`, `main`, `mobile`, `fax`, `email`, `web`, `rest`",
      ]
    ),
    ("country", ["M0110 client.yaml:4:23 `country` needs an argument | write `{ country: … }`"]),
    ("{ not: true }", ["M0110 client.yaml:4:30 `not` takes no argument | write `as: not`"]),
    (
      "{ country: cod }",
      [
        "M0104 client.yaml:4:34 the argument of `country` cannot be `cod` | did you mean `code`? Accepted: `code`, `alpha3`, `name`, `NAME`"
      ]
    ),
    (
      "{ trim: ~, case: upper }",
      [
        "M0110 client.yaml:4:31 `trim` takes no argument | write `as: trim`",
        "M0110 client.yaml:4:34 two transforms in one: `trim` and `case` | write a list, in the order of reading: `[{ trim: … }, { case: … }]`",
      ]
    ),
    ("{ region: code }", ["M0103 client.yaml:4:25 `region` has no `in` | add the key `in`"]),
    (
      "{ region: code, in: address.contry }",
      [
        "M0108 client.yaml:4:43 there is no canonical field `address.contry` | did you mean `address.country`?"
      ]
    ),
    (
      "{ region: code, on: address.country }",
      [
        "M0103 client.yaml:4:25 `region` has no `in` | add the key `in`",
        "M0101 client.yaml:4:39 `on` is not a key of `region` | did you mean `in`?",
      ]
    ),
    (
      "{ region: code, in: name }",
      [
        "M0119 client.yaml:4:3 transforms wait for each other: `name` → `name` | one of them must do without the other"
      ]
    ),
    ("{ instant: yyyy, zone: CET }", ["M0104 client.yaml:4:46 `zone` cannot be `CET` | accepted: `UTC`"]),
    (
      "{ integer: { unst: 0 } }",
      [
        "M0103 client.yaml:4:34 `integer` has no `unset` | add the key `unset`",
        "M0101 client.yaml:4:36 `unst` is not a key of `integer` | did you mean `unset`?",
      ]
    ),
    (
      "{ lines: [Nm] }",
      ["M0102 client.yaml:4:32 the argument of `lines` is a list, and must be a list of at least two fields"]
    ),
    (
      "{ lines: [Nn, b] }",
      [
        "M0110 client.yaml:4:33 the first of `lines` is the field itself, and `Nn` is not `Nm` | write `lines: [Nm, …]`"
      ]
    ),
    (
      "{ split: { at: \":\", take: last } }",
      [
        "M0120 client.yaml:4:25 `split` cannot be written back | say that it is meant, and why: `oneWay: reason`"
      ]
    ),
    (
      "{ split: { at: \":\", take: lst } }",
      [
        "M0120 client.yaml:4:25 `split` cannot be written back | say that it is meant, and why: `oneWay: reason`",
        "M0104 client.yaml:4:49 `take` cannot be `lst` | did you mean `last`? Accepted: `first`, `last`",
      ]
    ),
    (
      "{ labelled: currencies }",
      [
        "M0110 client.yaml:4:3 `labelled` needs the two parts `code` and `label` | write `is: { code: FIELD, label: FIELD }`"
      ]
    ),
    (
      "{ choice: { a: [x], b: [y, x] } }",
      [
        "M0116 client.yaml:4:50 `x` belongs to both `a` and `b` [client.yaml:4:39] | a spelling leads to one word; remove it from the other"
      ]
    ),
    (
      "{ choice: { a: [x-Y z], b: [XYZ] }, ignore: [case, blanks, hyphens] }",
      [
        "M0116 client.yaml:4:51 `XYZ` belongs to both `a` and `b` [client.yaml:4:39] | a spelling leads to one word; remove it from the other"
      ]
    ),
    (
      "{ choice: { a: [x], b: [a] } }",
      [
        "M0116 client.yaml:4:47 `a` belongs to both `a` and `b` [client.yaml:4:35] | a spelling leads to one word; remove it from the other"
      ]
    ),
    ("{ choice: { a: [a, x], b: [B, b] } }", []),
    (
      "{ choice: { a: [] } }",
      [
        "M0110 client.yaml:4:38 `a` has no spelling | list at least one; the first is the one that is written"
      ]
    ),
    (
      "{ choice: { a: [x] }, ignore: [cases] }",
      [
        "M0104 client.yaml:4:54 `ignore` cannot be `cases` | did you mean `case`? Accepted: `case`, `blanks`, `hyphens`"
      ]
    ),
    (
      "{ choice: { a: [x] }, write: option.word }",
      [
        "M0111 client.yaml:4:52 there is no option `option.word` | declare it under `options` in system.yaml; it is named as `option.NAME`"
      ]
    ),
  ])
  func isReported(_ transform: String, _ problems: [String]) {
    #expect(Kiosk.problems(fields: "Nm: { is: name, as: \(transform) }") == problems)
  }

  @Test func anOptionThatIsMisspeltGetsTheNearest() {
    #expect(
      Kiosk.problems(
        system: Kiosk.system + "options: { words: { is: a, of: [a], why: b } }\n",
        client: Kiosk.client + "  Nm: { is: name, as: { choice: { a: [x] }, write: option.word } }\n") == [
          "M0111 client.yaml:4:52 there is no option `option.word` | did you mean `option.words`?"
        ])
  }

  @Test func partsAreForLabelledOnly() {
    #expect(
      Kiosk.problems(fields: "A: { is: { code: currency.code, label: currency.label } }") == [
        "M0110 client.yaml:4:3 only `labelled` knows parts | write `is: FIELD`, or `as: { labelled: TABLE }`"
      ])
    #expect(
      Kiosk.problems(fields: "A: { is: { code: currency.code, name: currency.label }, as: { labelled: currencies } }")
        == [
          "M0110 client.yaml:4:3 `labelled` needs the two parts `code` and `label` | write `is: { code: FIELD, label: FIELD }`"
        ])
  }

  @Test func fieldsThatWaitForEachOtherAreReportedOnce() {
    #expect(
      Kiosk.problems(
        fields: """
          A: { is: address.region, as: { region: code, in: address.country } }
          B: { is: address.country, as: { region: code, in: address.city } }
          C: { is: address.city, as: { region: code, in: address.region } }
          """) == [
          "M0119 client.yaml:6:3 transforms wait for each other: `address.city` → `address.region` → `address.country` → `address.city` | one of them must do without the other"
        ])
  }

  @Test func theTableIsInAlphabeticalOrder() {
    #expect(TransformTable.names == TransformTable.names.sorted())
  }

  @Test(arguments: [
    ("0", Tree.number("0")), ("-12", .number("-12")), ("1.50", .number("1.50")), ("3.00E+07", .number("3.00E+07")),
    ("02134", .text("02134")), ("-x", .text("-x")), ("1.", .text("1.")), (".5", .text(".5")), ("1e", .text("1e")),
    ("+1", .text("+1")), ("0x1f", .text("0x1f")), ("1_000", .text("1_000")), ("12:30", .text("12:30")),
    ("true", .bool(true)), ("True", .text("True")), ("NO", .text("NO")), ("yes", .text("yes")), ("null", .null),
    ("\"1\"", .text("1")), ("'true'", .text("true")), ("\"null\"", .text("null")), ("\"\"", .text("")),
  ])
  func aPlainJSONLiteralHasThatKindAndAllElseIsText(_ text: String, _ value: Tree) throws {
    #expect(try YAML.parse(Array(text.utf8), file: "f").literal == value)
  }
}
