import CrosswalkFormats
package import CrosswalkMapping
package import CrosswalkModel
import CrosswalkYAML

/// What a plan is compiled from, besides the two systems.
package struct PlanSettings {
  package var canonical: CanonicalModel
  package var tables: (String) -> Table?
  /// `--option SYSTEM.NAME=VALUE`, by system.
  package var options: [String: [String: String]] = [:]
  /// `--set FIELD=VALUE`: canonical field and literal, in the order given.
  package var sets: [(field: String, value: Tree)] = []
  /// Records get the target's own ids (`RecordState.translatedId`).
  package var mapsIds = false
  /// What stands in for values that do not convert, on the way there.
  package var values: Replacements?

  package init(canonical: CanonicalModel, tables: @escaping (String) -> Table?) {
    self.canonical = canonical
    self.tables = tables
  }
}

/// Hands out registers and constants, and builds the two halves of a way: source → canonical, canonical → target.
struct PlanBuilder {
  let settings: PlanSettings
  let tables: Tables
  private(set) var registers = 0
  private(set) var pool: [UInt8] = []
  private var rules: BlockRules?

  init(settings: PlanSettings) {
    self.settings = settings
    tables = Tables(settings.tables)
  }

  @inline(never) mutating func register() -> Int {
    registers += 1
    return registers - 1
  }

  @inline(never) mutating func constant(_ tree: Tree) -> Slot {
    func stored(_ bytes: [UInt8], _ kind: Kind) -> Slot {
      let slot = Slot(kind, offset: pool.count, length: bytes.count, space: .pool)
      pool += bytes
      return slot
    }
    switch tree {
    case .null: return .null
    case .bool(let value): return BooleanTransform.slot(value)
    case .number(let characters): return stored(characters, .number)
    case .text(let text): return stored(text, .text)
    case .object, .array: return .absent
    }
  }

  // MARK: - Source → canonical

  struct ReadHalf {
    var leaves: [MappedLeaf] = []
    var steps: [PlanStep] = []
    /// Per canonical field the register that holds it; nil where this system never feeds it.
    var canonical: [Int?]
    /// Per leaf, the canonical fields it feeds.
    var feeds: [[Int]] = []
    /// Texts that are taken apart, by the leaf's index.
    var blocks: [(leaf: Int, step: BlockStep)] = []
  }

  /// - place: the register of a leaf that stands somewhere already (the target's, on the way back); nil makes new ones.
  @inline(never) mutating func read(
    _ system: System, place: ((String) -> Int)? = nil, replacements: Replacements? = nil
  ) -> ReadHalf {
    let model = settings.canonical
    var half = ReadHalf(canonical: [Int?](repeating: nil, count: model.fields.count))
    // Registers of the record come first and together: the reader clears them as one.
    var fieldLeaves: [[Int]] = []
    for (index, field) in system.fields.enumerated() {
      var own: [Int] = []
      for (path, name) in PlanBuilder.places(of: field) {
        let register = place?(name) ?? self.register()
        own.append(half.leaves.count)
        half.leaves.append(
          MappedLeaf(name: name, path: path, field: index, register: register, layout: Layout.Leaf(register: register)))
        half.feeds.append([])
      }
      fieldLeaves.append(own)
    }
    for (index, field) in system.fields.enumerated() {
      let leaves = fieldLeaves[index]
      let register = half.leaves[leaves[0]].register
      switch field.meaning {
      case .none: continue
      case .parts(let parts):
        guard let codeName = parts.first(where: { $0.part == "code" })?.canonical,
          let labelName = parts.first(where: { $0.part == "label" })?.canonical,
          let code = model.index(of: codeName), let label = model.index(of: labelName)
        else { continue }
        let (codeRegister, labelRegister) = (self.register(), self.register())
        half.canonical[code] = codeRegister
        half.canonical[label] = labelRegister
        half.feeds[leaves[0]] += [code, label]
        half.steps.append(
          LabelledStep(
            field: register, code: codeRegister, label: labelRegister, leaf: leaves[0], isReading: true, table: nil,
            generations: [], policy: .park, name: half.leaves[leaves[0]].name, replacements: replacements))
      case .canonical(let name):
        guard let canonical = model.index(of: name) else { continue }
        for leaf in leaves { half.feeds[leaf].append(canonical) }
        let split = field.splitParts { option($0, of: system) }
        if !split.isEmpty, let rules = blockRules() {
          let whole = self.register()
          half.canonical[canonical] = whole
          var parts: [(name: String, to: Int)] = []
          for (part, name) in split {
            guard let index = model.index(of: name) else { continue }
            let to = self.register()
            half.canonical[index] = to
            half.feeds[leaves[0]].append(index)
            parts.append((part, to))
          }
          let step = BlockStep(from: register, whole: whole, parts: parts, leaf: leaves[0], rules: rules)
          half.blocks.append((leaves[0], step))
          half.steps.append(step)
          continue
        }
        if leaves.count > 1 {
          let whole = self.register()
          half.canonical[canonical] = whole
          let fields = leaves.map { half.leaves[$0].register }
          if let join = field.transforms.first(where: { $0.name == "join" }) {
            half.steps.append(JoinStep(members: fields, whole: whole, joint: PlanBuilder.joint(join), isReading: true))
          } else {
            half.steps.append(LinesStep(fields: fields, whole: whole, isReading: true))
          }
          continue
        }
        let made = field.transforms.compactMap { make($0, system, canonical: { _ in nil }) }.filter { !$0.readsUnchanged }
        #if CROSSWALK_MUTANTS
          let transforms = Mutant.spoil(made, field: index, of: system, reading: true)
        #else
          let transforms = made
        #endif
        if transforms.isEmpty {
          half.canonical[canonical] = register
        } else {
          let to = self.register()
          half.canonical[canonical] = to
          half.steps.append(ReadStep(
              from: register, to: to, leaf: leaves[0], transforms: transforms,
              policy: field.onFail == .keep ? .keep : field.onFail == .reject ? .reject : .park,
              name: half.leaves[leaves[0]].name, replacements: replacements))
        }
      }
    }
    if settings.mapsIds, place == nil, let id = model.index(of: "id"), let from = half.canonical[id] {
      let to = register()
      half.canonical[id] = to
      half.steps.append(IdStep(from: from, to: to))
    }
    #if CROSSWALK_MUTANTS
      Mutant.spoil(read: &half, of: system, &self)
    #endif
    return half
  }

  /// The places of a field's values: its own, and its neighbours' (`lines`, `join`).
  @inline(never) static func places(of field: Field) -> [(path: [PathStep], name: String)] {
    let own = [(field.path, field.name)]
    if let lines = field.transforms.first(where: { $0.name == "lines" }), let names = lines.argument?.items?.compactMap(\.text) {
      return own
        + names.dropFirst().map { name in
          let path = Array(field.path.dropLast()) + [PathStep.name(name)]
          return (path, PathStep.text(path))
        }
    }
    if let join = field.transforms.first(where: { $0.name == "join" }),
      let names = join.argument?["of"]?.items?.compactMap(\.text), !names.isEmpty
    {
      return names.map { name in
        let path = field.path + [PathStep.name(name)]
        return (path, PathStep.text(path))
      }
    }
    return own
  }

  /// Once a plan, since tables are read for it.
  private mutating func blockRules() -> BlockRules? {
    if rules == nil { rules = BlockRules(tables) }
    return rules
  }

  private static func joint(_ use: TransformUse) -> [UInt8] { Array((use.argument?["with"]?.text ?? " ").utf8) }

  @inline(never) func make(
    _ use: TransformUse, _ system: System, canonical: @escaping (String) -> Int?, replacements: Replacements? = nil
  ) -> Transform? {
    var context =
      TransformContext(
        use: use, options: { option($0, of: system) },
        optionChoices: { name in system.options.first { $0.name == name }?.choices ?? [] }, tables: tables,
        canonical: canonical)
    if let replacements {
      context.replaced = { name, value in
        guard !replacements.isEmpty else { return nil }
        return system.fields.lazy.compactMap { field -> [UInt8]? in
          guard case .canonical(name) = field.meaning else { return nil }
          return replacements.use(.target, field.name, value)?.text
        }.first
      }
    }
    return TransformTable.make(context)
  }

  private func option(_ name: String, of system: System) -> String? {
    settings.options[system.name]?[name] ?? system.options.first { $0.name == name }?.value
  }

  // MARK: - --set

  /// Puts the settings' constants where the canonical value is blank. Returns the canonical fields that are set.
  /// The target's leaves as the written document would give them back, in registers of their own, by name.
  mutating func carry(
    _ targets: [TargetLeaf], of system: System, in format: Format
  ) -> (steps: [PlanStep], registers: [String: Int]) {
    let hasNull = format.isJSON || format == .xml && system.xml.nilAttribute != nil
    var steps: [PlanStep] = []
    var registers: [String: Int] = [:]
    for one in targets where one.leaf.field >= 0 {
      let to = register()
      registers[one.leaf.name] = to
      steps.append(CarryStep(from: one.leaf.register, to: to, leaf: one.leaf.layout, format: format, hasNull: hasNull))
    }
    return (steps, registers)
  }

  @inline(never) mutating func set(_ half: inout ReadHalf) {
    for (name, value) in settings.sets {
      guard let canonical = settings.canonical.index(of: name) else { continue }
      let from = half.canonical[canonical] ?? register()
      let to = register()
      half.canonical[canonical] = to
      half.steps.append(SetStep(from: from, to: to, value: constant(value), canonical: canonical))
    }
  }

  // MARK: - Canonical → target

  struct WriteHalf {
    var leaves: [TargetLeaf] = []
    var steps: [PlanStep] = []
    /// A register that stays absent, for what nothing feeds.
    var nothing = 0
    /// What keeps the elements of lists at their indexes.
    var gaps: GapStep?
  }

  /// Gives registers of their own to the target's leaves that are written out of `registers`.
  @inline(never) mutating func copy(out registers: Set<Int>, of half: inout WriteHalf) {
    var copies: [(from: Int, to: Int)] = []
    for index in half.leaves.indices where registers.contains(half.leaves[index].leaf.register) {
      let to = register()
      copies.append((half.leaves[index].leaf.register, to))
      half.leaves[index].leaf.register = to
      half.leaves[index].leaf.layout.register = to
    }
    half.steps.append(CopyStep(copies))
  }

  /// The constants as the frame wants them: with room behind them, for the caller to give back.
  @inline(never) func poolBytes() -> UnsafeMutablePointer<UInt8> {
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: pool.count + 64)
    bytes.initialize(repeating: 0, count: pool.count + 64)
    bytes.update(from: pool, count: pool.count)
    return bytes
  }

  /// - canonical: the registers of the canonical fields; nil where nothing feeds one.
  @inline(never) mutating func write(
    _ system: System, shape: Shape, format: Format, canonical: [Int?], replacements: Replacements? = nil
  ) -> WriteHalf {
    let model = settings.canonical
    var half = WriteHalf()
    let nothing = register()
    half.nothing = nothing
    func source(_ name: String) -> Int { model.index(of: name).flatMap { canonical[$0] } ?? nothing }
    for (index, field) in system.fields.enumerated() where field.shapes.contains(shape) {
      if !field.derivedFrom.isEmpty, shape == .create || shape == .update { continue }
      if field.oneWay != nil { continue }
      let isRequired = field.required.contains(shape)
      let policy: FailurePolicy =
        switch field.onFail {
        case .reject: .reject
        case .park: .park
        case .keep: .keep
        case nil: isRequired ? .reject : .park
        }
      let places = PlanBuilder.places(of: field)
      let first = half.leaves.count
      let type = field.writeTypes[shape] ?? field.type
      func leaf(_ place: Int, register: Int) -> MappedLeaf {
        let layout = PlanBuilder.leafLayout(field, of: system, shape: shape, format: format, register: register)
        return MappedLeaf(name: places[place].name, path: places[place].path, field: index, register: register, layout: layout)
      }
      var legs: [[Int]] = []
      switch field.meaning {
      case .none:
        // Nothing feeds it but what the mapping itself gives; its own values come back into it.
        for place in places.indices {
          let register = place == 0 ? finish(&half, field, nothing, leaf: first, shape: shape, primary: []) : nothing
          half.leaves.append(target(leaf(place, register: register), [], field, isRequired && place == 0, canonical))
        }
      case .parts(let parts):
        guard let codeName = parts.first(where: { $0.part == "code" })?.canonical,
          let labelName = parts.first(where: { $0.part == "label" })?.canonical,
          let use = field.transforms.first(where: { $0.name == "labelled" })
        else { continue }
        let to = register()
        let by = use.parameters.first { $0.name == "by" }?.value.text?.split(separator: ".").last.map(String.init)
        let chosen = by.flatMap { option($0, of: system) }
        let choices = by.flatMap { name in system.options.first { $0.name == name }?.choices } ?? []
        let table = use.argument?.text.flatMap { tables[$0] }
        half.steps.append(
          LabelledStep(
            field: to, code: source(codeName), label: source(labelName), leaf: first, isReading: false, table: table,
            generations: (chosen.map { [$0] } ?? []) + choices.filter { $0 != chosen }, policy: policy, name: places[0].name,
            replacements: replacements))
        legs = [[codeName, labelName].compactMap(model.index(of:))]
        half.leaves.append(
          target(leaf(0, register: finish(
                &half, field, to, leaf: first, shape: shape, primary: [source(codeName), source(labelName)])), legs, field, isRequired, canonical))
      case .canonical(let name):
        let isId = name == "id"
        var value = source(name)
        legs = [model.index(of: name).map { [$0] } ?? []]
        if !field.fallbacks.isEmpty {
          var selection: [SelectStep.Leg] = []
          for fallback in field.fallbacks {
            switch fallback {
            case .canonical(let other):
              let bases = (model[other]?.derivedFrom ?? []).map(source)
              selection.append(.init(register: source(other), bases: bases, compose: nil))
              legs.append(model.index(of: other).map { [$0] } ?? [])
            case .compose(let lines, _):
              let to = register()
              selection.append(.init(register: to, bases: [], compose: ComposeStep(lines: lines, to: to, register: source)))
              legs.append(ComposeStep.fields(in: lines).compactMap(model.index(of:)))
            }
          }
          #if CROSSWALK_MUTANTS
            selection = Mutant.spoil(selection, field: index, of: system)
          #endif
          if legs.dropFirst().joined().contains(where: { canonical[$0] != nil }) {
            let to = register()
            half.steps.append(SelectStep(primary: value, legs: selection, to: to, leaves: first..<(first + places.count)))
            value = to
          }
        }
        if places.count > 1 {
          let fields = places.map { _ in register() }
          if field.transforms.contains(where: { $0.name == "join" }) {
            half.steps.append(JoinStep(members: fields, whole: value, joint: [], isReading: false))
          } else {
            half.steps.append(LinesStep(fields: fields, whole: value, isReading: false))
          }
          for (place, to) in fields.enumerated() {
            half.leaves.append(target(leaf(place, register: to), legs, field, isRequired && place == 0, canonical))
          }
          continue
        }
        let converts = type == .integer || type == .boolean || type == .instant
        let made = field.transforms.filter { !(converts && $0.name == "case") }.compactMap {
          make($0, system, canonical: { model.index(of: $0).flatMap { canonical[$0] } }, replacements: replacements)
        }.filter { !$0.writesUnchanged }
        #if CROSSWALK_MUTANTS
          let transforms = Mutant.spoil(made, field: index, of: system, reading: false)
        #else
          let transforms = made
        #endif
        if !transforms.isEmpty || converts {
          let to = register()
          half.steps.append(
            WriteStep(
              from: value, to: to, leaf: first, transforms: transforms.reversed(), type: type,
              // An id that this system's ids cannot be is parked, whatever the shape asks of others.
              policy: isId && policy == .reject && shape != .update ? .park : policy, name: places[0].name,
              replacements: replacements))
          value = to
        }
        value = finish(&half, field, value, leaf: first, shape: shape, primary: [source(name)])
        half.leaves.append(target(leaf(0, register: value), legs, field, isRequired, canonical, isId: isId))
      }
    }
    #if CROSSWALK_MUTANTS
      Mutant.spoil(written: &half, of: system, &self)
    #endif
    // Columns and parameters have their index in their names.
    if format.isJSON || format == .xml {
      half.gaps = GapStep(
        &half.leaves, at: half.leaves.map { LayoutBuilder.written($0.leaf, in: system, format: format) },
        hasNull: { PlanBuilder.hasNull(system.fields[$0.leaf.field], system, format) }, builder: &self)
      if let gaps = half.gaps { half.steps.append(gaps) }
    }
    return half
  }

  /// How a field's value is written.
  static func leafLayout(_ field: Field, of system: System, shape: Shape, format: Format, register: Int) -> Layout.Leaf {
    let type = field.writeTypes[shape] ?? field.type
    var layout = Layout.Leaf(register: register)
    layout.isText = type != .integer && type != .boolean && type != .instant
    if writesOwnKind(field) { layout.isText = false }
    layout.writesNull = (field.writesNulls ?? system.writesNulls) && hasNull(field, system, format)
    layout.writesEmpty = field.writesEmpties ?? system.writesEmpties
    // What a create cannot do without, an update cannot empty.
    if shape == .update, field.required.contains(.create) { (layout.writesNull, layout.writesEmpty) = (false, false) }
    layout.xmlType = system.xml.types[type]
    return layout
  }

  /// XML has a null where an attribute of the element says so.
  static func hasNull(_ field: Field, _ system: System, _ format: Format) -> Bool {
    guard format == .xml else { return true }
    return system.xml.nilAttribute != nil && !(field.formatNames[.xml]?.hasPrefix("@") ?? false)
  }

  /// Transforms that give numbers of their own (`epoch`) keep them in a field of no declared kind.
  private static func writesOwnKind(_ field: Field) -> Bool { field.transforms.contains { $0.name == "epoch" } }

  /// The field's default, where its shapes have one.
  private mutating func finish(_ half: inout WriteHalf, _ field: Field, _ register: Int, leaf: Int, shape: Shape, primary: [Int])
    -> Int
  {
    var value = field.defaultValue.flatMap { $0.shapes.contains(shape) ? $0.value : nil }
    var when = DefaultStep.When.absent
    for use in field.transforms where use.name == "default" || use.name == "constant" {
      guard let text = use.argument?.text else { continue }
      value = .text(text)
      when = use.name == "default" ? .blank : .always
    }
    guard let value else { return register }
    let to = self.register()
    let ofItsKind = constant(PlanBuilder.brought(value, to: field.writeTypes[shape] ?? field.type))
    half.steps.append(DefaultStep(from: register, to: to, leaf: leaf, value: ofItsKind, primary: primary, when: when))
    return to
  }

  /// A text of a mapping file in the kind of the field that it is written to.
  private static func brought(_ value: Tree, to type: ValueType) -> Tree {
    guard case .text(let text) = value else { return value }
    switch type {
    case .integer: return text.withUnsafeBufferPointer(Coercion.isInteger) ? .number(text) : value
    case .boolean: return text.elementsEqual("true".utf8) ? .bool(true) : text.elementsEqual("false".utf8) ? .bool(false) : value
    case .text, .lines, .code, .choice, .instant: return value
    }
  }

  private func target(
    _ leaf: MappedLeaf, _ legs: [[Int]], _ field: Field, _ isRequired: Bool, _ canonical: [Int?], isId: Bool = false
  ) -> TargetLeaf {
    // Nothing of the source comes through a constant.
    let legs = field.transforms.contains { $0.name == "constant" } ? [] : legs
    let isSupplied = field.defaultValue != nil || field.transforms.contains { $0.name == "constant" || $0.name == "default" }
    return TargetLeaf(
      leaf: leaf, legs: legs, isRequired: isRequired, isSupplied: isSupplied,
      isFed: legs.joined().contains { canonical[$0] != nil }, isId: isId)
  }
}
