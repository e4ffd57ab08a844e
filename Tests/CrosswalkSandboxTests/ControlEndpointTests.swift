import CrosswalkModel
import CrosswalkSandbox
import Foundation
import Testing

/// What stands under `/__sandbox/`, and the page.
@Suite struct ControlEndpointTests {
  private static let two = SandboxState(
    systems: [
      SandboxState.Played(
        name: "acme", title: "Acme <b>clients</b>", base: "http://127.0.0.1:1/acme", signIn: ["user `eva`"],
        options: [(name: "strict", value: "no", choices: ["yes", "no"], why: "not said")], fields: ["id", "name"],
        records: [["id": "1", "name": "</script><img src=x onerror=alert(1)>"], ["id": "2"]], count: 7),
      SandboxState.Played(name: "other", title: "Other", base: "http://127.0.0.1:1/other"),
    ],
    exchanges: [
      SandboxState.Exchange(
        number: 1, time: "10:00:00", connection: 0, method: "GET", target: "/acme/clients", status: 503, request: "GET /acme/clients",
        reply: "busy", fault: "5xx-before")
    ], faults: [(rule: "5xx-before", fired: 1)])

  private static func ask(_ port: Int, _ line: String, _ headers: String...) throws -> RawClient.Reply {
    let client = try RawClient(port: port)
    let host = headers.contains { $0.hasPrefix("Host:") } ? [] : ["Host: 127.0.0.1:\(port)"]
    client.send(([line + " HTTP/1.1"] + host + headers + ["", ""]).joined(separator: "\r\n"))
    return try client.reply()
  }

  @Test func withoutTheTokenNothingIsShownOrChanged() async throws {
    try await withServer(shown: Self.two) { (port, server, service) throws in
      for line in ["GET /__sandbox/history", "GET /__sandbox/state", "POST /__sandbox/faults", "GET /__sandbox/history?x=1"] {
        for header in ["X-A: 1", "X-Sandbox-Token: ", "X-Sandbox-Token: \(server.token.dropLast())", "X-Sandbox-Token: \(server.token)0"] {
          #expect(try Self.ask(port, line, header).status == 403, "\(line) \(header)")
        }
      }
      #expect(try Self.ask(port, "POST /__sandbox/history", "X-Sandbox-Token: \(server.token)").status == 405)
      #expect(try Self.ask(port, "GET /__sandbox/faults", "X-Sandbox-Token: \(server.token)").header("Allow") == "POST")
      #expect(try Self.ask(port, "GET /__sandbox/else", "X-Sandbox-Token: \(server.token)").status == 404)
      #expect(try Self.ask(port, "GET /__sandbox").status == 404)
      #expect(service.requests == [])
      #expect(server.token.count == 32)
    }
  }

  @Test func theHistoryHasEveryWriteWithItsConnectionAndTime() async throws {
    try await withServer { (port, server, _) throws in
      let client = try RawClient(port: port)
      for body in ["{\"name\":\"\u{e9}\"}", ""] {
        client.send("POST /records HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(try client.reply().status == 201)
      }
      let reply = try Self.ask(port, "GET /__sandbox/history", "x-sandbox-token: \(server.token)")
      #expect(reply.header("Content-Type") == "application/x-ndjson")
      #expect(
        reply.body == """
          {"number":0,"system":"acme","operation":"create","id":"1","connection":0,"time":"2024-05-01T00:00:00Z","body":"{\\"name\\":\\"é\\"}"}
          {"number":1,"system":"acme","operation":"create","id":"2","connection":0,"time":"2024-05-01T00:00:00Z","body":""}

          """)
    }
  }

  @Test func faultsGoOnToTheService() async throws {
    try await withServer { (port, server, service) throws in
      #expect(try Self.ask(port, "POST /__sandbox/faults", "X-Sandbox-Token: \(server.token)").status == 200)
      #expect(service.requests == ["0 POST /__sandbox/faults"])
    }
  }

  @Test func thePageAndItsDataAreOneState() async throws {
    try await withServer(shown: Self.two) { (port, server, _) throws in
      let state = try Self.ask(port, "GET /__sandbox/state", "X-Sandbox-Token: \(server.token)").body
      #expect(try Self.ask(port, "GET /__sandbox/page.json", "Sec-Fetch-Site: same-origin").body == state)
      #expect(
        state == """
          {"systems":[{"name":"acme","title":"Acme <b>clients</b>","base":"http://127.0.0.1:1/acme","signIn":["user `eva`"],"options":[{"name":"strict","value":"no","choices":["yes","no"],"why":"not said"}],"fields":["id","name"],"records":[{"id":"1","name":"</script><img src=x onerror=alert(1)>"},{"id":"2"}],"count":7},{"name":"other","title":"Other","base":"http://127.0.0.1:1/other","signIn":[],"options":[],"fields":[],"records":[],"count":0}],"exchanges":[{"number":1,"time":"10:00:00","connection":0,"method":"GET","target":"/acme/clients","status":503,"request":"GET /acme/clients","reply":"busy","fault":"5xx-before"}],"faults":[{"rule":"5xx-before","fired":1}]}
          """)
    }
  }

  @Test func thePageIsForThisMachineAndForItsOwnScriptOnly() async throws {
    try await withServer(shown: Self.two) { (port, _, _) throws in
      for path in ["/__sandbox/page", "/__sandbox/page.json", "/__sandbox/page.js", "/__sandbox/page.css"] {
        for host in ["127.0.0.1", "localhost:\(port)", "LOCALHOST"] {
          #expect(try Self.ask(port, "GET \(path)", "Host: \(host)").status == 200)
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "127.0.0.2", "", "127.0.0.1:"] {
          #expect(try Self.ask(port, "GET \(path)", "Host: \(host)").status == 403, "\(host)")
        }
        #expect(try Self.ask(port, "GET \(path)", "Sec-Fetch-Site: cross-site").status == 403)
        #expect(try Self.ask(port, "GET \(path)", "Sec-Fetch-Site: same-site").status == 403)
        #expect(try Self.ask(port, "GET \(path)", "Origin: http://evil.example").status == 403)
        #expect(try Self.ask(port, "POST \(path)").status == 405)
      }
    }
  }

  @Test func thePageTakesNothingFromElsewhereAndRunsNothingInline() async throws {
    try await withServer(shown: Self.two) { (port, _, _) throws in
      let page = try Self.ask(port, "GET /__sandbox/page")
      #expect(page.header("Content-Security-Policy")?.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self'") == true)
      #expect(page.header("Content-Security-Policy")?.contains("unsafe") == false)
      #expect(page.header("X-Content-Type-Options") == "nosniff")
      #expect(page.body.contains("<script src=\"/__sandbox/page.js\" defer></script>"))
      let script = try Self.ask(port, "GET /__sandbox/page.js").body
      for text in [page.body, script, try Self.ask(port, "GET /__sandbox/page.css").body] {
        for forbidden in ["http://", "https://", "innerHTML", "insertAdjacentHTML", "document.write", "eval(", "style=", "onclick"] {
          #expect(!text.contains(forbidden), "\(forbidden)")
        }
      }
    }
  }

  @Test func thePageIsAtTheRootAndASystemThatIsPlayedAloneKeepsTheRootForItsOwnCalls() async throws {
    try await withServer(shown: Self.two) { (port, _, service) throws in
      #expect(try Self.ask(port, "GET /", "Accept: text/html,*/*").body.hasPrefix("<!doctype html>"))
      #expect(try Self.ask(port, "GET /", "Accept: application/json").body.hasPrefix("<!doctype html>"))
      #expect(service.requests == [])
    }
    try await withServer { (port, _, _) throws in
      #expect(try Self.ask(port, "GET /", "Accept: text/html,*/*").body.hasPrefix("<!doctype html>"))
      #expect(try Self.ask(port, "GET /", "Accept: application/json").body.hasPrefix("GET / on 0"))
    }
  }
}
