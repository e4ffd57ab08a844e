import CrosswalkMapping

/// Requests and replies as text that may be shown: without credentials.
struct Redactor {
  /// Names of headers and parameters whose values are secrets, in lower case.
  private var names: Set<String> = ["authorization", "cookie", "set-cookie"]
  private var values: [String] = []
  /// Bytes of a body.
  static let shown = 4000

  init(_ systems: [PlayedSystem]) {
    for system in systems {
      let secrets = system.api.settings.filter(\.isSecret).map(\.name) + ["token"]
      func isSecret(_ value: String) -> Bool { secrets.contains { value.contains("$\($0)") } }
      for way in system.api.signIn {
        switch way.kind {
        case .basic: break
        case .headers(let pairs), .query(let pairs): for pair in pairs where isSecret(pair.value) { names.insert(pair.name.lowercased()) }
        }
      }
      for case .members(let members)? in system.api.operations.map(\.body) {
        for member in members where isSecret(member.value) { names.insert(member.name.lowercased()) }
      }
      values += secrets.compactMap { system.signIn.credentials[$0] }
    }
  }

  func target(_ target: String) -> String {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return target }
    return parts[0] + "?" + redacted(pairs: String(parts[1]))
  }

  private func redacted(pairs: String) -> String {
    pairs.split(separator: "&", omittingEmptySubsequences: false).map { pair in
      let name = pair.prefix { $0 != "=" }
      // An escape may spell the name or the value.
      guard let own = Parameters.pairs(String(pair))?.first else { return cleaned(String(pair)) }
      let isSecret = names.contains(own.name.lowercased()) || cleaned(own.value) != own.value
      return isSecret ? "\(name)=REDACTED" : String(pair)
    }.joined(separator: "&")
  }

  /// Without the sandbox's own credentials and tokens.
  private func cleaned(_ text: String) -> String {
    var shown = text
    for value in values { shown = shown.replacing(value, with: "REDACTED") }
    while let start = shown.firstRange(of: "session-")?.lowerBound {
      let end = shown[start...].firstIndex { !($0.isHexDigit || $0 == "-" || $0.isLetter) } ?? shown.endIndex
      shown.replaceSubrange(start..<end, with: "REDACTED")
    }
    return shown
  }

  /// A body with a real password in it, sent here by mistake: members and elements of the names that credentials have.
  private func withoutMembers(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var out: [UInt8] = []
    var i = 0
    while i < bytes.count {
      let byte = bytes[i]
      out.append(byte)
      i += 1
      guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "<") else { continue }
      let isElement = byte == UInt8(ascii: "<")
      let closing = UInt8(ascii: isElement ? ">" : "\"")
      guard let end = bytes[i..<min(i + 64, bytes.count)].firstIndex(of: closing) else { continue }
      guard names.contains(String(decoding: bytes[i..<end], as: UTF8.self).lowercased()) else { continue }
      var start = end + 1
      if !isElement {
        // `"name" : "value"`
        while start < bytes.count, [0x20, 0x09, 0x0a, 0x0d, UInt8(ascii: ":")].contains(bytes[start]) { start += 1 }
        guard start < bytes.count, bytes[start] == closing else { continue }
        start += 1
      }
      out += bytes[i..<start] + Array("REDACTED".utf8)
      i = start
      let last = UInt8(ascii: isElement ? "<" : "\"")
      while i < bytes.count, bytes[i] != last { i += bytes[i] == UInt8(ascii: "\\") ? 2 : 1 }
      i = min(i, bytes.count)
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// `Location` may have a query.
  private func header(_ value: String) -> String { cleaned(value.contains("?") ? target(value) : value) }

  /// - count: how long the body is, of which the beginning is given.
  func text(head: String, _ headers: [(name: String, value: String)], _ body: [UInt8], of count: Int) -> String {
    var text = head + "\n"
    for (name, value) in headers { text += "\(name): \(names.contains(name.lowercased()) ? "REDACTED" : header(value))\n" }
    guard !body.isEmpty else { return text }
    var shown = String(decoding: body.prefix(Redactor.shown), as: UTF8.self)
    if headers.contains(where: { $0.name.lowercased() == "content-type" && $0.value.contains("urlencoded") }) { shown = redacted(pairs: shown) }
    text += "\n" + cleaned(withoutMembers(shown))
    if count > Redactor.shown { text += "\n… \(count) bytes" }
    return text
  }
}
