import CrosswalkExplain
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// `--allow-parked`: which fields of the source may stand nowhere in the output. Derived values and empty ones always may.
struct ParkedBudget {
  private let allowed: Set<String>

  /// - fields: names of the source's mapping, of fields or their leaves.
  init(_ fields: [String], of source: System) throws(Diagnostic) {
    var allowed: Set<String> = []
    let names = source.fields.flatMap(\.leafNames)
    for name in fields {
      if let field = source.fields.first(where: { $0.name == name }) {
        allowed.formUnion(field.leafNames)
      } else if names.contains(name) {
        allowed.insert(name)
      } else {
        throw Diagnostic(
          .unknownField, "`--allow-parked \(name)`: \(source.name) has no such field",
          help: nearestNameHelp(name, among: names) ?? "`crosswalk systems \(source.name)` lists its fields")
      }
    }
    self.allowed = allowed
  }

  /// Fields that would be parked in every record that has them.
  func refusal(_ prediction: Prediction) -> Diagnostic? {
    let fields = prediction.sources.filter { leaf in
      guard leaf.usual.fate == .parked, let reason = leaf.usual.reason else { return false }
      return reason != .derived && reason != .empty && !allowed.contains(leaf.name)
    }
    guard let first = fields.first else { return nil }
    let names = fields.map(\.name)
    return Diagnostic(
      .parkedBudget,
      names.count == 1
        ? "`\(names[0])` would be parked, which `--allow-parked` does not allow"
        : "\(names.count) fields would be parked, which `--allow-parked` does not allow: \(Messages.list(names, atMost: 5))",
      labels: [.init(first.place, "\(prediction.target.name) has no place for it\(prediction.shape == .list ? "" : " on \(prediction.shape)")")],
      help: "allow them by name: `--allow-parked \((allowed.sorted() + names).joined(separator: ","))`; nothing was read")
  }

  /// What was parked after all: under a condition, or a field that no mapping names.
  /// - isOut: records went where nothing can be taken back.
  func refusal(_ parkedOtherwise: [String: Int], isOut: Bool) -> Diagnostic? {
    let over = parkedOtherwise.filter { $0.value > 0 && !allowed.contains($0.key) }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    guard !over.isEmpty else { return nil }
    let shown = over.prefix(6).map { "`\($0.key)` \(Decimal.grouped($0.value))" }.joined(separator: ", ")
    return Diagnostic(
      .parkedBudget,
      "values were parked that `--allow-parked` does not allow: \(shown)\(over.count > 6 ? " and \(over.count - 6) more fields" : "")",
      help: (isOut ? "records were written before that was known, and without `-o FILE` they stay; " : "nothing was written; ")
        + "`crosswalk explain` says when a field is parked; `--dry-run --worklist FILE.csv` lists values that do not convert")
  }
}
