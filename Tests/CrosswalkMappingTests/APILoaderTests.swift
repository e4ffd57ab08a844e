import CrosswalkMapping
import CrosswalkModel
import CrosswalkYAML
import Testing

/// What can be wrong in `api:`, each thing with its place, its cause and a way out.
@Suite struct APILoaderTests {
  private static let client = """
    system: kiosk
    fields:
      id: id
      name: name
      live: { is: active, type: boolean }
      size: { is: company.size, type: integer }
      made: { is: created, type: instant }
      pay: { is: billing.method, type: choice, as: { choice: { card: [Card], cash: [Cash] } } }

    """

  private static let api = """
    api:
      base: https://$region.kiosk.example/v1
      settings: { region: where it is, key: { why: of the desk, secret: true } }
      signIn: [headers: { X-Api-Key: $key }]
      operations:
        list: { call: GET /people, paging: { page: page, size: size, first: 1, most: 50 }, reply: { shape: list } }
        count: { call: GET /people, when: { mode: count }, reply: { body: { total: $count } } }
        detail: { call: GET /people/$id, reply: { shape: list } }
        create: { call: POST /people, body: create, reply: { status: 201, headers: { Location: /people/$id } } }
        toggle: { call: POST /people/$id/toggle, field: live }
      record: { kept: { id: { number: 7 }, made: created }, defaults: { live: true, size: 3, pay: Cash } }
      pacing: { calls: 5, seconds: 10, locks: 20 }
      refusals: { body: { error: $message, code: $code }, missing: { status: 422, message: $field is missing } }

    """

  private static func problems(_ api: String) -> [String] {
    do throws(Diagnostic) {
      return SystemLoader.load(
        name: "kiosk", system: try YAML.parse(Array((Kiosk.system + api).utf8), file: "system.yaml"),
        client: try YAML.parse(Array(client.utf8), file: "client.yaml"), canonical: Kiosk.canonical, checksAPI: true
      ).1.map(Kiosk.rendered)
    } catch {
      return [Kiosk.rendered(error)]
    }
  }

  @Test func whatIsRightIsTaken() { #expect(Self.problems(Self.api) == []) }

  struct Mistake: Sendable, CustomTestStringConvertible {
    var right: String
    var wrong: String
    var problem: String
    var testDescription: String { wrong }
  }

  static let mistakes: [Mistake] = [
    .init(
      right: "most: 50", wrong: "most: 50, more: more",
      problem: "M0110 system.yaml:11:92 `more` has no place in the list as json: `more` | it is a member of an object that every format of the list has, beside the records: `response.more`"),
    .init(
      right: "reply: { shape: list } }\n    count:", wrong: "filters: { since: { after: size } }, reply: { shape: list } }\n    count:",
      problem: "M0110 system.yaml:11:115 `size` is no moment, which this filter compares | a field of the type `instant`, or with `as:` one of `instant`, `epoch`, `msDate`"),
    .init(
      right: "number: 7", wrong: "number: abc",
      problem: "M0110 system.yaml:16:35 `number` cannot be `abc` | it takes a whole number from 0 to 4611686018427387903"),
    .init(
      right: "number: 7", wrong: "number: -7",
      problem: "M0110 system.yaml:16:35 `number` cannot be `-7` | it takes a whole number from 0 to 4611686018427387903"),
    .init(
      right: "status: 201", wrong: "status: 999",
      problem: "M0110 system.yaml:14:66 `status` cannot be `999` | it takes a whole number from 200 to 599"),
    .init(
      right: "status: 422", wrong: "status: 1",
      problem: "M0110 system.yaml:18:74 `status` cannot be `1` | it takes a whole number from 200 to 599"),
    .init(
      right: "most: 50", wrong: "most: 0",
      problem: "M0110 system.yaml:11:82 `most` cannot be `0` | it takes a whole number from 1 to 1000000"),
    .init(
      right: "calls: 5", wrong: "calls: 0",
      problem: "M0110 system.yaml:17:20 `calls` cannot be `0` | it takes a whole number from 1 to 1000000"),
    .init(
      right: "seconds: 10", wrong: "seconds: 9223372036854775807",
      problem: "M0110 system.yaml:17:32 `seconds` cannot be `9223372036854775807` | it takes a whole number from 1 to 31536000"),
    .init(
      right: "first: 1", wrong: "first: [1]",
      problem: "M0102 system.yaml:11:73 `first` is a list, and must be a whole number"),
    .init(
      right: "X-Api-Key: $key", wrong: "X-Api-Key: $kee",
      problem: "M0110 system.yaml:9:34 `$kee` stands for nothing here | did you mean `$key`? Accepted: `$region`, `$key`"),
    .init(
      right: "X-Api-Key: $key", wrong: "X-Api-Key: $token",
      problem: "M0110 system.yaml:9:34 `$token` stands for nothing here | accepted: `$region`, `$key`"),
    .init(
      right: "X-Api-Key: $key", wrong: "X Api Key: $key",
      problem: "M0110 system.yaml:9:23 `X Api Key` is not the name of a header | letters, digits and hyphens: `X-Api-Key`"),
    .init(
      right: "Location: /people/$id", wrong: "Location: /people/$idd",
      problem: "M0110 system.yaml:14:92 `$idd` stands for nothing here | did you mean `$id`? Accepted: `$id`, `$part`, `$token`, `$message`, `$uri`, `$path`, `$count`, `$pages`, `$time`, `$calls`, `$most`, `$seconds`, `$wait`, `$region`, `$key`, `$name`, `$live`, `$size`, `$made`, `$pay`"),
    .init(
      right: "error: $message", wrong: "error: $messsage",
      problem: "M0110 system.yaml:18:30 `$messsage` stands for nothing here | did you mean `$message`? Accepted: `$message`, `$code`, `$status`, `$uri`, `$field`"),
    .init(
      right: "$field is", wrong: "$name is",
      problem: "M0110 system.yaml:18:88 `$name` stands for nothing here | accepted: `$field`, `$wait`"),
    .init(
      right: "https://$region.kiosk.example/v1", wrong: "api",
      problem: "M0110 system.yaml:7:9 `base` cannot be `api` | it is a whole address: `https://api.example.com/v1`"),
    .init(
      right: "https://$region", wrong: "https://$place",
      problem: "M0110 system.yaml:7:9 `$place` stands for nothing here | accepted: `$region`, `$key`"),
    .init(
      right: "live: true", wrong: "live: maybe",
      problem: "M0110 system.yaml:16:75 `live` cannot be `maybe` | it is of the type `boolean`: `true` or `false`, without quotes"),
    .init(
      right: "size: 3", wrong: "size: \"3\"",
      problem: "M0110 system.yaml:16:87 `size` cannot be `3` | it is of the type `integer`: a whole number, without quotes"),
    .init(
      right: "pay: Cash", wrong: "pay: Crad",
      problem: "M0104 system.yaml:16:95 `pay` cannot be `Crad` | did you mean `Card`? Accepted: `Card`, `Cash`"),
    .init(
      right: "field: live", wrong: "field: name",
      problem: "M0110 system.yaml:15:53 what is turned over cannot be `name`, which is of the type `text` | a field of the type `boolean`"),
    .init(
      right: "made: created", wrong: "live: created",
      problem: "M0110 system.yaml:16:40 what is kept as `created` cannot be `live`, which is of the type `boolean` | a field of the type `text`, `lines`, `code`, `integer`, `instant`"),
    .init(
      right: "body: create,", wrong: "",
      problem: "M0103 system.yaml:14:5 the operation `create` has no `body` | add the key `body`"),
    .init(
      right: "body: create,", wrong: "body: { name: a },",
      problem: "M0102 system.yaml:14:41 `body` of the operation `create` is a mapping, and must be a shape"),
    .init(
      right: "GET /people/$id", wrong: "GET /people/$idd",
      problem: "M0103 system.yaml:13:5 the operation `detail` has no `id` | add the key `id`\nM0110 system.yaml:13:21 `$idd` is not a part of a path | `$id` and `$part` stand for a whole part each; all else is as it is written"),
    .init(
      right: "GET /people/$id", wrong: "GET /people/$id?full=1",
      problem: "M0103 system.yaml:13:5 the operation `detail` has no `id` | add the key `id`\nM0110 system.yaml:13:21 `$id?full=1` is not a part of a path | `$id` and `$part` stand for a whole part each; all else is as it is written"),
    .init(
      right: " when: { mode: count },", wrong: "",
      problem: "M0110 system.yaml:12:20 `GET /people` is the call of another operation already [system.yaml:11:19] | `when: { parameter: value }` tells two operations of one call apart"),
    .init(
      right: "POST /people,", wrong: "[POST /people, POST /people/$part/toggle],",
      problem: "M0110 system.yaml:15:21 `POST /people/$id/toggle` is the call of another operation already [system.yaml:14:36] | `when: { parameter: value }` tells two operations of one call apart"),
    .init(
      right: "signIn: [", wrong: "signIn: [{ headers: { X-Session: $token }, session: { hours: 2 } }, ",
      problem: "M0103 system.yaml:11:5 `operations`, which `signIn` needs, has no `session` | add the key `session`"),
    .init(
      right: "toggle: {", wrong: "part: { call: GET /offices/$part }\n    toggle: {",
      problem: "M0103 system.yaml:15:5 the operation `part` has no `of` | add the key `of`"),
  ]

  @Test(arguments: mistakes) func aMistakeIsSaidWithItsPlaceAndACure(_ mistake: Mistake) {
    #expect(Self.api.contains(mistake.right))
    #expect(Self.problems(Self.api.replacing(mistake.right, with: mistake.wrong, maxReplacements: 1)) .joined(separator: "\n") == mistake.problem)
  }
}
