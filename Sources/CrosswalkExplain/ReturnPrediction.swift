import CrosswalkMapping
import CrosswalkModel

/// What of a record comes back by itself when it goes there and back, and what only with the residue (SEMANTICS S8).
package struct ReturnPrediction: Sendable {
  package struct Leaf: Sendable {
    package var name: String
    /// Something of it comes back without the residue.
    package var comesBack: Bool
    /// When it does not, or comes back as another literal.
    package var exceptions: [Condition] { losses.map(\.condition).reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
    package var losses: [Loss]
    /// Target leaves that bring it.
    package var by: [String]

    package var isAlwaysByItself: Bool { comesBack && losses.isEmpty }
  }

  package struct Loss: Sendable, Equatable {
    package var condition: Condition
    /// The system whose writing it is about.
    package var writer: String

    package var text: String { condition.text(writer) }
  }

  /// One each of the prediction's source leaves.
  package let leaves: [Leaf]
  /// In any field: what does not come back as it was.
  package let everywhere: [Condition]

  /// - back: from the target to the source, as `list`.
  package init(there: Prediction, back: Prediction) {
    // Written in the kind of its field, a value of another kind is another literal.
    everywhere = there.targetTakesAll || !there.sourceFormat.isJSON ? [] : [.writtenKind]
    leaves = there.sources.map { leaf in
      if there.targetTakesAll { return Leaf(name: leaf.name, comesBack: true, losses: [], by: ["native"]) }
      var best: Leaf?
      for edge in leaf.edges {
        let target = there.targets[edge.target]
        guard let returning = back.source(named: target.name) else { continue }
        for way in returning.edges where back.targets[way.target].name == leaf.name {
          guard let losses = ReturnPrediction.losses(there, leaf, edge, way) else { continue }
          if let known = best, known.losses.count <= losses.count { continue }
          best = Leaf(name: leaf.name, comesBack: true, losses: losses, by: [target.name])
        }
      }
      return best ?? Leaf(name: leaf.name, comesBack: false, losses: [], by: [])
    }
  }

  /// When the literal is not what it was; nil when it never is.
  private static func losses(
    _ there: Prediction, _ leaf: Prediction.SourceLeaf, _ edge: Prediction.Edge, _ way: Prediction.Edge
  ) -> [Loss]? {
    var losses: [Loss] = []
    func add(_ condition: Condition, _ writer: System) {
      let isAboutSpelling = condition == .spelling || condition == .sameSpelling
      if losses.contains(where: { $0.condition == condition && (!isAboutSpelling || $0.writer == writer.name) }) { return }
      losses.append(Loss(condition: condition, writer: writer.name))
    }
    for one in [edge, way] where one.isComposed {
      guard one.exceptions.contains(where: { $0.condition == .alone }) else { return nil }
      add(.together, there.target)
    }
    // What a run composes comes back out of its residue; a block that was taken apart is composed anew.
    if edge.isPart || edge.isComposed && way.isPart { return nil }
    let own = there.source.fields[leaf.field]
    let other = there.target.fields[there.targets[edge.target].field]
    // What both sides spell in a form of their own comes back in the source's own.
    let names = Set(own.transforms.map(\.name))
    let isDate = own.type == .instant || !names.isDisjoint(with: ["instant", "epoch", "msDate"])
    let reading = own.transforms.map(TransformEffect.reading) + [TransformEffect.writing(own.type)]
    var writing = other.transforms.filter { use in
      !names.contains(use.name) && !(isDate && ["instant", "epoch", "msDate"].contains(use.name))
    }.map(TransformEffect.writing)
    if !isDate { writing.append(.writing(other.writeTypes[there.shape] ?? other.type)) }
    for (effects, writer) in [(reading, there.source), (writing, there.target)] {
      for effect in effects {
        if effect.neverReturns { return nil }
        for condition in effect.losesOnReturn { add(condition, writer) }
      }
    }
    for (exceptions, writer) in [(edge.exceptions, there.target), (way.exceptions, there.source)] {
      for exception in exceptions {
        switch (exception.outcome.fate, exception.condition) {
        case (.parked, _), (.rejected, _), (_, .nullBeside), (_, .emptyBeside): add(exception.condition, writer)
        default: break
        }
      }
    }
    if case .parts = own.meaning { add(.label, there.target) }
    if edge.exceptions.contains(where: { $0.condition == .mapped }) { add(.mapped, there.target) }
    if edge.canonical == ["id"], there.shape == .update, there.source.name != there.target.name { return nil }
    return losses
  }
}
