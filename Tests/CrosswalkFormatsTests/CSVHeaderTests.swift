import CrosswalkFormats
import CrosswalkModel
import Testing

@Suite struct CSVHeaderTests {
  func read(
    _ text: String, _ layout: Layout, profile: CSVProfile = CSVProfile(), headerHas: [String] = []
  ) throws(CSVHeaderError) -> CSVHeader {
    let source = bytes(text)
    var header: CSVHeader?
    var failure: CSVHeaderError?
    source.withUnsafeBufferPointer { buffer in
      do throws(CSVHeaderError) {
        // As far as the header's end is unknown, more bytes are asked for and nothing else is said.
        for length in buffer.indices {
          let part = UnsafeBufferPointer(rebasing: buffer[..<length])
          do throws(CSVHeaderError) {
            header = try CSVHeader.read(part, isLast: false, layout: layout, profile: profile, headerHas: headerHas)
          } catch {
            failure = error
          }
          if header != nil || failure != nil { break }
        }
        let whole = try CSVHeader.read(buffer, isLast: true, layout: layout, profile: profile, headerHas: headerHas)
        #expect(header == nil || header == whole)
        header = whole
      } catch {
        #expect(failure == nil || failure == error)
        failure = error
      }
    }
    if let failure { throw failure }
    return header!
  }

  func registers(_ header: CSVHeader) -> [Int?] { header.columns.map(\.register) }

  @Test func columnsAreMatchedByTheirExactName() throws {
    let header = try read("b,x,a\n1,2,3\n", flatLayout(["a", "b", "c"]))
    #expect(registers(header) == [1, nil, 0])
    #expect(header.missing == ["c"])
    #expect(header.length == 6)
    #expect(header.bytes == 0..<5)
    #expect(header.columns[1].path == bytes("x"))
  }

  @Test func nestedFieldsAreDottedAndPicksAndItemsKeepTheirPath() throws {
    var layout = Layout()
    layout.members = [
      Layout.Member("place", .object([Layout.Member("city", .leaf(Layout.Leaf(register: 0)))])),
      Layout.Member(
        "Phones",
        .picks(
          key: "Kind",
          cases: [Layout.Case(value: "FAX", members: [Layout.Member("Number", .leaf(Layout.Leaf(register: 1)))])])),
      Layout.Member(
        "lines",
        .items([
          Layout.Item(index: 2, content: .object([Layout.Member("text", .leaf(Layout.Leaf(register: 2)))])),
          Layout.Item(index: 0, content: .leaf(Layout.Leaf(register: 3))),
        ])),
      Layout.Member("No.", .leaf(Layout.Leaf(register: 4))),
    ]
    layout.registers = 5
    #expect(layout.columns.map(\.name) == ["place.city", "Phones[Kind=FAX].Number", "lines[2].text", "lines[0]", "No."])
    let header = try read("lines[0],Phones[Kind=FAX].Number,No.,lines[2].text,place.city\n", layout)
    #expect(registers(header) == [3, 1, 4, 2, 0])
    #expect(registers(try read("\"\"\"No.\"\"\"\n", layout)) == [4])
  }

  @Test func aNameInAnotherCaseCountsWhereTheLayoutSaysSo() throws {
    #expect(registers(try read("NM,City\n", flatLayout(["Nm", "City"]))) == [nil, 1])
    #expect(registers(try read("NM,City\n", flatLayout(["Nm", "City"], ignoresCase: true))) == [0, 1])
  }

  @Test func theExactSpellingWinsAndTheOtherIsKeptAsUnknown() throws {
    let header = try read("NM,Nm\n", flatLayout(["Nm"], ignoresCase: true))
    #expect(registers(header) == [nil, 0])
    #expect(header.columns.map(\.isLosing) == [true, false])
    #expect(header.columns[0].path == bytes("NM"))
  }

  @Test func anAliasCountsUnlessTheNameItselfIsThere() throws {
    var layout = flatLayout(["currencyCode", "name"])
    layout.members[0].aliases = ["currency"]
    #expect(registers(try read("currency,name\n", layout)) == [0, 1])
    let both = try read("currency,currencyCode\n", layout)
    #expect(registers(both) == [nil, 0])
    #expect(both.columns[0].isLosing)
  }

  @Test func aRepeatedColumnIsAnErrorUnlessTheLayoutNumbersIt() throws {
    #expect(throws: CSVHeaderError.duplicateColumn("Phone", first: 1, second: 3, offset: 8)) {
      try read("Phone,a,Phone\n", flatLayout(["Phone", "a"]))
    }
    #expect(throws: CSVHeaderError.duplicateColumn("x", first: 1, second: 3, offset: 4)) {
      try read("x,a,x\n", flatLayout(["a"]))
    }
    #expect(registers(try read("Phone,a,Phone\n", flatLayout(["Phone", "a", "Phone#2"]))) == [0, 1, 2])
  }

  @Test func columnsWithoutANameAreNoDoubles() throws {
    let header = try read("a,,\n", flatLayout(["a"]))
    #expect(registers(header) == [0, nil, nil])
    #expect(header.columns.map { String(decoding: $0.path, as: UTF8.self) } == ["a", "\"\"", "#2"])
  }

  @Test func theDelimiterIsTheOneThatMakesMostColumnsKnown() throws {
    let layout = flatLayout(["a", "b", "c,d"])
    for (delimiter, name) in [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar")] {
      #expect(try read("a\(delimiter)b\n", layout).delimiter == delimiter.utf8.first, "\(name)")
    }
    #expect(try read("a;b;c,d\n", layout).delimiter == UInt8(ascii: ";"))
    #expect(try read("a;x,y,z\n", flatLayout(["a"])).delimiter == UInt8(ascii: ";"))
    #expect(try read("x|y,z\n", Layout()).delimiter == UInt8(ascii: ","))
    #expect(try read("a\n", layout).delimiter == UInt8(ascii: ","))
  }

  @Test func aNamedDelimiterIsNotSecondGuessed() throws {
    let header = try read("a;b,c\n", flatLayout(["a;b"]), profile: CSVProfile(delimiter: UInt8(ascii: ",")))
    #expect(header.delimiter == UInt8(ascii: ","))
    #expect(header.columns.count == 2)
  }

  @Test func titleRowsAreSteppedOverToTheRowThatHasTheColumns() throws {
    let layout = flatLayout(["Customer", "Main Phone"])
    let text = "\u{FEFF}Report \"all\"; today\n\n;;;\nCustomer;Main Phone;x\nACME;1;2\n"
    let header = try read(text, layout, headerHas: ["Customer", "Main Phone"])
    #expect(registers(header) == [0, 1, nil])
    #expect(header.delimiter == UInt8(ascii: ";"))
    #expect(header.length == text.utf8.count - 9)
    #expect(throws: CSVHeaderError.notFound(["Customer", "Fax"])) {
      try read(text, layout, headerHas: ["Customer", "Fax"])
    }
  }

  @Test func aHeaderWithoutAKnownColumnIsRefused() {
    #expect(throws: CSVHeaderError.noKnownColumn(["x", "y"])) { try read("x,y\n1,2\n", flatLayout(["a"])) }
  }

  @Test func withoutALayoutEveryColumnIsUnknown() throws {
    #expect(registers(try read("x,y\n1,2\n", Layout())) == [nil, nil])
  }

  @Test func nothingIsNoHeader() {
    for text in ["", "\u{FEFF}", "\n", "\r\n\r\n", "\u{FEFF}\n"] {
      #expect(throws: CSVHeaderError.empty) { try read(text, flatLayout(["a"])) }
    }
  }

  @Test func aHeaderThatIsNotTextIsRefused() {
    #expect(throws: CSVHeaderError.malformed(FormatError(.unterminatedQuote, at: 2))) {
      try read("a,\"b\n1,2\n", flatLayout(["a"]), profile: CSVProfile(delimiter: UInt8(ascii: ",")))
    }
    #expect(throws: CSVHeaderError.malformed(FormatError(.controlCharacter, at: 1))) { try read("a\u{1},b\n", Layout()) }
    #expect(throws: CSVHeaderError.malformed(FormatError(.strayQuote, at: 3))) { try read("\"a\"b\n", Layout()) }
  }

  @Test func aQuotedNameIsDecoded() throws {
    #expect(registers(try read("\"a \"\"b\"\"\",\"c\nd\"\r\n", flatLayout(["c\nd", "a \"b\""]))) == [1, 0])
  }
}
