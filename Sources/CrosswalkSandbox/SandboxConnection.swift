import Glibc
import NIOCore
import NIOHTTP1

/// One connection: puts requests together, has them answered one after the other, and does to the socket what a reply says.
///
/// Lives on its event loop. What it learns is queued, so that a malformed request behind a good one is refused after that one's reply.
final class SandboxConnection: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private struct Incoming {
    var request: SandboxRequest
    var keepAlive: Bool
    var isHTTP10: Bool
  }

  private enum Event {
    case request(Incoming)
    case refused(Refusal)
    case end
  }

  private enum State {
    /// Waits for a request, or for the rest of one.
    case reading
    case answering
    /// Has said its last word. What still comes is read and thrown away, so that the word is not lost with a reset.
    case ended
  }

  private let server: ServerCore
  private var state = State.reading
  private var queue = CircularBuffer<Event>()
  /// The request whose body is being read.
  private var partial: Incoming?
  /// Nothing more is taken from this connection, since where a request begins is not known, or no reply would follow.
  private var isDeaf = false
  private var isQuiescing = false
  private var isReadHeld = false
  private var deadline: Scheduled<Void>?
  private var lastSign = NIODeadline.now()

  init(server: ServerCore) { self.server = server }

  // MARK: Reading

  func handlerAdded(context: ChannelHandlerContext) { watch(context) }

  func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isDeaf else { return }
    switch unwrapInboundIn(data) {
    case .head(let head): begin(head, context)
    case .body(let bytes): append(bytes, context)
    case .end:
      guard let incoming = partial else { return }
      partial = nil
      if !incoming.keepAlive { isDeaf = true }
      take(.request(incoming), context)
    }
  }

  private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    lastSign = .now()
    let headers = head.headers.map { (name: $0.name, value: RequestCheck.trimmed($0.value)) }
    let target: String
    do throws(CheckFailure) {
      try RequestCheck.check(head.version, headers)
      target = try RequestCheck.target(of: head)
    } catch {
      return refuse(.malformed(error.reason), context)
    }
    var length = 0
    var expectsContinue = false
    var upgrades = false
    for (name, value) in headers {
      if RequestCheck.isEqual(name, "content-length") { length = Int(value) ?? .max }
      if RequestCheck.isEqual(name, "expect") { expectsContinue = RequestCheck.isEqual(value, "100-continue") }
      if RequestCheck.isEqual(name, "upgrade") { upgrades = true }
    }
    guard length <= server.configuration.bodyLimit else {
      return refuse(.bodyTooLarge(limit: server.configuration.bodyLimit), context)
    }
    let request = SandboxRequest(method: head.method.rawValue, target: target, headers: headers)
    // Behind a wish for another protocol the parser takes nothing more for HTTP.
    if upgrades, length > 0 { return refuse(.malformed("no other protocol is spoken here"), context) }
    partial = Incoming(request: request, keepAlive: head.isKeepAlive && !upgrades, isHTTP10: head.version == .http1_0)
    if expectsContinue, case .reading = state, queue.isEmpty {
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
    }
  }

  private func append(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
    lastSign = .now()
    guard let count = partial?.request.body.count else { return }
    guard count + bytes.readableBytes <= server.configuration.bodyLimit else {
      return refuse(.bodyTooLarge(limit: server.configuration.bodyLimit), context)
    }
    partial?.request.body.append(contentsOf: bytes.readableBytesView)
  }

  private func refuse(_ refusal: Refusal, _ context: ChannelHandlerContext) {
    partial = nil
    isDeaf = true
    take(.refused(refusal), context)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is HTTPParserError else { return context.close(promise: nil) }
    if !isDeaf { refuse(.malformed("it is not HTTP/1.1"), context) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case ChannelEvent.inputClosed:
      // A client that closes its side may still wait for its reply; one that does so in the middle of a request may not.
      if !isDeaf, partial != nil { refuse(.malformed("it ends in the middle"), context) }
      isDeaf = true
      if case .ended = state { return context.close(promise: nil) }
      take(.end, context)
    case is ChannelShouldQuiesceEvent:
      isQuiescing = true
      switch state {
      case .answering: break
      case .reading, .ended: context.close(promise: nil)
      }
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  /// What is read ahead of the replies is bounded by what one read gives.
  func read(context: ChannelHandlerContext) {
    if queue.isEmpty { context.read() } else { isReadHeld = true }
  }

  // MARK: Answering

  private func take(_ event: Event, _ context: ChannelHandlerContext) {
    queue.append(event)
    next(context)
  }

  private func next(_ context: ChannelHandlerContext) {
    guard case .reading = state else { return }
    guard let event = queue.popFirst() else {
      if isReadHeld {
        isReadHeld = false
        context.read()
      }
      return
    }
    switch event {
    case .request(let incoming): answer(incoming, context)
    case .refused(let refusal):
      write(refusal, context)
    case .end: context.close(promise: nil)
    }
  }

  private func answer(_ incoming: Incoming, _ context: ChannelHandlerContext) {
    state = .answering
    if let reply = server.control.answer(incoming.request) { return finish(incoming, reply, context) }
    var request = incoming.request
    request.connection = number
    let here = NIOLoopBound((handler: self, context: context, incoming: incoming), eventLoop: context.eventLoop)
    let service = server.service
    let eventLoop = context.eventLoop
    Task(executorPreference: server.executor) { [request] in
      let reply = await service.answer(request)
      if eventLoop.inEventLoop {
        here.value.handler.finish(here.value.incoming, reply, here.value.context)
      } else {
        eventLoop.execute { here.value.handler.finish(here.value.incoming, reply, here.value.context) }
      }
    }
  }

  private lazy var number = server.nextConnection()

  private func finish(_ incoming: Incoming, _ reply: SandboxReply, _ context: ChannelHandlerContext) {
    guard context.channel.isActive else { return }
    switch reply.transport {
    case nil: write(incoming, reply, context)
    case .reset: reset(context)
    case .drop: end(context, within: server.configuration.dropTime)
    case .truncate(let count):
      let head = server.replies.head(of: reply, for: incoming.request.method, isHTTP10: incoming.isHTTP10, keepAlive: false)
      var bytes = context.channel.allocator.buffer(capacity: head.utf8.count + count)
      bytes.writeString(head)
      bytes.writeBytes(reply.body.prefix(max(0, count)))
      state = .ended
      isDeaf = true
      context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
      context.close(promise: nil)
    case .delay(let milliseconds):
      guard server.configuration.clock == .real, milliseconds > 0 else { return write(incoming, reply, context) }
      let here = NIOLoopBound((handler: self, context: context, incoming: incoming), eventLoop: context.eventLoop)
      context.eventLoop.scheduleTask(in: .milliseconds(Int64(milliseconds))) {
        guard here.value.context.channel.isActive else { return }
        here.value.handler.write(here.value.incoming, reply, here.value.context)
      }
    }
  }

  private func write(_ incoming: Incoming, _ reply: SandboxReply, _ context: ChannelHandlerContext) {
    let keepAlive = incoming.keepAlive && !isQuiescing && !reply.headers.contains {
      RequestCheck.isEqual($0.name, "connection") && RequestCheck.isEqual($0.value, "close")
    }
    let bytes = server.replies.bytes(
      of: reply, for: incoming.request.method, isHTTP10: incoming.isHTTP10, keepAlive: keepAlive,
      allocator: context.channel.allocator)
    context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    guard keepAlive else { return end(context, within: .seconds(1), closesOutput: true) }
    state = .reading
    lastSign = .now()
    next(context)
  }

  private func write(_ refusal: Refusal, _ context: ChannelHandlerContext) {
    let reply = SandboxReply(
      status: refusal.status, headers: [("Content-Type", "text/plain; charset=utf-8")],
      body: Array("The request was refused: \(refusal.reason).\n".utf8))
    let bytes = server.replies.bytes(
      of: reply, for: "", isHTTP10: false, keepAlive: false, allocator: context.channel.allocator)
    context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    end(context, within: .seconds(1), closesOutput: true)
  }

  /// Nothing more is said. The client's side is waited for, but not longer than this.
  private func end(_ context: ChannelHandlerContext, within time: TimeAmount, closesOutput: Bool = false) {
    let clientHasEnded = queue.contains { if case .end = $0 { true } else { false } }
    state = .ended
    isDeaf = true
    queue.removeAll()
    if clientHasEnded || isQuiescing { return context.close(promise: nil) }
    if closesOutput { context.close(mode: .output, promise: nil) }
    if isReadHeld {
      isReadHeld = false
      context.read()
    }
    deadline?.cancel()
    let here = NIOLoopBound(context, eventLoop: context.eventLoop)
    deadline = context.eventLoop.scheduleTask(in: time) { here.value.close(promise: nil) }
  }

  /// With nothing to linger for, closing sends RST.
  private func reset(_ context: ChannelHandlerContext) {
    state = .ended
    isDeaf = true
    if let socket = context.channel as? any SocketOptionProvider {
      _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    }
    context.close(promise: nil)
  }

  // MARK: Patience

  /// A client that sends nothing, or a request drop by drop, does not hold its connection for ever.
  private func watch(_ context: ChannelHandlerContext) {
    let here = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
    deadline = context.eventLoop.scheduleTask(in: server.configuration.idleTime) {
      here.value.handler.look(here.value.context)
    }
  }

  private func look(_ context: ChannelHandlerContext) {
    guard case .reading = state, NIODeadline.now() - lastSign >= server.configuration.idleTime else {
      if case .ended = state { return }
      return watch(context)
    }
    if partial == nil { context.close(promise: nil) } else { refuse(.silentClient, context) }
  }
}
