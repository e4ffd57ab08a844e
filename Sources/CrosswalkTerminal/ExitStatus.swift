package import Crosswalk

/// The exit codes of DESIGN section 8.
package enum ExitStatus {
  package static let done: Int32 = 0
  package static let withRejects: Int32 = 1
  package static let wrongUsage: Int32 = 2
  package static let limitExceeded: Int32 = 6
  /// A fault of the program.
  package static let unbalanced: Int32 = 70

  /// What a run ends with that this diagnostic has ended.
  package static func of(_ diagnostic: Diagnostic) -> Int32 {
    if diagnostic.code == .closedOutput { return 141 }
    if diagnostic.code == .rejectLimit || diagnostic.code == .parkedBudget { return limitExceeded }
    let name = diagnostic.code.name
    if name.hasPrefix("U") || name.hasPrefix("M") { return wrongUsage }
    if name.hasPrefix("I03") || name.hasPrefix("I04") { return unbalanced }
    return name.hasPrefix("I02") ? 5 : 4
  }
}
