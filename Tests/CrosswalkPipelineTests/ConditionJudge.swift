import Crosswalk
import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkReference

/// Decides of one record which of the conditions that a prediction names of a leaf hold there: from the record, the tables and what
/// the transforms make of single values, never from what a conversion of the record did (SEMANTICS S23).
struct ConditionJudge {
  typealias Exception = Prediction.Exception

  let prediction: Prediction
  let from: ReferenceSystem
  let to: ReferenceSystem
  let sets: [String: Tree]

  private let sourceFields: [String: ReferenceField]
  private let targetFields: [String: ReferenceField]
  /// The source leaves that may give a canonical field its value, by place.
  private var feeders: [String: [Int]] = [:]
  /// The leaves of a source field, by its place.
  private var lines: [Int: [String]] = [:]

  init(_ prediction: Prediction, from: ReferenceSystem, to: ReferenceSystem, sets: [(String, Tree)]) {
    self.prediction = prediction
    self.from = from
    self.to = to
    self.sets = Dictionary(uniqueKeysWithValues: sets)
    sourceFields = Dictionary(uniqueKeysWithValues: from.fields.map { ($0.name, $0) })
    targetFields = Dictionary(uniqueKeysWithValues: to.fields.map { ($0.name, $0) })
    for (index, leaf) in prediction.sources.enumerated() {
      lines[leaf.field, default: []].append(leaf.name)
      for name in leaf.feeds { feeders[name, default: []].append(index) }
    }
  }

  // MARK: - The record

  /// A record's leaves by the names of the prediction, and what they stand for.
  struct Record {
    var values: [String: Tree]
    /// What its fields are read as, with what `--set` fills.
    var canonical: [String: Tree] = [:]
    var source: Tree
  }

  func record(_ source: Tree, _ leaves: [ReferenceCanonical.Leaf]) -> Record {
    var values: [String: Tree] = [:]
    for leaf in leaves where leaf.field != nil { values[String(decoding: leaf.path, as: UTF8.self)] = leaf.value }
    var record = Record(values: values, source: source)
    for leaf in prediction.sources {
      guard let field = sourceField(leaf), let value = text(of: leaf, record), !value.isBlankText else { continue }
      for name in leaf.feeds where record.canonical[name] == nil { record.canonical[name] = read(value, field, name) }
    }
    // What could not be read is blank, and nothing fills it.
    for (name, value) in sets where record.canonical[name] == nil {
      let leaves = (feeders[name] ?? []).map { prediction.sources[$0] }
      if !leaves.contains(where: { hasValue($0.name, record) && !isLabel($0, name) }) { record.canonical[name] = value }
    }
    return record
  }

  private func sourceField(_ leaf: Prediction.SourceLeaf) -> ReferenceField? {
    sourceFields[prediction.source.fields[leaf.field].name]
  }

  private func targetField(_ edge: Prediction.Edge) -> ReferenceField? {
    targetFields[prediction.target.fields[prediction.targets[edge.target].field].name]
  }

  /// The leaf's value, or the text of which it is a line.
  private func text(of leaf: Prediction.SourceLeaf, _ record: Record) -> Tree? {
    let lines = lines[leaf.field, default: []].map { record.values[$0] }
    guard lines.count > 1, let last = lines.lastIndex(where: { !($0?.isBlankText ?? true) }), last > 0 else {
      return record.values[leaf.name]
    }
    if lines.contains(where: { $0.map(PredictionTests.isContainer) ?? false }) { return nil }
    return .text(Array(lines[...last].map { $0.map(characters) ?? [] }.joined(separator: [0x0a])))
  }

  private func read(_ value: Tree, _ field: ReferenceField, _ name: String) -> Tree? {
    if case .parts(let parts) = field.meaning, parts["code"] == name { return ReferenceSystem.code(in: value) }
    return from.read(value, by: field)
  }

  /// A label without a code is read, but gives none.
  private func isLabel(_ leaf: Prediction.SourceLeaf, _ name: String) -> Bool {
    guard case .parts(let parts)? = sourceField(leaf)?.meaning else { return false }
    return parts["code"] == name
  }

  private func hasValue(_ name: String, _ record: Record) -> Bool {
    name.hasPrefix("--set ") || !(record.values[name]?.isBlankText ?? true)
  }

  // MARK: - Conditions

  /// What holds of a leaf, of what is said of it and of all fields.
  func exceptions(of leaf: Prediction.SourceLeaf, in record: Record) -> [Exception] {
    guard let value = record.values[leaf.name] else { return [] }
    let own = leaf.exceptions.filter { holds($0.condition, leaf, value, record) }
    let common = prediction.everywhere.filter { other in
      !own.contains { $0.condition == other.condition } && holds(other.condition, leaf, value, record)
    }
    // A state beside other values says more than the state alone.
    let isBeside = own.contains { exception in
      switch exception.condition {
      case .filled, .nullBeside, .emptyBeside: true
      default: false
      }
    }
    return own.filter { !isBeside || $0.condition != .null && $0.condition != .empty } + common
  }

  private func holds(_ condition: Condition, _ leaf: Prediction.SourceLeaf, _ value: Tree, _ record: Record) -> Bool {
    let edge = leaf.edges.filter { $0.exceptions.contains { $0.condition == condition } }.min { a, b in
      (a.leg > 0 ? 1 : 0, a.usual.fate == .kept ? 0 : 1) < (b.leg > 0 ? 1 : 0, b.usual.fate == .kept ? 0 : 1)
    }
    switch condition {
    case .null: return value == .null
    case .empty: return value == .text([])
    // Of several lines each is part of the one value.
    case .container:
      return lines[leaf.field, default: []].contains { record.values[$0].map(PredictionTests.isContainer) ?? false }
    case .character: return characters(value).contains { $0 < 0x20 && ![0x09, 0x0a, 0x0d].contains($0) }
    case .native: return hasNative(record)
    case .mapped: return record.source["system"] != .text(Array(to.name.utf8))
    case .taken: return edge.map { isTaken($0, leaf, record) } ?? false
    case .joined(let names): return names.contains { hasValue($0, record) }
    case .filled: return value.isBlankText && (edge.map { isFilled($0, leaf, record) } ?? false)
    case .nullBeside(let names): return value == .null && names.contains { record.values[$0] == .text([]) }
    case .emptyBeside(let names): return value == .text([]) && names.contains { record.values[$0] == .null }
    case .moreLines(let count): return lines(of: value) > count
    case .lineBreaks: return characters(value).contains(0x0d)
    default: break
    }
    if value.isBlankText || PredictionTests.isContainer(value) { return false }
    guard let edge else { return false }
    switch condition {
    case .kind(let type): return !isOf(type, value, leaf)
    case .alone, .together: return isAlone(leaf, edge, record) == (condition == .alone)
    case .noCode: return ReferenceSystem.code(in: value) == nil
    case .otherCode(let name):
      return record.canonical[name].map { characters($0) != ReferenceSystem.code(in: value).map(characters) } ?? false
    case .notListed, .spelling, .sameSpelling:
      let written = written(value, leaf, edge, record)
      if case .notListed = condition { return written == nil }
      guard let written else { return false }
      return (characters(written) == characters(value)) == (condition == .sameSpelling)
    default: return false
    }
  }

  private func isOf(_ type: ValueType, _ value: Tree, _ leaf: Prediction.SourceLeaf) -> Bool {
    let text = String(decoding: characters(value), as: UTF8.self)
    switch type {
    case .integer:
      if case .number = value { return true }
      if case .text = value { return text.wholeMatch(of: /-?(0|[1-9][0-9]*)/) != nil }
      return false
    case .boolean:
      // Where 1 and 0 are spellings of them, capitals and blanks are as well.
      let isSpelt = sourceField(leaf)?.transformNames.contains("boolean") ?? false
      if isSpelt { return ["true", "false", "1", "0"].contains(text.lowercased().trimmingPrefix(" ")) }
      if case .number = value { return false }
      return ["true", "false"].contains(text)
    case .instant:
      guard let field = sourceField(leaf), case .text(let read)? = from.read(value, by: field) else { return false }
      let form = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)/
      return String(decoding: read, as: UTF8.self).wholeMatch(of: form) != nil
    case .text, .lines, .code, .choice:
      if case .text = value { return true }
      return false
    }
  }

  /// Nothing else is there for the text that the target composes.
  private func isAlone(_ leaf: Prediction.SourceLeaf, _ edge: Prediction.Edge, _ record: Record) -> Bool {
    let leg = prediction.targets[edge.target].legs[edge.leg]
    return leg.canonical.allSatisfy { name in
      guard let value = record.canonical[name] else { return true }
      return leaf.feeds.contains(name) && characters(value) == characters(record.values[leaf.name] ?? .null)
    }
  }

  /// Something else stands in the place of a fallback: what the target has first, which nothing takes the place of even where it
  /// cannot be read, or of what the fallback is derived from.
  private func isTaken(_ edge: Prediction.Edge, _ leaf: Prediction.SourceLeaf, _ record: Record) -> Bool {
    let legs = prediction.targets[edge.target].legs
    let first = Set(legs[0].canonical)
    if prediction.sources.contains(where: { !first.isDisjoint(with: $0.feeds) && hasValue($0.name, record) }) { return true }
    if legs[..<edge.leg].contains(where: { $0.canonical.contains { record.canonical[$0] != nil } }) { return true }
    return !legs[edge.leg].isComposed && edge.canonical.contains { hasBases($0, record) }
  }

  private func hasBases(_ name: String, _ record: Record) -> Bool {
    from.model.first { $0.name == name }?.derived.contains { record.canonical[$0] != nil } ?? false
  }

  /// Something stands where the leaf, which is blank, says nothing.
  private func isFilled(_ edge: Prediction.Edge, _ leaf: Prediction.SourceLeaf, _ record: Record) -> Bool {
    let legs = prediction.targets[edge.target].legs
    let isBeside = lines[leaf.field, default: []].contains { $0 != leaf.name && hasValue($0, record) }
    return isBeside || legs[0].canonical.contains { record.canonical[$0] != nil }
      || legs.dropFirst().contains { leg in
        leg.canonical.contains { record.canonical[$0] != nil && (leg.isComposed || !hasBases($0, record)) }
      }
  }

  private func hasNative(_ record: Record) -> Bool {
    guard let native = record.source["native"] else { return false }
    return native[to.name] != nil || native["@system"] == .text(Array(to.name.utf8))
      || native.items.contains { $0["@system"] == .text(Array(to.name.utf8)) }
  }

  // MARK: - Spellings

  /// The literal that a value alone becomes along an edge; nil where it has none.
  private func written(_ value: Tree, _ leaf: Prediction.SourceLeaf, _ edge: Prediction.Edge, _ record: Record) -> Tree? {
    guard let source = sourceField(leaf), let target = targetField(edge), let text = text(of: leaf, record),
      let canonical = read(text, source, edge.canonical.last ?? "")
    else { return nil }
    if edge.isComposed { return canonical }
    if case .parts(let parts) = target.meaning {
      let (code, label) = (parts["code"].flatMap { record.canonical[$0] }, parts["label"].flatMap { record.canonical[$0] })
      return to.write(code: code, label: label, by: target)
    }
    return to.write(canonical, by: target, prediction.shape, beside: record.canonical)
  }

  private func characters(_ value: Tree) -> [UInt8] {
    if case .text(let text) = value { text } else { Array(value.json.utf8) }
  }

  private func lines(of value: Tree) -> Int {
    guard case .text(let text) = value else { return 1 }
    var count = 1
    for (index, byte) in text.enumerated() where byte == 0x0a || byte == 0x0d {
      if byte == 0x0d || index == 0 || text[index - 1] != 0x0d { count += 1 }
    }
    return count
  }
}
