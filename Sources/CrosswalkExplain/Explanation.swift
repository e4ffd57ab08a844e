import CrosswalkMapping
import CrosswalkModel

/// A prediction as it is shown: rows of words, the same in every form.
package struct Explanation {
  package enum Form: String, CaseIterable, Sendable { case table, json, markdown, html }

  let prediction: Prediction
  let returns: ReturnPrediction?

  package init(_ prediction: Prediction, _ returns: ReturnPrediction?) {
    self.prediction = prediction
    self.returns = returns
  }

  package func text(_ form: Form) -> String {
    switch form {
    case .table: ExplanationText(self).text
    case .json: ExplanationJSON(self).text
    case .markdown: ExplanationMarkdown(self).text
    case .html: ExplanationPage(self).text
    }
  }

  var from: String { "\(prediction.source.name):\(prediction.sourceFormat)" }
  var to: String { "\(prediction.target.name):\(prediction.targetFormat)" }
  var title: String { "\(from) to \(to), \(prediction.shape)" }
  var sourceFile: String { file(prediction.source) }
  var targetFile: String { file(prediction.target) }

  private func file(_ system: System) -> String { system.fields.first?.place.file ?? "" }

  // MARK: - Words

  static func word(_ outcome: Prediction.Outcome) -> String {
    if outcome.isNative { return "kept in native" }
    guard let reason = outcome.reason else { return outcome.fate.rawValue }
    return "\(outcome.fate.rawValue), \(word(reason))"
  }

  static func word(_ reason: Prediction.Reason) -> String {
    switch reason {
    case .noPlace: "no place"
    case .derived: "derived"
    case .empty: "null or empty"
    case .readOnly: "read only"
    case .failed: "not convertible"
    case .taken: "place taken"
    }
  }

  /// Those of a leaf: why it is parked otherwise than usual is no news to a reader.
  func conditions(of leaf: Prediction.SourceLeaf) -> [(outcome: Prediction.Outcome, text: String)] {
    conditions(leaf.exceptions.filter { leaf.usual.fate != .parked || $0.outcome.fate != .parked })
  }

  /// `recoded when …`, one for each outcome, its conditions together.
  func conditions(_ exceptions: [Prediction.Exception]) -> [(outcome: Prediction.Outcome, text: String)] {
    var order: [Prediction.Outcome] = []
    var texts: [[String]] = []
    for exception in exceptions {
      // What is said of one condition twice is said once.
      if exception.outcome.reason == .taken, case .empty = exception.condition { continue }
      if let index = order.firstIndex(of: exception.outcome) {
        if case .moreLines(let count) = exception.condition, count > 1 {
          texts[index][texts[index].count - 1] += " (those beyond line \(count) are joined to it)"
        } else {
          texts[index].append(exception.condition.text(prediction.target.name))
        }
      } else {
        order.append(exception.outcome)
        texts.append([exception.condition.text(prediction.target.name)])
      }
    }
    return zip(order, texts).map { outcome, texts in
      (outcome, "\(outcome.reason == .empty ? outcome.fate.rawValue : Explanation.word(outcome)) when \(Explanation.either(texts))")
    }
  }

  static func either(_ texts: [String]) -> String {
    texts.count < 2 ? texts.joined() : texts.dropLast().joined(separator: ", ") + " or " + texts[texts.count - 1]
  }

  /// The one way that gives the leaf its fate stands first.
  func ways(_ leaf: Prediction.SourceLeaf) -> [Prediction.Edge] {
    leaf.edges.sorted { a, b in
      (a.leg > 0 ? 1 : 0, a.usual.fate == .kept ? 0 : 1, a.target) < (
        b.leg > 0 ? 1 : 0, b.usual.fate == .kept ? 0 : 1, b.target
      )
    }
  }

  /// Ways into the further lines or members of a field that a way before them leads into.
  func isFurther(_ edge: Prediction.Edge) -> Bool {
    let leaf = target(edge)
    return leaf.name != prediction.target.fields[leaf.field].name
      && prediction.targets.contains {
        $0.field == leaf.field && $0.name != leaf.name && prediction.target.fields[$0.field].name == $0.name
      }
  }

  /// The ways that are shown one by one, and the target leaves of the others.
  func shownWays(_ leaf: Prediction.SourceLeaf) -> (ways: [Prediction.Edge], further: [String]) {
    let all = ways(leaf)
    return (all.filter { !isFurther($0) }, all.filter(isFurther).map { target($0).name })
  }

  func target(_ edge: Prediction.Edge) -> Prediction.TargetLeaf { prediction.targets[edge.target] }

  /// How the way goes beside the plain one: a fallback, a composed text, transforms.
  func manner(_ edge: Prediction.Edge) -> String {
    var words: [String] = []
    if edge.leg > 0 { words.append("fallback") }
    words += edge.reads.map { "read \($0.text)" }
    words += edge.writes.map { "write \($0.text)" }
    return words.joined(separator: "; ")
  }

  func losses(_ edges: [Prediction.Edge]) -> [String] {
    var all: [String] = []
    for step in edges.flatMap({ $0.reads + $0.writes })
    where step.inverse != .exact && !step.loses.isEmpty && !all.contains(step.loses) {
      all.append(step.loses)
    }
    return all
  }

  func canonical(_ leaf: Prediction.SourceLeaf) -> String {
    leaf.feeds.isEmpty ? "none" : leaf.feeds.joined(separator: " + ")
  }

  func returnText(_ index: Int) -> String? {
    guard let leaf = returns?.leaves[index] else { return nil }
    guard leaf.comesBack else { return "returns only with the residue" }
    if leaf.losses.isEmpty { return "returns by itself" }
    return "returns by itself; only with the residue when \(Explanation.either(leaf.losses.map(\.text)))"
  }

  // MARK: - What the source does not give

  struct Gain {
    var leaf: Prediction.TargetLeaf
    var text: String
  }

  /// Target leaves that get a value without a source.
  var supplied: [Gain] {
    prediction.targets.filter { !$0.supplies.isEmpty }.map { leaf in
      let texts = leaf.supplies.map { supply in
        let value =
          switch supply.kind {
          case .default: "default `\(supply.value)`"
          case .constant: "always `\(supply.value)`"
          case .set: "`--set \(supply.value)`"
          case .gap: "\(supply.value) in front of an element with a value,"
          }
        return supply.isAlways ? value : "\(value) where the source has nothing"
      }
      return Gain(leaf: leaf, text: texts.joined(separator: "; "))
    }
  }

  /// Required leaves without anything to feed them, and the cure.
  var missing: [Gain] {
    prediction.unfedRequirements.map { leaf in
      let cure = leaf.legs.first?.canonical.first.map { ": `--set \($0)=VALUE`" } ?? ""
      return Gain(leaf: leaf, text: "required, and nothing of \(prediction.source.name) feeds it\(cure)")
    }
  }

  /// Required leaves that depend on the record.
  var required: [Gain] {
    prediction.targets.filter { $0.isRequired && !$0.isUnfedRequirement && !$0.supplies.contains { $0.kind != .set } }
      .map { leaf in
        let feeders = leaf.feeders.map { prediction.sources[$0].name }
        return Gain(leaf: leaf, text: "required: a record without \(Explanation.either(feeders)) is rejected")
      }.filter { gain in !gain.leaf.feeders.isEmpty && gain.leaf.supplies.isEmpty }
  }

  var unfed: [Prediction.TargetLeaf] {
    prediction.targets.filter { $0.feeders.isEmpty && $0.supplies.isEmpty && !$0.isRequired }
  }

  // MARK: - Totals

  struct Total {
    var name: String
    var count: Int
    var text: String
  }

  var totals: [Total] {
    let leaves = prediction.sources
    func count(_ test: (Prediction.SourceLeaf) -> Bool) -> Int { leaves.count(where: test) }
    let parked = leaves.filter { $0.usual.fate == .parked }
    let reasons = Prediction.Reason.allCases.compactMap { reason -> String? in
      let count = parked.count { $0.usual.reason == reason }
      return count > 0 ? "\(count) \(Explanation.word(reason))" : nil
    }
    let kept = count { $0.usual.fate == .kept && !$0.usual.isNative }
    let always = count { $0.isKeptWithoutLoss && !$0.usual.isNative }
    let recoded = count { $0.usual.fate == .recoded }
    var totals = [
      Total(name: "kept", count: kept, text: "\(always) always, \(kept - always) under conditions"),
      Total(name: "recoded", count: recoded, text: ""),
      Total(name: "parked", count: parked.count, text: reasons.joined(separator: ", ")),
    ]
    let native = count { $0.usual.isNative }
    if native > 0 {
      totals.append(Total(name: "native", count: native, text: "canonical keeps them in its member `native`"))
    }
    totals.append(Total(name: "supplied", count: supplied.count, text: ""))
    totals.append(Total(name: "missing", count: missing.count, text: ""))
    if let returns {
      let always = returns.leaves.count { $0.isAlwaysByItself }
      let never = returns.leaves.count { !$0.comesBack }
      totals.append(
        Total(
          name: "return", count: returns.leaves.count - never,
          text:
            "\(always) always by themselves, \(returns.leaves.count - never - always) under conditions, \(never) only with the residue"
        ))
    }
    return totals
  }
}
