import CrosswalkFormats
import CrosswalkModel
import Foundation
import TestSupport
import Testing

/// The rules of CSV, one line each, held by the twin and by the reader however the bytes arrive.
@Suite struct CSVRecordReaderTests {
  /// Whole, one byte at a time, in random pieces, and without the last line end.
  func expect(
    _ text: String, _ cells: [[String?]], limits: Limits = Limits(), sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let source = bytes(text)
    let twin = CSVReference.read(source, limits: limits).dropFirst()
    #expect(
      twin.filter { $0.error == nil }.map { $0.cells.map { $0.text.map { String(decoding: $0, as: UTF8.self) } } } == cells,
      "twin", sourceLocation: sourceLocation)
    for feed in Feed.all {
      let run = readCSV(source, feed, limits: limits)
      #expect(run.cells == cells, "\(feed)", sourceLocation: sourceLocation)
      #expect(run.items == expectedItems(source, limits: limits), "\(feed)", sourceLocation: sourceLocation)
    }
    guard text.last == "\n", !text.hasSuffix("\n\n") else { return }
    let cut = Array(source.dropLast())
    #expect(readCSV(cut, limits: limits).cells == cells, "without the last line end", sourceLocation: sourceLocation)
    #expect(readCSV(cut).endedWithoutNewline == (cut.last != 0x0D), sourceLocation: sourceLocation)
  }

  @Test func cellsStandBetweenCommas() { expect("a,b,c\n1,2,3\n4,5,6\n", [["1", "2", "3"], ["4", "5", "6"]]) }
  @Test func nothingBetweenCommasIsAbsent() { expect("a,b,c\n,,\n1,,\n,,3\n", [[nil, nil, nil], ["1", nil, nil], [nil, nil, "3"]]) }
  @Test func quotedNothingIsEmptyText() { expect("a,b\n\"\",\n,\"\"\n", [["", nil], [nil, ""]]) }
  @Test func carriageReturnAloneEndsALine() { expect("a,b\r1,2\r3,4\r", [["1", "2"], ["3", "4"]]) }
  @Test func carriageReturnAndLineFeedEndOneLine() { expect("a,b\r\n1,2\r\n3,4\r\n", [["1", "2"], ["3", "4"]]) }
  @Test func lineEndsMayBeMixed() { expect("a,b\r\n1,2\n3,4\r5,6\n", [["1", "2"], ["3", "4"], ["5", "6"]]) }
  @Test func quotesHideDelimitersAndLineEnds() {
    expect("a,b\n\"x,y\",\"1\n2\r\n3\r4\"\n", [["x,y", "1\n2\r\n3\r4"]])
  }
  @Test func doubledQuotesAreOne() { expect("a,b\n\"say \"\"hi\"\"\",\"\"\"\"\n", [["say \"hi\"", "\""]]) }
  @Test func quoteInsideAnUnquotedCellIsText() { expect("a,b\n5\" pipe,37'37.8\"N\n", [["5\" pipe", "37'37.8\"N"]]) }
  @Test func textBehindAClosingQuoteRefusesTheRow() {
    expect("a,b\n1,\"2\" \n3,4\n\"5\"x,6\n7,8\n", [["3", "4"], ["7", "8"]])
    #expect(
      readCSV(bytes("a,b\n1,\"2\" \n3,4\n")).items.first == .rejected(.strayQuote, at: 9, bytes: 4..<10))
  }
  @Test func aStrayQuoteSpoilsItsRowUpToTheLineEndOnly() {
    expect("a,b\n\"1\"x,\"2\n3,4\n", [["3", "4"]])
  }
  @Test func aShortRowIsRefusedAtItsEnd() {
    expect("a,b,c\n1,2\n3,4,5\n", [["3", "4", "5"]])
    #expect(readCSV(bytes("a,b,c\n1,2\n3,4,5\n")).items.first == .rejected(.raggedRow, at: 9, bytes: 6..<9))
  }
  @Test func aLongRowIsRefusedAtItsFirstCellTooMany() {
    expect("a,b\n1,2,3,4\n5,6\n", [["5", "6"]])
    #expect(readCSV(bytes("a,b\n1,2,3,4\n5,6\n")).items.first == .rejected(.raggedRow, at: 8, bytes: 4..<11))
  }
  @Test func aRefusedRowEndsWhereItsQuotesSay() { expect("a,b\n1,2,\"3\n4\"\n5,6\n", [["5", "6"]]) }
  @Test func anUnterminatedQuoteNamesWhereItBegan() {
    expect("a,b\n1,2\n3,\"4\n5,6\n", [["1", "2"]])
    #expect(
      readCSV(bytes("a,b\n1,2\n3,\"4\n5,6\n")).items.last == .rejected(.unterminatedQuote, at: 10, bytes: 8..<17))
  }
  @Test func emptyLinesAreSkippedWhereThereAreColumns() {
    expect("a,b\n\n1,2\n\r\n\r\n\n3,4\n\n", [["1", "2"], ["3", "4"]])
  }
  @Test func anEmptyLineOfOneColumnIsARecord() { expect("a\n1\n\n2\n", [["1"], [nil], ["2"]]) }
  @Test func oneColumnWithCarriageReturnsHasNoPhantomRows() { expect("a\r\n1\r\n\r\n2\r\n", [["1"], [nil], ["2"]]) }
  @Test func theByteOrderMarkIsDropped() { expect("\u{FEFF}a,b\n1,2\n", [["1", "2"]]) }
  @Test func textIsUTF8() { expect("a,b\né,\"日本\"\n", [["é", "日本"]]) }
  @Test func controlCharactersAreText() { expect("a,b\n1\t2\u{0},\"\u{0}\u{1}\"\n", [["1\t2\u{0}", "\u{0}\u{1}"]]) }
  @Test func blanksAreKept() { expect("a,b\n 1 ,  \n", [[" 1 ", "  "]]) }

  @Test func bytesThatAreNotUTF8RefuseTheirRow() {
    let source = bytes("a,b\n1,x") + [0xC3, 0x28] + bytes("\n3,4\n\"") + [0xFF] + bytes("\",6\n7,8\n")
    for feed in Feed.all {
      let run = readCSV(source, feed)
      #expect(run.cells == [["3", "4"], ["7", "8"]], "\(feed)")
      #expect(run.items == expectedItems(source), "\(feed)")
    }
    #expect(readCSV(source).items.first == .rejected(.invalidUTF8, at: 7, bytes: 4..<9))
  }

  @Test func aFieldAboveTheLimitRefusesItsRow() {
    var limits = Limits()
    limits.field = 10
    expect("a,b\n1,12345678901\n1,1234567890\n\"12345678901\",\n", [["1", "1234567890"]], limits: limits)
  }

  @Test func aRowAboveTheLimitIsRefusedAndSteppedOver() {
    var limits = Limits()
    limits.record = 20
    let long = String(repeating: "x", count: 50)
    let text = "a,b\n1,2\n\(long),\"\n\n\(long)\"\"\n\"\r\n3,4\n\"\(long)\" stray\",\n5,6\n"
    let source = bytes(text)
    for feed in Feed.all {
      let run = readCSV(source, feed, limits: limits)
      #expect(run.cells == [["1", "2"], ["3", "4"], ["5", "6"]], "\(feed)")
      #expect(run.items == readCSV(source, limits: limits).items, "\(feed)")
      let refused = run.items.compactMap { if case .rejected(let reason, let at, _) = $0 { (reason, at) } else { nil } }
      #expect(refused.map(\.0) == [.recordTooLong, .recordTooLong], "\(feed)")
      #expect(refused.first?.1 == 8, "\(feed)")
    }
  }

  @Test func aHugeQuotedFieldIsRefusedWithoutBeingHeld() {
    var limits = Limits()
    limits.record = 1 << 16
    let source = bytes("a,b\n1,\"") + [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
    let run = readCSV(source, .pieces(4096), limits: limits)
    guard case .rejected(.recordTooLong, at: 4, let range)? = run.items.first, run.items.count == 1 else {
      Issue.record("not refused: \(run.items.count) items")
      return
    }
    #expect(range.count == 1024)
  }

  @Test func everyCutOfASampleKeepsTheRecordsBeforeIt() {
    let source = bytes("name,street,zip\r\nACME,\"1 Main\r\nSte \"\"2\"\"\",02134\r\nZoë,,\"\"\r\nB,C,D\r\n")
    let whole = readCSV(source).items
    for length in 0...source.count {
      let cut = Array(source[..<length])
      let run = readCSV(cut)
      if length < 15 {
        #expect(run.items.isEmpty)
        continue
      }
      let complete = whole.filter { if case .record(let record) = $0 { record.bytes.upperBound < length } else { false } }
      #expect(run.items.starts(with: complete), "cut at \(length)")
      #expect(run.items.count <= complete.count + 1, "cut at \(length)")
      #expect(run.items == expectedItems(cut), "cut at \(length)")
      if run.items.count > complete.count, case .record? = run.items.last {
        #expect(run.endedWithoutNewline, "cut at \(length)")
      }
    }
  }

  @Test(arguments: [UInt64](1...40)) func fastReaderAndTwinAgreeOnRandomBytes(seed: UInt64) {
    var random = Random(seed: seed)
    let pieces: [[UInt8]] = [
      ",", ",", ",", "\"", "\"", "\"\"", "\n", "\r\n", "\r", "a", "b7", " ", "x\ty", "é", "日", "\u{0}", "0123456789abcdef",
    ].map { bytes($0) } + [[0xC3], [0xFF], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]]
    for _ in 0..<60 {
      var source = bytes(["a,b,c\n", "a\n", "a,b\r\n"].randomElement(using: &random)!)
      for _ in 0..<Int.random(in: 0...60, using: &random) {
        // Mostly well-formed rows, so that more than the first error is seen.
        if Bool.random(using: &random) {
          source += bytes("1,\"2 \"\"x\"\" \n\",3\n")
        } else {
          source += pieces.randomElement(using: &random)!
        }
      }
      var limits = Limits()
      if Int.random(in: 0..<4, using: &random) == 0 { limits.field = 12 }
      let expected = expectedItems(source, limits: limits)
      for feed in [Feed.whole, .pieces(1), .pieces(7), .random(seed)] {
        let run = readCSV(source, feed, limits: limits)
        #expect(run.items == expected, "seed \(seed), \(feed): \(String(decoding: source, as: UTF8.self).debugDescription)")
      }
    }
  }

  @Test func leavesAreWhatStandsInTheRow() {
    guard case .record(let record)? = readCSV(bytes("a,b,c,d\n1,,\"\",x\n")).items.first else {
      Issue.record("no record")
      return
    }
    #expect(record.leaves == 3)
  }

  /// A column that has a claim to a field of another one: an alias, then another case; of two aliases the first column.
  @Test func anotherColumnOfTheFieldIsItsValueWhereTheFirstIsAbsent() {
    var layout = flatLayout(["main", "b"], ignoresCase: true)
    layout.members[0].aliases = ["other", "third"]
    func read(_ text: String) -> [[String]] {
      var all: [[String]] = []
      for feed in Feed.all {
        let run = readCSV(bytes(text), feed, layout: layout)
        let records = run.items.map { item -> [String] in
          guard case .record(let record) = item else { return ["rejected"] }
          let slots = record.registers.map { $0.map { String(decoding: $0, as: UTF8.self) } ?? "-" }
          let extras = record.extras.map { "\($0.path)=\(String(decoding: $0.text, as: UTF8.self))" }
          return slots + extras + (record.hasLosingSpelling ? ["!"] : []) + ["\(record.leaves)"]
        }
        if all.isEmpty { all = records }
        #expect(records == all, "\(feed)")
      }
      return all
    }
    #expect(
      read("other,main,b\n1,,2\n,1,2\n3,1,2\n,,\n3,\"\",2\n\"\",,2\n") == [
        ["1", "2", "2"], ["1", "2", "2"], ["1", "2", "other=3", "!", "3"], ["-", "-", "0"], ["", "2", "other=3", "!", "3"],
        ["", "2", "2"],
      ])
    #expect(
      read("third,other,MAIN,b\n1,2,3,4\n1,,3,4\n,,3,4\n,2,3,4\n") == [
        ["1", "4", "other=2", "MAIN=3", "!", "4"], ["1", "4", "MAIN=3", "!", "3"], ["3", "4", "2"],
        ["2", "4", "MAIN=3", "!", "3"],
      ])
    #expect(read("third,x,main\n1,2,\n1,,3\n") == [["1", "-", "x=2", "2"], ["3", "-", "third=1", "!", "2"]])
  }

  @Test func valuesAreTextWhateverTheyLookLike() {
    let reader = firstRecord("a,b,c\n12,true,\\N\n")
    #expect((0..<3).map { reader.frame.slots[$0].kind } == [.text, .text, .text])
  }

  @Test func bareCellsHaveKindsWhereTheProfileKeepsThem() {
    let reader = firstRecord(
      "a,b,c,d,e,f,g,h,i,j\n12,true,\\N,\"12\",\"\\N\",false,-1.5e7,{},[],01\n", profile: CSVProfile(keepsKinds: true))
    #expect(
      (0..<10).map { reader.frame.slots[$0].kind } == [
        .number, .true, .null, .text, .text, .false, .number, .emptyObject, .emptyArray, .text,
      ])
  }

  @Test func lineEndsAndAMissingLastOneAreReported() {
    #expect(readCSV(bytes("a,b\r\n1,2\r\n")).lineEnds == .crlf)
    #expect(readCSV(bytes("a,b\r\n1,2\n3,4\r")).lineEnds == [.crlf, .lf, .cr])
    #expect(!readCSV(bytes("a,b\n1,2\n")).endedWithoutNewline)
    #expect(readCSV(bytes("a,b\n1,2")).endedWithoutNewline)
    #expect(readCSV(bytes("a,b")).header?.endedWithoutNewline == true)
  }

  /// A record of which every column has the register of its place.
  func firstRecord(_ text: String, profile: CSVProfile = CSVProfile()) -> CSVRecordReader {
    let source = bytes(text) + [UInt8](repeating: 0, count: 64)
    return source.withUnsafeBufferPointer { buffer in
      let data = UnsafeBufferPointer(rebasing: buffer.dropLast(64))
      let names = (0..<10).map { String(UnicodeScalar(UInt8(97 + $0))) }
      let layout = flatLayout(names)
      let header = try! CSVHeader.read(data, isLast: true, layout: layout, profile: profile)!
      let reader = CSVRecordReader(
        header: header, layout: layout, frame: Frame(registers: 10, encoding: .csv), profile: profile)
      var position = header.length
      #expect(reader.next(in: data.baseAddress!, at: &position, to: data.count, isLast: true) == .record)
      return reader
    }
  }
}

/// A cut proves itself: reading up to it stops exactly there.
@Suite struct CSVCutTests {
  @Test(arguments: [UInt64](1...12)) func cutsAreRowStartsThoughCellsHoldLineEnds(seed: UInt64) {
    var random = Random(seed: seed)
    var source = bytes("id,name,street,zip,note\n")
    let headerLength = source.count
    var starts: Set<Int> = [source.count]
    while source.count < 300_000 {
      let street = Bool.random(using: &random) ? "\"12, Main St\nSuite \(source.count)\nBox 3\"" : "1 Main St"
      let note = Int.random(in: 0..<10, using: &random) == 0 ? "\"said \"\"so, and\n, \"\"\nno, more\n\"" : ""
      source += bytes("\(source.count),\"Client, \(starts.count)\",\(street),02134,\(note)\(seed % 2 == 0 ? "\r\n" : "\n")")
      starts.insert(source.count)
    }
    source += [UInt8](repeating: 0, count: 64)
    source.withUnsafeBufferPointer { buffer in
      let data = UnsafeBufferPointer(rebasing: buffer.dropLast(64))
      let layout = flatLayout(["id", "name", "street", "zip", "note"])
      let header = try! CSVHeader.read(data, isLast: false, layout: layout)!
      let reader = CSVRecordReader(header: header, layout: layout, frame: Frame(registers: 5, encoding: .csv))
      var wrong = 0
      for _ in 0..<200 {
        let end = Int.random(in: headerLength + 2000..<data.count, using: &random)
        guard let cut = reader.cut(in: data.baseAddress!, from: headerLength, to: end) else {
          Issue.record("seed \(seed): no cut before \(end)")
          continue
        }
        if !starts.contains(cut) || cut > end { wrong += 1 }
        #expect(end - cut < 2000, "seed \(seed): far from the end")
      }
      #expect(wrong == 0, "seed \(seed)")
    }
  }

  @Test func rowsLongerThanAllStretchesAreFoundFromTheStart() {
    let long = String(repeating: "words \n", count: 9000)
    let source = bytes("a,b\n1,\"\(long)\"\n2,\"\(long)\"\n") + [UInt8](repeating: 0, count: 64)
    source.withUnsafeBufferPointer { buffer in
      let header = try! CSVHeader.read(
        UnsafeBufferPointer(rebasing: buffer.dropLast(64)), isLast: true, layout: Layout())!
      let reader = CSVRecordReader(header: header, layout: Layout(), frame: Frame(registers: 0, encoding: .csv))
      let end = buffer.count - 64 - 10
      let first = 4 + 2 + 1 + long.utf8.count + 2
      #expect(reader.cut(in: buffer.baseAddress!, from: 4, to: end) == first)
      #expect(reader.cut(in: buffer.baseAddress!, from: 4, to: 1000) == nil)
    }
  }
}

/// Independent files: `NOTE.md` of each suite says what a pass means.
@Suite struct CSVSuiteTests {
  @Test func csvSpectrumPasses() throws {
    guard let folder = Repository.shared("suites/csv-spectrum") else {
      #expect(!Repository.isCI, "the suite is missing")
      return
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "csvs").path).sorted()
    #expect(names.count == 12)
    for name in names {
      let source = try Repository.bytes(folder.appending(path: "csvs/\(name)"))
      let json = folder.appending(path: "json/\(name.replacing(".csv", with: ".json"))")
      // One of the files holds its single record without a list.
      let object = try JSONSerialization.jsonObject(with: Data(contentsOf: json))
      let expected = try #require(object as? [[String: String]] ?? (object as? [String: String]).map { [$0] }, "\(name)")
      for feed in Feed.all {
        let run = readCSV(source, feed)
        let columns = try #require(run.header).columns.map { String(decoding: $0.name, as: UTF8.self) }
        var found = run.cells.map { row in Dictionary(uniqueKeysWithValues: zip(columns, row.map { $0 ?? "" })) }
        var wanted = expected
        if name == "location_coordinates.csv" {
          // The suite's own JSON has another telephone number than its CSV.
          for index in found.indices { found[index]["Contact Phone Number"] = nil }
          for index in wanted.indices { wanted[index]["Contact Phone Number"] = nil }
        }
        #expect(found == wanted, "\(name), \(feed)")
        #expect(run.items.count == expected.count, "\(name), \(feed)")
      }
    }
  }

  @Test func csvlintFixturesPass() throws {
    guard let folder = Repository.shared("suites/csvlint-fixtures/csv") else {
      #expect(!Repository.isCI, "the suite is missing")
      return
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { !$0.hasPrefix("w3.org") }.sorted()
    #expect(names.count == 14)
    for name in names {
      let source = try Repository.bytes(folder.appending(path: name))
      for feed in Feed.all {
        if case .pieces(let size) = feed, size < 7, source.count > 4096 { continue }
        let layout = name == "title-row.csv" ? flatLayout(["Foo", "Bsr"]) : nil
        let run = readCSV(source, feed, layout: layout)
        let refused = run.items.enumerated().filter { if case .rejected = $1 { true } else { false } }
        switch name {
        case "invalid-byte-sequence.csv":
          #expect(run.headerError == .malformed(FormatError(.invalidUTF8, at: 33)), "\(name), \(feed)")
        case "spreadsheet.xls":
          #expect(run.headerError == .malformed(FormatError(.invalidUTF8, at: 0)), "\(name), \(feed)")
        case "spreadsheet.xlsx":
          guard case .malformed? = run.headerError else {
            Issue.record("\(name), \(feed): \(String(describing: run.headerError))")
            continue
          }
        case "title-row.csv":
          #expect(run.headerError == .noKnownColumn(["This is a title row", "", ""]), "\(name), \(feed)")
          #expect(readCSV(source, feed, layout: layout, headerHas: ["Foo", "Baz"]).cells.count == 2)
        case "invalid_many_rows.csv":
          #expect(refused.map(\.offset) == [2], "\(name), \(feed)")
          guard case .rejected(.strayQuote, at: let offset, bytes: _)? = refused.first?.element else {
            Issue.record("\(name), \(feed): \(refused)")
            continue
          }
          #expect(source[offset] == UInt8(ascii: " "), "\(name), \(feed)")
        case "inconsistent-line-endings.csv", "inconsistent-line-endings-unquoted.csv":
          #expect(run.lineEnds == [.lf, .crlf], "\(name), \(feed)")
          #expect(refused.isEmpty && run.items.count == 2, "\(name), \(feed)")
        default:
          #expect(run.headerError == nil && refused.isEmpty && !run.items.isEmpty, "\(name), \(feed)")
          #expect([.lf, .crlf, .cr].contains(run.lineEnds), "\(name), \(feed)")
        }
      }
    }
  }
}
