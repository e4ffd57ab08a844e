import CrosswalkFiles
package import CrosswalkModel
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Synchronization

/// A service on a port of this machine: 127.0.0.1, and nowhere else.
///
/// Hummingbird listens, accepts and ends; a connection is read by NIO's HTTP/1.1 parser and answered by a handler of ours, not by a
/// router: headers keep their order, targets their spelling, and a reply may break its connection. One event loop serves all
/// connections, so that what a service does without waiting happens in the order in which the requests came.
package final class SandboxServer: Sendable {
  package enum Clock: String, Sendable, CaseIterable {
    /// Delays take their time.
    case real
    /// Delays take none.
    case fast
  }

  package struct Configuration: Sendable {
    /// 0 takes any free one.
    package var port = 0
    package var clock = Clock.real
    /// Larger bodies are refused with 413.
    package var bodyLimit = 8 << 20
    /// Of all headers of a request.
    package var headLimit = 64 << 10
    package var headerCount = 200
    /// A connection on which nothing comes for so long is closed; in the middle of a request after a 408.
    package var idleSeconds = 120
    /// How long a dropped reply keeps its connection open.
    package var dropSeconds = 120

    package init() {}

    var idleTime: TimeAmount { .seconds(Int64(idleSeconds)) }
    var dropTime: TimeAmount { .seconds(Int64(dropSeconds)) }
  }

  /// What the control endpoints of this run ask for.
  package let token: String

  private let service: any SandboxService
  private let history: @Sendable () throws(Diagnostic) -> [StoredRecord]
  private let configuration: Configuration
  private let running = Mutex<Running?>(nil)

  private struct Running {
    var services: ServiceGroup
    var task: Task<Void, any Error>
  }

  /// - history: what `GET /__sandbox/history` gives.
  package init(
    _ service: any SandboxService, configuration: Configuration = Configuration(),
    history: @escaping @Sendable () throws(Diagnostic) -> [StoredRecord]
  ) {
    self.service = service
    self.configuration = configuration
    self.history = history
    token = ControlToken.make()
  }

  /// Listens; returns the port.
  package func start() async throws(Diagnostic) -> Int {
    let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let logger = Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() }
    let (ports, found) = AsyncStream<Result<Int, any Error>>.makeStream()
    let channel = SandboxChannel(
      eventLoop: eventLoops.next(), configuration: configuration, service: service,
      control: ControlEndpoints(token: token, service: service, history: history))
    let server = channel.server(
      configuration: ServerConfiguration(address: .hostname("127.0.0.1", port: configuration.port)),
      onServerRunning: { found.yield(.success($0.localAddress?.port ?? 0)) }, eventLoopGroup: eventLoops, logger: logger)
    let services = ServiceGroup(services: [server], logger: logger)
    let task = Task {
      do { try await services.run() } catch {
        found.yield(.failure(error))
        throw error
      }
    }
    var first = ports.makeAsyncIterator()
    switch await first.next() {
    case .success(let port):
      running.withLock { $0 = Running(services: services, task: task) }
      return port
    case .failure(let error):
      try? await eventLoops.shutdownGracefully()
      throw SandboxServer.cannotListen(configuration.port, error)
    case nil:
      try? await eventLoops.shutdownGracefully()
      throw SandboxServer.cannotListen(configuration.port, CancellationError())
    }
  }

  /// Ends: takes no new connections, lets what is being answered be answered, closes the rest.
  package func stop() async {
    let running = running.withLock { running in
      defer { running = nil }
      return running
    }
    guard let running else { return }
    await running.services.triggerGracefulShutdown()
    // The event loop is left alone: closed channels of the server's may still have a word for it, which NIO does not forgive one that
    // has been shut down.
    _ = await running.task.result
  }

  private static func cannotListen(_ port: Int, _ error: any Error) -> Diagnostic {
    let reason = (error as? IOError).map { systemError($0.errnoCode) } ?? "\(error)"
    return Diagnostic(
      .cannotListen, "the sandbox cannot listen on 127.0.0.1:\(port): \(reason)",
      help: "another program may have the port; `--port 0` takes any free one")
  }
}

/// What the connections of a server share. Lives on its event loop.
final class ServerCore {
  let configuration: SandboxServer.Configuration
  let service: any SandboxService
  let control: ControlEndpoints
  let executor: EventLoopExecutor
  let replies = ReplyWriter()
  private var connections = 0

  init(
    configuration: SandboxServer.Configuration, service: any SandboxService, control: ControlEndpoints, eventLoop: any EventLoop
  ) {
    self.configuration = configuration
    self.service = service
    self.control = control
    executor = EventLoopExecutor(eventLoop)
  }

  func nextConnection() -> Int {
    defer { connections += 1 }
    return connections
  }
}

/// How Hummingbird sets up a connection.
private struct SandboxChannel: ServerChildChannel {
  struct Value: ServerChildChannelValue {
    let channel: any Channel
  }

  let core: NIOLoopBoundBox<ServerCore>
  let limits: NIOHTTPDecoderLimitConfiguration

  init(
    eventLoop: any EventLoop, configuration: SandboxServer.Configuration, service: any SandboxService, control: ControlEndpoints
  ) {
    core = .makeBoxSendingValue(
      ServerCore(configuration: configuration, service: service, control: control, eventLoop: eventLoop), eventLoop: eventLoop)
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = configuration.headLimit
    limits.maxHeaderListSize = configuration.headLimit
    limits.maxHeaderFieldCount = configuration.headerCount
    self.limits = limits
  }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      let decoder = ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: limits))
      try channel.pipeline.syncOperations.addHandler(decoder)
      try channel.pipeline.syncOperations.addHandler(SandboxConnection(server: core.value))
      return Value(channel: channel)
    }
  }

  func handle(value: Value, logger: Logger) async { try? await value.channel.closeFuture.get() }
}
