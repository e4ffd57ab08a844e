import CrosswalkModel
import CrosswalkSandbox
import Foundation
import Synchronization

/// A service for tests: says back what it was asked, breaks connections by the path, and stores what is posted.
final class PlayedService: SandboxService {
  let store: SandboxStore
  let shown: SandboxState
  private let created = Mutex(0)
  private let asked = Mutex<[String]>([])

  init(store: SandboxStore, shown: SandboxState = SandboxState(systems: [])) {
    self.store = store
    self.shown = shown
  }

  var requests: [String] { asked.withLock { $0 } }

  func state() -> SandboxState { shown }

  func answer(_ request: SandboxRequest) async -> SandboxReply {
    asked.withLock { $0.append("\(request.connection) \(request.method) \(request.target)") }
    let path = request.target.prefix { $0 != "?" }
    switch path {
    case "/reset": return SandboxReply(status: 200, transport: .reset)
    case "/drop": return SandboxReply(status: 200, transport: .drop)
    case "/truncate": return SandboxReply(status: 200, body: Array("0123456789".utf8), transport: .truncate(4))
    case "/delay": return SandboxReply(status: 200, body: Array("late".utf8), transport: .delay(milliseconds: 150))
    case "/hour": return SandboxReply(status: 200, body: Array("late".utf8), transport: .delay(milliseconds: 3_600_000))
    case "/slow":
      try? await Task.sleep(for: .milliseconds(50))
      return SandboxReply(status: 200, body: Array("slow".utf8))
    case "/nothing": return SandboxReply(status: 204)
    case "/split": return SandboxReply(status: 200, headers: [("Location", "/a\r\nX-Injected: 1"), ("B", "2"), ("A", "1"), ("B", "3")])
    case "/records" where request.method == "POST":
      let number = created.withLock { number in
        number += 1
        return number
      }
      let record = StoredRecord(
        system: "acme", id: "\(number)", sequence: number, body: request.body,
        write: .init(operation: "create", connection: request.connection, time: "2024-05-01T00:00:00Z"))
      do throws(Diagnostic) { try await store.commit([record]) } catch {
        return SandboxReply(status: 500, body: Array(error.title.utf8))
      }
      return SandboxReply(status: 201, headers: [("Location", "/records/\(record.id)")], body: Array("{\"id\":\(record.id)}".utf8))
    default:
      let lines = ["\(request.method) \(request.target) on \(request.connection)"] + request.headers.map { "\($0.name): \($0.value)" }
      return SandboxReply(
        status: 200, headers: [("Content-Type", "text/plain")],
        body: Array((lines + ["", String(decoding: request.body, as: UTF8.self)]).joined(separator: "\n").utf8))
    }
  }
}

/// Runs the body beside a server of its own, on a thread of its own: it waits for sockets, and the server needs the pool of tasks.
func withServer(
  shown: SandboxState = SandboxState(systems: []), _ configuration: SandboxServer.Configuration = SandboxServer.Configuration(),
  _ body: @escaping @Sendable (_ port: Int, _ server: SandboxServer, _ service: PlayedService) throws -> Void
) async throws {
  let store = try SandboxStore(path: nil)
  let service = PlayedService(store: store, shown: shown)
  let server = SandboxServer(service, configuration: configuration) { () throws(Diagnostic) in try store.history() }
  let port = try await server.start()
  let result = await withCheckedContinuation { done in
    Thread.detachNewThread { done.resume(returning: Result { try body(port, server, service) }) }
  }
  await server.stop()
  try result.get()
}
