package import CrosswalkFormats
package import CrosswalkModel
import CrosswalkYAML

/// A record that is refused.
package struct ReferenceReject: Error, Equatable, Sendable {
  package enum Why: Sendable, Equatable {
    /// Required in the shape and blank.
    case missing
    /// Required in the shape, and the value was refused.
    case failed
    case duplicateName
    case repeatedElement
    case notARecord
    case malformed(FormatReason)
    /// A field that the mapping does not name, where it says `unmapped: reject`.
    case unmapped
    /// An update whose id is not in the map.
    case noId
  }

  package var why: Why
  /// The field's or the leaf's path.
  package var field: String

  package init(why: Why, field: String) {
    self.why = why
    self.field = field
  }
}

extension ReferenceSystem {
  /// A record in this system's names → canonical values. `via` says which target field was filled along which leg: its
  /// value goes back along it (SEMANTICS S9).
  package func read(
    _ record: Tree, format: Format, via: [String: String] = [:]
  ) throws(ReferenceReject) -> ReferenceCanonical {
    var record = record
    if format == .xml {
      record = withoutDeclarations(record)
      if record == .text([]) { record = .object([]) }
    }
    guard case .object(let members) = record else { throw ReferenceReject(why: .notARecord, field: "") }
    if format.isJSON, let name = Self.duplicate(in: record) { throw ReferenceReject(why: .duplicateName, field: name) }

    var canonical = ReferenceCanonical(system: isCanonical ? nil : name)
    if isCanonical {
      func asItStands(_ name: String) -> Tree? {
        guard format == .xml, let node = record[name] else { return record[name] }
        // Of a text the attributes are leaves of their own.
        if case .object(let members) = node, !members.contains(where: { $0.isElement }) {
          for member in members where member.name.first == UInt8(ascii: "@") && !Self.isAid(member.name) {
            var path = Array(name.utf8)
            PathText.append(member.name, to: &path)
            canonical.leaves.append(.init(path: path, value: member.value, why: .noPlace))
            keepPrefix(of: Array(member.name.dropFirst()), members, Array(name.utf8), &canonical)
          }
          return node["#text"] ?? .text([])
        }
        var aids: [ReferenceCanonical.Leaf] = []
        let value = settled(node, [:], &canonical.prefixes, &aids)
        canonical.leaves += aids
        return value
      }
      (canonical.owner, canonical.native) = (asItStands("system"), asItStands("native"))
      // One that does not say who wrote it stays so.
      if case .text(let text)? = canonical.owner { canonical.system = String(decoding: text, as: UTF8.self) }
      record = .object(members.filter { ![Array("system".utf8), Array("native".utf8)].contains($0.name) })
    }

    var found: [ReferenceCanonical.Leaf] = []
    for field in fields {
      let places = places(of: field, format)
      var parts: [Tree?] = []
      var mine: [ReferenceCanonical.Leaf] = []
      for part in places {
        let hit = best(part.paths, in: record, format)
        parts.append(hit?.value)
        guard let hit else { continue }
        if format == .xml, case .array = hit.value {
          throw ReferenceReject(why: .repeatedElement, field: String(decoding: part.identity, as: UTF8.self))
        }
        mine.append(.init(path: part.identity, value: hit.value, field: field.name, location: hit.location))
      }
      if mine.isEmpty { continue }
      try take(field, parts, &mine, &canonical, via[field.name])
      found += mine
    }
    for field in fields { via[field.name].map { goBack(field, $0, &found, &canonical) } }
    try collect(record, format, found, &canonical)
    let elsewhere = elsewhere(format)
    for i in canonical.leaves.indices where canonical.leaves[i].field == nil && elsewhere.contains(canonical.leaves[i].path) {
      canonical.leaves[i].path = PathText.quoted(canonical.leaves[i].path)
    }
    if rejectsUnmapped, let leaf = canonical.leaves.first(where: { $0.field == nil && !$0.isAid }) {
      throw ReferenceReject(why: .unmapped, field: String(decoding: leaf.path, as: UTF8.self))
    }
    return canonical
  }

  /// Of a field's spellings that a record has its own name goes first, then another one of the mapping; in any other case after both, and
  /// of two alike the first in the record.
  private func best(_ paths: [[PathStep]], in record: Tree, _ format: Format) -> (location: [Int], value: Tree)? {
    for exact in [true, false] {
      for paths in [paths.prefix(1), paths.dropFirst()] {
        let hits = paths.compactMap { locate($0[...], in: record, format, exact: exact) }
        if let first = hits.min(by: { $0.location.lexicographicallyPrecedes($1.location) }) { return first }
      }
    }
    return nil
  }

  /// Names of the leaves that a format has elsewhere: in a record they are something else's.
  private func elsewhere(_ format: Format) -> Set<[UInt8]> {
    let moved = fields.flatMap { places(of: $0, format) }.filter { place in
      !PathStep.columnText(place.paths[0]).utf8.elementsEqual(place.identity)
        && !PathStep.text(place.paths[0]).utf8.elementsEqual(place.identity)
    }
    return Set(moved.map(\.identity))
  }

  /// Gives the canonical fields of one field their values.
  private func take(
    _ field: ReferenceField, _ parts: [Tree?], _ leaves: inout [ReferenceCanonical.Leaf],
    _ canonical: inout ReferenceCanonical, _ leg: String?
  ) throws(ReferenceReject) {
    func mark(_ why: ReferenceWhy) { for i in leaves.indices where leaves[i].feeds.isEmpty { leaves[i].why = why } }
    if field.meaning == .none {
      mark(.noPlace)
      return
    }
    var values: [String: Tree] = [:]
    do throws(Refusal) {
      var value = try combined(field, parts)
      if case .parts(let names) = field.meaning {
        guard var value else { return mark(.noPlace) }
        if let label = names["label"] { values[label] = value }
        if !value.isBlank, let text = try? value.characters(), Self.codeOfLabel(text) == nil,
          let use = givenOnReading[Given(field: field.name, value: text)]
        {
          value = .text(Array((use.hasPrefix("!") ? String(use.dropFirst()) : use).utf8))
          if let label = names["label"] { values[label] = value }
        }
        if let code = names["code"] {
          if value.isBlank {
            values[code] = value
          } else if let text = Self.codeOfLabel(try value.characters()) {
            values[code] = .text(text)
          }
        }
      } else {
        for transform in field.transforms where !Self.isOfParts(transform) {
          if let now = value, !now.isBlank { value = try read(transform, now) }
        }
        if let value { values[field.canonicalNames[0]] = value }
        // A text that a run composed is not read by rules.
        if leg != "compose", let parts = blockParts(of: field), case .text(let text)? = value,
          let block = ReferenceBlock(text, tables)
        {
          values = [:]
          for (part, name) in parts {
            if let value = block.value(of: part, among: Set(parts.keys)) { values[name] = .text(value) }
          }
          for i in leaves.indices { leaves[i].parts = Set(values.keys) }
        }
      }
    } catch {
      // `keep` has the literal stand for the value; rejecting is the affair of the written field, or of `onFail:
      // reject`.
      if parts.count == 1, let text = try? parts[0]?.characters(), let use = givenOnReading[Given(field: field.name, value: text)],
        let value = try? read(given: use, field)
      {
        values[field.canonicalNames[0]] = value
      } else if field.onFail == .keep, parts.count == 1, let literal = parts[0], !literal.isContainer {
        values[field.canonicalNames[0]] = literal
      } else {
        if field.onFail == .reject { throw ReferenceReject(why: .failed, field: field.name) }
        let names = field.canonicalNames + (blockParts(of: field)?.values.sorted() ?? [])
        canonical.failed.formUnion(names.filter { canonical.values[$0] == nil })
        return mark(.failed)
      }
    }
    for (name, value) in values.sorted(by: { $0.key < $1.key }) {
      if canonical.values[name] != nil { continue }
      canonical.values[name] = value
      canonical.failed.remove(name)
      if let unset = field.transforms.first(where: { $0.name == "integer" })?.argument?["unset"]?.text,
        (try? value.characters()) == Array(unset.utf8)
      {
        canonical.unset.insert(name)
      }
      for i in leaves.indices where !leaves[i].value.isBlank || leaves.count == 1 || value.isBlank {
        leaves[i].feeds.insert(name)
      }
    }
    mark(values.isEmpty ? .noPlace : leaves.contains { !$0.feeds.isEmpty } ? .empty : .taken)
  }

  /// A value that was filled along a leg goes back along it, unless what is read there by itself says something else: then one of the two
  /// was edited, and each stays where it is read.
  private func goBack(
    _ field: ReferenceField, _ leg: String, _ leaves: inout [ReferenceCanonical.Leaf], _ canonical: inout ReferenceCanonical
  ) {
    guard case .one(let name) = field.meaning, field.legs.contains(.field(leg)), let value = canonical.values[name],
      leaves.contains(where: { $0.field == field.name && $0.feeds.contains(name) })
    else { return }
    if canonical.isBlank(leg) {
      canonical.values[leg] = value
      canonical.failed.remove(leg)
    } else if !value.isBlank, (try? value.characters()) != (try? canonical.values[leg]?.characters()) {
      return
    }
    canonical.values[name] = nil
    for i in leaves.indices where leaves[i].feeds.remove(name) != nil { leaves[i].feeds.insert(leg) }
  }

  /// A text that a person gave: a spelling of the system's, or a word of the canonical model; behind a `!` as it stands.
  private func read(given use: String, _ field: ReferenceField) throws(Refusal) -> Tree {
    if use.hasPrefix("!") { return .text(Array(use.dropFirst().utf8)) }
    var value = Tree.text(Array(use.utf8))
    for transform in field.transforms where !Self.isOfParts(transform) {
      if transform.name == "choice", (transform.argument?.entries ?? []).contains(where: { $0.key.text == use }) {
        value = use == "true" ? .bool(true) : use == "false" ? .bool(false) : value
        continue
      }
      value = try read(transform, value)
    }
    return value
  }

  /// Of the legs that fields were filled along, those that composed a text which would be taken apart again.
  func composed(_ via: [String: String]) -> [String: String] {
    via.filter { name, leg in leg == "compose" && fields.contains { $0.name == name && blockParts(of: $0) != nil } }
  }

  /// Part → canonical field, where a block of free text is to be taken apart.
  func blockParts(of field: ReferenceField) -> [String: String]? {
    guard let block = field.transforms.first(where: { $0.name == "block" }) else { return nil }
    if let by = block.others["by"]?.text, by.hasPrefix("option."), options[String(by.dropFirst(7))]?.value != "split" { return nil }
    return Dictionary((block.argument?.entries ?? []).map { ($0.key.text ?? "", $0.value.text ?? "") }) { first, _ in first }
  }

  /// The value of a field that stands on several leaves; of the one leaf otherwise.
  private func combined(_ field: ReferenceField, _ parts: [Tree?]) throws(Refusal) -> Tree? {
    guard let transform = field.transforms.first(where: { Self.isOfParts($0) }) else {
      if let part = parts[0], part.isContainer { throw Refusal() }
      return parts[0]
    }
    guard let last = parts.lastIndex(where: { !($0?.isBlank ?? true) }) else {
      // The whole is written to the last member, and so is its state.
      if transform.name == "join" { return parts.last ?? nil }
      // Nothing said: empty if any part is, else null if any is.
      return parts.contains(.text([])) ? .text([]) : parts.contains(.null) ? .null : nil
    }
    if transform.name == "lines" {
      // One line without line breaks stays the literal it is.
      if last == 0 {
        if parts[0]?.isContainer == true { throw Refusal() }
        return parts[0]
      }
      var text: [UInt8] = []
      for i in 0...last {
        if i > 0 { text.append(0x0a) }
        if let part = parts[i], !part.isBlank { text += try part.characters() }
      }
      return .text(text)
    }
    let with = Array(((transform.others["with"] ?? transform.argument?["with"])?.text ?? " ").utf8)
    var texts: [[UInt8]] = []
    for case let part? in parts where !part.isBlank { texts.append(try part.characters()) }
    return .text(Array(texts.joined(separator: with)))
  }

  static func isOfParts(_ transform: ReferenceField.Transform) -> Bool { ["lines", "join"].contains(transform.name) }

  // MARK: Places

  /// One leaf of a field: its identity, and the paths at which a format may have it, the best first.
  struct Place: Sendable {
    var identity: [UInt8]
    var paths: [[PathStep]]
  }

  /// The leaves of a field in a format: one, or one a part for `lines` and `join`.
  func places(of field: ReferenceField, _ format: Format) -> [Place] {
    known[format]?[field.name] ?? findPlaces(of: field, format)
  }

  /// Looked up many times a record.
  func allPlaces() -> [Format: [String: [Place]]] {
    var all: [Format: [String: [Place]]] = [:]
    for format in formats {
      for field in fields { all[format, default: [:]][field.name] = findPlaces(of: field, format) }
    }
    return all
  }

  private func findPlaces(of field: ReferenceField, _ format: Format) -> [Place] {
    let parent = Array(field.steps.dropLast())
    guard case .name(let own)? = field.steps.last else {
      return [Place(identity: Array(field.name.utf8), paths: paths(field, format))]
    }
    if let lines = field.transforms.first(where: { $0.name == "lines" }) {
      var names = texts(lines.argument)
      if names.first != own { names.insert(own, at: 0) }
      return names.enumerated().map { index, name in
        let steps = parent + [.name(name)]
        return Place(
          identity: index == 0 ? Array(field.name.utf8) : Array(PathStep.text(steps).utf8),
          paths: index == 0 ? paths(field, format) : [columns(path(steps, format), format)])
      }
    }
    if let join = field.transforms.first(where: { $0.name == "join" }) {
      return texts(join.others["of"] ?? join.argument?["of"]).map { member in
        let steps = field.steps + [.name(member)]
        return Place(identity: Array(PathStep.text(steps).utf8), paths: [columns(path(steps, format), format)])
      }
    }
    return [Place(identity: Array(field.name.utf8), paths: paths(field, format))]
  }

  /// A path as the one step it is in a format of columns.
  private func columns(_ steps: [PathStep], _ format: Format) -> [PathStep] {
    format.hasTrees ? steps : [.name(PathStep.columnText(steps))]
  }

  private func paths(_ field: ReferenceField, _ format: Format) -> [[PathStep]] {
    let parent = Array(field.steps.dropLast())
    guard case .name(let own)? = field.steps.last else { return [columns(path(field.steps, format), format)] }
    var paths: [[PathStep]] = []
    func add(_ name: String) {
      let steps = parent + [.name(name)]
      paths.append(columns(path(steps, format), format))
      // Of the last name; what stands around it is found by `isParent`.
      for also in nameRules[format.carrier]?.alsoRead ?? [] {
        paths.append(columns(path(parent, format) + path([.name(name)], format, to: also), format))
      }
    }
    // A format's own name replaces the last step; of columns, the whole.
    if let name = field.formatNames[format] {
      paths.append(format.hasTrees ? path(parent, format) + [.name(name)] : [.name(name)])
    }
    add(own)
    for name in field.readNames + field.writeNames.values.sorted() { add(name) }
    return paths
  }

  /// A path in a format's own spelling, before it becomes a column.
  func path(_ steps: [PathStep], _ format: Format, to other: String? = nil) -> [PathStep] {
    guard let rule = nameRules[format.carrier] else { return steps }
    return steps.map { step in
      guard case .name(let name) = step else { return step }
      return .name(
        name.split(separator: rule.from, omittingEmptySubsequences: false).joined(separator: other ?? rule.to))
    }
  }

  /// Where a path leads in a record: the index taken on each level, and the leaf. `exact` is the spelling of its last
  /// name.
  private func locate(
    _ steps: ArraySlice<PathStep>, in node: Tree, _ format: Format, exact: Bool
  ) -> (location: [Int], value: Tree)? {
    guard let step = steps.first else {
      // In XML the text of an element that has attributes beside it.
      if format == .xml, case .object(let members) = node, !members.contains(where: { $0.isElement }) {
        guard let index = members.firstIndex(where: { $0.name == Array("#text".utf8) }) else {
          return ([-1], .text([]))
        }
        return ([index], members[index].value)
      }
      return ([], node)
    }
    let rest = steps.dropFirst()
    func into(_ index: Int?, _ child: Tree) -> (location: [Int], value: Tree)? {
      guard let deeper = locate(rest, in: child, format, exact: exact) else { return nil }
      return ((index.map { [$0] } ?? []) + deeper.location, deeper.value)
    }
    switch step {
    case .name(let name):
      guard case .object(let members) = node else { return nil }
      var index = members.firstIndex { $0.name.elementsEqual(name.utf8) }
      if index == nil, format == .csv, let hash = name.lastIndex(of: "#"),
        let number = Int(name[name.index(after: hash)...])
      {
        let all = members.indices.filter { members[$0].name == Array(name[..<hash].utf8) }
        index = number >= 1 && number <= all.count ? all[number - 1] : nil
      }
      if !rest.isEmpty, format.hasTrees {
        // Of objects and lists under several spellings the first is it.
        index = members.firstIndex { isParent($0.name, name, format) }
      } else if index == nil, ignoresCase, !exact {
        index = members.firstIndex { Self.isSameWord($0.name, name) }
      }
      return index.flatMap { into($0, members[$0].value) }
    case .index(let number):
      if case .array(let items) = node { return items.indices.contains(number) ? into(number, items[number]) : nil }
      // One element of a list in XML is not told from an element that stands alone.
      return format == .xml && number == 0 ? into(nil, node) : nil
    case .pick(let key, let value):
      func has(_ item: Tree) -> Bool {
        guard let hit = locate([.name(key)], in: item, format, exact: false) else { return false }
        return hit.value == .text(Array(value.utf8))
      }
      if case .array(let items) = node { return items.firstIndex(where: has).flatMap { into($0, items[$0]) } }
      return format == .xml && has(node) ? into(nil, node) : nil
    }
  }

  // MARK: Every leaf

  /// Lists all leaves of the record in its order: the found ones, and what no field took.
  private func collect(
    _ record: Tree, _ format: Format, _ found: [ReferenceCanonical.Leaf], _ canonical: inout ReferenceCanonical
  ) throws(ReferenceReject) {
    let taken = Dictionary(found.map { ($0.location, $0) }) { first, _ in first }
    let paths = fields.flatMap { places(of: $0, format).flatMap(\.paths) }.map { $0[...] }
    try walk(record, format, [], [], paths, taken, [:], &canonical)
  }

  private func walk(
    _ node: Tree, _ format: Format, _ location: [Int], _ path: [UInt8], _ live: [ArraySlice<PathStep>],
    _ taken: [[Int]: ReferenceCanonical.Leaf], _ keys: [[Int]: Key], _ canonical: inout ReferenceCanonical
  ) throws(ReferenceReject) {
    // A record without anything in it is no leaf.
    if location.isEmpty, node == .object([]) { return }
    if var leaf = taken[location] {
      var aids: [ReferenceCanonical.Leaf] = []
      if format == .xml { leaf.value = settled(leaf.value, [:], &canonical.prefixes, &aids) }
      canonical.leaves.append(leaf)
      canonical.leaves += aids
      return
    }
    if let leaf = taken[location + [-1]] { canonical.leaves.append(leaf) }
    // A single element of a list in XML: its steps go on inside.
    let isList = if case .array = node { true } else { false }
    if format == .xml, !isList, !live.isEmpty, live.allSatisfy({ $0.first?.isListStep ?? false }) {
      let through = live.filter { locate($0.prefix(1), in: node, format, exact: false) != nil }.map { $0.dropFirst() }
      var path = path
      PathText.append(index: 0, to: &path)
      let keys = self.keys(of: node, format, location, live, taken)
      return try walk(node, format, location, path, through, taken, keys, &canonical)
    }
    let isElementWithText: Bool
    if case .object(let members) = node, format == .xml {
      isElementWithText = !members.contains { $0.isElement }
    } else {
      isElementWithText = false
    }
    let passes = !live.allSatisfy(\.isEmpty) || isElementWithText && !live.isEmpty
    // Another spelling of a field, with attributes: its text is the element's, as a field's is.
    var isLoser = false
    if isElementWithText, live.contains(where: \.isEmpty), case .object(let members) = node {
      let text = members.firstIndex { $0.name == XMLNode.textName }
      isLoser = taken[location + [text ?? -1]] == nil
      if isLoser {
        canonical.leaves.append(.init(path: path, value: text.map { members[$0].value } ?? .text([]), why: .noPlace, location: location))
      }
    }
    switch node {
    // An object where fields have a list is none of theirs: one value, as it stood.
    case .object(let members)
    where !members.isEmpty && (passes || location.isEmpty) && (format == .xml || location.isEmpty || live.contains { $0.first?.isListStep == false }):
      let parent = path
      for (index, item) in format == .xml ? Self.visits(members) : members.indices.map({ ($0, nil) }) {
        let member = members[index]
        if format == .xml, Self.isAid(member.name) || isLoser && member.name == XMLNode.textName { continue }
        let key = keys[location + [index]]
        if key?.isImplied == true { continue }
        let inner = live.filter { steps in
          guard case .name(let name)? = steps.first else { return false }
          if format == .csv, let hash = name.lastIndex(of: "#"), Array(name[..<hash].utf8) == member.name {
            return true
          }
          if steps.count > 1, format.hasTrees { return isParent(member.name, name, format) }
          return ignoresCase ? Self.isSameWord(member.name, name) : member.name.elementsEqual(name.utf8)
        }.map { $0.dropFirst() }
        let own = live.first { $0.count > 1 && isParent(member.name, $0.first, format) }?.first
        let isSecond = members[..<index].contains { isParent($0.name, own, format) }
        var path = path
        if format.hasTrees {
          // What stands in an object or a list has the mapping's path, whatever its own spelling.
          var name = key.map { Array($0.name.utf8) } ?? member.name
          if !isSecond, case .name(let text)? = own, holds(member.value, inner, format) { name = Array(text.utf8) }
          PathText.append(name, to: &path)
        } else {
          path = format == .csv ? Self.path(ofColumn: member.name) : member.name
        }
        if let item, inner.isEmpty, case .array(let items) = member.value {
          PathText.append(index: item, to: &path)
          keepUnknown(items[item], path, location + [index, item], &canonical)
          continue
        }
        if let item, item > 0 { continue }
        if isSecond {
          // The first one is it, and this one stays whole.
          keepUnknown(member.value, path, location + [index], &canonical)
          continue
        }
        let known = canonical.leaves.count
        try walk(member.value, format, location + [index], path, inner, taken, keys, &canonical)
        if format == .xml, member.name.first == UInt8(ascii: "@"), canonical.leaves.count > known,
          canonical.leaves[known].field == nil
        {
          keepPrefix(of: Array(member.name.dropFirst()), members, parent, &canonical)
        }
      }
      if format == .xml, let order = members.first(where: { $0.name == XMLNode.orderName }) {
        var own = parent
        PathText.append(XMLNode.orderName, to: &own)
        canonical.leaves.append(.init(path: own, value: order.value, isAid: true))
      }
    case .array(let items) where format == .xml && !passes:
      for (index, item) in items.enumerated() {
        var path = path
        PathText.append(index: index, to: &path)
        keepUnknown(item, path, location + [index], &canonical)
      }
    // A list where fields have an object is none of theirs: one value, as it stood.
    case .array(let items) where !items.isEmpty && passes && (format == .xml || live.contains { $0.first?.isListStep ?? false }):
      if format == .xml,
        live.contains(where: { steps in
          if case .name? = steps.first { true } else { steps.isEmpty }
        })
      {
        throw ReferenceReject(why: .repeatedElement, field: String(decoding: path, as: UTF8.self))
      }
      let keys = self.keys(of: node, format, location, live, taken)
      for (index, item) in items.enumerated() {
        var path = path
        PathText.append(index: index, to: &path)
        let inner = live.filter { steps in
          switch steps.first {
          case .index(let number): number == index
          case .pick: locate(steps.prefix(1), in: node, format, exact: false)?.location.first == index
          default: false
          }
        }.map { $0.dropFirst() }
        try walk(item, format, location + [index], path, inner, taken, keys, &canonical)
      }
    default:
      guard format == .xml else {
        canonical.leaves.append(.init(path: path, value: node, why: .noPlace, location: location))
        return
      }
      keepUnknown(node, path, location, &canonical)
    }
  }

  /// Whether an object or a list has a name of the mapping, in any of its spellings.
  private func isParent(_ name: [UInt8], _ step: PathStep?, _ format: Format) -> Bool {
    if case .name(let text)? = step { isParent(name, text, format) } else { false }
  }

  private func isParent(_ name: [UInt8], _ text: String, _ format: Format) -> Bool {
    let spellings = [text] + (parentNames[format.carrier]?[text] ?? [])
    return spellings.contains { ignoresCase ? Self.isSameWord(name, $0) : name.elementsEqual($0.utf8) }
  }

  func allParentNames() -> [Format: [String: [String]]] {
    nameRules.mapValues { rule in
      var names: [String: [String]] = [:]
      for case .name(let name) in fields.flatMap({ $0.steps.dropLast() }) where name.contains(rule.from) {
        func spelt(_ other: String) -> String {
          name.split(separator: rule.from, omittingEmptySubsequences: false).joined(separator: other)
        }
        names[spelt(rule.to)] = rule.alsoRead.map(spelt)
      }
      return names
    }
  }

  /// Whether a value is the object or list that the steps go into.
  private func holds(_ value: Tree, _ steps: [ArraySlice<PathStep>], _ format: Format) -> Bool {
    let next = steps.compactMap(\.first)
    return switch value {
    case .object(let members): !members.isEmpty && next.contains { format == .xml || !$0.isListStep }
    case .array(let items): !items.isEmpty && next.contains(where: \.isListStep)
    case .null, .bool, .number, .text: false
    }
  }

  /// The member that tells an element apart from others.
  private struct Key {
    var name: String
    /// It would be written by itself in the same place: no leaf.
    var isImplied: Bool
  }

  /// The members of a list's elements that tell them apart. They are implied in elements that hold a mapped value, when these are the
  /// first ones and stand in the mapping's order.
  private func keys(
    of node: Tree, _ format: Format, _ location: [Int], _ live: [ArraySlice<PathStep>],
    _ taken: [[Int]: ReferenceCanonical.Leaf]
  ) -> [[Int]: Key] {
    var keys: [[Int]: Key] = [:]
    var seen: Set<PathStep> = []
    var place = 0
    for case .pick(let key, let value)? in live.map(\.first) where seen.insert(.pick(key: key, value: value)).inserted {
      guard let hit = locate([.pick(key: key, value: value)], in: node, format, exact: false) else { continue }
      // In XML an element that stands alone is no list.
      var (item, element, position) = (node, location, 0)
      if case .array(let items) = node {
        position = hit.location[0]
        (item, element) = (items[position], location + [position])
      }
      guard let member = locate([.name(key)], in: item, format, exact: false), let index = member.location.first,
        member.location.count == 1, taken[element + [index]] == nil
      else { continue }
      let hasValues = taken.keys.contains { $0.starts(with: element) }
      keys[element + [index]] = Key(name: key, isImplied: hasValues && position == place)
      if hasValues { place += 1 }
    }
    return keys
  }

  // MARK: What brings unknown XML back as it stood

  /// The members in the order of mixed content: one element of a repeated one at a time.
  private static func visits(_ members: [Tree.Member]) -> [(member: Int, item: Int?)] {
    guard let order = members.first(where: { $0.name == XMLNode.orderName }), let names = try? order.value.characters() else {
      return members.indices.map { ($0, nil) }
    }
    var visits = members.indices.filter { members[$0].name.first == UInt8(ascii: "@") }.map { (member: $0, item: Int?.none) }
    for name in names.split(separator: 0x20) {
      guard let index = members.firstIndex(where: { $0.name.elementsEqual(name) }) else { continue }
      if case .array = members[index].value {
        visits.append((index, visits.count { $0.member == index }))
      } else {
        visits.append((index, nil))
      }
    }
    return visits
  }

  static func isAid(_ name: [UInt8]) -> Bool { name.starts(with: XMLNode.namespaceMark) || name == XMLNode.orderName }

  private func keepUnknown(_ node: Tree, _ path: [UInt8], _ location: [Int], _ canonical: inout ReferenceCanonical) {
    var aids: [ReferenceCanonical.Leaf] = []
    var value = settled(node, [:], &canonical.prefixes, &aids)
    // A text has its own declarations beside it.
    if case .object(let members) = value,
      members.allSatisfy({ $0.name.starts(with: XMLNode.namespaceMark) || $0.name == XMLNode.textName })
    {
      value = value["#text"] ?? .text([])
      for member in members where member.name != XMLNode.textName {
        var own = path
        PathText.append(member.name, to: &own)
        aids.append(.init(path: own, value: member.value, isAid: true))
      }
    }
    canonical.leaves.append(.init(path: path, value: value, why: .noPlace, location: location))
    canonical.leaves += aids
  }

  /// The declaration of an unknown attribute's prefix: the record's, or the element's own where the record has another.
  private func keepPrefix(
    of name: [UInt8], _ members: [Tree.Member], _ path: [UInt8], _ canonical: inout ReferenceCanonical
  ) {
    guard let prefix = Self.prefix(of: name),
      let member = members.first(where: { $0.name == XMLNode.namespaceMark + prefix })
    else { return }
    var aids: [ReferenceCanonical.Leaf] = []
    let value = settled(.object([member]), [:], &canonical.prefixes, &aids)
    if case .object = value {
      var own = path
      PathText.append(member.name, to: &own)
      if !canonical.leaves.contains(where: { $0.isAid && $0.path == own }) {
        canonical.leaves.append(.init(path: own, value: member.value, isAid: true))
      }
    }
    canonical.leaves += aids
  }

  /// A value with those declarations only that the record does not have, and orders only where the members do not say them.
  private func settled(
    _ node: Tree, _ outer: [[UInt8]: [UInt8]], _ prefixes: inout [[UInt8]: [UInt8]], _ aids: inout [ReferenceCanonical.Leaf]
  ) -> Tree {
    switch node {
    case .array(let items): return .array(items.map { settled($0, outer, &prefixes, &aids) })
    case .object(let members) where !members.isEmpty:
      var own = outer
      var kept: [Tree.Member] = []
      for member in members {
        if member.name == XMLNode.orderName {
          var seen: [[UInt8]] = []
          for name in (try? member.value.characters())?.split(separator: 0x20).map(Array.init) ?? [] where seen.last != name {
            seen.append(name)
          }
          if Set(seen).count < seen.count { kept.append(member) }
        } else if member.name.starts(with: XMLNode.namespaceMark), let uri = try? member.value.characters() {
          let prefix = Array(member.name.dropFirst(XMLNode.namespaceMark.count))
          if let bound = own[prefix] ?? prefixes[prefix] {
            guard bound != uri else { continue }
            own[prefix] = uri
            kept.append(member)
          } else {
            prefixes[prefix] = uri
            aids.append(.init(path: member.name, value: member.value, isAid: true))
          }
        } else {
          kept.append(.init(member.name, settled(member.value, own, &prefixes, &aids)))
        }
      }
      if kept.isEmpty { return .text([]) }
      return kept.count == 1 && kept[0].name == XMLNode.textName ? kept[0].value : .object(kept)
    default: return node
    }
  }

  /// `@type`, `@nil` as the system declares them gone; elements that are left with text only are text, or null.
  func withoutDeclarations(_ node: Tree) -> Tree {
    switch node {
    case .array(let items): return .array(items.map(withoutDeclarations))
    case .object(let members):
      var kept: [Tree.Member] = []
      var isNil = false
      for member in members {
        let name = String(decoding: member.name, as: UTF8.self)
        if name == typeAttribute || name == "@xmlns" { continue }
        if name == nilAttribute {
          isNil = [Tree.text("true"), Tree.text("1")].contains(member.value)
          continue
        }
        kept.append(.init(member.name, withoutDeclarations(member.value)))
      }
      let isText = kept.count == 1 && kept[0].name == Array("#text".utf8)
      // A text that stands there all the same is one.
      if case .text(let text)? = kept.first(where: { $0.name == XMLNode.textName })?.value, !text.allSatisfy(isBlank) { isNil = false }
      if isNil, !kept.contains(where: { $0.isElement }) {
        kept.removeAll { $0.name == Array("#text".utf8) }
        return kept.isEmpty ? .null : .object(kept + [.init("#text", .null)])
      }
      if kept.isEmpty { return .text([]) }
      return isText ? kept[0].value : .object(kept)
    default: return node
    }
  }

  /// The path of an attribute whose element had a field's name in another case, as it is in the field's own: the element comes back so.
  /// Not of one that another spelling won over, which is a leaf itself.
  ///
  /// - written: as it stands in XML.
  func settledAttribute(_ path: [UInt8], among paths: Set<[UInt8]>, written: Bool = false) -> [UInt8] {
    guard ignoresCase, let steps = PathStep.parse(String(decoding: path, as: UTF8.self)), steps.count > 1,
      case .name(let attribute)? = steps.last, attribute.hasPrefix("@")
    else { return path }
    let element = Array(PathStep.text(steps.dropLast()).utf8)
    let places = fields.flatMap { self.places(of: $0, .xml) }
    guard !places.contains(where: { $0.identity == element }), !paths.contains(element),
      let place = places.first(where: { Self.small($0.identity) == Self.small(element) })
    else { return path }
    if case .name(let own)? = place.paths[0].last, own.hasPrefix("@") { return path }
    return written ? Array(PathStep.text(place.paths[0] + steps.suffix(1)).utf8) : place.identity + path.dropFirst(element.count)
  }

  /// A value that was kept as it stood, without the declarations in it.
  func undeclared(_ value: Tree, _ format: Format) -> Tree {
    guard format == .xml, value.isContainer, value != .object([]), value != .array([]) else { return value }
    return withoutDeclarations(value)
  }

  /// The same of the values of a residue line.
  func undeclared(line: Tree, _ format: Format) -> Tree {
    guard case .object(let parts) = line else { return line }
    return .object(
      parts.map { part in
        guard [Array("parked".utf8), Array("original".utf8)].contains(part.name), case .object(let leaves) = part.value else { return part }
        return .init(part.name, .object(leaves.map { .init($0.name, undeclared($0.value, format)) }))
      })
  }

  /// A name that an object of the tree has twice.
  static func duplicate(in node: Tree) -> String? {
    switch node {
    case .object(let members):
      var seen: Set<[UInt8]> = []
      for member in members {
        if !seen.insert(member.name).inserted { return String(decoding: member.name, as: UTF8.self) }
        if let inner = duplicate(in: member.value) { return inner }
      }
      return nil
    case .array(let items): return items.lazy.compactMap(duplicate).first
    default: return nil
    }
  }

  /// The same but for the case of its ASCII letters.
  private static func isSameWord(_ name: [UInt8], _ other: String) -> Bool {
    name.count == other.utf8.count && zip(name, other.utf8).allSatisfy { $0 == $1 || $0 ^ $1 == 0x20 && (0x61...0x7a).contains($0 | 0x20) }
  }

  static func small(_ name: [UInt8]) -> [UInt8] { name.map { (0x41...0x5a).contains($0) ? $0 + 32 : $0 } }
}

extension Tree.Member {
  /// A child element of XML: neither attribute nor text.
  var isElement: Bool { name.first != UInt8(ascii: "@") && name.first != UInt8(ascii: "#") }
}

extension Format {
  /// NDJSON is JSON in everything but what stands between documents.
  var carrier: Format { self == .ndjson ? .json : self }

  /// Members inside members; the others have columns.
  var hasTrees: Bool { self != .csv && self != .form }
}

extension PathStep {
  /// A path as a column's name: as it is spelled, but a single name without quotes.
  static func columnText(_ steps: [PathStep]) -> String {
    if steps.count == 1, case .name(let name) = steps[0] { return name }
    return text(steps)
  }
}
