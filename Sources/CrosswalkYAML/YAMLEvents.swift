import CLibYAML
package import CrosswalkModel

/// libyaml's events, one at a time, with their places. Knows no limits and no schema; `YAML.parse` has those.
package struct YAMLEvents: ~Copyable {
  package enum Event: Equatable {
    case streamStart
    case streamEnd
    case documentStart(isExplicit: Bool)
    case documentEnd(isExplicit: Bool)
    case alias(String)
    case scalar(String, ScalarStyle)
    case sequenceStart(isFlow: Bool)
    case sequenceEnd
    case mappingStart(isFlow: Bool)
    case mappingEnd
  }

  package enum ScalarStyle { case plain, singleQuoted, doubleQuoted, literal, folded }

  package let file: String
  /// Of the last event. Absent on most.
  package private(set) var anchor: String?
  package private(set) var tag: String?
  /// Of the last event, from 1, in Unicode scalars.
  package private(set) var line = 1
  package private(set) var column = 1

  private let parser: UnsafeMutablePointer<yaml_parser_t>
  /// libyaml keeps a pointer into its input, so the input must not move.
  private let input: UnsafeMutableBufferPointer<UInt8>

  /// Refuses bytes that are not UTF-8: libyaml alone would take UTF-16 as well.
  package init(_ bytes: [UInt8], file: String) throws(Diagnostic) {
    self.file = file
    if let bad = firstInvalidByte(in: bytes) { throw notUTF8(bytes, at: bad, file: file) }
    let skipped = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    input = .allocate(capacity: max(bytes.count - skipped, 1))
    _ = input.initialize(fromContentsOf: bytes[skipped...])
    parser = .allocate(capacity: 1)
    yaml_parser_initialize(parser)
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, input.baseAddress, bytes.count - skipped)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
    input.deallocate()
  }

  package var place: Place { Place(file: file, line: line, column: column) }

  package mutating func next() throws(Diagnostic) -> Event {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
    defer { yaml_event_delete(&event) }
    line = event.start_mark.line + 1
    column = event.start_mark.column + 1
    if anchor != nil { anchor = nil }
    if tag != nil { tag = nil }
    switch event.type {
    case YAML_STREAM_START_EVENT: return .streamStart
    case YAML_DOCUMENT_START_EVENT: return .documentStart(isExplicit: event.data.document_start.implicit == 0)
    case YAML_DOCUMENT_END_EVENT: return .documentEnd(isExplicit: event.data.document_end.implicit == 0)
    case YAML_ALIAS_EVENT: return .alias(text(event.data.alias.anchor) ?? "")
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      if scalar.anchor != nil { anchor = text(scalar.anchor) }
      if scalar.tag != nil { tag = text(scalar.tag) }
      // Validated above, and libyaml refuses escapes that are no scalar: nothing is there to be repaired.
      let value = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      return .scalar(value, style(scalar.style))
    case YAML_SEQUENCE_START_EVENT:
      let sequence = event.data.sequence_start
      anchor = text(sequence.anchor)
      tag = text(sequence.tag)
      return .sequenceStart(isFlow: sequence.style == YAML_FLOW_SEQUENCE_STYLE)
    case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
    case YAML_MAPPING_START_EVENT:
      let mapping = event.data.mapping_start
      anchor = text(mapping.anchor)
      tag = text(mapping.tag)
      return .mappingStart(isFlow: mapping.style == YAML_FLOW_MAPPING_STYLE)
    case YAML_MAPPING_END_EVENT: return .mappingEnd
    default: return .streamEnd  // YAML_STREAM_END_EVENT, and the empty event that follows it
    }
  }

  private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(decoding: UnsafeBufferPointer(start: $0, count: strlen($0)), as: UTF8.self) }
  }

  private func strlen(_ pointer: UnsafeMutablePointer<yaml_char_t>) -> Int {
    var count = 0
    while pointer[count] != 0 { count += 1 }
    return count
  }

  private func style(_ style: yaml_scalar_style_t) -> ScalarStyle {
    switch style {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
    case YAML_LITERAL_SCALAR_STYLE: .literal
    case YAML_FOLDED_SCALAR_STYLE: .folded
    default: .plain
    }
  }

  private func failure() -> Diagnostic {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "out of memory"
    if parser.pointee.error == YAML_READER_ERROR {
      let (line, column) = position(of: parser.pointee.problem_offset, in: input)
      return badSyntax(problem, character: nil, at: Place(file: file, line: line, column: column))
    }
    let mark = parser.pointee.problem_mark
    // libyaml counts characters, so the character at fault has to be looked for by line and column.
    let character = scalar(line: mark.line, column: mark.column)
    return badSyntax(problem, character: character, at: Place(file: file, line: mark.line + 1, column: mark.column + 1))
  }

  private func scalar(line: Int, column: Int) -> Unicode.Scalar? {
    let lines = input.split(separator: UInt8(ascii: "\n"), maxSplits: line, omittingEmptySubsequences: false)
    guard line < lines.count else { return nil }
    return String(decoding: lines[line], as: UTF8.self).unicodeScalars.dropFirst(column).first
  }
}

/// The offset of the first byte that is not UTF-8.
private func firstInvalidByte(in bytes: [UInt8]) -> Int? {
  do {
    _ = try UTF8Span(validating: bytes.span)
    return nil
  } catch {
    return error.byteOffsets.lowerBound
  }
}

/// Line and column of a byte, from 1, columns in Unicode scalars.
private func position(of offset: Int, in bytes: some Collection<UInt8>) -> (line: Int, column: Int) {
  var line = 1
  var column = 1
  for byte in bytes.prefix(offset) {
    if byte == UInt8(ascii: "\n") {
      line += 1
      column = 1
    } else if byte & 0xc0 != 0x80 {
      column += 1
    }
  }
  return (line, column)
}

private func notUTF8(_ bytes: [UInt8], at offset: Int, file: String) -> Diagnostic {
  let (line, column) = position(of: offset, in: bytes)
  return Diagnostic(
    .yamlNotUTF8, "the file is not UTF-8 text: byte \(offset) cannot stand there",
    labels: [.init(Place(file: file, line: line, column: column), "byte 0x\(String(bytes[offset], radix: 16))")],
    help: "save the file as UTF-8")
}

/// libyaml's words turned into what a person has to do.
private func badSyntax(_ problem: String, character: Unicode.Scalar?, at place: Place) -> Diagnostic {
  let title: String
  let help: String?
  switch (problem, character) {
  case ("found character that cannot start any token", "\t"?), ("found a tab character that violates indentation", _):
    title = "a tab where YAML wants blanks"
    help = "indent with blanks"
  case ("found character that cannot start any token", let character?):
    title = "a text cannot start with `\(character)` in YAML"
    help = "put it in quotes: `\"\(character)…\"`"
  case ("did not find expected alphabetic or numeric character", _):
    title = "`*` and `&` start a reference in YAML, and no name follows"
    help = "put the text in quotes: `\"*\"`"
  case ("mapping values are not allowed in this context", _):
    title = "a `:` that YAML cannot take here"
    help = "put a text that holds `: ` in quotes, or look at the indentation"
  case ("did not find expected ',' or '}'", _), ("did not find expected ',' or ']'", _):
    title = "a `,` or the closing bracket is missing"
    help = "inside `{ }` and `[ ]` a name or text that holds one of `{ } [ ] ,` must stand in quotes"
  case ("could not find expected ':'", _):
    title = "a key without its `:`"
    help = "a key ends with `:` and a blank"
  case ("did not find expected key", _), ("did not find expected '-' indicator", _),
    ("did not find expected <document start>", _):
    title = "this line does not belong to what stands above it"
    help = "look at its indentation, and at quotes and brackets above it"
  case ("did not find expected node content", _):
    title = "a value is missing"
    help = "a text that starts with one of `{ } [ ] , & * # ? | - < > = ! % @` must stand in quotes"
  case ("found unexpected end of stream", _):
    title = "the file ends inside a text in quotes"
    help = "close the quote"
  case ("found unknown escape character", _):
    title = "an escape that YAML does not know"
    help = "in double quotes write a backslash twice, or use single quotes"
  case ("control characters are not allowed", _):
    title = "a control character"
    help = "remove it, or write it as an escape in double quotes: `\"\\x01\"`"
  case (let problem, _):
    title = "the file is not valid YAML: \(problem)"
    help = nil
  }
  return Diagnostic(.yamlSyntax, title, labels: [.init(place)], help: help)
}
