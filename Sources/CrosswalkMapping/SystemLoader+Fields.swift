import CrosswalkModel
import CrosswalkYAML

/// `fields` and `tests` of `client.yaml`.
extension SystemLoader {
  static let fieldKeys = [
    "is", "or", "as", "type", "in", "required", "default", "derived", "read", "write", "xml", "json", "csv", "form",
    "onFail",
    "unique", "secret", "compare", "assumed", "oneWay", "title",
  ]

  mutating func readFields(_ node: YAMLNode) {
    guard let entries = entries(of: node, "`fields`") else { return }
    system.fields.reserveCapacity(entries.count)
    for entry in entries {
      if let field = field(entry) { system.fields.append(field) }
    }
  }

  private mutating func checkDigits(_ node: YAMLNode) {
    for entry in entries(of: node, "`digits`") ?? [] {
      if entry.key.text == "in" {
        _ = text(entry.value, "the field of the country")
      } else if entry.value.text.flatMap({ Int($0) }) ?? 0 < 1 {
        report(wrongKind(entry.value, "the count of digits", wanted: "a number above 0"))
      }
    }
  }

  private mutating func field(_ entry: YAMLNode.Entry) -> Field? {
    guard let path = path(entry.key), let name = entry.key.text else { return nil }
    var field = Field(path: path, name: name, place: entry.key.place, meaning: .none)
    checkPath(field)
    guard entry.value.entries != nil else {
      guard let canonical = text(entry.value, "the meaning of `\(name)`") else { return nil }
      field.meaning = meaning(canonical, at: entry.value.place)
      return field
    }

    var hasMeaning = false
    var requiredNode: YAMLNode?
    var defaultNode: YAMLNode?
    for part in entries(of: entry.value, "the field `\(name)`") ?? [] {
      let value = part.value
      switch part.key.text ?? "" {
      case "is":
        hasMeaning = true
        field.meaning = meaning(value)
      case "or": field.fallbacks = fallbacks(value)
      case "as": field.transforms = transforms(value)
      case "type":
        if let word = word(value, "`type`", of: ValueType.names), let type = ValueType(rawValue: word) {
          field.type = type
        }
      case "in": field.shapes = shapes(value, "`in`")
      case "required": requiredNode = value
      case "default": defaultNode = value
      case "derived": field.derivedFrom = texts(value, "`derived`") ?? []
      case "read": field.readNames = texts(value, "`read`") ?? []
      case "write": readWrite(value, into: &field)
      case "json", "xml", "csv", "form":
        if let format = format(part.key), let own = text(value, "the name in `\(format)`") {
          field.formatNames[format] = own
        }
      case "onFail":
        if let word = word(value, "`onFail`", of: ["reject", "park", "keep"]) { field.onFail = .init(rawValue: word) }
      case "unique": field.isUnique = flag(value, "`unique`") ?? false
      case "secret": field.isSecret = flag(value, "`secret`") ?? false
      case "compare":
        if let word = word(value, "`compare`", of: Field.Comparison.allCases.map(\.rawValue)) {
          field.comparison = .init(rawValue: word) ?? .exact
        }
      case "assumed": field.assumed = text(value, "`assumed`")
      case "oneWay": field.oneWay = text(value, "`oneWay`")
      case "title": field.title = text(value, "`title`")
      // Read by `CanonicalModel`.
      case "digits" where system.name == CanonicalModel.name: checkDigits(value)
      default: report(unknownKey(part.key, in: "a field", accepted: Self.fieldKeys))
      }
    }
    if !hasMeaning { report(missingKey("is", in: "the field `\(name)`", at: entry.key.place)) }

    // What these mean depends on `in`, wherever that stands.
    if let node = requiredNode { field.required = required(node, of: field) }
    if let node = defaultNode {
      if let value = node.literal {
        field.defaultValue = .init(value: value, shapes: field.required.isEmpty ? field.shapes : field.required)
      } else {
        report(wrongKind(node, "`default`", wanted: "a text, a number, `true`, `false` or `null`"))
      }
    }
    for shape in Shape.allCases
    where (field.writeNames[shape] != nil || field.writeTypes[shape] != nil) && !field.shapes.contains(shape) {
      report(shapeWithoutField(shape, "write", at: entry.value["write"]?.place ?? entry.key.place))
    }
    return field
  }

  private mutating func meaning(_ name: String, at place: Place) -> Field.Meaning {
    if name == "none" { return .none }
    checkCanonical(name, at: place)
    return .canonical(name)
  }

  private mutating func meaning(_ node: YAMLNode) -> Field.Meaning {
    guard node.entries != nil else {
      guard let name = text(node, "`is`") else { return .none }
      return meaning(name, at: node.place)
    }
    var parts: [(part: String, canonical: String)] = []
    for entry in entries(of: node, "`is`") ?? [] {
      guard let part = entry.key.text, let name = text(entry.value, "the part `\(part)`") else { continue }
      checkCanonical(name, at: entry.value.place)
      parts.append((part, name))
    }
    return .parts(parts)
  }

  /// One shape, a list, or `read`.
  private mutating func shapes(_ node: YAMLNode, _ what: String) -> Set<Shape> {
    var shapes: Set<Shape> = []
    for item in node.items ?? [node] {
      guard let word = word(item, what, of: Shape.allCases.map(\.rawValue) + ["read"]) else { continue }
      if word == "read" {
        shapes.formUnion([.list, .single])
      } else if let shape = Shape(rawValue: word) {
        shapes.insert(shape)
      }
    }
    return shapes
  }

  private mutating func required(_ node: YAMLNode, of field: Field) -> Set<Shape> {
    if let flag = node.bool { return flag ? field.shapes : [] }
    let shapes = shapes(node, "`required`")
    for shape in Shape.allCases where shapes.contains(shape) && !field.shapes.contains(shape) {
      report(shapeWithoutField(shape, "required", at: node.place))
    }
    return shapes
  }

  /// Null policy, and per shape a name, a kind, or both.
  private mutating func readWrite(_ node: YAMLNode, into field: inout Field) {
    let keys = Shape.allCases.map(\.rawValue) + ["nulls", "empties"]
    for entry in entries(of: node, "`write`") ?? [] {
      let key = entry.key.text ?? ""
      if key == "nulls" || key == "empties" {
        guard let word = word(entry.value, "`\(key)`", of: ["write", "omit"]) else { continue }
        if key == "nulls" { field.writesNulls = word == "write" } else { field.writesEmpties = word == "write" }
      } else if let shape = Shape(rawValue: key) {
        readWrite(entry.value, in: shape, into: &field)
      } else {
        report(unknownKey(entry.key, in: "`write`", accepted: keys))
      }
    }
  }

  private mutating func readWrite(_ node: YAMLNode, in shape: Shape, into field: inout Field) {
    guard node.entries != nil else {
      guard let word = word(node, "the kind in `\(shape)`", of: ValueType.names) else { return }
      field.writeTypes[shape] = ValueType(rawValue: word)
      return
    }
    for entry in entries(of: node, "`\(shape)`") ?? [] {
      switch entry.key.text ?? "" {
      case "name": field.writeNames[shape] = text(entry.value, "`name`")
      case "type":
        if let word = word(entry.value, "`type`", of: ValueType.names) {
          field.writeTypes[shape] = .init(rawValue: word)
        }
      default: report(unknownKey(entry.key, in: "`write`", accepted: ["name", "type"]))
      }
    }
  }

  /// Steps that no record can have in this order.
  private mutating func checkPath(_ field: Field) {
    for (index, step) in field.path.enumerated() {
      let next = index + 1 < field.path.count ? field.path[index + 1] : nil
      switch (step, next) {
      case (.name(let name), .some) where name.hasPrefix("@") || name == "#text":
        report(nothingBelow(name, field.name, at: field.place))
      case (.pick, .index), (.pick, .pick):
        report(listInList(field.name, at: field.place))
      default: break
      }
    }
  }

  // MARK: Tests

  /// The values are for those who run the tests; here only the names are looked at.
  mutating func checkTests(_ node: YAMLNode) {
    guard let items = node.items else { return report(wrongKind(node, "`tests`", wanted: "a list")) }
    let keys = ["note", "shape", "format", "option", "read", "canonical", "write"]
    for item in items {
      for entry in entries(of: item, "a test") ?? [] {
        switch entry.key.text ?? "" {
        case "note": _ = text(entry.value, "`note`")
        case "shape": _ = shape(entry.value)
        case "format": _ = format(entry.value)
        case "option":
          for option in entries(of: entry.value, "`option`") ?? [] {
            guard let known = system.options.first(where: { $0.name == option.key.text }) else {
              report(unknownKey(option.key, in: "`option`", accepted: system.options.map(\.name)))
              continue
            }
            _ = word(option.value, "`\(known.name)`", of: known.choices)
          }
        case "canonical":
          for value in entries(of: entry.value, "`canonical`") ?? [] {
            checkCanonical(value.key.text ?? "", at: value.key.place)
          }
        case "read", "write": _ = entries(of: entry.value, "a record")
        default: report(unknownKey(entry.key, in: "a test", accepted: keys))
        }
      }
    }
  }
}

extension ValueType {
  static let names = allCases.map(\.rawValue)
}

// MARK: Messages

private func shapeWithoutField(_ shape: Shape, _ key: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .shapeWithoutField, "`\(key)` names the shape `\(shape)`, which does not have the field", labels: [.init(place)],
    help: "add `\(shape)` to `in`, or remove it here")
}

private func nothingBelow(_ name: String, _ path: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .impossiblePath, "nothing can stand below `\(name)` in `\(path)`", labels: [.init(place)],
    help: "an attribute or a text is the last step of a path")
}

private func listInList(_ path: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .impossiblePath, "a picked element is an object, and `\(path)` takes it for a list", labels: [.init(place)],
    help: "after `[key=value]` comes a member: `a[Tag=FIRST].b`")
}
