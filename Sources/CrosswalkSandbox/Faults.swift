package import CrosswalkModel
import CrosswalkMapping

/// What goes wrong, by rules and a seed: the same requests meet the same faults in every run.
///
/// A rule is `NAME[/OPERATION][=SHARE][@N]`: of all calls, or of those of one operation (`create`, `list`; `read` and `write` for all of
/// their kind), the given share, or the Nth alone. Several stand with commas between them.
package struct Faults: Sendable {
  package enum Name: String, Sendable, CaseIterable {
    /// The vendor's own error page, before the write or after it.
    case failBefore = "5xx-before"
    case failAfter = "5xx-after"
    case resetBefore = "reset-before"
    case resetAfter = "reset-after"
    case dropAfter = "drop-after"
    case delayAfter = "delay-after"
    case slowCommit = "slow-commit"
    case truncateBody = "truncate-body"
    case wrongContentType = "wrong-content-type"
    case htmlOK = "html-200"
    case redirectCrossOrigin = "redirect-cross-origin"
    case throttle, lock
    case expire = "401-expire"
    case pageSkip = "page-skip"
    case pageDuplicate = "page-duplicate"
    case staleList = "stale-list"
    case exists = "8001-exists"
    case namesAllowed = "duplicate-names-allowed"
    case namesForbidden = "duplicate-names-forbidden"
    case hiddenRecords = "hidden-records"
  }

  package struct Rule: Sendable {
    package var name: Name
    /// `create`, `read`, `write`; nil for all.
    package var operation: String?
    package var share: Double
    package var at: Int?
    /// As it was written.
    package var text: String
    /// Calls that it was asked about, and those that it fired at.
    package var asked = 0
    package var fired = 0
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
    return rule
  }

  private static func wrong(_ text: String, _ help: String) -> Diagnostic {
    Diagnostic(.usage, "`\(text)` is not a fault", help: "\(help); `reset-after/create=0.02`, `throttle@5`")
  }

  /// Rules that hold for a whole run, not for a call.
  func holds(_ name: Name) -> Bool { rules.contains { $0.name == name } }

  /// Whether a record is one that its user may not see.
  func hides(_ sequence: Int) -> Bool {
    rules.contains { $0.name == .hiddenRecords && Dice(seed, "hidden", sequence).share < $0.share }
  }

  /// The fault of a call, and the text of its rule: that of the first rule that fires. All are asked, so that one rule does not
  /// change when another fires.
  mutating func next(_ operation: API.Kind) -> (name: Name, rule: String)? {
    var first: (Name, String)?
    for index in rules.indices where rules[index].applies(to: operation) {
      rules[index].asked += 1
      let rule = rules[index]
      let fires = rule.at.map { $0 == rule.asked } ?? (rule.share >= 1 || Dice(seed, "\(index) \(rule.text)", rule.asked).share < rule.share)
      guard fires, first == nil else { continue }
      rules[index].fired += 1
      first = (rule.name, rule.text)
    }
    return first
  }
}

extension Faults.Rule {
  fileprivate func applies(to kind: API.Kind) -> Bool {
    switch name {
    case .namesAllowed, .namesForbidden, .hiddenRecords: return false
    case .pageSkip, .pageDuplicate, .staleList: if kind != .list { return false }
    case .exists: if kind != .create { return false }
    default: break
    }
    switch operation {
    case nil: return true
    case "write": return kind.isWrite
    case "read": return !kind.isWrite && kind != .session
    case let operation: return operation == kind.rawValue
    }
  }
}

extension API.Kind {
  var isWrite: Bool { [.create, .update, .toggle, .delete].contains(self) }
}
