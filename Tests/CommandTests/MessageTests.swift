import CrosswalkCommand
import CrosswalkModel
import CrosswalkPipeline
import CrosswalkTerminal
import Testing

/// What people and programs read on standard error.
@Suite struct MessageTests {
  static let complete = Diagnostic(
    .looksLike, "`zip` is a bare number, so leading zeros are already lost",
    at: .init(
      source: "export.json", record: 4711, bytes: 91208..<91213, path: "client.primary_location.zip",
      excerpt: "\"zip\": 2139",
      mark: 7..<11, remark: "4 digits"),
    labels: [.init(Place(file: "Mappings/acme/client.yaml", line: 38, column: 9))],
    help: "accept it as text", disposition: .reject)

  @Test func aDiagnosticShowsThePlacesAndTheCure() {
    #expect(
      DiagnosticRenderer().text(Self.complete) == """
        error[I0104]: `zip` is a bare number, so leading zeros are already lost
          --> export.json, record 4711, bytes 91208..<91213  (client.primary_location.zip)
           |  "zip": 2139
           |         ^^^^ 4 digits
          ::: Mappings/acme/client.yaml:38:9
           = help: accept it as text
        """)
  }

  @Test func aDiagnosticIsOneJSONObjectOnOneLine() {
    #expect(
      DiagnosticRenderer().json(Self.complete)
        == #"{"severity":"error","code":"I0104","title":"`zip` is a bare number, so leading zeros are already lost","#
        + #""disposition":"reject","source":"export.json","record":4711,"bytes":[91208,91213],"path":"client.primary_location.zip","#
        + #""excerpt":"\"zip\": 2139","mark":[7,11],"remark":"4 digits","#
        + #""labels":[{"file":"Mappings/acme/client.yaml","line":38,"column":9}],"help":"accept it as text"}"#)
  }

  @Test func whatATerminalWouldObeyIsShownAsDots() {
    let diagnostic = Diagnostic(
      .usage, "a\u{1b}[31mb\nc\u{202e}d", at: .init(source: "x\ty", excerpt: "é\u{7}z", mark: 2..<3),
      disposition: .warning)
    #expect(
      DiagnosticRenderer().text(diagnostic) == """
        warning[U0001]: a·[31mb·c·d
          --> x·y
           |  é·z
           |    ^
        """)
  }

  @Test func aLongExcerptIsCutAroundWhatIsMeantUnlessValuesAreWanted() {
    let excerpt = String(repeating: "a", count: 100) + "HERE" + String(repeating: "b", count: 100)
    let diagnostic = Diagnostic(.usage, "t", at: .init(source: "-", excerpt: excerpt, mark: 100..<104))
    #expect(
      DiagnosticRenderer().text(diagnostic) == """
        error[U0001]: t
          --> standard input
           |  …\(String(repeating: "a", count: 20))HERE\(String(repeating: "b", count: 36))…
           |  \(String(repeating: " ", count: 21))^^^^
        """)
    var renderer = DiagnosticRenderer()
    renderer.showsValues = true
    #expect(
      renderer.text(diagnostic) == """
        error[U0001]: t
          --> standard input
           |  \(excerpt)
           |  \(String(repeating: " ", count: 100))^^^^
        """)
  }

  @Test func theProgressLineSaysHowFarAndHowLong() {
    let known = ConvertProgress(bytesRead: 512_000_000, totalBytes: 2_048_000_000, records: 1_234_567)
    #expect(ProgressLine.text(known, seconds: 1) == "1,234,567 records  512 MB/s  25 %  3 s left")
    let unknown = ConvertProgress(bytesRead: 5_000_000, totalBytes: nil, records: 999)
    #expect(ProgressLine.text(unknown, seconds: 100) == "999 records  0 MB/s  5 MB  1 min 40 s")
  }

  @Test func theSummaryHasEightLinesAtMost() {
    var summary = ConvertSummary(from: .init("a", format: .json), to: .init("b", format: .csv))
    summary.records.read = 1_200
    summary.records.written = 1_190
    summary.records.rejected = 10
    summary.records.malformed = 3
    summary.values.read = 12_000
    summary.values.kept = 10_000
    summary.values.recoded = 898
    summary.values.onlyWithResidue = 5
    summary.values.parked = 1_002
    summary.values.rejected = 100
    summary.values.supplied = 7
    summary.edges = [.init(source: "a", target: "b", count: 3, isApproximate: true), .init(source: "c", target: "d", count: 9)]
    summary.parked = [.noPlace: 1_000, .failed: 2]
    for (name, count) in ["z": 1, "y": 1, "a": 994, "b": 2, "c": 1, "d": 1, "e": 1, "f": 1] {
      summary.fields[name, default: .init()].parked = count
    }
    summary.fields["kept"] = .init()
    summary.residue = "out.csv.residue.ndjson"
    summary.rejects = "rejects.ndjson"
    summary.restored = .init()
    summary.documentUnknown = ["meta.next": 1]
    summary.acknowledgements = ["added", "changed", "gone"]
    summary.morePagesFollow = true
    summary.seconds = 2
    summary.bytesRead = 3_000_000_000
    let text = SummaryText.text(summary, of: ConvertJob(inputs: [], from: .init("a"), to: .init("b")))
    #expect(
      text == """
        converted 1,190 records from a:json to b:csv in 2.00 s (1,500 MB/s)
          values    12,000 read: 10,000 kept, 898 recoded, 1,002 parked, 100 rejected; 7 supplied; 3 through a fallback; 5 return only with the residue
          rejected  10 records of 1,200 (3 malformed): rejects.ndjson
          restored  0 values of 0 records
          parked    1,002 values (1,000 without a place, 2 not convertible): out.csv.residue.ndjson
                    a 994, b 2, c 1, d 1, e 1, f 1, and 2 more fields
          around the records stands what no shape has: meta.next
          the input has 3 replies without a record: "added", "changed", and 1 more; it says that more pages follow: these records are not all
        """)
    #expect(text.split(separator: "\n").count <= 8)
  }
}
