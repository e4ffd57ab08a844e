import CrosswalkModel

/// What stands under `/__sandbox/`: no system of a sandbox can have it.
///
///     GET  /__sandbox/history     every applied write, a JSON line each     with the token
///     GET  /__sandbox/state       what the page shows                       with the token
///     POST /__sandbox/faults      what goes wrong from now on: rules        with the token
///     POST /__sandbox/clock       seconds that pass (the fast clock)        with the token
///     POST /__sandbox/in-use      SYSTEM ID: others depend on the record    with the token
///     GET  /__sandbox/page        the page, with page.css and page.js       from this machine
///     GET  /__sandbox/page.json   what the page shows                       from this machine and the page itself
///
/// The history has the values of secret fields too: it is what an outsider holds against what was meant to be written. Page and state
/// show neither those nor credentials.
///
/// The token is sent as `X-Sandbox-Token`. The page has none to show: what guards it is that the `Host` must be this machine, so that
/// no other site can reach it under a name of its own that it has pointed here, and that no other site's script may read it.
struct ControlEndpoints: Sendable {
  let token: String
  let service: any SandboxService
  let history: @Sendable () throws(Diagnostic) -> [StoredRecord]

  static let root = "/__sandbox/"

  /// nil: the request is the service's.
  func answer(_ request: SandboxRequest) -> SandboxReply? {
    guard request.target.hasPrefix("/__sandbox") else {
      return request.target == "/" && isPageWanted(request) ? page(request) : nil
    }
    let path = request.target.prefix { $0 != "?" }
    switch path {
    case "/__sandbox/history": return guarded(request, "GET") { historyLines() }
    case "/__sandbox/state": return guarded(request, "GET") { json(StateText.json(service.state())) }
    case "/__sandbox/faults", "/__sandbox/clock", "/__sandbox/in-use":
      if let refusal = refusal(of: request, "POST") { return refusal }
      return nil
    case "/__sandbox/page": return page(request)
    case "/__sandbox/page.css": return local(request) { file("text/css; charset=utf-8", SandboxPage.style) }
    case "/__sandbox/page.js": return local(request) { file("text/javascript; charset=utf-8", SandboxPage.script) }
    case "/__sandbox/page.json": return local(request) { json(StateText.json(service.state())) }
    default:
      // `/__sandboxes` is nobody's either: one rule for all that begins so.
      return text(404, "there is no `\(path)` here")
    }
  }

  // MARK: With the token

  private func guarded(_ request: SandboxRequest, _ method: String, _ reply: () -> SandboxReply) -> SandboxReply {
    refusal(of: request, method) ?? reply()
  }

  private func refusal(of request: SandboxRequest, _ method: String) -> SandboxReply? {
    guard ControlToken.isEqual(value(of: "x-sandbox-token", in: request) ?? "", token) else {
      return text(403, "this needs the header X-Sandbox-Token, with the token that the sandbox printed when it started")
    }
    return request.method == method ? nil : notAllowed(method)
  }

  private func historyLines() -> SandboxReply {
    let records: [StoredRecord]
    do throws(Diagnostic) { records = try history() } catch { return text(500, error.title) }
    var body: [UInt8] = []
    for (number, record) in records.enumerated() {
      var line = JSONLine()
      line.add("number", number)
      line.add("system", record.system)
      line.add("operation", record.write?.operation ?? "")
      line.add("id", record.id)
      line.add("connection", record.write?.connection ?? 0)
      line.add("time", record.write?.time ?? "")
      if let text = String(validating: record.body, as: UTF8.self) {
        line.add("body", text)
      } else {
        line.add("bytes", list: record.body.map { "\($0)" })
      }
      body += line.text.utf8
      body.append(UInt8(ascii: "\n"))
    }
    return SandboxReply(status: 200, headers: headers("application/x-ndjson"), body: body)
  }

  // MARK: The page

  /// A browser that opens the root; an API's client takes no pages.
  private func isPageWanted(_ request: SandboxRequest) -> Bool {
    request.method == "GET" && (service.state().systems.count > 1 || value(of: "accept", in: request)?.contains("text/html") == true)
  }

  private func page(_ request: SandboxRequest) -> SandboxReply {
    local(request) { file("text/html; charset=utf-8", SandboxPage.document) }
  }

  private func local(_ request: SandboxRequest, _ reply: () -> SandboxReply) -> SandboxReply {
    guard request.method == "GET" || request.method == "HEAD" else { return notAllowed("GET") }
    guard let host = value(of: "host", in: request), isThisMachine(host) else {
      return text(403, "the page is only shown under 127.0.0.1 or localhost")
    }
    // Browsers say whose script asks. Older ones and curl say nothing; then the host has to do.
    let site = value(of: "sec-fetch-site", in: request)
    let origin = value(of: "origin", in: request)
    guard site == nil || site == "same-origin" || site == "none", origin == nil || origin == "http://\(host)" else {
      return text(403, "the page is not for other sites")
    }
    return reply()
  }

  private func isThisMachine(_ host: String) -> Bool {
    let parts = host.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts[0] == "127.0.0.1" || parts[0].lowercased() == "localhost" else { return false }
    return parts.count == 1 || !parts[1].isEmpty && parts[1].utf8.allSatisfy { (0x30...0x39).contains($0) }
  }

  // MARK: Replies

  private func value(of name: StaticString, in request: SandboxRequest) -> String? {
    request.headers.first { RequestCheck.isEqual($0.name, name) }?.value
  }

  private func headers(_ type: String) -> [(name: String, value: String)] {
    [
      ("Content-Type", type), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"),
      ("Cross-Origin-Resource-Policy", "same-origin"), ("Referrer-Policy", "no-referrer"),
    ]
  }

  private func file(_ type: String, _ text: String) -> SandboxReply {
    SandboxReply(
      status: 200, headers: headers(type) + [("Content-Security-Policy", SandboxPage.policy), ("X-Frame-Options", "DENY")],
      body: Array(text.utf8))
  }

  private func json(_ text: String) -> SandboxReply {
    SandboxReply(status: 200, headers: headers("application/json"), body: Array(text.utf8))
  }

  private func text(_ status: Int, _ text: String) -> SandboxReply {
    SandboxReply(status: status, headers: headers("text/plain; charset=utf-8"), body: Array("\(text)\n".utf8))
  }

  private func notAllowed(_ method: String) -> SandboxReply {
    var reply = text(405, "this takes \(method)")
    reply.headers.append(("Allow", method))
    return reply
  }
}

/// What shows that a caller has read the sandbox's own output.
enum ControlToken {
  static func make() -> String {
    var random = SystemRandomNumberGenerator()
    return (0..<16).map { _ in
      let byte = UInt8.random(in: 0...255, using: &random)
      return String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }.joined()
  }

  /// Takes the same time wherever the first difference is.
  static func isEqual(_ given: String, _ token: String) -> Bool {
    var difference = UInt8(given.utf8.count == token.utf8.count ? 0 : 1)
    let given = Array(given.utf8)
    for (index, byte) in token.utf8.enumerated() { difference |= byte ^ (index < given.count ? given[index] : 0) }
    return difference == 0
  }
}
