package import CrosswalkMapping
package import CrosswalkModel

/// What will become of each field on one way, out of the two systems' mapping files alone: nothing here knows how the
/// way is carried out, so that a run can be held to it (SEMANTICS S4, S23).
package struct Prediction: Sendable {
  package enum Fate: String, Sendable, CaseIterable { case kept, recoded, parked, rejected }

  package enum Reason: String, Sendable, CaseIterable { case noPlace, derived, empty, readOnly, failed, taken }

  package struct Outcome: Sendable, Hashable {
    package var fate: Fate
    /// Of what is parked.
    package var reason: Reason?
    /// Canonical takes in its `native` what has no field there: the literal stands in the target all the same.
    package var isNative = false

    static let kept = Outcome(fate: .kept)
    static let recoded = Outcome(fate: .recoded)
    static let rejected = Outcome(fate: .rejected)
    static func parked(_ reason: Reason) -> Outcome { Outcome(fate: .parked, reason: reason) }
  }

  /// When a value fares otherwise than usual, and how.
  package struct Exception: Sendable, Hashable {
    package var condition: Condition
    package var outcome: Outcome
  }

  /// A transform on the way of a value.
  package struct Step: Sendable {
    /// As the mapping file words it.
    package var text: String
    package var inverse: TransformSpec.Inverse
    /// What it can lose, in words; empty when nothing.
    package var loses: String
    package var place: Place
  }

  /// One way of a source leaf into a target leaf.
  package struct Edge: Sendable {
    /// Index in `sources`.
    package var source: Int
    /// Index in `targets`.
    package var target: Int
    /// 0 is the target's `is:`, n the n-th of its `or:`.
    package var leg: Int
    /// The canonical fields between them.
    package var canonical: [String]
    /// The target composes several values to one text.
    package var isComposed: Bool
    /// Through a part of a block of free text.
    package var isPart = false
    package var reads: [Step]
    package var writes: [Step]
    package var usual: Outcome
    package var exceptions: [Exception]

    /// The literal stands in the target, whatever it is.
    package var isAlwaysKept: Bool { usual.fate == .kept && exceptions.allSatisfy { $0.outcome.fate == .kept } }
  }

  package struct SourceLeaf: Sendable {
    /// The path as the mapping file spells it.
    package var name: String
    /// Index of its field in the source's fields.
    package var field: Int
    package var place: Place
    /// The canonical fields that it gives a value to.
    package var feeds: [String]
    package var edges: [Edge] = []
    package var usual = Outcome.kept
    package var exceptions: [Exception] = []
    var parking: Set<Reason> = []

    package var isAlwaysKept: Bool { usual.fate == .kept && exceptions.allSatisfy { $0.outcome.fate == .kept } }
    /// Kept whenever it says something: nulls and empty texts that the target leaves out are no loss (SEMANTICS S14).
    package var isKeptWithoutLoss: Bool {
      usual.fate == .kept && exceptions.allSatisfy { $0.outcome.fate == .kept || $0.outcome.reason == .empty }
    }
    package var isAlwaysParked: Bool { edges.isEmpty && usual.fate == .parked }
  }

  package struct Leg: Sendable {
    package var canonical: [String]
    package var isComposed = false
  }

  /// A value that no leaf of the source gives (SEMANTICS S20).
  package struct Supply: Sendable, Hashable {
    package enum Kind: String, Sendable {
      case `default`, constant, set
      /// In front of another element of its list.
      case gap
    }

    package var kind: Kind
    /// As a person writes it.
    package var value: String
    /// In every record; otherwise only where the source has nothing.
    package var isAlways: Bool
  }

  package struct TargetLeaf: Sendable {
    package var name: String
    package var field: Int
    package var place: Place
    /// The first is `is:`; none where nothing may feed it.
    package var legs: [Leg]
    package var isRequired: Bool
    package var supplies: [Supply] = []
    /// Source leaves, by index, the best way first.
    package var feeders: [Int] = []

    /// Every record would be refused.
    package var isUnfedRequirement: Bool { isRequired && feeders.isEmpty && supplies.isEmpty }
  }

  package let source: System
  package let target: System
  package let sourceFormat: Format
  package let targetFormat: Format
  package let shape: Shape
  package internal(set) var sources: [SourceLeaf] = []
  package internal(set) var targets: [TargetLeaf] = []
  /// Holds for every field: what a record may have anywhere.
  package internal(set) var everywhere: [Exception] = []

  private var pairs: Set<Pair> = []
  private var indexes: [String: Int] = [:]

  private struct Pair: Hashable {
    var source: String
    var target: String
  }

  /// - options: `--option SYSTEM.NAME=VALUE`, by system.
  /// - sets: `--set FIELD=VALUE`, canonical field and literal.
  /// - transforms: what putting back gives, by transform.
  package init(
    from source: System, _ sourceFormat: Format, to target: System, _ targetFormat: Format, shape: Shape,
    canonical: CanonicalModel, options: [String: [String: String]] = [:], sets: [(field: String, value: Tree)] = [],
    transforms: [TransformSpec]
  ) {
    self.source = source
    self.target = target
    self.sourceFormat = sourceFormat
    self.targetFormat = targetFormat
    self.shape = shape
    var builder = PredictionBuilder(
      source: source, sourceFormat: sourceFormat, target: target, targetFormat: targetFormat, shape: shape,
      canonical: canonical, options: options, sets: sets, transforms: transforms)
    builder.build()
    sources = builder.sources
    targets = builder.targets
    everywhere = builder.everywhere
    for (index, leaf) in sources.enumerated() {
      indexes[leaf.name] = index
      for edge in leaf.edges { pairs.insert(Pair(source: leaf.name, target: targets[edge.target].name)) }
    }
  }

  var targetTakesAll: Bool { target.name == CanonicalModel.name && source.name != CanonicalModel.name }
  private var sourceIsCanonical: Bool { source.name == CanonicalModel.name }

  /// Whether the mapping files have a way from the one leaf to the other.
  package func allows(sourceLeaf name: String, targetLeaf: String) -> Bool {
    if pairs.contains(Pair(source: name, target: targetLeaf)) { return true }
    if sourceIsCanonical {
      // What the target wrote itself comes back out of `native`.
      if name == "native" { return true }
      return name == "system" && targetLeaf == "system" && target.name == CanonicalModel.name
    }
    return targetTakesAll && targetLeaf == "native"
  }

  /// Whether a value of the leaf can be parked for that reason. A name that the mapping does not have is an unknown
  /// field's.
  package func mayPark(_ sourceLeaf: String, because reason: Reason) -> Bool {
    if targetTakesAll { return false }
    guard let index = indexes[sourceLeaf] else {
      return reason == .noPlace && (source.unmapped == .park || sourceIsCanonical)
    }
    return sources[index].parking.contains(reason)
  }

  package func source(named name: String) -> SourceLeaf? { indexes[name].map { sources[$0] } }

  /// Required leaves of the target that nothing can feed (SEMANTICS section 2, 12).
  package var unfedRequirements: [TargetLeaf] { targets.filter(\.isUnfedRequirement) }

  /// What no mapping names stands in the target's `native`.
  package var targetTakesUnknown: Bool { targetTakesAll }
}
