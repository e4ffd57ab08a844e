import CrosswalkFormats
import CrosswalkModel
import TestSupport
import Testing

/// A frame whose registers hold the values, from the arena.
func frame(_ values: [Tree?]) -> Frame {
  let frame = Frame(registers: values.count, encoding: .json)
  for (register, value) in values.enumerated() {
    switch value {
    case nil: frame.slots[register] = .absent
    case .null: frame.slots[register] = .null
    case .bool(let value): frame.slots[register] = Slot(value ? .true : .false, offset: 0, length: 0)
    case .number(let text): frame.slots[register] = frame.store(text, as: .number)
    case .text(let text): frame.slots[register] = frame.store(text)
    case .object: frame.slots[register] = Slot(.emptyObject, offset: 0, length: 0)
    case .array: frame.slots[register] = Slot(.emptyArray, offset: 0, length: 0)
    }
  }
  return frame
}

/// A whole document.
func write(_ writer: some RecordWriter, _ records: [[Tree?]], extras: [OutputExtra] = []) throws -> String {
  if records.isEmpty { return String(decoding: writer.empty, as: UTF8.self) }
  var out = OutputBuffer()
  out.append(writer.opening)
  for (index, record) in records.enumerated() {
    if index > 0 { out.append(writer.separator) }
    try writer.write(frame(record), extras: extras, into: &out)
  }
  out.append(writer.closing)
  return String(decoding: out.bytes, as: UTF8.self)
}

@Suite struct CSVRecordWriterTests {
  let abc = flatLayout(["a", "b", "c"])

  @Test func quotesStandOnlyWhereTheyAreNeeded() throws {
    let text = try write(
      CSVRecordWriter(layout: abc),
      [
        [.text("x"), .text(" y "), .text("a'b;c\td")],
        [.text("1,2"), .text("say \"hi\""), .text("two\nlines")],
        [.text("\r"), .text("\""), .text("0123456789abcdef,")],
      ])
    #expect(
      text == "a,b,c\nx, y ,a'b;c\td\n\"1,2\",\"say \"\"hi\"\"\",\"two\nlines\"\n\"\r\",\"\"\"\",\"0123456789abcdef,\"\n")
  }

  @Test func absentAndNullAreNothingAndEmptyTextIsQuotes() throws {
    #expect(try write(CSVRecordWriter(layout: abc), [[nil, .null, .text("")]]) == "a,b,c\n,,\"\"\n")
    var layout = abc
    guard case .leaf(var leaf) = layout.members[2].content else { return }
    leaf.writesEmpty = false
    layout.members[2].content = .leaf(leaf)
    #expect(try write(CSVRecordWriter(layout: layout), [[nil, .null, .text("")]]) == "a,b,c\n,,\n")
  }

  @Test func numbersAndBooleansAreTheirCharacters() throws {
    let text = try write(CSVRecordWriter(layout: abc), [[.number("469505000000133417"), .bool(true), .number("3.00E+07")]])
    #expect(text == "a,b,c\n469505000000133417,true,3.00E+07\n")
  }

  @Test func withoutRecordsThereIsTheHeader() throws {
    #expect(try write(CSVRecordWriter(layout: abc), []) == "a,b,c\n")
  }

  @Test func namesAreQuotedLikeCellsAndNumberedOnesLoseTheirNumber() throws {
    let layout = flatLayout(["a,b", "say \"x\"", "Phone", "Phone#2", "Fax#2"])
    #expect(try write(CSVRecordWriter(layout: layout), []) == "\"a,b\",\"say \"\"x\"\"\",Phone,Phone,Fax#2\n")
  }

  @Test func nestedFieldsAreDottedColumns() throws {
    var layout = Layout()
    layout.members = [
      Layout.Member("place", .object([Layout.Member("city", .leaf(Layout.Leaf(register: 0)))])),
      Layout.Member("id", .leaf(Layout.Leaf(register: 1))),
    ]
    layout.registers = 2
    #expect(try write(CSVRecordWriter(layout: layout), [[.text("Paris"), .number("7")]]) == "place.city,id\nParis,7\n")
  }

  @Test func extrasNeedAColumn() throws {
    let writer = CSVRecordWriter(layout: abc)
    let known = OutputExtra(path: [.name("b")], value: .text("x,y"))
    let stranger = OutputExtra(path: [.name("z")], value: .text("x"))
    #expect(writer.accepts(known))
    #expect(!writer.accepts(stranger))
    #expect(!writer.accepts(OutputExtra(path: [.name("b")], value: .array([]))))
    #expect(try write(writer, [[.text("1"), nil, nil]], extras: [known, stranger]) == "a,b,c\n1,\"x,y\",\n")
    #expect(try write(writer, [[.text("1"), .text("2"), nil]], extras: [known]) == "a,b,c\n1,2,\n")
  }

  @Test func unknownColumnsStandBehindTheOthersInTheOrderInWhichTheyCome() throws {
    let writer = CSVRecordWriter(layout: abc, takesUnknown: 3)
    func extra(_ path: String, _ value: Tree) -> OutputExtra { OutputExtra(path: PathStep.parse(path)!, value: value) }
    let rows: [([Tree?], [OutputExtra])] = [
      ([.text("1"), nil, nil], []), ([.text("2"), nil, nil], [extra("z", .text("x,y"))]),
      ([.text("3"), nil, nil], [extra("p.q", .number("7")), extra("z", .text(""))]), ([nil, nil, nil], []),
      ([.text("5"), .text("6"), nil], [extra("b", .text("no")), extra("\"Bill to.\"", .bool(true))]),
      ([.text("6"), nil, nil], [extra("fourth", .text("no"))]),
    ]
    #expect(writer.accepts(extra("z", .text(""))))
    #expect(!writer.accepts(extra("z", .null)))
    var out = OutputBuffer()
    for (record, extras) in rows {
      try writer.write(frame(record), extras: extras, into: &out)
      out.append(writer.separator)
    }
    writer.close(&out)
    #expect(String(decoding: writer.opening, as: UTF8.self) == "a,b,c,z,p.q,Bill to.\n")
    #expect(
      String(decoding: out.bytes, as: UTF8.self)
        == "1,,,,,\n2,,,\"x,y\",,\n3,,,\"\",7,\n,,,,,\n5,6,,,,true\n6,,,,,\n")
    // From now on the header stands.
    #expect(writer.accepts(extra("p.q", .text("x"))))
    #expect(!writer.accepts(extra("y", .text("x"))))
    #expect(
      try write(CSVRecordWriter(layout: abc, unknown: writer.unknown), [[.text("1"), nil, nil]], extras: rows[2].1)
        == "a,b,c,z,p.q,Bill to.\n1,,,\"\",7,\n")
  }

  @Test func noTwoColumnsGetOneName() throws {
    let writer = CSVRecordWriter(layout: flatLayout(["Phone", "Phone#2", "a.b"]), takesUnknown: 9)
    #expect(!writer.accepts(OutputExtra(path: [.name("Phone")], value: .array([]))))
    for (path, name) in [("\"a.b\"", "\"a.b\""), ("\"\"", ""), ("#2", "#2"), ("x[0].y", "x[0].y"), ("\"x[\"", "x[")] {
      let steps = try #require(PathStep.parse(path))
      #expect(CSVRecordWriter.name(steps) == name)
      let source = bytes("Phone,\"\(name.replacing("\"", with: "\"\""))\"\n") + [UInt8](repeating: 0, count: 64)
      let read = try source.withUnsafeBufferPointer {
        try CSVHeader.read(UnsafeBufferPointer(rebasing: $0.dropLast(64)), isLast: true, layout: flatLayout(["Phone"]))
      }
      #expect(read?.columns[1].path == bytes(path))
    }
  }

  @Test func escapedTextOfTheSourceIsDecodedFirst() throws {
    let source = bytes("a,b,c\n\"x \"\"y\"\"\",\"p,q\",\"plain\"\n") + [UInt8](repeating: 0, count: 64)
    try source.withUnsafeBufferPointer { buffer in
      let data = UnsafeBufferPointer(rebasing: buffer.dropLast(64))
      let header = try CSVHeader.read(data, isLast: true, layout: abc)!
      let reader = CSVRecordReader(header: header, layout: abc, frame: Frame(registers: 3, encoding: .csv))
      var position = header.length
      #expect(reader.next(in: data.baseAddress!, at: &position, to: data.count, isLast: true) == .record)
      var out = OutputBuffer()
      try CSVRecordWriter(layout: abc).write(reader.frame, extras: [], into: &out)
      #expect(String(decoding: out.bytes, as: UTF8.self) == "\"x \"\"y\"\"\",\"p,q\",plain")
    }
  }

  @Test func kindsSurviveWhereTheProfileKeepsThem() throws {
    let profile = CSVProfile(keepsKinds: true)
    let values: [[Tree?]] = [
      [.number("12"), .text("12"), .null], [.text("\\N"), .bool(true), .text("true")],
      [.text("{}"), .object([]), .array([])], [nil, .text(""), .text("1.")],
    ]
    let text = try write(CSVRecordWriter(layout: abc, profile: profile), values)
    #expect(text == "a,b,c\n12,\"12\",\\N\n\"\\N\",true,\"true\"\n\"{}\",{},[]\n,\"\",1.\n")
  }

  @Test(arguments: [UInt64](1...20)) func whatIsWrittenReadsBackTheSame(seed: UInt64) throws {
    var random = Random(seed: seed)
    let pieces = [",", "\"", "\n", "\r", "a", "'", "=", "+", "-", "@", "\t", ";", " ", "é", "1", "日本", "long enough to fill a step"]
    for profile in [CSVProfile(), CSVProfile(isSpreadsheet: true), CSVProfile(delimiter: UInt8(ascii: ";"))] {
      var records: [[String?]] = []
      for _ in 0..<30 {
        records.append(
          (0..<3).map { _ in
            guard Int.random(in: 0..<8, using: &random) > 0 else { return nil }
            return (0..<Int.random(in: 0...6, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined()
          })
      }
      // A row without a value is still a row.
      let text = try write(CSVRecordWriter(layout: abc, profile: profile), records.map { $0.map { $0.map { .text($0) } } })
      let run = readCSV(bytes(text), .random(seed), layout: abc, profile: profile)
      #expect(run.cells == records, "seed \(seed)")
      #expect(!run.endedWithoutNewline)
    }
  }
}

/// Cells that a spreadsheet takes for formulas.
@Suite struct CSVFormulaTests {
  /// The table: value, lossless cell, cell of the spreadsheet profile.
  func cases() throws -> [(value: String, lossless: String, safe: String)] {
    guard let file = Repository.shared("suites/tables/csv-formula.tsv") else {
      #expect(!Repository.isCI, "the table is missing")
      return []
    }
    let text = String(decoding: try Repository.bytes(file), as: UTF8.self)
    return text.split(separator: "\n", omittingEmptySubsequences: true).filter { !$0.hasPrefix("#\u{20}value") }.map { line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map {
        String($0).replacing("\\t", with: "\t").replacing("\\r", with: "\r").replacing("\\n", with: "\n")
      }
      return (fields[0], fields[1] == "same" ? fields[0] : fields[1], fields[2])
    }
  }

  @Test func everyRowOfTheTableIsWrittenAndReadBack() throws {
    let cases = try cases()
    guard !cases.isEmpty else { return }
    #expect(cases.count == 16)
    let layout = flatLayout(["a", "b"])
    for (value, lossless, safe) in cases {
      for (profile, wanted) in [(CSVProfile(), lossless), (CSVProfile(isSpreadsheet: true), safe)] {
        let text = try write(CSVRecordWriter(layout: layout, profile: profile), [[.text(value), .text("end")]])
        // The table says the cell's content, save where it says how the cell is spelt.
        let content = readCSV(bytes(text), layout: layout).cells.first?[0]
        switch wanted {
        case "a;=1+1 (field quoted)": #expect(text == "a,b\n\"a;=1+1\",end\n")
        case "\"\"\"=1+1\"": #expect(text == "a,b\n\"\"\"=1+1\",end\n")
        default: #expect(content == wanted, "\(value.debugDescription) became \(text.debugDescription)")
        }
        #expect(readCSV(bytes(text), layout: layout, profile: profile).cells == [[value, "end"]])
      }
    }
  }

  @Test func aTelephoneNumberComesBackByteForByteInBothProfiles() throws {
    let layout = flatLayout(["faxNo"])
    for (profile, wanted) in [
      (CSVProfile(), "faxNo\n+1-212-9876543\n"), (CSVProfile(isSpreadsheet: true), "faxNo\n'+1-212-9876543\n"),
    ] {
      let text = try write(CSVRecordWriter(layout: layout, profile: profile), [[.text("+1-212-9876543")]])
      #expect(text == wanted)
      #expect(readCSV(bytes(text), layout: layout, profile: profile).cells == [["+1-212-9876543"]])
    }
  }

  @Test func riskyCellsAreCountedInBothProfiles() throws {
    let layout = flatLayout(["a", "b", "c", "d", "e"])
    for profile in [CSVProfile(), CSVProfile(isSpreadsheet: true)] {
      let writer = CSVRecordWriter(layout: layout, profile: profile)
      _ = try write(writer, [[.text("=1"), .text("-5"), .text("+1-2"), .number("-7"), .text("#1")], [.text("@x"), nil, nil, nil, nil]])
      #expect(writer.formulaCells == 3)
    }
  }

  @Test func anApostropheIsLeftAloneWhereItGuardsNothing() {
    let layout = flatLayout(["a"])
    let cells = readCSV(bytes("a\n'hello\n'=1\n''x\n'-5\n"), layout: layout, profile: CSVProfile(isSpreadsheet: true)).cells
    #expect(cells == [["'hello"], ["=1"], ["'x"], ["'-5"]])
  }
}
