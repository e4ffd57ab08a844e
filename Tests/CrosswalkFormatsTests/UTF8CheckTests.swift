import TestSupport
import Testing

@testable import CrosswalkFormats

struct UTF8CheckTests {
  /// Sequences of every length, at and past the limits of RFC 3629 section 3, among ASCII.
  private static let pieces: [[UInt8]] = [
    [0x41], [0x7f], Array("plain text ".utf8), Array("ø".utf8), Array("ó".utf8), [0xc2, 0x80], [0xdf, 0xbf], Array("€".utf8), [0xe0, 0xa0, 0x80],
    [0xed, 0x9f, 0xbf], [0xef, 0xbf, 0xbf], Array("🎉".utf8), [0xf1, 0x80, 0x80, 0x80], [0xf4, 0x8f, 0xbf, 0xbf],
    [0x80], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xc3], [0xe0, 0x9f, 0xbf], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf0, 0x8f, 0xbf, 0xbf],
    [0xf3, 0xbf, 0xbf], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff],
  ]
  private static let valid = 14

  @Test func theQuickCheckOfPaddedTextSaysWhatThePlainOneSays() {
    var random = Random(seed: 3629)
    for _ in 0..<100_000 {
      var text: [UInt8] = []
      let isBad = random.next() % 4 == 0
      for _ in 0..<Int(random.next() % 12) { text += Self.pieces[Int(random.next() % UInt64(Self.valid))] }
      if isBad { text += Self.pieces[Self.valid + Int(random.next() % UInt64(Self.pieces.count - Self.valid))] }
      for _ in 0..<Int(random.next() % 6) { text += Self.pieces[Int(random.next() % UInt64(Self.valid))] }
      // What stands behind the text is none of it: a continuation there must not complete anything.
      let padded = text + [0xbf, 0x80, 0xc3, 0xff] + [UInt8](repeating: 0x80, count: 12)
      let expected = String(validating: text, as: UTF8.self) == nil
      padded.withUnsafeBufferPointer { bytes in
        let plain = UTF8Check.firstInvalid(bytes.baseAddress!, text.count)
        let quick = UTF8Check.firstInvalid(padded: bytes.baseAddress!, text.count)
        #expect((plain != nil) == expected, "\(text)")
        #expect(quick == plain, "\(text)")
      }
    }
  }
}
