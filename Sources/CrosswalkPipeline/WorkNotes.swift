import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkRoute

/// Why a value is for a person to decide.
enum WorkReason: String, Hashable {
  case fails = "does not convert"
  case missing
  /// Where one value belongs.
  case container = "object or list"
  case tooLong = "too long to list"
  case secret

  /// A text may stand in for it.
  var takesUse: Bool { self == .fails }

  /// What to do where no text may stand in. It stands in the worklist beside `use`, so that nobody fills that in for nothing.
  /// - canonical: what the field means, for `--set`.
  func cure(canonical: String?) -> String {
    guard self == .missing, let canonical else { return "leave `use` empty; correct the source" }
    return "leave `use` empty; for all records without one: --set \(canonical)=VALUE"
  }
}

/// A value that would be parked as failed or would reject its record; for one that is missing the field alone.
struct WorkItem: Hashable {
  var side: RecordState.Side
  var field: String
  var value: [UInt8] = []
  var within: [UInt8] = []
  var why: WorkReason

  /// Longer values are no names of anything, and no cell of a spreadsheet.
  static let longest = 1000
}

/// What a batch found for the worklist, in the order of its records.
final class WorkNotes {
  struct Note {
    var item: WorkItem
    var records = 0
    /// Index in the batch.
    var first: Int
    /// The id of that record.
    var id: [UInt8]
  }

  /// What rejects records: field and reason, whatever the value.
  struct Cause: Hashable {
    var field: String
    var why: WorkReason
  }

  private(set) var notes: [Note] = []
  private(set) var causes: [Cause: Int] = [:]
  /// Records rejected for values.
  private(set) var rejects = 0
  private var places: [WorkItem: Int] = [:]

  var isEmpty: Bool { notes.isEmpty && causes.isEmpty }

  func removeAll() {
    notes.removeAll()
    causes.removeAll()
    places.removeAll()
    rejects = 0
  }

  func add(_ items: [WorkItem], record: Int, id: @autoclosure () -> [UInt8]) {
    for item in Set(items).count == items.count ? items : unique(items) {
      let place = places[item] ?? notes.count
      if place == notes.count {
        places[item] = place
        notes.append(Note(item: item, first: record, id: id()))
      }
      notes[place].records += 1
    }
  }

  /// A record that is rejected.
  func add(causes items: [WorkItem]) {
    if !items.isEmpty { rejects += 1 }
    for cause in Set(items.map { Cause(field: $0.field, why: $0.why) }) { causes[cause, default: 0] += 1 }
  }

  private func unique(_ items: [WorkItem]) -> [WorkItem] {
    var seen: Set<WorkItem> = []
    return items.filter { seen.insert($0).inserted }
  }
}

extension BatchWorker {
  /// Values of the record at hand that a person has to decide about. Asked only of records of which something failed.
  func workItems(isRejected: Bool) -> (all: [WorkItem], rejecting: [WorkItem]) {
    let state = plan.state
    var refused: [WorkItem] = []
    var parked: [WorkItem] = []
    let missing = isRejected ? missingLeaves : []
    for failure in state.refused where !isFollowing(failure, missing) { refused.append(item(failure)) }
    for failure in state.failures where !isKept(failure) && !isFollowing(failure, missing) { parked.append(item(failure)) }
    for notice in state.notices where notice.notice == .labelWithoutCode {
      guard isRejected || !plan.contributes(notice.leaf) else { continue }
      parked.append(item(.init(side: .source, leaf: notice.leaf, value: notice.value)))
    }
    refused += missing.map { WorkItem(side: .target, field: plan.targetLeaves[$0].leaf.name, why: .missing) }
    return (refused + parked, refused.isEmpty ? parked : refused)
  }

  /// Required and not there; not those that a label without a code should have given.
  private var missingLeaves: [Int] {
    let unread = plan.state.notices.filter { $0.notice == .labelWithoutCode }.map(\.leaf)
    return plan.missingRequirements.filter { target in
      !unread.contains { leaf in plan.ways[leaf].contains { $0.target == target } }
    }
  }

  /// It stands in the output as it is, or would have been parked anyhow.
  private func isKept(_ failure: RecordState.Failure) -> Bool {
    switch failure.side {
    case .source:
      plan.staticParking[failure.leaf] != nil || plan.source.fields[plan.sourceLeaves[failure.leaf].field].onFail == .keep
    case .target: plan.target.fields[plan.targetLeaves[failure.leaf].leaf.field].onFail == .keep
    }
  }

  /// It may convert as soon as another value of the record does, which is listed itself: the country of a region.
  private func isFollowing(_ failure: RecordState.Failure, _ missing: [Int]) -> Bool {
    failure.side == .target
      && plan.bases(of: failure.leaf).contains { plan.state.failedTargets.contains($0) || missing.contains($0) }
  }

  private func item(_ failure: RecordState.Failure) -> WorkItem {
    let name = failure.side == .source ? plan.sourceLeaves[failure.leaf].name : plan.targetLeaves[failure.leaf].leaf.name
    var item = WorkItem(side: failure.side, field: name, within: failure.within, why: .fails)
    if plan.isSecret(failure.side, failure.leaf) {
      item.within = []
      item.why = .secret
      return item
    }
    switch failure.value.kind {
    case .emptyObject, .emptyArray, .subtree:
      var text = OutputBuffer()
      literal(failure.value, to: &text)
      item.value = Array(Messages.excerpt(Array(text.bytes)).utf8)
      item.why = .container
    default:
      item.value = Array(plan.frame.literal(failure.value))
      if item.value.count > WorkItem.longest {
        item.value = Array(Messages.excerpt(item.value).utf8)
        item.why = .tooLong
      }
    }
    return item
  }
}
