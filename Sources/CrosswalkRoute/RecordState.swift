package import CrosswalkFormats
package import CrosswalkModel

/// What a plan finds out about one record besides its values. One a worker.
package final class RecordState {
  package enum Side: Sendable { case source, target }

  /// A value that would not convert (SEMANTICS S13).
  package struct Failure {
    package var side: Side
    /// Index of the leaf on its side.
    package var leaf: Int
    package var value: Slot
    /// What the conversion depends on besides the value (`Transform.within`).
    package var within: [UInt8]

    package init(side: Side, leaf: Int, value: Slot, within: [UInt8] = []) {
      self.side = side
      self.leaf = leaf
      self.value = value
      self.within = within
    }
  }

  package struct Rejection: Equatable {
    package enum Reason: Equatable {
      case failed
      case missing
      case unknownField
      /// An update needs the target's own id.
      case foreignId
    }

    package var reason: Reason
    package var leaf: Int
    package var side: Side
    package var value: Slot = .absent
  }

  package let frame: Frame
  /// Something was noted of the record at hand.
  package let isMarked: UnsafeMutablePointer<Bool>
  @exclusivity(unchecked) package var failures: [Failure] = [] { didSet { isMarked.pointee = true } }
  /// Those that reject their record; `rejection` has the first reason only.
  @exclusivity(unchecked) package var refused: [Failure] = [] { didSet { isMarked.pointee = true } }
  /// What stood in for values that failed.
  @exclusivity(unchecked) package var replaced: [(side: Side, leaf: Int, use: Replacements.Use)] = [] { didSet { isMarked.pointee = true } }
  @exclusivity(unchecked) package var rejection: Rejection? { didSet { isMarked.pointee = true } }
  /// Per target leaf: which source it took; 0 is `is:`, 1 and up the legs of `or:`.
  package let legs: UnsafeMutablePointer<UInt8>
  private let legCount: Int
  /// Canonical registers that failed on reading: not to be filled by `--set`.
  @exclusivity(unchecked) package var failedCanonical: Set<Int> = [] { didSet { isMarked.pointee = true } }
  /// Target leaves that failed: no default for them.
  @exclusivity(unchecked) package var failedTargets: Set<Int> = [] { didSet { isMarked.pointee = true } }
  @exclusivity(unchecked) package var supplied: [Int] = [] { didSet { isMarked.pointee = true } }
  /// The target's own id of the record at hand, where ids come from a map; set before the plan runs.
  @exclusivity(unchecked) package var translatedId = Slot.absent
  /// Labels without a code, and the like: things to warn of, by source leaf.
  @exclusivity(unchecked) package var notices: [(leaf: Int, value: Slot, notice: Notice)] = [] { didSet { isMarked.pointee = true } }

  package enum Notice: UInt8, Sendable {
    case labelWithoutCode
    /// `null` or a line break spelt out in characters (VENDORS HV-8).
    case literalNull, literalLineBreak
    /// A bare number where text is meant: with an exponent, or with fewer digits than such a code has.
    case exponent, lostZeros
    /// `native` that is not what Crosswalk writes.
    case damagedNative
    /// A block of free text of which nothing is certain.
    case unstructured
  }

  package init(frame: Frame, targetLeaves: Int) {
    self.frame = frame
    isMarked = .allocate(capacity: 1)
    isMarked.initialize(to: false)
    legCount = max(targetLeaves, 1)
    legs = .allocate(capacity: legCount)
    legs.initialize(repeating: 0, count: legCount)
  }

  deinit {
    legs.deallocate()
    isMarked.deallocate()
  }

  func begin() {
    guard isMarked.pointee else { return }
    failures.removeAll(keepingCapacity: true)
    if !refused.isEmpty { refused.removeAll(keepingCapacity: true) }
    if !replaced.isEmpty { replaced.removeAll(keepingCapacity: true) }
    rejection = nil
    failedCanonical.removeAll(keepingCapacity: true)
    failedTargets.removeAll(keepingCapacity: true)
    supplied.removeAll(keepingCapacity: true)
    notices.removeAll(keepingCapacity: true)
    isMarked.pointee = false
  }
}
