import CrosswalkMapping
import CrosswalkModel

/// For programs: one JSON object on one line. Members are added, never given another meaning.
///
/// - `from`, `to` (`SYSTEM:FORMAT`), `shape`, `files` (the two mapping files).
/// - `fields`: one each of the source's leaves: `field`, `place`, `canonical`, `fate`, `reason` (of parked), `native`,
///   `always`, `when` (list of `condition`, `text`, `fate`, `reason`), `ways`, and with the return trip `returns`.
/// - `ways`: `target`, `place`, `canonical`, `leg` (0 is `is:`), `composed`, `fate`, `when`, `reads`, `writes` (each
///   `transform`, `inverse`, `loses`).
/// - `everywhere`: conditions that any field may meet; `returnsEverywhere`: those of the way back. `unmapped`: what
///   becomes of fields that the mapping does not name.
/// - `target`: one each of the target's leaves: `field`, `place`, `required`, `from` (source leaves), `supplied`.
/// - `missing`: required target leaves that nothing feeds. `totals`: fields by fate.
struct ExplanationJSON {
  private let explanation: Explanation

  init(_ explanation: Explanation) { self.explanation = explanation }

  var text: String {
    let prediction = explanation.prediction
    var object = JSONLine()
    object.add("from", explanation.from)
    object.add("to", explanation.to)
    object.add("shape", prediction.shape.rawValue)
    object.add("files", [explanation.sourceFile, explanation.targetFile])
    object.add("fields", raw: list(prediction.sources.indices.map(field), isLong: true))
    object.add("everywhere", raw: list(prediction.everywhere.map(exception)))
    object.add(
      "unmapped", prediction.source.unmapped == .reject ? "rejected" : prediction.targetTakesUnknown ? "kept" : "parked"
    )
    if let returns = explanation.returns {
      object.add("returnsEverywhere", raw: list(returns.everywhere.map { condition($0, explanation.prediction.target.name) }))
    }
    object.add("target", raw: list(prediction.targets.map(target), isLong: true))
    object.add("missing", explanation.missing.map(\.leaf.name))
    object.add("totals", explanation.totals.map { ($0.name, $0.count) })
    return object.text + "\n"
  }

  private func field(_ index: Int) -> String {
    let leaf = explanation.prediction.sources[index]
    var object = JSONLine()
    object.add("field", leaf.name)
    object.add("place", "\(leaf.place)")
    object.add("canonical", leaf.feeds)
    add(leaf.usual, to: &object)
    object.add(
      "always",
      leaf.exceptions.allSatisfy { $0.outcome.fate == leaf.usual.fate && $0.outcome.isNative == leaf.usual.isNative })
    object.add("when", raw: list(leaf.exceptions.map(exception)))
    object.add("ways", raw: list(explanation.ways(leaf).map(way)))
    if let leaf = explanation.returns?.leaves[index] {
      var returns = JSONLine()
      returns.add("byItself", leaf.comesBack)
      returns.add("always", leaf.isAlwaysByItself)
      returns.add("by", leaf.by)
      returns.add(
        "residueWhen",
        raw: list(
          leaf.losses.map { condition($0.condition, $0.writer) }))
      object.add("returns", raw: returns.text)
    }
    return object.text
  }

  private func condition(_ condition: Condition, _ writer: String) -> String {
    var object = JSONLine()
    object.add("condition", condition.name)
    object.add("text", condition.text(writer))
    return object.text
  }

  private func way(_ edge: Prediction.Edge) -> String {
    let target = explanation.target(edge)
    var object = JSONLine()
    object.add("target", target.name)
    object.add("place", "\(target.place)")
    object.add("canonical", edge.canonical)
    object.add("leg", edge.leg)
    object.add("composed", edge.isComposed)
    add(edge.usual, to: &object)
    object.add("when", raw: list(edge.exceptions.map(exception)))
    object.add("reads", raw: list(edge.reads.map(step)))
    object.add("writes", raw: list(edge.writes.map(step)))
    return object.text
  }

  private func step(_ step: Prediction.Step) -> String {
    var object = JSONLine()
    object.add("transform", step.text)
    object.add("inverse", step.inverse.rawValue)
    if !step.loses.isEmpty { object.add("loses", step.loses) }
    return object.text
  }

  private func exception(_ exception: Prediction.Exception) -> String {
    var object = JSONLine()
    object.add("condition", exception.condition.name)
    object.add("text", exception.condition.text(explanation.prediction.target.name))
    add(exception.outcome, to: &object)
    return object.text
  }

  private func add(_ outcome: Prediction.Outcome, to object: inout JSONLine) {
    object.add("fate", outcome.fate.rawValue)
    if let reason = outcome.reason { object.add("reason", reason.rawValue) }
    if outcome.isNative { object.add("native", true) }
  }

  private func target(_ leaf: Prediction.TargetLeaf) -> String {
    var object = JSONLine()
    object.add("field", leaf.name)
    object.add("place", "\(leaf.place)")
    object.add("required", leaf.isRequired)
    object.add("from", leaf.feeders.map { explanation.prediction.sources[$0].name })
    object.add(
      "supplied",
      raw: list(
        leaf.supplies.map { supply in
          var object = JSONLine()
          object.add("by", supply.kind.rawValue)
          object.add("value", supply.value)
          object.add("always", supply.isAlways)
          return object.text
        }))
    return object.text
  }

  /// A long one has an item a line: it is read by people as well.
  private func list(_ items: [String], isLong: Bool = false) -> String {
    isLong && !items.isEmpty ? "[\n\(items.joined(separator: ",\n"))\n]" : JSONLine.list(items)
  }
}
