import CrosswalkModel

/// What the hot path says of bad input: a reason and a byte offset, no text (DESIGN section 11).
package struct FormatError: Error, Equatable, Sendable {
  package var reason: FormatReason
  /// From the start of the buffer that was read.
  package var offset: Int

  package init(_ reason: FormatReason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}

/// Why bytes are not what they should be. Messages, cures and codes stand in `FormatReason+Text.swift`.
package enum FormatReason: UInt8, Sendable, CaseIterable {
  // every format
  case unexpectedByte
  case truncated
  case invalidUTF8
  case tooDeep
  case fieldTooLong
  case recordTooLong
  case duplicateName
  case forbiddenCharacter
  // JSON
  case badEscape
  case loneSurrogate
  case badNumber
  case badLiteral
  case controlCharacter
  case trailingData
  // XML
  case badReference
  case unknownEntity
  case mismatchedTag
  case duplicateAttribute
  case doctype
  case badEncoding
  case notWellFormed
  case repeatedElement
  case namespace
  case tooManyAttributes
  case startTagTooLong
  // CSV
  case raggedRow
  case strayQuote
  case unterminatedQuote
  case duplicateColumn
  // form
  case badPercentEscape
  // a record without its wrapper
  case notARecord
}

/// What a call of `RecordReader.next` found.
package enum ReadOutcome: Equatable, Sendable {
  /// The frame holds a record; the position stands behind it and behind the separator that follows it, if that was there.
  case record
  /// The run is over: nothing but blanks up to the end of the last buffer.
  case end
  /// The run's closing token stands at the position (`]`, `</result>`): what follows is the envelope's business.
  case closed
  /// The buffer ends inside a record and is not the last: the position is where to start again with more bytes.
  case needMore
  /// This record is refused; the position stands behind it. The frame's `start` and `end` cover its bytes.
  case rejected(FormatError)
  /// The next boundary is unknowable (SEMANTICS S21).
  case fatal(FormatError)
}

/// Reads the records of one run (an array's items, lines, rows, repeated elements) out of buffers into a frame.
///
/// The contract, for all formats:
/// - `buffer` has `end` bytes and at least 64 zero bytes behind them; slots are offsets into it.
/// - a call reads one record from `position`, which must stand at a record's start (blanks before it are skipped), and moves it.
/// - the same bytes give the same records wherever the buffers are cut: a record that runs out of input is `needMore`, with
///   the position where it started, and nothing of it has been kept.
/// - the reader clears registers 0 ..< layout.registers, `extras`, `leaves`, flags and the arena before each record.
/// - bytes are validated (UTF-8, escapes, numbers, characters) before a slot is given out.
package protocol RecordReader: AnyObject {
  var frame: Frame { get }

  func next(in buffer: UnsafePointer<UInt8>, at position: inout Int, to end: Int, isLast: Bool) -> ReadOutcome

  /// The text of an interned path (`Frame.Extra.path`): as `PathText` spells it.
  func path(_ index: Int) -> [UInt8]

  /// Where a buffer may be cut: the offset of a record's start as near to `end` as can be found, or nil. A guess: it proves
  /// itself when the reader of the bytes before it stops exactly there.
  func cut(in buffer: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int?
}
