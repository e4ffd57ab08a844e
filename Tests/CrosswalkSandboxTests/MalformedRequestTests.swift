import CrosswalkSandbox
import Foundation
import TestSupport
import Testing

/// RELIABILITY R54: a request that can be read in two ways is not read at all.
@Suite struct MalformedRequestTests {
  static let refused: [(why: String, request: String)] = [
    ("a length beside chunks", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("chunks beside a length", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
    ("two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
    ("one length twice", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    ("a list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc"),
    ("a negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
    ("a length with a sign", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc"),
    ("a hexadecimal length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x3\r\n\r\nabc"),
    ("a length without digits", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n"),
    ("a length beyond 64 bits", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551619\r\n\r\nabc"),
    ("an unknown coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"),
    ("two codings", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("chunked twice", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("a disguised coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    ("a coding behind a control character", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n"),
    ("chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("a chunk size that is no number", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n0\r\n\r\n"),
    ("a negative chunk size", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n"),
    ("a chunk size with a prefix", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n"),
    ("a chunk size beyond 64 bits", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n"),
    ("a chunk longer than its size", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n"),
    ("a blank before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX-A : 1\r\n\r\n"),
    ("a blank before the first name", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    ("a folded header", "GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n 2\r\n\r\n"),
    ("a header folded with a tab", "GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\t2\r\n\r\n"),
    ("a header without a name", "GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n"),
    ("a header without a colon", "GET / HTTP/1.1\r\nHost: a\r\nX-A\r\n\r\n"),
    ("a header name with a bracket", "GET / HTTP/1.1\r\nHost: a\r\nX(A): 1\r\n\r\n"),
    ("a carriage return in a header", "GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r2\r\n\r\n"),
    ("a NUL in a header", "GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\u{0}2\r\n\r\n"),
    ("a control character in a header", "GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\u{1}2\r\n\r\n"),
    ("lines that end with a line feed alone", "GET / HTTP/1.1\nHost: a\n\n"),
    ("one line that ends with a line feed alone", "GET / HTTP/1.1\r\nHost: a\nX-A: 1\r\n\r\n"),
    ("no host", "GET / HTTP/1.1\r\n\r\n"),
    ("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    ("a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    ("a host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    ("an unknown method", "FETCH / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a method in small letters", "get / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a wish for a tunnel", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a target that is no path", "GET x HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a target of another scheme", "GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a target with a blank", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a target with a tab", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a target with a NUL", "GET /a\u{0}b HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a target with a bare letter beyond ASCII", "GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("a target with a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("an asterisk for a page", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("HTTP/2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
    ("HTTP/0.9", "GET /\r\n\r\n"),
    ("a version of two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
    ("a protocol in small letters", "GET / http/1.1\r\nHost: a\r\n\r\n"),
    ("a long request line", "GET /\(String(repeating: "a", count: 33_000)) HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("an endless request line", "GET /\(String(repeating: "a", count: 100_000))"),
    ("a long header", "GET / HTTP/1.1\r\nHost: a\r\nX-A: \(String(repeating: "a", count: 70_000))\r\n\r\n"),
    ("long headers", "GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X-A: \(String(repeating: "a", count: 1000))\r\n", count: 70))\r\n"),
    ("many headers", "GET / HTTP/1.1\r\nHost: a\r\n\(String(repeating: "X-A: 1\r\n", count: 300))\r\n"),
    ("a TLS greeting", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}"),
    ("noise", "\u{1}\u{2}\u{3}\r\n\r\n"),
  ]

  @Test func aMalformedRequestIsAnsweredWith400AndItsConnectionClosed() async throws {
    try await withServer { (port, _, service) throws in
      for (why, request) in Self.refused {
        let client = try RawClient(port: port)
        client.send(request)
        client.send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        guard let reply = try? client.reply() else {
          Issue.record("\(why): no reply, \(client.end)")
          continue
        }
        #expect(reply.status == 400, "\(why): \(reply.body)")
        #expect(reply.header("Connection") == "close", "\(why)")
        #expect(client.readToEnd() && client.received.isEmpty, "\(why): \(client.end)")
      }
      #expect(service.requests == [])
    }
  }

  @Test func aGoodRequestBeforeAMalformedOneIsAnswered() async throws {
    try await withServer { (port, _, service) throws in
      let client = try RawClient(port: port)
      client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.reply().body == "slow")
      #expect(try client.reply().status == 400)
      #expect(client.readToEnd() && client.received.isEmpty)
      #expect(service.requests == ["0 GET /slow"])
    }
  }

  /// `CROSSWALK_MUTATED=10000 swift test --filter mutated` sends the acceptance's number.
  @Test func mutatedRequestsNeitherCrashNorHang() async throws {
    let environment = ProcessInfo.processInfo.environment
    let count = environment["CROSSWALK_MUTATED"].flatMap { Int($0) } ?? 300
    let seed = environment["CROSSWALK_SEED"].flatMap { UInt64($0) } ?? 54
    var configuration = SandboxServer.Configuration()
    configuration.bodyLimit = 10_000
    try await withServer(configuration) { (port, _, _) throws in
      var random = Random(seed: seed)
      let good = [
        "GET /clients?page=2&name=a%20b HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n",
        "POST /records HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"name\":\"Osprey\"",
        "PUT /records/1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n3;x=1\r\nfgh\r\n0\r\n\r\n",
        "DELETE http://localhost/records/1 HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n",
      ]
      let pieces = (good + Self.refused.map(\.request).filter { $0.utf8.count < 300 }).map { Array($0.utf8) }
      for number in 0..<count {
        var bytes = pieces.randomElement(using: &random)!
        for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes, pieces, &random) }
        let client = try RawClient(port: port)
        // In one piece or cut anywhere: a parser must not care.
        let cut = Int.random(in: 0...bytes.count, using: &random)
        client.send(Array(bytes[..<cut]))
        client.send(Array(bytes[cut...]))
        client.endSending()
        guard client.readToEnd() else {
          Issue.record("request \(number) of seed \(seed) hangs: \(String(decoding: bytes, as: UTF8.self).debugDescription)")
          return
        }
        let answer = client.received
        if !answer.isEmpty, !answer.starts(with: Array("HTTP/1.1 ".utf8)) {
          Issue.record("request \(number) of seed \(seed): \(String(decoding: answer, as: UTF8.self))")
        }
      }
      let client = try RawClient(port: port)
      client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.reply().status == 200, "seed \(seed)")
    }
  }
}

private func mutate(_ bytes: inout [UInt8], _ pieces: [[UInt8]], _ random: inout Random) {
  let place = Int.random(in: 0...bytes.count, using: &random)
  switch Int.random(in: 0..<7, using: &random) {
  case 0 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
  case 1 where place < bytes.count: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
  case 2: bytes.insert(contentsOf: [[13, 10], [10], [13], [0], [32], [9], [58], [0xff, 0xfe]].randomElement(using: &random)!, at: place)
  case 3: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...20, using: &random)))
  case 4: bytes.insert(contentsOf: bytes[..<place].suffix(Int.random(in: 1...40, using: &random)), at: place)
  case 5:
    let other = pieces.randomElement(using: &random)!
    bytes = Array(bytes[..<place]) + other[Int.random(in: 0...other.count, using: &random)...]
  default: bytes += pieces.randomElement(using: &random)!
  }
}
