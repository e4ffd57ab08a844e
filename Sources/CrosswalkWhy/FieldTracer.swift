import CrosswalkExplain
import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkPipeline
import CrosswalkRoute

/// Follows single values of a record that stands in its plan's registers. A plan has no steps for transforms that change nothing, and
/// keeps no values between its steps: here each transform of a field is made once more and applied after the other, as
/// the plan does it.
struct FieldTracer {
  private let record: WatchedRecord
  private let plan: Plan
  private let frame: Frame
  private let tables: Tables
  /// What came back as it stood, by its path: objects and lists in the place of a field, and values that no field names.
  private let returned: [(path: String, value: Tree)]

  init(_ record: WatchedRecord) {
    self.record = record
    plan = record.plan
    frame = record.plan.frame
    tables = Tables(record.settings.tables)
    let own = Set(record.plan.targetLeaves.filter { $0.leaf.field < 0 }.map(\.leaf.name))
    returned = record.plan.extras.compactMap { extra -> (path: String, value: Tree)? in
      if case .name(let first)? = extra.path.first, own.contains(first) { return nil }
      return (PathStep.text(extra.path), extra.value)
    }
  }

  /// - field: nil for all.
  func answer(to name: String?, _ found: OutputRecord) -> WhyAnswer {
    var fields: [WhyAnswer.Field] = []
    var edits = 0
    for index in plan.targetLeaves.indices {
      let isAsked = name.map { plan.targetLeaves[index].leaf.name == $0 } ?? true
      let traced = trace(index, found, isBrief: !isAsked)
      if isAsked { fields.append(traced) } else if !traced.isAsWritten { edits += 1 }
    }
    let names = Set(plan.targetLeaves.map(\.leaf.name))
    var unnamed = found.unnamed
    for one in returned where !names.contains(one.path) {
      let now = unnamed.removeValue(forKey: one.path)
      // The reader may cut a value that stands beside mapped ones into several.
      let parts = now == nil ? unnamed.keys.filter { $0.hasPrefix(one.path + ".") || $0.hasPrefix(one.path + "[") } : []
      for part in parts { unnamed[part] = nil }
      var field = WhyAnswer.Field(name: one.path, place: nil, isSecret: false, origin: origin)
      field.written = one.value
      field.now = parts.isEmpty ? now?.value.value : one.value
      field.nowBytes = now?.value.bytes
      field.isAsWritten = isSame(field.written, field.now)
      if name.map({ $0 == one.path }) ?? true { fields.append(field) } else if !field.isAsWritten { edits += 1 }
    }
    var hasOtherId = false
    if let id = plan.targetLeaves.firstIndex(where: { $0.isId || $0.leaf.name == "id" }) {
      hasOtherId = !trace(id, found, isBrief: true).isAsWritten
    }
    return WhyAnswer(
      output: found.record, input: .init(source: record.source, number: record.number, bytes: record.bytes),
      from: .init(plan.source.name, format: plan.sourceFormat), to: .init(plan.target.name, format: plan.targetFormat),
      shape: plan.shape, fields: fields, otherEdits: edits, hasOtherId: hasOtherId,
      unnamed: unnamed.values.reduce(0) { $0 + $1.leaves })
  }

  private var origin: WhyAnswer.Origin { plan.restoration?.line != nil ? .residue : .native }

  // MARK: - The target's side

  /// - isBrief: only what was written and what stands there.
  private func trace(_ index: Int, _ found: OutputRecord, isBrief: Bool) -> WhyAnswer.Field {
    let leaf = plan.targetLeaves[index].leaf
    var answer = WhyAnswer.Field(
      name: leaf.name, place: leaf.field < 0 ? nil : plan.target.fields[leaf.field].place,
      isSecret: leaf.field >= 0 && plan.target.fields[leaf.field].isSecret, origin: .run)
    let now = found.values[leaf.name]
    answer.now = now?.value
    answer.nowBytes = now?.bytes
    guard leaf.field >= 0 else {
      // What `native` holds has its own fields and paths, also secret ones.
      answer.isSecret = leaf.name == "native" && plan.source.fields.contains(where: \.isSecret)
      answer.written = tree(frame.slots[leaf.register])
      answer.isAsWritten = leaf.name == "native" || isSame(answer.written, answer.now)
      if answer.written == nil { (answer.origin, answer.reason) = (.nothing, "canonical has a field for all that this record has") }
      return answer
    }
    if let returned = returned.first(where: { $0.path == leaf.name }) {
      answer.written = returned.value
      answer.isAsWritten = isSame(answer.written, answer.now)
      answer.origin = origin
      return answer
    }
    answer.written = tree(plan.asWritten(index))
    answer.isAsWritten = isSame(answer.written, answer.now)
    if !isBrief { explain(index, &answer) }
    return answer
  }

  private func explain(_ index: Int, _ answer: inout WhyAnswer.Field) {
    let leaf = plan.targetLeaves[index].leaf
    let field = plan.target.fields[leaf.field]
    let places = plan.targetLeaves.indices.filter { plan.targetLeaves[$0].leaf.field == leaf.field }
    let first = places[0]
    let isConstant = field.transforms.contains { $0.name == "constant" }
    let taken = Int(plan.state.legs[first])
    if !isConstant { legs(of: field, taken, &answer) }

    // The value on its way, as far as the mapping files lead it.
    var slot = value(of: field, leg: taken)
    answer.taken = tree(slot)
    let whole = slot
    if places.count > 1 {
      slot = frame.slots[leaf.register].asRead
      if let use = field.transforms.first(where: { $0.name == "lines" || $0.name == "join" }), !whole.isBlank {
        answer.steps.append(.init(text: use.text, place: use.place, before: tree(whole), after: tree(slot)))
      }
    } else if case .parts = field.meaning {
      slot = frame.slots[leaf.register].asRead
      if let use = field.transforms.first(where: { $0.name == "labelled" }), !whole.isBlank, !plan.isDefault(first) {
        answer.steps.append(
          .init(
            text: use.text, place: use.place, before: tree(whole), after: tree(slot),
            isRefused: plan.state.failedTargets.contains(first), isKept: field.onFail == .keep))
      }
    } else if !isConstant {
      slot = write(slot, field, &answer)
    }

    let stands = frame.slots[leaf.register]
    if plan.isDefault(first) {
      answer.origin = isConstant ? .constant : .default
    } else if stands.isRestored || (plan.restoration?.line != nil || plan.isOfCanonical) && !same(slot, stands) {
      answer.origin = origin
    } else if !stands.isBlank, !answer.canonical.isEmpty, answer.canonical.allSatisfy({ $0.isSet || isBlank($0.value) }) {
      answer.origin = .set
    } else if stands.isAbsent {
      answer.origin = .nothing
    } else {
      // What the residue's line leads back out of a fallback has no feeder of its own.
      answer.origin = answer.canonical.contains { !isBlank($0.value) && feeders(of: $0.name).isEmpty } ? .residue : .source
    }
    answer.isUnfed = !plan.targetLeaves[index].isFed
    if answer.sources.contains(where: \.isSecret) { answer.isSecret = true }
    if isBlank(answer.written) { answer.reason = reason(index, answer, whole, stands) }
  }

  /// What the leg gives, before the field's transforms.
  private func value(of field: Field, leg: Int) -> Slot {
    if leg > 0, leg <= field.fallbacks.count {
      switch field.fallbacks[leg - 1] {
      case .canonical(let name): return plan.canonical(name) ?? .absent
      case .compose(let lines, _): return plan.composed(lines)
      }
    }
    // Of a code and its label the label, where there is one.
    let values = field.meanings.map { plan.canonical($0) ?? .absent }
    return values.last { !$0.isBlank } ?? values.first { !$0.isAbsent } ?? .absent
  }

  /// The transforms in write order, then the kind. What comes out, absent when it is refused.
  /// - isGiven: it stands in for a value that was refused; a literal one is not converted.
  private func write(
    _ start: Slot, _ field: Field, _ answer: inout WhyAnswer.Field, isGiven: Bool = false, isLiteral: Bool = false
  ) -> Slot {
    var slot = start
    guard !slot.isBlank else { return slot }
    for use in field.transforms.reversed() where use.name != "default" && !isLiteral {
      guard let transform = make(use, plan.target) else { continue }
      let next = slot.isBlank ? slot : transform.write(slot, frame)
      var step = WhyAnswer.Step(text: use.text, place: use.place, before: tree(slot), after: next.flatMap(tree))
      step.isRefused = next == nil
      step.isKept = field.onFail == .keep
      step.given = given(use)
      answer.steps.append(step)
      if next == nil, !isGiven, let use = standIn(.target, answer.name, field.place, for: start, &answer.steps) {
        return write(use.text, field, &answer, isGiven: true, isLiteral: use.isLiteral)
      }
      guard let next else { return field.onFail == .keep ? start : .absent }
      slot = next
    }
    let type = field.writeTypes[plan.shape] ?? field.type
    switch type {
    case .integer, .boolean, .instant:
      guard !slot.isBlank else { return slot }
      let next = plan.converted(slot, to: type)
      answer.steps.append(
        .init(text: "type: \(type)", place: field.place, before: tree(slot), after: next.flatMap(tree), isRefused: next == nil,
          isKept: field.onFail == .keep))
      return next ?? (field.onFail == .keep ? start : .absent)
    case .text, .lines, .code, .choice: return slot
    }
  }

  /// What a person gave in the place of a value that does not convert, as a step of its own.
  private func standIn(
    _ side: RecordState.Side, _ leaf: String, _ place: Place, for value: Slot, _ steps: inout [WhyAnswer.Step]
  ) -> (text: Slot, isLiteral: Bool)? {
    guard let use = plan.replacedLeaves.first(where: { $0.side == side && $0.name == leaf })?.use else { return nil }
    let text = frame.store(use.text)
    steps.append(.init(text: use.isLiteral ? "as given, as it stands" : "as given", place: place, before: tree(value), after: tree(text)))
    return (text, use.isLiteral)
  }

  private func given(_ use: TransformUse) -> [(name: String, value: Tree?)] {
    guard let name = use.parameter("in") else { return [] }
    return [(name, plan.canonical(name).flatMap(tree))]
  }

  private func make(_ use: TransformUse, _ system: System) -> Transform? {
    TransformTable.make(
      TransformContext(
        use: use,
        options: { name in
          record.settings.options[system.name]?[name] ?? system.options.first { $0.name == name }?.value
        }, optionChoices: { name in system.options.first { $0.name == name }?.choices ?? [] }, tables: tables, of: plan))
  }

  // MARK: - Where it comes from

  private func legs(of field: Field, _ taken: Int, _ answer: inout WhyAnswer.Field) {
    var all: [(text: String, names: [String], isComposed: Bool)] = []
    switch field.meaning {
    case .none: return
    case .canonical(let name): all.append(("is: \(name)", [name], false))
    case .parts(let parts):
      all.append(("is: { \(parts.map { "\($0.part): \($0.canonical)" }.joined(separator: ", ")) }", parts.map(\.canonical), false))
    }
    for fallback in field.fallbacks {
      switch fallback {
      case .canonical(let name): all.append(("or: \(name)", [name], false))
      case .compose(let lines, _):
        all.append(("or: compose of \(lines.count) line\(lines.count == 1 ? "" : "s")", fallback.canonicalNames, true))
      }
    }
    let isBlank = value(of: field, leg: taken).isBlank
    for (number, leg) in all.enumerated() {
      var one = WhyAnswer.Leg(number: number, text: leg.text, isTaken: number == taken && !isBlank)
      if number > taken, !isBlank {
        one.why = "not needed"
      } else if number > 0, let primary = all[0].names.first, plan.hasFailed(canonical: primary) {
        one.why = "not tried: `\(primary)` failed on reading"
      } else if !one.isTaken {
        one.why = whyBlank(leg.names, isComposed: leg.isComposed)
      }
      answer.legs.append(one)
    }
    // The sources of what was taken; of all legs where nothing was.
    let names = isBlank ? all.flatMap(\.names) : all[min(taken, all.count - 1)].names
    var seen: Set<String> = []
    for name in names where seen.insert(name).inserted {
      guard let slot = plan.canonical(name) else { continue }
      var feeders = feeders(of: name)
      if feeders.isEmpty, !slot.isBlank { feeders = carriers(of: name) }
      // Of many values those that say something.
      if slot.isBlank, !isBlank, names.count > 1 { continue }
      answer.canonical.append(
        .init(
          name: name, value: tree(slot), isSet: plan.isSet(canonical: name),
          isSecret: feeders.contains { plan.source.fields[plan.sourceLeaves[$0].field].isSecret }))
      for leaf in feeders where !answer.sources.contains(where: { $0.name == plan.sourceLeaves[leaf].name }) {
        let source = self.source(leaf)
        if feeders.count > 1, source.value == nil, feeders.first != leaf { continue }
        answer.sources.append(source)
      }
    }
  }

  private func feeders(of canonical: String) -> [Int] {
    guard let index = plan.model.index(of: canonical) else { return [] }
    return plan.feeds.indices.filter { plan.sourceLeaves[$0].field >= 0 && plan.feeds[$0].contains(index) }
  }

  /// Leaves that took a canonical value through a fallback on the way there, and give it back.
  private func carriers(of canonical: String) -> [Int] {
    guard let line = plan.restoration?.line else { return [] }
    return plan.sourceLeaves.indices.filter { index in
      let leaf = plan.sourceLeaves[index]
      guard leaf.field >= 0, let leg = line.via[leaf.name], leg > 0 else { return false }
      let fallbacks = plan.source.fields[leaf.field].fallbacks
      return leg <= fallbacks.count && fallbacks[leg - 1].canonicalNames.contains(canonical)
    }
  }

  private func whyBlank(_ names: [String], isComposed: Bool) -> String {
    if isComposed, names.allSatisfy({ plan.canonical($0)?.isBlank ?? true }) { return "none of its \(names.count) values is there" }
    var reasons: [String] = []
    for reason in names.map({ whyBlank($0) }) where !reasons.contains(reason) { reasons.append(reason) }
    return reasons.joined(separator: "; ")
  }

  private func whyBlank(_ name: String) -> String {
    let feeders = feeders(of: name)
    guard let slot = plan.canonical(name), !feeders.isEmpty || !slot.isBlank else {
      return "\(plan.source.name) has no field for it"
    }
    guard slot.isBlank else {
      let bases = (plan.model[name]?.derivedFrom ?? []).filter { !(plan.canonical($0)?.isBlank ?? true) }
      return bases.isEmpty ? "not needed" : "not taken, since it repeats \(bases.map { "`\($0)`" }.joined(separator: ", "))"
    }
    if plan.hasFailed(canonical: name) { return "`\(plan.sourceLeaves[feeders[0]].name)` did not convert on reading" }
    let states = feeders.map { leaf -> (name: String, state: String) in
      let slot = plan.aside.first { $0.leaf == leaf }?.value ?? frame.slots[plan.sourceLeaves[leaf].register]
      return (plan.sourceLeaves[leaf].name, FieldTracer.state(slot) ?? "gives nothing for it")
    }
    return states.map { $0.state.hasPrefix("gives") ? "`\($0.name)` \($0.state)" : "`\($0.name)` is \($0.state)" }.joined(separator: ", ")
  }

  private static func state(_ slot: Slot) -> String? {
    switch slot.kind {
    case .absent: "absent"
    case .null: "null"
    case .text: slot.length == 0 ? "empty" : nil
    case .false, .true, .number, .emptyObject, .emptyArray, .subtree: nil
    }
  }

  private func source(_ index: Int) -> WhyAnswer.Source {
    let leaf = plan.sourceLeaves[index]
    let field = plan.source.fields[leaf.field]
    let aside = plan.aside.first { $0.leaf == index }?.value
    let slot = aside ?? frame.slots[leaf.register]
    var source = WhyAnswer.Source(
      name: leaf.name, place: field.place, value: tree(slot), bytes: record.bytes(of: slot), steps: [],
      canonical: plan.feeds[index].map { plan.model.fields[$0].name }, isSecret: field.isSecret)
    source.isTranslated = plan.hasIdMap && index == plan.idLeaf && !plan.isOwnRecord
    if source.bytes != nil, slot.isEscaped { source.raw = String(decoding: frame.raw(slot), as: UTF8.self) }
    if !slot.isAbsent, !plan.contributes(index) { source.parked = "\(plan.parkingReason(index))" }
    let places = plan.sourceLeaves.indices.filter { plan.sourceLeaves[$0].field == leaf.field }
    if aside != nil {
      source.steps.append(
        .init(text: "type: \(field.type)", place: field.place, before: source.value, after: nil, isRefused: true))
    } else if places.count > 1 {
      if let use = field.transforms.first(where: { $0.name == "lines" || $0.name == "join" }), !slot.isBlank {
        source.steps.append(
          .init(text: use.text, place: use.place, before: source.value, after: source.canonical.first.flatMap { plan.canonical($0) }.flatMap(tree)))
      }
    } else if case .parts(let parts) = field.meaning {
      if let use = field.transforms.first(where: { $0.name == "labelled" }), !slot.isBlank {
        for part in parts {
          source.steps.append(
            .init(text: "\(use.text), the \(part.part)", place: use.place, before: source.value, after: plan.canonical(part.canonical).flatMap(tree)))
        }
      }
    } else if plan.feeds[index].count > 1, let use = field.transforms.first(where: { $0.name == "block" }) {
      for part in field.blockParts {
        guard let value = plan.canonical(part.canonical), !value.isBlank else { continue }
        source.steps.append(.init(text: "\(use.text), the \(part.part)", place: use.place, before: source.value, after: tree(value)))
      }
    } else {
      read(slot, field, &source)
    }
    return source
  }

  private func read(_ start: Slot, _ field: Field, _ source: inout WhyAnswer.Source, isGiven: Bool = false) {
    var slot = start
    for use in field.transforms where !slot.isBlank && use.name != "default" && use.name != "constant" {
      guard let transform = make(use, plan.source) else { continue }
      let next = transform.read(slot, frame)
      source.steps.append(
        .init(
          text: use.text, place: use.place, before: tree(slot), after: next.flatMap(tree), isRefused: next == nil,
          isKept: field.onFail == .keep))
      if next == nil, !isGiven, let use = standIn(.source, source.name, field.place, for: start, &source.steps) {
        return use.isLiteral ? () : read(use.text, field, &source, isGiven: true)
      }
      guard let next else { return }
      slot = next
    }
  }

  // MARK: - Why nothing stands there

  private func reason(_ index: Int, _ answer: WhyAnswer.Field, _ whole: Slot, _ stands: Slot) -> String {
    let target = plan.targetLeaves[index]
    let field = plan.target.fields[target.leaf.field]
    if let refused = answer.steps.first(where: \.isRefused) ?? answer.sources.lazy.flatMap(\.steps).first(where: \.isRefused) {
      return "`\(refused.text)` refuses the value, which was parked: nothing stands for it"
    }
    if case .none = field.meaning { return "its mapping says `is: none`: only \(plan.target.name)'s own values come back there" }
    if !target.isFed { return "\(plan.source.name) has no field for it" }
    if stands.kind == .null || stands.isEmptyText {
      let state = stands.kind == .null ? "null" : "empty"
      if !isBlank(answer.written) || answer.written != nil { return "it is \(state) in the source" }
      if stands.kind == .null, !plan.targetHasNull { return "it is null in the source, and \(plan.targetFormat) has no null" }
      return plan.shape == .update && field.required.contains(.create)
        ? "it is \(state) in the source, and an update never empties it"
        : "it is \(state) in the source, and \(plan.target.name) leaves such out"
    }
    if plan.targetLeaves.indices.first(where: { plan.targetLeaves[$0].leaf.field == target.leaf.field }) != index, !whole.isBlank {
      return "the text has no further line for it"
    }
    return "the source says nothing"
  }

  // MARK: - Values

  private func tree(_ slot: Slot) -> Tree? {
    slot.isAbsent ? nil : Native.literal(slot.asRead, frame: frame, format: plan.sourceFormat)
  }

  private func isBlank(_ tree: Tree?) -> Bool {
    switch tree {
    case nil, .null?: true
    case .text(let text)?: text.isEmpty
    case .bool?, .number?, .object?, .array?: false
    }
  }

  /// Kinds count where the format has them.
  private func isSame(_ written: Tree?, _ now: Tree?) -> Bool {
    if written == now { return true }
    guard !plan.targetFormat.isJSON else { return false }
    if let written, let now, FieldTracer.isContainer(written) || FieldTracer.isContainer(now) {
      return FieldTracer.withoutKinds(written) == FieldTracer.withoutKinds(undeclared(now, unless: written))
    }
    guard let a = written.flatMap(FieldTracer.literal), let b = now.flatMap(FieldTracer.literal) else {
      return false
    }
    return a == b
  }

  private static func isContainer(_ tree: Tree) -> Bool {
    switch tree {
    case .object, .array: true
    case .null, .bool, .number, .text: false
    }
  }

  /// Without the attributes that declare a kind, which the writer gives an element by its field.
  private func undeclared(_ now: Tree, unless written: Tree) -> Tree {
    guard plan.targetFormat == .xml, case .object(let members) = now else { return now }
    let declared = [plan.target.xml.typeAttribute, plan.target.xml.nilAttribute].compactMap { $0.map { "@" + $0 } }
    return .object(members.filter { member in
      let name = String(decoding: member.name, as: UTF8.self)
      return !declared.contains(name) || written[name] != nil
    })
  }

  /// As formats without kinds have it: all is text, and one element is as good as a list of one.
  private static func withoutKinds(_ tree: Tree) -> Tree {
    switch tree {
    case .object(let members): .object(members.map { .init($0.name, withoutKinds($0.value)) })
    case .array(let items): items.count == 1 ? withoutKinds(items[0]) : .array(items.map(withoutKinds))
    case .null: .text([])
    case .bool, .number, .text: .text(literal(tree) ?? [])
    }
  }

  private func same(_ a: Slot, _ b: Slot) -> Bool { tree(a) == tree(b) }

  private static func literal(_ tree: Tree) -> [UInt8]? {
    switch tree {
    case .bool(let value): Array((value ? "true" : "false").utf8)
    case .number(let text), .text(let text): text
    case .null, .object, .array: nil
    }
  }
}
