import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// Requests and replies as text that may be shown: without credentials, and without the values of fields that are secret. Of a body
/// that cannot be read and written again with certainty only the size is shown.
struct Redactor {
  /// Names of headers, parameters, members and elements whose values are secrets, as `plain` has them.
  private var names: Set<String> = ["authorization", "cookie", "setcookie"]
  private var values: [String] = []
  /// Bytes of a body.
  static let shown = 4000
  /// A longer body is not kept to be looked at: it has to be read whole.
  static let kept = 32_768
  private static let mark = "REDACTED"

  init(_ systems: [PlayedSystem]) {
    for system in systems {
      let secrets = system.api.settings.filter(\.isSecret).map(\.name) + ["token"]
      func isSecret(_ value: String) -> Bool { secrets.contains { value.contains("$\($0)") } }
      names.formUnion(secrets.map(Redactor.plain))
      for way in system.api.signIn {
        switch way.kind {
        case .basic: break
        case .headers(let pairs), .query(let pairs): for pair in pairs where isSecret(pair.value) { names.insert(Redactor.plain(pair.name)) }
        }
      }
      for case .members(let members)? in system.api.operations.map(\.body) {
        for member in members where isSecret(member.value) { names.insert(Redactor.plain(member.name)) }
      }
      for field in system.system.fields where field.isSecret { names.formUnion(Redactor.names(of: field)) }
      values += secrets.compactMap { system.signIn.credentials[$0] }
    }
  }

  /// As members, elements, attributes, columns and parameters are called that may hold it.
  private static func names(of field: Field) -> [String] {
    var all = [field.name] + field.readNames + field.writeNames.values + field.formatNames.values
    for name in all {
      if case .name(let last)? = PathStep.parse(name)?.last(where: { if case .name = $0 { true } else { false } }) { all.append(last) }
    }
    return all.map(plain)
  }

  /// In lower case, without the prefix of a namespace, the mark of attributes, and what formats join words with: `@Statement-Key`
  /// and `statement_key` are one.
  private static func plain(_ name: String) -> String {
    let local = name.lastIndex(of: ":").map { name[name.index(after: $0)...] } ?? name[...]
    return String(local.filter { !"@-_ ".contains($0) }).lowercased()
  }

  // MARK: - Pairs

  func target(_ target: String) -> String {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return target }
    return parts[0] + "?" + redacted(pairs: String(parts[1]))
  }

  /// An escape may spell the name or the value; what cannot be decoded may be anything.
  private func redacted(pairs: String) -> String {
    pairs.split(separator: "&", omittingEmptySubsequences: false).map { pair in
      let name = pair.prefix { $0 != "=" }
      guard let own = Parameters.pairs(String(pair)) else {
        return Parameters.pairs(String(name)) == nil || name == pair ? Redactor.mark : "\(name)=\(Redactor.mark)"
      }
      guard let own = own.first else { return "" }
      let isSecret = names.contains(Redactor.plain(own.name)) || cleaned(own.value) != own.value
      return isSecret ? "\(name)=\(Redactor.mark)" : cleaned(String(pair))
    }.joined(separator: "&")
  }

  /// Without the sandbox's own credentials and tokens.
  private func cleaned(_ text: String) -> String {
    var shown = text
    for value in values { shown = shown.replacing(value, with: Redactor.mark) }
    while let start = shown.firstRange(of: "session-")?.lowerBound {
      let end = shown[start...].firstIndex { !($0.isHexDigit || $0 == "-" || $0.isLetter) } ?? shown.endIndex
      shown.replaceSubrange(start..<end, with: Redactor.mark)
    }
    return shown
  }

  // MARK: - Bodies

  /// A real password may be in it, sent here by mistake. Nil where it cannot be read.
  private func body(_ body: [UInt8], isForm: Bool, isReply: Bool) -> String? {
    guard let text = String(validating: body, as: UTF8.self) else { return nil }
    if isForm {
      // Blanks, brackets and quotes are escaped in a form: this is something else under its name.
      let isPairs = body.allSatisfy { $0 > 0x20 && !"{}[]<>\"".utf8.contains($0) } && Parameters.pairs(text) != nil
      return isPairs ? redacted(pairs: text) : nil
    }
    switch PlayedSystem.begin(of: body) {
    case UInt8(ascii: "<")?:
      guard let root = try? XMLAuthority().document(body) else { return isReply && text.hasPrefix("<html") ? cleaned(text) : nil }
      let tree = Tree.object([.init(root.name, root.tree())])
      // A comment or an instruction can hold anything.
      let hasAsides = text.contains("<!") || text.hasPrefix("<?xml") && text.dropFirst().contains("<?") || !text.hasPrefix("<?xml") && text.contains("<?")
      let own = withoutSecrets(tree)
      return own == tree && !hasAsides ? cleaned(text) : String(decoding: ReplyText.bytes(own, .xml), as: UTF8.self)
    case UInt8(ascii: "{")?, UInt8(ascii: "[")?, UInt8(ascii: "\"")?:
      guard let tree = try? JSONReference.parse(body) else { return nil }
      let own = withoutSecrets(tree)
      return own == tree ? cleaned(text) : String(decoding: JSONTree.bytes(own), as: UTF8.self)
    // The sandbox's own words.
    default: return isReply ? cleaned(text) : nil
    }
  }

  private func withoutSecrets(_ tree: Tree) -> Tree {
    switch tree {
    case .null, .bool, .number: return tree
    case .text(let text):
      let own = String(decoding: text, as: UTF8.self)
      let clean = cleaned(own)
      return clean == own ? tree : .text(clean)
    case .array(let items): return .array(items.map(withoutSecrets))
    case .object(let members):
      return .object(
        members.map { member in
          let isSecret = names.contains(Redactor.plain(String(decoding: member.name, as: UTF8.self))) && !member.value.isBlankText
          return .init(member.name, isSecret ? .text(Redactor.mark) : withoutSecrets(member.value))
        })
    }
  }

  /// `Location` may have a query.
  private func header(_ value: String) -> String { cleaned(value.contains("?") ? target(value) : value) }

  /// - body: empty where it was longer than `kept`.
  /// - count: how long it was.
  func text(head: String, _ headers: [(name: String, value: String)], _ body: [UInt8], of count: Int, isReply: Bool) -> String {
    var text = head + "\n"
    for (name, value) in headers { text += "\(name): \(names.contains(Redactor.plain(name)) ? Redactor.mark : header(value))\n" }
    guard count > 0 else { return text }
    let isForm = headers.contains { $0.name.lowercased() == "content-type" && $0.value.lowercased().contains("urlencoded") }
    guard !body.isEmpty, let shown = self.body(body, isForm: isForm, isReply: isReply) else { return text + "\n… \(count) bytes" }
    guard shown.utf8.count > Redactor.shown else { return text + "\n" + shown }
    return text + "\n" + String(decoding: shown.utf8.prefix(Redactor.shown), as: UTF8.self) + "\n… \(count) bytes"
  }
}
