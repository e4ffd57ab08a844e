import CrosswalkFormats
import CrosswalkModel
import Foundation
import TestSupport
import Testing

@Suite struct JSONRecordWriterTests {
  static let bare = Template.list(.record)

  static func leaf(
    _ name: String, _ register: Int, isText: Bool = true, writesNull: Bool = true, writesEmpty: Bool = true
  ) -> Layout.Member {
    var leaf = Layout.Leaf(register: register)
    leaf.isText = isText
    leaf.writesNull = writesNull
    leaf.writesEmpty = writesEmpty
    return .init(name, .leaf(leaf))
  }

  static func layout(_ members: [Layout.Member], registers: Int) -> Layout {
    var layout = Layout()
    layout.members = members
    layout.registers = registers
    return layout
  }

  /// Reads NDJSON with one layout and writes what it read with another.
  static func convert(
    _ lines: String, _ source: Layout, to target: Layout, _ template: Template = bare, _ shape: Shape = .list,
    _ format: Format = .json, change: (Frame) -> Void = { _ in }, extras: [OutputExtra] = []
  ) throws -> String {
    let writer = JSONRecordWriter(layout: target, template: template, shape: shape, format: format)
    let frame = Frame(registers: max(source.registers, target.registers), encoding: .json)
    let reader = JSONRecordReader(layout: source, frame: frame, mode: .lines)
    var out = OutputBuffer(capacity: 1)
    let padded = JSONTesting.bytes(lines) + [UInt8](repeating: 0, count: 64)
    var position = 0
    var count = 0
    try padded.withUnsafeBufferPointer { buffer in
      while reader.next(in: buffer.baseAddress!, at: &position, to: padded.count - 64, isLast: true) == .record {
        out.append(count == 0 ? writer.opening : writer.separator)
        count += 1
        change(frame)
        try writer.write(frame, extras: extras, into: &out)
      }
    }
    #expect(position == padded.count - 64)
    out.append(count == 0 ? writer.empty : writer.closing)
    return JSONTesting.text(out.bytes)
  }

  static let flat = layout([leaf("a", 0), leaf("b", 1)], registers: 2)

  // MARK: - Documents

  @Test func aListIsARecordALineBetweenBrackets() throws {
    #expect(
      try JSONRecordWriterTests.convert("{\"b\":\"1\",\"a\":\"2\"}\n{\"a\":\"3\"}\n", JSONRecordWriterTests.flat, to: JSONRecordWriterTests.flat)
        == "[\n{\"a\":\"2\",\"b\":\"1\"},\n{\"a\":\"3\"}\n]\n")
    #expect(try JSONRecordWriterTests.convert("", JSONRecordWriterTests.flat, to: JSONRecordWriterTests.flat) == "[]\n")
  }

  @Test func anEnvelopeStandsAroundTheList() throws {
    let template = Template.object([
      .init("re\"sponse", .object([.init("status", .literal(.number("0"))), .init("result", JSONRecordWriterTests.bare)])),
      .init("message", .literal(.text("o/k\n"))), .init("more", .object([.init("next", .literal(.null))])),
    ])
    let before = #"{"re\"sponse":{"status":0,"result":["#
    let after = #"]},"message":"o/k\n","more":{"next":null}}"#
    let flat = JSONRecordWriterTests.flat
    #expect(
      try JSONRecordWriterTests.convert("{\"a\":\"1\"}\n{\"b\":\"2\"}", flat, to: flat, template)
        == "\(before)\n{\"a\":\"1\"},\n{\"b\":\"2\"}\n\(after)\n")
    #expect(try JSONRecordWriterTests.convert("", flat, to: flat, template) == "\(before)\(after)\n")
    #expect(try JSONRecordWriterTests.convert("{\"a\":\"1\"}", flat, to: flat, template, .list, .ndjson) == "{\"a\":\"1\"}\n")
  }

  @Test func aWrapperStandsAroundEachRecord() throws {
    let flat = JSONRecordWriterTests.flat
    let list = Template.list(.object([.init("client", .record), .init("kind", .literal(.bool(true)))]))
    let lines = "{\"a\":\"1\"}\n{\"c\":2}"
    let (first, second) = (#"{"client":{"a":"1"},"kind":true}"#, #"{"client":{},"kind":true}"#)
    #expect(try JSONRecordWriterTests.convert(lines, flat, to: flat, list) == "[\n\(first),\n\(second)\n]\n")
    #expect(try JSONRecordWriterTests.convert(lines, flat, to: flat, list, .list, .ndjson) == "\(first)\n\(second)\n")
    let single = Template.object([.init("data", .list(.object([.init("client", .record)])))])
    for shape in [Shape.single, .create, .update] {
      for format in [Format.json, .ndjson] {
        #expect(
          try JSONRecordWriterTests.convert(lines, flat, to: flat, single, shape, format)
            == "{\"data\":[{\"client\":{\"a\":\"1\"}}]}\n{\"data\":[{\"client\":{}}]}\n")
        #expect(try JSONRecordWriterTests.convert("", flat, to: flat, single, shape, format) == "")
      }
    }
  }

  // MARK: - Members

  @Test func anObjectWithoutAWrittenLeafIsLeftOut() throws {
    let inner = Layout.Content.object([
      JSONRecordWriterTests.leaf("x", 0), .init("q", .object([JSONRecordWriterTests.leaf("y", 1)])),
      JSONRecordWriterTests.leaf("z", 2),
    ])
    let target = JSONRecordWriterTests.layout([.init("p", inner), JSONRecordWriterTests.leaf("last", 3)], registers: 4)
    let source = flatLayout(["x", "y", "z", "last"])
    for (record, wanted) in [
      (#"{"x":"1","y":"2","z":"3","last":"4"}"#, #"{"p":{"x":"1","q":{"y":"2"},"z":"3"},"last":"4"}"#),
      (#"{"y":"2"}"#, #"{"p":{"q":{"y":"2"}}}"#), (#"{"z":"3","last":"4"}"#, #"{"p":{"z":"3"},"last":"4"}"#),
      (#"{"y":"2","z":"3"}"#, #"{"p":{"q":{"y":"2"},"z":"3"}}"#), (#"{"last":"4"}"#, #"{"last":"4"}"#), ("{}", "{}"),
    ] {
      #expect(
        try JSONRecordWriterTests.convert(record, source, to: target, .record, .create) == wanted + "\n", "\(record)")
    }
  }

  @Test func aPickedElementNeedsMoreThanWhatTellsItApart() throws {
    let picks = Layout.Content.picks(
      key: "T\"ag",
      cases: [
        .init(value: "MA\\IN", members: [JSONRecordWriterTests.leaf("x", 0), .init("in", .object([JSONRecordWriterTests.leaf("y", 1)]))]),
        .init(value: "B", members: [JSONRecordWriterTests.leaf("z", 2)]),
      ])
    let target = JSONRecordWriterTests.layout([.init("list", picks), JSONRecordWriterTests.leaf("last", 3)], registers: 4)
    let source = flatLayout(["x", "y", "z", "last"])
    let main = #"{"T\"ag":"MA\\IN""#
    for (record, wanted) in [
      (#"{"x":"1","y":"2","z":"3","last":"4"}"#, #"{"list":[\#(main),"x":"1","in":{"y":"2"}},{"T\"ag":"B","z":"3"}],"last":"4"}"#),
      (#"{"y":"2"}"#, #"{"list":[\#(main),"in":{"y":"2"}}]}"#), (#"{"z":"3"}"#, #"{"list":[{"T\"ag":"B","z":"3"}]}"#),
      (#"{"last":"4"}"#, #"{"last":"4"}"#),
    ] {
      #expect(
        try JSONRecordWriterTests.convert(record, source, to: target, .record, .create) == wanted + "\n", "\(record)")
    }
  }

  @Test func namedElementsOfAListStandInTheirOrder() throws {
    let items = Layout.Content.items([
      .init(index: 2, content: .leaf(.init(register: 2))), .init(index: 0, content: .leaf(.init(register: 0))),
      .init(index: 1, content: .object([JSONRecordWriterTests.leaf("y", 1)])),
    ])
    let target = JSONRecordWriterTests.layout([.init("list", items)], registers: 3)
    let source = flatLayout(["x", "y", "z"])
    #expect(
      try JSONRecordWriterTests.convert(
        "{\"x\":\"1\",\"y\":\"2\",\"z\":\"3\"}\n{\"z\":\"3\"}\n{\"y\":\"2\"}", source, to: target, .record, .create)
        == "{\"list\":[\"1\",{\"y\":\"2\"},\"3\"]}\n{\"list\":[\"3\"]}\n{\"list\":[{\"y\":\"2\"}]}\n")
  }

  // MARK: - Values

  @Test func kindsAreWrittenAsTheLeafSays() throws {
    let source = flatLayout(["a", "b"])
    let typed = JSONRecordWriterTests.layout(
      [JSONRecordWriterTests.leaf("t", 0), JSONRecordWriterTests.leaf("k", 0, isText: false)], registers: 2)
    for (value, text, own) in [
      ("3.00E+07", "\"3.00E+07\"", "3.00E+07"), ("true", "\"true\"", "true"), ("false", "\"false\"", "false"),
      ("null", "null", "null"), ("\"\"", "\"\"", "\"\""), ("\"007\"", "\"007\"", "\"007\""), ("-0", "\"-0\"", "-0"),
    ] {
      #expect(
        try JSONRecordWriterTests.convert("{\"a\":\(value)}", source, to: typed, .record, .create)
          == "{\"t\":\(text),\"k\":\(own)}\n")
    }
  }

  @Test func nullAndEmptyAreLeftOutWhereTheLeafSaysSo() throws {
    let target = JSONRecordWriterTests.layout(
      [
        JSONRecordWriterTests.leaf("n", 0, writesNull: false), JSONRecordWriterTests.leaf("e", 0, writesEmpty: false),
        JSONRecordWriterTests.leaf("x", 1, writesNull: false, writesEmpty: false),
      ], registers: 2)
    let source = flatLayout(["a", "b"])
    #expect(
      try JSONRecordWriterTests.convert(
        "{\"a\":null,\"b\":null}\n{\"a\":\"\",\"b\":\"\"}\n{\"a\":\"v\",\"b\":0}", source, to: target, .record, .create)
        == "{\"e\":null}\n{\"n\":\"\"}\n{\"n\":\"v\",\"e\":\"v\",\"x\":\"0\"}\n")
  }

  @Test func whatIsRestoredIsWrittenAsItWas() throws {
    let target = JSONRecordWriterTests.layout(
      [JSONRecordWriterTests.leaf("a", 0, writesNull: false, writesEmpty: false)], registers: 1)
    let values: [(Slot, String)] = [
      (.null, "{\"a\":null}"), (Slot(.text, offset: 0, length: 0), "{\"a\":\"\"}"),
      (Slot(.number, offset: 0, length: 2), "{\"a\":12}"), (Slot(.true, offset: 0, length: 0), "{\"a\":true}"),
      (Slot(.text, offset: 0, length: 2), "{\"a\":\"12\"}"),
    ]
    for (slot, wanted) in values {
      let written = try JSONRecordWriterTests.convert("{}", flatLayout(["a"]), to: target, .record, .create) { frame in
        _ = frame.store(JSONTesting.bytes("12"))
        frame.slots[0] = Slot(slot.kind, offset: 0, length: slot.length, space: .arena).asRestored
      }
      #expect(written == wanted + "\n")
    }
  }

  @Test func whatTheLayoutHasNoPlaceForStandsWhereItStood() throws {
    let source = flatLayout(["a"])
    let target = JSONRecordWriterTests.layout(
      [JSONRecordWriterTests.leaf("a", 0), .init("p", .object([JSONRecordWriterTests.leaf("q", 0)]))], registers: 1)
    func extra(_ path: String, _ value: Tree) throws -> OutputExtra {
      OutputExtra(path: try #require(PathStep.parse(path)), value: value)
    }
    #expect(
      try JSONRecordWriterTests.convert(
        "{\"a\":\"x\\/\\u0079\"}", source, to: target, .list(.object([.init("client", .record)])), .list, .ndjson,
        extras: [
          extra("p.r", .number("1.0")), extra("n", .object([.init("\u{1}", .array([.null, .bool(false)]))])),
          extra("\"d.t\".e", .text("é\"")), extra("l[0].m", .object([])), extra("l[1]", .array([])),
        ])
        == #"{"client":{"a":"x/y","p":{"q":"x/y","r":1.0},"n":{"\u0001":[null,false]},"d.t":{"e":"é\""},"l":[{"m":{}},[]]}}"#
        + "\n")
  }

  // MARK: - Texts

  @Test(arguments: [
    (#"\b\f\n\r\t\"\\"#, #"\b\f\n\r\t\"\\"#), (#"\u0008\u000c\u000A\u000d\u0009"#, #"\b\f\n\r\t"#),
    (#"\u0022\u005c\/\u002F"#, #"\"\\//"#), (#"\u0000\u0001\u001F\u007f"#, "\\u0000\\u0001\\u001f\u{7f}"),
    ("é日本🎉\u{2028}\u{fffd}", "é日本🎉\u{2028}\u{fffd}"), (#"\u00e9\u65E5\u672c\ud83c\udf89\uFFFF"#, "é日本🎉\u{ffff}"),
    (#"a longer run of text that passes sixteen bytes \/ and another run behind it \n"#,
      #"a longer run of text that passes sixteen bytes / and another run behind it \n"#),
    (#"\\u0041\\n"#, #"\\u0041\\n"#),
  ])
  func aTextIsSpelledOneWay(source: String, wanted: String) throws {
    let flat = JSONRecordWriterTests.flat
    // As it stands in the source, and decoded into the arena.
    for isPlain in [false, true] {
      let written = try JSONRecordWriterTests.convert("{\"a\":\"\(source)\"}", flat, to: flat, .record, .create) { frame in
        if isPlain { frame.slots[0] = frame.store(Array(frame.text(frame.slots[0]))) }
      }
      #expect(written == "{\"a\":\"\(wanted)\"}\n")
    }
  }

  @Test func everyLengthAndPlaceOfAnEscapeIsWrittenRight() throws {
    let flat = JSONRecordWriterTests.flat
    for length in 0..<70 {
      for place in stride(from: 0, through: length, by: 3) {
        var text = [UInt8](repeating: UInt8(ascii: "x"), count: length)
        text.insert(contentsOf: [0x0a, 0x01], at: place)
        let wanted = JSONTesting.text(TreeWriter.json(.object([.init("a", .text(text)), .init("b", .text("y"))])))
        #expect(try JSONRecordWriterTests.convert(wanted, flat, to: flat, .record, .create) == wanted + "\n")
        let stored = try JSONRecordWriterTests.convert("{\"b\":\"y\"}", flat, to: flat, .record, .create) { frame in
          frame.slots[0] = frame.store(text)
        }
        #expect(stored == wanted + "\n")
      }
    }
  }

  @Test func oneRegisterMayBeWrittenManyTimes() throws {
    let target = JSONRecordWriterTests.layout((0..<40).map { JSONRecordWriterTests.leaf("n\($0)", 0) }, registers: 1)
    let text = String(repeating: "\u{1}", count: 3000)
    let escaped = String(repeating: "\\u0001", count: 3000)
    let written = try JSONRecordWriterTests.convert("{}", flatLayout(["a"]), to: target, .record, .create) { frame in
      frame.slots[0] = frame.store(Array(text.utf8))
    }
    #expect(written == "{" + (0..<40).map { "\"n\($0)\":\"\(escaped)\"" }.joined(separator: ",") + "}\n")
  }

  // MARK: - Random records

  /// The bytes are those of the plain writer over the tree that the registers make; read again they are the same record.
  @Test func randomRecordsAreWrittenAsThePlainWriterWritesThem() throws {
    let seed = JSONRecordReaderTests.seed()
    for round in 0..<JSONRecordReaderTests.rounds {
      let seed = seed &+ UInt64(round)
      var generator = JSONGenerator(seed: seed)
      var layout = generator.layout(ignoresCase: false, hasAliases: false)
      layout.members = JSONRecordWriterTests.varied(layout.members, &generator)
      let frame = Frame(registers: layout.registers, encoding: .json)
      let reader = JSONRecordReader(layout: layout, frame: frame, mode: .sequence)
      let writer = JSONRecordWriter(layout: layout, template: .record, shape: .create, format: .json)
      let tree = generator.record(layout, repeats: 0)
      guard JSONTesting.plain(tree, layout) != nil else { continue }
      let padded = generator.spell(tree) + [UInt8](repeating: 0, count: 64)
      var position = 0
      var out = OutputBuffer(capacity: 1)
      var wanted = Tree.object([])
      try padded.withUnsafeBufferPointer { buffer in
        #expect(reader.next(in: buffer.baseAddress!, at: &position, to: padded.count - 64, isLast: true) == .record)
        for register in 0..<layout.registers {
          let slot = frame.slots[register]
          // Containers are no values of leaves: the plan lets none in.
          if slot.kindBits >= UInt64(Kind.emptyObject.rawValue) { frame.slots[register] = .absent }
          if slot.kind == .text, generator.one(in: 3) { frame.slots[register] = frame.plain(slot) }
        }
        wanted = RecordTree.build(layout.members, frame: frame) ?? .object([])
        try writer.write(frame, extras: [], into: &out)
      }
      guard Array(out.bytes) == TreeWriter.json(wanted) else {
        Issue.record("seed \(seed)\n\(JSONTesting.text(out.bytes))\n\(JSONTesting.text(TreeWriter.json(wanted)))\n\(layout.members)")
        return
      }
      #expect(try JSONReference.parse(Array(out.bytes)) == wanted)
    }
  }

  /// The same members with any rules of writing.
  private static func varied(_ members: [Layout.Member], _ generator: inout JSONGenerator) -> [Layout.Member] {
    members.map { member in
      var member = member
      member.content = varied(member.content, &generator)
      return member
    }
  }

  private static func varied(_ content: Layout.Content, _ generator: inout JSONGenerator) -> Layout.Content {
    switch content {
    case .leaf(var leaf):
      leaf.isText = generator.one(in: 2)
      leaf.writesNull = generator.one(in: 2)
      leaf.writesEmpty = generator.one(in: 2)
      return .leaf(leaf)
    case .object(let members): return .object(varied(members, &generator))
    case .picks(let key, let cases):
      return .picks(key: key, cases: cases.map { .init(value: $0.value, members: varied($0.members, &generator)) })
    case .items(let items):
      return .items(items.map { .init(index: $0.index, content: varied($0.content, &generator)) })
    }
  }
}
