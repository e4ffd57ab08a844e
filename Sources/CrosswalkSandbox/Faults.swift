package import CrosswalkModel
import CrosswalkMapping

/// What goes wrong, by rules and a seed: the same requests meet the same faults in every run.
///
/// A rule is `NAME[/OPERATION][=SHARE][@N]`: of all calls that the fault can meet, or of those of one operation (`create`, `list`;
/// `read` and `write` for all of their kind), the given share, or the Nth alone. Of `hidden-records` the share is that of the records.
/// Several stand with commas between them.
package struct Faults: Sendable {
  package enum Name: String, Sendable, CaseIterable {
    /// The vendor's own error page, before the write or after it.
    case failBefore = "5xx-before"
    case failAfter = "5xx-after"
    case resetBefore = "reset-before"
    case resetAfter = "reset-after"
    case dropAfter = "drop-after"
    /// The write is done at once, and answered late.
    case delayAfter = "delay-after"
    /// The whole call is done late, also for a client that has gone.
    case slowCommit = "slow-commit"
    case truncateBody = "truncate-body"
    case wrongContentType = "wrong-content-type"
    case htmlOK = "html-200"
    case redirectCrossOrigin = "redirect-cross-origin"
    case throttle, lock
    case expire = "401-expire"
    case pageSkip = "page-skip"
    case pageDuplicate = "page-duplicate"
    /// A list as it was a while ago.
    case staleList = "stale-list"
    case exists = "8001-exists"
    case namesAllowed = "duplicate-names-allowed"
    case namesForbidden = "duplicate-names-forbidden"
    /// Records that the user may not see.
    case hiddenRecords = "hidden-records"
    /// The user may not make this call.
    case forbidden

    /// The operations that it can meet.
    func meets(_ kind: API.Kind) -> Bool {
      switch self {
      case .pageSkip, .pageDuplicate, .staleList: kind == .list
      case .exists: kind == .create
      case .slowCommit: kind.isWrite
      case .namesAllowed, .namesForbidden: kind == .create || kind == .update
      case .hiddenRecords: ![.session, .create, .limits].contains(kind)
      case .forbidden: kind != .session
      default: true
      }
    }

    /// It stands beside the fault that a call meets, and changes what the call finds.
    var isOfRecords: Bool { self == .hiddenRecords || self == .namesAllowed || self == .namesForbidden }
  }

  package struct Rule: Sendable {
    package var name: Name
    /// `create`, `read`, `write`; nil for all.
    package var operation: String?
    package var share: Double
    package var at: Int?
    /// As it was written.
    package var text: String
    /// Calls that it was asked about, and those that it made a difference to.
    package var asked = 0
    package var fired = 0

    /// Whether calls of a kind are asked about.
    fileprivate func applies(to kind: API.Kind) -> Bool {
      guard name.meets(kind) else { return false }
      switch operation {
      case nil: return true
      case "write": return kind.isWrite
      case "read": return !kind.isWrite && kind != .session
      case let operation: return operation == kind.rawValue
      }
    }
  }

  package private(set) var rules: [Rule] = []
  let seed: UInt64

  package init(_ text: String, seed: UInt64) throws(Diagnostic) {
    self.seed = seed
    for part in text.split(whereSeparator: { $0 == "," || $0 == " " || $0 == "\n" }) { rules.append(try Faults.rule(String(part))) }
  }

  private static func rule(_ text: String) throws(Diagnostic) -> Rule {
    var rest = text[...]
    var rule = Rule(name: .failBefore, share: 1, text: text)
    if let sign = rest.lastIndex(of: "@") {
      guard let at = Int(rest[rest.index(after: sign)...]), at > 0 else { throw wrong(text, "`@N` counts calls from 1") }
      rule.at = at
      rest = rest[..<sign]
    }
    if let sign = rest.lastIndex(of: "=") {
      guard let share = Double(String(rest[rest.index(after: sign)...])), (0...1).contains(share) else {
        throw wrong(text, "`=SHARE` is a number from 0 to 1")
      }
      rule.share = share
      rest = rest[..<sign]
    }
    if let sign = rest.firstIndex(of: "/") {
      let operation = String(rest[rest.index(after: sign)...])
      let known = ["read", "write"] + API.Kind.allCases.map(\.rawValue)
      guard known.contains(operation) else { throw wrong(text, "operations: \(known.joined(separator: ", "))") }
      rule.operation = operation
      rest = rest[..<sign]
    }
    guard let name = Name(rawValue: String(rest)) else {
      throw wrong(text, "faults: \(Name.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    rule.name = name
    try check(rule, API.Kind.allCases)
    return rule
  }

  /// Refuses rules that none of these operations can meet.
  func check(_ operations: [API.Operation]) throws(Diagnostic) {
    for rule in rules {
      let isOfPages = rule.name == .pageSkip || rule.name == .pageDuplicate
      try Faults.check(rule, operations.filter { !isOfPages || $0.paging != nil }.map(\.kind))
    }
  }

  private static func check(_ rule: Rule, _ kinds: [API.Kind]) throws(Diagnostic) {
    guard !kinds.contains(where: rule.applies) else { return }
    let possible = API.Kind.allCases.filter { rule.name.meets($0) && kinds.contains($0) }.map(\.rawValue)
    throw Diagnostic(
      .usage, "the fault `\(rule.text)` can never fire: no call that is played is one that it meets",
      help: possible.isEmpty
        ? "leave it out" : "`\(rule.name.rawValue)` alone meets all that it can; operations here: \(possible.joined(separator: ", "))")
  }

  private static func wrong(_ text: String, _ help: String) -> Diagnostic {
    Diagnostic(.usage, "`\(text)` is not a fault", help: "\(help); `reset-after/create=0.02`, `throttle@5`")
  }

  /// What meets a call. All rules are asked, so that one does not change when another fires; the first that fires is the call's.
  mutating func meet(_ kind: API.Kind) -> CallFaults {
    var met = CallFaults(seed: seed)
    for index in rules.indices where rules[index].applies(to: kind) {
      rules[index].asked += 1
      let rule = rules[index]
      guard rule.at ?? rule.asked == rule.asked else { continue }
      if rule.name == .hiddenRecords {
        met.add(rule.name, index, share: rule.share)
      } else if rule.share >= 1 || Dice(seed, "\(index) \(rule.text)", rule.asked).share < rule.share {
        met.add(rule.name, index)
      }
    }
    return met
  }

  /// Counts what made a difference; the text of the first such rule.
  mutating func count(_ met: CallFaults) -> String? {
    for index in met.fired { rules[index].fired += 1 }
    return met.fired.first.map { rules[$0].text }
  }
}

extension API.Kind {
  var isWrite: Bool { [.create, .update, .toggle, .delete].contains(self) }
}
