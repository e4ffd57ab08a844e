import CrosswalkMapping
import CrosswalkModel
import CrosswalkSandbox
import Foundation
import Testing

/// Systems are played as they are described: the four, an invented one, and each choice of each option.
@Suite struct ConformanceTests {
  private static let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  private static let systems = ["bigtime", "harvest", "lumen", "trackops", "zoho-people"]

  private static func system(_ name: String) throws -> System {
    let library = try MappingLibrary(folders: [here.appending(path: "Systems").path])
    let (system, problems) = library.system(name, canonical: try library.canonical(), checksAPI: true)
    guard let system else { throw problems[0] }
    return system
  }

  private static func inProcess(_ sandbox: Sandbox, _ request: SandboxRequest) async -> Conformance.Reply {
    let reply = await sandbox.answer(request)
    return (reply.status, reply.headers, reply.body)
  }

  /// The file says which checks looked at something: what is not looked at any more shows up there. RECORD=1 writes it.
  @Test(arguments: systems) func theWholeSurfaceIsAsDescribedWithEachChoiceOfEachOption(_ name: String) async throws {
    let system = try Self.system(name)
    let plain = try Conformance(system, options: [:]) { await Self.inProcess($0, $1) }
    let (looked, others, problems) = try await plain.run()
    #expect(problems == [], "\(name)")
    var lines = looked.map { "+ \($0)" } + others.map { "- \($0)" }
    // Together: the first of all other choices, then the second ones. One that has no more keeps its last.
    let choices = plain.api.options.map { option in (option.name, option.choices.filter { $0 != option.value }) }
    for round in 0..<(choices.map(\.1.count).max() ?? 0) {
      let chosen = choices.map { ($0.0, $0.1[min(round, $0.1.count - 1)]) }
      let one = try Conformance(system, options: Dictionary(uniqueKeysWithValues: chosen), isBrief: true) { await Self.inProcess($0, $1) }
      let (now, not, problems) = try await one.run()
      let title = chosen.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
      #expect(problems == [], "\(name), \(title)")
      lines.append("with \(title)")
      lines += now.filter { !looked.contains($0) }.map { "  + \($0)" } + not.filter { !others.contains($0) }.map { "  - \($0)" }
    }
    let file = Self.here.appending(path: "Conformance/\(name).txt")
    let text = lines.joined(separator: "\n") + "\n"
    if ProcessInfo.processInfo.environment["RECORD"] != nil { return try text.write(to: file, atomically: true, encoding: .utf8) }
    #expect(text == (try? String(contentsOf: file, encoding: .utf8)) ?? "", "\(name)")
  }

  @Test(arguments: systems) func overASocketItIsTheSame(_ name: String) async throws {
    let servers = SocketServers()
    let (_, _, problems) = try await Conformance(try Self.system(name), options: [:], isBrief: true) { try await servers.ask($0, $1) }.run()
    try await servers.stop()
    #expect(problems == [], "\(name)")
  }
}

extension ConformanceTests {
  @Test func aLiteralPartOfAPathWinsOverAnIdWhereverItStands() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "paths-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder.appending(path: "lumen"), withIntermediateDirectories: true)
    let lumen = Self.here.appending(path: "Systems/lumen")
    try FileManager.default.copyItem(at: lumen.appending(path: "client.yaml"), to: folder.appending(path: "lumen/client.yaml"))
    var lines = try String(contentsOf: lumen.appending(path: "system.yaml"), encoding: .utf8).components(separatedBy: "\n")
    let count = try #require(lines.firstIndex { $0.hasPrefix("    count:") })
    let line = lines.remove(at: count)
    lines.insert(line, at: try #require(lines.firstIndex { $0.hasPrefix("    update:") }))
    try lines.joined(separator: "\n").write(to: folder.appending(path: "lumen/system.yaml"), atomically: true, encoding: .utf8)
    let sandbox = try Played.sandbox(["lumen"], folders: [folder.path])
    #expect(await Played.call(sandbox, "lumen", "GET /accounts/count?api_key=sandbox-key").hasSuffix("<total><accounts>0</accounts></total>"))
    #expect(await Played.call(sandbox, "lumen", "GET /accounts/7?api_key=sandbox-key").hasPrefix("410"))
  }

  @Test func recordsOfTheDataMayStandInTheWrapperThatTheirListHas() async throws {
    let sandbox = try Played.sandbox(["harvest"])
    try await Played.seed(sandbox, "harvest", [#"{"client":{"id":7,"name":"Quay"}}"#, #"{"id":8,"name":"Reed"}"#])
    let json = [("Accept", "application/json"), ("Content-Type", "application/json")]
    for (id, name) in [(7, "Quay"), (8, "Reed")] {
      let reply = await Played.call(sandbox, "harvest", "GET /clients/\(id)", json)
      #expect(reply.contains(#"{"client":{"id":\#(id),"name":"\#(name)","#), "\(reply)")
    }
  }

  @Test func aCharacterThatXMLCannotHoldIsReplacedThereAndKeepsNothingElseFromBeingRead() async throws {
    let sandbox = try Played.sandbox(["harvest"])
    try await Played.seed(sandbox, "harvest", [#"{"client":{"id":6,"name":"Quay","odd":["a\u000b",{"b":"c"}]}}"#])
    func headers(_ format: String) -> [(name: String, value: String)] {
      ["Accept", "Content-Type"].map { ($0, "application/\(format)") }
    }
    #expect(await Played.call(sandbox, "harvest", "POST /clients", headers("json"), #"{"client":{"name":"bell \u0007"}}"#).hasPrefix("201"))
    let list = await Played.call(sandbox, "harvest", "GET /clients", headers("xml"))
    #expect(list.hasPrefix("200"), "\(list)")
    #expect(list.contains("<name>bell \u{fffd}</name>") && list.contains("<odd>a\u{fffd}</odd><odd><b>c</b></odd>"), "\(list)")
    let json = await Played.call(sandbox, "harvest", "GET /clients", headers("json"))
    #expect(json.contains(#""name":"bell \u0007","#) && json.contains(#""odd":["a\u000b",{"b":"c"}]"#), "\(json)")
  }

  @Test func aReplyToHEADSaysTheLengthOfTheBodyThatGETHas() async throws {
    let sandbox = try Played.sandbox(["trackops"])
    try await Played.seed(sandbox, "trackops", [#"{"id":1,"name":"Quay"}"#])
    let servers = SocketServers()
    let client = try await servers.client(of: sandbox)
    for path in ["/api/v1/clients/1", "/api/v1/clients/2"] {
      var lengths: [String?] = []
      for method in ["GET", "HEAD"] {
        client.send(SocketServers.bytes(.init(method: method, target: path, headers: Played.signedIn["trackops"] ?? [])))
        lengths.append(try await client.onThread { try $0.reply(toHead: method == "HEAD") }.header("Content-Length"))
      }
      #expect(lengths[0] != "0" && lengths[0] == lengths[1], "\(path)")
    }
    try await servers.stop()
  }
}

/// One server a sandbox, and one connection to it.
final class SocketServers {
  private var all: [(sandbox: Sandbox, server: SandboxServer, client: RawClient)] = []

  func client(of sandbox: Sandbox) async throws -> RawClient {
    if let known = all.first(where: { $0.sandbox === sandbox }) { return known.client }
    let server = SandboxServer(sandbox, configuration: .init()) { [] }
    let client = try RawClient(port: await server.start())
    all.append((sandbox, server, client))
    return client
  }

  func ask(_ sandbox: Sandbox, _ request: SandboxRequest) async throws -> Conformance.Reply {
    let client = try await client(of: sandbox)
    client.send(SocketServers.bytes(request))
    let reply = try await client.onThread { try $0.reply(toHead: request.method == "HEAD") }
    let headers = reply.headers.compactMap { line -> (name: String, value: String)? in
      let sides = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      return ["Date", "Content-Length"].contains(sides[0]) ? nil : (sides[0], sides.count > 1 ? sides[1] : "")
    }
    return (reply.status, headers, Array(reply.body.utf8))
  }

  static func bytes(_ request: SandboxRequest) -> [UInt8] {
    var head = "\(request.method) \(request.target) HTTP/1.1\r\nHost: localhost\r\n"
    for (name, value) in request.headers { head += "\(name): \(value)\r\n" }
    if !request.body.isEmpty { head += "Content-Length: \(request.body.count)\r\n" }
    return Array((head + "\r\n").utf8) + request.body
  }

  func stop() async throws { for one in all { await one.server.stop() } }
}
