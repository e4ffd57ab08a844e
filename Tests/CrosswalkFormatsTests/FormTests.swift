import CrosswalkFormats
import CrosswalkModel
import TestSupport
import Testing

/// What a reader made of lines of parameters.
struct FormRun: Equatable {
  enum Item: Equatable {
    /// Registers, then unknown parameters in their order.
    case record([String?], extras: [String: String], bytes: Range<Int>)
    case rejected(FormatReason, at: Int, bytes: Range<Int>)
  }

  var items: [Item] = []
}

func readForm(_ source: [UInt8], _ feed: Feed = .whole, layout: Layout = Layout(), limits: Limits = Limits()) -> FormRun {
  let reader = FormRecordReader(
    layout: layout, frame: Frame(registers: layout.registers, encoding: .form), limits: limits)
  let frame = reader.frame
  var run = FormRun()
  feed.run(source) { base, buffer, isLast in
    guard let start = buffer.baseAddress ?? UnsafePointer(bitPattern: 64) else { return nil }
    var position = 0
    func text(_ slot: Slot) -> String { String(decoding: frame.text(slot), as: UTF8.self) }
    while true {
      switch reader.next(in: start, at: &position, to: buffer.count, isLast: isLast) {
      case .record:
        let cells = (0..<layout.registers).map { frame.slots[$0].isAbsent ? nil : text(frame.slots[$0]) }
        var extras: [String: String] = [:]
        for extra in frame.extras {
          let path = extra.path < 0 ? text(extra.pathText) : String(decoding: reader.path(Int(extra.path)), as: UTF8.self)
          extras[path] = text(extra.value)
        }
        #expect(frame.leaves == cells.count { $0 != nil } + frame.extras.count)
        run.items.append(.record(cells, extras: extras, bytes: base + frame.start..<base + frame.end))
      case .rejected(let error):
        run.items.append(
          .rejected(error.reason, at: base + error.offset, bytes: base + frame.start..<base + frame.end))
      case .needMore: return position
      case .end, .closed, .fatal: return nil
      }
    }
  }
  return run
}

@Suite struct FormRecordReaderTests {
  let layout = flatLayout(["name", "city", "place.zip"])

  /// Whole, in pieces, and without the last line end; held by the twin as well.
  func expect(_ text: String, _ items: [FormRun.Item], sourceLocation: SourceLocation = #_sourceLocation) {
    for feed in Feed.all {
      #expect(readForm(bytes(text), feed, layout: layout).items == items, "\(feed)", sourceLocation: sourceLocation)
    }
    if text.hasSuffix("\n") {
      let cut = Array(bytes(text).dropLast())
      #expect(readForm(cut, layout: layout).items == items, "without the last line end", sourceLocation: sourceLocation)
    }
    let twin = FormReference.read(bytes(text)).map(\.error)
    let errors: [FormatError?] = items.map { if case .rejected(let reason, let at, _) = $0 { FormatError(reason, at: at) } else { nil } }
    #expect(twin == errors, "twin", sourceLocation: sourceLocation)
  }

  @Test func aLineIsARecord() {
    expect(
      "name=ACME%20Client&city=Paris\nplace.zip=02134\n",
      [
        .record(["ACME Client", "Paris", nil], extras: [:], bytes: 0..<29),
        .record([nil, nil, "02134"], extras: [:], bytes: 30..<45),
      ])
  }

  @Test func plusIsASpaceAndEscapesAreBytes() {
    expect(
      "name=a+b%2B%26%3D%C3%A9\n", [.record(["a b+&=é", nil, nil], extras: [:], bytes: 0..<23)])
  }

  @Test func noValueIsEmptyTextAndNoParameterIsAbsent() {
    expect("name=&city\n", [.record(["", "", nil], extras: [:], bytes: 0..<10)])
  }

  @Test func aPathBeforeTheQuestionMarkIsSkipped() {
    expect(
      "/people/api/addClient?name=x&city=y?z\n?name=q\nname=a?b\n",
      [
        .record(["x", "y?z", nil], extras: [:], bytes: 0..<37), .record(["q", nil, nil], extras: [:], bytes: 38..<45),
        .record(["a?b", nil, nil], extras: [:], bytes: 46..<54),
      ])
  }

  @Test func carriageReturnsAndBlankLinesAreTolerated() {
    expect(
      "\r\n\nname=x\r\n\r\n  \ncity=y\r\n",
      [.record(["x", nil, nil], extras: [:], bytes: 3..<9), .record([nil, "y", nil], extras: [:], bytes: 16..<22)])
  }

  @Test func nothingBetweenTwoAmpersandsIsNoParameter() {
    expect("&name=x&&city=y&\n", [.record(["x", "y", nil], extras: [:], bytes: 0..<16)])
  }

  @Test func unknownParametersAreKeptUnderTheirNames() {
    expect(
      "a.b=1&No.=2&name=x&%C3%A9t%C3%A9=3&=4\n",
      [.record(["x", nil, nil], extras: ["a.b": "1", "\"No.\"": "2", "été": "3", "\"\"": "4"], bytes: 0..<37)])
  }

  @Test func anEncodedNameIsTheName() { expect("%6eame=x\n", [.record(["x", nil, nil], extras: [:], bytes: 0..<8)]) }

  @Test func aBadEscapeRefusesTheLine() {
    for (text, at) in [("name=%zz", 5), ("name=%4", 5), ("na%G0e=1", 2), ("name=ab%", 7), ("name=%4&city=x", 5)] {
      expect(
        "\(text)\nname=x\n",
        [
          .rejected(.badPercentEscape, at: at, bytes: 0..<text.utf8.count),
          .record(["x", nil, nil], extras: [:], bytes: text.utf8.count + 1..<text.utf8.count + 7),
        ])
    }
  }

  @Test func aNameThatComesTwiceRefusesTheLine() {
    expect("name=x&city=y&n%61me=z\n", [.rejected(.duplicateName, at: 14, bytes: 0..<22)])
    expect("q=x&q=y\n", [.rejected(.duplicateName, at: 4, bytes: 0..<7)])
  }

  @Test func whatIsNotUTF8RefusesTheLine() {
    expect("name=ab%C3%28\n", [.rejected(.invalidUTF8, at: 7, bytes: 0..<13)])
    expect("name=%E2%82%AC%FF\n", [.rejected(.invalidUTF8, at: 14, bytes: 0..<17)])
  }

  @Test func rawControlCharactersRefuseTheLineAndEncodedOnesAreText() {
    expect("name=a\tb\n", [.rejected(.controlCharacter, at: 6, bytes: 0..<8)])
    expect("name=a%0Ab\n", [.record(["a\nb", nil, nil], extras: [:], bytes: 0..<10)])
  }

  @Test func theExactSpellingWinsOverAnotherCase() {
    let layout = flatLayout(["Name"], ignoresCase: true)
    for text in ["NAME=1&Name=2\n", "Name=2&NAME=1\n"] {
      #expect(
        readForm(bytes(text), layout: layout).items == [.record(["2"], extras: ["NAME": "1"], bytes: 0..<13)])
    }
    #expect(readForm(bytes("nAME=1\n"), layout: layout).items == [.record(["1"], extras: [:], bytes: 0..<6)])
  }

  @Test func aLineAboveTheLimitIsRefusedAndSteppedOver() {
    var limits = Limits()
    limits.record = 20
    limits.field = 10
    let source = bytes("name=1\nname=\(String(repeating: "x", count: 100))\nname=2\nname=12345678901\n")
    for feed in Feed.all {
      let items = readForm(source, feed, layout: layout, limits: limits).items
      #expect(items.count == 4, "\(feed)")
      #expect(items[0] == .record(["1", nil, nil], extras: [:], bytes: 0..<6), "\(feed)")
      #expect(items[1] == .rejected(.recordTooLong, at: 7, bytes: 7..<27), "\(feed)")
      #expect(items[2] == .record(["2", nil, nil], extras: [:], bytes: 113..<119), "\(feed)")
      #expect(items[3] == .rejected(.fieldTooLong, at: 125, bytes: 120..<136), "\(feed)")
    }
  }

  @Test func hostileNamesNeverChangeWhatALineMeans() {
    let layout = flatLayout(["Name"], ignoresCase: true)
    var text = ""
    for i in 0..<5000 { text += "stranger\(i)=1\n" }
    text += "nAmE=x&q=y\nnAmE=x&nAmE=y\nunseen=1&unseen=2\n"
    let items = readForm(bytes(text), layout: layout).items
    let tail = Array(items.suffix(3))
    guard case .record(["x"], extras: ["q": "y"], bytes: _) = tail[0], case .rejected(.duplicateName, _, _) = tail[1],
      case .rejected(.duplicateName, _, _) = tail[2]
    else {
      Issue.record("\(tail)")
      return
    }
  }

  @Test(arguments: [UInt64](1...30)) func fastReaderAndTwinAgreeOnRandomBytes(seed: UInt64) {
    var random = Random(seed: seed)
    let pieces: [[UInt8]] = [
      "name", "city", "x", "=", "=", "&", "&", "+", "%41", "%C3%A9", "%c3", "%", "%4", "?", "\n", "\r\n", "\r", " ", "\t", "é",
    ].map { bytes($0) } + [[0xFF], [0xC3]]
    for _ in 0..<200 {
      var source: [UInt8] = []
      for _ in 0..<Int.random(in: 0...25, using: &random) { source += pieces.randomElement(using: &random)! }
      let expected: [FormRun.Item] = FormReference.read(source).map { line in
        if let error = line.error { return .rejected(error.reason, at: error.offset, bytes: line.bytes) }
        var cells: [String?] = [nil, nil, nil]
        var extras: [String: String] = [:]
        for parameter in line.parameters {
          let name = String(decoding: parameter.name, as: UTF8.self)
          let value = String(decoding: parameter.value, as: UTF8.self)
          if let register = ["name", "city", "place.zip"].firstIndex(of: name) {
            cells[register] = value
          } else {
            let steps = PathStep.parse(name)
            extras[steps.map(PathStep.text) == name ? name : PathStep.text([.name(name)])] = value
          }
        }
        return .record(cells, extras: extras, bytes: line.bytes)
      }
      for feed in [Feed.whole, .pieces(1), .pieces(3), .random(seed)] {
        #expect(
          readForm(source, feed, layout: layout).items == expected,
          "seed \(seed), \(feed): \(String(decoding: source, as: UTF8.self).debugDescription)")
      }
    }
  }
}

@Suite struct FormRecordWriterTests {
  let layout = flatLayout(["clientName", "currency", "streetAddr", "faxNo"])

  @Test func everythingButUnreservedCharactersIsPercentEncoded() throws {
    let text = try write(
      FormRecordWriter(layout: layout),
      [[.text("ACME Client"), .text("USD"), .text("123 Main Street, STE 123"), .text("+1-212-9876543")]])
    #expect(
      text == "clientName=ACME%20Client&currency=USD&streetAddr=123%20Main%20Street%2C%20STE%20123&faxNo=%2B1-212-9876543\n")
    let every = (0x20...0x7E).map { String(UnicodeScalar(UInt8($0))) }.joined() + "é\n\u{0}"
    #expect(
      try write(FormRecordWriter(layout: flatLayout(["k"])), [[.text(every)]])
        == "k=%20%21%22%23%24%25%26%27%28%29%2A%2B%2C-.%2F0123456789%3A%3B%3C%3D%3E%3F%40ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D%5E_"
        + "%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~%C3%A9%0A%00\n")
  }

  @Test func nullAndAbsentAreLeftOutAndEmptyTextIsNot() throws {
    #expect(try write(FormRecordWriter(layout: layout), [[nil, .null, .text(""), .number("7")]]) == "streetAddr=&faxNo=7\n")
    #expect(try write(FormRecordWriter(layout: layout), [[.null, nil, nil, nil], [.bool(true), nil, nil, nil]]) == "\nclientName=true\n")
  }

  @Test func withoutRecordsThereIsNothing() throws { #expect(try write(FormRecordWriter(layout: layout), []) == "") }

  @Test func namesAreEncodedToo() throws {
    #expect(try write(FormRecordWriter(layout: flatLayout(["a b[0]"])), [[.text("x")]]) == "a%20b%5B0%5D=x\n")
  }

  @Test func extrasAreFurtherParameters() throws {
    let extras = [
      OutputExtra(path: [.name("a"), .index(2), .name("No.")], value: .text("x y")),
      OutputExtra(path: [.name("currency")], value: .text("EUR")),
      OutputExtra(path: [.name("n")], value: .null), OutputExtra(path: [.name("m")], value: .number("7")),
    ]
    let writer = FormRecordWriter(layout: layout)
    #expect(extras.map(writer.accepts) == [true, true, false, true])
    #expect(
      try write(writer, [[.text("1"), .text("USD"), nil, nil]], extras: extras)
        == "clientName=1&currency=USD&a%5B2%5D.No.=x%20y&m=7\n")
  }

  @Test(arguments: [UInt64](1...10)) func whatIsWrittenReadsBackTheSame(seed: UInt64) throws {
    var random = Random(seed: seed)
    let pieces = ["&", "=", "+", "%", "?", " ", "a", "é", "\n", "\r", "%41", "\u{0}", "日本"]
    for _ in 0..<50 {
      let record: [String?] = (0..<4).map { _ in
        guard Int.random(in: 0..<5, using: &random) > 0 else { return nil }
        return (0..<Int.random(in: 0...8, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined()
      }
      if record.allSatisfy({ $0 == nil }) { continue }
      let text = try write(FormRecordWriter(layout: layout), [record.map { $0.map { .text($0) } }])
      guard case .record(let cells, extras: [:], bytes: _)? = readForm(bytes(text), .pieces(3), layout: layout).items.first
      else {
        Issue.record("seed \(seed): \(text)")
        continue
      }
      #expect(cells == record, "seed \(seed)")
    }
  }
}
