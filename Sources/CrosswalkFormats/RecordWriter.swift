package import CrosswalkModel

/// A leaf or subtree that stands at a path which the layout does not have: restored from `native` or a residue.
package struct OutputExtra {
  /// The members on the way; the last is the leaf's own name.
  package var path: [PathStep]
  package var value: Tree
  /// Of the record's, for the books: an aid (a declared prefix, an order) is none.
  package var leaves: Int

  package init(path: [PathStep], value: Tree, leaves: Int? = nil) {
    self.path = path
    self.value = value
    self.leaves = leaves ?? value.leafCount
  }
}

/// Writes records of one shape in one format.
///
/// The order of members is the layout's. A leaf is left out when its register is absent, or null or empty where the layout
/// says so; an object without a written leaf is left out. Nothing is pretty-printed (SEMANTICS section 2, 4-6).
package protocol RecordWriter: AnyObject {
  /// Before the first record, between two, and after the last. `list` is one document; other shapes are one a line.
  var opening: [UInt8] { get }
  var separator: [UInt8] { get }
  var closing: [UInt8] { get }
  /// The whole output when there is no record.
  var empty: [UInt8] { get }

  /// Appends one record (with its wrapper), without separators. Throws when a value holds what the format cannot (a control
  /// character in XML); nothing is appended then. Counts the leaves it writes in `out.leaves`.
  func write(_ frame: Frame, extras: [OutputExtra], into out: inout OutputBuffer) throws(FormatError)
}
