package import CrosswalkMapping
package import CrosswalkModel
package import CrosswalkRoute

/// One way between two systems for records in memory, value by value: what a plan does with a file's records, without the file.
package final class RecordRoute {
  /// The values of a record by the names of its mapping file (`MappedLeaf.name`).
  package typealias Values = [(name: String, value: Tree)]

  package struct Result {
    /// What a reader of the written record would find.
    package var values: [String: Tree] = [:]
    /// Leaves of the source, and of the target, whose value would not convert.
    package var refusedSources: Set<String> = []
    package var refusedTargets: Set<String> = []
    /// The canonical fields (by name) of each refused target leaf.
    package var refusedMeanings: Set<String> = []
    /// The record was rejected, at this leaf.
    package var rejectedAt: String?
    package var isRejected = false
    /// Because the target requires what the record does not have.
    package var isIncomplete = false
  }

  package let plan: Plan
  private let leaves: [String: Int]

  package init(
    _ source: System, _ sourceFormat: Format, to target: System, _ targetFormat: Format, shape: Shape = .list, settings: PlanSettings
  ) {
    plan = Plan(
      source: source, sourceFormat: sourceFormat, target: target, targetFormat: targetFormat, shape: shape, settings: settings,
      keepsResidue: false)
    leaves = Dictionary(plan.sourceLeaves.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Values whose name is no leaf of the source are left out.
  package func map(_ values: Values) -> Result {
    plan.take(values.compactMap { name, value in leaves[name].map { ($0, value) } })
    var result = Result()
    result.isRejected = !plan.map()
    for failure in plan.state.failures {
      switch failure.side {
      case .source: result.refusedSources.insert(plan.sourceLeaves[failure.leaf].name)
      case .target:
        let target = plan.targetLeaves[failure.leaf]
        result.refusedTargets.insert(target.leaf.name)
        for meaning in target.legs.joined() { result.refusedMeanings.insert(plan.model.fields[meaning].name) }
      }
    }
    if result.isRejected {
      result.isIncomplete = plan.state.rejection?.reason == .missing
      result.rejectedAt = plan.state.rejection.flatMap { rejection in
        guard rejection.leaf >= 0 else { return nil }
        return rejection.side == .source ? plan.sourceLeaves[rejection.leaf].name : plan.targetLeaves[rejection.leaf].leaf.name
      }
      return result
    }
    for index in plan.targetLeaves.indices {
      if let value = plan.given(index) { result.values[plan.targetLeaves[index].leaf.name] = value }
    }
    return result
  }
}
