import CrosswalkExplain
import CrosswalkFormats
import CrosswalkModel
import CrosswalkRoute

/// The books of a run: those of its batches added up by name, in order (SEMANTICS S4).
struct Accounts {
  typealias Values = ConvertSummary.Values
  typealias Field = ConvertSummary.Field

  private(set) var values = Values()
  private(set) var fields: [String: Field] = [:]
  private(set) var edges: [Edge: Int] = [:]
  private(set) var supplied: [String: Int] = [:]
  private(set) var parked: [ConvertSummary.ParkedReason: Int] = [:]
  /// By source leaf and reason, to be held against the prediction.
  private var reasons: [Reason: Int] = [:]
  /// What the writer and the residue sink counted.
  private var written = 0
  private var stored = 0
  private var meta = 0
  /// Leaves that canonical should hold in `native`, and those that the plan put there.
  private var expectedInNative = 0
  private var native = 0
  /// What batches of a plan gave, by index: put under names when the run or the plan comes to its end, not for every batch.
  private var open: [(plan: Plan, books: Books)] = []

  struct Edge: Hashable {
    var source: String
    var target: String
    var isApproximate: Bool
  }

  private struct Reason: Hashable {
    var leaf: String
    var reason: ConvertSummary.ParkedReason
  }

  /// Names beyond the mapping's that are listed; the rest add up under `*` (SEMANTICS S19).
  private static let mostNames = 10_000
  /// Plans whose books are open: one a worker and a few for inputs that take turns.
  private static let mostOpen = 64

  mutating func add(_ result: BatchResult, of plan: Plan) {
    let books = result.books
    let goesToNative = !plan.nativeGoesNowhere
    values.read += books.read
    values.rejected += books.rejected
    values.written += books.fed + books.supplied + books.restored
    values.supplied += books.supplied
    values.restored += books.restored
    written += result.out.leaves
    meta += books.meta
    native += books.native
    stored += result.literalsParked
    values.onlyWithResidue += result.originals
    if let mine = open.first(where: { $0.plan === plan }) {
      mine.books.add(books)
    } else {
      if open.count == Accounts.mostOpen { close(open.removeFirst()) }
      let mine = Books()
      mine.begin(books.size)
      mine.add(books)
      open.append((plan, mine))
    }
    for (path, count) in books.unknown {
      var field = Field()
      field.read = count
      if goesToNative {
        expectedInNative += count
        field.kept = count
      } else {
        field.parked = count
        parked[.noPlace, default: 0] += count
      }
      add(field, String(decoding: path, as: UTF8.self))
    }
    for (path, count) in books.unknownRefused {
      var field = Field()
      (field.read, field.rejected) = (count, count)
      add(field, String(decoding: path, as: UTF8.self))
    }
  }

  /// Puts what is still open under its names; before anything is read from the accounts.
  mutating func close() {
    open.forEach { close($0) }
    open = []
  }

  private mutating func close(_ one: (plan: Plan, books: Books)) {
    let (plan, books) = one
    let all = Plan.ParkingReason.allCases
    let goesToNative = !plan.nativeGoesNowhere
    for (index, leaf) in plan.sourceLeaves.enumerated() where leaf.field >= 0 {
      let present = books.present[leaf.register] + books.further[index]
      let refused = books.refused[leaf.register]
      guard present > 0 || refused > 0 else { continue }
      var field = Field()
      field.read = present + refused
      field.rejected = refused
      field.recoded = books.recoded[index]
      for (column, reason) in all.enumerated() {
        let count = books.parked[index * all.count + column]
        guard count > 0 else { continue }
        if goesToNative {
          expectedInNative += count
          edges[Edge(source: leaf.name, target: "native", isApproximate: false), default: 0] += count
          continue
        }
        let reason = ConvertSummary.ParkedReason(rawValue: reason.rawValue)!
        field.parked += count
        parked[reason, default: 0] += count
        reasons[Reason(leaf: leaf.name, reason: reason), default: 0] += count
      }
      field.kept = present - field.recoded - field.parked
      add(field, leaf.name, isMapped: true)
      for way in plan.ways[index] where books.edges[way.index] > 0 {
        let edge = Edge(source: leaf.name, target: plan.targetLeaves[way.target].leaf.name, isApproximate: way.leg > 0)
        edges[edge, default: 0] += books.edges[way.index]
      }
    }
    for (index, target) in plan.targetLeaves.enumerated() where books.suppliedLeaves[index] > 0 {
      supplied[target.leaf.name, default: 0] += books.suppliedLeaves[index]
    }
  }

  private mutating func add(_ field: Field, _ name: String, isMapped: Bool = false) {
    let name = !isMapped && fields.count >= Accounts.mostNames && fields[name] == nil ? "*" : name
    fields[name, default: Field()].add(field)
    values.kept += field.kept
    values.recoded += field.recoded
    values.parked += field.parked
  }

  /// Values that were parked and are neither derived nor empty, by leaf; after `close`.
  var parkedOtherwise: [String: Int] {
    var counts: [String: Int] = [:]
    var mapped: [String: Int] = [:]
    for (reason, count) in reasons {
      mapped[reason.leaf, default: 0] += count
      if reason.reason != .derived, reason.reason != .empty { counts[reason.leaf, default: 0] += count }
    }
    // What no mapping names has no other reason.
    for (name, field) in fields where field.parked > mapped[name] ?? 0 { counts[name, default: 0] += field.parked - (mapped[name] ?? 0) }
    return counts
  }

  // MARK: - The balance

  /// What does not balance, or nil. Each of the three sums is counted twice, by who does not know of the other, and every movement has
  /// to be one that the mapping files predict.
  ///
  /// - predictions: one a format that was read.
  /// - hasResidue: parked values were stored.
  /// - countsWritten: the writer keeps count.
  /// - restores: a residue took part.
  func imbalance(_ predictions: [Prediction], hasResidue: Bool, countsWritten: Bool, restores: Bool = false) -> Diagnostic? {
    let posted = values.kept + values.recoded + values.parked + values.rejected
    if values.read != posted {
      return unbalanced("\(values.read) values were read, and \(posted) have a fate", field: nil)
    }
    if countsWritten, written != values.written + meta {
      return unbalanced("\(written) values were written, and \(values.written + meta) should have been", field: nil)
    }
    if native != expectedInNative {
      return unbalanced("\(native) values went into `native`, and \(expectedInNative) should have", field: nil)
    }
    if hasResidue, stored != values.parked {
      return unbalanced("\(values.parked) values were parked, and \(stored) stand in the residue", field: nil)
    }
    for (edge, count) in edges where !predictions.contains(where: { $0.allows(sourceLeaf: edge.source, targetLeaf: edge.target) }) {
      return unbalanced(
        "`\(edge.source)` went \(count) times to `\(edge.target)`, for which the mapping files have no way", field: edge.source)
    }
    // What came back takes places of its own.
    if restores { return nil }
    for (reason, count) in reasons {
      guard let why = Prediction.Reason(rawValue: reason.reason.rawValue),
        !predictions.contains(where: { $0.mayPark(reason.leaf, because: why) })
      else { continue }
      return unbalanced(
        "`\(reason.leaf)` was parked \(count) times as `\(reason.reason.rawValue)`, which the mapping files rule out",
        field: reason.leaf)
    }
    return nil
  }

  private func unbalanced(_ what: String, field: String?) -> Diagnostic {
    var diagnostic = Diagnostic(
      .unbalanced, "the accounts do not balance: \(what)",
      help: "this is a fault of the program, not of the data: `--audit all` names the first record that differs")
    if let field { diagnostic.place = Diagnostic.DataPlace(source: "", path: field) }
    return diagnostic
  }
}
