package import CrosswalkModel
package import CrosswalkYAML

/// Turns the two files of a system into a `System`, or into everything that is wrong with them.
///
/// Rules of the language stand in `Mappings/README.md`. To add a key: the list of accepted keys beside the `switch` that
/// reads it, the `switch`, the reference, a test.
package struct SystemLoader {
  let canonical: CanonicalModel?
  var system: System
  var problems: [Diagnostic] = []

  /// The system, or nil when a problem is fatal; and all problems, in the order of their places.
  ///
  /// - Parameter name: the folder's name.
  /// - Parameter canonical: the fields that `is:` may name; nil lets any pass.
  /// - Parameter checksAPI: `api:` is judged too, with each choice of its options; files need nothing of it.
  package static func load(
    name: String, system: YAMLNode, client: YAMLNode, canonical: CanonicalModel?, checksAPI: Bool = false
  ) -> (System?, [Diagnostic]) {
    var loader = SystemLoader(canonical: canonical, system: System(name: name, title: name, formats: []))
    loader.system.files = [system.place.file, client.place.file]
    loader.readSystemFile(system)
    loader.readClientFile(client)
    loader.checkFields()
    if let api = loader.system.api, checksAPI { loader.problems += APILoader.check(api, of: loader.system) }
    let problems = loader.problems.sorted { placeOrder($0) < placeOrder($1) }
    return (problems.contains { $0.disposition != .warning } ? nil : loader.system, problems)
  }

  // MARK: The two files

  private static let systemKeys = [
    "system", "title", "formats", "keys", "names", "write", "xml", "csv", "form", "options", "shapes", "replies", "assumed",
    "api",
    "extends",
  ]

  private mutating func readSystemFile(_ root: YAMLNode) {
    guard let entries = entries(of: root, "the file") else { return }
    // Shapes name formats, so formats come first wherever they stand.
    if let node = root["formats"] {
      readFormats(node)
    } else {
      report(missingKey("formats", in: "the file", at: root.place))
    }
    if root["shapes"] == nil { report(missingKey("shapes", in: "the file", at: root.place)) }
    checkSystemName(in: root)
    for entry in entries {
      let value = entry.value
      switch entry.key.text ?? "" {
      case "system", "formats": break
      case "title": if let title = text(value, "`title`") { system.title = title }
      case "keys": if word(value, "`keys`", of: ["anyCase"]) != nil { system.ignoresCase = true }
      case "names": readNameRules(value)
      case "write":
        let states = states(value)
        system.writesNulls = states.nulls ?? true
        system.writesEmpties = states.empties ?? true
      case "xml": readXMLRules(value)
      case "csv": readCSVRules(value)
      case "form": readFormRules(value)
      case "options": readOptions(value)
      case "shapes": readShapes(value)
      case "replies": readReplies(value)
      case "assumed": readAssumed(value)
      case "api": system.api = value
      case "extends": report(extendsRefused(at: entry.key.place))
      default: report(unknownKey(entry.key, in: "system.yaml", accepted: Self.systemKeys))
      }
    }
  }

  private static let clientKeys = ["system", "entity", "fields", "unmapped", "tests"]

  private mutating func readClientFile(_ root: YAMLNode) {
    guard let entries = entries(of: root, "the file") else { return }
    if root["fields"] == nil { report(missingKey("fields", in: "the file", at: root.place)) }
    checkSystemName(in: root)
    for entry in entries {
      let value = entry.value
      switch entry.key.text ?? "" {
      case "system": break
      case "entity": if let entity = text(value, "`entity`") { system.entity = entity }
      case "fields": readFields(value)
      case "unmapped":
        if let word = word(value, "`unmapped`", of: ["park", "reject"]) {
          system.unmapped = .init(rawValue: word) ?? .park
        }
      case "tests": checkTests(value)
      case "extends": report(extendsRefused(at: entry.key.place))
      default: report(unknownKey(entry.key, in: "client.yaml", accepted: Self.clientKeys))
      }
    }
  }

  private mutating func checkSystemName(in root: YAMLNode) {
    guard let node = root["system"] else { return report(missingKey("system", in: "the file", at: root.place)) }
    guard let name = text(node, "`system`"), name != system.name else { return }
    report(wrongSystemName(name, folder: system.name, at: node.place))
  }

  // MARK: Reading nodes

  @inline(never) mutating func report(_ problem: Diagnostic) { problems.append(problem) }

  /// The entries of a mapping; nil, and a problem, when it is none. Keys that are nulls are reported and left out.
  @inline(never) mutating func entries(of node: YAMLNode, _ what: @autoclosure () -> String) -> [YAMLNode.Entry]? {
    guard let entries = node.entries else {
      report(wrongKind(node, what(), wanted: "a mapping"))
      return nil
    }
    guard entries.contains(where: { $0.key.isNull }) else { return entries }
    return entries.filter { entry in
      if entry.key.isNull { report(nullKey(entry.key)) }
      return !entry.key.isNull
    }
  }

  /// A text, a number or a boolean, as it is written.
  @inline(never) mutating func text(_ node: YAMLNode, _ what: @autoclosure () -> String) -> String? {
    if let text = node.text, !node.isNull { return text }
    report(wrongKind(node, what(), wanted: "a text"))
    return nil
  }

  /// One text, or a list of them.
  @inline(never) mutating func texts(_ node: YAMLNode, _ what: @autoclosure () -> String) -> [String]? {
    guard let items = node.items else {
      if let text = node.text, !node.isNull { return [text] }
      report(wrongKind(node, what(), wanted: "a text or a list of texts"))
      return nil
    }
    return items.compactMap { text($0, "an item of \(what())") }
  }

  @inline(never) mutating func flag(_ node: YAMLNode, _ what: @autoclosure () -> String) -> Bool? {
    if let flag = node.bool { return flag }
    report(wrongKind(node, what(), wanted: "`true` or `false`"))
    return nil
  }

  /// A text that is one of the words given.
  @inline(never) mutating func word(_ node: YAMLNode, _ what: @autoclosure () -> String, of words: [String]) -> String? {
    guard let word = text(node, what()) else { return nil }
    if words.contains(word) { return word }
    report(unknownWord(word, what(), at: node.place, accepted: words))
    return nil
  }

  @inline(never) mutating func shape(_ node: YAMLNode) -> Shape? {
    word(node, "a shape", of: Shape.allCases.map(\.rawValue)).flatMap(Shape.init)
  }

  /// A key or value that names one of the system's formats. `ndjson` has no rules of its own.
  @inline(never) mutating func format(_ node: YAMLNode) -> Format? {
    guard let name = node.text, !node.isNull else {
      report(wrongKind(node, "a format", wanted: "a text"))
      return nil
    }
    guard let format = Format(rawValue: name), format != .ndjson else {
      report(unknownWord(name, "a format", at: node.place, accepted: formatNames))
      return nil
    }
    if system.formats.contains(format) { return format }
    report(formatNotListed(format, system.formats, at: node.place))
    return nil
  }

  /// `write: { nulls: …, empties: … }`: whether each is written.
  private mutating func states(_ node: YAMLNode) -> (nulls: Bool?, empties: Bool?) {
    var states: (nulls: Bool?, empties: Bool?)
    for entry in entries(of: node, "`write`") ?? [] {
      switch entry.key.text ?? "" {
      case "nulls": states.nulls = word(entry.value, "`nulls`", of: ["write", "omit"]).map { $0 == "write" }
      case "empties": states.empties = word(entry.value, "`empties`", of: ["write", "omit"]).map { $0 == "write" }
      default: report(unknownKey(entry.key, in: "`write`", accepted: ["nulls", "empties"]))
      }
    }
    return states
  }

  /// Reports a canonical name that does not exist.
  @inline(never) mutating func checkCanonical(_ name: String, at place: Place) {
    guard let canonical, !canonical.contains(name) else { return }
    report(unknownCanonical(name, at: place, near: nearestName(to: name, among: canonical.names)))
  }
}

let formatNames = ["json", "xml", "csv", "form"]

private func placeOrder(_ problem: Diagnostic) -> (String, Int, Int, String) {
  let place = problem.labels.first?.place
  return (place?.file ?? "", place?.line ?? 0, place?.column ?? 0, problem.code.name)
}

// MARK: Messages

/// "the accepted ones are `a`, `b`", with the nearest first.
@inline(never) func acceptedHelp(_ word: String, _ accepted: [String]) -> String {
  let list = accepted.map { "`\($0)`" }.joined(separator: ", ")
  guard let near = nearestName(to: word, among: accepted) else { return "accepted: \(list)" }
  return accepted.count == 1 ? "did you mean `\(near)`?" : "did you mean `\(near)`? Accepted: \(list)"
}

@inline(never) func unknownKey(_ key: YAMLNode, in what: String, accepted: [String]) -> Diagnostic {
  let name = key.text ?? ""
  return Diagnostic(
    .unknownKey, "`\(name)` is not a key of \(what)", labels: [.init(key.place)], help: acceptedHelp(name, accepted))
}

@inline(never) func wrongKind(_ node: YAMLNode, _ what: String, wanted: String) -> Diagnostic {
  let found =
    switch node.content {
    case .scalar: node.isNull ? "nothing" : "a text"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  var help: String?
  if case .mapping(let entries) = node.content, entries.count == 1, entries[0].value.isNull {
    help = "a text that starts with `{` must stand in quotes: `\"{\(entries[0].key.text ?? "")}\"`"
  }
  return Diagnostic(.wrongKind, "\(what) is \(found), and must be \(wanted)", labels: [.init(node.place)], help: help)
}

@inline(never) func missingKey(_ key: String, in what: String, at place: Place) -> Diagnostic {
  Diagnostic(.missingKey, "\(what) has no `\(key)`", labels: [.init(place)], help: "add the key `\(key)`")
}

@inline(never) func unknownWord(_ word: String, _ what: String, at place: Place, accepted: [String]) -> Diagnostic {
  Diagnostic(
    .unknownWord, "\(what) cannot be `\(word)`", labels: [.init(place)],
    help: word == "ndjson" && accepted == formatNames
      ? "`ndjson` comes with `json` and has no rules of its own" : acceptedHelp(word, accepted))
}

private func formatNotListed(_ format: Format, _ listed: [Format], at place: Place) -> Diagnostic {
  Diagnostic(
    .unknownWord, "the system has no format `\(format)`", labels: [.init(place)],
    help: "`formats` lists " + listed.filter { $0 != .ndjson }.map { "`\($0)`" }.joined(separator: ", ")
      + "; add it there, or remove it here")
}

private func nullKey(_ key: YAMLNode) -> Diagnostic {
  Diagnostic(
    .nullKey, "the key `\(key.text ?? "")` means \"nothing\" in YAML", labels: [.init(key.place)],
    help: "for null values the key is `nulls`; a field of that name must stand in quotes")
}

private func wrongSystemName(_ name: String, folder: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .wrongSystemName, "the file says `system: \(name)`, and its folder is `\(folder)`", labels: [.init(place)],
    help: "write `system: \(folder)`, or rename the folder")
}

private func extendsRefused(at place: Place) -> Diagnostic {
  Diagnostic(
    .notSupported, "`extends` is not supported", labels: [.init(place)],
    help: "copy the files of the other system and change them")
}

func unknownCanonical(_ name: String, at place: Place, near: String?) -> Diagnostic {
  Diagnostic(
    .unknownCanonical, "there is no canonical field `\(name)`", labels: [.init(place)],
    help: near.map { "did you mean `\($0)`?" }
      ?? "`crosswalk systems canonical` lists them; `none` means no canonical place")
}
