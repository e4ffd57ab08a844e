/// Text of JSON strings.
package enum JSONText {
  package static func decode(_ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutablePointer<UInt8>) -> Int { 0 }
}
