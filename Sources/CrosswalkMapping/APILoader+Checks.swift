import CrosswalkModel
import CrosswalkYAML

/// What is judged beyond keys and kinds: numbers that cannot be, names that stand for nothing, values that a field cannot have, calls
/// that cannot be told apart.
extension APILoader {
  /// A whole number in a range.
  mutating func whole(_ node: YAMLNode, _ what: @autoclosure () -> String, in range: ClosedRange<Int>) -> Int? {
    if let number = node.int, range.contains(number) { return number }
    guard let text = node.text, !node.isNull else {
      loader.report(wrongKind(node, what(), wanted: "a whole number"))
      return nil
    }
    report(node, "\(what()) cannot be `\(text)`", "it takes a whole number from \(range.lowerBound) to \(range.upperBound)")
    return nil
  }

  static let statuses = 200...599
  /// A year.
  static let seconds = 1...31_536_000

  private mutating func report(_ node: YAMLNode, _ title: String, _ help: String) {
    loader.report(Diagnostic(.badArgument, title, labels: [.init(node.place)], help: help))
  }

  // MARK: - Names in texts

  /// Which names a text may have, beside the settings.
  enum Names {
    case address, settings, session, path, record, reply, refusalMessage, refusalHeader, refusalBody
  }

  private func accepted(_ names: Names) -> [String] {
    let settings = api.settings.map(\.name)
    switch names {
    case .address, .settings: return settings
    case .session: return settings + ["token"]
    case .path: return ["path"]
    case .record: return leafNames
    case .reply:
      let own = ["id", "part", "token", "message", "uri", "path", "count", "pages", "time", "calls", "most", "seconds", "wait"] + settings
      return own + leafNames.filter { !own.contains($0) }
    case .refusalMessage: return ["field", "wait"]
    case .refusalHeader: return ["message", "wait"]
    case .refusalBody: return ["message", "code", "status", "uri", "field"]
    }
  }

  /// Fields, and the further lines of texts that have several.
  private var leafNames: [String] {
    loader.system.fields.flatMap { field in
      [field.name] + field.transforms.filter { $0.name == "lines" }.flatMap { use in
        (use.argument.map { $0.items ?? [$0] } ?? []).compactMap(\.text)
      }
    }
  }

  /// Reports every `$name` in the texts of a node that stands for nothing there.
  mutating func checkNames(_ node: YAMLNode, _ names: Names) {
    switch node.content {
    case .sequence(let items): for item in items { checkNames(item, names) }
    case .mapping(let entries): for entry in entries { checkNames(entry.value, names) }
    case .scalar(let scalar):
      for name in APILoader.names(in: scalar.text, endAtDots: names == .address) where !accepted(names).contains(name) {
        report(
          node, "`$\(name)` stands for nothing here",
          names == .session && name == "token" ? "`session: { hours: }` beside it makes it that of a session" : help(name, accepted(names)))
      }
    }
  }

  private func help(_ name: String, _ accepted: [String]) -> String {
    accepted.isEmpty ? "there are no `settings`" : acceptedHelp("$" + name, accepted.map { "$" + $0 })
  }

  /// As they are found when the text is filled in.
  ///
  /// - endAtDots: `$place.example.com` has the name `place`.
  private static func names(in text: String, endAtDots: Bool) -> [String] {
    text.split(separator: "$", omittingEmptySubsequences: false).dropFirst().compactMap { part in
      var name = part.prefix { character in
        character.isASCII && (character.isLetter || character.isNumber) || character == "_" || character == "-" || !endAtDots && character == "."
      }
      while name.last == "-" || name.last == "." { name.removeLast() }
      return name.isEmpty ? nil : String(name)
    }
  }

  // MARK: - Addresses and headers

  mutating func checkBase(_ node: YAMLNode) {
    guard let text = node.text else { return }
    checkNames(node, .address)
    let sides = text.split(separator: "://", maxSplits: 1)
    let host = sides.count == 2 ? sides[1].prefix { $0 != "/" } : ""
    guard sides.count == 2, sides[0] == "https" || sides[0] == "http", !host.isEmpty,
      !text.contains(where: { $0.isWhitespace || $0 == "?" || $0 == "#" })
    else {
      return report(node, "`base` cannot be `\(text)`", "it is a whole address: `https://api.example.com/v1`")
    }
  }

  /// Names and texts of headers.
  mutating func headers(_ node: YAMLNode, _ names: Names) -> [(name: String, value: String)] {
    for entry in node.entries ?? [] { checkHeader(entry.key) }
    checkNames(node, names)
    return pairs(node, "`headers`")
  }

  mutating func checkHeader(_ node: YAMLNode) {
    guard let name = node.text, !node.isNull else { return }
    let isName = !name.isEmpty && name.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
      default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
      }
    }
    if !isName { report(node, "`\(name)` is not the name of a header", "letters, digits and hyphens: `X-Api-Key`") }
  }

  // MARK: - Calls

  /// Whether the path is one that requests can have.
  mutating func checkPath(_ call: API.Call, _ node: YAMLNode) {
    for step in call.path where step != "$id" && step != "$part" {
      if step.contains("$") {
        report(node, "`\(step)` is not a part of a path", "`$id` and `$part` stand for a whole part each; all else is as it is written")
      } else if step.contains(where: { $0 == "?" || $0 == "#" || $0 == "%" }) {
        report(node, "`\(step)` is not a part of a path", "parameters stand in `when` and `filters`; characters stand for themselves")
      }
    }
  }

  /// Reports calls that cannot be told apart.
  mutating func checkCalls(_ calls: [(call: API.Call, when: [String], place: Place)]) {
    func isSame(_ one: String, _ other: String) -> Bool {
      if one.hasPrefix("$"), other.hasPrefix("$") { return true }
      return api.ignoresPathCase ? one.lowercased() == other.lowercased() : one == other
    }
    for (index, one) in calls.enumerated() {
      let earlier = calls[..<index].first { other in
        other.call.method == one.call.method && other.when == one.when && other.call.path.count == one.call.path.count
          && zip(other.call.path, one.call.path).allSatisfy(isSame)
      }
      guard let earlier else { continue }
      loader.report(
        Diagnostic(
          .badArgument, "`\(one.call.method) /\(one.call.path.joined(separator: "/"))` is the call of another operation already",
          labels: [.init(one.place), .init(earlier.place)], help: "`when: { parameter: value }` tells two operations of one call apart"))
    }
  }

  // MARK: - Pages

  /// Reports a sign that more pages follow which one of the formats has no place for.
  mutating func checkMore(_ operation: API.Operation, _ node: YAMLNode) {
    guard let more = operation.paging?.more, let shape = operation.reply.shape else { return }
    for format in loader.system.formats where format == .json || format == .xml {
      let own = operation.reply.envelopes.first { $0.format == format }?.template
      let shapes = loader.system.shapes.first { $0.shape == shape }?.write
      guard let template = own ?? shapes?.first(where: { $0.format == format })?.template else { continue }
      // An XML document has its root, and nothing beside it.
      if format == .xml && more.count < 2 || !template.hasPlace(for: more[...]) {
        report(
          node, "`more` has no place in the list as \(format.rawValue): `\(PathStep.text(more))`",
          "it is a member of an object that every format of the list has, beside the records: `response.more`")
        return
      }
    }
  }

  // MARK: - Fields and their values

  private func type(of name: String) -> ValueType? { loader.system.fields.first { $0.name == name }?.type }

  /// Reports a field whose kind is none of these.
  mutating func checkType(_ name: String, _ types: Set<ValueType>, _ node: YAMLNode, _ why: String) {
    guard let type = type(of: name), !types.contains(type) else { return }
    let list = ValueType.allCases.filter(types.contains).map { "`\($0.rawValue)`" }.joined(separator: ", ")
    report(node, "\(why) cannot be `\(name)`, which is of the type `\(type.rawValue)`", "a field of the type \(list)")
  }

  /// Reports a field that moments cannot be compared with.
  mutating func checkMoment(_ name: String, _ node: YAMLNode) {
    guard let field = loader.system.fields.first(where: { $0.name == name }), field.type != .instant,
      !field.transforms.contains(where: { ["instant", "epoch", "msDate"].contains($0.name) })
    else { return }
    report(node, "`\(name)` is no moment, which this filter compares", "a field of the type `instant`, or with `as:` one of `instant`, `epoch`, `msDate`")
  }

  /// Reports a value that the field cannot have.
  mutating func checkValue(_ node: YAMLNode, of name: String) {
    guard let field = loader.system.fields.first(where: { $0.name == name }), !node.isNull else { return }
    guard let text = node.text else { return loader.report(wrongKind(node, "the value of `\(name)`", wanted: "a text")) }
    switch field.type {
    case .boolean:
      if node.bool == nil { report(node, "`\(name)` cannot be `\(text)`", "it is of the type `boolean`: `true` or `false`, without quotes") }
    case .integer:
      if node.int == nil { report(node, "`\(name)` cannot be `\(text)`", "it is of the type `integer`: a whole number, without quotes") }
    case .choice:
      guard let use = field.transforms.first(where: { $0.name == "choice" }) else { return }
      let words = use.spellings
      if !words.isEmpty, !words.map(use.plain).contains(use.plain(text)) {
        loader.report(unknownWord(text, "`\(name)`", at: node.place, accepted: words))
      }
    case .text, .lines, .code, .instant: break
    }
  }
}
