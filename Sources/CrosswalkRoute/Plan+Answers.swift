package import CrosswalkFormats
package import CrosswalkMapping
package import CrosswalkModel
import CrosswalkYAML

// What a plan can tell of the record that it mapped last, one value at a time: for `why`, never on the way of a run.
extension Plan {
  /// What the target takes a canonical value from; nil where the source never gives it.
  package func canonical(_ name: String) -> Slot? {
    canonicalRegister(name).map { frame.slots[$0] }
  }

  /// The register of a canonical field, for transforms that look at another value of the record.
  package func canonicalRegister(_ name: String) -> Int? { model.index(of: name).flatMap { canonicalRegisters[$0] } }

  /// The text of an `or: { compose: […] }`.
  package func composed(_ lines: [String]) -> Slot {
    let step = ComposeStep(lines: lines, to: nothing) { canonicalRegister($0) ?? nothing }
    let texts = step.blocks(frame).map(\.text)
    return texts.isEmpty ? .absent : frame.store(Array(texts.joined(separator: [0x0a])))
  }

  /// A value in the kind of a field; nil when it refuses.
  package func converted(_ slot: Slot, to type: ValueType) -> Slot? { Coercion.apply(type, slot, frame) }

  /// A target leaf as a reader of the output finds it.
  package func asWritten(_ target: Int) -> Slot {
    let leaf = targetLeaves[target].leaf
    return CarryStep.carry(
      frame.slots[leaf.register], leaf.layout, isTyped: targetFormat.isJSON, hasNull: hasNull(targetFormat, target: true), frame)
  }

  /// Whether the value of a canonical field would not convert on reading.
  package func hasFailed(canonical name: String) -> Bool {
    canonicalRegister(name).map(state.failedCanonical.contains) ?? false
  }

  /// Whether `--set` gave a canonical value.
  package func isSet(canonical name: String) -> Bool { model.index(of: name).map(state.supplied.contains) ?? false }

  /// Whether a target leaf has its default or constant.
  package func isDefault(_ target: Int) -> Bool { state.supplied.contains(-1 - target) }
}

extension TransformContext {
  package init(
    use: TransformUse, options: @escaping (String) -> String?, optionChoices: @escaping (String) -> [String], tables: Tables,
    of plan: Plan
  ) {
    self.init(use: use, options: options, optionChoices: optionChoices, tables: tables, canonical: { plan.canonicalRegister($0) })
  }
}

extension Field {
  /// Canonical fields of its `is:`.
  package var meanings: [String] {
    switch meaning {
    case .none: []
    case .canonical(let name): [name]
    case .parts(let parts): parts.map(\.canonical)
    }
  }
}

extension Field.Fallback {
  /// Canonical fields that it takes.
  package var canonicalNames: [String] {
    switch self {
    case .canonical(let name): [name]
    case .compose(let lines, _): ComposeStep.fields(in: lines)
    }
  }
}

extension TransformUse {
  /// A parameter as text: `in: address.country`.
  package func parameter(_ name: String) -> String? { parameters.first { $0.name == name }?.value.text }
}
