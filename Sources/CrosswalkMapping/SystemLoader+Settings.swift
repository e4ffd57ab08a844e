import CrosswalkModel
import CrosswalkYAML

/// What `system.yaml` says beside shapes and replies.
extension SystemLoader {
  mutating func readFormats(_ node: YAMLNode) {
    guard let items = node.items, !items.isEmpty else { return report(wrongKind(node, "`formats`", wanted: "a list")) }
    for item in items {
      guard let name = word(item, "a format", of: formatNames), let format = Format(rawValue: name) else { continue }
      if system.formats.contains(format) {
        report(formatTwice(format, at: item.place))
        continue
      }
      system.formats.append(format)
      if format == .json { system.formats.append(.ndjson) }
    }
  }

  mutating func readNameRules(_ node: YAMLNode) {
    for entry in entries(of: node, "`names`") ?? [] {
      guard let format = format(entry.key), let rules = entries(of: entry.value, "the names of `\(format)`") else {
        continue
      }
      var changes: [(from: String, to: String)] = []
      var alsoRead: [String] = []
      var namespace: String?
      for rule in rules {
        switch rule.key.text ?? "" {
        case "read": alsoRead = texts(rule.value, "`read`") ?? []
        case "namespace":
          if format != .xml { report(unknownKey(rule.key, in: "the names of `\(format)`", accepted: ["read"])) }
          namespace = text(rule.value, "`namespace`")
        case let from: if let to = text(rule.value, "what `\(from)` becomes") { changes.append((from, to)) }
        }
      }
      if changes.isEmpty { changes = [("", "")] }
      for change in changes {
        system.names.append(
          .init(format: format, from: change.from, to: change.to, alsoRead: alsoRead, namespace: namespace))
      }
    }
  }

  mutating func readXMLRules(_ node: YAMLNode) {
    let keys = ["type", "nil", "types"]
    for entry in entries(of: node, "`xml`") ?? [] {
      switch entry.key.text ?? "" {
      case "type": system.xml.typeAttribute = attribute(entry.value, "`type`")
      case "nil": system.xml.nilAttribute = attribute(entry.value, "`nil`")
      case "types":
        for type in entries(of: entry.value, "`types`") ?? [] {
          guard let name = word(type.key, "a field type", of: ValueType.allCases.map(\.rawValue)),
            let text = text(type.value, "the name of `\(name)`"), let valueType = ValueType(rawValue: name)
          else { continue }
          system.xml.types[valueType] = text
        }
      default: report(unknownKey(entry.key, in: "`xml`", accepted: keys))
      }
    }
  }

  /// The name behind the `@`.
  private mutating func attribute(_ node: YAMLNode, _ what: String) -> String? {
    guard let text = text(node, what) else { return nil }
    if text.hasPrefix("@"), text.utf8.count > 1 { return String(text.dropFirst()) }
    report(noAttribute(text, what, at: node.place))
    return nil
  }

  mutating func readCSVRules(_ node: YAMLNode) {
    for entry in entries(of: node, "`csv`") ?? [] {
      switch entry.key.text ?? "" {
      case "headerHas": system.csv.headerHas = texts(entry.value, "`headerHas`") ?? []
      case "delimiter":
        guard let text = text(entry.value, "`delimiter`") else { continue }
        if text.utf8.count == 1, let byte = text.utf8.first, byte != UInt8(ascii: "\""), byte != 10, byte != 13 {
          system.csv.delimiter = text
        } else {
          report(badDelimiter(text, at: entry.value.place))
        }
      default: report(unknownKey(entry.key, in: "`csv`", accepted: ["headerHas", "delimiter"]))
      }
    }
  }

  mutating func readFormRules(_ node: YAMLNode) {
    for entry in entries(of: node, "`form`") ?? [] {
      if entry.key.text == "request" {
        system.requestParameters = texts(entry.value, "`request`") ?? []
      } else {
        report(unknownKey(entry.key, in: "`form`", accepted: ["request"]))
      }
    }
  }

  mutating func readOptions(_ node: YAMLNode) {
    for entry in entries(of: node, "`options`") ?? [] {
      let name = entry.key.text ?? ""
      var option = System.Option(name: name, value: "", choices: [], why: "", place: entry.key.place)
      guard let keys = entries(of: entry.value, "the option `\(name)`") else { continue }
      for key in keys {
        switch key.key.text ?? "" {
        case "is": option.value = text(key.value, "`is`") ?? ""
        case "of": option.choices = texts(key.value, "`of`") ?? []
        case "why": option.why = text(key.value, "`why`") ?? ""
        default: report(unknownKey(key.key, in: "an option", accepted: ["is", "of", "why"]))
        }
      }
      for key in ["is", "of", "why"] where entry.value[key] == nil {
        report(missingKey(key, in: "the option `\(name)`", at: entry.key.place))
      }
      if let value = entry.value["is"], !option.choices.isEmpty, !option.choices.contains(option.value) {
        report(unknownWord(option.value, "the default of `\(name)`", at: value.place, accepted: option.choices))
      }
      system.options.append(option)
    }
  }

  mutating func readAssumed(_ node: YAMLNode) {
    for entry in entries(of: node, "`assumed`") ?? [] {
      guard let subject = entry.key.text, let reason = text(entry.value, "the reason for `\(subject)`") else {
        continue
      }
      system.assumed.append(.init(subject: subject, reason: reason))
    }
  }
}

// MARK: Messages

private func formatTwice(_ format: Format, at place: Place) -> Diagnostic {
  Diagnostic(
    .unknownWord, "the format `\(format)` stands twice", labels: [.init(place)], help: "remove one of them")
}

private func noAttribute(_ text: String, _ what: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .badArgument, "\(what) must name an attribute, and `\(text)` is none", labels: [.init(place)],
    help: "an attribute starts with `@`, in quotes: `\"@\(text)\"`")
}

private func badDelimiter(_ text: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .badArgument, "`delimiter` must be one ASCII character, and `\(text)` is not", labels: [.init(place)],
    help: "`\",\"`, `\";\"`, `\"|\"` or `\"\\t\"`")
}
