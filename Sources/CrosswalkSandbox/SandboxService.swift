/// What plays one or several systems. The server knows nothing else of them, and a test needs no server to ask it.
package protocol SandboxService: Sendable {
  /// The reply to one request. What it says was written is on disk by then: the reply is sent as soon as this returns.
  ///
  /// The requests of one connection come one after the other, those of several at the same time. What stands under
  /// `/__sandbox/` does not come here, save `POST /__sandbox/faults`, after its token was found right.
  func answer(_ request: SandboxRequest) async -> SandboxReply

  /// For the page and the control endpoints. Secrets in it have been replaced already.
  func state() -> SandboxState
}

/// One request, as it came over a connection or straight from a test.
package struct SandboxRequest: Sendable {
  /// In capitals: `GET`.
  package var method: String
  /// Path and query as sent, still percent-encoded; it begins with `/`, or is `*`.
  package var target: String
  /// In the order and with the letters in which they were sent, a repeated one as often as it was.
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]
  /// Counts connections from 0, in the order of their first request. Those that only asked for what the server itself has (the
  /// page, the history) are not counted: looking on does not change the numbers.
  package var connection: Int

  package init(
    method: String, target: String, headers: [(name: String, value: String)] = [], body: [UInt8] = [], connection: Int = 0
  ) {
    self.method = method
    self.target = target
    self.headers = headers
    self.body = body
    self.connection = connection
  }
}

/// The answer to a request, and what is to happen to its connection.
package struct SandboxReply: Sendable {
  /// From 200 to 599.
  package var status: Int
  /// Sent in this order. The server adds `Content-Length` and, where they are missing, `Date` and `Connection`.
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]
  /// nil: the reply is sent, and the connection stays open when the client wants it.
  package var transport: TransportFault?

  package init(
    status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [], transport: TransportFault? = nil
  ) {
    self.status = status
    self.headers = headers
    self.body = body
    self.transport = transport
  }
}

/// What happens to a connection in the place of a plain reply.
package enum TransportFault: Sendable, Equatable {
  /// Nothing is sent, and the connection is reset (RST).
  case reset
  /// Nothing is sent. The connection stays open and silent until the client or the server gives up, then it is closed.
  case drop
  /// The head with the full `Content-Length`, so many bytes of the body, then the connection is closed.
  case truncate(Int)
  /// The reply comes that much later; with the fast clock at once.
  case delay(milliseconds: Int)
}
