import CrosswalkModel
import CrosswalkSandbox
import Foundation
import Testing

/// The page shows neither credentials nor fields that are secret, in whatever form they came; the history has what was written.
@Suite struct RedactorTests {
  /// The request and the reply as they are shown, of one call.
  private static func shown(
    _ sandbox: Sandbox, _ system: String, _ line: String, _ type: String = "", _ body: String = "", bytes: [UInt8]? = nil
  ) async -> (request: String, reply: String) {
    let words = line.split(separator: " ", maxSplits: 1).map(String.init)
    var headers = Played.signedIn[system] ?? []
    if !type.isEmpty { headers += [("Content-Type", type), ("Accept", type)] }
    _ = await sandbox.answer(SandboxRequest(method: words[0], target: words[1], headers: headers, body: bytes ?? Array(body.utf8)))
    guard let last = sandbox.state().exchanges.last else { return ("", "") }
    return (last.request, last.reply)
  }

  /// What stands behind the headers.
  private static func body(_ text: String) -> String {
    text.firstRange(of: "\n\n").map { String(text[$0.upperBound...]) } ?? ""
  }

  @Test func fieldsThatAreSecretAreNotShown() async throws {
    let sandbox = try Played.sandbox(["harvest"])
    try await Played.seed(sandbox, "harvest", [#"{"client":{"id":7,"name":"Quay","statement_key":"5ecre7"}}"#])
    for (line, type, body) in [
      ("GET /clients", "application/xml", ""), ("GET /clients/7", "application/xml", ""), ("GET /clients", "application/json", ""),
      ("GET /clients/7", "application/json", ""), ("PUT /clients/7", "application/xml", "<client><name>Reed</name></client>"),
      ("PUT /clients/7", "application/xml", "<client><statement-key>5ecre7</statement-key></client>"),
      ("PUT /clients/7", "application/json", #"{"client":{"statement_key":"5ecre7"}}"#),
    ] {
      let shown = await Self.shown(sandbox, "harvest", line, type, body)
      #expect(!(shown.request + shown.reply).contains("5ecre7"), "\(line) \(type) \(body)")
      #expect((shown.request + shown.reply).contains("REDACTED"), "\(line) \(type)")
    }
    let list = await Self.shown(sandbox, "harvest", "GET /clients/7", "application/xml").reply
    #expect(Self.body(list).contains("<name>Reed</name>"))
    #expect(Self.body(list).contains("<statement-key>REDACTED</statement-key>"))
  }

  @Test(arguments: [
    (#"{"UserId":"eva","Pwd":"5ecre7"}"#, #"{"UserId":"eva","Pwd":"REDACTED"}"#),
    (#"{"UserId":"eva","P\u0077d":"5ecre7"}"#, #"{"UserId":"eva","Pwd":"REDACTED"}"#),
    (#"{"PWD":5337}"#, #"{"PWD":"REDACTED"}"#), (#"{"a":[{"Pwd":{"b":"5ecre7"}}]}"#, #"{"a":[{"Pwd":"REDACTED"}]}"#),
    (#"{ "UserId" : "eva" }"#, #"{ "UserId" : "eva" }"#), (#"{"Pwd":""}"#, #"{"Pwd":""}"#),
    (#"{'Pwd':'5ecre7'}"#, "… 16 bytes"), (#"{"Pwd":"5ecre7""#, "… 15 bytes"), ("Pwd: 5ecre7", "… 11 bytes"),
    (#"<Session><UserId>eva</UserId><Pwd type="string">5ecre7</Pwd></Session>"#, "<Session><UserId>eva</UserId><Pwd>REDACTED</Pwd></Session>"),
    (#"<b:Session xmlns:b="u"><b:Pwd><c>5ecre7</c></b:Pwd></b:Session>"#, "<b:Session><b:Pwd>REDACTED</b:Pwd></b:Session>"),
    (#"<Session Pwd="5ecre7"/>"#, #"<Session Pwd="REDACTED"></Session>"#), ("<Session><!-- 5ecre7 --><a>1</a></Session>", "<Session><a>1</a></Session>"),
    ("<Session><Pwd>5ecre7</Session>", "… 30 bytes"), ("<a>sandbox-apiToken</a>", "<a>REDACTED</a>"),
  ]) func aPasswordThatCameByMistakeIsNotShown(_ body: String, _ wanted: String) async throws {
    let sandbox = try Played.sandbox(["bigtime"])
    for type in ["application/json", "application/xml", "text/plain"] {
      let shown = await Self.shown(sandbox, "bigtime", "POST /session", type, body)
      #expect(Self.body(shown.request) == wanted, "\(type)")
      #expect(!shown.reply.contains("5ecre7"))
    }
  }

  @Test(arguments: [
    ("authtoken=5ecre7%E9&clientName=Quay", "authtoken=REDACTED&clientName=Quay"),
    ("clientName=Quay&authtoken=5ecre7%zz", "clientName=Quay&authtoken=REDACTED"), ("auth%74oken=5ecre7", "auth%74oken=REDACTED"),
    ("clientName=sandbox-authToken&5ecre7%zz", "clientName=REDACTED&REDACTED"), ("clientName=A+B&a=1", "clientName=A+B&a=1"),
  ]) func formsAndQueriesAreShownWithoutWhatCannotBeDecoded(_ pairs: String, _ wanted: String) async throws {
    let sandbox = try Played.sandbox(["zoho-people"])
    let query = await Self.shown(sandbox, "zoho-people", "GET /addclient?\(pairs)")
    if !query.request.isEmpty { #expect(query.request.hasPrefix("GET /addclient?\(wanted)\n")) }
    let form = await Self.shown(sandbox, "zoho-people", "POST /addclient", "application/x-www-form-urlencoded", pairs)
    let decodes = !pairs.contains("%E9") && !pairs.contains("%zz")
    #expect(Self.body(form.request) == (decodes ? wanted : "… \(pairs.utf8.count) bytes"))
    #expect(Self.body(await Self.shown(sandbox, "zoho-people", "POST /addclient", "text/plain", pairs).request) == "… \(pairs.utf8.count) bytes")
  }

  @Test func ofLongBodiesTheBeginningIsShownAndOfVeryLongOnesTheSize() async throws {
    let sandbox = try Played.sandbox(["bigtime"])
    for (count, wanted) in [(5000, 4000), (40_000, 0)] {
      let body = #"{"Nm":""# + String(repeating: "n", count: count) + #""}"#
      let shown = Self.body(await Self.shown(sandbox, "bigtime", "POST /session", "application/json", body).request)
      #expect(shown == (wanted == 0 ? "" : body.prefix(wanted) + "\n") + "… \(body.utf8.count) bytes")
    }
    let broken = await Self.shown(sandbox, "bigtime", "POST /session", "application/json", bytes: Array(#"{"Pwd":"5ecre7"#.utf8) + [0xe9])
    #expect(Self.body(broken.request) == "… 15 bytes")
  }
}
