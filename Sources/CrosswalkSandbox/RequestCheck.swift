import NIOHTTP1

/// Why a request is answered by the server itself, and its connection closed.
enum Refusal: Equatable {
  case malformed(String)
  case bodyTooLarge(limit: Int)
  case silentClient

  var status: Int {
    switch self {
    case .malformed: 400
    case .bodyTooLarge: 413
    case .silentClient: 408
    }
  }

  var reason: String {
    switch self {
    case .malformed(let reason): reason
    case .bodyTooLarge(let limit): "the body is larger than \(limit) bytes"
    case .silentClient: "the request did not come in time"
    }
  }
}

/// What the parser lets pass and a server should not: two readings of one request are how one request is smuggled into another.
///
/// The parser itself refuses bad methods, versions, chunk sizes and field names, a control character or a bare line feed in a field, a
/// `Content-Length` beside `Transfer-Encoding`, and two `Content-Length`.
enum RequestCheck {
  static let targetLimit = 32 << 10

  /// The target as the service gets it: what stands before the path in `http://host/path` is taken off.
  static func target(of head: HTTPRequestHead) throws(CheckFailure) -> String {
    let uri = head.uri.utf8
    guard uri.count <= targetLimit else { throw CheckFailure("the target is longer than \(targetLimit) bytes") }
    for byte in uri {
      guard byte > 0x20, byte < 0x7f else { throw CheckFailure("the target has a character that must be percent-encoded") }
      guard byte != UInt8(ascii: "#") else { throw CheckFailure("the target has a fragment") }
    }
    guard head.method != .CONNECT else { throw CheckFailure("this is no proxy") }
    if uri.first == UInt8(ascii: "/") { return head.uri }
    if head.uri == "*", head.method == .OPTIONS { return head.uri }
    for scheme in ["http://", "https://"] where head.uri.lowercased().hasPrefix(scheme) {
      let rest = head.uri.dropFirst(scheme.count)
      guard let slash = rest.firstIndex(where: { $0 == "/" || $0 == "?" }), slash != rest.startIndex else { break }
      return rest[slash] == "/" ? String(rest[slash...]) : "/" + rest[slash...]
    }
    throw CheckFailure("the target is neither a path nor an address")
  }

  /// - headers: their values without the blanks around them.
  static func check(_ version: HTTPVersion, _ headers: [(name: String, value: String)]) throws(CheckFailure) {
    guard version == .http1_1 || version == .http1_0 else { throw CheckFailure("the version is not HTTP/1.1") }
    var hosts = 0
    var lengths = 0
    var codings = 0
    for (name, value) in headers {
      if name.utf8.isEmpty { throw CheckFailure("a header has no name") }
      switch name.utf8.count {
      case 4 where isEqual(name, "host"):
        hosts += 1
        guard isHost(value) else { throw CheckFailure("`Host` is no host") }
      case 14 where isEqual(name, "content-length"):
        lengths += 1
        guard !value.utf8.isEmpty, value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
          throw CheckFailure("`Content-Length` is no number")
        }
      case 17 where isEqual(name, "transfer-encoding"):
        codings += 1
        guard isEqual(value, "chunked") else { throw CheckFailure("the only transfer encoding is `chunked`") }
      default: break
      }
      for byte in value.utf8 where byte < 0x20 && byte != 0x09 || byte == 0x7f {
        throw CheckFailure("a header has a control character")
      }
    }
    guard lengths <= 1, codings <= 1, lengths + codings <= 1 else { throw CheckFailure("the length of the body is said twice") }
    guard codings == 0 || version == .http1_1 else { throw CheckFailure("HTTP/1.0 has no transfer encodings") }
    guard hosts <= 1 else { throw CheckFailure("`Host` stands twice") }
    guard hosts == 1 || version == .http1_0 else { throw CheckFailure("`Host` is missing") }
  }

  /// Without the blanks and tabs behind it, which are no part of a value; the parser takes off those before it.
  static func trimmed(_ value: String) -> String {
    guard let last = value.utf8.last, last == 0x20 || last == 0x09 else { return value }
    return value.utf8.lastIndex { $0 != 0x20 && $0 != 0x09 }.map { String(value[...$0]) } ?? ""
  }

  /// Without regard to case; `lower` is in small letters.
  static func isEqual(_ name: String, _ lower: StaticString) -> Bool {
    guard name.utf8.count == lower.utf8CodeUnitCount else { return false }
    var letter = lower.utf8Start
    for byte in name.utf8 {
      guard (byte | 0x20) == letter.pointee || byte == letter.pointee else { return false }
      letter += 1
    }
    return true
  }

  /// A name or an address, and perhaps a port. An empty one is allowed: the target may have none.
  private static func isHost(_ value: String) -> Bool {
    value.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
      case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"): true
      default: false
      }
    }
  }
}

struct CheckFailure: Error {
  var reason: String

  init(_ reason: String) { self.reason = reason }
}
