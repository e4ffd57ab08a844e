package import CrosswalkModel

/// A record in canonical terms, and what became of every leaf it was read from.
package struct ReferenceCanonical: Sendable, Equatable {
  /// Absent fields have no entry; null and empty text are values.
  package var values: [String: Tree]
  /// Fields whose leaf was refused on reading: blank, and nothing fills them.
  package var failed: Set<String> = []
  /// Fields that hold their system's literal for "not stated".
  package var unset: Set<String> = []
  /// Every leaf of the record, in its order; unknown subtrees are one entry.
  package var leaves: [Leaf] = []
  /// Who wrote it: the system that was read, or what a canonical record says of itself.
  package var system: String?
  /// What stands as `system` of a canonical record.
  var owner: Tree?
  /// What the prefixes of unknown names stand for, as the record's aids say.
  var prefixes: [[UInt8]: [UInt8]] = [:]
  /// `native` of a canonical record.
  package var native: Tree?

  package init(_ values: [String: Tree] = [:], system: String? = nil) {
    self.values = values
    self.system = system
  }

  package struct Leaf: Sendable, Equatable {
    /// The mapping's spelling for a mapped leaf, the record's own for another.
    package var path: [UInt8]
    package var value: Tree
    /// The mapping's field; nil for what no field names.
    package var field: String?
    /// The canonical fields that it gave a value to.
    package var feeds: Set<String> = []
    /// Those that a text was taken apart into.
    var parts: Set<String> = []
    /// Why it gave none.
    package var why: ReferenceWhy?
    /// No leaf, but what a format needs to write an unknown one again as it stood: the declaration of its prefix, the order
    /// of mixed content.
    var isAid = false
    /// Where it stands in the record: an index a level.
    var location: [Int] = []
  }

  func isBlank(_ name: String) -> Bool { values[name]?.isBlank ?? true }

  /// The leaves that gave a canonical field its value.
  func sources(of name: String) -> Set<[UInt8]> { Set(leaves.filter { $0.feeds.contains(name) }.map(\.path)) }
}

/// Why a leaf is parked: the members of the report's `parkedWhy`.
package enum ReferenceWhy: String, Sendable { case noPlace, derived, empty, readOnly, failed, taken }
