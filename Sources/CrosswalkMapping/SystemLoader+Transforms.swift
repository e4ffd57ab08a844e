import CrosswalkModel
import CrosswalkYAML

/// `as` and `or` of a field.
extension SystemLoader {
  // MARK: as

  mutating func transforms(_ node: YAMLNode) -> [TransformUse] {
    (node.items ?? [node]).compactMap { transform($0) }
  }

  private mutating func transform(_ node: YAMLNode) -> TransformUse? {
    guard node.entries != nil else {
      guard let name = text(node, "a transform") else { return nil }
      guard let spec = spec(name, at: node.place) else { return nil }
      if case .none = spec.argument {} else { report(needsArgument(name, at: node.place)) }
      return TransformUse(name: name, argument: nil, parameters: [], place: node.place)
    }
    guard let entries = entries(of: node, "a transform"), !entries.isEmpty else { return nil }
    let named = entries.filter { entry in TransformGrammar.specs.contains { $0.name == entry.key.text } }
    guard let main = named.first else {
      report(unknownTransform(entries[0].key.text ?? "", at: entries[0].key.place))
      return nil
    }
    if named.count > 1 { report(twoTransforms(named.map { $0.key.text ?? "" }, at: named[1].key.place)) }
    guard let name = main.key.text, let spec = spec(name, at: main.key.place) else { return nil }
    check(main.value, of: spec)
    var use = TransformUse(name: name, argument: main.value, parameters: [], place: main.key.place)
    for entry in entries where !named.contains(where: { $0.key.text == entry.key.text }) {
      let key = entry.key.text ?? ""
      guard spec.required.contains(key) || spec.optional.contains(key) else {
        report(unknownKey(entry.key, in: "`\(name)`", accepted: spec.required + spec.optional))
        continue
      }
      check(parameter: key, entry.value, of: spec)
      use.parameters.append((key, entry.value))
    }
    for key in spec.required where node[key] == nil { report(missingKey(key, in: "`\(name)`", at: main.key.place)) }
    return use
  }

  private mutating func spec(_ name: String, at place: Place) -> TransformGrammar.Spec? {
    if let spec = TransformGrammar.specs.first(where: { $0.name == name }) { return spec }
    report(unknownTransform(name, at: place))
    return nil
  }

  private mutating func check(_ node: YAMLNode, of spec: TransformGrammar.Spec) {
    let what = "the argument of `\(spec.name)`"
    switch spec.argument {
    case .none: report(noArgument(spec.name, at: node.place))
    case .text:
      // An instant's format may hold anything; `default: ~` would supply nothing.
      _ = text(node, what)
    case .word(let words): _ = word(node, what, of: words)
    case .names:
      guard let items = node.items, items.count >= 2 else {
        return report(wrongKind(node, what, wanted: "a list of at least two fields"))
      }
      for item in items { _ = text(item, "an item of \(what)") }
    case .choices:
      guard let choices = entries(of: node, what) else { return }
      for choice in choices {
        let word = choice.key.text ?? ""
        if texts(choice.value, "the spellings of `\(word)`")?.isEmpty == true {
          report(noSpelling(word, at: choice.value.place))
        }
      }
    case .parts(let parts):
      for entry in entries(of: node, what) ?? [] {
        if !parts.contains(entry.key.text ?? "") { report(unknownKey(entry.key, in: "`\(spec.name)`", accepted: parts)) }
        if let name = text(entry.value, "the part `\(entry.key.text ?? "")`") { checkCanonical(name, at: entry.value.place) }
      }
      if node["rest"] == nil { report(missingKey("rest", in: "`\(spec.name)`", at: node.place)) }
    case .keys(let required, let optional):
      guard let entries = entries(of: node, what) else { return }
      for entry in entries {
        let key = entry.key.text ?? ""
        if !required.contains(key), !optional.contains(key) {
          report(unknownKey(entry.key, in: "`\(spec.name)`", accepted: required + optional))
        } else if key == "of" {
          _ = texts(entry.value, "`of`")
        } else if key == "take" {
          _ = word(entry.value, "`take`", of: ["first", "last"])
        } else {
          _ = text(entry.value, "`\(key)`")
        }
      }
      for key in required where node[key] == nil { report(missingKey(key, in: "`\(spec.name)`", at: node.place)) }
    }
  }

  private mutating func check(parameter key: String, _ node: YAMLNode, of spec: TransformGrammar.Spec) {
    switch (spec.name, key) {
    case (_, "in"): if let name = text(node, "`in`") { checkCanonical(name, at: node.place) }
    case (_, "by"), (_, "write"): checkOption(node, "`\(key)`")
    case (_, "ignore"):
      for item in node.items ?? [node] { _ = word(item, "`ignore`", of: ["case", "blanks", "hyphens"]) }
    case (_, "zone"): _ = word(node, "`zone`", of: ["UTC"])
    default: _ = text(node, "`\(key)`")
    }
  }

  /// `option.NAME`
  private mutating func checkOption(_ node: YAMLNode, _ what: String) {
    guard let text = text(node, what) else { return }
    let names = system.options.map { "option.\($0.name)" }
    if !names.contains(text) { report(unknownOption(text, names, at: node.place)) }
  }

  // MARK: or

  mutating func fallbacks(_ node: YAMLNode) -> [Field.Fallback] {
    (node.items ?? [node]).compactMap { item in
      if item.entries != nil { return composition(item) }
      guard let name = text(item, "`or`") else { return nil }
      checkCanonical(name, at: item.place)
      return .canonical(name)
    }
  }

  private mutating func composition(_ node: YAMLNode) -> Field.Fallback? {
    var lines: [String] = []
    var rest: String?
    for entry in entries(of: node, "`or`") ?? [] {
      switch entry.key.text ?? "" {
      case "compose":
        guard let items = entry.value.items else {
          report(wrongKind(entry.value, "`compose`", wanted: "a list of lines"))
          continue
        }
        for item in items {
          guard let line = text(item, "a line of `compose`") else { continue }
          lines.append(line)
          checkLine(line, at: item.place)
        }
      case "rest":
        rest = text(entry.value, "`rest`")
        if let rest { checkCanonical(rest, at: entry.value.place) }
      default: report(unknownKey(entry.key, in: "`or`", accepted: ["compose", "rest"]))
      }
    }
    if node["compose"] == nil { report(missingKey("compose", in: "`or`", at: node.place)) }
    return .compose(lines: lines, rest: rest)
  }

  /// Every `{field}` of a line is a canonical field, and the line has one.
  private mutating func checkLine(_ line: String, at place: Place) {
    var rest = line[...]
    var fields = 0
    while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
      let inside = rest[rest.index(after: open)...]
      guard rest[open] == "{", let close = inside.firstIndex(where: { $0 == "{" || $0 == "}" }), inside[close] == "}"
      else {
        return report(badLine(line, at: place))
      }
      checkCanonical(String(inside[..<close]), at: place)
      fields += 1
      rest = inside[inside.index(after: close)...]
    }
    if fields == 0 { report(badLine(line, at: place)) }
  }
}

// MARK: Messages

private func unknownTransform(_ name: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .unknownTransform, "there is no transform `\(name)`", labels: [.init(place)],
    help: acceptedHelp(name, TransformGrammar.specs.map(\.name)))
}

private func twoTransforms(_ names: [String], at place: Place) -> Diagnostic {
  Diagnostic(
    .badArgument, "two transforms in one: " + names.map { "`\($0)`" }.joined(separator: " and "),
    labels: [.init(place)],
    help: "write a list, in the order of reading: `[{ \(names[0]): … }, { \(names[1]): … }]`")
}

private func needsArgument(_ name: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .badArgument, "`\(name)` needs an argument", labels: [.init(place)], help: "write `{ \(name): … }`")
}

private func noArgument(_ name: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .badArgument, "`\(name)` takes no argument", labels: [.init(place)], help: "write `as: \(name)`")
}

private func noSpelling(_ word: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .badArgument, "`\(word)` has no spelling", labels: [.init(place)],
    help: "list at least one; the first is the one that is written")
}

private func unknownOption(_ text: String, _ names: [String], at place: Place) -> Diagnostic {
  Diagnostic(
    .undeclaredOption, "there is no option `\(text)`", labels: [.init(place)],
    help: names.isEmpty
      ? "declare it under `options` in system.yaml; it is named as `option.NAME`" : acceptedHelp(text, names))
}

private func badLine(_ line: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .badArgument, "a line of `compose` names fields in `{ }`, and `\(line)` does not do so properly",
    labels: [.init(place)], help: "write `\"{field}\"`, with text between and behind fields as it is wanted")
}
