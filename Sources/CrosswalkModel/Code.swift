/// A stable diagnostic code and its page (`crosswalk help CODE`): U usage, M mapping files, F formats, V values and records,
/// I files. One line a code; a code that has been released is never given another meaning.
public struct Code: Sendable, Hashable, CustomStringConvertible {
  public let name: String

  package init(_ name: String) { self.name = name }

  public var description: String { name }

  /// Each one is for a person to look at: a run leaves none of them out, and only the terminal's text shows the first few.
  package var isListedInFull: Bool { self == .editNotExpressible || self == .mergedEdit || self == .staleDerived }
}

// To add a code: one `static let`, and one line in `pages`, both in the order of the codes of a family.
// The commands' exit codes follow from the family: U and M end with 2, F, V and I01 with 4, I02 with 5.
extension Code {
  /// Every code, its title and its page, in the order of the codes of a family.
  public static let pages: [(code: Code, title: String, page: String)] = [
    (.usage, "the command line is wrong", "A flag or a value is not one that the command knows. The message names the nearest right one; `crosswalk COMMAND --help` lists all of them."),
    (.unknownSystem, "no such system", "The name before the colon of `--from` or `--to` is not a folder of mapping files. `crosswalk systems` lists what there is; `--mappings DIR` adds more."),
    (.unknownFormat, "the system does not have this format", "A system reads and writes the formats that its system.yaml lists; `ndjson` comes with `json`. `crosswalk systems NAME` shows them."),
    (.unknownField, "no such field", "`--set` takes the names of canonical fields, such as `currency.code`; `--match` and `--by` take those of a system too. `crosswalk systems canonical` lists them."),
    (.unknownOption, "no such option, or not one of its values", "Options are written SYSTEM.NAME=VALUE and stand in a system's system.yaml. `crosswalk systems NAME` shows them with their values."),
    (.saidTwice, "said twice", "One field was set twice, or standard input was named twice. Which one is meant cannot be known."),
    (.noInput, "nothing to read", "No file was named and standard input is a terminal. Name a file, or send one: `crosswalk convert … < FILE`."),
    (.sameFile, "a file is both read and written", "Writing would destroy what is being read, or two outputs would write over each other. Choose another name for the output."),
    (.rejectsNeedAFile, "rejected records would be lost", "With `--max-rejects` above 0 records may be left out of the output. `--rejects FILE` says where they go, so that none disappears."),
    (.unknownCode, "no such diagnostic code", "Codes are a letter and four digits, as messages show them in brackets."),
    (.duplicateColumn, "one column twice", "Which of the two is meant cannot be known. A mapping tells them apart as `Name` and `Name#2`."),
    (.foreignResidue, "the residue of another conversion", "A residue brings back what one conversion parked, by the same two systems, mapping files, options, shape and format. With other ones it could put values in wrong places. `--force` takes it all the same, where the systems are the same."),
    (.unfedRequirement, "a required field has no source", "The target requires a field in this shape and nothing in the source can feed it, so that every record would be rejected. The message names the `--set` that supplies it."),
    (.noSuchRecord, "no record of that number", "Records count from 0, in the order of the output: the number that a residue line calls `at`, and that messages give. `crosswalk why` also needs the input and the flags that the output was made with: records that were added to it later came from none."),
    (.valuesFile, "a filled worklist that cannot be used", "`--values` takes a CSV as `--worklist` writes it, with the columns `field`, `value` and `use` at least; `in` has the country of a region, `system` says whose field it is. A row with an empty `use` changes nothing. A filled one stands in for that value wherever it does not convert, and has to convert itself; with `!` in front it is written as it stands, which is a person's word for it. A value that is missing has no text to stand in for: `--set` gives it."),
    (.liveNotBuilt, "the program for live systems is not there", "`crosswalk` itself only translates files and cannot open a connection. What talks to systems is `crosswalk-live`, which stands beside it and is built by its own command: `swift build --product crosswalk-live`."),
    (.cannotListen, "the sandbox cannot listen there", "The port is taken by another program, or is one that this user may not open. `--port 0`, the default, takes any free one. A sandbox listens on 127.0.0.1 and nowhere else."),
    (.missingInput, "the input file does not exist", "The message names the file of the same folder whose name is nearest. Nothing has been written."),
    (.unreadableInput, "the input cannot be read", "The file is a folder, may not be read, or reading it failed; the system's own reason follows."),
    (.foreignFile, "this is a workbook or an archive", "Crosswalk reads text: JSON, NDJSON, XML, CSV and URL-encoded forms, also compressed with gzip or zstd. A workbook is saved as CSV first, an archive is unpacked, and what was compressed twice is unpacked once."),
    (.damagedCompression, "the compressed data are not whole", "The file was cut, damaged on its way, or made to expand without end. Nothing that came out of it before is kept: what is behind a damaged place cannot be known. `gzip -t FILE` or `zstd -t FILE` says whether a file is whole."),
    (.looksLike, "the input is in another format than was said", "The format was named and the first bytes are clearly another one. Say the right one, or leave it out: it is then taken from the file's ending and its first bytes."),
    (.endingDisagrees, "the file's ending and its content disagree", "The content decides. Name the format (`--from SYSTEM:FORMAT`) to be sure."),
    (.emptyInput, "the input is empty", "A JSON, XML or CSV document has at least one byte; an empty file is more likely one that was cut. An empty NDJSON or form file is one without records."),
    (.unusableStore, "the sandbox's store cannot be used", "`sandbox --store FILE` keeps records and history in a SQLite file of the sandbox's own, one sandbox at a time. The file is something else (also another program's database, which is left as it is), is held by another sandbox that runs, or cannot be written; the system's own reason follows. What was answered before has been kept."),
    (.outputExists, "the output file exists already", "It is replaced only with `--force`, which covers the residue and the rejects too."),
    (.unwritableOutput, "the output cannot be written", "The folder does not exist or may not be written to, the disk is full, or writing failed; the system's own reason follows. Files of this run have been removed."),
    (.closedOutput, "the reader of standard output went away", "The next program of the pipe has closed it, as `head` does. The run ends without a message and with 141."),
    (.unbalanced, "the accounts of the run do not balance", "Every value that was read has a fate, and what was counted on reading, on mapping and on writing must agree, as must every movement with the mapping files. Here they do not, which is a fault of the program: nothing was written. Please report it with the message and the mapping files; `--audit all` finds the first record that differs."),
    (.auditDifference, "the audit found a difference", "A sample of what is written is read again by a plain interpreter of the mapping files, which shares no step with the conversion, and held against the source: what was written, what was parked, and what comes back with the residue. It did not agree, so no file of the run is published. This is a fault of Crosswalk's, not of the data; `--audit none` converts without looking."),

    (.unexpectedByte, "a character that cannot stand here", "The format's grammar allows other characters at this place. In JSON a comma is missing or stands before a closing bracket, a name has no quotes, or something else than JSON was sent, such as an error page."),
    (.truncated, "the data end in the middle of a record", "The last record or the envelope around the records is not complete. The export was interrupted, or the file was cut while it was copied."),
    (.invalidUTF8, "these bytes are not UTF-8 text", "Text is read as UTF-8, and bytes that are not are never repaired or replaced, since the letter they stood for would be lost. Exports of older programs are often in Windows-1252 or ISO-8859-1; XML may say so in its declaration."),
    (.tooDeep, "containers are nested too deeply", "Client records have two or three levels. The limit (128) keeps hostile documents cheap."),
    (.fieldTooLong, "a value is longer than the limit", "No field of a client record has megabytes. In a CSV file a quote that was never closed makes the rest of the file one value: look at the start of this one."),
    (.duplicateName, "a name stands twice in one record", "Two values of one name are two answers to one question, and programs differ in which one they take. So neither is taken unless you say so. Parameters of a URL-encoded form must be named once."),
    (.forbiddenCharacter, "a character that the format cannot hold", "XML 1.0 has no place for most control characters, for lone surrogates and for U+FFFE and U+FFFF, not even as a reference. The record is refused rather than changed."),
    (.badEscape, "an escape that JSON does not have", "After a backslash JSON has `\" \\ / b f n r t` and `u` with four hexadecimal digits, and nothing else."),
    (.loneSurrogate, "half of a surrogate pair", "A character beyond U+FFFF is written as two `\\u` escapes in JSON. One without the other is no character; replacing it would lose what it was."),
    (.badNumber, "not a number as JSON writes it", "A number that is written otherwise (`01`, `+1`, `.5`, `1.`, `0x1F`, `NaN`) means different things to different programs."),
    (.badLiteral, "a bare word that JSON does not have", "Texts stand in double quotes. `None`, `True` and `NaN` are the marks of a file that was written without a JSON library."),
    (.controlCharacter, "a bare control character", "Characters below U+0020 have to be escaped in JSON texts and in URL-encoded forms, and have no place in the header of a CSV file."),
    (.trailingData, "something follows the end of the document", "A JSON or XML document holds one value. Several files that were put together, or a log line behind the data, look like this."),
    (.badReference, "a character reference that means nothing", "References are `&#233;`, `&#xE9;` and the names that XML has, each with its semicolon."),
    (.unknownEntity, "an entity that XML does not have", "`&nbsp;` and `&eacute;` belong to HTML. Entities that a DOCTYPE declares are refused with it."),
    (.mismatchedTag, "an end tag that does not fit its start tag", "Every element is closed by its own name, the inner one before the outer one, and letters count as they are written."),
    (.duplicateAttribute, "an attribute stands twice in one tag", "XML forbids it, also where two prefixes stand for one namespace."),
    (.doctype, "a document type declaration", "A DOCTYPE can name files to be read, addresses to be fetched and entities that unfold to gigabytes. None of them is needed for data, so all are refused."),
    (.badEncoding, "an encoding that is not read, or not the one that the document names", "XML is read as UTF-8, UTF-16 with its mark, ISO-8859-1 or US-ASCII. The declaration and the bytes contradict each other, or another encoding is named."),
    (.notWellFormed, "not well-formed XML", "The text breaks a rule of XML's grammar at the place shown, so that where the next record starts cannot be known."),
    (.repeatedElement, "an element stands twice where one is expected", "The mapping reads one value from this place and the record has several. Taking one would lose the others."),
    (.namespace, "a namespace prefix that is not declared, or not used rightly", "A prefix without its declaration has no meaning; `xml` and `xmlns` are reserved."),
    (.tooManyAttributes, "a tag with more than 256 attributes", "The limit keeps hostile documents cheap."),
    (.startTagTooLong, "a start tag longer than 64 KiB", "The limit keeps hostile documents cheap. A quote that was never closed makes a tag as long as this."),
    (.raggedRow, "a row has more or fewer cells than the header", "Which cell belongs to which column cannot be known. Most often a text holds a comma and has no quotes; the rows around it are read."),
    (.strayQuote, "text behind a closing quote", "Between the closing quote and the next delimiter nothing may stand, not even a blank. A quote inside a cell that does not begin with one is an ordinary character."),
    (.unterminatedQuote, "a quote that is never closed", "Everything from this quote to the end of the file has become one cell. The place shown is where it was opened."),
    (.badPercentEscape, "a percent sign without two hexadecimal digits", "In URL-encoded parameters `%` begins an escape of two digits, such as `%20` for a blank."),
    (.notARecord, "not a record of this system", "What stands where a record should is none: a text or a number, or an object without the wrapper that the system's shapes have around a record, and without a field of the system. An empty object is a record without values where records have no wrapper."),

    (.noShape, "the document is not one of the system's shapes", "None of the shapes that the system's file describes fits the document, or the records in it have none of the system's fields. The message names the systems whose fields they are; `crosswalk systems NAME` shows shapes and fields."),
    (.errorReply, "the document is an error reply", "The service answered with an error and not with records; its own code and message are shown. Nothing was converted."),
    (.severalDocuments, "more documents than one", "A JSON file whose second value is a list or a record again is more likely NDJSON under another name. Say which it is."),
    (.recordTooLong, "a record is larger than the limit", "The record was passed over and counted as rejected; its place is in the message, its bytes stay in the input. `--max-record` raises the limit."),
    (.requiredMissing, "a required value is missing", "The target cannot do without this field in this shape. `--set` supplies a value for every record that has none; or the record is set aside with `--rejects`."),
    (.notConvertible, "a value does not convert", "The value is not in the table, not one of the choices, or not of the field's kind. Nothing is written half-converted: the value is parked, or its record rejected where the field is required."),
    (.labelWithoutCode, "a label without its code", "A label is read by the three capitals at its end. Without them the text is kept and the code is left empty."),
    (.literalEscape, "an escape that is spelt out", "The characters of an escape or the word null stand in the text itself. They are data and are kept; probably a program wrote them by mistake."),
    (.duplicateId, "one id in two records", "Two records of the input have the same id. Both are converted. Looked for among the first 100,000 records of a run."),
    (.unmappedField, "a field that the mapping does not know", "The system's file says `unmapped: reject`, so that a record with an unknown field is refused. With `unmapped: park` it is converted and the field goes to the residue."),
    (.foreignId, "an id of another system", "An update names the record by the target's own id. A record that another system wrote has none; `--ids` gives the map."),
    (.rejectLimit, "too many records are rejected", "More records are rejected than `--max-rejects` allows. The output was not written; the rejects file, if there is one, says why each was refused."),
    (.tooManyUnknown, "too many unknown members", "A record with thousands of members that no mapping names is more likely not a record of this system. `--max-unknown` raises the limit."),
    (.editNotExpressible, "an edit that cannot come back", "The record was edited on the other side, and the system it comes back to has no such value: a code that its table does not have, a text where a number belongs, or no place at all. The record is written with what it had before, or rejected with `--on-edit reject`."),
    (.mergedEdit, "an edit in a text of several values", "The text was composed of several values and was edited as one. Values whose lines still stand are as they were; lines in the place of one value are its new text; whatever cannot be told apart was added to the notes. Look at these records."),
    (.unplacedLine, "a residue line without a place", "The line does not know the id of its record on the other side, and no record fits it; or it holds what stood around the records, which comes back only at the end of a list in the format that it came from. What it holds was not brought back."),
    (.removedRecord, "a record that did not come back", "The residue knows a record that the input does not have: it was removed in between. It stays removed. Where several lines share an id, a record that was edited may have taken another one's line."),
    (.repeatedKey, "one key for several records to restore", "Records of the input, or lines of the residue, have the same id, or say the same without one. A record that stands as it was written takes its own line where the line tells; the others are brought together in their order, which is wrong where some were removed or sorted. A line that stands twice counts once. A map of ids comes first; an id that it has another one for is taken for what it was."),
    (.restoredByOrder, "records were restored by their place", "Record and residue line have no id in common, and these records were edited, so each took the line of the place where it would stand if it alone had changed, where half of its values agreed. If records were also added, removed or sorted in between, name a map of ids or fields to compare."),
    (.staleDerived, "a derived value that is out of date", "The value repeats others (a whole address, a display name), and one of those was edited in between."),
    (.damagedResidue, "not a line of a residue", "A residue is one JSON object a line, as `convert --residue FILE` writes them. The line was cut or changed, or the file is something else."),
    (.parkedBudget, "more would be parked than is allowed", "`--allow-parked` names the fields of the source that may stand nowhere in the output; `none` allows no field. Derived values, nulls and empty texts may always be parked. A field without a place in the target is refused before anything is read. One that is parked only under a condition (a value that does not convert, a place that is taken) is allowed to start, and refused when it happens, as is a field that no mapping names; no file is written then; on standard output stands what was written before."),
    (.parkedNowhere, "parked values are not stored", "The target has no place for some values, and the run was not told where to keep them. On standard output there is no file to put them beside. A sandbox plays the fields of the system's file alone: of `--data` it leaves out what has no field there, and what its field cannot have."),
    (.damagedNumber, "a text that was taken for a number", "A bare number has no leading zeros, and one with an exponent is what a spreadsheet makes of long digits. The characters are kept; what the text was before they cannot tell."),
    (.damagedNative, "`native` was changed on the way", "A canonical record carries in `native` what only its own system has a place for. It was cut or written over, as a cell limit or an editor does, so it is parked as it is and nothing of it comes back by itself."),
    (.clash, "two records share what must be unique", "The target refuses a second record with the same value in this field. Both are written, since only a person can say which of them is to change; clashes are looked for in the first 32 MiB of an input."),
    (.unstructured, "a text that was not taken apart", "The run was asked to read blocks of free text into address, phones and web address. Of this one nothing is certain by the rules of the mapping reference, or it holds two places: it stays one text, as without the option. The count is that of all such records."),
    (.noFinalNewline, "no line end behind the last row", "A CSV that ends without a line end cannot be told from one that was cut in its last cell."),
    (.missingColumns, "columns of a CSV are missing", "A program between has left columns out, and what stood in them counts as absent. Of a file that goes back to where it came from these are columns that the way there wrote; of canonical records it is one of `system` and `native`, which keep what only the record's own system has a place for, and mean something only together. Other files may have the columns they like."),

    (.yamlSyntax, "the file is not valid YAML", "Brackets, quotes, `:` and indentation do not fit together at the place shown. Texts that start with `@ * & { [ % !` or hold `: ` must stand in quotes; indent with blanks, never with tabs."),
    (.yamlNotUTF8, "the file is not UTF-8 text", "YAML files are read as UTF-8 and nothing else. Save the file in that encoding; the message says which byte is the first wrong one."),
    (.yamlLimit, "the file is beyond a limit", "A YAML file may have 1 MiB, 64 levels, 10,000 values after references are expanded, and texts of 64,000 bytes. Real mapping files stay far below; the limits keep hostile ones cheap."),
    (.yamlUnsupported, "a part of YAML that is not used here", "One document a file, no tags (`!!int`), no merge keys (`<<`), and every key is a text. Whatever these would say can be written out."),
    (.yamlDuplicateKey, "a key stands twice", "One of two equal keys would silently win, so neither does. Both places are shown; remove one."),
    (.yamlAlias, "a reference that leads nowhere", "`*name` repeats the value marked `&name` above it. The mark is missing, stands below, or the reference stands inside its own value. A text that starts with `*` must stand in quotes."),

    (.unknownKey, "a key that is not known here", "The place takes other keys; the message lists them, the nearest first. A misspelt key would otherwise be ignored without a word."),
    (.wrongKind, "a value of the wrong kind", "A list stands where a text belongs, a text where a mapping belongs, or nothing at all. A text that starts with `{` or `[` must stand in quotes, or YAML takes it for a mapping or a list."),
    (.missingKey, "a key is missing", "The message names a key that has to stand there."),
    (.unknownWord, "a word that is not known here", "Formats, shapes, field types and policies are words out of short lists; the message gives the list, the nearest first. A format has to be listed under `formats` of its system."),
    (.wrongSystemName, "the file names another system than its folder", "`system:` and the name of the folder are the same, so that a file that was copied and not changed is noticed."),
    (.nullKey, "a key that YAML reads as nothing", "`null:` and `~:` are no texts in YAML. The keys of the null policy are `nulls` and `empties`; a field whose name is `null` must stand in quotes."),
    (.notSupported, "a part of the language that is not supported", "The message says what, and what to do without it."),
    (.unknownCanonical, "a canonical field that does not exist", "`is`, `or`, `in`, `rest` and the fields in `compose` are names of `canonical/client.yaml`. `none` means that the value has no canonical place."),
    (.unknownTransform, "a transform that does not exist", "The set of transforms is closed; `Mappings/README.md` lists them with what each reads and writes."),
    (.badArgument, "an argument that does not fit", "A transform, an attribute name or a setting has an argument of its own kind; the message says which."),
    (.undeclaredOption, "an option that does not exist", "`option.NAME` names an option that `system.yaml` declares under `options`."),
    (.unknownFieldName, "a field that the system does not have", "`derived` names fields of the same system, as they stand on the left side under `fields`."),
    (.readTwice, "two fields read into one canonical field", "A record would have two values for one meaning, and one would be lost. Give one of the fields another meaning, or `none`."),
    (.samePlace, "two fields in one place", "Two fields read or write the same member of a record, in one of the formats or shapes, counting further names (`read`), names per format and the fields of `lines`."),
    (.nothingFeeds, "a required field that nothing fills", "A field is required in a shape, but has no canonical field, no fallback and no default, or is derived. No record could ever be written."),
    (.notOneToOne, "a spelling that belongs to two words", "The table of a `choice` works both ways only if each spelling leads to one word, after what `ignore` lists is taken away."),
    (.badPath, "a text that is not a path", "Paths are names with dots between them, `[2]` for the third element of a list, `[Tag=FIRST]` for the element that has that member, `@name` for an attribute and `#text` for the text of an element. A name that holds a dot, a bracket or a quote stands in double quotes, inside the quotes of YAML."),
    (.impossiblePath, "a path that no record can have", "One place would have to be a value and an object, or an object and a list, or something would stand below an attribute or a text."),
    (.circle, "transforms that wait for each other", "A transform with `in: FIELD` needs that field to be written first. The message shows the circle."),
    (.needsOneWay, "a transform that cannot be written back", "Reading drops a part of the value, so that the same text cannot be written again. `oneWay: reason` says that this is meant."),
    (.badTemplate, "a template that does not describe a document", "A template is the envelope as it is written, with `$record` in it once: in `[ ]` where records repeat. XML has one root element, CSV and URL-encoded forms have no envelope, and the name `*` can only be read."),
    (.shapeWithoutField, "a shape that does not have the field", "`required` and `write` name shapes that `in` lists."),

    (.unreadableMapping, "a mapping file that cannot be read", "A system is a folder with `system.yaml` and `client.yaml`; both must be plain files that may be read."),
    (.outsideFolder, "a mapping file outside its folder", "A file below `--mappings DIR` is a link to a place outside that folder. Only what stands inside is read."),
    (.noSystems, "a mappings folder without a system", "The folder that is named holds one folder a system, and each of these has `system.yaml` and `client.yaml`."),

    (.failingTest, "a test of a mapping file fails", "`tests:` of a client.yaml says what a record means (`read` and `canonical`) and what is written of it (`canonical` and `write`). `crosswalk check` runs them; each value that is not as the test says is shown with its place."),
    (.failingExample, "an example of a transform fails", "Each transform has examples that say what it does, and `crosswalk check` runs them. A table in a mappings folder replaces the built-in one of its name; when it lacks rows or columns, values no longer convert as documented."),
    (.brokenGetPut, "a record does not come back", "GetPut: a record that is read into canonical and written again, with its residue, is the record that it was. The message shows the smallest record found that is not, made from the mapping with the seed that is named; `crosswalk check --seed N` makes it again."),
    (.brokenPutGet, "a written value is read as another one", "PutGet: what is written of a canonical record is read again as it was, or in a normal form that writing and reading leave alone. A field also writes what it has read, and reads what it has written. The message shows the smallest record found that breaks this. The usual cause is a list of transforms that do not undo each other, for the write runs them backwards."),
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
  public static let duplicateColumn = Code("U0012")
  public static let foreignResidue = Code("U0013")
  public static let unfedRequirement = Code("U0011")
  public static let noSuchRecord = Code("U0014")
  public static let valuesFile = Code("U0015")
  public static let liveNotBuilt = Code("U0016")
  public static let cannotListen = Code("U0017")
  public static let missingInput = Code("I0101")
  public static let unreadableInput = Code("I0102")
  public static let foreignFile = Code("I0103")
  public static let damagedCompression = Code("I0107")
  public static let looksLike = Code("I0104")
  public static let endingDisagrees = Code("I0105")
  public static let emptyInput = Code("I0106")
  public static let unusableStore = Code("I0108")
  public static let outputExists = Code("I0201")
  public static let unwritableOutput = Code("I0202")
  public static let closedOutput = Code("I0203")
  public static let unbalanced = Code("I0301")
  public static let auditDifference = Code("I0401")

  public static let unexpectedByte = Code("F0001")
  public static let truncated = Code("F0002")
  public static let invalidUTF8 = Code("F0003")
  public static let tooDeep = Code("F0004")
  public static let fieldTooLong = Code("F0005")
  public static let duplicateName = Code("F0006")
  public static let forbiddenCharacter = Code("F0007")
  public static let badEscape = Code("F0008")
  public static let loneSurrogate = Code("F0009")
  public static let badNumber = Code("F0010")
  public static let badLiteral = Code("F0011")
  public static let controlCharacter = Code("F0012")
  public static let trailingData = Code("F0013")
  public static let badReference = Code("F0014")
  public static let unknownEntity = Code("F0015")
  public static let mismatchedTag = Code("F0016")
  public static let duplicateAttribute = Code("F0017")
  public static let doctype = Code("F0018")
  public static let badEncoding = Code("F0019")
  public static let notWellFormed = Code("F0020")
  public static let repeatedElement = Code("F0021")
  public static let namespace = Code("F0022")
  public static let tooManyAttributes = Code("F0023")
  public static let startTagTooLong = Code("F0024")
  public static let raggedRow = Code("F0025")
  public static let strayQuote = Code("F0026")
  public static let unterminatedQuote = Code("F0027")
  public static let badPercentEscape = Code("F0028")
  public static let notARecord = Code("F0029")

  public static let noShape = Code("V0101")
  public static let errorReply = Code("V0102")
  public static let severalDocuments = Code("V0103")
  public static let recordTooLong = Code("V0201")
  public static let requiredMissing = Code("V0301")
  public static let notConvertible = Code("V0302")
  public static let labelWithoutCode = Code("V0303")
  public static let literalEscape = Code("V0304")
  public static let duplicateId = Code("V0305")
  public static let unmappedField = Code("V0306")
  public static let foreignId = Code("V0307")
  public static let rejectLimit = Code("V0308")
  public static let tooManyUnknown = Code("V0310")
  public static let parkedNowhere = Code("V0309")
  public static let parkedBudget = Code("V0314")
  public static let damagedNumber = Code("V0311")
  public static let damagedNative = Code("V0312")
  public static let clash = Code("V0313")
  public static let unstructured = Code("V0315")
  public static let editNotExpressible = Code("V0501")
  public static let mergedEdit = Code("V0502")
  public static let unplacedLine = Code("V0503")
  public static let removedRecord = Code("V0504")
  public static let repeatedKey = Code("V0505")
  public static let restoredByOrder = Code("V0506")
  public static let staleDerived = Code("V0507")
  public static let damagedResidue = Code("V0508")
  public static let noFinalNewline = Code("V0401")
  public static let missingColumns = Code("V0402")

  public static let yamlSyntax = Code("M0001")
  public static let yamlNotUTF8 = Code("M0002")
  public static let yamlLimit = Code("M0003")
  public static let yamlUnsupported = Code("M0004")
  public static let yamlDuplicateKey = Code("M0005")
  public static let yamlAlias = Code("M0006")

  public static let unknownKey = Code("M0101")
  public static let wrongKind = Code("M0102")
  public static let missingKey = Code("M0103")
  public static let unknownWord = Code("M0104")
  public static let wrongSystemName = Code("M0105")
  public static let nullKey = Code("M0106")
  public static let notSupported = Code("M0107")
  public static let unknownCanonical = Code("M0108")
  public static let unknownTransform = Code("M0109")
  public static let badArgument = Code("M0110")
  public static let undeclaredOption = Code("M0111")
  public static let unknownFieldName = Code("M0112")
  public static let readTwice = Code("M0113")
  public static let samePlace = Code("M0114")
  public static let nothingFeeds = Code("M0115")
  public static let notOneToOne = Code("M0116")
  public static let badPath = Code("M0117")
  public static let impossiblePath = Code("M0118")
  public static let circle = Code("M0119")
  public static let needsOneWay = Code("M0120")
  public static let badTemplate = Code("M0121")
  public static let shapeWithoutField = Code("M0122")

  public static let unreadableMapping = Code("M0202")
  public static let outsideFolder = Code("M0203")
  public static let noSystems = Code("M0204")

  public static let failingTest = Code("M0301")
  public static let failingExample = Code("M0302")
  public static let brokenGetPut = Code("M0303")
  public static let brokenPutGet = Code("M0304")
}
