package import CrosswalkModel

// To add a reason: a case in `FormatReason`, a row here in the order of the cases, and its code with title and page in
// `Code.pages`.
extension FormatReason {
  package struct Text: Sendable {
    package var reason: FormatReason
    /// Its page has the title.
    package var code: Code
    package var title: String
    /// The cure, in a line.
    package var help: String
  }

  /// Every reason in words, in the order of the cases.
  package static let texts: [Text] = [
    row(.unexpectedByte, .unexpectedByte, help: "look at the byte shown: a separator too many or too few, or text outside quotes"),
    row(.truncated, .truncated, help: "get the file again; the records before the cut are whole"),
    row(.invalidUTF8, .invalidUTF8, help: "convert the file to UTF-8 first, for instance `iconv -f WINDOWS-1252 -t UTF-8`"),
    row(.tooDeep, .tooDeep, help: "raise the limit with `--max-depth N` if the data are meant to be so"),
    row(.fieldTooLong, .fieldTooLong, help: "raise the limit with `--max-field BYTES` (at most 16777215)"),
    row(.recordTooLong, .recordTooLong, help: "raise the limit with `--max-record BYTES` (at most 67108864)"),
    row(.duplicateName, .duplicateName, help: "say which one counts with `--duplicate-keys first` or `last` (JSON)"),
    row(.forbiddenCharacter, .forbiddenCharacter, help: "remove the character at the source, or write a format that can hold it, such as JSON"),
    row(.badEscape, .badEscape, help: "a backslash that stands for itself is written `\\\\`"),
    row(.loneSurrogate, .loneSurrogate, help: "the program that wrote the file has cut a character in two: export again, or correct the value"),
    row(.badNumber, .badNumber, help: "numbers have no leading zero or plus and digits on both sides of a point; ids and postal codes belong in quotes"),
    row(.badLiteral, .badLiteral, help: "only `true`, `false` and `null` stand without quotes, in small letters"),
    row(.controlCharacter, .controlCharacter, help: "line breaks inside texts are written `\\n` in JSON and `%0A` in URL-encoded forms"),
    row(.trailingData, .trailingData, help: "if each line is a document of its own, name the format `ndjson`"),
    row(.badReference, .badReference, help: "a bare `&` is written `&amp;`"),
    row(.unknownEntity, .unknownEntity, help: "write the character itself: XML knows only `&lt; &gt; &amp; &quot; &apos;`"),
    row(.mismatchedTag, .mismatchedTag, help: "the element that is open at this place must be closed first"),
    row(.duplicateAttribute, .duplicateAttribute, help: "remove one of the two"),
    row(.doctype, .doctype, help: "remove the `<!DOCTYPE …>`; records do not need it"),
    row(.badEncoding, .badEncoding, help: "save the file as UTF-8 and let its declaration say so"),
    row(.notWellFormed, .notWellFormed, help: "open the file in an XML editor: it shows the same place"),
    row(.repeatedElement, .repeatedElement, help: "if the system sends a list here, the mapping has to say which one counts: `name[0]`"),
    row(.namespace, .namespace, help: "declare it with `xmlns:PREFIX=\"…\"` on the element or above it"),
    row(.tooManyAttributes, .tooManyAttributes, help: "data belong in elements; this limit cannot be raised"),
    row(.startTagTooLong, .startTagTooLong, help: "data belong in elements; this limit cannot be raised"),
    row(.raggedRow, .raggedRow, help: "put cells that hold the delimiter in quotes, or name the delimiter with `--delimiter`"),
    row(.strayQuote, .strayQuote, help: "a quote inside quotes is doubled: `\"say \"\"hi\"\"\"`"),
    row(.unterminatedQuote, .unterminatedQuote, help: "close it, or double it if it is a part of the text"),
    row(.duplicateColumn, .duplicateColumn, help: "rename one, or let the mapping tell them apart: `Phone` and `Phone#2`"),
    row(.badPercentEscape, .badPercentEscape, help: "a percent sign that stands for itself is written `%25`"),
    row(.notARecord, .notARecord, help: "`crosswalk systems NAME` shows the shapes that the system's documents have"),
  ]

  package var text: Text { FormatReason.texts[Int(rawValue)] }

  /// The reason in words. The caller knows the place in the data, and whether a record or the whole run is refused.
  package var diagnostic: Diagnostic { Diagnostic(text.code, text.title, help: text.help) }

  private static func row(_ reason: FormatReason, _ code: Code, help: String) -> Text {
    Text(reason: reason, code: code, title: Code.pages.first { $0.code == code }?.title ?? code.name, help: help)
  }
}
