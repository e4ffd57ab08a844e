import CrosswalkFormats
import CrosswalkModel
import TestSupport
import Testing

/// What the reader makes of records, one rule a test; each through our tokenizer and through libxml2.
@Suite struct XMLRecordTests {
  /// An invented system: an attribute, leaves, an object, a picked list, an indexed one.
  static func layout() -> Layout {
    var layout = Layout()
    func leaf(_ register: Int) -> Layout.Content { .leaf(.init(register: register)) }
    layout.members = [
      .init("@Key", leaf(0)), .init("name", aliases: ["title"], leaf(1)), .init("active", leaf(2)),
      .init("details", leaf(3)),
      .init("place", .object([.init("city", leaf(4)), .init("zip", leaf(5)), .init("@kind", leaf(6))])),
      .init(
        "contact",
        .picks(
          key: "tag",
          cases: [
            .init(value: "MAIN", members: [.init("mail", leaf(7))]),
            .init(value: "BILL", members: [.init("mail", leaf(8))]),
          ])),
      .init(
        "person",
        .items([.init(index: 0, content: leaf(9)), .init(index: 2, content: .object([.init("mail", leaf(10))]))])),
    ]
    layout.registers = 11
    layout.typeAttribute = "type"
    layout.nilAttribute = "nil"
    return layout
  }

  /// The one record of `<list>…</list>`, shown; both parsers must say the same.
  func read(_ record: String, _ layout: Layout = layout(), sourceLocation: SourceLocation = #_sourceLocation) -> String
  {
    let steps = XMLRecordReader.Parser.allCases.map { parser in
      XMLTesting.run(
        XMLTesting.reader(layout, recordName: "item", ancestors: "<list>", parser: parser), layout,
        XMLTesting.bytes("<list>" + record + "</list>"), from: 6)
    }
    let shown = steps.map { steps -> String in
      if case .rejected(let reason, _, _)? = steps.first { return "rejected: \(reason)" }
      guard case .record(let snapshot, _)? = steps.first else { return steps.first.map { "\($0)" } ?? "nothing" }
      let registers = snapshot.registers.enumerated().filter { $1 != "-" }.map { "\($0):\($1)" }
      return (registers + snapshot.extras).joined(separator: ", ") + (snapshot.hasLosingSpelling ? " !" : "")
    }
    #expect(shown[0] == shown[1], sourceLocation: sourceLocation)
    return shown[0]
  }

  @Test func elementsAttributesAndUnknownNamesAreLeaves() {
    #expect(read("<item Key='7'><name>A &amp; B</name><odd>x</odd></item>") == "0:'7', 1:'A & B', odd = 'x'")
    #expect(read("<item Key='7' other='y'/>") == "0:'7', @other = 'y'")
  }

  @Test func theMemberThatTellsElementsApartIsALeafWhereTheWriterWouldNotPutItThere() {
    let (main, bill) = ("<tag>MAIN</tag><mail>m</mail>", "<tag>BILL</tag><mail>b</mail>")
    func list(_ elements: String...) -> String { "<item>" + elements.map { "<contact>\($0)</contact>" }.joined() + "</item>" }
    #expect(read(list(main, bill)) == "7:'m', 8:'b'")
    #expect(read(list(bill)) == "8:'b'")
    #expect(read(list(bill, main)) == "7:'m', 8:'b', contact[0].tag = 'BILL', contact[1].tag = 'MAIN'")
    #expect(read(list("<tag>MAIN</tag><x>1</x>", bill)) == "8:'b', contact[0].tag = 'MAIN', contact[0].x = '1', contact[1].tag = 'BILL'")
    #expect(read(list("x", main)) == "7:'m', contact[0] = 'x', contact[1].tag = 'MAIN'")
  }

  @Test func aFieldWhoseNameIsNoneInXMLIsNotFoundInMarkup() {
    var layout = Layout()
    layout.members = [.init("Bill to/City", .leaf(.init(register: 0))), .init("a b='c'", .leaf(.init(register: 1)))]
    layout.registers = 2
    let said = read("<item><Bill to/City>Rome</Bill to/City></item>", layout)
    #expect(said.contains("fatal"), "\(said)")
    #expect(read("<item><a b='c'>x</a></item>", layout).contains("a = "))
  }

  @Test func declaredEncodingsAreNoLeaves() {
    #expect(
      read("<item type='x'><active type=\"boolean\">true</active><n type=\"integer\">1</n></item>")
        == "2:'true', n = '1'")
    #expect(read("<item><name nil=\"true\"/><odd nil='1'></odd></item>") == "1:null, odd = null")
  }

  @Test func anElementThatSaysNilAndHasTextIsText() {
    #expect(read("<item><name nil=\"true\">x</name></item>") == "1:'x'")
  }

  @Test func otherAttributesAreLeavesBesideTheText() {
    #expect(read("<item><name lang=\"de\">x</name></item>") == "1:'x', name.@lang = 'de'")
  }

  @Test func emptyElementsAreEmptyTexts() {
    #expect(read("<item><name/><details></details></item>") == "1:'', 3:''")
    #expect(read("<item><name><!-- nothing --></name><details><![CDATA[]]></details></item>") == "1:'', 3:''")
  }

  @Test func lineEndsAreNormalisedAndReferencesKept() {
    #expect(read("<item><name>a\r\nb\rc&#13;d</name></item>") == "1:'a\nb\nc\rd'")
    #expect(read("<item Key='a\r\nb\tc&#10;d'/>") == "0:'a b c\nd'")
  }

  @Test func sectionsCommentsAndInstructionsAreOneText() {
    #expect(read("<item><name>a<![CDATA[<b>]]>c<!-- d -->e<?f g?>h</name></item>") == "1:'a<b>ceh'")
  }

  @Test func aRepeatedMappedElementIsRejected() {
    #expect(read("<item><name>a</name><name>b</name></item>") == "rejected: repeatedElement")
    #expect(read("<item><place/><place/></item>") == "rejected: repeatedElement")
  }

  @Test func aRepeatedUnknownElementIsAList() {
    #expect(read("<item><odd>a</odd><name>n</name><odd>b</odd></item>") == "1:'n', odd[0] = 'a', odd[1] = 'b'")
  }

  @Test func anUnknownElementWithChildrenIsOneSubtree() {
    let tree = Tree.object([
      .init("@id", .text("1")), .init("c", .array([.text("x"), .text("y")])),
    ])
    #expect(read("<item><odd id='1'><c>x</c> <c>y</c></odd></item>") == "odd = \(tree)")
  }

  @Test func textBetweenElementsIsALeaf() {
    #expect(read("<item>a<name>n</name>b<odd/> </item>") == "1:'n', #text[0] = 'a', #text[1] = 'b', odd = '', #order = '#text name #text odd'")
    #expect(
      read("<item><place>a<city>c</city>b</place></item>")
        == "4:'c', place.#text[0] = 'a', place.#text[1] = 'b', place.#order = '#text city #text'")
    #expect(read("<item> only text </item>") == "#text = ' only text '")
  }

  @Test func aMappedLeafWithElementsIsASubtree() {
    #expect(read("<item><name><b>x</b></name></item>") == "1:\(Tree.object([.init("b", .text("x"))]))")
  }

  @Test func membersOfObjectsAreFound() {
    #expect(
      read("<item><place kind='k'><city>c</city><floor>2</floor></place></item>") == "4:'c', 6:'k', place.floor = '2'")
    #expect(read("<item><place>text</place></item>") == "place = 'text'")
    #expect(read("<item><place nil=\"true\"/></item>") == "place = null")
  }

  @Test func listsAreToldApart() {
    let record = """
      <item><contact><tag>BILL</tag><mail>b</mail></contact><contact><mail>m</mail><tag>MAIN</tag></contact>\
      <contact><tag>BILL</tag></contact><contact>plain</contact></item>
      """
    #expect(
      read(record)
        == "7:'m', 8:'b', contact[0].tag = 'BILL', contact[1].tag = 'MAIN', contact[2] = "
        + "\(Tree.object([.init("tag", .text("BILL"))])), contact[3] = 'plain'")
    #expect(
      read("<item><person>p</person><person>q</person><person><mail>m</mail><x/></person></item>")
        == "9:'p', 10:'m', person[1] = 'q', person[2].x = ''")
  }

  @Test func theExactSpellingWins() {
    #expect(read("<item><title>t</title></item>") == "1:'t'")
    #expect(read("<item><title>t</title><name>n</name></item>") == "1:'n', title = 't' !")
    #expect(read("<item><name>n</name><title>t</title></item>") == "1:'n', title = 't' !")
    var layout = XMLRecordTests.layout()
    layout.ignoresCase = true
    #expect(read("<item><NAME>t</NAME><PLACE><City>c</City></PLACE></item>", layout) == "1:'t', 4:'c'")
    #expect(read("<item><NAME>t</NAME><name>n</name></item>", layout) == "1:'n', NAME = 't' !")
  }

  @Test func whatSpoilsOnlyTheRecordIsRejectedAndTheRestIsRead() {
    for (bad, reason) in [
      ("<name>\u{1}</name>", FormatReason.forbiddenCharacter), ("<name>&#1;</name>", .forbiddenCharacter),
      ("<odd>\u{fffe}</odd>", .forbiddenCharacter), ("<name>a</name><name>b</name>", .repeatedElement),
    ] {
      for parser in XMLRecordReader.Parser.allCases {
        let layout = XMLRecordTests.layout()
        let input = XMLTesting.bytes("<item>\(bad)</item> <item><name>good</name></item></list>")
        let steps = XMLTesting.run(
          XMLTesting.reader(layout, recordName: "item", ancestors: "<list>", parser: parser), layout, input)
        guard steps.count == 3, case .rejected(reason, _, let range) = steps[0], case .record = steps[1],
          case .closed = steps[2]
        else {
          Issue.record("\(bad) \(parser) \(steps)")
          continue
        }
        #expect(range == 0..<(13 + bad.utf8.count))
      }
    }
  }

  @Test func invalidUTF8IsRejected() {
    let layout = XMLRecordTests.layout()
    for bytes: [UInt8] in [
      [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0xc3],
    ] {
      for place in ["<item><name>@</name></item>", "<item><odd><x>@</x></odd></item>", "<item Key='@'/>"] {
        let input = XMLTesting.bytes(place + "<item/></list>").flatMap { $0 == UInt8(ascii: "@") ? bytes : [$0] }
        for parser in XMLRecordReader.Parser.allCases {
          let steps = XMLTesting.run(
            XMLTesting.reader(layout, recordName: "item", ancestors: "<list>", parser: parser), layout, input)
          guard steps.count == 3, case .rejected(.invalidUTF8, _, _) = steps[0], case .record = steps[1],
            case .closed = steps[2]
          else {
            Issue.record("\(bytes) \(place) \(parser) \(steps)")
            continue
          }
        }
      }
    }
  }

  @Test func syntaxErrorsAreFatal() {
    for bad in [
      "<item><name>a</nam></item>", "<item><name>&nbsp;</name></item>", "<item><name>]]></name></item>",
      "<item><name a=1/></item>",
      "<item><name a='1' a='2'/></item>", "<item><1/></item>", "<item><!DOCTYPE x></item>",
      "<item><name><!-- -- --></name></item>",
      "<item><x:name/></item>", "<item><name x:y='1'/></item>", "<item><name>&#xg;</name></item>",
      "<item><name>a<name></item>",
      "<item><name a='<'/></item>", "text <item/>", "<item><?xml version='1.0'?></item>", "<item>&</item>",
    ] {
      for parser in XMLRecordReader.Parser.allCases {
        let layout = XMLRecordTests.layout()
        let steps = XMLTesting.run(
          XMLTesting.reader(layout, recordName: "item", ancestors: "<list>", parser: parser), layout,
          XMLTesting.bytes(bad + "<item/></list>"))
        guard steps.count == 1, case .fatal = steps[0] else {
          Issue.record("\(bad) \(parser) \(steps)")
          continue
        }
      }
    }
  }

  @Test func prefixesBoundAroundTheRunAreKnown() {
    let layout = XMLRecordTests.layout()
    let ancestors = "<list xmlns:p=\"urn:p\">"
    for parser in XMLRecordReader.Parser.allCases {
      let steps = XMLTesting.run(
        XMLTesting.reader(layout, recordName: "item", ancestors: ancestors, parser: parser), layout,
        XMLTesting.bytes("<item><p:odd>x</p:odd><name xml:lang='de'>n</name><q:r xmlns:q='u'>y</q:r></item></list>"))
      guard case .record(let snapshot, _) = steps[0] else {
        Issue.record("\(steps)")
        continue
      }
      #expect(snapshot.extras == ["p:odd = 'x'", "@xmlns:p = 'urn:p'", "name.@xml:lang = 'de'", "q:r = 'y'", "@xmlns:q = 'u'"])
    }
  }

  @Test func documentsFollowOneAnother() {
    let layout = XMLRecordTests.layout()
    let input = XMLTesting.bytes(
      "<?xml version=\"1.0\"?>\n<item><name>a</name></item>\n<?xml version=\"1.0\" encoding=\"utf-8\"?><!-- c --><item/>\n"
    )
    let steps = XMLTesting.run(XMLTesting.reader(layout, mode: .documents([.name("item")])), layout, input)
    #expect(steps.count == 3)
    #expect(steps.last == .end)
  }

  @Test func aDocumentOfAnotherRootIsNoRecord() {
    let layout = XMLRecordTests.layout()
    for parser in XMLRecordReader.Parser.allCases {
      let reader = XMLTesting.reader(layout, mode: .documents([.name("item")]), parser: parser)
      let steps = XMLTesting.run(reader, layout, XMLTesting.bytes("<other/><item/>"))
      guard steps.count == 3, case .rejected(.notARecord, _, 0..<8) = steps[0], case .record = steps[1] else {
        Issue.record("\(steps)")
        continue
      }
    }
  }

  @Test func namesPastTheLimitAreReadAllTheSame() {
    let layout = XMLRecordTests.layout()
    var limits = Limits()
    limits.unknownFields = 3
    let record = "<item>" + (0..<6).map { "<n\($0) a\($0)='1'>x</n\($0)><m\($0)>y</m\($0)>" }.joined() + "</item>"
    let input = XMLTesting.bytes(record + record + "</list>")
    let steps = XMLTesting.run(
      XMLTesting.reader(layout, recordName: "item", ancestors: "<list>", limits: limits), layout, input)
    guard steps.count == 3, case .record(let one, _) = steps[0], case .record(let two, _) = steps[1] else {
      Issue.record("\(steps)")
      return
    }
    #expect(one == two)
    #expect(one.leaves == 18)
  }

  @Test func recordsInWrappersAreFound() {
    let layout = XMLRecordTests.layout()
    let input = XMLTesting.bytes("<reply><state>0</state><result><item><name>a</name></item></result></reply><reply/>")
    let reader = XMLTesting.reader(layout, mode: .documents([.name("reply"), .name("result"), .name("item")]))
    let steps = XMLTesting.run(reader, layout, input)
    guard steps.count == 3, case .record(let snapshot, _) = steps[0], case .rejected(.notARecord, _, _) = steps[1]
    else {
      Issue.record("\(steps)")
      return
    }
    #expect(snapshot.registers[1] == "'a'")
  }

  @Test func aRunClosesWhereNoRecordFollows() {
    let layout = XMLRecordTests.layout()
    for (text, at) in [("</list>", 0), ("  </list>", 2), ("/>", 0), ("<item/><page>2</page></list>", 7)] {
      let steps = XMLTesting.run(
        XMLTesting.reader(layout, recordName: "item", ancestors: "<list>"), layout, XMLTesting.bytes(text))
      #expect(steps.last == .closed(at), "\(text)")
    }
  }

  @Test func limitsAreHeld() {
    let layout = XMLRecordTests.layout()
    let deep = String(repeating: "<a>", count: 200) + String(repeating: "</a>", count: 200)
    let attributes = (0..<300).map { " a\($0)='1'" }.joined()
    let long = " a='" + String(repeating: "x", count: 70_000) + "'"
    for (record, reason) in [
      ("<item>\(deep)</item>", FormatReason.tooDeep), ("<item><odd\(attributes)/></item>", .tooManyAttributes),
      ("<item><odd\(long)/></item>", .startTagTooLong), ("<item\(attributes)/>", .tooManyAttributes),
    ] {
      for parser in XMLRecordReader.Parser.allCases {
        let steps = XMLTesting.run(
          XMLTesting.reader(layout, recordName: "item", ancestors: "<list>", parser: parser), layout,
          XMLTesting.bytes(record + "<item/></list>"))
        guard steps.count == 3, case .rejected(reason, _, _) = steps[0] else {
          Issue.record("\(reason) \(parser) \("\(steps)".prefix(300))")
          continue
        }
      }
    }
    var small = Limits()
    small.field = 100
    for record in [
      "<name>@</name>", "<odd>@</odd>", "<odd><x>@</x></odd>", "<name a='@'/>", "<name><![CDATA[@]]></name>",
    ] {
      let text = record.replacing("@", with: String(repeating: "x", count: 101))
      for parser in XMLRecordReader.Parser.allCases {
        let steps = XMLTesting.run(
          XMLTesting.reader(layout, recordName: "item", ancestors: "<list>", parser: parser, limits: small), layout,
          XMLTesting.bytes("<item>\(text)</item><item/></list>"))
        guard steps.count == 3, case .rejected(.fieldTooLong, _, _) = steps[0] else {
          Issue.record("\(record) \(parser) \(steps)")
          continue
        }
      }
    }
  }

  @Test func buffersAreCutAtRecords() {
    let layout = XMLRecordTests.layout()
    let reader = XMLTesting.reader(layout, recordName: "item", ancestors: "<list>")
    let input = XMLTesting.bytes("<item><name>a</name></item>\n<item Key='1'/> <item><na")
    input.withUnsafeBufferPointer { #expect(reader.cut(in: $0.baseAddress!, from: 0, to: input.count) == 44) }
  }
}
