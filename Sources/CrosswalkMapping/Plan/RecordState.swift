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

    package init(side: Side, leaf: Int, value: Slot) {
      self.side = side
      self.leaf = leaf
      self.value = value
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
  @exclusivity(unchecked) package var failures: [Failure] = []
  @exclusivity(unchecked) package var rejection: Rejection?
  /// Per target leaf: which source it took; 0 is `is:`, 1 and up the legs of `or:`.
  package let legs: UnsafeMutablePointer<UInt8>
  private let legCount: Int
  /// Canonical registers that failed on reading: not to be filled by `--set`.
  @exclusivity(unchecked) package var failedCanonical: Set<Int> = []
  /// Target leaves that failed: no default for them.
  @exclusivity(unchecked) package var failedTargets: Set<Int> = []
  @exclusivity(unchecked) package var supplied: [Int] = []
  /// Labels without a code, and the like: things to warn of, by source leaf.
  @exclusivity(unchecked) package var notices: [(leaf: Int, value: Slot, notice: Notice)] = []

  package enum Notice: UInt8, Sendable { case labelWithoutCode }

  package init(frame: Frame, targetLeaves: Int) {
    self.frame = frame
    legCount = max(targetLeaves, 1)
    legs = .allocate(capacity: legCount)
    legs.initialize(repeating: 0, count: legCount)
  }

  deinit { legs.deallocate() }

  func begin() {
    if !failures.isEmpty { failures.removeAll(keepingCapacity: true) }
    if rejection != nil { rejection = nil }
    if !failedCanonical.isEmpty { failedCanonical.removeAll(keepingCapacity: true) }
    if !failedTargets.isEmpty { failedTargets.removeAll(keepingCapacity: true) }
    if !supplied.isEmpty { supplied.removeAll(keepingCapacity: true) }
    if !notices.isEmpty { notices.removeAll(keepingCapacity: true) }
  }
}
