import CrosswalkModel
import CrosswalkPipeline
import Testing

@Suite struct FormatDetectionTests {
  @Test(
    arguments: [
      ("", nil), ("  \n", nil),
      ("[{\"a\":1}]", .json), ("[]", .json), ("[[{}]]", .json), ("\u{feff}[\n {}]", .json),
      ("{\"a\":1}", .json), ("{\n  \"a\": 1\n}", .json), ("{}", .json),
      ("{\"a\":\"}\\\"\\n\"}\n{\"a\":2}\n", .ndjson), ("\n{\"a\":[{}]}\r\n{}", .ndjson),
      ("{\n\"a\": 1}\n{\"a\": 2}", .json), ("{\"a\":\n{\"a\":1}\n", .ndjson),
      ("<?xml version=\"1.0\"?><a/>", .xml), ("<clients/>", .xml), ("<!-- x --><a/>", .xml), ("<1>", nil), ("<", nil),
      ("id,name\n1,Acme\n", .csv), ("id;name\r1;Acme\r", .csv), ("\"Name\"\t\"City\"\n", .csv), ("name\nAcme\n", nil),
      ("name=Acme&city=Denver", .form), ("/clients/add?name=Acme%20Client\n", .form), ("name=", .form),
      ("a b=c,d\n", .csv), ("12", nil), ("\"text\"", nil),
    ] as [(String, Format?)])
  func theFirstBytesShowAFormatOnlyWhereTheyAreCertain(_ text: String, _ format: Format?) {
    #expect(FormatDetection.look(at: Array(text.utf8)) == format, "\(text.debugDescription)")
  }

  @Test func anEncodingMarkOfTwoBytesIsXML() {
    #expect(FormatDetection.look(at: [0xff, 0xfe, 0x3c, 0]) == .xml)
    #expect(FormatDetection.look(at: [0xfe, 0xff, 0, 0x3c]) == .xml)
  }

  @Test(
    arguments: [
      ("a.json", .json), ("A.JSON", .json), ("a.ndjson", .ndjson), ("a.jsonl", .ndjson), ("a.xml", .xml),
      ("a.csv", .csv),
      ("a.csv.gz", .csv), ("x/a.xml.zst", .xml), ("a.txt", nil), ("json", nil), ("a.json/b", nil), ("-", nil),
    ] as [(String, Format?)])
  func anEndingNamesAFormat(_ path: String, _ format: Format?) {
    #expect(FormatDetection.format(ofEnding: path) == format)
  }

  static let all: [Format] = [.json, .ndjson, .xml, .csv, .form]

  @Test func aNamedFormatIsTakenAndOnlyClearBytesContradictIt() throws {
    #expect(
      try FormatDetection.input(named: .csv, name: "a.json", head: Array("a,b\n".utf8), among: Self.all).format == .csv)
    #expect(
      try FormatDetection.input(named: .json, name: "-", head: Array("{}\n{}".utf8), among: Self.all).format == .json)
    #expect(try FormatDetection.input(named: .csv, name: "-", head: Array("a=b".utf8), among: Self.all).format == .csv)
    let error = #expect(throws: Diagnostic.self) {
      try FormatDetection.input(named: .json, name: "a.json", head: Array("<a/>".utf8), among: Self.all)
    }
    #expect(error?.code == .looksLike)
    #expect(error?.title == "`a.json` looks like XML, not JSON")
  }

  @Test(arguments: ["{}", "{\"a\":1}\n", "{\"a\":", "broken, line\n{\"a\":1}\n", "{\"a\":\n{\"a\":\n", "\"a\":1}\n{}"])
  func linesAreReadAsLinesAlsoWhenOneIsAloneOrBroken(_ text: String) throws {
    #expect(
      try FormatDetection.input(named: .ndjson, name: "-", head: Array(text.utf8), among: Self.all).format == .ndjson)
    #expect(
      try FormatDetection.input(named: nil, name: "a.ndjson", head: Array(text.utf8), among: Self.all).format == .ndjson
    )
  }

  @Test(arguments: ["[{}]", "{\n  \"a\": 1\n}", "id,name\n1,Acme\n", "<a/>"])
  func whatIsCertainlyNotLinesIsRefusedAsLines(_ text: String) throws {
    let error = #expect(throws: Diagnostic.self) {
      try FormatDetection.input(named: .ndjson, name: "-", head: Array(text.utf8), among: Self.all)
    }
    #expect(error?.code == .looksLike)
  }

  @Test func bytesWinOverAnEndingWithAWarning() throws {
    let found = try FormatDetection.input(named: nil, name: "a.json", head: Array("<a/>".utf8), among: Self.all)
    #expect(found.format == .xml)
    #expect(found.warning?.code == .endingDisagrees && found.warning?.disposition == .warning)
  }

  @Test func withoutNameAndEndingTheBytesDecideAndThenTheSystem() throws {
    #expect(
      try FormatDetection.input(named: nil, name: "-", head: Array("<a/>".utf8), among: [.json, .xml]).format == .xml)
    #expect(try FormatDetection.input(named: nil, name: "-", head: [], among: [.xml, .json]).format == .xml)
    #expect(
      try FormatDetection.input(named: nil, name: "-", head: Array("name\nAcme\n".utf8), among: [.json, .csv]).format
        == .csv)
    #expect(
      try FormatDetection.input(named: nil, name: "-", head: Array("name\nAcme\n".utf8), among: [.json]).format == .json
    )
  }
}
