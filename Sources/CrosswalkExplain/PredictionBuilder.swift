import CrosswalkMapping
import CrosswalkModel
import CrosswalkYAML

/// Works a prediction out, leaf by leaf.
struct PredictionBuilder {
  typealias Outcome = Prediction.Outcome
  typealias Exception = Prediction.Exception

  let source: System
  let sourceFormat: Format
  let target: System
  let targetFormat: Format
  let shape: Shape
  let canonical: CanonicalModel
  let options: [String: [String: String]]
  let sets: [(field: String, value: Tree)]
  let transforms: [TransformSpec]
  var sources: [Prediction.SourceLeaf] = []
  var targets: [Prediction.TargetLeaf] = []
  var everywhere: [Exception] = []
  /// Source leaves by the canonical field that they feed.
  private var feeders: [String: [Int]] = [:]

  init(
    source: System, sourceFormat: Format, target: System, targetFormat: Format, shape: Shape, canonical: CanonicalModel,
    options: [String: [String: String]], sets: [(field: String, value: Tree)], transforms: [TransformSpec]
  ) {
    self.source = source
    self.sourceFormat = sourceFormat
    self.target = target
    self.targetFormat = targetFormat
    self.shape = shape
    self.canonical = canonical
    self.options = options
    self.sets = sets
    self.transforms = transforms
  }

  mutating func build() {
    listSources()
    listTargets()
    for index in sources.indices { predict(index) }
    for index in targets.indices { supply(index) }
    if sourceFormat.hasContainers {
      everywhere.append(Exception(condition: .container, outcome: final(.parked(.failed))))
    }
    if targetFormat == .xml { everywhere.append(Exception(condition: .character, outcome: .rejected)) }
    if source.name == CanonicalModel.name, target.name != source.name, shape == .list || shape == .single {
      everywhere.append(Exception(condition: .native, outcome: .kept))
    }
  }

  // MARK: - Leaves

  /// The names of a field's leaves: its own, and those of the fields that hold its further lines or its members.
  static func leafNames(of field: Field) -> [String] {
    for use in field.transforms {
      if use.name == "lines", let names = use.argument?.items?.compactMap(\.text) {
        return [field.name]
          + names.dropFirst().map { PathStep.text(Array(field.path.dropLast()) + [PathStep.name($0)]) }
      }
      if use.name == "join", let names = use.argument?["of"]?.items?.compactMap(\.text), !names.isEmpty {
        return names.map { PathStep.text(field.path + [PathStep.name($0)]) }
      }
    }
    return [field.name]
  }

  private mutating func listSources() {
    for (index, field) in source.fields.enumerated() {
      let feeds = (PredictionBuilder.meanings(of: field) + parts(of: field)).filter(canonical.contains)
      for name in PredictionBuilder.leafNames(of: field) {
        for canonical in feeds { feeders[canonical, default: []].append(sources.count) }
        sources.append(Prediction.SourceLeaf(name: name, field: index, place: field.place, feeds: feeds))
      }
    }
  }

  private mutating func listTargets() {
    for (index, field) in target.fields.enumerated() where field.shapes.contains(shape) && field.oneWay == nil {
      if !field.derivedFrom.isEmpty, shape == .create || shape == .update { continue }
      var legs: [Prediction.Leg] = []
      if !PredictionBuilder.has("constant", field) {
        let own = PredictionBuilder.meanings(of: field)
        if !own.isEmpty { legs.append(Prediction.Leg(canonical: own)) }
        for fallback in field.fallbacks where !own.isEmpty {
          switch fallback {
          case .canonical(let name): legs.append(Prediction.Leg(canonical: [name]))
          case .compose(let lines, _):
            legs.append(Prediction.Leg(canonical: lines.flatMap(PredictionBuilder.fields), isComposed: true))
          }
        }
      }
      for (place, name) in PredictionBuilder.leafNames(of: field).enumerated() {
        targets.append(
          Prediction.TargetLeaf(
            name: name, field: index, place: field.place, legs: legs,
            isRequired: field.required.contains(shape) && place == 0))
      }
    }
  }

  /// Canonical fields that a block of free text is read into, with the options given.
  private func parts(of field: Field) -> [String] {
    field.splitParts { name in options[source.name]?[name] ?? source.options.first { $0.name == name }?.value }.map(\.canonical)
  }

  private static func meanings(of field: Field) -> [String] {
    switch field.meaning {
    case .none: []
    case .canonical(let name): [name]
    case .parts(let parts): parts.map(\.canonical)
    }
  }

  /// The canonical fields in a line of `compose`.
  static func fields(in line: String) -> [String] {
    line.split(separator: "{", omittingEmptySubsequences: false).dropFirst().compactMap { piece in
      piece.firstIndex(of: "}").map { String(piece[..<$0]) }
    }
  }

  private static func has(_ name: String, _ field: Field) -> Bool { field.transforms.contains { $0.name == name } }

  // MARK: - One leaf

  private mutating func predict(_ index: Int) {
    var leaf = sources[index]
    for (targetIndex, place) in targets.enumerated() {
      for (number, leg) in place.legs.enumerated() {
        let through = leg.canonical.filter(leaf.feeds.contains)
        guard !through.isEmpty else { continue }
        leaf.edges.append(edge(index, targetIndex, number, leg, through))
        if !targets[targetIndex].feeders.contains(index) { targets[targetIndex].feeders.append(index) }
      }
    }
    defer { sources[index] = leaf }
    guard let best = leaf.edges.min(by: { rank($0) < rank($1) }) else {
      let reason = staticReason(leaf)
      leaf.usual = final(.parked(reason))
      for condition in blanks where final(.parked(.empty)) != leaf.usual {
        leaf.exceptions.append(Exception(condition: condition, outcome: .parked(.empty)))
      }
      identify(&leaf)
      leaf.parking = [reason, .empty]
      if sourceFormat.hasContainers { leaf.parking.insert(.failed) }
      return
    }
    leaf.usual = best.usual
    leaf.exceptions = best.exceptions
    // Parked is what no edge carries.
    func reasons(_ edge: Prediction.Edge) -> Set<Prediction.Reason> {
      Set(([edge.usual] + edge.exceptions.map(\.outcome)).compactMap { $0.fate == .parked ? $0.reason : nil })
    }
    let values = leaf.edges.map { reasons($0).subtracting([.empty]) }
    if values.allSatisfy({ !$0.isEmpty }) { leaf.parking.formUnion(values.joined()) }
    if leaf.edges.allSatisfy({ reasons($0).contains(.empty) }) { leaf.parking.insert(.empty) }
    if sourceFormat.hasContainers { leaf.parking.insert(.failed) }
    if source.name == CanonicalModel.name { leaf.parking.formUnion([.taken, .empty]) }
    if !parts(of: source.fields[leaf.field]).isEmpty { block(&leaf) }
    leaf.usual = final(leaf.usual)
    leaf.exceptions = leaf.exceptions.map { Exception(condition: $0.condition, outcome: final($0.outcome)) }
    identify(&leaf)
  }

  /// The states in which a leaf of the source says nothing.
  private var blanks: [Condition] { sourceHasNull ? [.null, .empty] : [.empty] }

  /// An update finds its record by the source's id: without one it is refused, whether the target writes the id or not.
  private func identify(_ leaf: inout Prediction.SourceLeaf) {
    guard leaf.feeds == ["id"], shape == .update, source.name != target.name, target.name != CanonicalModel.name else { return }
    // A canonical record that the target wrote has the target's own id.
    if source.name != CanonicalModel.name {
      leaf.exceptions.removeAll { blanks.contains($0.condition) }
    } else if leaf.edges.isEmpty, sourceFormat.hasContainers {
      leaf.exceptions.append(Exception(condition: .container, outcome: .parked(.failed)))
    }
    for condition in blanks + (sourceFormat.hasContainers ? [.container] : []) {
      let exception = Exception(condition: condition, outcome: .rejected)
      if !leaf.exceptions.contains(exception) { leaf.exceptions.append(exception) }
    }
  }

  /// Of a block of free text the parts have their places, or the whole has; it is parked where one part has none.
  private func block(_ leaf: inout Prediction.SourceLeaf) {
    let lost = lostParts(leaf)
    leaf.parking.formUnion([.taken, .failed, .empty] + lost.compactMap(\.outcome.reason))
    guard leaf.edges.contains(where: \.isPart) else {
      leaf.exceptions.removeAll { $0.condition == .read }
      leaf.exceptions += lost.filter { $0.condition == .unplaced }.map { Exception(condition: .read, outcome: $0.outcome) }
      return
    }
    var exceptions = leaf.exceptions.filter { $0.condition == .null || $0.condition == .empty }
    let whole = leaf.edges.filter { !$0.isPart }
    let wholes = Set(whole.flatMap { edge in [edge.usual] + edge.exceptions.map(\.outcome) }.filter { $0.fate != .parked })
    if wholes.isEmpty { exceptions.append(Exception(condition: .unread, outcome: .parked(.taken))) }
    for outcome in wholes.sorted(by: { $0.fate.rawValue < $1.fate.rawValue }) where outcome != .recoded {
      exceptions.append(Exception(condition: .unread, outcome: outcome))
    }
    if leaf.edges.contains(where: { $0.isPart && $0.exceptions.contains { $0.outcome.fate == .rejected } }) {
      exceptions.append(Exception(condition: .unread, outcome: .rejected))
    }
    exceptions.append(Exception(condition: .sameSpelling, outcome: .kept))
    (leaf.usual, leaf.exceptions) = (.recoded, exceptions + lost)
  }

  /// When a part of a block of free text stands nowhere: none of its ways carries it.
  private func lostParts(_ leaf: Prediction.SourceLeaf) -> [Exception] {
    var lost: [Exception] = []
    let states: [Condition] = [.null, .empty, .container, .unread]
    for part in parts(of: source.fields[leaf.field]) {
      let ways = leaf.edges.filter { $0.isPart && $0.canonical.contains(part) }
      let parking = ways.map { way in
        way.usual.fate == .parked
          ? [Exception(condition: .unplaced, outcome: way.usual)]
          : way.exceptions.filter { $0.outcome.fate == .parked && $0.outcome.reason != .empty && !states.contains($0.condition) }
      }
      let own =
        if let first = parking.first {
          parking.contains(where: \.isEmpty) ? [] : first
        } else {
          [Exception(condition: .unplaced, outcome: .parked(hasPlace(for: [part]) ? .readOnly : .noPlace))]
        }
      let refused = ways.flatMap(\.exceptions).filter { $0.outcome.fate == .rejected && !states.contains($0.condition) }
      for exception in own + refused where !lost.contains(exception) { lost.append(exception) }
    }
    return lost
  }

  /// The best way first: what is kept before what is recoded, the target's `is:` before its `or:`.
  private func rank(_ edge: Prediction.Edge) -> Int {
    let parks = edge.exceptions.count { $0.outcome.fate != .kept }
    return (edge.leg > 0 ? 10_000 : 0) + (edge.usual.fate == .kept ? 0 : 1000) + parks
  }

  private func staticReason(_ leaf: Prediction.SourceLeaf) -> Prediction.Reason {
    if !source.fields[leaf.field].derivedFrom.isEmpty { return .derived }
    return hasPlace(for: leaf.feeds) ? .readOnly : .noPlace
  }

  /// Whether the target has a field for one of these canonical ones, in whatever shape.
  private func hasPlace(for canonical: [String]) -> Bool {
    target.fields.contains { field in
      !Set(PredictionBuilder.meanings(of: field)).isDisjoint(with: canonical)
        || field.fallbacks.contains { fallback in
          switch fallback {
          case .canonical(let name): canonical.contains(name)
          case .compose(let lines, _): lines.flatMap(PredictionBuilder.fields).contains(where: canonical.contains)
          }
        }
    }
  }

  /// Canonical parks nothing: what it has no field for stands in `native`.
  private func final(_ outcome: Outcome) -> Outcome {
    guard target.name == CanonicalModel.name, source.name != CanonicalModel.name, outcome.fate == .parked
    else {
      return outcome
    }
    return Outcome(fate: .kept, isNative: true)
  }

  // MARK: - One edge

  private func edge(
    _ index: Int, _ targetIndex: Int, _ number: Int, _ leg: Prediction.Leg, _ through: [String]
  ) -> Prediction.Edge {
    let leaf = sources[index]
    let from = source.fields[leaf.field]
    let to = target.fields[targets[targetIndex].field]
    var exceptions: [Exception] = []
    func except(_ condition: Condition, _ outcome: Outcome) {
      let exception = Exception(condition: condition, outcome: outcome)
      if !exceptions.contains(exception) { exceptions.append(exception) }
    }
    var changesAlways = 0
    var mayEmpty = false
    func take(_ effect: TransformEffect, failing: Outcome) {
      if effect.alwaysChanges { changesAlways += 1 }
      for condition in effect.fails { except(condition, failing) }
      for condition in effect.changes { except(condition, .recoded) }
      for condition in effect.stays { except(condition, .kept) }
      if effect.mayEmpty { mayEmpty = true }
    }

    let isId = through == ["id"] && targetIsId(to)
    let readFailure: Outcome =
      switch from.onFail {
      case .keep: .kept
      case .reject: .rejected
      case .park, nil: .parked(.failed)
      }
    let isRequired = to.required.contains(shape)
    let writeFailure: Outcome =
      switch to.onFail {
      case .keep: .kept
      case .reject: isId && shape != .update ? .parked(.readOnly) : .rejected
      case .park: .parked(isId ? .readOnly : .failed)
      case nil: isRequired && !(isId && shape != .update) ? .rejected : .parked(isId ? .readOnly : .failed)
      }

    // What is refused on reading leaves its place blank, and nothing takes it.
    let readingFails = isRequired && number == 0 && readFailure.fate == .parked ? .rejected : readFailure
    for use in from.transforms { take(.reading(use), failing: readingFails) }
    if isRequired, number == 0, sourceFormat.hasContainers { except(.container, .rejected) }
    readParts(from, leaf, through, except, &changesAlways)
    for use in to.transforms.reversed() { take(.writing(use), failing: writeFailure) }
    take(.writing(to.writeTypes[shape] ?? to.type), failing: writeFailure)
    writeParts(
      to, through, writeFailure, isFurther: targets[targetIndex].name != to.name, except, &changesAlways)
    // The text that one line is a part of is never that line.
    let isLaterLine =
      leaf.name != from.name && PredictionBuilder.has("lines", from) && !PredictionBuilder.has("lines", to)
    if leg.isComposed {
      changesAlways += 1
      let isAccompanied = leg.canonical.contains { !through.contains($0) && isAlwaysGiven($0) }
      if isAloneInLine(through, to), !isLaterLine, !isAccompanied { except(.alone, .kept) }
    }
    if isId, shape == .update, target.name != CanonicalModel.name, source.name != target.name {
      if source.name == CanonicalModel.name { except(.mapped, .recoded) } else { changesAlways += 1 }
    }
    if changesAlways > 1, !leg.isComposed, !isLaterLine { except(.sameSpelling, .kept) }
    if isLaterLine { exceptions.removeAll { $0.condition == .sameSpelling } }
    if isNeverTaken(legs: targets[targetIndex].legs, number) {
      var edge = Prediction.Edge(
        source: index, target: targetIndex, leg: number, canonical: through, isComposed: leg.isComposed, reads: [], writes: [],
        usual: .parked(.taken), exceptions: [])
      edge.exceptions = blanks.map { Exception(condition: $0, outcome: .parked(.empty)) }
      return edge
    }
    let gates = gates(targetIndex, number, index)
    if !gates.isEmpty { except(.taken(gates), .parked(.taken)) }
    // Of a value of which nothing is left.
    if mayEmpty {
      except(.empty, .parked(.empty))
      except(.empty, .parked(.taken))
    }
    // A block that is taken apart: its parts where it is, the whole where it is not.
    let split = parts(of: from)
    let isPart = !split.isEmpty && !through.contains { PredictionBuilder.meanings(of: from).contains($0) }
    if isPart {
      changesAlways += 1
      except(.sameSpelling, .kept)
      except(.unread, isRequired && number == 0 ? .rejected : .parked(.taken))
      for condition in blanks { except(condition, isRequired && number == 0 ? .rejected : .parked(.empty)) }
    } else if !split.isEmpty {
      except(.read, .parked(.taken))
    }
    if !isPart {
      blank(leaf, targetIndex, to, number, through, own: index, isUsuallyKept: changesAlways == 0, except)
    }
    return Prediction.Edge(
      source: index, target: targetIndex, leg: number, canonical: through, isComposed: leg.isComposed, isPart: isPart,
      reads: from.transforms.filter { $0.actsOnReading && ($0.name != "block" || !split.isEmpty) }.map { reading($0) }, writes: writes(to, number, leg),
      usual: changesAlways > 0 ? .recoded : .kept,
      exceptions: changesAlways > 0 ? exceptions.filter { $0.outcome != .recoded || $0.condition.isBeside } : exceptions)
  }

  /// A leaf that is one of several of a field, or a label that is two values.
  private func readParts(
    _ field: Field, _ leaf: Prediction.SourceLeaf, _ through: [String], _ except: (Condition, Outcome) -> Void,
    _ changesAlways: inout Int
  ) {
    let names = PredictionBuilder.leafNames(of: field)
    if names.count > 1 {
      // The first line alone is the whole text; a later one has line breaks before it, a member its neighbours.
      if leaf.name == names[0] || PredictionBuilder.has("join", field) {
        except(.joined(names.filter { $0 != leaf.name }), .recoded)
      } else {
        changesAlways += 1
        except(.sameSpelling, .kept)
      }
    }
    if case .parts(let parts) = field.meaning {
      let label = parts.first { $0.part == "label" }?.canonical
      if !through.contains(label ?? "") {
        // The code alone goes on: a bare code is the whole text.
        changesAlways += 1
        except(.sameSpelling, .kept)
        except(.noCode, .parked(.taken))
      }
    }
  }

  private func writeParts(
    _ field: Field, _ through: [String], _ failing: Outcome, isFurther: Bool,
    _ except: (Condition, Outcome) -> Void, _ changesAlways: inout Int
  ) {
    let places = PredictionBuilder.leafNames(of: field).count
    if places > 1, PredictionBuilder.has("lines", field) {
      except(.moreLines(1), .recoded)
      except(.moreLines(places), .recoded)
      // Of one line the others get nothing, of several each gets its own.
      if isFurther { changesAlways += 1 }
    }
    if case .parts(let parts) = field.meaning {
      let label = parts.first { $0.part == "label" }?.canonical
      if through.contains(label ?? "") {
        if let code = parts.first(where: { $0.part == "code" })?.canonical { except(.otherCode(code), .recoded) }
      } else {
        changesAlways += 1
        // A label may be the code and nothing else.
        if label.map({ feeders[$0] != nil }) ?? false { except(.sameSpelling, .kept) }
      }
      except(.notListed(field.transforms.first { $0.name == "labelled" }?.argument?.text ?? ""), failing)
    }
  }

  private func targetIsId(_ field: Field) -> Bool {
    if case .canonical("id") = field.meaning { true } else { false }
  }

  /// Whether a line of the composed text is nothing but the field.
  private func isAloneInLine(_ through: [String], _ field: Field) -> Bool {
    field.fallbacks.contains { fallback in
      guard case .compose(let lines, _) = fallback else { return false }
      return lines.contains { line in
        PredictionBuilder.fields(in: line).contains(where: through.contains)
          && (line.hasPrefix("{") && (line.hasSuffix("}")))
      }
    }
  }

  /// What stands before the leg, or what its value is derived from, is given with `--set` in every record.
  private func isNeverTaken(legs: [Prediction.Leg], _ number: Int) -> Bool {
    guard number > 0 else { return false }
    var before = legs[..<number].flatMap(\.canonical)
    if !legs[number].isComposed { before += legs[number].canonical.flatMap { canonical[$0]?.derivedFrom ?? [] } }
    return before.contains(where: isAlwaysGiven)
  }

  /// `--set` fills what is blank, but not what could not be read, where that is no reason to refuse the record.
  private func isAlwaysGiven(_ name: String) -> Bool {
    guard sets.contains(where: { $0.field == name }) else { return false }
    let mayFail = (feeders[name] ?? []).contains { index in
      let uses = source.fields[sources[index].field].transforms
      return sourceFormat.hasContainers || uses.contains { !TransformEffect.reading($0).fails.isEmpty }
    }
    let isRequired = target.fields.contains { field in
      field.required.contains(shape) && field.onFail == nil && PredictionBuilder.meanings(of: field) == [name]
    }
    return !mayFail || isRequired
  }

  /// Who may stand in the place of a fallback: leaves that feed the `is:` and the legs before it, the bases of a
  /// derived value, and what `--set` gives.
  private func gates(_ targetIndex: Int, _ number: Int, _ own: Int) -> [String] {
    let legs = targets[targetIndex].legs
    guard number > 0 else { return [] }
    var before = legs[..<number].flatMap(\.canonical)
    if !legs[number].isComposed { before += legs[number].canonical.flatMap { canonical[$0]?.derivedFrom ?? [] } }
    var given: [String] = []
    for name in before where sets.contains(where: { $0.field == name }) && !given.contains("--set \(name)") {
      given.append("--set \(name)")
    }
    return names(feeding: before, but: own) + given
  }

  // MARK: - Null and empty

  private var sourceHasNull: Bool { sourceFormat.isJSON || sourceFormat == .xml && source.xml.nilAttribute != nil }

  /// What becomes of a blank value, where it is not as usual.
  private func blank(
    _ leaf: Prediction.SourceLeaf, _ place: Int, _ to: Field, _ number: Int, _ through: [String], own: Int,
    isUsuallyKept: Bool, _ except: (Condition, Outcome) -> Void
  ) {
    let legs = targets[place].legs
    let others = legs.indices.dropFirst().filter { !isNeverTaken(legs: legs, $0) }.flatMap { legs[$0].canonical }
    // Of several lines, or of the two parts of a label, one stands for all.
    let siblings = sources.filter { $0.field == leaf.field && $0.name != leaf.name }.map(\.name)
    var parts: [String] = []
    var isCode = false
    if case .parts(let all) = to.meaning {
      parts = names(feeding: all.map(\.canonical).filter { !through.contains($0) }, but: own)
      isCode = !through.contains(all.first { $0.part == "label" }?.canonical ?? "")
    }
    let given = (legs[0].canonical + others).filter { name in sets.contains { $0.field == name } }
    let isGiven =
      PredictionBuilder.has("default", to) || given.contains { through.contains($0) || isAlwaysGiven($0) }
    let filling = names(feeding: others, but: own) + siblings + parts + given.map { "--set \($0)" }
    let isRequired = to.required.contains(shape)
    if number > 0 {
      for condition in blanks { except(condition, isRequired && !isGiven && filling.isEmpty ? .rejected : .parked(.empty)) }
      return
    }
    if isGiven {
      for condition in blanks { except(condition, .parked(.empty)) }
      return
    }
    if isRequired {
      if !filling.isEmpty { except(.filled(filling), .parked(.empty)) }
      for condition in blanks { except(condition, .rejected) }
      return
    }
    func writes(_ condition: Condition) -> Bool {
      // What a create cannot do without, an update cannot empty.
      if shape == .update, to.required.contains(.create) { return false }
      if condition == .empty { return to.writesEmpties ?? target.writesEmpties }
      return targetHasNull(to) && to.writesNulls ?? target.writesNulls
    }
    let written = blanks.filter(writes)
    if !filling.isEmpty, !written.isEmpty { except(.filled(filling), .parked(.empty)) }
    if sourceHasNull, !written.isEmpty {
      // Empty is more than null; of a label it is the label that counts.
      if !siblings.isEmpty { except(.nullBeside(siblings), writes(.empty) ? .recoded : .parked(.empty)) }
      if isCode, !parts.isEmpty {
        except(.nullBeside(parts), writes(.empty) ? .recoded : .parked(.empty))
        except(.emptyBeside(parts), writes(.null) ? .recoded : .parked(.empty))
      }
    }
    for condition in blanks {
      if !writes(condition) { except(condition, .parked(.empty)) } else if !isUsuallyKept { except(condition, .kept) }
    }
  }

  /// The source leaves, but one, that give one of these canonical fields a value.
  private func names(feeding canonical: [String], but own: Int) -> [String] {
    var names: [String] = []
    for feeder in canonical.flatMap({ feeders[$0] ?? [] }) where feeder != own && !names.contains(sources[feeder].name) {
      names.append(sources[feeder].name)
    }
    return names
  }

  private func targetHasNull(_ field: Field) -> Bool {
    switch targetFormat {
    case .json, .ndjson: true
    case .xml: target.xml.nilAttribute != nil && !(field.formatNames[.xml]?.hasPrefix("@") ?? false)
    case .csv, .form: false
    }
  }

  // MARK: - Steps in words

  private func step(_ use: TransformUse, _ system: System, isReading: Bool = false) -> Prediction.Step {
    let spec = transforms.first { $0.name == use.name }
    // Which spelling is written is nothing to who reads them.
    var text = isReading && use.name == "choice" ? use.name : use.text
    for option in system.options
    where !isReading && use.parameters.contains(where: { $0.value.text == "option.\(option.name)" }) {
      text += "=\(options[system.name]?[option.name] ?? option.value)"
    }
    return Prediction.Step(
      text: text, inverse: spec?.inverse ?? .none, loses: spec?.loses ?? "", place: use.place)
  }

  private func reading(_ use: TransformUse) -> Prediction.Step {
    var step = step(use, source, isReading: true)
    // Lines are lost where they are written.
    if use.name == "lines" { step.loses = "" }
    return step
  }

  private func writes(_ field: Field, _ number: Int, _ leg: Prediction.Leg) -> [Prediction.Step] {
    var steps: [Prediction.Step] = []
    if leg.isComposed {
      let spec = transforms.first { $0.name == "compose" }
      steps.append(
        Prediction.Step(
          text: "compose", inverse: spec?.inverse ?? .none, loses: spec?.loses ?? "", place: field.place))
    }
    return steps + field.transforms.reversed().filter(\.actsOnWriting).map { step($0, target) }
  }

  // MARK: - What nothing of the source gives

  private mutating func supply(_ index: Int) {
    let field = target.fields[targets[index].field]
    guard targets[index].name == field.name else { return }
    let isFed = !targets[index].feeders.isEmpty
    var supplies: [Prediction.Supply] = []
    for use in field.transforms where use.name == "constant" || use.name == "default" {
      let isConstant = use.name == "constant"
      supplies.append(
        Prediction.Supply(
          kind: isConstant ? .constant : .default, value: use.argument?.text ?? "", isAlways: isConstant || !isFed))
    }
    for leg in targets[index].legs {
      for (name, value) in sets where leg.canonical.contains(name) {
        supplies.append(
          Prediction.Supply(kind: .set, value: "\(name)=\(PredictionBuilder.text(value))", isAlways: !isFed))
      }
    }
    if let value = field.defaultValue, value.shapes.contains(shape) {
      supplies.append(
        Prediction.Supply(
          kind: .default, value: PredictionBuilder.text(value.value), isAlways: !isFed && supplies.isEmpty))
    }
    if supplies.isEmpty, !targets[index].isRequired, targetFormat.hasContainers, standsInFront(index) {
      supplies.append(Prediction.Supply(kind: .gap, value: targetHasNull(field) ? "null" : "empty", isAlways: false))
    }
    targets[index].supplies = supplies
  }

  /// Whether a leaf is the first of an element of a list in which elements behind it may be written.
  private func standsInFront(_ index: Int) -> Bool {
    // Few mappings have elements by number, and every run works its prediction out.
    guard let own = PathStep.parse(targets[index].name), own.contains(where: { if case .index = $0 { true } else { false } }) else { return false }
    let paths = targets.map { PathStep.parse($0.name) ?? [] }
    return own.indices.contains { depth in
      guard case .index(let number) = own[depth], !paths[..<index].contains(where: { $0.starts(with: own[...depth]) }) else { return false }
      return paths.indices.contains { other in
        guard paths[other].count > depth, paths[other].starts(with: own[..<depth]), case .index(let behind) = paths[other][depth] else { return false }
        return behind > number && !targets[other].feeders.isEmpty
      }
    }
  }

  private static func text(_ value: Tree) -> String {
    switch value {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .number(let characters), .text(let characters): String(decoding: characters, as: UTF8.self)
    case .object, .array: ""
    }
  }
}

extension Format {
  /// Objects and lists may stand in a field's place.
  fileprivate var hasContainers: Bool { isJSON || self == .xml }
}
