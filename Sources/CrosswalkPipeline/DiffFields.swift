import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// What is compared between two systems, worked out from their plans before anything is read.
///
/// A record of either file is a list of `fields`, leaves of the second system: read from the second file, written by the plan
/// first → second for the first. And a list of `others`, leaves of the first system that feed these: read from the first file,
/// written by the plan second → first for the second. So each side's own values meet what the other becomes there.
struct DiffFields {
  struct Field {
    var name: String
    var comparison: CrosswalkMapping.Field.Comparison
    var isSecret: Bool
    /// Per leg of its write the indexes among `others` of what it comes from.
    var legs: [[Int]]
    /// Those of all legs.
    var sources: [Int]
  }

  struct Other {
    var name: String
    var comparison: CrosswalkMapping.Field.Comparison
  }

  let isOneSystem: Bool
  private(set) var fields: [Field] = []
  private(set) var others: [Other] = []
  /// Indexes of the fields that records are matched by; empty: by their ids.
  private(set) var key: [Int] = []
  private(set) var onlyFirst: [String] = []
  private(set) var onlySecond: [String] = []

  /// - there, back: plans of the first system to the second and the other way round, in any format. For one system both are the
  ///   plan to canonical.
  init(there: Plan, back: Plan, by: [String], isOneSystem: Bool) throws(Diagnostic) {
    self.isOneSystem = isOneSystem
    let (first, second) = (there.source, back.source)
    if isOneSystem {
      // Canonical's `native` is compared value by value, as what no mapping names.
      for leaf in there.sourceLeaves where leaf.field >= 0 || leaf.name != "native" {
        let field = leaf.field < 0 ? nil : first.fields[leaf.field]
        fields.append(
          Field(name: leaf.name, comparison: field?.comparison ?? .exact, isSecret: field?.isSecret ?? false, legs: [], sources: []))
      }
    } else {
      try compare(there, back, hasNamedKey: !by.isEmpty)
    }
    if by.isEmpty {
      for (system, plan) in [(first, there), (second, back)] where plan.idLeaf == nil { throw DiffFields.noId(system) }
    }
    for name in by {
      let leaf = try DiffFields.leaf(name, first, second, there.model)
      guard let index = fields.firstIndex(where: { $0.name == leaf }) else { throw DiffFields.notInBoth(name, first, second) }
      guard !key.contains(index) else {
        throw Diagnostic(.saidTwice, "`--by \(by.joined(separator: ","))` names `\(leaf)` twice", help: "leave one out")
      }
      key.append(index)
    }
  }

  private mutating func compare(_ there: Plan, _ back: Plan, hasNamedKey: Bool) throws(Diagnostic) {
    let (first, second) = (there.source, back.source)
    var otherOf: [Int: Int] = [:]
    for target in there.targetLeaves where target.leaf.field >= 0 {
      // Matched by something else, two systems' records have ids of their own.
      if target.isId, hasNamedKey { continue }
      let feeding = target.legs.map { leg in
        there.sourceLeaves.indices.filter { there.sourceLeaves[$0].field >= 0 && !Set(there.feeds[$0]).isDisjoint(with: leg) }
      }
      guard feeding.contains(where: { !$0.isEmpty }) else { continue }
      let legs = feeding.map { leaves in
        leaves.map { index in
          if let known = otherOf[index] { return known }
          let leaf = there.sourceLeaves[index]
          others.append(Other(name: leaf.name, comparison: first.fields[leaf.field].comparison))
          otherOf[index] = others.count - 1
          return others.count - 1
        }
      }
      var sources: [Int] = []
      for index in legs.joined() where !sources.contains(index) { sources.append(index) }
      let field = second.fields[target.leaf.field]
      let isSecret = field.isSecret || sources.contains { source in
        first.fields.contains { $0.isSecret && $0.name == others[source].name }
      }
      fields.append(
        Field(name: target.leaf.name, comparison: field.comparison, isSecret: isSecret, legs: legs, sources: sources))
    }
    let known = Set(fields.map(\.name))
    onlySecond = back.sourceLeaves.filter { $0.field >= 0 && !known.contains($0.name) }.map(\.name)
    onlyFirst = there.sourceLeaves.indices.filter { there.sourceLeaves[$0].field >= 0 && otherOf[$0] == nil }.map {
      there.sourceLeaves[$0].name
    }
    if hasNamedKey {
      let ids = [there.idLeaf.map { there.sourceLeaves[$0].name }, back.idLeaf.map { back.sourceLeaves[$0].name }]
      onlyFirst.removeAll { $0 == ids[0] }
      onlySecond.removeAll { $0 == ids[1] }
    }
    guard !fields.isEmpty else { throw DiffFields.nothingInCommon(first, second) }
  }

  /// The second system's name of a field that is called as canonical calls it, or one of the systems.
  private static func leaf(
    _ name: String, _ first: System, _ second: System, _ model: CanonicalModel
  ) throws(Diagnostic) -> String {
    func owner(_ canonical: String) -> String? {
      second.fields.first { $0.canonicalNames.first == canonical }?.name
        ?? second.fields.first { $0.canonicalNames.contains(canonical) }?.name
    }
    if model.contains(name), let found = owner(name) { return found }
    if model.contains(name) { throw notInBoth(name, first, second) }
    var found = second.fields.first { $0.name == name }?.name
    if first.name != second.name, let own = first.fields.first(where: { $0.name == name }) {
      let meant = own.canonicalNames.lazy.compactMap(owner).first
      if let one = found, one != meant { throw ambiguous(name, first, second) }
      guard let meant else { throw notInBoth(name, first, second) }
      found = meant
    }
    guard let found else {
      let names = model.names + second.fields.map(\.name) + first.fields.map(\.name)
      throw Diagnostic(
        .unknownField, "there is no field `\(name)` to match by",
        help: nearestNameHelp(name, among: names) ?? "`crosswalk systems \(second.name)` lists its fields and what they mean")
    }
    return found
  }
}

// MARK: - Messages

extension DiffFields {
  private static func noId(_ system: System) -> Diagnostic {
    Diagnostic(
      .usage, "\(system.name) has no id that records could be matched by",
      help: "name the fields that tell records apart: `--by FIELD,…`")
  }

  private static func notInBoth(_ name: String, _ first: System, _ second: System) -> Diagnostic {
    Diagnostic(
      .usage, "records cannot be matched by `\(name)`: not both of \(first.name) and \(second.name) have a field for it",
      help: "`crosswalk explain --from \(first.name) --to \(second.name)` shows what they have in common")
  }

  private static func ambiguous(_ name: String, _ first: System, _ second: System) -> Diagnostic {
    Diagnostic(
      .usage, "`\(name)` means one thing in \(first.name) and another in \(second.name)",
      help: "say the canonical field that is meant: `crosswalk systems \(second.name)` shows it")
  }

  private static func nothingInCommon(_ first: System, _ second: System) -> Diagnostic {
    Diagnostic(
      .usage, "\(first.name) and \(second.name) have no field in common",
      help: "`crosswalk explain --from \(first.name) --to \(second.name)` shows what becomes of each")
  }
}
