import CrosswalkFormats
import CrosswalkModel
import Foundation
import TestSupport
import Testing

/// The fast reader held to the reference: on the suite, on random records of random layouts, at every cut.
@Suite struct JSONRecordReaderTests {
  static let rounds = ProcessInfo.processInfo.environment["CROSSWALK_CORPORA"] == "1" ? 40_000 : 600

  static func seed() -> UInt64 {
    ProcessInfo.processInfo.environment["CROSSWALK_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
  }

  static func layout(_ names: [String]) -> Layout { flatLayout(names) }

  static func run(
    _ text: String, _ layout: Layout, _ mode: JSONRecordReader.Mode, forms: [[String]] = [[]],
    duplicates: JSONRecordReader.DuplicateNames = .reject, limits: Limits = Limits()
  ) -> [JSONStep] {
    let bytes = JSONTesting.bytes(text)
    let reader = JSONTesting.reader(layout, mode, forms: forms, duplicates: duplicates, limits: limits)
    return JSONTesting.run(reader, layout, bytes, from: mode == .array ? 1 : 0)
  }

  /// Registers and extras of the records; what else happened as one word.
  static func told(_ steps: [JSONStep]) -> [String] {
    steps.map { step in
      switch step {
      case .record(let snapshot, _): "\(snapshot.registers.joined(separator: " "))\(snapshot.extras.isEmpty ? "" : " + \(snapshot.extras.joined(separator: ", "))")"
      case .rejected(let reason, let at, _): "rejected \(reason) at \(at)"
      case .fatal(let reason, let at): "fatal \(reason) at \(at)"
      case .closed(let at): "closed at \(at)"
      case .end: "end"
      case .stuck: "stuck"
      }
    }
  }

  // MARK: - The suite

  /// The bytes of a document as the value of a mapped and of an unknown member.
  @Test func everyFileOfTheSuiteIsJudgedAlikeAsTheValueOfAMember() throws {
    guard let cases = try JSONSuite.cases() else { return expectNoCI() }
    let layout = JSONRecordReaderTests.layout(["v"])
    for test in cases {
      for name in ["v", "unknown"] {
        let bytes = JSONTesting.bytes("[{\"\(name)\":") + test.bytes + JSONTesting.bytes("}]")
        let value = try? JSONReference.parseDocument(bytes)
        let steps = JSONTesting.run(JSONTesting.reader(layout, .array), layout, bytes, from: 1)
        if let value, case .array(let records) = value.tree {
          // Names that stand twice inside a value are that value's affair.
          guard let plain = JSONTesting.plain(records[0], layout), records.count == 1 else {
            // `1,"v":2` and the like: the document says more than one member.
            #expect(steps != [] && !steps.contains { $0.snapshot != nil }, "\(test.name)")
            continue
          }
          #expect(steps == [.record(plain, 1..<(bytes.count - 1)), .closed(bytes.count - 1)], "\(test.name) in \(name)")
        } else {
          #expect(isRefused(steps), "\(test.name) in \(name): \(steps)")
        }
      }
    }
  }

  @Test func everyFileOfTheSuiteIsJudgedAlikeAsARecord() throws {
    guard let cases = try JSONSuite.cases() else { return expectNoCI() }
    let layout = JSONRecordReaderTests.layout(["a", "b"])
    for test in cases {
      let bytes = JSONTesting.bytes("[") + test.bytes + JSONTesting.bytes("]")
      // What stands behind the bracket is the envelope's business.
      let value = try? JSONReference.parsePrefix(bytes)
      let steps = JSONTesting.run(JSONTesting.reader(layout, .array), layout, bytes, from: 1)
      guard let value, case .array(let records) = value.tree else {
        #expect(isRefused(steps), "\(test.name): \(steps)")
        continue
      }
      let wanted = records.map { JSONTesting.plain($0, layout) }
      let got = steps.dropLast().map(\.snapshot)
      #expect(got == wanted, "\(test.name)")
      #expect(steps.last == .closed(value.end - 1), "\(test.name)")
    }
  }

  @Test func everyFileOfTheSuiteIsJudgedAlikeAsALine() throws {
    guard let cases = try JSONSuite.cases() else { return expectNoCI() }
    let layout = JSONRecordReaderTests.layout(["a", "b"])
    for test in cases where !test.bytes.starts(with: [0xef, 0xbb, 0xbf]) {
      let bytes = JSONTesting.bytes("{\"a\":1}\n") + test.bytes + JSONTesting.bytes("\n{\"a\":2}\n")
      let steps = JSONTesting.run(JSONTesting.reader(layout, .lines), layout, bytes)
      var wanted: [JSONSnapshot?] = []
      for line in bytes.split(separator: 0x0a, omittingEmptySubsequences: false) {
        if line.allSatisfy({ [0x20, 0x09, 0x0d].contains($0) }) { continue }
        let tree = wanted.isEmpty ? try? JSONReference.parse(Array(line)) : try? parse(line: Array(line))
        wanted.append(tree.flatMap { JSONTesting.plain($0, layout) })
      }
      let got = steps.dropLast().map(\.snapshot)
      #expect(got == wanted, "\(test.name): \(steps)")
      #expect(steps.last == .end, "\(test.name)")
    }
  }

  /// A line is no document of its own: it has no byte-order mark and is not guessed to be UTF-16.
  private func parse(line: [UInt8]) throws -> Tree {
    let value = try JSONReference.parsePrefix([0x20] + line)
    guard JSONReference.skipBlanks([0x20] + line, value.end) == line.count + 1 else { throw FormatError(.trailingData, at: 0) }
    return value.tree
  }

  private func expectNoCI() { if Repository.isCI { Issue.record("suites/json-test-suite is missing") } }

  /// No record is given out as good, or what follows it is not.
  private func isRefused(_ steps: [JSONStep]) -> Bool {
    if case .fatal = steps.last { return true }
    return steps.contains { $0.isRejected }
  }

  // MARK: - Random records

  /// Records, and what stands around them.
  private struct Document {
    var bytes: [UInt8]
    var start: Int
    var mode: JSONRecordReader.Mode
    var forms: [[String]]
    var wanted: [JSONSnapshot?]
    var places: [Range<Int>]
  }

  private func document(
    _ generator: inout JSONGenerator, _ layout: Layout, duplicates: JSONRecordReader.DuplicateNames, repeats: Int
  ) -> Document {
    let mode = generator.pick([JSONRecordReader.Mode.array, .lines, .sequence])
    let forms = generator.pick([[[]], [[]], [["client"]], [["response", "client"], []]])
    if mode == .lines { generator.blanks.removeAll { $0.contains("\n") } }
    var document = Document(bytes: [], start: 0, mode: mode, forms: forms, wanted: [], places: [])
    if mode == .array { document.bytes = JSONTesting.bytes("[" + generator.blank()) }
    document.start = document.bytes.count
    for index in 0..<(1 + generator.number(6)) {
      if index > 0 {
        let separators = mode == .array ? [","] : mode == .lines ? ["\n", "\r\n", "\n\n \n"] : ["", "\n", " "]
        document.bytes += JSONTesting.bytes(generator.blank() + generator.pick(separators) + generator.blank())
      }
      let tree = generator.record(layout, repeats: repeats)
      var wrapped = tree
      var before: [Tree.Member] = []
      var behind: [Tree.Member] = []
      for name in forms[0].reversed() {
        var members = [Tree.Member(name, wrapped)]
        if generator.one(in: 4) {
          let other = Tree.Member("other", generator.value(depth: 2))
          let isBehind = generator.number(2) == 1
          members.insert(other, at: isBehind ? 1 : 0)
          if isBehind { behind.append(other) } else { before.insert(other, at: 0) }
        }
        wrapped = .object(members)
      }
      let start = document.bytes.count
      document.bytes += generator.spell(wrapped)
      document.places.append(start..<document.bytes.count)
      document.wanted.append(JSONTesting.plain(tree, layout, duplicates: duplicates, before: before, behind: behind))
    }
    document.bytes += JSONTesting.bytes(generator.blank())
    if mode == .array { document.bytes += JSONTesting.bytes("]") }
    if mode == .lines, generator.one(in: 2) { document.bytes += JSONTesting.bytes("\n") }
    return document
  }

  private func wantedSteps(_ document: Document) -> [String] {
    zip(document.wanted, document.places).map { wanted, place in
      wanted.map { "\($0) \(place)" } ?? "rejected duplicateName \(place.lowerBound)"
    } + [document.mode == .array ? "closed" : "end"]
  }

  private func steps(_ run: [JSONStep]) -> [String] {
    run.map { step in
      switch step {
      case .record(let snapshot, let place): "\(snapshot) \(place)"
      case .rejected(let reason, _, let place): "rejected \(reason) \(place.lowerBound)"
      case .closed: "closed"
      default: "\(step)"
      }
    }
  }

  @Test func randomRecordsAreReadAsTheReferenceReadsThem() {
    let seed = JSONRecordReaderTests.seed()
    var rejected = 0
    for round in 0..<JSONRecordReaderTests.rounds {
      let seed = seed &+ UInt64(round)
      var generator = JSONGenerator(seed: seed)
      let layout = generator.layout(ignoresCase: round % 3 == 0, hasAliases: round % 2 == 0)
      let document = document(&generator, layout, duplicates: .reject, repeats: round % 4 == 0 ? 3 : 0)
      let reader = JSONTesting.reader(layout, document.mode, forms: document.forms)
      let run = JSONTesting.run(reader, layout, document.bytes, from: document.start)
      rejected += document.wanted.filter { $0 == nil }.count
      guard expectSame(steps(run), wantedSteps(document), "seed \(seed), \(document.mode)", document.bytes, layout) else {
        return
      }
    }
    #expect(rejected > 0)
  }

  @Test(arguments: [JSONRecordReader.DuplicateNames.first, .last])
  func repeatedNamesGiveWayAsTheRuleSays(_ rule: JSONRecordReader.DuplicateNames) {
    let seed = JSONRecordReaderTests.seed()
    for round in 0..<JSONRecordReaderTests.rounds / 3 {
      let seed = seed &+ UInt64(round)
      var generator = JSONGenerator(seed: seed)
      let layout = generator.layout(ignoresCase: false, hasAliases: false)
      let document = document(&generator, layout, duplicates: rule, repeats: 2)
      let reader = JSONTesting.reader(layout, document.mode, forms: document.forms, duplicates: rule)
      let run = JSONTesting.run(reader, layout, document.bytes, from: document.start)
      guard expectSame(steps(run), wantedSteps(document), "seed \(seed), \(rule)", document.bytes, layout) else { return }
    }
  }

  @discardableResult
  private func expectSame(
    _ got: [String], _ wanted: [String], _ note: String, _ bytes: [UInt8], _ layout: Layout
  ) -> Bool {
    guard got != wanted else { return true }
    let index = zip(got, wanted).enumerated().first { $1.0 != $1.1 }?.offset ?? min(got.count, wanted.count)
    Issue.record(
      """
      \(note), step \(index)
      \(JSONTesting.text(bytes))
      reader    \(index < got.count ? got[index] : "nothing")
      reference \(index < wanted.count ? wanted[index] : "nothing")
      \(layout.members)
      """)
    return false
  }

  /// Whole and broken, in pieces of any size.
  @Test func anyCutOfTheInputGivesTheSameRun() {
    let seed = JSONRecordReaderTests.seed()
    for round in 0..<JSONRecordReaderTests.rounds / 60 {
      let seed = seed &+ UInt64(round)
      var generator = JSONGenerator(seed: seed)
      let layout = generator.layout(ignoresCase: round % 3 == 0, hasAliases: round % 2 == 0)
      var document = document(&generator, layout, duplicates: .reject, repeats: 5)
      if round % 2 == 1 {
        document.bytes = Array(document.bytes[..<document.start])
          + generator.broken(Array(document.bytes[document.start...]))
      }
      func run(_ size: @escaping () -> Int) -> [JSONStep] {
        let reader = JSONTesting.reader(layout, document.mode, forms: document.forms)
        return JSONTesting.run(reader, layout, document.bytes, from: document.start, size: size)
      }
      let whole = run { Int.max }
      var random = Random(seed: seed)
      let runs: [(String, [JSONStep])] =
        [1, 2, 3, 7, 4096].map { size in ("\(size)", run { size }) }
        + [("random", run { Int.random(in: 1..<40, using: &random) })]
      for (size, run) in runs where run != whole {
        Issue.record(
          "seed \(seed), pieces \(size), \(document.mode)\n\(JSONTesting.text(document.bytes))\n\(run)\nwhole\n\(whole)")
        return
      }
    }
  }

  /// The verdict on broken documents is the reference's.
  @Test func brokenDocumentsAreRefusedAsTheReferenceRefusesThem() {
    let seed = JSONRecordReaderTests.seed()
    var counts = (accepted: 0, refused: 0)
    for round in 0..<JSONRecordReaderTests.rounds * 2 {
      let seed = seed &+ UInt64(round)
      var generator = JSONGenerator(seed: seed)
      let layout = generator.layout(ignoresCase: round % 3 == 0, hasAliases: false)
      let records = (0..<(1 + generator.number(3))).map { _ in generator.record(layout, repeats: 0) }
      let good = generator.spell(.array(records))
      let bytes = [good[0]] + generator.broken(Array(good.dropFirst()))
      let run = JSONTesting.run(JSONTesting.reader(layout, .array), layout, bytes, from: 1)
      var wanted: [JSONSnapshot?]?
      if let value = try? JSONReference.parsePrefix(bytes), case .array(let trees) = value.tree {
        wanted = trees.map { JSONTesting.plain($0, layout) }
      }
      if let wanted {
        counts.accepted += 1
        let got = run.dropLast().map(\.snapshot)
        guard got == wanted, case .closed = run.last else {
          Issue.record("seed \(seed)\n\(JSONTesting.text(bytes))\n\(run)\nreference\n\(wanted)")
          return
        }
      } else {
        counts.refused += 1
        guard isRefused(run) else {
          Issue.record("seed \(seed): only the reference refuses\n\(JSONTesting.text(bytes))\n\(run)")
          return
        }
      }
    }
    #expect(counts.accepted > 50 && counts.refused > counts.accepted)
  }

  /// Where the shortest loop reads: no blanks, mapped names in the learnt order. Each sign, and none, put at each place, instead of
  /// what stands there and before it.
  @Test func aSignTooManyOrTooFewIsJudgedAsTheReferenceJudgesIt() {
    let layout = JSONRecordReaderTests.layout(["a", "bc", "d"])
    let record = #"{"a":"x","bc":12,"d":null,"a2":"","e":{"f":[1]}}"#
    let good = Array(#"[{"a":"1","bc":2,"d":"3"},\#(record),{"a":"","bc":"","d":7}]"#.utf8)
    var counts = (accepted: 0, refused: 0)
    let signs = [[]] + #"",:{}[]0-n\ .e"#.utf8.map { [$0] }
    for sign in signs {
      for place in 26..<good.count - 1 {
        for length in 0...1 {
          var bytes = good
          bytes.replaceSubrange(place..<place + length, with: sign)
          let run = JSONTesting.run(JSONTesting.reader(layout, .array), layout, bytes, from: 1)
          guard let value = try? JSONReference.parsePrefix(bytes), case .array(let trees) = value.tree, value.duplicates.isEmpty,
            trees.allSatisfy({ if case .object = $0 { true } else { false } })
          else {
            counts.refused += 1
            if !isRefused(run) { Issue.record("only the reference refuses \(JSONTesting.text(bytes))\n\(run)") }
            continue
          }
          counts.accepted += 1
          let wanted = trees.map { JSONTesting.plain($0, layout) }
          if run.dropLast().map(\.snapshot) != wanted { Issue.record("\(JSONTesting.text(bytes))\n\(run)\n\(wanted)") }
        }
      }
    }
    #expect(counts.accepted > 300 && counts.refused > counts.accepted)
  }

  // MARK: - Truncation

  @Test func aTruncatedInputIsNeverTakenForAWholeOne() {
    let seed = JSONRecordReaderTests.seed()
    for round in 0..<JSONRecordReaderTests.rounds / 300 {
      let seed = seed &+ UInt64(round)
      var generator = JSONGenerator(seed: seed)
      let layout = generator.layout(ignoresCase: false, hasAliases: false)
      let document = document(&generator, layout, duplicates: .reject, repeats: 0)
      func run(_ end: Int) -> [JSONStep] {
        let reader = JSONTesting.reader(layout, document.mode, forms: document.forms)
        return JSONTesting.run(reader, layout, Array(document.bytes[..<end]), from: document.start)
      }
      let whole = run(document.bytes.count)
      // Each cut reads all that stands before it.
      let step = JSONRecordReaderTests.rounds > 600 ? 1 : max(1, document.bytes.count / 400)
      for end in stride(from: document.start + Int(seed % UInt64(step)), to: document.bytes.count, by: step) {
        let steps = run(end)
        // Records whose last byte was there, no other.
        let closed = document.places.prefix { $0.upperBound <= end }.count
        let isInside = document.places.contains { $0.lowerBound < end && end < $0.upperBound }
        let last: JSONStep
        var given = Array(whole.prefix(closed))
        switch document.mode {
        case .array: last = .fatal(.truncated, at: end)
        case .sequence: last = isInside ? .fatal(.truncated, at: end) : .end
        case .lines:
          if isInside { given.append(.rejected(.truncated, at: end, document.places[closed].lowerBound..<end)) }
          last = .end
        }
        // A closing bracket is the array's end wherever it stands.
        guard steps == given + [last] || steps.last == .closed(end - 1) && steps.dropLast() == whole.dropLast() else {
          Issue.record("seed \(seed), \(document.mode), cut at \(end)\n\(JSONTesting.text(document.bytes[..<end]))\n\(steps)")
          return
        }
      }
    }
  }

  // MARK: - Cuts for several threads

  @Test func stretchesBetweenGuessedCutsGiveTheSameRecords() {
    let seed = JSONRecordReaderTests.seed()
    var cuts = 0
    for round in 0..<JSONRecordReaderTests.rounds / 5 {
      let seed = seed &+ UInt64(round)
      var generator = JSONGenerator(seed: seed)
      let layout = generator.layout(ignoresCase: round % 3 == 0, hasAliases: false)
      let document = document(&generator, layout, duplicates: .reject, repeats: 5)
      guard document.mode != .sequence else { continue }
      func reader() -> JSONRecordReader { JSONTesting.reader(layout, document.mode, forms: document.forms) }
      let whole = JSONTesting.run(reader(), layout, document.bytes, from: document.start)
      let end = document.start + 1 + generator.number(document.bytes.count - document.start)
      let cutter = reader()
      let padded = document.bytes + [UInt8](repeating: 0, count: 64)
      let cut = padded.withUnsafeBufferPointer { cutter.cut(in: $0.baseAddress!, from: document.start, to: end) }
      guard let cut else { continue }
      #expect(cut > document.start && cut <= end)
      // The stretch before the cut either ends exactly there, or shows that the guess was wrong.
      let first = reader()
      var position = document.start
      var steps: [JSONStep] = []
      let front = Array(document.bytes[..<cut]) + [UInt8](repeating: 0, count: 64)
      front.withUnsafeBufferPointer { buffer in
        loop: while true {
          switch first.next(in: buffer.baseAddress!, at: &position, to: cut, isLast: false) {
          case .record: steps.append(.record(JSONSnapshot(first, registers: layout.registers), first.frame.start..<first.frame.end))
          case .rejected(let error): steps.append(.rejected(error.reason, at: error.offset, first.frame.start..<first.frame.end))
          default: break loop
          }
        }
      }
      guard position == cut else { continue }
      cuts += 1
      let second = reader()
      second.expectsRecord = true
      let rest = JSONTesting.run(second, layout, document.bytes, from: cut)
      guard steps + rest == whole else {
        Issue.record("seed \(seed), cut at \(cut)\n\(JSONTesting.text(document.bytes))\n\(steps + rest)\nwhole\n\(whole)")
        return
      }
    }
    #expect(cuts > JSONRecordReaderTests.rounds / 50)
  }

  @Test func aCutIsNotTakenInsideATextThatLooksLikeRecords() {
    let layout = JSONRecordReaderTests.layout(["a", "b"])
    let text = #"[{"a":"x"},{"a":"},{\"a\":\"y\"},{\"b\":"},{"a":"z"},{"b":"1234567890123456"}]"#
    let bytes = JSONTesting.bytes(text) + [UInt8](repeating: 0, count: 64)
    let reader = JSONTesting.reader(layout, .array)
    let cut = bytes.withUnsafeBufferPointer { reader.cut(in: $0.baseAddress!, from: 1, to: bytes.count - 64) }
    #expect(cut.map { String(text.utf8.dropFirst($0).prefix(4)) } == #"{"b""#)
  }

  // MARK: - What stands between records

  @Test(arguments: [
    ("[]", ["closed at 1"]), ("[ \n]", ["closed at 3"]),
    (#"[{"a":1}]"#, ["1 -", "closed at 8"]), (#"[{"a":1},]"#, ["1 -", "fatal unexpectedByte at 9"]),
    (#"[{"a":1} , ]"#, ["1 -", "fatal unexpectedByte at 11"]), (#"[,{"a":1}]"#, ["fatal unexpectedByte at 1"]),
    (#"[{"a":1},,{"a":2}]"#, ["1 -", "fatal unexpectedByte at 9"]),
    (#"[{"a":1}{"a":2}]"#, ["fatal unexpectedByte at 8"]), (#"[{"a":1}"#, ["1 -", "fatal truncated at 8"]),
    (#"[{"a":1},"#, ["1 -", "fatal truncated at 9"]), (#"[{"a":1} x"#, ["fatal unexpectedByte at 9"]),
    (#"[{"a":1}}"#, ["fatal unexpectedByte at 8"]),
    (#"[1,{"a":1},"x",[{}],null]"#, [
      "rejected notARecord at 1", "1 -", "rejected notARecord at 11", "rejected notARecord at 15",
      "rejected notARecord at 20", "closed at 24",
    ]),
    (#"[{"a":"\x"},{"a":1}]"#, ["rejected badEscape at 8", "1 -", "closed at 19"]),
    (#"[{"a":01},{"a":1}]"#, ["fatal badNumber at 7"]), (#"[{"a":nul},{"a":1}]"#, ["fatal badLiteral at 9"]),
    (#"[{"a":1,"a":2},{"a":1}]"#, ["rejected duplicateName at 12", "1 -", "closed at 22"]),
    (#"[{"c":1,"c":2},{"a":1}]"#, ["rejected duplicateName at 12", "1 -", "closed at 22"]),
    (#"[{"c":1,"\u0063":2}]"#, ["rejected duplicateName at 17", "closed at 19"]),
    (#"[{"a":{"c":1,"c":2}}]"#, [#"{"c":1,"c":2} -"#, "closed at 20"]),
  ])
  func anArrayIsReadToItsBracket(text: String, wanted: [String]) {
    #expect(JSONRecordReaderTests.told(JSONRecordReaderTests.run(text, JSONRecordReaderTests.layout(["a", "b"]), .array)) == wanted)
  }

  @Test(arguments: [
    ("", ["end"]), ("\n \r\n\t\n", ["end"]), ("{\"a\":1}", ["1 -", "end"]),
    ("{\"a\":1}\n{\"b\":2}\r\n", ["1 -", "- 2", "end"]), ("  {\"a\":1} \t\r\n\n{\"b\":2}\n", ["1 -", "- 2", "end"]),
    ("{\"a\":1} {\"b\":2}\n{\"b\":3}\n", ["rejected trailingData at 8", "- 3", "end"]),
    ("{\"a\":1},\n{\"b\":3}\n", ["rejected trailingData at 7", "- 3", "end"]),
    ("{\"a\":\n1}\n{\"b\":3}\n", ["rejected truncated at 5", "rejected notARecord at 6", "- 3", "end"]),
    ("{\"a\":1,\n\"b\":2}\n", ["rejected truncated at 7", "rejected notARecord at 8", "end"]),
    ("{\"a\":\"x\ny\"}\n", ["rejected truncated at 7", "rejected unexpectedByte at 8", "end"]),
    ("[{\"a\":1}]\n{\"b\":3}", ["rejected notARecord at 0", "- 3", "end"]),
    ("{\"a\":1", ["rejected truncated at 6", "end"]), ("{\"a\":01}\nnope\n{\"b\":3}", [
      "rejected badNumber at 6", "rejected badLiteral at 10", "- 3", "end",
    ]),
  ])
  func aLineIsARecordWhateverStandsInIt(text: String, wanted: [String]) {
    #expect(JSONRecordReaderTests.told(JSONRecordReaderTests.run(text, JSONRecordReaderTests.layout(["a", "b"]), .lines)) == wanted)
  }

  @Test func documentsFollowEachOtherWithOrWithoutBlanks() {
    let text = #"{"a":1}{"b":2} {"a":3}"# + "\n\n" + #"{"a":4}"#
    #expect(
      JSONRecordReaderTests.told(JSONRecordReaderTests.run(text, JSONRecordReaderTests.layout(["a", "b"]), .sequence))
        == ["1 -", "- 2", "3 -", "4 -", "end"])
  }

  // MARK: - Wrappers

  @Test func aRecordIsFoundInItsWrapper() {
    let text = #"[{"client":{"a":1}},{"x":[1,{}],"client" : {"a":2},"y":null},{"a":3},{"client":7},{}]"#
    #expect(
      JSONRecordReaderTests.told(
        JSONRecordReaderTests.run(text, JSONRecordReaderTests.layout(["a"]), .array, forms: [["client"]])) == [
        "1", "2 + ^.x = [1,{}], ^.y = null", "rejected notARecord at 61", "rejected notARecord at 79", "rejected notARecord at 82", "closed at 84",
      ])
  }

  @Test func wrappedAndBareRecordsMayStandInOneList() {
    let text = #"[{"a":1},{"client":{"a":2}},{"a":3},{"client":{}},{"b":4}]"#
    for forms in [[[], ["client"]], [["client"], []]] {
      #expect(
        JSONRecordReaderTests.told(
          JSONRecordReaderTests.run(text, JSONRecordReaderTests.layout(["a"]), .array, forms: forms)) == [
          "1", "2", "3", "-", "rejected notARecord at 50", "closed at 57",
        ])
    }
  }

  /// Which form is tried first depends on the records before; what a record is must not.
  @Test func aRecordThatFitsTwoFormsIsReadAlikeWhateverStoodBefore() {
    let both = #"{"client":{"a":1},"a":2}"#
    for forms in [[[], ["client"]], [["client"], []]] {
      let runs = [#"{"a":0}"#, #"{"client":{"a":0}}"#].map { before in
        JSONRecordReaderTests.told(
          JSONRecordReaderTests.run("[\(before),\(both)]", JSONRecordReaderTests.layout(["a"]), .array, forms: forms))[1]
      }
      #expect(runs[0] == runs[1], "\(forms)")
    }
  }

  @Test func aWrapperThatStandsTwiceIsRefused() {
    #expect(
      JSONRecordReaderTests.told(
        JSONRecordReaderTests.run(
          #"[{"client":{"a":1},"client":{"a":2}}]"#, JSONRecordReaderTests.layout(["a"]), .array, forms: [["client"]]))
        == ["rejected duplicateName at 20", "closed at 36"])
  }

  // MARK: - Names

  /// Names are learnt decoded: bytes that look like a learnt name but mean another must not be taken for it.
  @Test(arguments: [
    (#"[{"a\\b":1},{"a\b":2}]"#, [#"+ a\b = 1"#, "+ a\u{8} = 2", "closed at 21"]),
    (#"[{"a\"":1},{"a"":2}]"#, [#"+ "a""" = 1"#, "fatal unexpectedByte at 15"]),
    ("[{\"a\\u0001\":1},{\"a\u{1}\":2}]", ["+ a\u{1} = 1", "rejected controlCharacter at 18", "closed at 23"]),
    ("[{\"\\u0000\":1},{\"\u{0}\":2}]", ["+ \u{0} = 1", "rejected controlCharacter at 16", "closed at 21"]),
    (#"[{"\u0061":1},{"a":2},{"\u0061":3}]"#, ["+ a = 1", "+ a = 2", "+ a = 3", "closed at 34"]),
  ])
  func aNameIsWhatItDecodesTo(text: String, wanted: [String]) {
    let steps = JSONRecordReaderTests.told(JSONRecordReaderTests.run(text, Layout(), .array))
    #expect(steps.map { $0.trimmingCharacters(in: .whitespaces) } == wanted)
  }

  @Test func aLearntNameOfZerosDoesNotReachBehindTheBuffer() {
    let layout = JSONRecordReaderTests.layout(["a"])
    for (count, size) in [(100, 1), (300, 7), (4000, 4096), (4000, 30_000)] {
      let text = "{\"\(String(repeating: "\\u0000", count: count))\":1}\n{\""
      let steps = JSONTesting.run(JSONTesting.reader(layout, .lines), layout, JSONTesting.bytes(text)) { size }
      #expect(steps.dropFirst() == [.rejected(.truncated, at: text.utf8.count, (text.utf8.count - 2)..<text.utf8.count), .end])
    }
  }

  // MARK: - Limits

  @Test func depthIsLimitedBelowTheRecord() {
    var limits = Limits()
    limits.depth = 3
    for name in ["a", "unknown"] {
      let text = "[{\"\(name)\":[[1]]},{\"\(name)\":[[[1]]]},{\"\(name)\":[[{}]]},{\"\(name)\":2}]"
      let steps = JSONRecordReaderTests.told(
        JSONRecordReaderTests.run(text, JSONRecordReaderTests.layout(["a"]), .array, limits: limits))
      #expect(steps.map { String($0.prefix(16)) }.filter { $0.hasPrefix("rejected tooDeep") }.count == 2)
      #expect(steps.count == 5)
    }
    var layout = Layout()
    layout.members = [.init("p", .object([.init("q", .object([.init("r", .object([.init("s", .leaf(.init(register: 0)))]))]))]))]
    layout.registers = 1
    #expect(
      JSONRecordReaderTests.told(
        JSONRecordReaderTests.run(#"[{"p":{"q":{"r":{"s":1}}}},{"p":{"q":{"r":1}}}]"#, layout, .array, limits: limits))
        == ["rejected tooDeep at 16", "- + p.q.r = 1", "closed at 46"])
  }

  @Test func nestingWithoutEndCostsNoStack() {
    let layout = JSONRecordReaderTests.layout(["a"])
    for (opening, closing) in [("[", "]"), ("{\"\":", "}")] {
      let deep = String(repeating: opening, count: 100_000)
      let whole = deep + "1" + String(repeating: closing, count: 100_000)
      #expect(
        JSONRecordReaderTests.told(JSONRecordReaderTests.run("[{\"a\":\(whole)},{\"a\":1}]", layout, .array)).last?.hasPrefix("closed")
          == true)
      let cut = JSONRecordReaderTests.told(JSONRecordReaderTests.run("[{\"a\":\(deep)", layout, .array))
      #expect(cut.count == 1 && cut[0].hasPrefix("fatal"))
      let line = JSONRecordReaderTests.told(JSONRecordReaderTests.run("{\"a\":\(deep)\n{\"a\":1}\n", layout, .lines))
      #expect(line.dropFirst() == ["1", "end"])
    }
  }

  @Test func aValueOrANameLongerThanTheLimitIsRefused() {
    var limits = Limits()
    limits.field = 4
    let layout = JSONRecordReaderTests.layout(["a", "b"])
    func told(_ record: String) -> [String] {
      JSONRecordReaderTests.told(JSONRecordReaderTests.run("[\(record),{\"b\":0}]", layout, .array, limits: limits))
    }
    for record in [
      #"{"a":"12345"}"#, #"{"a":12345}"#, #"{"a":"\u0041"}"#, #"{"x":"12345"}"#, #"{"x":12345}"#, #"{"x":[1,2]}"#,
      #"{"a":{"c":1}}"#, #"{"12345":1}"#, #"{"b":1,"a":"12345"}"#, #"{"a":"","b":"12345"}"#,
    ] {
      let steps = told(record)
      #expect(steps[0].hasPrefix("rejected fieldTooLong"), "\(record): \(steps)")
      #expect(steps[1] == "- 0")
    }
    #expect(told(#"{"a":"1234","b":1234}"#)[0] == #""1234" 1234"#)
    #expect(told(#"{"a":[12],"1234":"1234"}"#)[0] == #"[12] - + 1234 = "1234""#)
  }

  @Test func unknownNamesPastTheLimitKeepTheirPaths() {
    var limits = Limits()
    limits.unknownFields = 2
    var layout = JSONRecordReaderTests.layout(["a"])
    layout.members.append(.init("p", .object([.init("q", .leaf(.init(register: 1)))])))
    layout.members.append(.init("l", .items([.init(index: 1, content: .object([.init("m", .leaf(.init(register: 2)))]))])))
    layout.members.append(
      .init("k", .picks(key: "Tag", cases: [.init(value: "X", members: [.init("n", .leaf(.init(register: 3)))])])))
    layout.registers = 4
    let text =
      #"[{"x":1,"y":2,"z":3,"a":4,"z.z":5},{"p":{"u":1,"q":2},"a":9,"x":7},{"l":[{"v":1},{"v":2,"m":3}]},"#
      + #"{"k":[{"Tag":"X","w":1,"n":2},{"Tag":"Y"}],"Tag":"Z"}]"#
    #expect(
      JSONRecordReaderTests.told(JSONRecordReaderTests.run(text, layout, .array, limits: limits)).dropLast() == [
        #"4 - - - + "z.z" = 5, x = 1, y = 2, z = 3"#, "9 2 - - + p.u = 1, x = 7",
        #"- - 3 - + l[0] = {"v":1}, l[1].v = 2"#, #"- - - 2 + Tag = "Z", k[0].w = 1, k[1] = {"Tag":"Y"}"#,
      ])
  }

  @Test func unknownNamesOfOneLevelAreFoundAgainBelowALimit() {
    // Thousands of names, in one order and in another, in a time that a person waits.
    let layout = JSONRecordReaderTests.layout(["a"])
    let names = (0..<3_000).map { "\"name-\($0)\":\($0)" }
    let text = "[{\(names.joined(separator: ","))},{\(names.reversed().joined(separator: ","))}]"
    var steps: [JSONStep] = []
    let time = processorTime { steps = JSONRecordReaderTests.run(text, layout, .array) }
    #expect(time < .seconds(20))
    guard case .record(let first, _) = steps[0], case .record(let second, _) = steps[1] else {
      Issue.record("\(steps)")
      return
    }
    #expect(first.leaves == 3_000 && first.extras == second.extras)
  }

  /// Two cases, A before B; names in any case where that is asked for.
  private static func picked(ignoresCase: Bool = false) -> Layout {
    var layout = Layout()
    layout.ignoresCase = ignoresCase
    func one(_ value: String, _ register: Int) -> Layout.Case {
      .init(value: value, members: [.init("v", .leaf(.init(register: register)))])
    }
    layout.members = [.init("L", .picks(key: "Tag", cases: [one("A", 0), one("B", 1)]))]
    layout.registers = 2
    return layout
  }

  @Test(arguments: [
    (#"[{"Tag":"A","v":1},{"v":2,"Tag":"B"}]"#, "1 2", 2), (#"[{"Tag":"B","v":2}]"#, "- 2", 1),
    (#"[{"Tag":"B","v":2},{"Tag":"A","v":1}]"#, #"1 2 + L[0].Tag = "B", L[1].Tag = "A""#, 4),
    (#"[{"Tag":"A"},{"Tag":"B","v":2}]"#, #"- 2 + L[0].Tag = "A", L[1].Tag = "B""#, 3),
    (#"[{"Tag":"B","v":2},{"Tag":"A","x":1}]"#, #"- 2 + L[1].Tag = "A", L[1].x = 1"#, 3),
    (#"[7,{"Tag":"A","v":null}]"#, #"null - + L[0] = 7, L[1].Tag = "A""#, 3),
    (#"[{"Tag":"A","v":1},{"Tag":"A","v":3},{"Tag":"B","v":2}]"#, #"1 2 + L[1] = {"Tag":"A","v":3}, L[2].Tag = "B""#, 5),
  ])
  func theMemberThatTellsElementsApartIsALeafWhereTheWriterWouldNotPutItThere(list: String, wanted: String, leaves: Int) {
    let steps = JSONRecordReaderTests.run(#"[{"L":\#(list)}]"#, JSONRecordReaderTests.picked(), .array)
    #expect(JSONRecordReaderTests.told(steps).first == wanted)
    #expect(steps.first?.snapshot?.leaves == leaves)
  }

  @Test(arguments: [
    (#"[{"tag":"A","v":1}]"#, "1 -"), (#"[{"tag":"B","v":1},{"TAG":"A"}]"#, #"- 1 + L[1].Tag = "A""#),
    (#"[{"tag":"A"}]"#, #"- - + L[0].Tag = "A""#),
    (#"[{"tag":"A","Tag":"B","v":1}]"#, #"- 1 + L[0].tag = "A""#),
  ])
  func thatMemberHasTheLayoutsSpellingInAnyCase(list: String, wanted: String) {
    let layout = JSONRecordReaderTests.picked(ignoresCase: true)
    #expect(JSONRecordReaderTests.told(JSONRecordReaderTests.run(#"[{"L":\#(list)}]"#, layout, .array)).first == wanted)
  }

  @Test func aFieldBesideWhatHasTheWrappersNameMakesTheRecordABareOne() {
    let text = #"[{"client":{"a":1,"b":2},"a":3},{"a":4,"client":{"a":5}},{"client":{"a":6},"x":7}]"#
    for forms in [[[], ["client"]], [["client"], []]] {
      #expect(
        JSONRecordReaderTests.told(JSONRecordReaderTests.run(text, JSONRecordReaderTests.layout(["a"]), .array, forms: forms)) == [
          #"3 + client = {"a":1,"b":2}"#, #"4 + client = {"a":5}"#, "6 + ^.x = 7", "closed at \(text.utf8.count - 1)",
        ])
    }
    // Where no bare record is accepted there is nothing else to be.
    #expect(
      JSONRecordReaderTests.told(
        JSONRecordReaderTests.run(#"[{"client":{"a":1},"a":3}]"#, JSONRecordReaderTests.layout(["a"]), .array, forms: [["client"]])
      ).first == "1 + ^.a = 3")
  }

  @Test func everyNameOfAPickedElementKeepsItsPath() {
    var layout = Layout()
    let inner = Layout.Member("In", .object([.init("n", .leaf(.init(register: 0)))]))
    layout.members = [.init("List", .picks(key: "Tag", cases: [.init(value: "X", members: [inner])]))]
    layout.registers = 1
    let text =
      #"[{"List":[{"Tag":"X","In":{"n":1,"o":2,"Tag":"Y","\u0000z":3},"\u0000z":4}]},{"List":[{"T\u0061g":"X","In":{"n":1}}]}]"#
    #expect(
      JSONRecordReaderTests.told(JSONRecordReaderTests.run(text, layout, .array)).dropLast() == [
        "1 + List[0].\u{0}z = 4, List[0].In.\u{0}z = 3, List[0].In.Tag = \"Y\", List[0].In.o = 2", "1",
      ])
  }
}
