import CrosswalkFormats
package import CrosswalkMapping
package import CrosswalkModel
package import CrosswalkRoute

/// The laws of a mapping (SEMANTICS S22), for one system:
///
/// - GetPut: what went to canonical comes back with its residue as it was.
/// - PutGet: what is written is read again as it was, in a normal form that writing and reading change no further. Ordinary values
///   that a field has read it also writes, and what it has written it reads; where its transforms are exact in the canonical
///   value (`choice`, `not`, …) nothing changes at all.
///
/// A field without a transform, a kind or a fallback is decided by that alone; the others by generated records.
package struct LawCheck {
  package struct Outcome: Sendable {
    /// Fields whose mapping alone shows that the laws hold.
    package var byMapping = 0
    /// Fields that generated records were needed for.
    package var byCases = 0
    package var cases = 0
    package var problems: [Diagnostic] = []
  }

  enum Law: String { case getPut = "GetPut", putGet = "PutGet" }

  /// A law that does not hold at a field of the system.
  struct Break {
    enum Kind: Equatable { case returns, rests, stays, refuses, unreadable, rejects }

    var kind: Kind
    var field: Int
    /// As messages name it: the leaf, or the canonical field.
    var name: String
    var before: Tree?
    var after: Tree?

    var law: Law { kind == .returns || kind == .rejects ? .getPut : .putGet }
  }

  let system: System
  let settings: PlanSettings
  let seed: UInt64
  let cases: Int
  let rows: Int
  private let format: Format
  private let there: RecordRoute
  private let back: RecordRoute
  private let meanings: [(name: String, field: Int)]
  private let fieldOfLeaf: [String: Int]

  /// - cases: random records, after those that are made of each field and state in turn.
  /// - rows: of a table with more rows so many are tried.
  package init(
    _ system: System, canonical: System, settings: PlanSettings, seed: UInt64, cases: Int, rows: Int = Int.max
  ) {
    self.system = system
    self.settings = settings
    self.seed = seed
    self.cases = cases
    self.rows = rows
    format = system.formats.contains(.json) ? .json : system.formats.first ?? .json
    there = RecordRoute(system, format, to: canonical, .json, settings: settings)
    back = RecordRoute(canonical, .json, to: system, format, settings: settings)
    meanings = system.fields.enumerated().flatMap { index, field in LawCheck.meanings(field).map { ($0, index) } }
    fieldOfLeaf = Dictionary(
      there.plan.sourceLeaves.map { ($0.name, $0.field) }, uniquingKeysWith: { first, _ in first })
  }

  private static func meanings(_ field: Field) -> [String] {
    switch field.meaning {
    case .none: []
    case .canonical(let name): [name]
    case .parts(let parts): parts.map(\.canonical)
    }
  }

  package func run() -> Outcome {
    var outcome = Outcome()
    var undecided: Set<Int> = []
    for (index, field) in system.fields.enumerated() {
      if let use = field.transforms.first(where: { LawCheck.spec($0)?.inverse == TransformSpec.Inverse.none }),
        field.oneWay == nil, !LawCheck.meanings(field).isEmpty
      {
        outcome.problems.append(hasNoInverse(field, use))
        continue
      }
      if isDecided(field) { outcome.byMapping += 1 } else { undecided.insert(index) }
    }
    outcome.byCases = undecided.count
    guard !undecided.isEmpty else { return outcome }

    var found: [(key: String, problem: Diagnostic)] = []
    func note(_ made: RecordGenerator.Made, _ side: RecordGenerator.Side) {
      let number = outcome.cases
      outcome.cases += 1
      for one in breaks(made.values, side, isOrdinary: LawCheck.isOrdinary(made)) {
        let key = "\(one.field) \(one.kind)"
        guard !found.contains(where: { $0.key == key }) else { continue }
        func same(_ values: RecordRoute.Values, isOrdinary: Bool) -> Break? {
          breaks(values, side, isOrdinary: isOrdinary).first { $0.field == one.field && $0.kind == one.kind }
        }
        // What is no mistake with other values is shown with those that it has.
        let isOrdinary = same(made.values, isOrdinary: false) == nil
        var smallest = one
        let values = RecordShrinker.smallest(made.values, keepsValues: isOrdinary) { values in
          let same = same(values, isOrdinary: isOrdinary)
          if let same { smallest = same }
          return same != nil
        }
        found.append((key, broken(smallest, values, side, case: number)))
      }
    }
    let tables = Tables(settings.tables)
    var random = SeededRandom(seed: seed)
    for side in [RecordGenerator.Side.own, .canonical] {
      let generator = RecordGenerator(
        system, side: side, format: format, model: settings.canonical, tables: tables, rows: rows)
      for made in generator.systematic(of: undecided) { note(made, side) }
      for _ in 0..<(cases / 2) { note(generator.random(using: &random), side) }
    }
    outcome.problems += found.map(\.problem)
    return outcome
  }

  // MARK: - Decided by the mapping

  static func spec(_ use: TransformUse) -> TransformSpec? { TransformTable.specs.first { $0.name == use.name } }

  /// Every value that can stand in it comes back as it was: nothing is converted, nothing else can take its place.
  private func isDecided(_ field: Field) -> Bool {
    if field.oneWay != nil { return true }
    guard !LawCheck.meanings(field).isEmpty else { return true }
    let converts = field.type == .integer || field.type == .boolean || field.type == .instant
    let isTyped = LawCheck.meanings(field).contains { [.integer, .boolean, .instant].contains(settings.canonical[$0]?.type ?? .text) }
    return field.fallbacks.isEmpty && field.transforms.isEmpty && field.defaultValue == nil && !converts && !isTyped
  }

  /// Transforms that an ordinary canonical value goes through unchanged, there and back.
  private static let exactInCanonical: Set<String> = [
    "boolean", "choice", "integer", "join", "labelled", "lines", "not", "prefix", "trim",
  ]

  // MARK: - Decided by records

  private static func isOrdinary(_ made: RecordGenerator.Made) -> Bool { made.state == .ordinary || made.state == .row }

  private func breaks(_ values: RecordRoute.Values, _ side: RecordGenerator.Side, isOrdinary: Bool) -> [Break] {
    switch side {
    case .own: getPut(values, isOrdinary: isOrdinary)
    case .canonical: putGet(values, isOrdinary: isOrdinary)
    }
  }

  /// - isOrdinary: every value is one that its field has to take.
  private func getPut(_ values: RecordRoute.Values, isOrdinary: Bool) -> [Break] {
    let read = there.map(values)
    // Refused as the mapping says (`onFail: reject`).
    if read.isRejected { return [] }
    let canonical = read.values.map { (name: $0.key, value: $0.value) }
    let written = back.map(canonical)
    if written.isRejected {
      // As the mapping says: it requires what is not there, or refuses the record of such a value (`onFail: reject`).
      guard isOrdinary, !written.isIncomplete else { return [] }
      let name = written.rejectedAt ?? values.first?.name ?? ""
      return [Break(kind: .rejects, field: fieldOfLeaf[name] ?? 0, name: name, before: nil, after: nil)]
    }
    var breaks: [Break] = []
    let given = Dictionary(values.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    for leaf in there.plan.sourceLeaves where leaf.field >= 0 && system.fields[leaf.field].oneWay == nil {
      let before = given[leaf.name]
      let after = written.values[leaf.name] ?? back.plan.givenBeyond(leaf.path)
      if before != after { breaks.append(Break(kind: .returns, field: leaf.field, name: leaf.name, before: before, after: after)) }
    }
    guard isOrdinary else { return breaks }
    // Without the residue: what an ordinary value was read as can also be written.
    let plain = back.map(canonical.filter { $0.name != "native" })
    for leaf in plain.refusedTargets.sorted() {
      guard let field = fieldOfLeaf[leaf], system.fields[field].onFail != .keep, !read.refusedSources.contains(leaf),
        let value = given[leaf]
      else { continue }
      let meaning = LawCheck.meanings(system.fields[field]).first ?? ""
      breaks.append(Break(kind: .refuses, field: field, name: leaf, before: value, after: read.values[meaning]))
    }
    return breaks
  }

  private func putGet(_ values: RecordRoute.Values, isOrdinary: Bool) -> [Break] {
    let written = back.map(values)
    if written.isRejected { return [] }
    let read = there.map(written.values.map { (name: $0.key, value: $0.value) })
    if read.isRejected { return [] }
    let normal = read.values.filter { $0.key != "native" && $0.key != "system" }
    let rewritten = back.map(normal.map { (name: $0.key, value: $0.value) })
    let again = there.map(rewritten.values.map { (name: $0.key, value: $0.value) })
    let given = Dictionary(values.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    var breaks: [Break] = []
    for (meaning, field) in meanings where system.fields[field].oneWay == nil && system.fields[field].shapes.contains(.list) {
      // A value that is refused is parked, and said to be (SEMANTICS S13): it is not changed.
      if written.refusedMeanings.contains(meaning) || written.refusedSources.contains(meaning) { continue }
      let isRefusedAgain = rewritten.refusedMeanings.contains(meaning)
      // Where nothing is left of it, what stands in for nothing may do so.
      let isReplaced = (normal[meaning]?.isBlank ?? true) && !system.fields[field].fallbacks.isEmpty
      if normal[meaning] != again.values[meaning], isOrdinary || !isRefusedAgain, !isReplaced {
        breaks.append(Break(kind: .rests, field: field, name: meaning, before: normal[meaning], after: again.values[meaning]))
        continue
      }
      let value = given[meaning] ?? .null
      guard !value.isBlank, system.fields[field].onFail != .keep,
        isLegal(value, settings.canonical[meaning]?.type ?? .text)
      else { continue }
      let leaves = there.plan.sourceLeaves.filter { $0.field == field }.map(\.name)
      if leaves.contains(where: read.refusedSources.contains) || read.refusedTargets.contains(meaning) {
        let text = leaves.compactMap { written.values[$0] }.first
        breaks.append(Break(kind: .unreadable, field: field, name: meaning, before: value, after: text))
      } else if isOrdinary, system.fields[field].transforms.allSatisfy({ LawCheck.exactInCanonical.contains($0.name) }),
        system.fields[field].type != .instant, !(normal[meaning].map { MappingTests.isSame(value, $0) } ?? false)
      {
        breaks.append(Break(kind: .stays, field: field, name: meaning, before: value, after: normal[meaning]))
      }
    }
    return breaks
  }

  /// A canonical value of its kind.
  private func isLegal(_ value: Tree, _ type: ValueType) -> Bool {
    guard let characters = value.characters else { return false }
    switch type {
    case .boolean: return characters.elementsEqual("true".utf8) || characters.elementsEqual("false".utf8)
    case .integer:
      let digits = characters.first == UInt8(ascii: "-") ? characters.dropFirst() : characters[...]
      return !digits.isEmpty && digits.allSatisfy { $0 &- 0x30 < 10 } && (digits.count == 1 || digits.first != 0x30)
    case .text, .lines, .code, .choice, .instant: return true
    }
  }

  // MARK: - Messages

  private func broken(_ one: Break, _ values: RecordRoute.Values, _ side: RecordGenerator.Side, case number: Int) -> Diagnostic {
    let field = system.fields[one.field]
    let before = Shown.value(one.before)
    let after = Shown.value(one.after)
    let (title, label, help): (String, String, String)
    switch one.kind {
    case .returns:
      title = "a value of `\(one.name)` does not come back from canonical with its residue"
      label = "\(before) comes back as \(after)"
      help = "two fields or transforms contradict each other here; take the one out that gives \(after)"
    case .rejects:
      title = "a record that was read is refused when it is written again, at `\(one.name)`"
      label = "refused"
      help = "`onFail: park` sets the value aside and lets the record through"
    case .refuses:
      title = "`\(one.name)` does not write what it has read"
      label = "\(before) is read as \(after), which is refused"
      help = "the transforms run backwards on writing, in reverse order: each has to take what the one before it gives"
    case .unreadable:
      title = "`\(field.name)` does not read what it has written"
      label = "`\(one.name)`: \(before) is written as \(after), which is refused"
      help = "the transforms run backwards on writing, in reverse order: each has to give what the other takes"
    case .rests:
      title = "`\(field.name)` gives another value each time it is written and read"
      label = "`\(one.name)`: \(before) becomes \(after)"
      help = "writing and reading may bring a value to a normal form once, and must leave that alone"
    case .stays:
      title = "`\(field.name)` does not keep an ordinary value"
      label = "`\(one.name)`: \(before) becomes \(after)"
      help = "written and read again it is another one; `oneWay: reason` if that is meant, and the field is only read"
    }
    return Diagnostic(
      one.law == .getPut ? .brokenGetPut : .brokenPutGet, "\(one.law.rawValue): \(title)",
      at: .init(
        source: "\(side == .own ? system.name : "canonical") record made with seed \(seed)", record: number, path: one.name,
        excerpt: Shown.record(values)),
      labels: [.init(field.place, label)], help: help)
  }

  private func hasNoInverse(_ field: Field, _ use: TransformUse) -> Diagnostic {
    Diagnostic(
      .brokenPutGet, "PutGet: `\(use.name)` of `\(field.name)` has no inverse, so the canonical value is lost when it is written",
      labels: [.init(use.place)],
      help: use.name == "constant" ? "`is: none` for a constant that stands for nothing" : "say that it is meant: `oneWay: reason`")
  }
}
