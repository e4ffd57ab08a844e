import CrosswalkFormats
import CrosswalkModel
import CrosswalkYAML

/// A transform or a kind that refuses its value.
struct Refusal: Error {}

extension Tree {
  /// Absent is no tree at all; these are the other two that say nothing.
  var isBlank: Bool {
    switch self {
    case .null: true
    case .text(let text): text.isEmpty
    default: false
    }
  }

  var isContainer: Bool {
    switch self {
    case .object, .array: true
    default: false
    }
  }

  /// The characters of a scalar that says something.
  func characters() throws(Refusal) -> [UInt8] {
    switch self {
    case .text(let text): text
    case .number(let characters): characters
    case .bool(let value): Array((value ? "true" : "false").utf8)
    case .null, .object, .array: throw Refusal()
    }
  }

  /// A boolean, or the texts `true` and `false`.
  func truth() throws(Refusal) -> Bool {
    switch self {
    case .bool(let value): return value
    case .text(Array("true".utf8)): return true
    case .text(Array("false".utf8)): return false
    default: throw Refusal()
    }
  }

  /// Brought to a field's type; nil leaves any scalar as it is. Null and empty text pass.
  func brought(to type: String?) throws(Refusal) -> Tree {
    if isBlank { return self }
    if isContainer { throw Refusal() }
    switch type {
    case nil: return self
    case "integer":
      if case .number = self { return self }
      if case .text(let text) = self, isInteger(text) { return .number(text) }
      throw Refusal()
    case "boolean": return .bool(try truth())
    case "instant":
      guard case .text(let text) = self, let iso = ReferenceInstant.parse(text, needsZone: true)?.iso else {
        return self
      }
      return .text(iso)
    default: return .text(try characters())
    }
  }
}

extension ReferenceSystem {
  /// One step of the way in, for a value that is neither null nor empty.
  func read(_ transform: ReferenceField.Transform, _ value: Tree) throws(Refusal) -> Tree {
    if value.isContainer { throw Refusal() }
    switch transform.name {
    case "not": return .bool(!(try value.truth()))
    case "boolean":
      switch fold(try value.characters()) {
      case Array("1".utf8), Array("true".utf8): return .bool(true)
      case Array("0".utf8), Array("false".utf8): return .bool(false)
      default: throw Refusal()
      }
    case "choice":
      guard let (word, _) = choice(transform, spelled: try value.characters()) else { throw Refusal() }
      if word == "true" || word == "false" { return .bool(word == "true") }
      return .text(word)
    case "instant":
      let format = Array((transform.argument?.text ?? "").utf8)
      let zone = ReferenceInstant.zone(transform.others["zone"]?.text)
      let text = try value.characters()
      if case .bool = value { return value }
      if let instant = ReferenceInstant.parse(text, format: format, zone: zone)
          ?? ReferenceInstant.parse(text, needsZone: false, zone: zone) ?? ReferenceInstant.parseDate(text, zone: zone)
      {
        return instant.iso.map(Tree.text) ?? value
      }
      return epoch(text, perSecond: 1).map(Tree.text) ?? value
    case "epoch":
      if case .bool = value { return value }
      return epoch(try value.characters(), perSecond: transform.argument?.text == "ms" ? 1000 : 1).map(Tree.text)
        ?? value
    case "msDate":
      guard case .text(let text) = value, let digits = Self.msDigits(text) else { return value }
      return epoch(digits, perSecond: 1000).map(Tree.text) ?? value
    case "split":
      let text = try value.characters()
      let at = Array((transform.others["at"] ?? transform.argument?["at"])?.text?.utf8 ?? "".utf8)
      let takesLast = (transform.others["take"] ?? transform.argument?["take"])?.text == "last"
      guard !at.isEmpty, text.count >= at.count else { return .text(text) }
      let hits = (0...(text.count - at.count)).filter { Array(text[$0..<($0 + at.count)]) == at }
      guard let first = hits.first, let last = hits.last else { return .text(text) }
      return .text(takesLast ? Array(text[(last + at.count)...]) : Array(text[..<first]))
    case "trim":
      guard case .text(let text) = value else { return value }
      guard let first = text.firstIndex(where: { !isBlank($0) }), let last = text.lastIndex(where: { !isBlank($0) })
      else {
        return .text([])
      }
      return .text(Array(text[first...last]))
    case "prefix":
      let prefix = Array((transform.argument?.text ?? "").utf8)
      guard case .text(let text) = value, text.starts(with: prefix) else { return value }
      let rest = text.dropFirst(prefix.count)
      return rest.starts(with: prefix) ? value : .text(Array(rest))
    default:
      // country, region, oneLine, integer, default, constant: the literal is the canonical value.
      return value
    }
  }

  /// One step of the way out.
  func write(
    _ transform: ReferenceField.Transform, _ value: Tree, _ canonical: [String: Tree]
  ) throws(Refusal) -> Tree {
    if value.isContainer { throw Refusal() }
    switch transform.name {
    case "not": return .bool(!(try value.truth()))
    case "boolean": return try value.brought(to: "boolean")
    case "choice":
      let text = try value.characters()
      let entries = transform.argument?.entries ?? []
      if let entry = entries.first(where: { Array(($0.key.text ?? "").utf8) == text }) {
        let spellings = texts(entry.value)
        let index = optionIndex(transform.others["write"])
        guard !spellings.isEmpty else { throw Refusal() }
        return .text(spellings[min(index, spellings.count - 1)])
      }
      if choice(transform, spelled: text) != nil { return .text(text) }
      throw Refusal()
    case "country":
      guard case .text(let text) = value, let row = tables.country(text) else { throw Refusal() }
      switch transform.argument?.text {
      case "code": return .text(row["code"] ?? "")
      case "alpha3": return .text(row["alpha3"] ?? "")
      case "NAME": return .text((row["name"] ?? "").uppercased())
      default: return .text(row["name"] ?? "")
      }
    case "currency":
      guard case .text(let text) = value, let code = tables.currency(text) else { throw Refusal() }
      return .text(code)
    case "region":
      guard case .text(let text) = value, case .text(let name)? = canonical[transform.others["in"]?.text ?? ""],
        let country = tables.country(known(country: name, transform)), let row = tables.region(text, in: country["code"] ?? "")
      else { throw Refusal() }
      let code = ReferenceTables.shortCode(row)
      if transform.argument?.text == "code" {
        guard code.count == 2 else { throw Refusal() }
        return .text(code)
      }
      return ReferenceTables.isCode(text, of: row) ? .text(row["name"] ?? "") : value
    case "oneLine":
      let text = try value.characters()
      let lines = Self.lines(text)
      if lines.count == 1 { return value }
      return .text(Array(lines.joined(separator: Array((transform.argument?.text ?? "").utf8))))
    case "instant":
      guard case .text(let text) = value, let instant = ReferenceInstant.parse(text, needsZone: true) else {
        return value
      }
      let zone = ReferenceInstant.zone(transform.others["zone"]?.text)
      return instant.spelled(Array((transform.argument?.text ?? "").utf8), zone: zone).map(Tree.text) ?? value
    case "epoch", "msDate":
      guard case .text(let text) = value, let instant = ReferenceInstant.parse(text, needsZone: true) else {
        return value
      }
      let isMilli = transform.name == "msDate" || transform.argument?.text == "ms"
      var count = instant.seconds
      if isMilli {
        let digits = (instant.fraction + Array("000".utf8)).prefix(3).map { Int($0) - 0x30 }
        count = count * 1000 + digits[0] * 100 + digits[1] * 10 + digits[2]
      }
      return transform.name == "msDate" ? .text("/Date(\(count)+0000)/") : .number(String(count))
    case "case": return try cased(value, transform)
    case "prefix":
      let prefix = Array((transform.argument?.text ?? "").utf8)
      let text = try value.characters()
      return text.starts(with: prefix) ? value : .text(prefix + text)
    default:
      // integer, split, trim: unchanged. default and constant do not depend on a value: see `write(_:…)` of records.
      return value
    }
  }

  /// The label of two parts, `code` and `label`: which text a target gets.
  func writeLabelled(_ transform: ReferenceField.Transform, code: Tree?, label: Tree?) throws(Refusal) -> Tree? {
    let codeText = code.flatMap { $0.isBlank ? nil : $0 }
    if let label, !label.isBlank {
      guard let codeText else { return label }
      let code = try codeText.characters()
      if Self.codeOfLabel(try label.characters()) == code { return label }
    }
    guard let codeText else { return label ?? code }
    let column = option(transform.others["by"])
    guard
      let label = tables.label(
        try codeText.characters(), table: transform.argument?.text ?? "", column: column?.value,
        others: column?.choices ?? [])
    else { throw Refusal() }
    return .text(Array(label.utf8) + Array(" - ".utf8) + (try codeText.characters()))
  }

  /// The three capitals behind the last ` - `, or the whole of a bare code.
  static func codeOfLabel(_ label: [UInt8]) -> [UInt8]? {
    func isCode(_ text: some Collection<UInt8>) -> Bool {
      text.count == 3 && text.allSatisfy { (0x41...0x5a).contains($0) }
    }
    if isCode(label) { return label }
    guard label.count >= 6, isCode(label.suffix(3)), Array(label.dropLast(3).suffix(3)) == Array(" - ".utf8) else {
      return nil
    }
    return Array(label.suffix(3))
  }

  /// Cut at CRLF, CR or LF.
  static func lines(_ text: [UInt8]) -> [[UInt8]] {
    var lines: [[UInt8]] = [[]]
    var i = 0
    while i < text.count {
      if text[i] == 0x0a || text[i] == 0x0d {
        if text[i] == 0x0d, i + 1 < text.count, text[i + 1] == 0x0a { i += 1 }
        lines.append([])
      } else {
        lines[lines.count - 1].append(text[i])
      }
      i += 1
    }
    return lines
  }

  /// `option.NAME` as an index among its choices; 0 when there is none.
  private func optionIndex(_ node: YAMLNode?) -> Int { option(node)?.index ?? 0 }

  private func option(_ node: YAMLNode?) -> Option? {
    guard let text = node?.text, text.hasPrefix("option.") else { return nil }
    return options[String(text.dropFirst("option.".count))]
  }

  /// The word that a spelling stands for.
  private func choice(_ transform: ReferenceField.Transform, spelled text: [UInt8]) -> (word: String, spelling: String)?
  {
    let ignored = Set(texts(transform.others["ignore"]))
    func reduced(_ text: [UInt8]) -> [UInt8] {
      var text = text
      if ignored.contains("case") { text = Array(String(decoding: text, as: UTF8.self).lowercased().utf8) }
      if ignored.contains("blanks") { text.removeAll(where: isBlank) }
      if ignored.contains("hyphens") { text.removeAll { $0 == UInt8(ascii: "-") } }
      return text
    }
    for entry in transform.argument?.entries ?? [] {
      for spelling in texts(entry.value) where reduced(Array(spelling.utf8)) == reduced(text) {
        return (entry.key.text ?? "", spelling)
      }
    }
    return nil
  }

  /// Letters of ASCII only: a code or a word of the system, never a name.
  private func cased(_ value: Tree, _ transform: ReferenceField.Transform) throws(Refusal) -> Tree {
    let text = try value.characters()
    let cased =
      switch transform.argument?.text {
      case "upper": text.map { (0x61...0x7a).contains($0) ? $0 - 32 : $0 }
      case "lower": text.map { (0x41...0x5a).contains($0) ? $0 + 32 : $0 }
      default: text
      }
    if cased == text { return value }
    return if case .number = value { .number(cased) } else { .text(cased) }
  }

  private func epoch(_ text: [UInt8], perSecond: Int) -> [UInt8]? {
    guard isInteger(text), let count = Int(String(decoding: text, as: UTF8.self)) else { return nil }
    var seconds = count / perSecond
    var rest = count % perSecond
    if rest < 0 {
      seconds -= 1
      rest += perSecond
    }
    var fraction: [UInt8] = []
    if rest > 0 { fraction = Array(String(1000 + rest).utf8.dropFirst()) }
    return ReferenceInstant(seconds: seconds, fraction: fraction).iso
  }

  /// The digits of `/Date(1488391422280+0000)/`; the zone says nothing about the moment.
  private static func msDigits(_ text: [UInt8]) -> [UInt8]? {
    let (head, tail) = (Array("/Date(".utf8), Array(")/".utf8))
    guard text.starts(with: head), text.suffix(2) == tail[...], text.count > 8 else { return nil }
    let inside = Array(text[head.count..<(text.count - 2)])
    guard let sign = inside.indices.dropFirst().first(where: { inside[$0] == 0x2b || inside[$0] == 0x2d }) else {
      return inside
    }
    let zone = inside[(sign + 1)...]
    return zone.count == 4 && zone.allSatisfy { (0x30...0x39).contains($0) } ? Array(inside[..<sign]) : nil
  }
}
