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
