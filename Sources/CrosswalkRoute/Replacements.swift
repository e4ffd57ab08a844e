package import CrosswalkFormats
package import CrosswalkMapping
package import CrosswalkModel
import CrosswalkYAML

/// What a person put in the place of values that do not convert (SEMANTICS section 4): asked only for a value that has just failed.
///
/// Either by field and literal, for all records, or by field for the one record whose residue line says what stood in then.
package final class Replacements {
  package typealias Side = RecordState.Side

  /// In the place of a value, before it is converted; behind a `!` it is written as it stands.
  package struct Use: Hashable, Sendable {
    package var text: [UInt8]
    package var isLiteral: Bool

    package init(text: [UInt8], isLiteral: Bool) {
      self.text = text
      self.isLiteral = isLiteral
    }

    package init(spelt: [UInt8]) {
      isLiteral = spelt.first == UInt8(ascii: "!")
      text = isLiteral ? Array(spelt.dropFirst()) : spelt
    }

    package var spelt: [UInt8] { isLiteral ? [UInt8(ascii: "!")] + text : text }
  }

  package struct Key: Hashable, Sendable {
    package var side: Side
    /// As the mapping file spells the leaf.
    package var leaf: String
    package var value: [UInt8]
    /// What else the conversion depends on: the country of a region (`Transform.within`).
    package var within: [UInt8]

    package init(side: Side, leaf: String, value: [UInt8], within: [UInt8]) {
      self.side = side
      self.leaf = leaf
      self.value = value
      self.within = within
    }
  }

  struct Place: Hashable {
    var side: Side
    var leaf: String
  }

  package let uses: [Key: Use]
  /// Of one record, whatever its values are.
  @exclusivity(unchecked) private var ofRecord: [Place: Use] = [:]

  package init(_ uses: [Key: Use] = [:]) { self.uses = uses }

  package var isEmpty: Bool { uses.isEmpty && ofRecord.isEmpty }

  /// The record at hand has these.
  func take(_ line: ResidueLine?) {
    if !ofRecord.isEmpty { ofRecord.removeAll() }
    for (side, leaf, use) in line?.uses ?? [] { ofRecord[Place(side: side, leaf: leaf)] = use }
  }

  func use(_ side: Side, _ leaf: String, _ value: @autoclosure () -> [UInt8], within: @autoclosure () -> [UInt8] = []) -> Use? {
    if !ofRecord.isEmpty, let use = ofRecord[Place(side: side, leaf: leaf)] { return use }
    return uses.isEmpty ? nil : uses[Key(side: side, leaf: leaf, value: value(), within: within())]
  }

  // MARK: - Conversion

  /// A given text as the source's field reads it.
  static func read(_ use: Use, _ transforms: [Transform], _ frame: Frame) -> Slot? {
    var value = frame.store(use.text)
    if use.isLiteral { return value }
    for transform in transforms {
      guard let next = transform.readGiven(value, frame) else { return nil }
      value = next
    }
    return value
  }

  /// A given text as the target's field writes it; transforms in write order.
  static func write(_ use: Use, _ transforms: [Transform], _ type: ValueType, _ frame: Frame) -> Slot? {
    var value = frame.store(use.text)
    if !use.isLiteral {
      for transform in transforms {
        guard let next = transform.write(value, frame) else { return nil }
        value = next
      }
    }
    return Coercion.apply(type, value, frame)
  }

  /// Whether a text may stand in for a value of a field, before any record is read.
  ///
  /// - within: the country of a region.
  package static func converts(
    _ use: Use, _ field: Field, of system: System, _ side: Side, within: [UInt8], shape: Shape, settings: PlanSettings
  ) -> Bool {
    let builder = PlanBuilder(settings: settings)
    let frame = Frame(registers: 1, encoding: .json)
    frame.slots[0] = within.isEmpty ? .absent : frame.store(within)
    if let labelled = field.transforms.first(where: { $0.name == "labelled" }) {
      if use.isLiteral { return true }
      return side == .source
        ? use.text.withUnsafeBufferPointer { LabelledStep.code(in: $0) } != nil
        : labelled.argument?.text.flatMap { builder.tables[$0] }?.row(having: Table.key(use.text), in: [0])?.first == use.text
    }
    let transforms = field.transforms.compactMap { builder.make($0, system, canonical: { _ in 0 }) }
    let value =
      side == .source
      ? read(use, transforms.filter { !$0.readsUnchanged }, frame)
      : write(use, transforms.filter { !$0.writesUnchanged }.reversed(), field.writeTypes[shape] ?? field.type, frame)
    return value.map { !$0.isBlank } ?? false
  }
}
