import CrosswalkMapping
import CrosswalkModel
import CrosswalkSandbox

/// Sandboxes without a socket.
enum Played {
  static func sandbox(
    _ names: [String], options: [String: [String: String]] = [:], faults: String = "", seed: UInt64 = 1, folders: [String] = [],
    isFast: Bool = true, store: SandboxStore? = nil
  ) throws -> Sandbox {
    let library = try MappingLibrary(folders: folders)
    let canonical = try library.canonical()
    let systems = try names.map { name -> (system: System, options: [String: String]) in
      let (system, problems) = library.system(name, canonical: canonical, checksAPI: true)
      guard let system else { throw problems[0] }
      return (system, options[name] ?? [:])
    }
    return try Sandbox(systems, store: store ?? SandboxStore(path: nil), faults: Faults(faults, seed: seed), seed: seed, isFast: isFast)
  }

  static func seed(_ sandbox: Sandbox, _ name: String, _ records: [String]) async throws {
    try await sandbox.seed(name, records.map { Array($0.utf8) })
  }

  static let signedIn: [String: [(name: String, value: String)]] = [
    "bigtime": [("X-Auth-ApiToken", "sandbox-apiToken"), ("X-Auth-Realm", "sandbox-firm")],
    "trackops": [("Authorization", "Basic c2FuZGJveC11c2VybmFtZS90b2tlbjpzYW5kYm94LXRva2Vu")],
    "harvest": [("Authorization", "Basic c2FuZGJveC1lbWFpbDpzYW5kYm94LXBhc3N3b3Jk")],
    "zoho-people": [("Authorization", "Zoho-oauthtoken sandbox-accessToken")],
  ]

  /// The reply as text: status, headers, a blank line, body.
  static func call(
    _ sandbox: Sandbox, _ system: String, _ line: String, _ headers: [(name: String, value: String)] = [], _ body: String = ""
  ) async -> String {
    let words = line.split(separator: " ", maxSplits: 1).map(String.init)
    let request = SandboxRequest(
      method: words[0], target: words[1], headers: (signedIn[system] ?? []) + headers, body: Array(body.utf8))
    let reply = await sandbox.answer(request)
    let head = (["\(reply.status)"] + reply.headers.map { "\($0.name): \($0.value)" }).joined(separator: "\n")
    return head + "\n\n" + String(decoding: reply.body, as: UTF8.self)
  }
}
