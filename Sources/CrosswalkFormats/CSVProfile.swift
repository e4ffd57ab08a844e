/// How a CSV file is spelt, on both sides.
package struct CSVProfile: Sendable, Equatable {
  /// nil: on reading it is found from the header line, on writing it is a comma.
  package var delimiter: UInt8?
  /// Cells that a spreadsheet would take for formulas are written with a `'` before them, and lose it on reading. Cells that
  /// hold `;` or TAB are quoted as well.
  package var isSpreadsheet = false
  /// Bare cells have kinds: `\N` is null, numbers, `true`, `false`, `{}` and `[]` are what they look like, and text that looks
  /// like one of these is quoted. Otherwise every cell is text.
  package var keepsKinds = false

  package init(delimiter: UInt8? = nil, isSpreadsheet: Bool = false, keepsKinds: Bool = false) {
    self.delimiter = delimiter
    self.isSpreadsheet = isSpreadsheet
    self.keepsKinds = keepsKinds
  }
}

/// The line ends that a file was seen to use; more than one is worth a warning.
package struct CSVLineEnds: OptionSet, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let lf = CSVLineEnds(rawValue: 1)
  package static let crlf = CSVLineEnds(rawValue: 2)
  package static let cr = CSVLineEnds(rawValue: 4)
}
