import CrosswalkFormats
import CrosswalkModel
import Foundation
import TestSupport
import Testing

@Suite struct JSONReferenceTests {
  @Test func theSuiteIsDecidedAsPinnedWhereDuplicatesAreReported() throws {
    try JSONSuite.run(refusesDuplicates: false) { bytes in
      Result { () throws(FormatError) in TreeWriter.json(try JSONReference.parse(bytes)) }
    }
  }

  @Test func theSuiteIsDecidedAsPinnedWhereDuplicatesAreRefused() throws {
    try JSONSuite.run(refusesDuplicates: true) { bytes in
      Result { () throws(FormatError) in
        let value = try JSONReference.parseDocument(bytes)
        if let offset = value.duplicates.first { throw FormatError(.duplicateName, at: offset) }
        return TreeWriter.json(value.tree)
      }
    }
  }

  @Test func everyKindOfValueIsKept() throws {
    let text = #" { "a" : [ null , true , false , -0.0E+1 , "x" , { } , [ ] ] , "" : "" } "#
    #expect(
      try parse(text)
        == .object([
          .init(
            "a", .array([.null, .bool(true), .bool(false), .number("-0.0E+1"), .text("x"), .object([]), .array([])])),
          .init("", .text("")),
        ]))
  }

  @Test func escapesAreDecoded() throws {
    #expect(
      try parse(#""\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud834\udd1e\uD834\uDD1E""#)
        == .text("\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{20ac}\u{1d11e}\u{1d11e}"))
  }

  @Test func writtenAgainItIsCompactAndSpelledOneWay() throws {
    let text =
      #"{ "a\/b" : "\u0008\u000c\u000a\u000d\u0009\u0001\u001F\u007f\u00e9/\"\\" , "n":[1.0,1E-999,469505000000133417] }"#
    #expect(
      String(decoding: TreeWriter.json(try parse(text)), as: UTF8.self)
        == "{\"a/b\":\"\\b\\f\\n\\r\\t\\u0001\\u001f\u{7f}é/\\\"\\\\\",\"n\":[1.0,1E-999,469505000000133417]}")
  }

  @Test(arguments: [
    ("", FormatReason.truncated, 0), (" ", .truncated, 1), ("[1,]", .unexpectedByte, 3),
    ("{\"a\":1,}", .unexpectedByte, 7),
    ("[1 2]", .unexpectedByte, 3), ("{1:2}", .unexpectedByte, 1), ("{\"a\" 1}", .unexpectedByte, 5),
    ("nul", .truncated, 3),
    ("nulL", .badLiteral, 0), ("01", .badNumber, 1), ("-", .truncated, 1), ("1.x", .badNumber, 2),
    ("1e", .truncated, 2),
    ("+1", .unexpectedByte, 0), ("1 2", .trailingData, 2), ("\"\\x\"", .badEscape, 1), ("\"\\u12g4\"", .badEscape, 1),
    ("\"\\ud800x\"", .loneSurrogate, 1), ("\"\\ud800\\n\"", .loneSurrogate, 1), ("\"\\udc00\"", .loneSurrogate, 1),
    ("\"\\ud800\\ud800\"", .loneSurrogate, 1), ("\"a\nb\"", .controlCharacter, 2), ("\"abc", .truncated, 4),
  ])
  func badTextIsRefusedAtItsByte(text: String, reason: FormatReason, offset: Int) {
    #expect(throws: FormatError(reason, at: offset)) { try parse(text) }
  }

  @Test(
    arguments: [
      [0x80], [0xc0, 0xaf], [0xc1, 0xbf], [0xe0, 0x80, 0xaf], [0xe0, 0x9f, 0xbf], [0xf0, 0x80, 0x80, 0xaf],
      [0xf0, 0x8f, 0xbf, 0xbf], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xf4, 0x90, 0x80, 0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0xfe], [0xff], [0xc3, 0x28], [0xe2, 0x82, 0x28], [0xf0, 0x9f, 0x92, 0x28],
    ] as [[UInt8]])
  func textThatIsNotUTF8IsRefused(sequence: [UInt8]) {
    let bytes = Array("\"a".utf8) + sequence + Array("\"".utf8)
    #expect(throws: FormatError(.invalidUTF8, at: 2)) { try JSONReference.parse(bytes) }
  }

  @Test func everyScalarValueIsAccepted() throws {
    var scalars = String.UnicodeScalarView()
    for code in stride(from: UInt32(0x20), through: 0x10ffff, by: 1) {
      if let scalar = Unicode.Scalar(code), code < 0x3000 || code % 251 == 0 || code & 0xfff > 0xffd {
        scalars.append(scalar)
      }
    }
    let tree = Tree.text(String(scalars))
    #expect(try JSONReference.parse(TreeWriter.json(tree)) == tree)
  }

  @Test func aByteOrderMarkIsSkippedAtTheStartOnly() throws {
    #expect(try JSONReference.parse([0xef, 0xbb, 0xbf] + Array("{}".utf8)) == .object([]))
    #expect(throws: FormatError(.unexpectedByte, at: 1)) {
      try JSONReference.parse([0x20, 0xef, 0xbb, 0xbf] + Array("{}".utf8))
    }
  }

  @Test(
    arguments: [[0xff, 0xfe, 0x7b, 0], [0xfe, 0xff, 0, 0x7b], [0x7b, 0, 0x7d, 0], [0, 0x7b, 0, 0x7d]] as [[UInt8]])
  func anotherEncodingIsNamed(bytes: [UInt8]) {
    #expect(throws: FormatError(.badEncoding, at: 0)) { try JSONReference.parse(bytes) }
  }

  @Test func repeatedNamesAreKeptAndListed() throws {
    let value = try JSONReference.parseDocument(Array(#"{"a":1,"b":{"a":2},"\u0061":3,"a":4}"#.utf8))
    #expect(
      value.tree
        == .object([
          .init("a", .number("1")), .init("b", .object([.init("a", .number("2"))])), .init("a", .number("3")),
          .init("a", .number("4")),
        ]))
    #expect(value.duplicates == [19, 30])
  }

  @Test func namesThatDifferOnlyInTheirUnicodeFormAreTwoNames() throws {
    #expect(try JSONReference.parseDocument(Array("{\"\u{e9}\":1,\"e\u{301}\":2}".utf8)).duplicates == [])
  }

  @Test func depthIsLimitedAndCostsNoStack() throws {
    var limits = Limits()
    limits.depth = 3
    #expect(try JSONReference.parse(Array("[[[1]]]".utf8), limits: limits).leafCount == 1)
    #expect(throws: FormatError(.tooDeep, at: 3)) { try JSONReference.parse(Array("[[[[1]]]]".utf8), limits: limits) }
    #expect(throws: FormatError(.tooDeep, at: 7)) {
      try JSONReference.parse(Array(#"{"a":[[{}]]}"#.utf8), limits: limits)
    }
    for opening in ["[", "{\"\":"] {
      let bytes = Array(String(repeating: opening, count: 100_000).utf8)
      #expect(throws: FormatError(.tooDeep, at: 128 * opening.utf8.count)) { try JSONReference.parse(bytes) }
    }
  }

  @Test func aValueLongerThanTheLimitIsRefused() throws {
    var limits = Limits()
    limits.field = 3
    #expect(try JSONReference.parse(Array(#"["abc",123]"#.utf8), limits: limits).leafCount == 2)
    #expect(throws: FormatError(.fieldTooLong, at: 2)) {
      try JSONReference.parse(Array(#"["abcd"]"#.utf8), limits: limits)
    }
    #expect(throws: FormatError(.fieldTooLong, at: 1)) { try JSONReference.parse(Array("[1234]".utf8), limits: limits) }
  }

  @Test func documentsInSequenceAreReadOneByOne() throws {
    let bytes = Array("{\"a\":1}\n[2] 3".utf8)
    var ends: [Int] = []
    var values: [Tree] = []
    var offset = 0
    while JSONReference.skipBlanks(bytes, offset) < bytes.count {
      let value = try JSONReference.parsePrefix(bytes, from: offset)
      values.append(value.tree)
      ends.append(value.end)
      offset = value.end
    }
    #expect(values == [.object([.init("a", .number("1"))]), .array([.number("2")]), .number("3")])
    #expect(ends == [7, 11, 13])
  }

  @Test func aDocumentCutAnywhereIsTruncatedAtItsEnd() throws {
    let bytes = Array(#"{"a":[true,-1.5e+2,"\ud834\udd1e é"],"b":null}"#.utf8)
    for end in 0..<bytes.count {
      #expect(throws: FormatError(.truncated, at: end)) { try JSONReference.parse(Array(bytes[..<end])) }
    }
  }

  @Test func randomTreesComeBackAsTheyWere() throws {
    var random = Random(seed: 20_240_611)
    for _ in 0..<500 {
      let tree = randomTree(&random, depth: 4)
      #expect(try JSONReference.parse(TreeWriter.json(tree)) == tree, "seed \(random.seed)")
    }
  }

  @Test func theNaughtyStringsComeBackAsTheyWere() throws {
    guard let url = Repository.shared("suites/naughty-strings/blns.json") else {
      if Repository.isCI { Issue.record("suites/naughty-strings is missing") }
      return
    }
    let tree = try JSONReference.parse(try Repository.bytes(url))
    #expect(try JSONReference.parse(TreeWriter.json(tree)) == tree)
    #expect(tree.leafCount > 500)
  }

  func parse(_ text: String) throws -> Tree { try JSONReference.parse(Array(text.utf8)) }
}

/// A tree with names and texts of awkward characters; numbers are JSON's.
func randomTree(_ random: inout Random, depth: Int) -> Tree {
  let alphabet: [Unicode.Scalar] = [
    "a", "b", "\"", "\\", "/", "\n", "\r", "\t", "\u{1}", "é", "€", "\u{1d11e}", " ", "{", ",",
  ]
  func text(_ random: inout Random) -> [UInt8] {
    var scalars = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...6, using: &random) { scalars.append(alphabet.randomElement(using: &random)!) }
    return Array(String(scalars).utf8)
  }
  switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
  case 0: return .null
  case 1: return .bool(Bool.random(using: &random))
  case 2: return .number(["0", "-0", "1.0", "1E-999", "469505000000133417", "3.00E+07"].randomElement(using: &random)!)
  case 3, 4: return .text(text(&random))
  case 5: return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in randomTree(&random, depth: depth - 1) })
  default:
    return .object(
      (0..<Int.random(in: 0...4, using: &random)).map { _ in
        .init(text(&random), randomTree(&random, depth: depth - 1))
      })
  }
}
