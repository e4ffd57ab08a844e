import CrosswalkFormats
package import CrosswalkModel
import CrosswalkYAML

/// A record in a system's names, and where each of its leaves came from.
package struct ReferenceRecord: Sendable, Equatable {
  package struct Leaf: Sendable, Equatable {
    package var path: [UInt8]
    package var value: Tree
    package var field: String
    /// The canonical fields that gave the value.
    package var from: Set<String>
    /// The fallback leg, where one was taken.
    package var via: String?
    /// A default, a constant or `--set`.
    package var isSupplied: Bool
  }

  package var tree: Tree
  package var leaves: [Leaf] = []
  /// Fields whose value was refused and parked → the canonical fields it came from.
  package var failed: [String: Set<String>] = [:]
  /// Fields left out since they were null or empty → the canonical fields it came from.
  package var omitted: [String: Set<String>] = [:]
}

extension ReferenceSystem {
  /// Canonical values → a record of one shape in one format. `set` fills what is blank and has not failed.
  package func write(
    _ source: ReferenceCanonical, shape: Shape, format: Format, set: [String: Tree] = [:]
  ) throws(ReferenceReject) -> ReferenceRecord {
    var canonical = source
    var supplied: Set<String> = []
    for (name, value) in set where canonical.isBlank(name) && !canonical.failed.contains(name) {
      canonical.values[name] = value
      supplied.insert(name)
    }
    var record = ReferenceRecord(tree: .object([]))
    var numbered: [Numbered] = []
    for field in fields where field.shapes.contains(shape) && !field.isOneWay {
      if !field.derived.isEmpty, shape == .create || shape == .update { continue }
      let isRequired = field.required.contains(shape)
      var choice = choose(field, canonical, shape)
      if !choice.from.isDisjoint(with: supplied), choice.from.isSubset(of: supplied) { choice.isSupplied = true }
      let places = places(of: field, format)
      var parts: [Tree?]
      do {
        parts = try spelled(field, choice, canonical, shape, places.count)
      } catch {
        let given = standIn(for: field, choice, canonical, shape, places.count)
        // An id that its field does not take is identity, not content: never a reason to refuse the record.
        switch field.onFail ?? (isRequired && !choice.from.contains("id") ? .reject : .park) {
        case _ where given != nil: parts = given ?? []
        case .reject: throw ReferenceReject(why: .failed, field: field.name)
        case .park:
          record.failed[field.name] = choice.from
          parts = []
        case .keep: parts = [(try? choice.value?.brought(to: kind(of: field, shape))) ?? choice.value]
        }
      }
      for place in places where format.hasTrees && writePath(field, place, shape, format).contains(where: \.isIndex) {
        numbered.append(Numbered(field: field, place: place, path: writePath(field, place, shape, format)))
      }
      var isBlank = true
      for (part, place) in zip(parts, places) {
        guard let part else { continue }
        let path = writePath(field, place, shape, format)
        if part.isBlank, !writes(part, field, path, format) || shape == .update && field.required.contains(.create) {
          record.omitted[field.name] = choice.from
          continue
        }
        if !part.isBlank { isBlank = false }
        insert(path, xmlLeaf(part, field.writeTypes[shape] ?? field.type, path, format), into: &record.tree, format)
        record.leaves.append(
          .init(
            path: place.identity, value: literal(part, format), field: field.name, from: choice.from, via: choice.via,
            isSupplied: choice.isSupplied))
      }
      if isRequired, isBlank {
        let why: ReferenceReject.Why = record.failed[field.name] != nil ? .failed : .missing
        throw ReferenceReject(why: why, field: field.name)
      }
    }
    if !numbered.isEmpty { fillGaps(&record, numbered, shape, format) }
    return record
  }

  /// A leaf in a list of which the mapping says the index.
  private struct Numbered {
    var field: ReferenceField
    var place: Place
    var path: [PathStep]
  }

  /// In front of an element of a list that is written, one without a value has a null in its first leaf; where the format has none, an
  /// empty text. Where the mapping has no leaf stands a null, or an empty element.
  private func fillGaps(_ record: inout ReferenceRecord, _ numbered: [Numbered], _ shape: Shape, _ format: Format) {
    for depth in 1..<(numbered.map(\.path.count).max() ?? 1) {
      for one in numbered where one.path.count > depth && one.path[depth].isIndex {
        guard case .index(let number) = one.path[depth], record.leaves.contains(where: { $0.path == one.place.identity }) else { continue }
        for index in 0..<number {
          let element = Array(one.path[..<depth]) + [.index(index)]
          let own = numbered.filter { $0.path.starts(with: element) }
          if own.contains(where: { own in record.leaves.contains { $0.path == own.place.identity } }) { continue }
          guard let first = own.first else { continue }
          let isAttribute = if case .name(let name)? = first.path.last { name.hasPrefix("@") } else { false }
          let value: Tree = format.isJSON || nilAttribute != nil && !isAttribute ? .null : .text([])
          insert(first.path, xmlLeaf(value, first.field.writeTypes[shape] ?? first.field.type, first.path, format), into: &record.tree, format)
          // A null or an empty text that was left out stands after all.
          let from = record.omitted[first.field.name] ?? []
          record.leaves.append(
            .init(path: first.place.identity, value: value, field: first.field.name, from: from, via: nil, isSupplied: from.isEmpty))
        }
      }
    }
  }

  /// What a person gave for a value that the field refuses, converted; behind a `!` as it stands.
  private func standIn(
    for field: ReferenceField, _ choice: Choice, _ canonical: ReferenceCanonical, _ shape: Shape, _ count: Int
  ) -> [Tree?]? {
    guard !givenOnWriting.isEmpty, let text = try? (choice.parts?.code ?? choice.value)?.characters() else { return nil }
    let region = field.transforms.first { $0.name == "region" }
    let country = region.map { self.country(of: $0, canonical.values) } ?? []
    guard let use = givenOnWriting[Given(field: field.name, value: text, country: country)] else { return nil }
    let isLiteral = use.hasPrefix("!")
    let value = Tree.text(Array((isLiteral ? String(use.dropFirst()) : use).utf8))
    if isLiteral { return [try? value.brought(to: kind(of: field, shape))] }
    var other = choice
    other.value = value
    if choice.parts != nil { other.parts = (value, nil) }
    return try? spelled(field, other, canonical, shape, count)
  }

  /// The code of the country that a region stands in, by what stands in for it where the table does not have it; its text otherwise.
  private func country(of region: ReferenceField.Transform, _ canonical: [String: Tree]) -> [UInt8] {
    guard case .text(let name)? = canonical[region.others["in"]?.text ?? ""] else { return [] }
    let text = known(country: name, region)
    return tables.country(text).map { Array(($0["code"] ?? "").utf8) } ?? text
  }

  /// A country, or what a person gave for it.
  func known(country name: [UInt8], _ region: ReferenceField.Transform) -> [UInt8] {
    guard !givenOnWriting.isEmpty, tables.country(name) == nil else { return name }
    for field in fields where field.meaning == .one(region.others["in"]?.text ?? "") {
      if let use = givenOnWriting[Given(field: field.name, value: name)] { return Array((use.hasPrefix("!") ? String(use.dropFirst()) : use).utf8) }
    }
    return name
  }

  private struct Choice {
    var value: Tree?
    var from: Set<String> = []
    var via: String?
    var isSupplied = false
    /// The two parts of a label.
    var parts: (code: Tree?, label: Tree?)?
  }

  /// The value that a field writes, before its transforms.
  private func choose(_ field: ReferenceField, _ canonical: ReferenceCanonical, _ shape: Shape) -> Choice {
    if let constant = field.transforms.first(where: { $0.name == "constant" }) {
      return Choice(value: constant.argument.map { .text($0.text ?? "") }, isSupplied: true)
    }
    var choice = Choice()
    func isBlank(_ name: String) -> Bool {
      canonical.isBlank(name) || canonical.unset.contains(name) && canonical.system != self.name
    }
    switch field.meaning {
    case .none: break
    case .one(let name):
      // What was refused on reading is blank, and nothing takes its place.
      if canonical.failed.contains(name) { return choice }
      choice.value = canonical.values[name]
      choice.from = choice.value == nil ? [] : [name]
      if isBlank(name) {
        for leg in field.legs {
          guard let value = value(of: leg, canonical) else { continue }
          return Choice(value: value.value, from: value.from, via: leg.name)
        }
      }
    case .parts(let parts):
      let names = parts.values
      if names.allSatisfy(canonical.failed.contains) { return choice }
      choice.parts = (parts["code"].flatMap { canonical.values[$0] }, parts["label"].flatMap { canonical.values[$0] })
      choice.from = Set(names.filter { canonical.values[$0] != nil })
      // What is not blank gives the value; the state of a blank one only where nothing else stands.
      if !names.allSatisfy(isBlank) { choice.from = choice.from.filter { !isBlank($0) } }
      if choice.parts?.code != nil || choice.parts?.label != nil {
        choice.value = choice.parts?.label ?? choice.parts?.code
      }
    }
    if choice.value?.isBlank ?? true, let fallback = field.transforms.first(where: { $0.name == "default" }) {
      return Choice(value: fallback.argument.map { .text($0.text ?? "") }, isSupplied: true)
    }
    if choice.value == nil, canonical.failed.isDisjoint(with: field.canonicalNames), let value = field.defaultValue, field.defaultShapes.contains(shape) {
      return Choice(value: value, isSupplied: true)
    }
    return choice
  }

  /// What a fallback leg has to say; nil when it is blank, or derived from something that is not.
  private func value(of leg: ReferenceField.Leg, _ canonical: ReferenceCanonical) -> (value: Tree, from: Set<String>)? {
    switch leg {
    case .field(let name):
      let bases = model.first { $0.name == name }?.derived ?? []
      guard !canonical.isBlank(name), bases.allSatisfy(canonical.isBlank), let value = canonical.values[name] else {
        return nil
      }
      return (value, [name])
    case .compose(let lines, _):
      guard let (text, from) = composed(lines, canonical) else { return nil }
      return (.text(text), from)
    }
  }

  /// The lines of a template with their fields filled in; nil when none has a value.
  func composed(_ lines: [String], _ canonical: ReferenceCanonical) -> (text: [UInt8], from: Set<String>)? {
    var written: [[UInt8]] = []
    var from: Set<String> = []
    for line in lines {
      let pieces = Self.pieces(line)
      let values = pieces.fields.map { name -> [UInt8]? in
        canonical.isBlank(name) ? nil : try? canonical.values[name]?.characters()
      }
      guard values.contains(where: { $0 != nil }) else { continue }
      var out = pieces.texts[0]
      // Whether a value stands since the last text between two fields: where one is missing in the middle, the text in
      // front of it parts its neighbours, and the text behind it goes.
      var stands = false
      for (index, value) in values.enumerated() {
        if let value {
          out += value
          from.insert(pieces.fields[index])
          stands = true
        }
        let text = pieces.texts[index + 1]
        if index + 1 == values.count {
          if value != nil { out += text }
        } else if stands, values[(index + 1)...].contains(where: { $0 != nil }) {
          out += text
          stands = false
        }
      }
      written.append(out)
    }
    return written.isEmpty ? nil : (Array(written.joined(separator: [0x0a])), from)
  }

  /// `"{a}, {b} c"` → the texts around the fields, one more than there are fields.
  static func pieces(_ line: String) -> (texts: [[UInt8]], fields: [String]) {
    var texts: [[UInt8]] = [[]]
    var fields: [String] = []
    var name: [UInt8]?
    for byte in line.utf8 {
      if byte == UInt8(ascii: "{"), name == nil {
        name = []
      } else if byte == UInt8(ascii: "}"), let full = name {
        fields.append(String(decoding: full, as: UTF8.self))
        texts.append([])
        name = nil
      } else if name != nil {
        name?.append(byte)
      } else {
        texts[texts.count - 1].append(byte)
      }
    }
    return (texts, fields)
  }

  /// The leaves of a field: transforms in reverse, then the kind. nil is absent.
  private func spelled(
    _ field: ReferenceField, _ choice: Choice, _ canonical: ReferenceCanonical, _ shape: Shape, _ count: Int
  ) throws(Refusal) -> [Tree?] {
    var value = choice.value
    if let labelled = field.transforms.first(where: { $0.name == "labelled" }), let parts = choice.parts {
      value = try writeLabelled(labelled, code: parts.code, label: parts.label)
    } else {
      for transform in field.transforms.reversed() where !Self.isOfParts(transform) && transform.name != "labelled" {
        // Letters have a case in texts alone.
        if transform.name == "case", ["integer", "boolean", "instant"].contains(field.writeTypes[shape] ?? field.type) { continue }
        // What the mapping itself gives is in the system's own spelling.
        if choice.isSupplied, choice.from.isEmpty { break }
        if let now = value, !now.isBlank {
          value = try write(transform, now, canonical.values)
        }
      }
    }
    guard let value else { return [nil] }
    let type = kind(of: field, shape)
    guard let transform = field.transforms.first(where: { Self.isOfParts($0) }) else { return [try value.brought(to: type)] }
    if transform.name == "join" {
      return [Tree?](repeating: nil, count: count - 1) + [try value.brought(to: type)]
    }
    if value.isBlank { return [try value.brought(to: type)] }
    let text = try value.characters()
    var lines = Self.lines(text)
    if lines.count > count {
      lines[count - 1] = Array(lines[(count - 1)...].joined(separator: Array(", ".utf8)))
      lines.removeLast(lines.count - count)
    }
    return lines.count == 1 ? [try value.brought(to: type)] : lines.map { .text($0) }
  }

  /// The kind that a field writes; a number that a transform gives keeps its own where no other is declared.
  func kind(of field: ReferenceField, _ shape: Shape) -> String? {
    let type = field.writeTypes[shape] ?? field.type
    let hasOwn = field.transforms.contains { $0.name == "epoch" } && !["integer", "boolean", "instant"].contains(type)
    return hasOwn ? nil : type
  }

  private func writes(_ blank: Tree, _ field: ReferenceField, _ path: [PathStep], _ format: Format) -> Bool {
    guard blank == .null else { return field.writesEmpties ?? writesEmpties }
    // CSV and form have no null; XML has one for elements, with the attribute that says so.
    if format == .csv || format == .form || format == .xml && nilAttribute == nil { return false }
    if format == .xml, case .name(let name)? = path.last, name.hasPrefix("@") { return false }
    return field.writesNulls ?? writesNulls
  }

  /// What a value is read as again: formats without kinds have text.
  private func literal(_ value: Tree, _ format: Format) -> Tree {
    guard format.isUntyped, !value.isBlank, let text = try? value.characters() else { return value }
    return .text(text)
  }

  private func writePath(_ field: ReferenceField, _ place: Place, _ shape: Shape, _ format: Format) -> [PathStep] {
    guard let name = field.writeNames[shape], place.identity == Array(field.name.utf8) else { return place.paths[0] }
    let steps = path(Array(field.steps.dropLast()) + [.name(name)], format)
    return format.hasTrees ? steps : [.name(PathStep.columnText(steps))]
  }

  /// A leaf as the format has it: text, and in XML the attributes that declare its kind.
  func xmlLeaf(_ value: Tree, _ type: String, _ path: [PathStep], _ format: Format) -> Tree {
    guard format.isUntyped, !value.isContainer else { return value }
    let text = literal(value, format)
    guard format == .xml, case .name(let name)? = path.last, !name.hasPrefix("@"), name != "#text" else { return text }
    var attributes: [Tree.Member] = []
    if let typeAttribute, let declared = xmlTypes[type] { attributes.append(.init(typeAttribute, .text(declared))) }
    if value == .null, let nilAttribute { attributes.append(.init(nilAttribute, .text("true"))) }
    if attributes.isEmpty { return text }
    return .object(value.isBlank ? attributes : attributes + [.init("#text", text)])
  }

  /// Puts a leaf at its place: members of one parent together where the first of them stands.
  func insert(_ steps: [PathStep], _ value: Tree, into node: inout Tree, _ format: Format) {
    guard let step = steps.first else {
      // The element has attributes already.
      if format == .xml, case .object(let members) = node, !members.isEmpty, members.allSatisfy({ $0.name.first == UInt8(ascii: "@") }) {
        if case .object(let more) = value { node = .object(members + more) } else { node = .object(members + [.init("#text", value)]) }
      } else {
        node = value
      }
      return
    }
    let rest = Array(steps.dropFirst())
    switch step {
    case .name(let name):
      var members: [Tree.Member] = []
      if case .object(let all) = node {
        members = all
      } else if format == .xml || name.hasPrefix("@"), name.hasPrefix("@") || name == "#text", node != .object([]) {
        members = [.init("#text", node)]
      }
      let bytes = Array(name.utf8)
      if let index = members.firstIndex(where: { $0.name == bytes }) {
        insert(rest, value, into: &members[index].value, format)
      } else {
        var child: Tree = rest.first?.isListStep == true ? .array([]) : .object([])
        insert(rest, value, into: &child, format)
        members.append(.init(bytes, child))
      }
      node = .object(members)
    case .index(let number):
      var items = Self.items(node)
      let gap: Tree = format == .xml ? nilAttribute.map { .object([.init($0, .text("true"))]) } ?? .text([]) : .null
      while items.count < number { items.append(gap) }
      if items.count == number { items.append(.object([])) }
      if items[number] == gap { items[number] = .object([]) }
      insert(rest, value, into: &items[number], format)
      node = .array(items)
    case .pick(let key, let wanted):
      var items = Self.items(node)
      let text = Array(wanted.utf8)
      let index =
        items.firstIndex { (try? $0[key]?.characters()) == text } ?? items.firstIndex { $0.lacks(key) } ?? items.count
      if index == items.count { items.append(.object([])) }
      if case .object(let members) = items[index], items[index].lacks(key) {
        items[index] = .object([.init(key, .text(text))] + members)
      }
      insert(rest, value, into: &items[index], format)
      node = .array(items)
    }
  }

  private static func items(_ node: Tree) -> [Tree] {
    if case .array(let items) = node { return items }
    return node == .object([]) ? [] : [node]
  }
}

extension Tree {
  /// An object without that member.
  func lacks(_ key: String) -> Bool {
    if case .object = self { self[key] == nil } else { false }
  }
}

extension PathStep {
  var isIndex: Bool { if case .index = self { true } else { false } }

  var isListStep: Bool {
    if case .name = self { false } else { true }
  }
}
