import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkSandbox
import Foundation
import Testing

/// What a sandbox was told, stays told: by the data, by the store, and by the system's own rules.
@Suite struct KeptStateTests {
  private static let json = [(name: "Content-Type", value: "application/json"), (name: "Accept", value: "application/json")]

  private static func sandbox(_ store: SandboxStore) throws -> Sandbox {
    let library = try MappingLibrary(folders: [])
    let (system, problems) = library.system("harvest", canonical: try library.canonical(), checksAPI: true)
    guard let system else { throw problems[0] }
    return try Sandbox([(system, [:])], store: store, faults: Faults("", seed: 1), seed: 1, isFast: true)
  }

  /// The next run on the same file.
  private static func again(_ store: inout SandboxStore, _ path: String) throws -> Sandbox {
    try store.close()
    store = try SandboxStore(path: path)
    return try sandbox(store)
  }

  @Test func whatIsInUseIsSoInTheNextRunAndNoWriteOfTheHistory() async throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "crosswalk-in-use-\(UUID().uuidString).db").path
    defer { for ending in ["", "-wal"] { unlink(path + ending) } }
    var store = try SandboxStore(path: path)
    var sandbox = try Self.sandbox(store)
    try await Played.seed(sandbox, "harvest", [#"{"client":{"id":7,"name":"Quay"}}"#])
    let wrong = await Played.call(sandbox, "harvest", "POST /__sandbox/in-use", [], "harvest 7\nharvest 8")
    #expect(wrong.hasSuffix("`harvest 8` is no system and id of a record in it\nhelp: lines `SYSTEM ID`, or `SYSTEM ID off`\n"))
    #expect(try store.history() == [])
    sandbox = try Self.again(&store, path)
    #expect(await Played.call(sandbox, "harvest", "DELETE /clients/7", Self.json).hasPrefix("400"))
    _ = await Played.call(sandbox, "harvest", "POST /__sandbox/in-use", [], "harvest 7 off")
    #expect(await Played.call(sandbox, "harvest", "DELETE /clients/7", Self.json).hasPrefix("200"))
    try store.close()
  }

  @Test func whatTheDataHasBesideTheFieldsStaysWithItsRecord() async throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "crosswalk-unknown-\(UUID().uuidString).db").path
    defer { for ending in ["", "-wal"] { unlink(path + ending) } }
    var store = try SandboxStore(path: path)
    var sandbox = try Self.sandbox(store)
    try await Played.seed(
      sandbox, "harvest", [#"{"client":{"id":7,"name":"Quay","tags":["a",{"b":2}],"plan":{"seats":3}}}"#, #"{"client":{"id":8,"name":"Reed"}}"#])
    #expect(await Played.call(sandbox, "harvest", "PUT /clients/7", Self.json, #"{"client":{"name":"Birch","tags":"no"}}"#).hasPrefix("200"))
    sandbox = try Self.again(&store, path)
    let json = await Played.call(sandbox, "harvest", "GET /clients", Self.json)
    #expect(json.components(separatedBy: #""tags":["a",{"b":2}],"plan":{"seats":3}}}"#).count == 2 && json.contains("Birch"), "\(json)")
    let xml = await Played.call(sandbox, "harvest", "GET /clients/7", Self.json.map { ($0.name, "application/xml") })
    #expect(xml.contains("<tags>a</tags><tags><b>2</b></tags><plan><seats>3</seats></plan></client>"), "\(xml)")
    try store.close()
  }

  @Test func theFastClockGoesOnWhereTheLastRunHadSetIt() async throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "crosswalk-clock-\(UUID().uuidString).db").path
    defer { for ending in ["", "-wal"] { unlink(path + ending) } }
    var store = try SandboxStore(path: path)
    var sandbox = try Self.sandbox(store)
    #expect(await Played.call(sandbox, "harvest", "POST /__sandbox/clock", [], "3600").hasSuffix("2026-01-01T01:00:00.000Z\n"))
    _ = await Played.call(sandbox, "harvest", "POST /clients", Self.json, #"{"client":{"name":"Quay"}}"#)
    for wanted in ["01:00:00.200", "01:00:00.300"] {
      sandbox = try Self.again(&store, path)
      _ = await Played.call(sandbox, "harvest", "PUT /clients/11072", Self.json, #"{"client":{"name":"Reed"}}"#)
      #expect(try store.history().last?.write?.time == "2026-01-01T\(wanted)Z")
    }
    #expect(try store.history().map(\.system) == ["harvest", "harvest", "harvest"])
    try store.close()
  }

  @Test func aBodyHasAFieldByTheNameThatItHasThere() async throws {
    let sandbox = try Played.sandbox(["zoho-people"], options: ["zoho-people": ["unknown": "refuse"]])
    func add(_ query: String) async -> String { await Played.call(sandbox, "zoho-people", "POST /addclient?clientName=Quay&\(query)") }
    #expect(await add("currencyCode=USD").contains(#""message":"No such parameter currencyCode""#))
    #expect(await add("currency=USD&currencyCode=EUR").contains(#""message":"No such parameter currencyCode""#))
    #expect(await add("currency=USD&currency=EUR").contains(#""message":"Wrong value given for currency parameter""#))
    #expect(await add("currency=USD").contains("successfully"))
    let mild = try Played.sandbox(["zoho-people"])
    let reply = await Played.call(mild, "zoho-people", "POST /addclient?clientName=Quay&currencyCode=EUR")
    #expect(reply.contains(#""message":"No currency parameter specified""#), "\(reply)")
  }

  @Test func whatIsDerivedIsNotSaidAnyMoreWhenItsBaseHasChanged() async throws {
    let sandbox = try Played.sandbox(["harvest", "bigtime"])
    try await Played.seed(sandbox, "harvest", [#"{"client":{"id":7,"name":"Quay","currency":"Euro - EUR","currency_symbol":"€"}}"#])
    try await Played.seed(sandbox, "bigtime", [#"{"SystemId":7,"Nm":"Quay","DisplayName":"The Quay"}"#])
    func harvest(_ line: String, _ body: String = "") async -> String { await Played.call(sandbox, "harvest", line, Self.json, body) }
    _ = await harvest("PUT /harvest/clients/7", #"{"client":{"currency":"Euro - EUR","name":"Reed"}}"#)
    #expect(await harvest("GET /harvest/clients/7").contains("€"))
    _ = await harvest("PUT /harvest/clients/7", #"{"client":{"currency":"Japanese Yen - JPY"}}"#)
    #expect(!(await harvest("GET /harvest/clients/7").contains("symbol")))
    func bigtime(_ line: String, _ body: String = "") async -> String { await Played.call(sandbox, "bigtime", line, Self.json, body) }
    #expect(await bigtime("GET /bigtime/client/detail/7").contains(#""DisplayName":"The Quay""#))
    _ = await bigtime("POST /bigtime/client/detail/7", #"{"SystemId":"7","Nm":"Reed"}"#)
    #expect(await bigtime("GET /bigtime/client/detail/7").contains(#""DisplayName":"Reed""#))
  }

  @Test func bothHeadersAndTheBodyAreOfOneFormat() async throws {
    let sandbox = try Played.sandbox(["harvest"])
    for (accept, type, status) in [("xml", "xml", "201"), ("xml", "json", "406"), ("json", "xml", "406"), ("json", "json", "400")] {
      let headers = [(name: "Accept", value: "application/\(accept)"), (name: "Content-Type", value: "application/\(type)")]
      let reply = await Played.call(sandbox, "harvest", "POST /clients", headers, "<client><name>Quay</name></client>")
      #expect(reply.hasPrefix(status), "\(accept), \(type): \(reply)")
    }
  }

  @Test func whatARecordHasAlreadyItKeepsWhoeverElseHasIt() async throws {
    let sandbox = try Played.sandbox(["bigtime"])
    let odd = try await sandbox.seed("bigtime", [1, 2, 3].map { Array(#"{"SystemId":\#($0),"Nm":"Quay","ClientId":"X"}"#.utf8) })
    #expect(odd.map(\.title) == ["`X` stands in more than one record of the data, and `ClientId` of bigtime is unique"])
    let update = #"{"SystemId":"1","ClientId":"X","Notes":"q"}"#
    #expect(await Played.call(sandbox, "bigtime", "POST /client/detail/1", Self.json, update).hasPrefix("200"))
    let other = #"{"Nm":"Reed","ClientId":"X"}"#
    #expect(await Played.call(sandbox, "bigtime", "POST /client/detail", Self.json, other).hasPrefix("400"))
  }

  @Test func theVersionGoesOnFromThatOfTheData() async throws {
    let sandbox = try Played.sandbox(["harvest"])
    try await Played.seed(sandbox, "harvest", [#"{"client":{"id":7,"name":"Quay","cache_version":4}}"#])
    _ = await Played.call(sandbox, "harvest", "PUT /clients/7", Self.json, #"{"client":{"name":"Reed"}}"#)
    #expect(await Played.call(sandbox, "harvest", "GET /clients/7", Self.json).contains(#""cache_version":5"#))
  }

  @Test func afterTheStoreCouldNotBeWrittenNothingIsShownThatItDoesNotHave() async throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "crosswalk-full-\(UUID().uuidString).db").path
    defer { for ending in ["", "-wal"] { unlink(path + ending) } }
    let store = try SandboxStore(path: path)
    let sandbox = try Self.sandbox(store)
    try store.close()
    for line in ["POST /clients", "GET /clients", "GET /account/rate_limit_status"] {
      let reply = await Played.call(sandbox, "harvest", line, Self.json, line.hasPrefix("POST") ? #"{"client":{"name":"Quay"}}"# : "")
      #expect(reply.hasPrefix("500"), "\(line)")
      #expect(!reply.contains("Quay"), "\(line)")
    }
  }

  @Test func askingForTheHeadAloneWritesNothing() async throws {
    let sandbox = try Played.sandbox(["zoho-people"])
    let query = "clientName=Quay&currency=USD"
    #expect(!(await Played.call(sandbox, "zoho-people", "HEAD /addclient?\(query)")).contains("successfully"))
    #expect(sandbox.state().systems[0].count == 0)
    #expect(await Played.call(sandbox, "zoho-people", "GET /addclient?\(query)").contains("successfully"))
    #expect(sandbox.state().systems[0].count == 1)
  }

  @Test func aRefusedDeleteInXMLHasItsAddressAsAnAttributeAsAllOthers() async throws {
    let sandbox = try Played.sandbox(["zoho-people"])
    let path = try #require(sandbox.state().systems.first?.name)
    let reply = await Played.call(sandbox, path, "POST /xml/deleteclient?clientId=1", [(name: "Accept", value: "application/xml")])
    #expect(reply.contains(#"<response uri="/api/timetracker/"#), "\(reply)")
  }
}
