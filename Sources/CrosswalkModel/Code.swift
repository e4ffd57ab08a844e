/// A stable diagnostic code and its page (`crosswalk help CODE`): U usage, M mapping files, F formats, V values and records,
/// I files. One line a code; a code that has been released is never given another meaning.
public struct Code: Sendable, Hashable, CustomStringConvertible {
  public let name: String

  package init(_ name: String) { self.name = name }

  public var description: String { name }
}

// To add a code: one `static let`, and one line in `pages`, both in the order of the codes.
extension Code {
  public static let usage = Code("U0001")

  public static let yamlSyntax = Code("M0001")
  public static let yamlNotUTF8 = Code("M0002")
  public static let yamlLimit = Code("M0003")
  public static let yamlUnsupported = Code("M0004")
  public static let yamlDuplicateKey = Code("M0005")
  public static let yamlAlias = Code("M0006")
}

extension Code {
  /// Every code, its title and its page, in the order of the codes.
  public static let pages: [(code: Code, title: String, page: String)] = [
    (.usage, "the command line is wrong", "A flag, a system, a format, a field or a file name is not one that Crosswalk knows. The message names the nearest right one."),

    (.yamlSyntax, "the file is not valid YAML", "Brackets, quotes, `:` and indentation do not fit together at the place shown. Texts that start with `@ * & { [ % !` or hold `: ` must stand in quotes; indent with blanks, never with tabs."),
    (.yamlNotUTF8, "the file is not UTF-8 text", "YAML files are read as UTF-8 and nothing else. Save the file in that encoding; the message says which byte is the first wrong one."),
    (.yamlLimit, "the file is beyond a limit", "A YAML file may have 1 MiB, 64 levels, 10,000 values after references are expanded, and texts of 64,000 bytes. Real mapping files stay far below; the limits keep hostile ones cheap."),
    (.yamlUnsupported, "a part of YAML that is not used here", "One document a file, no tags (`!!int`), no merge keys (`<<`), and every key is a text. Whatever these would say can be written out."),
    (.yamlDuplicateKey, "a key stands twice", "One of two equal keys would silently win, so neither does. Both places are shown; remove one."),
    (.yamlAlias, "a reference that leads nowhere", "`*name` repeats the value marked `&name` above it. The mark is missing, stands below, or the reference stands inside its own value. A text that starts with `*` must stand in quotes."),
  ]
}
