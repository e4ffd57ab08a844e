import Glibc
import NIOCore

/// Replies as bytes. One a server, on its event loop: the line with the date is made once a second.
final class ReplyWriter {
  private var date = ""
  private var dateSecond: time_t = -1

  func bytes(
    of reply: SandboxReply, for method: String, isHTTP10: Bool, keepAlive: Bool, allocator: ByteBufferAllocator
  ) -> ByteBuffer {
    let head = head(of: reply, for: method, isHTTP10: isHTTP10, keepAlive: keepAlive)
    let body = hasBody(reply.status) && method != "HEAD" ? reply.body : []
    var bytes = allocator.buffer(capacity: head.utf8.count + body.count)
    bytes.writeString(head)
    bytes.writeBytes(body)
    return bytes
  }

  /// The head, with the length of the whole body.
  func head(of reply: SandboxReply, for method: String, isHTTP10: Bool, keepAlive: Bool) -> String {
    var head = "HTTP/1.1 \(reply.status) \(ReplyWriter.phrase(of: reply.status))\r\n"
    head.reserveCapacity(512)
    var hasDate = false
    for (name, value) in reply.headers {
      if RequestCheck.isEqual(name, "content-length") || RequestCheck.isEqual(name, "connection") { continue }
      if RequestCheck.isEqual(name, "transfer-encoding") { continue }
      if RequestCheck.isEqual(name, "date") { hasDate = true }
      head += ReplyWriter.oneLine(name)
      head += ": "
      head += ReplyWriter.oneLine(value)
      head += "\r\n"
    }
    if hasBody(reply.status) { head += "Content-Length: \(reply.body.count)\r\n" }
    if !hasDate { head += dateLine() }
    if !keepAlive { head += "Connection: close\r\n" } else if isHTTP10 { head += "Connection: keep-alive\r\n" }
    head += "\r\n"
    return head
  }

  private func hasBody(_ status: Int) -> Bool { status != 204 && status != 304 }

  /// A value out of the data must not begin a header of its own.
  private static func oneLine(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : $0 }))
  }

  private func dateLine() -> String {
    let now = time(nil)
    if now != dateSecond {
      dateSecond = now
      date = "Date: \(HTTPDate.text(of: now))\r\n"
    }
    return date
  }

  static func phrase(of status: Int) -> String {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 301: "Moved Permanently"
    case 302: "Found"
    case 303: "See Other"
    case 304: "Not Modified"
    case 307: "Temporary Redirect"
    case 308: "Permanent Redirect"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 415: "Unsupported Media Type"
    case 422: "Unprocessable Content"
    case 423: "Locked"
    case 429: "Too Many Requests"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    default: "Status"
    }
  }
}

/// The form of dates in headers.
package enum HTTPDate {
  /// `Sun, 06 Nov 1994 08:49:37 GMT`, of seconds since 1970.
  package static func text(of seconds: Int) -> String {
    var clock = time_t(seconds)
    var parts = tm()
    gmtime_r(&clock, &parts)
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let day = "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900)"
    return "\(day) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
  }
}
