import CrosswalkModel
import CrosswalkYAML

/// What can only be seen when all fields are there.
///
/// A `Field` has many parts that are counted references, and a program starts with these checks: loops go over indexes and
/// take the parts they need. Loading two systems takes 1.0 ms so, 1.2 ms with loops over fields.
extension SystemLoader {
  mutating func checkFields() {
    checkCanonicalReadOnce()
    checkTreeOfPaths()
    checkPlaces()
    if system.formats.contains(.xml) { checkXMLNames() }
    checkDerived()
    checkCircles()
    let fields = system.fields
    for index in fields.indices {
      if !fields[index].required.isEmpty { checkRequired(fields[index]) }
      checkMeaning(fields[index].meaning, fields[index].path, of: index)
      if !fields[index].transforms.isEmpty { checkTransforms(of: fields[index]) }
    }
  }

  // MARK: One meaning, one place

  private mutating func checkCanonicalReadOnce() {
    let fields = system.fields
    var first: [String: Int] = [:]
    first.reserveCapacity(fields.count)
    func check(_ name: String, _ index: Int) -> Diagnostic? {
      guard let other = first.updateValue(index, forKey: name) else { return nil }
      first[name] = other
      return readTwice(name, fields[index].name, at: fields[index].place, first: fields[other].place)
    }
    for index in fields.indices {
      switch fields[index].meaning {
      case .none: break
      case .canonical(let name): if let problem = check(name, index) { report(problem) }
      case .parts(let parts): for part in parts { if let problem = check(part.canonical, index) { report(problem) } }
      }
      for part in fields[index].blockParts { if let problem = check(part.canonical, index) { report(problem) } }
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
    let fields = system.fields
    guard fields.contains(where: { $0.path.count > 1 }) else { return }
    var contents: [[PathStep]: (content: Content, field: Int)] = [:]
    contents.reserveCapacity(fields.count * 2)
    for index in fields.indices {
      let steps = fields[index].path
      for count in 1...steps.count {
        let content: Content
        if count < steps.count {
          switch steps[count] {
          case .name: content = .object
          case .index: content = .items
          case .pick(let key, _): content = .picks(key)
          }
        } else {
          content = .leaf
        }
        let path = count < steps.count ? Array(steps[..<count]) : steps
        guard let known = contents[path] else {
          contents[path] = (content, index)
          continue
        }
        if known.content != content {
          report(
            differentContents(
              PathStep.text(path), content.words, at: fields[index].place, known.content.words,
              first: fields[known.field].place))
          break
        }
      }
    }
  }

  /// Two fields may not read or write one place, in any format.
  private mutating func checkPlaces() {
    let fields = system.fields
    var clashes: Set<[Int]> = []
    func take(_ place: String, _ index: Int, _ places: inout [String: Int]) {
      let other = places.updateValue(index, forKey: system.ignoresCase ? place.lowercased() : place)
      guard let other, other != index, clashes.insert([other, index]).inserted else { return }
      problems.append(
        samePlace(fields[index].name, fields[other].name, place, at: fields[index].place, first: fields[other].place))
    }

    // nil: the formats that spell every name as the path does.
    let special = system.formats.filter { format in
      system.names.contains { $0.format == format && !$0.from.isEmpty }
        || fields.contains { !$0.formatNames.isEmpty && $0.formatNames[format] != nil }
    }
    for format in [nil] + special.map(Optional.some) {
      var places = [String: Int](minimumCapacity: fields.count)
      for index in fields.indices {
        if format == nil, fields[index].hasOnePlainName {
          take(fields[index].name, index, &places)
        } else {
          for name in names(of: fields[index], in: format) { take(fields[index].place(of: name), index, &places) }
        }
      }
    }
    for shape in Shape.allCases where fields.contains(where: { !$0.writeNames.isEmpty && $0.writeNames[shape] != nil })
    {
      var places = [String: Int](minimumCapacity: fields.count)
      for index in fields.indices where fields[index].shapes.contains(shape) {
        take(fields[index].place(of: fields[index].writeNames[shape] ?? fields[index].lastName), index, &places)
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

  /// Every name on the way to a field is one that an element or an attribute of XML can have.
  private mutating func checkXMLNames() {
    let fields = system.fields
    for index in fields.indices {
      let field = fields[index]
      var steps = field.path
      if case .name? = steps.last {
        steps.removeLast()
        for name in names(of: field, in: .xml) where !field.readNames.contains(name) || field.writeNames.values.contains(name) {
          steps.append(.name(name))
        }
        steps += field.writeNames.values.sorted().map(PathStep.name)
      }
      for use in field.transforms where use.name == "join" {
        let members = use.argument?["of"]?.items ?? []
        steps += members.compactMap(\.text).map(PathStep.name)
      }
      for step in steps {
        var name: String
        switch step {
        case .name(let own): name = own
        case .pick(let key, _): name = key
        case .index: continue
        }
        for rule in system.names where rule.format == .xml && !rule.from.isEmpty {
          name = name.replacing(rule.from, with: rule.to)
        }
        let bytes = Array(name.utf8)
        if name == "#text" || XMLName.isQualified(bytes.first == UInt8(ascii: "@") ? Array(bytes.dropFirst()) : bytes) { continue }
        report(noXMLName(name, field))
        break
      }
    }
  }

  // MARK: Names of fields

  private mutating func checkDerived() {
    let fields = system.fields
    for index in fields.indices where !fields[index].derivedFrom.isEmpty {
      let field = fields[index]
      for base in field.derivedFrom {
        if base == field.name {
          report(derivedFromItself(base, at: field.place))
        } else if !fields.contains(where: { $0.name == base }) {
          report(unknownField(base, in: "derived", of: field, among: fields.map(\.name)))
        }
      }
    }
  }

  // MARK: Transforms

  /// A transform with `in: FIELD` runs after that field, so that none may wait for itself.
  private mutating func checkCircles() {
    var waits: [String: (on: [String], place: Place)] = [:]
    let fields = system.fields
    for index in fields.indices where !fields[index].transforms.isEmpty {
      let needed = fields[index].transforms.flatMap { use in
        use.parameters.filter { $0.name == "in" }.compactMap(\.value.text)
      }
      guard !needed.isEmpty else { continue }
      for name in fields[index].meaning.canonicalNames { waits[name] = (needed, fields[index].place) }
    }
    if waits.isEmpty { return }
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
  }

  private mutating func checkMeaning(_ meaning: Field.Meaning, _ path: [PathStep], of index: Int) {
    switch meaning {
    case .parts(let parts):
      let isLabelled = system.fields[index].uses("labelled")
      if !isLabelled || Set(parts.map(\.part)) != ["code", "label"] {
        report(badParts(system.fields[index], isLabelled: isLabelled))
      }
    case .canonical, .none:
      if system.fields[index].uses("labelled") { report(badParts(system.fields[index], isLabelled: true)) }
    }
    if case .pick? = path.last, !system.fields[index].uses("join") {
      report(pickIsNoValue(system.fields[index].name, at: system.fields[index].place))
    }
  }

  /// No spelling belongs to two words, and none is another word.
  private mutating func checkOneToOne(_ use: TransformUse) {
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
        let key = use.plain(spelling)
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
  func uses(_ transform: String) -> Bool { transforms.contains { $0.name == transform } }

  /// The path says all about the place, as it stands in the file.
  var hasOnePlainName: Bool {
    readNames.isEmpty && transforms.isEmpty && path.count == 1 && name.utf8.first != UInt8(ascii: "\"")
  }

  /// The member that holds the value. An element of a list has no name but its path.
  var lastName: String { if case .name(let name)? = path.last { name } else { name } }

  /// The paths of the second line and those behind it, of a text that stands on several fields.
  package var furtherLines: [String] {
    let names = transforms.first { $0.name == "lines" }?.argument?.items?.compactMap(\.text) ?? []
    return names.dropFirst().map { PathStep.text(path.dropLast() + [.name($0)]) }
  }

  /// The path of a member beside this field.
  func place(of member: String) -> String {
    guard case .name? = path.last else { return member }
    if path.count == 1, !member.utf8.contains(where: { [".", "[", "\""].contains(Unicode.Scalar($0)) }) {
      return member
    }
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
    .readTwice, "two fields are read into `\(canonical)`",
    labels: [.init(place, "`\(field)`"), .init(first, "first here")],
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

private func noXMLName(_ name: String, _ field: Field) -> Diagnostic {
  Diagnostic(
    .impossiblePath, "`\(name)` cannot be a name in XML, which this system has among its `formats`", labels: [.init(field.place)],
    help: field.lastName == name && field.writeNames.isEmpty
      ? "say what it is called there: `xml: NAME`, or take `xml` out of `formats`" : "rename it, or take `xml` out of `formats`")
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

private func badParts(_ field: Field, isLabelled: Bool) -> Diagnostic {
  Diagnostic(
    .badArgument,
    isLabelled ? "`labelled` needs the two parts `code` and `label`" : "only `labelled` knows parts",
    labels: [.init(field.place)],
    help: isLabelled ? "write `is: { code: FIELD, label: FIELD }`" : "write `is: FIELD`, or `as: { labelled: TABLE }`")
}

private func pickIsNoValue(_ path: String, at place: Place) -> Diagnostic {
  Diagnostic(
    .impossiblePath, "`\(path)` is a whole element, not a value", labels: [.init(place)],
    help: "name a member of it (`\(path).name`), or join its members with `as: { join: … }`")
}

private func notOneToOne(_ spelling: String, _ word: String, _ other: String, at place: Place, first: Place)
  -> Diagnostic
{
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
