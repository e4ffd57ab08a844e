/// Text of CSV cells.
package enum CSVText {
  /// Decodes the inside of a quoted cell: doubled quotes become one.
  package static func decode(_ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutablePointer<UInt8>) -> Int { 0 }
}
