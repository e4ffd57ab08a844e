import CrosswalkMapping
import CrosswalkModel
import CrosswalkSandbox
import Foundation
import Testing

/// Each fault fires where its rule says, and what was written is known: by a look at the record from outside.
@Suite struct FaultTests {
  private static let signedIn = Played.signedIn["trackops"] ?? []
  private static let office = #""primary_location":{"name":"Main","state":"FL","country":"US"}"#

  private static func create(_ name: String) -> SandboxRequest {
    SandboxRequest(
      method: "POST", target: "/api/v1/clients", headers: signedIn, body: Array(#"{"client":{"name":"\#(name)",\#(office)}}"#.utf8))
  }

  private static func get(_ target: String) -> SandboxRequest { SandboxRequest(method: "GET", target: target, headers: signedIn) }

  private static func played(_ faults: String, seed: UInt64 = 1, records: Int = 0) async throws -> Sandbox {
    let sandbox = try Played.sandbox(["trackops"], faults: faults, seed: seed)
    for number in 0..<records { try await Played.seed(sandbox, "trackops", [#"{"id":\#(number + 1),"name":"n\#(number + 1)"}"#]) }
    return sandbox
  }

  private static func setFaults(_ sandbox: Sandbox, _ rules: String) async {
    _ = await sandbox.answer(SandboxRequest(method: "POST", target: "/__sandbox/faults", body: Array(rules.utf8)))
  }

  /// How many records a list has, without faults.
  private static func count(_ sandbox: Sandbox) async -> Int {
    await setFaults(sandbox, "")
    return ids(await sandbox.answer(get("/api/v1/clients"))).count
  }

  private static func ids(_ reply: SandboxReply) -> [String] {
    String(decoding: reply.body, as: UTF8.self).matches(of: /"id":(\d+)/).map { String($0.1) }
  }

  // MARK: - Each fault

  /// Status, headers that tell, whether the record is there afterwards, and what happens to the connection.
  struct OfCreate: Sendable, CustomTestStringConvertible {
    var name: Faults.Name
    var status: Int
    var isWritten: Bool
    var transport: TransportFault?
    var type = "text/html; charset=utf-8"
    var testDescription: String { name.rawValue }
  }

  static let ofCreate: [OfCreate] = [
    .init(name: .failBefore, status: 503, isWritten: false),
    .init(name: .failAfter, status: 502, isWritten: true),
    .init(name: .resetBefore, status: 503, isWritten: false, transport: .reset, type: ""),
    .init(name: .resetAfter, status: 201, isWritten: true, transport: .reset, type: "application/json; charset=utf-8"),
    .init(name: .dropAfter, status: 201, isWritten: true, transport: .drop, type: "application/json; charset=utf-8"),
    .init(name: .delayAfter, status: 201, isWritten: true, transport: .delay(milliseconds: 3000), type: "application/json; charset=utf-8"),
    .init(name: .slowCommit, status: 503, isWritten: true, transport: .reset, type: ""),
    .init(name: .truncateBody, status: 201, isWritten: true, type: "application/json; charset=utf-8"),
    .init(name: .wrongContentType, status: 201, isWritten: true, type: "application/octet-stream"),
    .init(name: .htmlOK, status: 200, isWritten: false),
    .init(name: .redirectCrossOrigin, status: 302, isWritten: false, type: ""),
    .init(name: .throttle, status: 429, isWritten: false, type: "application/json; charset=utf-8"),
    .init(name: .lock, status: 429, isWritten: false, type: "application/json; charset=utf-8"),
    .init(name: .expire, status: 401, isWritten: false, type: "application/json; charset=utf-8"),
    .init(name: .forbidden, status: 401, isWritten: false, type: "application/json; charset=utf-8"),
    .init(name: .exists, status: 400, isWritten: false, type: "application/json; charset=utf-8"),
  ]

  @Test(arguments: ofCreate) func aCreateMeetsIt(_ one: OfCreate) async throws {
    let sandbox = try await Self.played(one.name.rawValue)
    let reply = await sandbox.answer(Self.create("Quay"))
    #expect(reply.status == one.status || one.name == .exists && reply.status == 422)
    #expect(reply.headers.first { $0.name == "Content-Type" }?.value ?? "" == one.type)
    if one.name == .truncateBody {
      #expect(reply.transport == .truncate(reply.body.count / 2))
    } else {
      #expect(reply.transport == one.transport)
    }
    #expect(sandbox.state().exchanges.map(\.fault) == [one.name.rawValue])
    #expect(sandbox.state().faults.map(\.fired) == [1])
    // The lock has to pass first.
    _ = await sandbox.answer(SandboxRequest(method: "POST", target: "/__sandbox/clock", body: Array("600".utf8)))
    #expect(await Self.count(sandbox) == (one.isWritten ? 1 : 0))
  }

  @Test func everyNameHasATestHere() {
    let others: [Faults.Name] = [.pageSkip, .pageDuplicate, .staleList, .namesAllowed, .namesForbidden, .hiddenRecords]
    #expect(Set(Self.ofCreate.map(\.name) + others) == Set(Faults.Name.allCases))
  }

  @Test func aRedirectLeadsToAnotherHost() async throws {
    let reply = try await Self.played("redirect-cross-origin").answer(Self.get("/api/v1/clients?page=2"))
    #expect(reply.headers.map { "\($0.name): \($0.value)" } == ["Location: http://elsewhere.invalid/api/v1/clients?page=2"])
  }

  @Test func aLockHoldsForTheCallsThatFollow() async throws {
    let sandbox = try Played.sandbox(["zoho-people"], options: ["zoho-people": ["throttleStatus": "429"]], faults: "lock@1")
    var statuses: [String] = []
    for _ in 0..<2 { statuses.append(String(await Played.call(sandbox, "zoho-people", "GET /getclients").prefix(3))) }
    _ = await sandbox.answer(SandboxRequest(method: "POST", target: "/__sandbox/clock", body: Array("301".utf8)))
    statuses.append(String(await Played.call(sandbox, "zoho-people", "GET /getclients").prefix(3)))
    #expect(statuses == ["429", "429", "200"])
  }

  @Test(arguments: ["bigtime", "trackops"]) func aLockHoldsWhereNothingIsSaidOfPacing(_ name: String) async throws {
    let sandbox = try Played.sandbox([name], faults: "lock/list@1")
    let request = SandboxRequest(
      method: "GET", target: name == "bigtime" ? "/client" : "/api/v1/clients", headers: Played.signedIn[name] ?? [])
    #expect(await Self.statuses(sandbox, [request, request]) == [429, 429])
    await Self.wait(sandbox, seconds: 61)
    #expect(await Self.statuses(sandbox, [request]) == [200])
    #expect(sandbox.state().faults.map(\.fired) == [1])
  }

  @Test func anExpiryEndsTheSessionsThatThereWere() async throws {
    let sandbox = try Played.sandbox(["bigtime"], faults: "401-expire/list@1")
    func call(_ line: String, _ headers: [(name: String, value: String)], _ body: String = "") async -> SandboxReply {
      let words = line.split(separator: " ").map(String.init)
      return await sandbox.answer(SandboxRequest(method: words[0], target: words[1], headers: headers, body: Array(body.utf8)))
    }
    let session = await call("POST /session", [], #"{"UserId":"sandbox-user","Pwd":"sandbox-password"}"#)
    let token = try #require(String(decoding: session.body, as: UTF8.self).firstMatch(of: /"token":"([^"]+)"/)?.1)
    let headers = [(name: "X-Auth-Token", value: String(token)), (name: "X-Auth-Realm", value: "sandbox-firm")]
    #expect(await call("GET /client", headers).status == 401)
    #expect(await call("GET /client", headers).status == 401)
    #expect(await call("GET /client", Played.signedIn["bigtime"] ?? []).status == 200)
  }

  @Test func pagesSkipOrRepeatARecordAtTheirStart() async throws {
    for (fault, wanted) in [("page-skip", ["1", "2", "4", "5"]), ("page-duplicate", ["1", "2", "2", "3"])] {
      let sandbox = try await Self.played(fault, records: 5)
      var all: [String] = []
      for page in 1...2 { all += Self.ids(await sandbox.answer(Self.get("/api/v1/clients?per_page=2&page=\(page)"))) }
      #expect(all == wanted, "\(fault)")
    }
  }

  private static func wait(_ sandbox: Sandbox, seconds: Int) async {
    _ = await sandbox.answer(SandboxRequest(method: "POST", target: "/__sandbox/clock", body: Array("\(seconds)".utf8)))
  }

  private static func statuses(_ sandbox: Sandbox, _ requests: [SandboxRequest]) async -> [Int] {
    var statuses: [Int] = []
    for request in requests { statuses.append(await sandbox.answer(request).status) }
    return statuses
  }

  private static func rename(_ id: Int, _ name: String) -> SandboxRequest {
    SandboxRequest(
      method: "PUT", target: "/api/v1/clients/\(id)", headers: signedIn, body: Array(#"{"client":{"name":"\#(name)"}}"#.utf8))
  }

  @Test func aStaleListIsTheListOfHalfAMinuteAgo() async throws {
    let sandbox = try await Self.played("stale-list", records: 2)
    func names() async -> [String] {
      let reply = await sandbox.answer(Self.get("/api/v1/clients"))
      return String(decoding: reply.body, as: UTF8.self).matches(of: /"name":"([^"]+)","active|"name":"([^"]+)"/).map {
        String($0.1 ?? $0.2 ?? "")
      }.filter { $0 != "Main" }
    }
    #expect(await names() == ["n1", "n2"])
    #expect(sandbox.state().faults.map(\.fired) == [0])
    #expect(await Self.statuses(sandbox, [Self.rename(1, "a"), Self.create("Quay")]) == [200, 201])
    await Self.wait(sandbox, seconds: 20)
    #expect(await Self.statuses(sandbox, [Self.rename(1, "b"), Self.get("/api/v1/clients/503")]) == [200, 404])
    #expect(await names() == ["n1", "n2"])
    await Self.wait(sandbox, seconds: 10)
    #expect(await names() == ["a", "n2", "Quay"])
    await Self.wait(sandbox, seconds: 20)
    #expect(await names() == ["b", "n2", "Quay"])
    #expect(sandbox.state().faults.map(\.fired) == [2])
  }

  // MARK: - Slow commits

  @Test func aSlowCommitIsDoneAfterThirtyCallsOfTheFastClock() async throws {
    let sandbox = try await Self.played("slow-commit/create@1")
    #expect(await sandbox.answer(Self.create("Quay")).transport == .reset)
    for _ in 0..<29 { #expect(Self.ids(await sandbox.answer(Self.get("/api/v1/clients"))) == []) }
    #expect(Self.ids(await sandbox.answer(Self.get("/api/v1/clients"))) == ["501"])
    #expect(sandbox.state().faults.map(\.fired) == [1])
  }

  @Test func aSlowCommitIsInTheHistoryWhenTheClockHasReachedIt() async throws {
    let store = try SandboxStore(path: nil)
    let sandbox = try Played.sandbox(["zoho-people"], faults: "slow-commit/create@1", store: store)
    for name in ["Quay", "Reed"] { _ = await Played.call(sandbox, "zoho-people", "POST /addclient?clientName=\(name)&currency=EUR") }
    #expect(try store.history().map(\.id) == ["469505000000133417"])
    await Self.wait(sandbox, seconds: 2)
    #expect(try store.history().count == 1)
    await Self.wait(sandbox, seconds: 1)
    #expect(try store.history().map(\.write?.time) == ["2026-01-01T00:00:00.200Z", "2026-01-01T00:00:03.200Z"])
  }

  @Test func aSlowCommitIsRefusedWhenItsNameIsTakenByThen() async throws {
    let store = try SandboxStore(path: nil)
    let sandbox = try Played.sandbox(["zoho-people"], faults: "slow-commit/create@1", store: store)
    for _ in 0..<2 { _ = await Played.call(sandbox, "zoho-people", "POST /addclient?clientName=Quay&currency=EUR") }
    await Self.wait(sandbox, seconds: 10)
    #expect(try store.history().count == 1)
  }

  @Test func byTheMachinesClockASlowCommitAnswersAfterThreeSecondsAndIsDoneWithoutItsClientToo() async throws {
    let sandbox = try Played.sandbox(["trackops"], faults: "slow-commit/create", isFast: false)
    let servers = SocketServers()
    let client = try await servers.client(of: sandbox)
    client.send(SocketServers.bytes(Self.create("Gone")))
    try await client.onThread { $0.wait(seconds: 0.1) }
    client.hangUp()
    async let patient = sandbox.answer(Self.create("Quay"))
    #expect(Self.ids(await sandbox.answer(Self.get("/api/v1/clients"))) == [])
    #expect(await patient.status == 201)
    #expect(Self.ids(await sandbox.answer(Self.get("/api/v1/clients"))) == ["501", "502"])
    #expect(sandbox.state().exchanges.filter { $0.method == "POST" }.map(\.status) == [201, 201])
    try await servers.stop()
  }

  // MARK: - Permissions

  @Test func aUserWithoutTheRightIsRefusedInTheWordsOfTheSystem() async throws {
    let sandbox = try Played.sandbox(["bigtime", "zoho-people"], faults: "forbidden/create")
    let create = #"{"Nm":"Quay"}"#
    #expect(
      await Played.call(sandbox, "bigtime", "POST /bigtime/client/detail", [("Content-Type", "application/json")], create)
        == "405\nContent-Type: application/json; charset=utf-8\n\n" + #"{"Message":"You are not permitted to do that."}"#)
    #expect(await Played.call(sandbox, "bigtime", "GET /bigtime/client").hasPrefix("200"))
    let refused = await Played.call(sandbox, "zoho-people", "POST /zoho-people/addclient?clientName=Quay&currency=EUR")
    #expect(refused.contains(#""errors":[{"code":7038,"message":"Permission denied"}]"#), "\(refused)")
    // Who is not signed in is told that first.
    #expect(await Played.call(sandbox, "", "POST /bigtime/client/detail", [], create).hasPrefix("401"))
    #expect(sandbox.state().faults.map(\.fired) == [2])
  }

  @Test func namesMayStandTwiceOrOnceWhateverTheSystemSays() async throws {
    let free = try await Self.played("duplicate-names-forbidden")
    #expect(await free.answer(Self.create("Quay")).status == 201)
    #expect(await free.answer(Self.create("Quay")).status == 422)
    #expect(await Self.count(free) == 1)
    let unique = try Played.sandbox(["zoho-people"], faults: "duplicate-names-allowed")
    for _ in 0..<2 {
      let reply = await Played.call(unique, "zoho-people", "POST /addclient?clientName=Quay&currency=EUR")
      #expect(reply.contains("Client added successfully"))
    }
  }

  @Test func hiddenRecordsAreNeitherListedNorFound() async throws {
    let sandbox = try await Self.played("hidden-records=0.5", seed: 3, records: 40)
    let shown = Self.ids(await sandbox.answer(Self.get("/api/v1/clients")))
    #expect((10...30).contains(shown.count))
    for number in 1...40 {
      let isShown = await sandbox.answer(Self.get("/api/v1/clients/\(number)")).status == 200
      #expect(isShown == shown.contains(String(number)), "\(number)")
    }
    #expect(sandbox.state().faults.map(\.fired) == [41 - shown.count])
    #expect(await Self.count(sandbox) == 40)
  }

  @Test func recordsAreHiddenInTheCallsThatTheRuleNames() async throws {
    let sandbox = try await Self.played("hidden-records/list@2", records: 2)
    var all: [Int] = []
    for _ in 0..<3 {
      all.append(Self.ids(await sandbox.answer(Self.get("/api/v1/clients"))).count)
      #expect(await sandbox.answer(Self.get("/api/v1/clients/1")).status == 200)
    }
    #expect(all == [2, 0, 2])
    #expect(sandbox.state().exchanges.map(\.fault) == [nil, nil, "hidden-records/list@2", nil, nil, nil])
  }

  @Test func namesCountWhereTheyMadeADifference() async throws {
    let sandbox = try await Self.played("duplicate-names-forbidden/create@2")
    #expect(await Self.statuses(sandbox, ["Quay", "Quay", "Quay"].map(Self.create)) == [201, 422, 201])
    let free = try Played.sandbox(["zoho-people"], faults: "duplicate-names-allowed")
    for name in ["a", "a", "b"] { _ = await Played.call(free, "zoho-people", "POST /addclient?clientName=\(name)&currency=EUR") }
    #expect([sandbox, free].flatMap { $0.state().faults.map(\.fired) } == [1, 1])
  }

  // MARK: - Over a socket

  @Test func theClientSeesConnectionsBreak() async throws {
    let servers = SocketServers()
    func client(_ faults: String) async throws -> (RawClient, Sandbox) {
      let sandbox = try await Self.played(faults)
      let client = try await servers.client(of: sandbox)
      client.send(SocketServers.bytes(Self.create("Quay")))
      return (client, sandbox)
    }
    for (fault, isWritten) in [("reset-before", false), ("reset-after", true)] {
      let (one, sandbox) = try await client(fault)
      #expect(try await one.onThread { $0.readToEnd() })
      #expect(one.end == .reset && one.received.isEmpty, "\(fault)")
      #expect(await Self.count(sandbox) == (isWritten ? 1 : 0), "\(fault)")
    }
    let (dropped, sandbox) = try await client("drop-after")
    try await dropped.onThread { $0.wait(seconds: 0.1) }
    #expect(dropped.end == .open && dropped.received.isEmpty)
    #expect(await Self.count(sandbox) == 1)
    let (cut, other) = try await client("truncate-body")
    let reply = try await cut.onThread { try $0.reply() }
    let length = try #require(reply.header("Content-Length").flatMap { Int($0) })
    #expect(reply.status == 201 && !reply.isWhole && reply.body.utf8.count == length / 2 && cut.end == .closed)
    #expect(await Self.count(other) == 1)
    let (late, _) = try await client("delay-after")
    try await late.onThread { $0.wait(seconds: 0.1) }
    #expect(late.end == .open && late.received.isEmpty)
    try await servers.stop()
  }

  // MARK: - Rules

  private static func fires(_ rule: String, seed: UInt64, _ calls: [SandboxRequest]) async throws -> [Bool] {
    let sandbox = try await played(rule, seed: seed, records: 1)
    var fired: [Bool] = []
    for call in calls { fired.append(await sandbox.answer(call).status == 503) }
    return fired
  }

  @Test(arguments: [1, 77] as [UInt64]) func aShareFiresAboutAsOftenAsItSays(_ seed: UInt64) async throws {
    let calls = Array(repeating: Self.get("/api/v1/clients/1"), count: 200)
    for share in [0.2] {
      let fired = try await Self.fires("5xx-before=\(share)", seed: seed, calls)
      let count = Double(fired.count { $0 })
      // Four standard deviations.
      #expect(abs(count - 200 * share) <= 4 * (200 * share * (1 - share)).squareRoot(), "seed \(seed), \(share): \(count) of 200")
    }
  }

  @Test func aNumberedRuleFiresExactlyThen() async throws {
    let fired = try await Self.fires("5xx-before@3,5xx-before@7", seed: 1, Array(repeating: Self.get("/api/v1/clients/1"), count: 9))
    #expect(fired == [false, false, true, false, false, false, true, false, false])
  }

  @Test func aRuleOfAnOperationFiresOnlyThere() async throws {
    let update = SandboxRequest(method: "PUT", target: "/api/v1/clients/1", headers: Self.signedIn, body: Array(#"{"client":{"name":"b"}}"#.utf8))
    let calls = [Self.get("/api/v1/clients"), Self.get("/api/v1/clients/1"), Self.create("a"), update]
    #expect(try await Self.fires("5xx-before/create", seed: 1, calls) == [false, false, true, false])
    #expect(try await Self.fires("5xx-before/detail", seed: 1, calls) == [false, true, false, false])
    #expect(try await Self.fires("5xx-before/write", seed: 1, calls) == [false, false, true, true])
    #expect(try await Self.fires("5xx-before/read", seed: 1, calls) == [true, true, false, false])
    #expect(try await Self.fires("5xx-before/create@2", seed: 1, calls + calls) == [false, false, false, false, false, false, true, false])
  }

  @Test(arguments: ["5xx", "throttle=2", "throttle@0", "throttle/nothing", "=1"]) func whatIsNoRuleIsRefused(_ text: String) {
    #expect(throws: Diagnostic.self) { try Faults(text, seed: 1) }
  }

  @Test(arguments: [
    ("8001-exists/list", "`8001-exists` alone meets all that it can; operations here: create"),
    ("page-skip/create", "`page-skip` alone meets all that it can; operations here: list"),
    ("stale-list/detail", "`stale-list` alone meets all that it can; operations here: list"),
    ("slow-commit/read@2", "`slow-commit` alone meets all that it can; operations here: create, update, toggle, delete"),
    ("duplicate-names-allowed/list", "`duplicate-names-allowed` alone meets all that it can; operations here: create, update"),
  ]) func whatCanNeverFireIsRefused(_ text: String, _ help: String) throws {
    do throws(Diagnostic) {
      _ = try Faults("throttle@5," + text, seed: 1)
      Issue.record("taken")
    } catch {
      #expect(error.title == "the fault `\(text)` can never fire: no call that is played is one that it meets")
      #expect(error.help == help)
    }
  }

  @Test func aRuleForAnOperationThatNoSystemPlayedHasIsRefused() async throws {
    do {
      _ = try await Self.played("reset-after/toggle")
      Issue.record("taken")
    } catch let error as Diagnostic {
      #expect(error.title.hasPrefix("the fault `reset-after/toggle` can never fire"))
      #expect(error.help?.hasSuffix("operations here: list, count, detail, create, update, parts, part") == true, "\(error.help ?? "")")
    }
    let sandbox = try Played.sandbox(["harvest", "trackops"], faults: "reset-after/toggle")
    let reply = await sandbox.answer(
      SandboxRequest(method: "POST", target: "/__sandbox/faults", body: Array("reset-after/part,throttle/session".utf8)))
    #expect(reply.status == 400)
    #expect(sandbox.state().faults.map(\.rule) == ["reset-after/toggle"])
  }

  // MARK: - The log

  /// 300 requests of all kinds to three systems, the same ones each time.
  private static func mixed(_ seed: UInt64) async throws -> (log: String, sandbox: Sandbox, secrets: [String]) {
    let rules = "5xx-before=0.05,reset-after/write=0.1,truncate-body/list=0.2,page-duplicate=0.1,401-expire=0.03,8001-exists=0.1,redirect-cross-origin=0.1,throttle@40"
    let sandbox = try Played.sandbox(["bigtime", "trackops", "zoho-people"], faults: rules, seed: seed)
    var log = ""
    var secrets = ["sandbox-password", "sandbox-apiToken", "sandbox-token", "sandbox-authToken", "sandbox-accessToken"]
    secrets += Played.signedIn.values.flatMap { $0 }.filter { $0.name == "Authorization" }.map(\.value)
    var state: UInt64 = 42
    func dice(_ sides: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % sides
    }
    var token = "none"
    for number in 0..<300 {
      let id = 1001 + dice(8)
      var request: SandboxRequest
      switch dice(10) {
      case 0:
        request = SandboxRequest(
          method: "POST", target: "/bigtime/session", body: Array(#"{"UserId":"sandbox-user","Pwd":"sandbox-password"}"#.utf8))
      case 1: request = SandboxRequest(method: "GET", target: "/bigtime/client", headers: [("X-Auth-Token", token), ("X-Auth-Realm", "sandbox-firm")])
      case 2:
        request = SandboxRequest(
          method: "POST", target: "/bigtime/client/detail", headers: Played.signedIn["bigtime"] ?? [], body: Array(#"{"Nm":"n\#(number)"}"#.utf8))
      case 3: request = SandboxRequest(method: "GET", target: "/bigtime/client/detail/\(id)?View=Detailed", headers: Played.signedIn["bigtime"] ?? [])
      case 4: request = Self.create("t\(number)"); request.target = "/trackops" + request.target
      case 5: request = Self.get("/trackops/api/v1/clients?per_page=3&page=2")
      case 6: request = SandboxRequest(method: "GET", target: "/zoho-people/getclients?authtoken=sandbox-authToken&sIndex=2&limit=2")
      case 7:
        request = SandboxRequest(
          method: "POST", target: "/zoho-people/addclient", headers: [("Content-Type", "application/x-www-form-urlencoded")],
          body: Array("clientName=z\(dice(20))&currency=EUR&authtoken=sandbox-authToken".utf8))
      case 8: request = SandboxRequest(method: "GET", target: "/zoho-people/getclients?%61uthtoken=sandbox%2DauthToken&access_token=x")
      default: request = SandboxRequest(method: "GET", target: "/trackops/api/v1/nowhere", headers: [("authorization", "Bearer sandbox-token")])
      }
      request.connection = number % 3
      let reply = await sandbox.answer(request)
      if let given = String(decoding: reply.body, as: UTF8.self).firstMatch(of: /"token":"([^"]+)"/)?.1 {
        token = String(given)
        secrets.append(token)
      }
      // The state has the last 200.
      if number % 100 == 99 { log = Self.text(sandbox.state(), before: log) }
    }
    return (log, sandbox, secrets)
  }

  /// Exchanges with all their members, in order, each once.
  private static func text(_ state: SandboxState, before: String) -> String {
    var lines = before.isEmpty ? [] : before.components(separatedBy: "\u{1e}")
    for one in state.exchanges where one.number > lines.count {
      lines.append("\(one.number) \(one.time) \(one.connection) \(one.method) \(one.target) \(one.status) \(one.fault ?? "")\n\(one.request)\n\(one.reply)")
    }
    return lines.joined(separator: "\u{1e}")
  }

  /// Once for both tests.
  private static let five = Task { try await mixed(5) }

  @Test func theSameSeedGivesTheSameLogByteForByte() async throws {
    let first = try await Self.five.value
    let second = try await Self.mixed(5)
    let other = try await Self.mixed(6)
    #expect(first.log.components(separatedBy: "\u{1e}").count == 300)
    #expect(first.log == second.log)
    #expect(first.log != other.log)
    #expect(first.sandbox.state().faults.map(\.fired) == second.sandbox.state().faults.map(\.fired))
    #expect(first.sandbox.state().faults.allSatisfy { $0.fired > 0 }, "\(first.sandbox.state().faults)")
  }

  @Test func noSecretStandsInTheLog() async throws {
    let (log, sandbox, secrets) = try await Self.five.value
    #expect(secrets.contains { $0.hasPrefix("session-") })
    for secret in Set(secrets) {
      #expect(!log.contains(secret), "\(secret)")
      #expect(!log.contains(secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? secret), "\(secret), encoded")
      for one in sandbox.state().systems { #expect(!one.records.contains { $0.values.contains(secret) }, "\(secret)") }
    }
    #expect(log.contains("authtoken=REDACTED") && log.contains("authorization: REDACTED"))
  }

  /// Somebody logs in here as at the vendor's.
  @Test func aPasswordOfTheRealSystemDoesNotStandInTheLogEither() async throws {
    let sandbox = try Played.sandbox(["bigtime"])
    for body in [#"{"UserId":"ada","pwd" : "Hunter\"2"}"#, "<S><UserId>ada</UserId><PWD>Hunter2</PWD></S>", "UserId=ada&Pwd=Hunter2"] {
      let type = body.hasPrefix("U") ? "application/x-www-form-urlencoded" : "application/json"
      _ = await Played.call(sandbox, "", "POST /session", [("Content-Type", type)], body)
    }
    let requests = sandbox.state().exchanges.map(\.request)
    #expect(requests.count == 3 && requests.allSatisfy { $0.contains("ada") && !$0.contains("Hunter") }, "\(requests)")
  }
}
