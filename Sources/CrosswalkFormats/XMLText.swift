/// Text of XML: decoding and escaping.
package enum XMLText {
  /// Decodes element content (text, references, CDATA, comments and PIs left out, line ends normalised) that has been validated.
  /// Returns the length; never longer than the source.
  package static func decode(_ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutablePointer<UInt8>) -> Int { 0 }
}
