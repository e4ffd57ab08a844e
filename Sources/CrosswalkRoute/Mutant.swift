#if CROSSWALK_MUTANTS
  import CrosswalkFormats
  import CrosswalkMapping
  import CrosswalkModel
  import Glibc

  /// One bug put into plans on purpose, so that `.ci/mutants` can count what finds it. In no build but that one.
  ///
  /// `CROSSWALK_MUTANT` names it: `KIND:SYSTEM:read|write:N[:M]`. N and M count steps, leaves or fields of that half of the plan, in
  /// the mapping's order; a kind that has no such place does nothing and says so on standard error (`no such place`).
  enum Mutant {
    struct Bug {
      var kind: String
      var system: String
      var isReading: Bool
      var first: Int
      var second: Int
    }

    static let bug: Bug? = {
      guard let text = getenv("CROSSWALK_MUTANT") else { return nil }
      let parts = String(cString: text).split(separator: ":").map(String.init)
      guard parts.count >= 4, let first = Int(parts[3]) else { return nil }
      return Bug(
        kind: parts[0], system: parts[1], isReading: parts[2] == "read", first: first,
        second: parts.count > 4 ? Int(parts[4]) ?? 0 : 0)
    }()

    private static func bugOf(_ system: System, reading: Bool) -> Bug? {
      guard let bug, bug.system == system.name, bug.isReading == reading else { return nil }
      return bug
    }

    private static func nowhere() { _ = Array("no such place\n".utf8).withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) } }

    private static func spoil(steps: inout [PlanStep], _ bug: Bug) {
      guard steps.indices.contains(bug.first), bug.kind == "drop-step" || bug.first > 0 else { return nowhere() }
      let step = steps.remove(at: bug.first)
      if bug.kind == "early-step" { steps.insert(step, at: 0) }
    }

    static func spoil(read half: inout PlanBuilder.ReadHalf, of system: System, _ builder: inout PlanBuilder) {
      guard let bug = bugOf(system, reading: true) else { return }
      let (a, b) = (bug.first, bug.second)
      let leaves = half.leaves.indices
      switch bug.kind {
      case "drop-step", "early-step": spoil(steps: &half.steps, bug)
      case "swap-leaves" where leaves.contains(a) && leaves.contains(b) && a != b:
        (half.leaves[a].register, half.leaves[b].register) = (half.leaves[b].register, half.leaves[a].register)
        for index in [a, b] { half.leaves[index].layout.register = half.leaves[index].register }
      case "lose-leaf" where leaves.contains(a):
        half.leaves[a].register = builder.register()
        half.leaves[a].layout.register = half.leaves[a].register
      case "forget-feed" where leaves.contains(a) && !half.feeds[a].isEmpty: half.feeds[a].removeLast()
      case "swap-fields" where half.canonical.indices.contains(a) && half.canonical.indices.contains(b):
        half.canonical.swapAt(a, b)
      case let kind where kind.hasPrefix("value-"): return
      default: nowhere()
      }
    }

    static func spoil(written half: inout PlanBuilder.WriteHalf, of system: System, _ builder: inout PlanBuilder) {
      guard let bug = bugOf(system, reading: false) else { return }
      let (a, b) = (bug.first, bug.second)
      let leaves = half.leaves.indices
      switch bug.kind {
      case "drop-step", "early-step": spoil(steps: &half.steps, bug)
      case "swap-leaves" where leaves.contains(a) && leaves.contains(b) && a != b:
        let registers = (half.leaves[a].leaf.register, half.leaves[b].leaf.register)
        (half.leaves[a].leaf.register, half.leaves[b].leaf.register) = (registers.1, registers.0)
        for index in [a, b] { half.leaves[index].leaf.layout.register = half.leaves[index].leaf.register }
      case "lose-leaf" where leaves.contains(a):
        half.leaves[a].leaf.register = half.nothing
        half.leaves[a].leaf.layout.register = half.nothing
      case "forget-leg" where leaves.contains(a) && !half.leaves[a].legs.isEmpty: half.leaves[a].legs.removeLast()
      case "flip-null" where leaves.contains(a): half.leaves[a].leaf.layout.writesNull.toggle()
      case "flip-empty" where leaves.contains(a): half.leaves[a].leaf.layout.writesEmpty.toggle()
      case "flip-kind" where leaves.contains(a): half.leaves[a].leaf.layout.isText.toggle()
      case "flip-required" where leaves.contains(a): half.leaves[a].isRequired.toggle()
      case let kind where kind.hasPrefix("value-") || kind == "swap-legs": return
      default: nowhere()
      }
    }

    /// The transforms of a field; in the order in which they read.
    static func spoil(_ transforms: [Transform], field: Int, of system: System, reading: Bool) -> [Transform] {
      guard let bug = bugOf(system, reading: reading), bug.first == field, bug.kind.hasPrefix("value-") else { return transforms }
      if bug.kind == "value-unchanged" {
        if transforms.isEmpty { nowhere() }
        return []
      }
      let wrong = WrongTransform(String(bug.kind.dropFirst(6)))
      return reading ? transforms + [wrong] : [wrong] + transforms
    }

    static func spoil(_ legs: [SelectStep.Leg], field: Int, of system: System) -> [SelectStep.Leg] {
      guard let bug = bugOf(system, reading: false), bug.first == field, bug.kind == "swap-legs" else { return legs }
      return legs.reversed()
    }
  }

  /// Changes values as a careless programmer would.
  private final class WrongTransform: Transform {
    private let kind: String

    init(_ kind: String) { self.kind = kind }

    override func read(_ slot: Slot, _ frame: Frame) -> Slot? { spoil(slot, frame) }
    override func write(_ slot: Slot, _ frame: Frame) -> Slot? { spoil(slot, frame) }

    private func spoil(_ slot: Slot, _ frame: Frame) -> Slot? {
      guard slot.kind == .text || slot.kind == .number else { return slot }
      let text = Array(frame.text(slot))
      func stored(_ bytes: [UInt8]) -> Slot { bytes == text ? slot : frame.store(bytes, as: slot.kind) }
      switch kind {
      case "cut": return stored(Array(text.prefix(12)))
      case "short": return stored(text.dropLast())
      case "lower": return stored(text.map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 })
      case "trim": return stored(text.reversed().drop { $0 == 0x20 || $0 == 0x0a }.reversed())
      case "ascii": return stored(text.map { $0 < 0x80 ? $0 : UInt8(ascii: "?") })
      case "line": return stored(text.split(separator: 0x0a, maxSplits: 1, omittingEmptySubsequences: false).first.map(Array.init) ?? [])
      case "zeros": return stored(Array(text.drop { $0 == UInt8(ascii: "0") }))
      case "fail": return nil
      case "empty": return frame.store([])
      default: return slot
      }
    }
  }
#endif
