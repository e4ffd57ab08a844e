/// A stable diagnostic code and its page (`crosswalk help CODE`): U usage, M mapping files, F formats, V values and records,
/// I files. One line a code; a code that has been released is never given another meaning.
public struct Code: Sendable, Hashable, CustomStringConvertible {
  public let name: String

  package init(_ name: String) { self.name = name }

  public var description: String { name }
}

extension Code {
  /// Every code, its title and its page, in the order of the codes.
  public static let pages: [(code: Code, title: String, page: String)] = [
    (.usage, "the command line is wrong", "A flag, a system, a format, a field or a file name is not one that Crosswalk knows. The message names the nearest right one."),
  ]

  public static let usage = Code("U0001")
}
