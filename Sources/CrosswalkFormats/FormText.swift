/// Text of URL-encoded parameters.
package enum FormText {
  /// Decodes `%XX` and `+`.
  package static func decode(_ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutablePointer<UInt8>) -> Int { 0 }
}
