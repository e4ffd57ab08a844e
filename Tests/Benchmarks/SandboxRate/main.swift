import CrosswalkModel
import CrosswalkSandbox
import Hummingbird
import Logging
import NIOPosix
import Synchronization

// `sandbox-rate bare PORT`: a plain Hummingbird route. `sandbox-rate server PORT [STORE]`: the sandbox's server with a service that
// stores one record a POST and does nothing else. The difference between the two is what the sandbox itself costs.

struct Plain: SandboxService {
  let store: SandboxStore
  let created = Counter()

  final class Counter: Sendable {
    private let number = Mutex(0)

    func next() -> Int {
      number.withLock { number in
        number += 1
        return number
      }
    }
  }

  func state() -> SandboxState { SandboxState(systems: []) }

  func answer(_ request: SandboxRequest) async -> SandboxReply {
    guard request.method == "POST" else {
      return SandboxReply(status: 200, headers: [("Content-Type", "application/json")], body: Array("{\"id\":1,\"name\":\"Osprey\"}".utf8))
    }
    let number = created.next()
    let id = "\(number)"
    do throws(Diagnostic) {
      try await store.commit(
        [
          StoredRecord(
            system: "acme", id: id, sequence: number, body: request.body,
            write: .init(operation: "create", connection: request.connection, time: "2024-05-01T00:00:00Z"))
        ])
    } catch {
      return SandboxReply(status: 500, body: Array(error.title.utf8))
    }
    return SandboxReply(status: 201, headers: [("Location", "/clients/\(id)")])
  }
}

let arguments = CommandLine.arguments
guard arguments.count >= 3, let port = Int(arguments[2]) else { throw CancellationError() }
switch arguments[1] {
case "bare":
  let router = Router()
  router.get("/clients/1") { _, _ in "{\"id\":1,\"name\":\"Osprey\"}" }
  router.post("/clients") { request, _ in
    _ = try await request.body.collect(upTo: 1 << 20)
    return HTTPResponse.Status.created
  }
  var logger = Logger(label: "bare")
  logger.logLevel = .error
  // One thread, as the sandbox has.
  let application = Application(
    router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)),
    eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: 1)), logger: logger)
  try await application.runService()
default:
  let store = try SandboxStore(path: arguments.count > 3 ? arguments[3] : nil)
  var configuration = SandboxServer.Configuration()
  configuration.port = port
  let server = SandboxServer(Plain(store: store), configuration: configuration) { () throws(Diagnostic) in try store.history() }
  print(try await server.start())
  try await Task.sleep(for: .seconds(86400))
}
