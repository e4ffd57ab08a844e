import CrosswalkMapping
import Testing

/// What can be wrong with `system.yaml`. The line in question is the sixth.
@Suite struct SystemLoaderShapeTests {
  @Test(arguments: [
    (
      "extends: other",
      ["M0107 system.yaml:6:1 `extends` is not supported | copy the files of the other system and change them"]
    ),
    ("keys: anycase", ["M0104 system.yaml:6:7 `keys` cannot be `anycase` | did you mean `anyCase`?"]),
    (
      "write: { null: omit }",
      [
        "M0106 system.yaml:6:10 the key `null` means \"nothing\" in YAML | for null values the key is `nulls`; a field of that name must stand in quotes"
      ]
    ),
    (
      "write: { emptys: omit }",
      [
        "M0101 system.yaml:6:10 `emptys` is not a key of `write` | did you mean `empties`? Accepted: `nulls`, `empties`"
      ]
    ),
    (
      "names: { jsn: { a: b } }",
      [
        "M0104 system.yaml:6:10 a format cannot be `jsn` | did you mean `json`? Accepted: `json`, `xml`, `csv`, `form`"
      ]
    ),
    (
      "names: { ndjson: { a: b } }",
      [
        "M0104 system.yaml:6:10 a format cannot be `ndjson` | `ndjson` comes with `json` and has no rules of its own"
      ]
    ),
    (
      "xml: { typ: \"@type\" }",
      [
        "M0101 system.yaml:6:8 `typ` is not a key of `xml` | did you mean `type`? Accepted: `type`, `nil`, `types`"
      ]
    ),
    (
      "xml: { type: type }",
      [
        "M0110 system.yaml:6:14 `type` must name an attribute, and `type` is none | an attribute starts with `@`, in quotes: `\"@type\"`"
      ]
    ),
    (
      "xml: { types: { int: integer } }",
      [
        "M0104 system.yaml:6:17 a field type cannot be `int` | did you mean `integer`? Accepted: `text`, `lines`, `code`, `choice`, `integer`, `boolean`, `instant`"
      ]
    ),
    (
      "csv: { delimiter: \";;\" }",
      [
        "M0110 system.yaml:6:19 `delimiter` must be one ASCII character, and `;;` is not | `\",\"`, `\";\"`, `\"|\"` or `\"\\t\"`"
      ]
    ),
    (
      "csv: { encoding: utf-8 }",
      [
        "M0101 system.yaml:6:8 `encoding` is not a key of `csv` | accepted: `headerHas`, `delimiter`"
      ]
    ),
    (
      "options: { a: { is: x, of: [y, z] } }",
      [
        "M0103 system.yaml:6:12 the option `a` has no `why` | add the key `why`",
        "M0104 system.yaml:6:21 the default of `a` cannot be `x` | did you mean `y`? Accepted: `y`, `z`",
      ]
    ),
    ("assumed: guesses", ["M0102 system.yaml:6:10 `assumed` is a text, and must be a mapping"]),
    (
      "replies: { errors: [] }",
      [
        "M0101 system.yaml:6:12 `errors` is not a key of `replies` | did you mean `error`? Accepted: `success`, `done`, `none`, `error`, `more`"
      ]
    ),
    (
      "replies: { error: [{ a: $mesage }] }",
      [
        "M0121 system.yaml:6:25 `$mesage` stands for nothing here | did you mean `$message`? Accepted: `$code`, `$message`, `$id`. A literal that starts with `$` must stand in quotes"
      ]
    ),
    ("replies: { error: [{ a: \"$5\" }] }", []),
    (
      "replies: { error: { a: $message } }",
      ["M0102 system.yaml:6:19 `error` is a mapping, and must be a list of templates"]
    ),
    (
      "replies: { done: [{ a: $record }] }",
      [
        "M0121 system.yaml:6:24 `$record` stands for nothing here | accepted: `$code`, `$message`, `$id`. A literal that starts with `$` must stand in quotes"
      ]
    ),
    (
      "replies: { success: { a..b: x } }",
      [
        "M0117 system.yaml:6:23 `a..b` is not a path | paths look like `a.b`, `a[2]`, `a[Tag=FIRST].b`, `@name`, `#text`; an odd name stands in double quotes: `'\"a.b\".c'`"
      ]
    ),
    ("replies: { none: { status: 1 } }", ["M0101 system.yaml:6:20 `status` is not a key of `none` | accepted: `code`"]),
    ("replies: { more: { page: a } }", ["M0103 system.yaml:6:18 `more` has no `pages` | add the key `pages`"]),
  ])
  func isReported(_ line: String, _ problems: [String]) {
    #expect(Kiosk.problems(system: Kiosk.system + line + "\n") == problems)
  }

  /// The shapes stand on line 3.
  @Test(arguments: [
    (
      "lst: { json: [$record] }",
      [
        "M0104 system.yaml:3:11 a shape cannot be `lst` | did you mean `list`? Accepted: `list`, `single`, `create`, `update`"
      ]
    ),
    (
      "list: { form: $record }",
      [
        "M0104 system.yaml:3:19 the system has no format `form` | `formats` lists `json`, `xml`, `csv`; add it there, or remove it here"
      ]
    ),
    (
      "list: { json: { items: [] } }",
      ["M0121 system.yaml:3:25 the template has no `$record` | write `$record` once, where the record stands"]
    ),
    (
      "single: { json: { a: $record, b: $record } }",
      [
        "M0121 system.yaml:3:27 the template has `$record` 2 times | write `$record` once, where the record stands"
      ]
    ),
    (
      "single: { json: { a: $recrod } }",
      [
        "M0121 system.yaml:3:32 `$recrod` stands for nothing here | did you mean `$record`? A literal that starts with `$` must stand in quotes"
      ]
    ),
    (
      "single: { json: { \"*\": $record } }",
      [
        "M0121 system.yaml:3:27 a name `*` cannot be written | give the name that is written; `*` belongs under `read`"
      ]
    ),
    (
      "single: { json: [$record, { a: b }] }",
      [
        "M0121 system.yaml:3:27 a list in a template holds one thing, which repeats | write `[$record]`, or `[{ name: $record }]`"
      ]
    ),
    ("list: { csv: [$record] }", ["M0121 system.yaml:3:24 `csv` has no envelope | write `csv: $record`"]),
    (
      "list: { xml: [$record] }",
      [
        "M0121 system.yaml:3:24 an XML document has one root element, and this template has not | write `{ root: … }`"
      ]
    ),
    (
      "list: { json: $record }",
      [
        "M0121 system.yaml:3:25 the shape `list` needs a list around the record | write `[$record]`, in its envelope if it has one"
      ]
    ),
    (
      "list: { xml: { a: { b: $record } } }",
      [
        "M0121 system.yaml:3:24 the shape `list` needs a list around the record | write `{ root: { name: [$record] } }`"
      ]
    ),
    (
      "list: { json: [$record], read: { json: $record } }",
      ["M0102 system.yaml:3:50 `read` is a text, and must be a list of templates"]
    ),
    ("list: { json: [$record], read: { json: [{ none: true }] } }", []),
    ("single: { json: \"$record\" }", []),
  ])
  func aShapeIsReported(_ shape: String, _ problems: [String]) {
    let system = "system: kiosk\nformats: [json, xml, csv]\nshapes: { \(shape) }\n"
    #expect(Kiosk.problems(system: system) == problems)
  }

  @Test func formatsAreCheckedBeforeWhatNamesThem() {
    #expect(
      Kiosk.problems(
        system: "system: kiosk\nshapes: { list: { json: [$record] } }\nformats: [json, json, yaml, ndjson]\n") == [
          "M0104 system.yaml:3:17 the format `json` stands twice | remove one of them",
          "M0104 system.yaml:3:23 a format cannot be `yaml` | accepted: `json`, `xml`, `csv`, `form`",
          "M0104 system.yaml:3:29 a format cannot be `ndjson` | `ndjson` comes with `json` and has no rules of its own",
        ])
  }

  @Test func whatIsMissingIsReported() {
    #expect(
      Kiosk.problems(system: "title: a\n", client: "entity: a\n") == [
        "M0103 client.yaml:1:1 the file has no `fields` | add the key `fields`",
        "M0103 client.yaml:1:1 the file has no `system` | add the key `system`",
        "M0103 system.yaml:1:1 the file has no `formats` | add the key `formats`",
        "M0103 system.yaml:1:1 the file has no `shapes` | add the key `shapes`",
        "M0103 system.yaml:1:1 the file has no `system` | add the key `system`",
      ])
    #expect(
      Kiosk.problems(system: "", client: "- a\n") == [
        "M0102 client.yaml:1:1 the file is a list, and must be a mapping",
        "M0102 system.yaml:1:1 the file is nothing, and must be a mapping",
      ])
  }

  @Test func aFileOfAnotherSystemIsReported() {
    #expect(
      Kiosk.problems(client: "system: kisok\nfields: { id: id }\n") == [
        "M0105 client.yaml:1:9 the file says `system: kisok`, and its folder is `kiosk` | write `system: kiosk`, or rename the folder"
      ])
  }
}
