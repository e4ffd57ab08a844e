import CrosswalkModel
import CrosswalkYAML
import Glibc
import TestSupport
import Testing

@Suite struct YAMLParserTests {
  @Test func placesAreLinesAndColumnsFromOneInUnicodeScalars() throws {
    let root = try parse("a: 1\n\"é😀\": { b: x, c: [y, 'z'] }\nlast:\n  - |\n    text\n")
    #expect(
      flat(root) == [
        "1:1 {", "1:1 a", "1:4 1", "2:1 'é😀'", "2:7 {", "2:9 b", "2:12 x", "2:15 c", "2:18 [", "2:19 y", "2:22 'z'",
        "3:1 last", "4:3 [", "4:5 'text\\n'",
      ])
  }

  @Test func columnsAfterAByteOrderMarkStartAtOne() throws {
    #expect(flat(try YAML.parse([0xef, 0xbb, 0xbf] + Array("a: b".utf8), file: "f")) == ["1:1 {", "1:1 a", "1:4 b"])
  }

  @Test func plainTextsKeepTheirCharactersAndTheCoreSchemaReadsThemOnDemand() throws {
    let root = try parse(
      "no: NO\nzip: 02139\nversion: 1.10\nyes: true\nnothing: ~\nempty:\nquoted: \"true\"\nnumber: 42\noctal: 0o17\n")
    #expect(root["no"]?.text == "NO")
    #expect(root["no"]?.bool == nil)
    #expect(root["zip"]?.text == "02139")
    #expect(root["version"]?.text == "1.10")
    #expect(root["yes"]?.bool == true)
    #expect(root["nothing"]?.isNull == true)
    #expect(root["empty"]?.isNull == true)
    #expect(root["quoted"]?.bool == nil)
    #expect(root["number"]?.int == 42)
    #expect(root["octal"]?.int == nil)
  }

  @Test func aFileWithoutADocumentIsNull() throws {
    for text in ["", "\n\n", "# only a comment\n"] {
      let root = try parse(text)
      #expect(root.isNull)
      #expect(root.place == Place(file: "f.yaml", line: 1, column: 1))
    }
  }

  @Test func aliasesAreExpandedAndStandAtTheirOwnPlace() throws {
    let root = try parse("a: &x { b: [1, 2] }\nc: *x\n")
    #expect(
      flat(root) == [
        "1:1 {", "1:1 a", "1:4 {", "1:9 b", "1:12 [", "1:13 1", "1:16 2", "2:1 c", "2:4 {", "1:9 b", "1:12 [",
        "1:13 1", "1:16 2",
      ])
  }

  @Test func aSecondAnchorOfOneNameReplacesTheFirst() throws {
    #expect(try parse("[&a 1, *a, &a 2, *a]").items?.map(\.text) == ["1", "1", "2", "2"])
  }

  // MARK: What is refused

  @Test(arguments: [
    ("a: 1\nb: 2\na: 3\n", "M0005 3:1 the key `a` stands twice | remove one of them"),
    ("a: 1\n\"a\": 3\n", "M0005 2:1 the key `a` stands twice | remove one of them"),
    (
      "a: !!int 3\n",
      "M0004 1:4 the tag `!!int` is not used here | leave it out; a text that starts with `!` must stand in quotes"
    ),
    (
      "a: !mine 3\n",
      "M0004 1:4 the tag `!mine` is not used here | leave it out; a text that starts with `!` must stand in quotes"
    ),
    (
      "x: &a {b: 1}\ny: { <<: *a }\n",
      "M0004 2:6 merge keys (`<<`) are not supported | write the keys out; a single value can be shared with `&name` and `*name`"
    ),
    (
      "{a: b}: c\n",
      "M0004 1:1 a key must be a text, not a list or a mapping | a key that starts with `{` or `[` must stand in quotes"
    ),
    (
      "a: 1\n---\nb: 2\n",
      "M0004 2:1 a second document in one file | put it into a file of its own, or remove the `---` line"
    ),
    (
      "a: &x [*x]\n",
      "M0006 1:8 `*x` stands inside the value that it refers to | a value cannot hold itself; write it out"
    ),
    (
      "a: &other 1\nb: *othr\n",
      "M0006 2:4 `*othr` refers to `&othr`, which does not stand above it | did you mean `other`?"
    ),
    (
      "a: *b\n",
      "M0006 1:4 `*b` refers to `&b`, which does not stand above it | a text that starts with `*` must stand in quotes"
    ),
    ("a: @x\n", "M0001 1:4 a text cannot start with `@` in YAML | put it in quotes: `\"@…\"`"),
    ("é: 1\na: { ü: @x }\n", "M0001 2:9 a text cannot start with `@` in YAML | put it in quotes: `\"@…\"`"),
    (
      "*: [a]\n",
      "M0001 1:2 `*` and `&` start a reference in YAML, and no name follows | put the text in quotes: `\"*\"`"
    ),
    ("a:\n\t- b\n", "M0001 2:1 a tab where YAML wants blanks | indent with blanks"),
    (
      "a: b: c\n",
      "M0001 1:5 a `:` that YAML cannot take here | put a text that holds `: ` in quotes, or look at the indentation"
    ),
    (
      "a: { List[Tag=X].b: c }\n",
      "M0001 1:10 a `,` or the closing bracket is missing | inside `{ }` and `[ ]` a name or text that holds one of `{ } [ ] ,` must stand in quotes"
    ),
    (
      "a: {b}, {c}\n",
      "M0001 1:7 this line does not belong to what stands above it | look at its indentation, and at quotes and brackets above it"
    ),
    (
      "a: 1\n b: 2\n",
      "M0001 2:3 a `:` that YAML cannot take here | put a text that holds `: ` in quotes, or look at the indentation"
    ),
    ("a: \"b\n", "M0001 2:1 the file ends inside a text in quotes | close the quote"),
    (
      "a: \"\\q\"\n",
      "M0001 1:5 an escape that YAML does not know | in double quotes write a backslash twice, or use single quotes"
    ),
    (
      "a: b\u{1}c\n",
      "M0001 1:5 a control character | remove it, or write it as an escape in double quotes: `\"\\x01\"`"
    ),
  ])
  func isRefusedWithAPlaceAndACure(_ text: String, _ message: String) {
    #expect(problem(Array(text.utf8)) == message)
  }

  @Test func bytesThatAreNoUTF8AreRefusedWithTheirOffset() {
    #expect(
      problem(Array("é: 1\nab".utf8) + [0xff, 0x20])
        == "M0002 2:3 the file is not UTF-8 text: byte 8 cannot stand there | save the file as UTF-8")
    let utf16: [UInt8] = [0xff, 0xfe, 0x61, 0, 0x3a, 0]
    #expect(
      problem(utf16) == "M0002 1:1 the file is not UTF-8 text: byte 0 cannot stand there | save the file as UTF-8")
  }

  // MARK: Limits

  @Test func aFileOfOneMebibyteIsTakenAndALargerOneIsNot() throws {
    let body = "a: b\n#" + String(repeating: "x", count: YAML.maximumSize - 6)
    #expect(try parse(body)["a"]?.text == "b")
    #expect(
      problem(Array((body + "x").utf8))
        == "M0003 1:1 the file has 1048577 bytes, and a YAML file may have 1048576 | cut it into several")
  }

  @Test func sixtyFourLevelsAreTakenAndSixtyFiveAreNot() throws {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    _ = try parse(nested(64))
    let message =
      "M0003 1:65 more than 64 lists and mappings inside one another | a mapping file needs no more than ten"
    #expect(problem(Array(nested(65).utf8)) == message)
    // The parser must not see the rest of a deep file: libyaml takes over a second for this one.
    let time = processorTime { #expect(problem(Array(nested(100_000).utf8)) == message) }
    #expect(time < .milliseconds(500))
  }

  @Test func depthIsCountedThroughReferences() throws {
    func text(_ outer: Int) -> String {
      let inner = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
      return "[&a \(inner), " + String(repeating: "[", count: outer) + "*a" + String(repeating: "]", count: outer + 1)
    }
    _ = try parse(text(31))
    #expect(problem(Array(text(32).utf8))?.hasPrefix("M0003") == true)
  }

  @Test func tenThousandValuesAreTakenAndOneMoreIsNot() throws {
    #expect(try parse("[" + String(repeating: "1,", count: 9_999) + "]").items?.count == 9_999)
    #expect(problem(Array(("[" + String(repeating: "1,", count: 10_000) + "]").utf8))?.hasPrefix("M0003") == true)
    let keys = (0..<4_999).map { "k\($0): 1\n" }.joined()
    #expect(try parse(keys).entries?.count == 4_999)
  }

  @Test func aTextOfSixtyFourThousandBytesIsTakenAndALongerOneIsNot() throws {
    let text = "a: " + String(repeating: "x", count: 64_000)
    #expect(try parse(text)["a"]?.text?.utf8.count == 64_000)
    #expect(
      problem(Array((text + "x").utf8))
        == "M0003 1:4 a text of 64001 bytes, and one may have 64000 | look for a quote that is not closed")
  }

  @Test func aBombOfReferencesIsRefusedInLessThanFiftyMilliseconds() {
    var bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    for level in 1...30 {
      let uses = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
      bomb += "a\(level): &a\(level) [\(uses)]\n"
    }
    let time = processorTime {
      #expect(
        problem(Array(bomb.utf8)) == "M0003 4:38 more than 10000 values, counting what each `*reference` stands for | "
          + "use fewer references, or cut the file into several")
    }
    #expect(time < .milliseconds(50))
  }

  @Test func hostileFilesAreRefusedQuickly() {
    let million = 1_000_000
    let files = [
      String(repeating: "{", count: million), String(repeating: "- ", count: million / 2),
      String(repeating: "? ", count: million / 2), String(repeating: "&a ", count: million / 3),
      "\"" + String(repeating: "x", count: million), String(repeating: "a: ", count: million / 3),
      String(repeating: "[a, ", count: million / 4), "a: |+\n" + String(repeating: " \n", count: million / 2 - 10),
      String(repeating: "!", count: million), String(repeating: "%", count: million),
    ]
    for file in files {
      let time = processorTime { #expect(problem(Array(file.utf8)) != nil, "\(file.prefix(8))…") }
      #expect(time < .seconds(2), "\(file.prefix(8))… took \(time)")
    }
  }
}

private func parse(_ text: String) throws(Diagnostic) -> YAMLNode { try YAML.parse(Array(text.utf8), file: "f.yaml") }

/// Code, place, title and help of what is wrong.
private func problem(_ bytes: [UInt8]) -> String? {
  do throws(Diagnostic) {
    _ = try YAML.parse(bytes, file: "f.yaml")
    return nil
  } catch {
    let place = error.labels[0].place
    return "\(error.code) \(place.line):\(place.column) \(error.title)" + (error.help.map { " | \($0)" } ?? "")
  }
}

/// A line a node: its place, and `{`, `[` or its text, in quotes unless it is plain.
private func flat(_ node: YAMLNode) -> [String] {
  let place = "\(node.place.line):\(node.place.column)"
  switch node.content {
  case .scalar(let scalar):
    let text = scalar.text.replacing("\n", with: "\\n")
    return ["\(place) \(scalar.isPlain ? text : "'\(text)'")"]
  case .sequence(let items): return ["\(place) ["] + items.flatMap(flat)
  case .mapping(let entries): return ["\(place) {"] + entries.flatMap { flat($0.key) + flat($0.value) }
  }
}
