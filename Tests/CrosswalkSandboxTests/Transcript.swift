import CrosswalkSandbox
import Foundation
import Testing

/// Requests and the replies to them, as a file that people read. Lines that begin with `@` prepare the sandbox:
///
///     @play SYSTEM [NAME=CHOICE…]    @seed SYSTEM {…}    @faults RULES    @clock SECONDS    @in-use SYSTEM ID    @signed off|on
///
/// A request follows `### What it shows`: method and target, headers, an empty line and the body; behind `<<<` stands the reply.
struct Transcript {
  private enum Piece {
    case line(String)
    case directive([String])
    case request(title: String, text: String)
  }

  private var pieces: [Piece] = []
  private(set) var titles: [String] = []

  init(_ text: String) {
    var lines = text.components(separatedBy: "\n")[...]
    while let line = lines.popFirst() {
      if line.hasPrefix("@") {
        let words = line.dropFirst().split(separator: " ", maxSplits: 2).map(String.init)
        pieces.append(.directive(words))
      } else if line.hasPrefix("### ") {
        var request: [String] = []
        while let next = lines.first, next != "<<<", !next.hasPrefix("### ") { request.append(next); lines.removeFirst() }
        while let next = lines.first, !next.hasPrefix("### "), !next.hasPrefix("@") { _ = next; lines.removeFirst() }
        while request.last?.isEmpty == true { request.removeLast() }
        pieces.append(.request(title: String(line.dropFirst(4)), text: request.joined(separator: "\n")))
        titles.append(String(line.dropFirst(4)))
      } else if !line.isEmpty {
        pieces.append(.line(line))
      }
    }
  }

  /// The file again, with the replies that come now.
  ///
  /// - ask: sends a request and gives the reply's status, headers and body.
  func run(
    folders: [String] = [], _ ask: (Sandbox, SandboxRequest) async throws -> (status: Int, headers: [String], body: [UInt8])
  ) async throws -> String {
    var out: [String] = []
    var sandbox: Sandbox?
    var system = ""
    var isSigned = true
    for piece in pieces {
      switch piece {
      case .line(let line): out.append(line)
      case .directive(let words):
        out.append("@" + words.joined(separator: " "))
        switch words[0] {
        case "play":
          system = words[1]
          var options: [String: String] = [:]
          for pair in words.count > 2 ? words[2].split(separator: " ") : [] {
            let sides = pair.split(separator: "=").map(String.init)
            options[sides[0]] = sides[1]
          }
          sandbox = try Played.sandbox([system], options: [system: options], folders: folders)
          isSigned = true
        case "seed": try await Played.seed(try #require(sandbox), words[1], [words[2]])
        case "signed": isSigned = words[1] == "on"
        default:
          let body = words.dropFirst().joined(separator: " ")
          _ = await (try #require(sandbox)).answer(
            SandboxRequest(method: "POST", target: "/__sandbox/\(words[0])", body: Array(body.utf8)))
        }
      case .request(let title, let text):
        let parts = text.components(separatedBy: "\n\n")
        let head = parts[0].components(separatedBy: "\n")
        let line = head[0].split(separator: " ", maxSplits: 1).map(String.init)
        var headers = head.dropFirst().map { header -> (name: String, value: String) in
          let sides = header.split(separator: ":", maxSplits: 1).map(String.init)
          return (sides[0], sides.count > 1 ? sides[1].trimmingCharacters(in: .whitespaces) : "")
        }
        if isSigned { headers = (Played.signedIn[system] ?? []) + headers }
        let body = Array(parts.dropFirst().joined(separator: "\n\n").utf8)
        let reply = try await ask(
          try #require(sandbox), SandboxRequest(method: line[0], target: line[1], headers: headers, body: body))
        var shown = String(decoding: reply.body, as: UTF8.self)
        while shown.hasSuffix("\n") { shown.removeLast() }
        out.append("")
        out.append("### \(title)")
        out.append(text)
        out.append("<<<")
        out.append(([String(reply.status)] + reply.headers).joined(separator: "\n"))
        if !shown.isEmpty { out.append("\n" + shown) }
      }
    }
    return out.joined(separator: "\n") + "\n"
  }
}

/// What the four systems' own pages show, and what else their descriptions say, call by call.
@Suite struct TranscriptTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Transcripts")
  static let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path))?.filter { $0.hasSuffix(".http") }.sorted() ?? []

  @Test(arguments: names) func repliesAreThoseOfTheFile(_ name: String) async throws {
    let file = TranscriptTests.folder.appending(path: name)
    let golden = try String(contentsOf: file, encoding: .utf8)
    let now = try await Transcript(golden).run { sandbox, request in
      let reply = await sandbox.answer(request)
      // The server leaves the body out, and says how long it is.
      return (reply.status, reply.headers.map { "\($0.name): \($0.value)" }, request.method == "HEAD" ? [] : reply.body)
    }
    if ProcessInfo.processInfo.environment["RECORD"] != nil {
      try now.write(to: file, atomically: true, encoding: .utf8)
    } else {
      #expect(now == golden, "\(name)")
    }
  }

  /// The same requests over a socket.
  @Test(arguments: names) func repliesOverASocketAreTheSame(_ name: String) async throws {
    let golden = try String(contentsOf: TranscriptTests.folder.appending(path: name), encoding: .utf8)
    let servers = SocketServers()
    let now = try await Transcript(golden).run { sandbox, request in
      let reply = try await servers.ask(sandbox, request)
      return (reply.status, reply.headers.map { "\($0.name): \($0.value)" }, reply.body)
    }
    try await servers.stop()
    #expect(now == golden, "\(name)")
  }
}
