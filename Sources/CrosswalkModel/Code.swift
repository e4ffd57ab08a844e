/// A stable diagnostic code and its page (`crosswalk help CODE`): U usage, M mapping files, F formats, V values and records,
/// I files. One line a code; a code that has been released is never given another meaning.
public struct Code: Sendable, Hashable, CustomStringConvertible {
  public let name: String

  package init(_ name: String) { self.name = name }

  public var description: String { name }
}

// The commands' exit codes follow from the family: U and M end with 2, F, V and I01 with 4, I02 with 5.
extension Code {
  /// Every code, its title and its page, in the order of the codes of a family.
  public static let pages: [(code: Code, title: String, page: String)] = [
    (.usage, "the command line is wrong", "A flag or a value is not one that the command knows. The message names the nearest right one; `crosswalk COMMAND --help` lists all of them."),
    (.unknownSystem, "no such system", "The name before the colon of `--from` or `--to` is not a folder of mapping files. `crosswalk systems` lists what there is; `--mappings DIR` adds more."),
    (.unknownFormat, "the system does not have this format", "A system reads and writes the formats that its system.yaml lists; `ndjson` comes with `json`. `crosswalk systems NAME` shows them."),
    (.unknownField, "no such field", "`--set` takes the names of canonical fields, such as `currency.code`. `crosswalk systems canonical` lists them."),
    (.unknownOption, "no such option, or not one of its values", "Options are written SYSTEM.NAME=VALUE and stand in a system's system.yaml. `crosswalk systems NAME` shows them with their values."),
    (.saidTwice, "said twice", "One field was set twice, or standard input was named twice. Which one is meant cannot be known."),
    (.noInput, "nothing to read", "No file was named and standard input is a terminal. Name a file, or send one: `crosswalk convert … < FILE`."),
    (.sameFile, "a file is both read and written", "Writing would destroy what is being read, or two outputs would write over each other. Choose another name for the output."),
    (.rejectsNeedAFile, "rejected records would be lost", "With `--max-rejects` above 0 records may be left out of the output. `--rejects FILE` says where they go, so that none disappears."),
    (.unknownCode, "no such diagnostic code", "Codes are a letter and four digits, as messages show them in brackets."),
    (.unfedRequirement, "a required field has no source", "The target requires a field in this shape and nothing in the source can feed it, so that every record would be rejected. The message names the `--set` that supplies it."),
    (.missingInput, "the input file does not exist", "The message names the file of the same folder whose name is nearest. Nothing has been written."),
    (.unreadableInput, "the input cannot be read", "The file is a folder, may not be read, or reading it failed; the system's own reason follows."),
    (.foreignFile, "this is a workbook, an archive or a compressed file", "Crosswalk reads text: JSON, NDJSON, XML, CSV and URL-encoded forms. A workbook is saved as CSV first, an archive is unpacked, a compressed file is sent through its own program: `zcat FILE | crosswalk convert …`."),
    (.looksLike, "the input is in another format than was said", "The format was named and the first bytes are clearly another one. Say the right one, or leave it out: it is then taken from the file's ending and its first bytes."),
    (.endingDisagrees, "the file's ending and its content disagree", "The content decides. Name the format (`--from SYSTEM:FORMAT`) to be sure."),
    (.emptyInput, "the input is empty", "A JSON, XML or CSV document has at least one byte; an empty file is more likely one that was cut. An empty NDJSON or form file is one without records."),
    (.outputExists, "the output file exists already", "It is replaced only with `--force`, which covers the residue and the rejects too."),
    (.unwritableOutput, "the output cannot be written", "The folder does not exist or may not be written to, the disk is full, or writing failed; the system's own reason follows. Files of this run have been removed."),
    (.closedOutput, "the reader of standard output went away", "The next program of the pipe has closed it, as `head` does. The run ends without a message and with 141."),
  ]

  public static let usage = Code("U0001")
  public static let unknownSystem = Code("U0002")
  public static let unknownFormat = Code("U0003")
  public static let unknownField = Code("U0004")
  public static let unknownOption = Code("U0005")
  public static let saidTwice = Code("U0006")
  public static let noInput = Code("U0007")
  public static let sameFile = Code("U0008")
  public static let rejectsNeedAFile = Code("U0009")
  public static let unknownCode = Code("U0010")
  public static let unfedRequirement = Code("U0011")
  public static let missingInput = Code("I0101")
  public static let unreadableInput = Code("I0102")
  public static let foreignFile = Code("I0103")
  public static let looksLike = Code("I0104")
  public static let endingDisagrees = Code("I0105")
  public static let emptyInput = Code("I0106")
  public static let outputExists = Code("I0201")
  public static let unwritableOutput = Code("I0202")
  public static let closedOutput = Code("I0203")
}
