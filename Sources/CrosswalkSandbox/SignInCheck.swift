import CrosswalkMapping
import CrosswalkModel

/// Who may call: one of the ways that a description has, with the sandbox's own credentials. The tokens of session calls are good
/// for as long as the description says.
struct SignInCheck {
  /// By the settings' names.
  let credentials: [String: String]
  private let ways: [API.SignIn]
  /// Of each way the bytes of `user:password`, where it has them.
  private let pairs: [[UInt8]?]
  /// Token → the second in which it ends.
  private var sessions: [String: Int] = [:]
  private var given = 0
  private let seed: UInt64

  init(_ api: API, seed: UInt64) {
    ways = api.signIn
    self.seed = seed
    let credentials = Dictionary(api.settings.map { ($0.name, "sandbox-\($0.name)") }) { first, _ in first }
    self.credentials = credentials
    pairs = api.signIn.map { way in
      guard case .basic(let user, let password) = way.kind else { return nil }
      return Array(ReplyText.filled("\(user):\(password)") { credentials[$0].map { .text($0) } }.utf8)
    }
  }

  /// A new session of the one user there is.
  mutating func begin(at now: Int) -> String {
    given += 1
    let token = "session-" + String(Dice(seed, "session", given).bits, radix: 16)
    let hours = ways.compactMap(\.sessionHours).first ?? 24
    sessions[token] = now + 3600 * hours
    return token
  }

  mutating func endAll() { sessions = [:] }

  func isSignedIn(_ request: SandboxRequest, _ query: [(name: String, value: String)], at now: Int) -> Bool {
    ways.isEmpty || ways.indices.contains { isMet($0, request, query, now) }
  }

  private func isMet(_ index: Int, _ request: SandboxRequest, _ query: [(name: String, value: String)], _ now: Int) -> Bool {
    let way = ways[index]
    switch way.kind {
    case .basic:
      guard let text = request.header("Authorization"), text.prefix(6).lowercased() == "basic ",
        let pair = SignInCheck.base64(text.dropFirst(6))
      else { return false }
      return pair == pairs[index]
    case .headers(let headers):
      return headers.allSatisfy { name, value in
        request.header(name).map { isRight($0, value, way, now) } ?? false
      }
    case .query(let parameters):
      return parameters.allSatisfy { name, value in
        query.first { $0.name == name }.map { isRight($0.value, value, way, now) } ?? false
      }
    }
  }

  private func isRight(_ given: String, _ wanted: String, _ way: API.SignIn, _ now: Int) -> Bool {
    if wanted == "$token", way.sessionHours != nil { return sessions[given].map { $0 > now } ?? false }
    return given == filled(wanted)
  }

  func filled(_ text: String) -> String { ReplyText.filled(text) { credentials[$0].map { .text($0) } } }

  /// Standard alphabet, with or without the padding and blanks around it; nil for anything else.
  static func base64(_ text: some StringProtocol) -> [UInt8]? {
    var out: [UInt8] = []
    var bits = 0
    var count = 0
    var bytes = Array(text.utf8)[...].drop { $0 == UInt8(ascii: " ") }
    while bytes.last == UInt8(ascii: " ") { bytes.removeLast() }
    while bytes.last == UInt8(ascii: "=") { bytes.removeLast() }
    for byte in bytes {
      let value: UInt8
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - UInt8(ascii: "A")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - UInt8(ascii: "a") + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0") + 52
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      default: return nil
      }
      bits = (bits << 6 | Int(value)) & 0xff_ffff
      count += 6
      if count >= 8 {
        count -= 8
        out.append(UInt8(truncatingIfNeeded: bits >> count))
      }
    }
    return out
  }
}

extension SandboxRequest {
  /// The first header of that name, in any case.
  func header(_ name: String) -> String? {
    headers.first { $0.name.isEqualIgnoringCase(name) }?.value
  }
}

extension String {
  /// The case of ASCII letters does not count.
  func isEqualIgnoringCase(_ other: String) -> Bool {
    utf8.count == other.utf8.count
      && zip(utf8, other.utf8).allSatisfy { $0 == $1 || ($0 ^ $1 == 0x20 && (0x61...0x7a).contains($0 | 0x20)) }
  }
}

/// Numbers that depend on a seed and on what they are for, and on nothing else.
struct Dice {
  let bits: UInt64

  init(_ seed: UInt64, _ purpose: String, _ number: Int) {
    var state = seed ^ 0x9e37_79b9_7f4a_7c15
    for byte in purpose.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
    state ^= UInt64(truncatingIfNeeded: number) &* 0xd6e8_feb8_6659_fd93
    state = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
    state = (state ^ state >> 27) &* 0x94d0_49bb_1331_11eb
    bits = state ^ state >> 31
  }

  /// From 0 up to 1.
  var share: Double { Double(bits >> 11) / 9_007_199_254_740_992 }
}
