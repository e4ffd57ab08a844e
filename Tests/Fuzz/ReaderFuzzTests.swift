import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkYAML
import Foundation
import TestSupport
import Testing

/// The fast readers and the mapping loader on bytes that nobody meant: no crash, no standstill, and the verdict of the plain twin.
@Suite(.serialized) struct ReaderFuzzTests {
  static let jsonTokens = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud834", "\\udd1e", "\\u0000", "\\n", "\\/", "null", "true", "-0.0e+1", "1E400", "01",
    "\"Nm\"", "\"Nm\":", "{\"client\":", "\"ContactList\":[{\"Tag\":\"PRIMARY\"", "},{", "\n", "\r\n", " ", "[[[[[[[[", "{\"\":",
  ]

  static let xmlTokens = [
    "<", ">", "</", "/>", "<client>", "</client>", "<clients>", "&", "&amp;", "&#", "&#x41;", "&#0;", "&nope;", ";", "<![CDATA[", "]]>", "<!--",
    "-->", "--", "<?", "?>", "<?xml version=\"1.0\" encoding=\"", "<!DOCTYPE a [<!ENTITY b 'c'>]>", " xmlns=\"u\"", " xmlns:p='u'", "p:", "=\"",
    "'", " nil=\"true\"", " type=\"integer\"", "\r\n", "\u{fffe}", "xml:",
  ]

  static let csvTokens = [",", ";", "\t", "\"", "\"\"", "\n", "\r", "\r\n", "\",\"", "\n\"", "\"\n", "=1+1", "Nm", "SystemId,", "'"]
  static let formTokens = ["&", "=", "%", "%25", "%C3%A9", "%ff", "%4", "+", "?", "\n", "\r\n", "clientName=", "&&", ";"]
  static let yamlTokens = [
    "{", "}", "[", "]", ":", ": ", "- ", "\n", "  ", "\"", "'", "#", "&a", "*a", "<<: *a", "!t", "|", ">", "?", "---", "...", "%", "null", "yes",
    "fields:", "shapes:", "is: ", "as: ", "or: ", "when: ", "$record", "derived", "table(", "lines(", "[0]", "[Tag=X]", "@", "#text", "\t",
  ]

  /// A layout with everything a layout can have.
  static let layout: Layout = {
    func leaf(_ name: String, _ register: Int) -> Layout.Member { .init(name, .leaf(.init(register: register))) }
    var layout = Layout()
    layout.members = [
      leaf("Nm", 0), leaf("SystemId", 1), leaf("a", 2), .init("place", .object([leaf("city", 3), leaf("a", 4)])),
      .init("ContactList", .picks(key: "Tag", cases: [.init(value: "PRIMARY", members: [leaf("EMail", 5), .init("in", .object([leaf("x", 6)]))])])),
      .init("list", .items([.init(index: 1, content: .leaf(.init(register: 7)))])),
      .init("name", aliases: ["clientName"], .leaf(.init(register: 8))),
    ]
    layout.registers = 9
    layout.ignoresCase = true
    return layout
  }()

  /// Every outcome until the run ends, each with what `told` makes of the reader's frame.
  static func outcomes<Reader: RecordReader>(
    _ reader: Reader, _ bytes: [UInt8], from start: Int, _ told: (Reader) -> String
  ) -> [String] {
    let padded = bytes + [UInt8](repeating: 0, count: 64)
    var position = start
    var all: [String] = []
    padded.withUnsafeBufferPointer { buffer in
      while true {
        let before = position
        let outcome = reader.next(in: buffer.baseAddress!, at: &position, to: bytes.count, isLast: true)
        switch outcome {
        case .record: all.append("record \(told(reader))")
        case .rejected(let error): all.append("rejected \(error.offset <= bytes.count ? "" : "behind the end")")
        case .closed: all.append("closed \(position)")
        case .end: all.append("end")
        case .fatal: all.append("fatal")
        case .needMore: all.append("asks for more than there is")
        }
        guard outcome == .record || all.last!.hasPrefix("rejected") else { return }
        if position <= before || position > bytes.count {
          all.append("stays at \(position)")
          return
        }
      }
    }
    return all
  }

  static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  static func frame(_ format: Format) -> Frame { Frame(registers: layout.registers, encoding: format) }

  // MARK: - JSON

  static var jsonSeeds: [[UInt8]] {
    Seeds.samples(ending: ".json") + Seeds.samples(ending: ".ndjson") + Seeds.suite("json-test-suite", ending: ".json")
      + Seeds.suite("naughty-strings", ending: "blns.json")
  }

  @Test func JSONInAList() {
    Fuzz.run("json", seeds: ReaderFuzzTests.jsonSeeds, tokens: ReaderFuzzTests.jsonTokens) { bytes in
      let bytes = Array("[".utf8) + bytes + Array("]".utf8)
      let reader = JSONRecordReader(layout: ReaderFuzzTests.layout, frame: ReaderFuzzTests.frame(.json), mode: .array)
      let outcomes = ReaderFuzzTests.outcomes(reader, bytes, from: 1) { "\($0.frame.leaves)" }
      let isRefused = outcomes.last == "fatal" || outcomes.contains { $0.hasPrefix("rejected") }
      guard let value = try? JSONReference.parsePrefix(bytes), case .array(let records) = value.tree else {
        #expect(isRefused, "only the reference refuses \(ReaderFuzzTests.text(bytes))")
        return
      }
      // Names that stand twice are the record layer's affair, as are values that are no records.
      let areRecords = records.allSatisfy { if case .object = $0 { true } else { false } }
      if value.duplicates.isEmpty, areRecords {
        let wanted = records.map { "record \($0 == .object([]) ? 0 : $0.leafCount)" } + ["closed \(value.end - 1)"]
        #expect(outcomes == wanted, "\(ReaderFuzzTests.text(bytes))")
      } else {
        #expect(outcomes.last == "closed \(value.end - 1)", "\(ReaderFuzzTests.text(bytes))")
      }
    }
  }

  @Test func linesOfJSON() {
    Fuzz.run("ndjson", seeds: ReaderFuzzTests.jsonSeeds, tokens: ReaderFuzzTests.jsonTokens) { bytes in
      let reader = JSONRecordReader(
        layout: ReaderFuzzTests.layout, frame: ReaderFuzzTests.frame(.json), mode: .lines, forms: [["client"], []])
      let outcomes = ReaderFuzzTests.outcomes(reader, bytes, from: 0) { _ in "" }
      let lines = bytes.split(separator: 0x0a).filter { line in !line.allSatisfy { [0x20, 0x09, 0x0d].contains($0) } }
      #expect(outcomes.count == lines.count + 1 && outcomes.last == "end", "\(ReaderFuzzTests.text(bytes))")
      for (line, outcome) in zip(lines, outcomes) where outcome.hasPrefix("record") {
        let value = try? JSONReference.parsePrefix([0x20] + line)
        #expect(
          value.map { JSONReference.skipBlanks([0x20] + line, $0.end) } == line.count + 1,
          "only the reference refuses \(ReaderFuzzTests.text(Array(line)))")
      }
    }
  }

  // MARK: - XML

  @Test func elementsOfXML() {
    let seeds = Seeds.samples(ending: ".xml") + Seeds.suite("xmlconf", ending: ".xml") + Seeds.suite("libxml2-test", ending: ".xml")
    Fuzz.run("xml", seeds: seeds, tokens: ReaderFuzzTests.xmlTokens) { bytes in
      let bytes = Array("<clients>".utf8) + bytes + Array("</clients>".utf8)
      let runs = XMLRecordReader.Parser.allCases.map { parser in
        let reader = XMLRecordReader(
          layout: ReaderFuzzTests.layout, frame: ReaderFuzzTests.frame(.xml), recordName: nil,
          ancestors: Array("<clients>".utf8), limits: Limits(), mode: .elements, parser: parser)
        return ReaderFuzzTests.outcomes(reader, bytes, from: 9) { reader in
          let frame = reader.frame
          return (0..<ReaderFuzzTests.layout.registers).map { register in
            let slot = frame.slots[register]
            return slot.isAbsent ? "-" : slot.kind == .subtree ? "subtree" : ReaderFuzzTests.text(Array(frame.text(slot)))
          }.joined(separator: "|") + " \(frame.leaves)"
        }
      }
      #expect(runs[0] == runs[1], "\(ReaderFuzzTests.text(bytes))")
      // A whole list without a reject is well-formed up to where it closes.
      if let last = runs[0].last, last.hasPrefix("closed "), !runs[0].contains(where: { $0.hasPrefix("rejected") }),
        let at = Int(last.dropFirst(7))
      {
        let document = Array(bytes[..<at]) + Array("</clients>".utf8)
        #expect((try? XMLReference.document(document)) != nil, "only the reference refuses \(ReaderFuzzTests.text(document))")
      }
    }
  }

  // MARK: - CSV

  @Test func rowsOfCSV() {
    let seeds = Seeds.samples(ending: ".csv") + Seeds.suite("csv-spectrum", ending: ".csv") + Seeds.suite("csvlint-fixtures", ending: ".csv")
    Fuzz.run("csv", seeds: seeds, tokens: ReaderFuzzTests.csvTokens) { bytes in
      let padded = bytes + [UInt8](repeating: 0, count: 64)
      var header: CSVHeader?
      do throws(CSVHeaderError) {
        header = try padded.withUnsafeBufferPointer { buffer throws(CSVHeaderError) in
          try CSVHeader.read(
            UnsafeBufferPointer(rebasing: buffer[..<bytes.count]), isLast: true, layout: ReaderFuzzTests.layout,
            profile: CSVProfile(delimiter: 0x2c))
        }
      } catch {
        return
      }
      guard let header else {
        Issue.record("no header and no error: \(ReaderFuzzTests.text(bytes))")
        return
      }
      // Blank lines before the header are the header's; the twin begins at the header.
      let reader = CSVRecordReader(
        header: header, layout: ReaderFuzzTests.layout, frame: ReaderFuzzTests.frame(.csv), profile: CSVProfile(delimiter: 0x2c))
      let outcomes = ReaderFuzzTests.outcomes(reader, bytes, from: header.length) { "\($0.frame.leaves)" }
      let rows = CSVReference.read(Array(bytes[header.bytes.lowerBound...])).dropFirst()
      let wanted = rows.map { row in row.error == nil ? "record \(row.cells.count { $0.text != nil })" : "rejected " } + ["end"]
      #expect(outcomes == wanted, "\(ReaderFuzzTests.text(bytes))")
    }
  }

  // MARK: - URL-encoded forms

  @Test func linesOfParameters() {
    Fuzz.run("form", seeds: Seeds.samples(ending: ".form"), tokens: ReaderFuzzTests.formTokens) { bytes in
      let reader = FormRecordReader(layout: ReaderFuzzTests.layout, frame: ReaderFuzzTests.frame(.form))
      let outcomes = ReaderFuzzTests.outcomes(reader, bytes, from: 0) { _ in "" }.map { $0.split(separator: " ").first.map(String.init) ?? "" }
      let lines = FormReference.read(bytes)
      #expect(outcomes.count == lines.count + 1 && outcomes.last == "end", "\(ReaderFuzzTests.text(bytes))")
      for (line, outcome) in zip(lines, outcomes) where line.error != nil {
        #expect(outcome == "rejected", "only the reference refuses \(ReaderFuzzTests.text(Array(bytes[line.bytes])))")
      }
    }
  }

  // MARK: - Mapping files

  @Test func mappingFiles() throws {
    let library = try MappingLibrary()
    let canonical = try library.canonical()
    let mappings = Repository.root.appending(path: "Mappings")
    let whole = try ["system.yaml", "client.yaml"].map { try Repository.bytes(mappings.appending(path: "harvest/\($0)")) }
    let seeds = Seeds.files(under: mappings, ending: ".yaml") + Seeds.suite("yaml-test-suite", ending: ".yaml")
    var count = 0
    Fuzz.run("mapping", seeds: seeds, tokens: ReaderFuzzTests.yamlTokens) { bytes in
      count += 1
      // In the place of the one file or of the other.
      var files = whole
      files[count % 2] = bytes
      do throws(Diagnostic) {
        let (system, problems) = SystemLoader.load(
          name: "harvest", system: try YAML.parse(files[0], file: "system.yaml"), client: try YAML.parse(files[1], file: "client.yaml"),
          canonical: canonical)
        #expect(system != nil || !problems.isEmpty, "neither a system nor a reason: \(ReaderFuzzTests.text(bytes))")
      } catch {
        #expect(!error.title.isEmpty)
      }
    }
  }
}
