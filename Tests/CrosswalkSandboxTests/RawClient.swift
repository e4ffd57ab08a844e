import Foundation
import Glibc

/// A connection that sends the bytes it is given and keeps what comes back, as it came.
///
/// Its calls block. The server's accept loop needs the threads of tasks, so a task asks by `onThread`.
final class RawClient: @unchecked Sendable {
  enum End: Equatable { case open, closed, reset }

  struct Reply: Equatable {
    var status: Int
    var headers: [String]
    var body: String
    /// Whether `Content-Length` bytes came.
    var isWhole: Bool

    func header(_ name: String) -> String? {
      headers.first { $0.lowercased().hasPrefix(name.lowercased() + ":") }.map {
        $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
      }
    }
  }

  private let socket: Int32
  private(set) var received: [UInt8] = []
  private(set) var end = End.open

  /// What a busy machine may take for a reply; only a test that fails waits so long.
  private static let patience = 60.0

  init(port: Int, address host: String = "127.0.0.1") throws {
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var timeout = timeval(tv_sec: Int(Self.patience), tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port)).bigEndian
    address.sin_addr = in_addr(s_addr: inet_addr(host))
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
  }

  deinit { Glibc.close(socket) }

  /// On a thread that nobody else waits for.
  func onThread<Value: Sendable>(_ body: @escaping @Sendable (RawClient) throws -> Value) async throws -> Value {
    let result = await withCheckedContinuation { done in
      Thread.detachNewThread { done.resume(returning: Result { try body(self) }) }
    }
    return try result.get()
  }

  func send(_ text: String) { send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  func endSending() { shutdown(socket, Int32(SHUT_WR)) }

  func hangUp() { shutdown(socket, Int32(SHUT_RDWR)) }

  /// Takes what comes for so long, or until the other side ends.
  func wait(seconds: Double) {
    let deadline = Date().addingTimeInterval(seconds)
    while end == .open, receive(seconds: deadline.timeIntervalSinceNow) {}
  }

  /// Reads until the other side ends; false when it stays open for a minute.
  @discardableResult func readToEnd() -> Bool {
    wait(seconds: Self.patience)
    return end != .open
  }

  /// One whole reply, or what came of it when the connection ended.
  func reply(toHead: Bool = false) throws -> Reply {
    while end == .open {
      if let reply = takeReply(toHead: toHead), reply.isWhole { return reply }
      guard receive(seconds: Self.patience) else { throw POSIXError(.ETIMEDOUT) }
    }
    guard let reply = takeReply(toHead: toHead) else { throw POSIXError(.ECONNRESET) }
    return reply
  }

  private func takeReply(toHead: Bool) -> Reply? {
    guard let blank = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
    let lines = String(decoding: received[..<blank.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    let parts = lines[0].split(separator: " ")
    guard parts.count >= 2, parts[0] == "HTTP/1.1", let status = Int(parts[1]) else { return nil }
    var reply = Reply(status: status, headers: Array(lines.dropFirst()), body: "", isWhole: false)
    let length = toHead ? 0 : Int(reply.header("Content-Length") ?? "0") ?? 0
    let body = received[blank.upperBound...].prefix(length)
    reply.body = String(decoding: body, as: UTF8.self)
    reply.isWhole = body.count == length
    if reply.isWhole { received.removeSubrange(..<(blank.upperBound + length)) }
    return reply
  }

  private func receive(seconds: Double) -> Bool {
    var wanted = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    guard seconds > 0, poll(&wanted, 1, Int32(seconds * 1000)) > 0 else { return false }
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(socket, &buffer, buffer.count, 0)
    if count > 0 { received += buffer[..<count] } else { end = count == 0 ? .closed : .reset }
    return true
  }
}
