/// The faults that one call meets, and which of them have made a difference to it.
struct CallFaults {
  /// The fault of the call itself.
  private(set) var name: Faults.Name?
  private var rule = 0
  private var hidden: [(rule: Int, share: Double)] = []
  private var names: [Faults.Name: Int] = [:]
  private let seed: UInt64
  /// Rules that made a difference, by their place among all; the call's own comes first.
  private(set) var fired: [Int] = []

  init(seed: UInt64) { self.seed = seed }

  /// - share: of the records.
  mutating func add(_ name: Faults.Name, _ rule: Int, share: Double = 1) {
    if name == .hiddenRecords {
      hidden.append((rule, share))
    } else if name.isOfRecords {
      if names[name] == nil { names[name] = rule }
    } else if self.name == nil {
      self.name = name
      self.rule = rule
    }
  }

  /// The call's own fault has made a difference.
  mutating func fire() { if !fired.contains(rule) { fired.insert(rule, at: 0) } }

  /// Whether it is met; where it is, it has made a difference.
  mutating func takes(_ name: Faults.Name) -> Bool {
    guard let rule = names[name] else { return false }
    note(rule)
    return true
  }

  func has(_ name: Faults.Name) -> Bool { names[name] != nil }

  /// Whether a record is one that the user may not see: the same ones in all calls.
  mutating func hides(_ sequence: Int) -> Bool {
    guard !hidden.isEmpty, let one = hidden.first(where: { Dice(seed, "hidden", sequence).share < $0.share }) else { return false }
    note(one.rule)
    return true
  }

  private mutating func note(_ rule: Int) { if !fired.contains(rule) { fired.append(rule) } }
}
