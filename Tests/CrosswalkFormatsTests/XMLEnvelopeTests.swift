import CrosswalkFormats
import CrosswalkModel
import TestSupport
import Testing

@Suite struct XMLEnvelopeTests {
  static let clients = RecordPath(steps: [.name("clients"), .name("client"), .elements])
  static let reply = RecordPath(steps: [.name("reply"), .name("result"), .name("client"), .elements])

  func locate(_ text: String, _ path: RecordPath, isLast: Bool = true) -> XMLEnvelope.Outcome {
    XMLTesting.bytes(text).withUnsafeBufferPointer { XMLEnvelope.locate($0, isLast: isLast, path: path) }
  }

  /// `^` stands where the run is to start.
  func expect(
    _ marked: String, _ path: RecordPath, name: String?, ancestors: String, isEmpty: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let text = marked.replacing("^", with: "")
    let start = Array(marked.utf8).firstIndex(of: UInt8(ascii: "^"))!
    guard case .found(let place) = locate(text, path) else {
      Issue.record("\(locate(text, path))", sourceLocation: sourceLocation)
      return
    }
    #expect(place.runStart == start, sourceLocation: sourceLocation)
    #expect(place.recordName == name.map { Array($0.utf8) }, sourceLocation: sourceLocation)
    #expect(place.ancestors == Array(ancestors.utf8), sourceLocation: sourceLocation)
    #expect(place.isEmpty == isEmpty, sourceLocation: sourceLocation)
    // However little of it is there: the same, or not yet.
    let bytes = XMLTesting.bytes(text)
    for end in 0..<bytes.count {
      let outcome = bytes[..<end].withUnsafeBufferPointer { XMLEnvelope.locate($0, isLast: false, path: path) }
      #expect(outcome == .needMore || outcome == .found(place), "\(end)", sourceLocation: sourceLocation)
    }
  }

  @Test func theRunStartsAtTheFirstRecord() {
    expect(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c --><clients type=\"array\">\n  ^<client><a/></client></clients>",
      XMLEnvelopeTests.clients, name: "client", ancestors: "<clients type=\"array\">")
    expect("\u{feff}<clients>^<client/></clients>", XMLEnvelopeTests.clients, name: "client", ancestors: "<clients>")
  }

  @Test func otherElementsBeforeTheRunArePassedOver() {
    expect(
      "<reply uri='/x'><state a='>'>0</state><result><n>1</n><!-- <client/> --><![CDATA[<client>]]>^<client/></result></reply>",
      XMLEnvelopeTests.reply, name: "client", ancestors: "<reply uri='/x'><result>")
  }

  @Test func emptyListsAreFound() {
    expect(
      "<clients type='array'^/>", XMLEnvelopeTests.clients, name: "client", ancestors: "<clients type='array'>",
      isEmpty: true)
    expect("<clients> ^</clients>", XMLEnvelopeTests.clients, name: "client", ancestors: "<clients>", isEmpty: true)
    expect(
      "<reply><result^/></reply>", XMLEnvelopeTests.reply, name: "client", ancestors: "<reply><result>", isEmpty: true)
  }

  @Test func anyNameTakesAnyElement() {
    let path = RecordPath(steps: [.anyName, .anyName, .elements])
    expect("<rows>^<row/><line/></rows>", path, name: nil, ancestors: "<rows>")
  }

  @Test func anotherDocumentIsAMismatch() {
    #expect(locate("<other><client/></other>", XMLEnvelopeTests.clients) == .mismatch)
    #expect(locate("<reply><state>1</state><errors/></reply>", XMLEnvelopeTests.reply) == .mismatch)
    #expect(locate("<reply/>", XMLEnvelopeTests.reply) == .mismatch)
  }

  @Test func errorsBeforeTheRunAreSaid() {
    func reason(_ text: String) -> FormatReason? {
      if case .error(let error) = locate(text, XMLEnvelopeTests.reply) { error.reason } else { nil }
    }
    #expect(reason("<!DOCTYPE reply><reply/>") == .doctype)
    #expect(reason("<?xml version='1.0' encoding='utf-16'?><reply/>") == .badEncoding)
    #expect(reason("<?xml version='1.0' encoding='koi8-r'?><reply/>") == .badEncoding)
    #expect(reason("<?xml version='1.1'?><reply/>") == .notWellFormed)
    #expect(reason("{}") == .unexpectedByte)
    #expect(reason("<reply><a></b></reply>") == .mismatchedTag)
    #expect(reason("<reply><result>") == .truncated)
    #expect(reason("") == .truncated)
    #expect(reason("<reply a='1' a='2'>") == .duplicateAttribute)
  }

  @Test func documentsInOtherEncodingsAreTranscoded() throws {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>é🎉</a>"
    for isBig in [true, false] {
      var bytes: [UInt8] = isBig ? [0xfe, 0xff] : [0xff, 0xfe]
      for unit in text.utf16 {
        bytes += isBig ? [UInt8(unit >> 8), UInt8(unit & 255)] : [UInt8(unit & 255), UInt8(unit >> 8)]
      }
      #expect(try XMLReference.parse(bytes) == .object([.init("a", .text("é🎉"))]))
      #expect(throws: FormatError.self) { try XMLReference.parse(Array(bytes.dropLast())) }
    }
    let latin = XMLTesting.bytes("<?xml version='1.0' encoding='ISO-8859-1'?><a>\u{1}</a>").map { $0 == 1 ? 0xe9 : $0 }
    #expect(try XMLReference.parse(latin) == .object([.init("a", .text("é"))]))
    #expect(try XMLReference.parse(XMLTesting.bytes("\u{feff}<a/>")) == .object([.init("a", .text(""))]))
    for bad: [UInt8] in [
      XMLTesting.bytes("\u{feff}<?xml version='1.0' encoding='ISO-8859-1'?><a/>"), [0x00, 0x3c, 0x00, 0x61],
      [0x4c, 0x6f, 0xa7, 0x94],
      XMLTesting.bytes("<?xml version='1.0' encoding='utf-16'?><a/>"),
    ] {
      #expect(throws: FormatError.self) { try XMLReference.parse(bad) }
    }
  }
}

@Suite struct XMLWriterTests {
  func layout() -> Layout {
    var layout = XMLRecordTests.layout()
    for index in layout.members.indices where layout.members[index].name == "active" {
      guard case .leaf(var leaf) = layout.members[index].content else { continue }
      leaf.xmlType = "boolean"
      leaf.writesEmpty = false
      layout.members[index].content = .leaf(leaf)
    }
    return layout
  }

  static let list = Template.object([
    .init(
      "reply",
      .object([
        .init("@uri", .literal(.text("/a?b&c"))), .init("state", .literal(.number("0"))),
        .init("result", .object([.init("@type", .literal(.text("array"))), .init("item", .list(.record))])),
        .init("message", .literal(.text("fine"))),
      ]))
  ])

  func write(
    _ values: [Int: String?], shape: Shape = .list, extras: [OutputExtra] = [], namespace: String? = nil,
    raw: Bool = false
  ) throws -> String {
    let layout = layout()
    let template = shape == .list ? XMLWriterTests.list : .object([.init("item", .record)])
    let writer = XMLRecordWriter(layout: layout, template: template, shape: shape, namespace: namespace)
    let frame = Frame(registers: layout.registers, encoding: .json)
    for (register, value) in values { frame.slots[register] = value.map { frame.store($0.utf8) } ?? .null }
    var out = OutputBuffer()
    if !raw { out.append(writer.opening) }
    try writer.write(frame, extras: extras, into: &out)
    if !raw { out.append(writer.closing) }
    return String(decoding: out.bytes, as: UTF8.self)
  }

  @Test func aListIsADocumentWithARecordALine() throws {
    #expect(
      try write([0: "1", 1: "A & B", 2: "true", 3: nil, 4: "c", 6: "k", 7: "m"]) == """
        <?xml version="1.0" encoding="UTF-8"?>
        <reply uri="/a?b&amp;c"><state>0</state><result type="array">
        <item Key="1"><name>A &amp; B</name><active type="boolean">true</active><details nil="true"/>\
        <place kind="k"><city>c</city></place><contact><tag>MAIN</tag><mail>m</mail></contact></item>
        </result><message>fine</message></reply>

        """)
  }

  @Test func anEmptyListHasItsEnvelope() {
    let writer = XMLRecordWriter(layout: layout(), template: XMLWriterTests.list, shape: .list)
    #expect(
      String(decoding: writer.empty, as: UTF8.self) == """
        <?xml version="1.0" encoding="UTF-8"?>
        <reply uri="/a?b&amp;c"><state>0</state><result type="array"/><message>fine</message></reply>

        """)
    let bare = XMLRecordWriter(
      layout: layout(),
      template: .object([
        .init("clients", .object([.init("@type", .literal(.text("array"))), .init("client", .list(.record))]))
      ]),
      shape: .list)
    #expect(String(decoding: bare.empty, as: UTF8.self).hasSuffix("?>\n<clients type=\"array\"/>\n"))
  }

  @Test func otherShapesAreOneLineWithoutADeclaration() throws {
    #expect(try write([1: "a\nb\rc"], shape: .create) == "<item><name>a&#10;b&#13;c</name></item>\n")
    #expect(try write([:], shape: .create) == "<item/>\n")
    #expect(try write([0: "a\n\"b\""], shape: .create) == "<item Key=\"a&#10;&quot;b&quot;\"/>\n")
    #expect(try write([:], shape: .create, namespace: "urn:x") == "<item xmlns=\"urn:x\"/>\n")
  }

  @Test func emptiesAndNullsAreWrittenAsTheLayoutSays() throws {
    #expect(try write([1: "", 2: "", 3: ""], shape: .create) == "<item><name/><details/></item>\n")
    #expect(
      try write([1: nil, 2: nil], shape: .create)
        == "<item><name nil=\"true\"/><active type=\"boolean\" nil=\"true\"/></item>\n")
  }

  @Test func whatXMLCannotHoldIsAnErrorAndNothingIsWritten() {
    for text in ["\u{0}", "a\u{b}", "\u{fffe}", "\u{ffff}"] {
      let layout = layout()
      let writer = XMLRecordWriter(layout: layout, template: XMLWriterTests.list, shape: .list)
      let frame = Frame(registers: layout.registers, encoding: .json)
      frame.slots[0] = frame.store("before".utf8)
      frame.slots[1] = frame.store(text.utf8)
      var out = OutputBuffer()
      do throws(FormatError) {
        try writer.write(frame, extras: [], into: &out)
        Issue.record("\(text.utf8.map { $0 })")
      } catch {
        #expect(error.reason == .forbiddenCharacter)
      }
      #expect(out.count == 0)
    }
  }

  @Test func restoredValuesStandUnderTheirParents() throws {
    let extras = [
      OutputExtra(path: [.name("odd"), .index(0)], value: .text("x")),
      OutputExtra(path: [.name("odd"), .index(1)], value: .null),
      OutputExtra(path: [.name("place"), .name("floor")], value: .number("2")),
      OutputExtra(path: [.name("name"), .name("@lang")], value: .text("de")),
      OutputExtra(path: [.name("@version")], value: .text("7")),
      OutputExtra(path: [.name("contact"), .index(0), .name("tag")], value: .text("MAIN")),
      OutputExtra(
        path: [.name("contact"), .index(1)], value: .object([.init("tag", .text("X")), .init("mail", .text("y"))])),
      OutputExtra(
        path: [.name("p:tree")],
        value: .object([
          .init("@a", .text("1")), .init("@xmlns:p", .text("urn:p")), .init("#text", .array([.text("t"), .text("u")])),
          .init("b", .array([.text("1"), .text("2")])), .init("#order", .text("#text b #text b")),
        ])),
    ]
    #expect(
      try write([1: "n", 2: "true", 4: "c", 7: "m"], shape: .create, extras: extras) == """
        <item version="7"><name lang="de">n</name><active type="boolean">true</active><place><city>c</city><floor>2</floor></place>\
        <contact><tag>MAIN</tag><mail>m</mail></contact><contact><tag>X</tag><mail>y</mail></contact>\
        <odd>x</odd><odd nil="true"/><p:tree a="1" xmlns:p="urn:p">t<b>1</b>u<b>2</b></p:tree></item>

        """)
  }

  @Test func aRestoredNameThatIsNoXMLNameIsAnError() {
    #expect(throws: FormatError.self) {
      try write([:], extras: [OutputExtra(path: [.name("not a name")], value: .text("x"))])
    }
  }

  @Test func plainTextOfXMLIsCopiedAndTheRestSpeltOurWay() throws {
    let layout = layout()
    let reader = XMLTesting.reader(layout, recordName: "item")
    let writer = XMLRecordWriter(
      layout: layout, template: .object([.init("l", .object([.init("item", .list(.record))]))]), shape: .list)
    let input =
      XMLTesting.bytes(
        "<item><name>a > b &amp; &lt;</name><details>&quot;x&#65;&quot; <![CDATA[<&]]> y\r\nz</details></item></l>")
      + [UInt8](repeating: 0, count: 64)
    var position = 0
    var out = OutputBuffer()
    try input.withUnsafeBufferPointer { buffer in
      #expect(reader.next(in: buffer.baseAddress!, at: &position, to: input.count - 64, isLast: true) == .record)
      try writer.write(reader.frame, extras: [], into: &out)
    }
    #expect(
      String(decoding: out.bytes, as: UTF8.self)
        == "<item><name>a > b &amp; &lt;</name><details>\"xA\" &lt;&amp; y\nz</details></item>")
  }
}
