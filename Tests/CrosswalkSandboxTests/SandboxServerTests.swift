import CrosswalkModel
import CrosswalkSandbox
import Foundation
import Testing

/// A sandbox's server over real sockets.
@Suite struct SandboxServerTests {
  @Test func requestsArriveAsTheyWereSent() async throws {
    try await withServer { (port, _, _) throws in
      let client = try RawClient(port: port)
      client.send("POST /a%20b/%C3%A9?x=1&x=%2F+2 HTTP/1.1\r\nhOsT: localhost\r\nX-A: 1\r\nx-b:  2 \r\nX-A: 3\r\nContent-Length: 3\r\n\r\nabc")
      let reply = try client.reply()
      #expect(reply.status == 200)
      #expect(
        reply.body == """
          POST /a%20b/%C3%A9?x=1&x=%2F+2 on 0
          hOsT: localhost
          X-A: 1
          x-b: 2
          X-A: 3
          Content-Length: 3

          abc
          """)
      client.send("POST http://localhost:80/b?c=d HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n")
      #expect(try client.reply().body == "POST /b?c=d on 0\nHost: localhost\nTransfer-Encoding: chunked\n\nabcde")
    }
  }

  @Test func repliesKeepTheirHeadersInOrderAndNoneBeginsInsideAnother() async throws {
    try await withServer { (port, _, _) throws in
      let client = try RawClient(port: port)
      client.send("GET /split HTTP/1.1\r\nHost: a\r\n\r\n")
      let reply = try client.reply()
      #expect(reply.headers.filter { !$0.hasPrefix("Date") } == ["Location: /a  X-Injected: 1", "B: 2", "A: 1", "B: 3", "Content-Length: 0"])
      #expect(reply.header("Date")?.hasSuffix(" GMT") == true)
      client.send("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.reply().headers.filter { !$0.hasPrefix("Date") } == [])
      client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n")
      let head = try client.reply(toHead: true)
      #expect(head.header("Content-Length") == "22")
      client.send("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.reply().status == 204)
    }
  }

  @Test func pipelinedRequestsAreAnsweredInTheirOrder() async throws {
    try await withServer { (port, _, service) throws in
      let client = try RawClient(port: port)
      client.send((0..<20).map { "GET /\($0 % 3 == 0 ? "slow" : "x\($0)") HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
      for number in 0..<20 {
        let body = try client.reply().body
        #expect(number % 3 == 0 ? body == "slow" : body.hasPrefix("GET /x\(number) on 0\n"))
      }
      #expect(service.requests.count == 20)
    }
  }

  @Test func aConnectionEndsWhenTheClientWantsIt() async throws {
    try await withServer { (port, _, _) throws in
      for request in [
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
      ] {
        let client = try RawClient(port: port)
        client.send(request)
        #expect(try client.reply().header("Connection") == "close")
        #expect(client.readToEnd() && client.end == .closed)
      }
      // A client that only closes its own side still gets its reply.
      let half = try RawClient(port: port)
      half.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
      half.endSending()
      #expect(try half.reply().body == "slow")
      #expect(half.readToEnd())
      let old = try RawClient(port: port)
      old.send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      #expect(try old.reply().header("Connection") == "keep-alive")
      old.send("GET /y HTTP/1.0\r\n\r\n")
      #expect(try old.reply().body.hasPrefix("GET /y"))
    }
  }

  @Test func aClientThatAsksBeforeItSendsIsToldToGoOn() async throws {
    try await withServer { (port, _, _) throws in
      let client = try RawClient(port: port)
      client.send("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
      #expect(try client.reply().status == 100)
      client.send("ab")
      #expect(try client.reply().body.hasSuffix("\nab"))
    }
  }

  @Test func aBodyBeyondTheLimitIsRefused() async throws {
    var configuration = SandboxServer.Configuration()
    configuration.bodyLimit = 1000
    try await withServer(configuration) { (port, _, service) throws in
      for (length, status) in [(1000, 200), (1001, 413)] {
        let client = try RawClient(port: port)
        client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n")
        client.send([UInt8](repeating: 97, count: length))
        #expect(try client.reply().status == status)
        if status == 413 { #expect(client.readToEnd()) }
      }
      let chunked = try RawClient(port: port)
      chunked.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
      for _ in 0..<3 { chunked.send("190\r\n" + String(repeating: "a", count: 400) + "\r\n") }
      #expect(try chunked.reply().status == 413)
      #expect(chunked.readToEnd())
      #expect(service.requests.count == 1)
    }
  }

  @Test func aResetIsSeenAsOneAndNothingCameBefore() async throws {
    try await withServer { (port, _, _) throws in
      let client = try RawClient(port: port)
      client.send("GET /reset HTTP/1.1\r\nHost: a\r\n\r\n")
      client.readToEnd()
      #expect(client.end == .reset && client.received.isEmpty)
    }
  }

  @Test func aDroppedReplyLeavesTheConnectionSilentUntilTheServerGivesUp() async throws {
    var configuration = SandboxServer.Configuration()
    configuration.dropSeconds = 1
    try await withServer(configuration) { (port, _, _) throws in
      let client = try RawClient(port: port)
      client.send("GET /drop HTTP/1.1\r\nHost: a\r\n\r\n")
      client.wait(seconds: 0.3)
      #expect(client.end == .open && client.received.isEmpty)
      client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(client.readToEnd() && client.received.isEmpty)
    }
  }

  @Test func aDroppedConnectionEndsWhenTheClientGivesUp() async throws {
    try await withServer { (port, _, _) throws in
      let client = try RawClient(port: port)
      client.send("GET /drop HTTP/1.1\r\nHost: a\r\n\r\n")
      client.wait(seconds: 0.1)
      client.endSending()
      #expect(client.readToEnd() && client.received.isEmpty)
    }
  }

  @Test func aTruncatedReplyPromisesMoreThanItSends() async throws {
    try await withServer { (port, _, _) throws in
      let client = try RawClient(port: port)
      client.send("GET /truncate HTTP/1.1\r\nHost: a\r\n\r\n")
      let reply = try client.reply()
      #expect(reply.status == 200 && reply.header("Content-Length") == "10" && reply.body == "0123" && !reply.isWhole)
      #expect(client.end == .closed)
    }
  }

  @Test func aDelayTakesItsTime() async throws {
    try await withServer { (port, _, _) throws in
      let client = try RawClient(port: port)
      let start = ContinuousClock.now
      client.send("GET /delay HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.reply().body == "late")
      #expect(ContinuousClock.now - start >= .milliseconds(150))
    }
  }

  @Test func aDelayTakesNoTimeByTheFastClock() async throws {
    var configuration = SandboxServer.Configuration()
    configuration.clock = .fast
    try await withServer(configuration) { (port, _, _) throws in
      let client = try RawClient(port: port)
      client.send("GET /hour HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.reply().body == "late", "the client waits for a minute")
    }
  }

  @Test func connectionsAreNumberedByTheirFirstRequestToASystem() async throws {
    try await withServer { (port, _, service) throws in
      let (first, second, looker) = (try RawClient(port: port), try RawClient(port: port), try RawClient(port: port))
      looker.send("GET /__sandbox/page HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
      #expect(try looker.reply().status == 200)
      for client in [second, first, second] {
        client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try client.reply()
      }
      #expect(service.requests == ["0 GET /x", "1 GET /x", "0 GET /x"])
    }
  }

  @Test func aSilentClientIsNotWaitedForForEver() async throws {
    var configuration = SandboxServer.Configuration()
    configuration.idleSeconds = 1
    try await withServer(configuration) { (port, _, _) throws in
      let (idle, half) = (try RawClient(port: port), try RawClient(port: port))
      half.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
      #expect(idle.readToEnd() && idle.received.isEmpty)
      #expect(try half.reply().status == 408)
      #expect(half.readToEnd())
    }
  }

  @Test func itListensOnThisMachineOnly() async throws {
    try await withServer { (port, _, _) throws in
      _ = try RawClient(port: port)
      // Every address of 127/8 is this machine's: one that listened on all addresses would answer by another of them too.
      #expect(throws: POSIXError(.ECONNREFUSED)) { try RawClient(port: port, address: "127.0.0.2") }
    }
  }

  @Test func aTakenPortIsSaid() async throws {
    let store = try SandboxStore(path: nil)
    let first = SandboxServer(PlayedService(store: store)) { () throws(Diagnostic) in [] }
    var configuration = SandboxServer.Configuration()
    configuration.port = try await first.start()
    let second = SandboxServer(PlayedService(store: store), configuration: configuration) { () throws(Diagnostic) in [] }
    await #expect { try await second.start() } throws: { error in
      (error as? Diagnostic).map {
        $0.code == .cannotListen && $0.title == "the sandbox cannot listen on 127.0.0.1:\(configuration.port): Address already in use"
      } ?? false
    }
    await first.stop()
  }
}
