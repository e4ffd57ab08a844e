import CrosswalkModel
import CrosswalkYAML

/// What can only be seen when all fields are there.
extension SystemLoader {
  mutating func checkFields() {
    checkCanonicalReadOnce()
    checkTreeOfPaths()
    checkPlaces()
    checkDerived()
    checkCircles()
    for field in system.fields {
      checkRequired(field)
      checkTransforms(of: field)
    }
  }

  // MARK: One meaning, one place

  private mutating func checkCanonicalReadOnce() {
    var first: [String: Place] = [:]
    for field in system.fields {
      for name in field.meaning.canonicalNames {
        if let place = first[name] {
          report(readTwice(name, field.name, at: field.place, first: place))
        } else {
          first[name] = field.place
        }
      }
    }
  }

  /// What a field's path says of each place on its way.
  private enum Content: Equatable {
    case leaf
    case object
    case items
    case picks(String)

    var words: String {
      switch self {
      case .leaf: "one value"
      case .object: "an object"
      case .items: "a list with numbered elements"
      case .picks(let key): "a list whose elements are told apart by `\(key)`"
      }
    }
  }

  /// Two fields may not take one place for different things.
  private mutating func checkTreeOfPaths() {
    var contents: [[PathStep]: (content: Content, place: Place)] = [:]
    for field in system.fields {
      for count in 1...field.path.count {
        let content: Content
        if count < field.path.count {
          switch field.path[count] {
          case .name: content = .object
          case .index: content = .items
          case .pick(let key, _): content = .picks(key)
          }
        } else {
          content = .leaf
        }
        let path = Array(field.path[..<count])
        guard let known = contents[path] else {
          contents[path] = (content, field.place)
          continue
        }
        if known.content != content {
          report(
            differentContents(PathStep.text(path), content.words, at: field.place, known.content.words, first: known.place))
          break
        }
      }
    }
  }

  /// Two fields may not read or write one place, in any format.
  private mutating func checkPlaces() {
    var reported: Set<String> = []
    let special = system.formats.filter { format in
      format != .ndjson
        && (system.names.contains { $0.format == format && !$0.from.isEmpty }
          || system.fields.contains { $0.formatNames[format] != nil })
    }
    for format in [nil] + special.map(Optional.some) {
      var places: [String: Int] = [:]
      for (index, field) in system.fields.enumerated() {
        for name in names(of: field, in: format) {
          let text = field.place(of: name)
          let place = system.ignoresCase ? text.lowercased() : text
          if let other = places[place], other != index {
            clash(index, other, text, &reported)
          } else {
            places[place] = index
          }
        }
      }
    }
    for shape in Shape.allCases where system.fields.contains(where: { $0.writeNames[shape] != nil }) {
      var places: [String: Int] = [:]
      for (index, field) in system.fields.enumerated() where field.shapes.contains(shape) {
        let place = field.place(of: field.writeNames[shape] ?? field.lastName)
        if let other = places[place] { clash(index, other, place, &reported) } else { places[place] = index }
      }
    }
  }

  /// The names in its parent that a field reads, in a format with names of its own or (nil) in the others.
  private func names(of field: Field, in format: Format?) -> [String] {
    var own = field.lastName
    if let format {
      if let name = field.formatNames[format] {
        own = name
      } else {
        for rule in system.names where rule.format == format && !rule.from.isEmpty && own.contains(rule.from) {
          own = own.replacing(rule.from, with: rule.to)
        }
      }
    }
    if field.readNames.isEmpty, field.transforms.isEmpty { return [own] }
    let siblings = field.transforms.first { $0.name == "lines" }?.argument?.items?.dropFirst().compactMap(\.text) ?? []
    return [own] + field.readNames.filter { $0 != own } + siblings
  }

  private mutating func clash(_ index: Int, _ other: Int, _ place: String, _ reported: inout Set<String>) {
    let field = system.fields[max(index, other)]
    let first = system.fields[min(index, other)]
    guard reported.insert("\(index) \(other)").inserted else { return }
    report(samePlace(field.name, first.name, place, at: field.place, first: first.place))
  }

  // MARK: Names of fields

  private mutating func checkDerived() {
    for field in system.fields where !field.derivedFrom.isEmpty {
      for base in field.derivedFrom {
        if base == field.name {
          report(derivedFromItself(base, at: field.place))
        } else if !system.fields.contains(where: { $0.name == base }) {
          report(unknownField(base, in: "derived", of: field, among: system.fields.map(\.name)))
        }
      }
    }
  }

  // MARK: Transforms

  /// A transform with `in: FIELD` runs after that field, so that none may wait for itself.
  private mutating func checkCircles() {
    var waits: [String: (on: [String], place: Place)] = [:]
    for field in system.fields {
      let needed = field.transforms.flatMap { use in
        use.parameters.filter { $0.name == "in" }.compactMap(\.value.text)
      }
      guard !needed.isEmpty else { continue }
      for name in field.meaning.canonicalNames { waits[name] = (needed, field.place) }
    }
    var done: Set<String> = []
    for start in waits.keys.sorted() where !done.contains(start) {
      var way: [String] = []
      var next: String? = start
      // Each field waits for one other in practice; following the first is enough to find every circle of such.
      while let name = next, !done.contains(name) {
        if let index = way.firstIndex(of: name) {
          report(circle(way[index...] + [name], at: waits[name]?.place))
          break
        }
        way.append(name)
        next = waits[name]?.on.first
      }
      done.formUnion(way)
    }
  }

  private mutating func checkTransforms(of field: Field) {
    for use in field.transforms {
      switch use.name {
      case "choice": checkOneToOne(use)
      case "lines":
        if let first = use.argument?.items?.first, let name = first.text, name != field.lastName {
          report(firstLineIsNotTheField(name, field.lastName, at: first.place))
        }
      default: break
      }
      if TransformGrammar.specs.contains(where: { $0.name == use.name && $0.isOneWay }), field.oneWay == nil {
        report(needsOneWay(use.name, at: use.place))
      }
    }

    let labelled = field.transforms.contains { $0.name == "labelled" }
    switch field.meaning {
    case .parts(let parts):
      if !labelled || Set(parts.map(\.part)) != ["code", "label"] { report(badParts(field, labelled: labelled)) }
    case .canonical, .none:
      if labelled { report(badParts(field, labelled: true)) }
    }
    if case .pick? = field.path.last, !field.transforms.contains(where: { $0.name == "join" }) {
      report(pickIsNoValue(field.name, at: field.place))
    }
  }

  /// No spelling belongs to two words, and none is another word.
  private mutating func checkOneToOne(_ use: TransformUse) {
    var ignored: [String] = []
    for parameter in use.parameters where parameter.name == "ignore" {
      ignored = (parameter.value.items ?? [parameter.value]).compactMap(\.text)
    }
    func plain(_ text: String) -> String {
      var text = text
      if ignored.contains("case") { text = text.lowercased() }
      if ignored.contains("blanks") { text.removeAll { $0 == " " } }
      if ignored.contains("hyphens") { text.removeAll { $0 == "-" } }
      return text
    }
    let choices = use.argument?.entries ?? []
    var words: [String: (word: String, place: Place)] = [:]
    for choice in choices {
      guard let word = choice.key.text else { continue }
      words[word] = words[word] ?? (word, choice.key.place)
    }
    var spellings: [String: (word: String, place: Place)] = [:]
    for choice in choices {
      guard let word = choice.key.text else { continue }
      for node in choice.value.items ?? [choice.value] {
        guard let spelling = node.text else { continue }
        let key = plain(spelling)
        if let known = spellings[key], known.word != word {
          report(notOneToOne(spelling, known.word, word, at: node.place, first: known.place))
        } else if let known = words[spelling], known.word != word {
          report(notOneToOne(spelling, known.word, word, at: node.place, first: known.place))
        } else {
          spellings[key] = (word, node.place)
        }
      }
    }
  }

  // MARK: Requirements

  private mutating func checkRequired(_ field: Field) {
    guard !field.required.isEmpty, field.defaultValue == nil else { return }
    let isSupplied = field.transforms.contains { $0.name == "default" || $0.name == "constant" }
    if case .none = field.meaning, field.fallbacks.isEmpty, !isSupplied {
      report(nothingFeeds(field, at: field.place))
    } else if !field.derivedFrom.isEmpty, !field.required.isDisjoint(with: [.create, .update]) {
      report(derivedRequired(field, at: field.place))
    }
  }
}

extension Field {
  /// The member that holds the value. An element of a list has no name but its path.
  var lastName: String { if case .name(let name)? = path.last { name } else { name } }

  /// The path of a member beside this field.
  func place(of member: String) -> String {
    guard case .name? = path.last else { return member }
    if path.count == 1, !member.utf8.contains(where: { [".", "[", "\""].contains(Unicode.Scalar($0)) }) { return member }
    return PathStep.text(path.dropLast() + [.name(member)])
  }
}

extension Field.Meaning {
  var canonicalNames: [String] {
    switch self {
    case .none: []
    case .canonical(let name): [name]
    case .parts(let parts): parts.map(\.canonical)
    }
  }
}

// MARK: Messages

private func readTwice(_ canonical: String, _ field: String, at place: Place, first: Place) -> Diagnostic {
  Diagnostic(
    .readTwice, "two fields are read into `\(canonical)`", labels: [.init(place, "`\(field)`"), .init(first, "first here")],
    help: "only one can fill it; give the other a canonical field of its own, or `none`")
}

private func differentContents(
  _ path: String, _ content: String, at place: Place, _ other: String, first: Place
) -> Diagnostic {
  Diagnostic(
    .impossiblePath, "`\(path)` cannot be both \(content) and \(other)",
    labels: [.init(place, content), .init(first, other)],
    help: "in XML the text of an element that has more is `#text` below it")
}

private func samePlace(_ field: String, _ other: String, _ path: String, at place: Place, first: Place) -> Diagnostic {
  Diagnostic(
    .samePlace, "`\(field)` and `\(other)` have one place: `\(path)`",
    labels: [.init(place), .init(first, "first here")], help: "one value can stand there; rename or remove one of them")
}

private func derivedFromItself(_ name: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .unknownFieldName, "`\(name)` cannot be derived from itself", labels: [.init(place)],
    help: "name the fields that it repeats")
}

private func unknownField(_ name: String, in key: String, of field: Field, among names: [String]) -> Diagnostic {
  Diagnostic(
    .unknownFieldName, "`\(key)` names `\(name)`, which is no field of this system", labels: [.init(field.place)],
    help: nearestNameHelp(name, among: names) ?? "name fields as they stand on the left side under `fields`")
}

private func circle(_ names: [String], at place: Place?) -> Diagnostic {
  Diagnostic(
    .circle, "transforms wait for each other: " + names.map { "`\($0)`" }.joined(separator: " → "),
    labels: place.map { [.init($0)] } ?? [], help: "one of them must do without the other")
}

private func firstLineIsNotTheField(_ name: String, _ own: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .badArgument, "the first of `lines` is the field itself, and `\(name)` is not `\(own)`", labels: [.init(place)],
    help: "write `lines: [\(own), …]`")
}

private func needsOneWay(_ name: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .needsOneWay, "`\(name)` cannot be written back", labels: [.init(place)],
    help: "say that it is meant, and why: `oneWay: reason`")
}

private func badParts(_ field: Field, labelled: Bool) -> Diagnostic {
  Diagnostic(
    .badArgument,
    labelled ? "`labelled` needs the two parts `code` and `label`" : "only `labelled` knows parts",
    labels: [.init(field.place)],
    help: labelled ? "write `is: { code: FIELD, label: FIELD }`" : "write `is: FIELD`, or `as: { labelled: TABLE }`")
}

private func pickIsNoValue(_ path: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .impossiblePath, "`\(path)` is a whole element, not a value", labels: [.init(place)],
    help: "name a member of it (`\(path).name`), or join its members with `as: { join: … }`")
}

private func notOneToOne(_ spelling: String, _ word: String, _ other: String, at place: Place, first: Place) -> Diagnostic {
  Diagnostic(
    .notOneToOne, "`\(spelling)` belongs to both `\(word)` and `\(other)`",
    labels: [.init(place), .init(first, "first here")], help: "a spelling leads to one word; remove it from the other")
}

private func nothingFeeds(_ field: Field, at place: Place) -> Diagnostic {
  Diagnostic(
    .nothingFeeds, "`\(field.name)` is required, and nothing can fill it", labels: [.init(place)],
    help: "give it a canonical field (`is`), a fallback (`or`) or a `default`")
}

private func derivedRequired(_ field: Field, at place: Place) -> Diagnostic {
  Diagnostic(
    .nothingFeeds, "`\(field.name)` is required, and derived fields are never written in create and update",
    labels: [.init(place)], help: "remove `derived` or `required`")
}
