import Crosswalk
import CrosswalkFormats
import CrosswalkModel
@testable import CrosswalkPipeline
import CrosswalkReference
import Foundation
import TestSupport
import Testing

/// The single rules of restoring, each with a record of its own.
@Suite struct RestoreRulesTests {
  static func trip(
    _ input: String, _ from: String, by to: String, there: (inout ConvertJob) -> Void = { _ in },
    replacing edits: [(String, String)] = [], residue: (String) -> String = { $0 }, back: (inout ConvertJob) -> Void = { _ in }
  ) throws -> RestoreTests.Trip {
    try RestoreTests.trip(
      Array(input.utf8), from, by: to, there: there,
      edit: { bytes, lines in
        var text = String(decoding: bytes, as: UTF8.self)
        for (old, new) in edits {
          #expect(text.contains(old), "\(old) in \(text)")
          text = text.replacing(old, with: new)
        }
        bytes = Array(text.utf8)
        lines = Array(residue(String(decoding: lines, as: UTF8.self)).utf8)
      }, back: back)
  }

  static func only(_ trip: RestoreTests.Trip) throws -> Tree { try JSONReference.parse(trip.back.output)[0] ?? .null }

  // MARK: - Whose line it is (S7)

  /// Every record gives its own values again, so that proves nothing: half of them have to be what was written for the line.
  @Test func placeAloneIsNoEvidence() throws {
    let input = #"[{"Nm":"Ada","LegalNm":"Ada Ltd"},{"Nm":"Bo","LegalNm":"Bo Ltd"}]"#
    let same = try RestoreRulesTests.trip(input, "bigtime:json", by: "trackops:json", replacing: [])
    #expect(try JSONReference.parse(same.back.output) == JSONReference.parse(Array(input.utf8)))
    let swapped = try RestoreRulesTests.trip(
      input, "bigtime:json", by: "trackops:json", replacing: [("Ada", "?"), ("Bo", "Ada"), ("?", "Bo")])
    let orderly = #"[{"Nm":"Bo","LegalNm":"Bo Ltd"},{"Nm":"Ada","LegalNm":"Ada Ltd"}]"#
    #expect(try JSONReference.parse(swapped.back.output) == JSONReference.parse(Array(orderly.utf8)))
    let other = try RestoreRulesTests.trip(input, "bigtime:json", by: "trackops:json", replacing: [("Ada", "Cy"), ("Bo", "Di")])
    #expect(try JSONReference.parse(other.back.output) == JSONReference.parse(Array(#"[{"Nm":"Cy"},{"Nm":"Di"}]"#.utf8)))
    #expect(other.back.summary.restored?.unplaced == 2 && other.back.summary.restored?.added == 2)
  }

  /// The run would not balance: what one record's object left aside is not the next one's.
  @Test func anObjectOfOneRecordDoesNotReachTheNext() throws {
    let trip = try RestoreRulesTests.trip(
      RestoreRulesTests.office, "trackops:json", by: "bigtime:json",
      replacing: [("[", #"[{"SystemId":8001,"Nm":"New","QBPOSentBy":{"x":1}},{"SystemId":8002,"Nm":"Newer"},"#)])
    #expect(try JSONReference.parse(trip.back.output)[1] == JSONReference.parse(Array(#"{"id":8002,"name":"Newer"}"#.utf8)))
    #expect(trip.back.summary.values.read == trip.back.summary.values.kept + trip.back.summary.values.recoded + trip.back.summary.values.parked)
  }

  @Test func aTextThatIsOneValueAloneIsThatValueAgain() throws {
    let input = #"[{"SystemId":1,"Nm":"Ada","LegalNm":"Ada Ltd","Notes":"one\rtwo"}]"#
    let same = try RestoreRulesTests.trip(input, "bigtime:json", by: "harvest:json", replacing: [])
    #expect(try RoundTripTests.leaves(same.back.output, "bigtime", .json) == RoundTripTests.leaves(Array(input.utf8), "bigtime", .json))
    #expect(same.back.summary.restored?.merged == 0)
    let edited = try RestoreRulesTests.trip(input, "bigtime:json", by: "harvest:json", replacing: [("two", "three")])
    #expect(try RestoreRulesTests.only(edited)["Notes"] == .text("one\rthree"))
    #expect(edited.back.summary.restored?.merged == 0 && edited.back.summary.restored?.refused == 0)
  }

  // MARK: - Edits that cannot come back (S9)

  static let office =
    #"[{"id":7301,"name":"Osprey","primary_location":{"name":"Yard","address_1":"4 Wharf Lane","city":"Portland","state":"ME","zip":"04101","country":"US"}}]"#

  @Test func aRefusedEditLeavesTheOriginalAndIsListed() throws {
    let trip = try RestoreRulesTests.trip(
      RestoreRulesTests.office, "trackops:json", by: "bigtime:json", replacing: [(#""State":"ME""#, #""State":"XX""#)])
    #expect(try RestoreRulesTests.only(trip)["primary_location"]?["state"] == .text("ME"))
    #expect(trip.back.summary.restored?.refused == 1)
    #expect(trip.back.said.contains { $0.code == .editNotExpressible && $0.place?.path == "State" && $0.place?.record == 0 })
  }

  @Test func aRefusedEditRejectsItsRecordWhereThatIsAsked() throws {
    let trip = try RestoreRulesTests.trip(
      RestoreRulesTests.office, "trackops:json", by: "bigtime:json", replacing: [(#""State":"ME""#, #""State":"XX""#)],
      back: {
        $0.onEdit = .reject
        $0.maxRejects = .count(1)
      })
    #expect(trip.back.summary.records.rejected == 1)
    #expect(trip.back.rejects.first?["code"] == .text("V0501"))
  }

  @Test func anEditThatHasAnotherSpellingStands() throws {
    let trip = try RestoreRulesTests.trip(
      RestoreRulesTests.office, "trackops:json", by: "bigtime:json", replacing: [(#""State":"ME""#, #""State":"New Hampshire""#)])
    #expect(try RestoreRulesTests.only(trip)["primary_location"]?["state"] == .text("NH"))
  }

  @Test func anEditTravelsBackAlongTheFallbackThatWasTaken() throws {
    let trip = try RestoreRulesTests.trip(
      #"{"response":{"status":0,"result":[{"clientId":"1","clientName":"A","mobileNo":"555-0100","industry":"Food"}]}}"#,
      "zoho-people:json", by: "trackops:json", replacing: [("555-0100", "555-0199")])
    let record = try #require(JSONReference.parse(trip.back.output)["response"]?["result"]?[0])
    #expect(record["mobileNo"] == .text("555-0199"))
    #expect(record["industry"] == .text("Food"))
    #expect(trip.back.summary.restored?.refused == 0)
  }

  @Test func aValueThatWasTakenOutIsNotFilledByAFallback() throws {
    let trip = try RestoreRulesTests.trip(
      #"[{"client":{"id":9,"name":"Elm","highrise_id":4,"details":"by the mill","address":"99 High St"}}]"#, "harvest:json",
      by: "bigtime:json", replacing: [(#""Notes":"by the mill""#, #""Notes":"""#)])
    #expect(
      try RestoreRulesTests.only(trip)["client"]?.json == #"{"id":9,"name":"Elm","highrise_id":4,"address":"99 High St"}"#)
    #expect(trip.back.summary.restored?.refused == 0)
  }

  // MARK: - Merged leaves (S10)

  static let merged =
    #"[{"SystemId":1,"Nm":"Mill","LegalNm":"Mill Ltd","Address":"4 Mill Lane\nUnit 9","City":"Leeds","Zip":2134,"Country":"UK","MainFX":"0113 1","Notes":"Net 30\nAsk for Jo"}]"#

  static let mergedEdits: [(name: String, old: String, new: String, changed: [String: Tree])] = [
    ("a line of one value", "0113 1 (fax)", "0113 9 (fax)", ["MainFX": .text("0113 9")]),
    ("one value of a line", "Leeds, 2134", "York, 2134", ["City": .text("York")]),
    ("the other value of a line", "Leeds, 2134", "Leeds, YO1", ["Zip": .text("YO1")]),
    ("one of the lines of a value", "Unit 9", "Unit 10", ["Address": .text("4 Mill Lane\nUnit 10")]),
    ("a line that is taken out", #"0113 1 (fax)\n"#, "", ["MainFX": .array([])]),
    ("a value that is taken out of its line", "Leeds, 2134", "Leeds", ["Zip": .array([])]),
    ("a line that is added", "Ask for Jo", #"Ask for Jo\nClosed on Mondays"#, ["Notes": .text("Net 30\nAsk for Jo\nClosed on Mondays")]),
    ("a line put between", #"UK\n"#, #"UK\nEurope\n"#, ["Notes": .text("Net 30\nAsk for Jo\nEurope")]),
    (
      "two values at once", #"Leeds, 2134\nUK"#, #"York YO1\nEngland"#, ["Notes": .text("Net 30\nAsk for Jo\nYork YO1\nEngland")]
    ),
  ]

  @Test(arguments: RestoreRulesTests.mergedEdits.map(\.name))
  func editsOfAMergedTextGoToTheirValues(_ name: String) throws {
    let edit = try #require(RestoreRulesTests.mergedEdits.first { $0.name == name })
    let trip = try RestoreRulesTests.trip(
      RestoreRulesTests.merged, "bigtime:json", by: "harvest:json", replacing: [(edit.old, edit.new)])
    guard case .object(let wanted)? = try JSONReference.parse(Array(RestoreRulesTests.merged.utf8))[0],
      case .object(let got) = try RestoreRulesTests.only(trip)
    else {
      Issue.record("no records")
      return
    }
    func dictionary(_ members: [Tree.Member]) -> [String: String] {
      Dictionary(members.map { (String(decoding: $0.name, as: UTF8.self), $0.value.json) }) { first, _ in first }
    }
    var expected = dictionary(wanted)
    for (field, value) in edit.changed { expected[field] = value == .array([]) ? nil : value.json }
    #expect(dictionary(got) == expected)
    #expect(trip.back.summary.restored?.merged == 1)
    #expect(trip.back.codes.contains(.mergedEdit))
  }

  // MARK: - Derived values (S15)

  static let derived = #"[{"SystemId":1,"Nm":"Mill","Address":"4 Mill Lane","City":"Leeds","FullAddress":"4 Mill Lane, Leeds"}]"#

  @Test func aDerivedValueReturnsWhileItsBasesStand() throws {
    let trip = try RestoreRulesTests.trip(
      RestoreRulesTests.derived, "bigtime:json", by: "trackops:json", replacing: [(#""name":"Mill""#, #""name":"Mills""#)])
    let record = try RestoreRulesTests.only(trip)
    #expect(record["FullAddress"] == .text("4 Mill Lane, Leeds") && record["Nm"] == .text("Mills"))
  }

  @Test func aDerivedValueWhoseBaseWasEditedDoesNotReturn() throws {
    let trip = try RestoreRulesTests.trip(
      RestoreRulesTests.derived, "bigtime:json", by: "trackops:json", replacing: [("Leeds", "York")])
    let record = try RestoreRulesTests.only(trip)
    #expect(record["FullAddress"] == nil && record["City"] == .text("York"))
    #expect(trip.back.summary.restored?.stale == 1 && trip.back.codes.contains(.staleDerived))
  }

  // MARK: - How lines find their records (S7)

  static let three =
    #"[{"SystemId":1,"Nm":"A","LegalNm":"A Ltd"},{"SystemId":2,"Nm":"B","LegalNm":"B Ltd"},{"SystemId":3,"Nm":"C","LegalNm":"C Ltd"}]"#

  static func legalNames(_ trip: RestoreTests.Trip) throws -> [String] {
    try JSONReference.parse(trip.back.output).items.map { $0["LegalNm"].map(TwinTests.text) ?? "-" }
  }

  @Test func linesFindRecordsInAnyOrderAndRemovedOnesAreReported() throws {
    let trip = try RestoreTests.trip(
      Array(RestoreRulesTests.three.utf8), "bigtime:json", by: "trackops:json",
      edit: { bytes, _ in bytes = Array(#"[{"id":3,"name":"C"},{"id":9,"name":"New"},{"id":1,"name":"A"}]"#.utf8) })
    #expect(try RestoreRulesTests.legalNames(trip) == ["C Ltd", "-", "A Ltd"])
    let restored = try #require(trip.back.summary.restored)
    #expect((restored.records, restored.added, restored.removed, restored.unplaced) == (2, 1, 1, 0))
    #expect(trip.back.codes.contains(.removedRecord))
  }

  @Test func aMapOfIdsFindsRecordsThatHaveOtherIdsNow() throws {
    let map = FileManager.default.temporaryDirectory.appending(path: "crosswalk-map-\(UUID().uuidString).csv")
    defer { try? FileManager.default.removeItem(at: map) }
    try Data("source_id,target_id\n1,901\n2,902\n3,903\n".utf8).write(to: map)
    let trip = try RestoreTests.trip(
      Array(RestoreRulesTests.three.utf8), "bigtime:json", by: "harvest:json", there: { $0.shape = .create },
      edit: { bytes, _ in bytes = Array(#"[{"client":{"id":903,"name":"C"}},{"client":{"id":901,"name":"A"}}]"#.utf8) }, back: { $0.ids = map.path })
    #expect(try RestoreRulesTests.legalNames(trip) == ["C Ltd", "A Ltd"])
    #expect(try JSONReference.parse(trip.back.output).items.map { $0["SystemId"] } == [.number("3"), .number("1")])
  }

  @Test func createdRecordsComeBackByTheirPlace() throws {
    let trip = try RestoreRulesTests.trip(
      RestoreRulesTests.three, "bigtime:json", by: "zoho-people:form",
      there: {
        $0.shape = .create
        $0.set = [.init(field: "currency.code", value: "USD")]
      })
    #expect(
      try RoundTripTests.leaves(trip.back.output, "bigtime", .json)
        == RoundTripTests.leaves(Array(RestoreRulesTests.three.utf8), "bigtime", .json))
    // Each says what was written, so nobody has to go by its place.
    #expect(trip.back.summary.restored?.records == 3 && trip.back.summary.restored?.byOrder == 0)
    #expect(!trip.back.codes.contains(.restoredByOrder))
  }

  @Test func recordsWithoutIdsFindTheirLinesAmongOthersAndEditedOnesByTheirPlace() throws {
    let trip = try RestoreTests.trip(
      Array(RestoreRulesTests.three.utf8), "bigtime:json", by: "harvest:json", there: { $0.shape = .create },
      edit: { bytes, _ in
        // The first is gone, the third was edited, one is new.
        bytes = Array(#"[{"client":{"name":"B"}},{"client":{"name":"C","details":"new"}},{"client":{"name":"N"}}]"#.utf8)
      })
    #expect(try RestoreRulesTests.legalNames(trip) == ["B Ltd", "C Ltd", "-"])
    let restored = try #require(trip.back.summary.restored)
    #expect(restored.records == 2 && restored.byOrder == 1 && restored.added == 1 && restored.unplaced == 1)
  }

  @Test func namedFieldsFindRecordsWhereNothingElseTells() throws {
    let trip = try RestoreTests.trip(
      Array(RestoreRulesTests.three.utf8), "bigtime:json", by: "harvest:json",
      there: {
        $0.shape = .create
        $0.match = ["Nm"]
      },
      edit: { bytes, _ in bytes = Array(#"[{"client":{"id":903,"name":"C","details":"new"}},{"client":{"id":904,"name":"D"}},{"client":{"id":901,"name":"A","details":"new"}}]"#.utf8) },
      back: { $0.match = ["name"] })
    #expect(try RestoreRulesTests.legalNames(trip) == ["C Ltd", "-", "A Ltd"])
    let restored = try #require(trip.back.summary.restored)
    #expect((restored.byMatch, restored.unplaced, restored.added) == (2, 1, 1))
    #expect(trip.back.codes.contains(.unplacedLine))
  }

  @Test func equalIdsAreTakenInTheirOrderAndReported() throws {
    let trip = try RestoreRulesTests.trip(RestoreRulesTests.three.replacing(":2,", with: ":1,"), "bigtime:json", by: "trackops:json",
      back: { $0.restoreMemory = .init(window: 1, index: 1 << 16) })
    #expect(try RestoreRulesTests.legalNames(trip) == ["A Ltd", "B Ltd", "C Ltd"])
  }

  // MARK: - Whose residue it is (S8)

  @Test func theResidueOfAnotherConversionIsRefused() throws {
    func expectRefused(_ there: (inout ConvertJob) -> Void, _ residue: (String) -> String, _ back: (inout ConvertJob) -> Void) {
      do {
        _ = try RestoreRulesTests.trip(
          RestoreRulesTests.three, "bigtime:json", by: "harvest:json", there: there, residue: residue, back: back)
        Issue.record("nothing was refused")
      } catch let error as Diagnostic {
        #expect(error.code == .foreignResidue && Conversion.status(error) == 2)
      } catch {
        Issue.record(error)
      }
    }
    expectRefused({ _ in }, { $0.replacing("bigtime:json", with: "trackops:json") }, { _ in })
    expectRefused({ _ in }, { $0 }, { $0.options = [.init(system: "harvest", name: "currencyNames", value: "2016")] })
    // A later line of another run.
    expectRefused({ _ in }, { $0.replacing(try! Regex(#"("at":2.*"map":)"[0-9a-f]+""#), with: { "\($0.output[1].substring!)\"0\"" }) }, { _ in })
    let trip = try RestoreRulesTests.trip(
      RestoreRulesTests.three, "bigtime:json", by: "harvest:json",
      back: {
        $0.options = [.init(system: "harvest", name: "currencyNames", value: "2016")]
        $0.force = true
      })
    #expect(try RestoreRulesTests.legalNames(trip) == ["A Ltd", "B Ltd", "C Ltd"])
  }

  @Test func aLineThatIsNoneIsFatal() throws {
    #expect(throws: Diagnostic.self) {
      try RestoreRulesTests.trip(RestoreRulesTests.three, "bigtime:json", by: "trackops:json", residue: { $0.dropLast(200) + "\n" })
    }
  }

  // MARK: - More residue than memory

  @Test(arguments: ["ndjson", "ndjson.gz", "ndjson.zst"])
  func aResidueInAnyOrderIsFoundThroughTheSpilledIndex(_ ending: String) throws {
    var random = Random(seed: RestoreTests.seed)
    let system = try Twin.system("bigtime")
    let records = RestoreTests.numbered(Twin.records(system, .json, 120, &random), system, from: 1)
    let input = try system.document(of: records, shape: .list, format: .json)
    let folder = FileManager.default.temporaryDirectory.appending(path: "crosswalk-spill-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let plain = folder.appending(path: "residue.ndjson")
    let there = try Conversion.run(input, "bigtime:json", to: "zoho-people:json") { $0.residue = .file(plain.path) }
    var lines = String(decoding: try Repository.bytes(plain), as: UTF8.self).split(separator: "\n")
    lines.shuffle(using: &random)
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: plain)
    let residue = folder.appending(path: "residue.\(ending)")
    if ending != "ndjson" {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = ending.hasSuffix("gz") ? ["gzip", plain.path] : ["zstd", "-q", plain.path]
      try process.run()
      process.waitUntilExit()
      try #require(process.terminationStatus == 0)
    }
    var outputs: Set<[UInt8]> = []
    let ways = [(1, 256, 4), (4 << 20, 16 << 20, 1), (1, 16 << 20, 4), (2_000, 256, 1)]
    for (window, index, jobs) in ways.prefix(ending == "ndjson" ? ways.count : 1) {
      let back = try Conversion.run(there.output, "zoho-people:json", to: "bigtime:json") { job in
        job.restore = residue.path
        job.restoreMemory = .init(window: window, index: index)
        job.jobs = jobs
      }
      outputs.insert(back.output)
      #expect(back.summary.restored?.unplaced == 0 && back.summary.restored?.records == lines.count)
    }
    #expect(outputs.count == 1)
    let got = try RoundTripTests.leaves(#require(outputs.first), "bigtime", .json)
    #expect(try got == RoundTripTests.leaves(input, "bigtime", .json), "seed \(RestoreTests.seed)")
  }

  @Test func theIndexFindsWhatWasAddedInMemoryAndSpilled() throws {
    var random = Random(seed: RestoreTests.seed)
    for memory in [256, 1_000, 1 << 20] {
      let index = RestoreIndex(memory: memory, folder: FileManager.default.temporaryDirectory.path)
      var wanted: [UInt64: [Int]] = [:]
      for line in 0..<5_000 {
        let hash = UInt64.random(in: 0..<3_000, using: &random) << 24 &* 0x9e37_79b9
        wanted[hash & ~0xff_ffff, default: []].append(line)
        try index.add(hash: hash, line: line, offset: line * 1_000)
      }
      try index.finish()
      #expect((index.spilled > 0) == (memory < 1 << 20))
      for (hash, lines) in wanted {
        var found: [Int] = []
        try index.find(hash) { entry in
          #expect(entry.offset == entry.line * 1_000)
          found.append(entry.line)
          return false
        }
        #expect(found == lines, "seed \(RestoreTests.seed), \(memory) bytes")
      }
      try index.find(0xffff_ffff_ff00_0000) { _ in
        Issue.record("found what was not added")
        return true
      }
    }
  }

  @Test func recordsThatShareAnIdKeepTheirOwnLines() throws {
    let clients = #"""
      {"SystemId":1,"Nm":"Ash"}
      {"SystemId":2,"Nm":"Birch","LegalNm":"Birch Ltd"}
      {"SystemId":1,"Nm":"Cedar","LegalNm":"Cedar Inc"}
      {"SystemId":2,"Nm":"Dogwood","LegalNm":"Dogwood Inc"}
      {"SystemId":1,"Nm":"Elm"}
      {"SystemId":1,"Nm":"Fir","LegalNm":"Fir Inc"}

      """#
    let trip = try RestoreTests.trip(Array(clients.utf8), "bigtime:ndjson", by: "trackops:json")
    #expect(trip.back.text == clients)
  }

  static let sharing: [(json: String, name: String)] = [
    (#"{"SystemId":1,"Nm":"Ash"}"#, "Ash"), (#"{"SystemId":1,"Nm":"Cedar","LegalNm":"Cedar Inc"}"#, "Cedar"),
    (#"{"SystemId":2,"Nm":"Birch","LegalNm":"Birch Ltd"}"#, "Birch"), (#"{"SystemId":1,"Nm":"Elm"}"#, "Elm"),
    (#"{"SystemId":1,"Nm":"Fir","LegalNm":"Fir Inc"}"#, "Fir"),
  ]

  @Test(arguments: [[1, 2, 3, 4], [0, 2, 3, 4], [0, 1, 2, 3], [4], [4, 3, 2, 1, 0], [3, 4, 0, 1], [1, 3]], [600, 4 << 20])
  func recordsThatShareAnIdFindTheirOwnLinesWhereOthersAreGoneOrMoved(_ left: [Int], _ window: Int) throws {
    let all = RestoreRulesTests.sharing
    let trip = try RestoreTests.trip(
      Array((all.map(\.json).joined(separator: "\n") + "\n").utf8), "bigtime:ndjson", by: "harvest:ndjson",
      edit: { bytes, _ in
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        bytes = Array((left.map { lines[$0] }.joined(separator: "\n") + "\n").utf8)
      }, back: { $0.restoreMemory = .init(window: window, index: 1 << 16) })
    #expect(trip.back.text == left.map { all[$0].json + "\n" }.joined())
    #expect(trip.back.codes.contains(.repeatedKey))
  }

  @Test func recordsThatShareIdAndValuesAreTakenInTheirOrder() throws {
    let clients = #"""
      {"SystemId":1,"Nm":"Ash"}
      {"SystemId":1,"Nm":"Ash","LegalNm":"Ash Inc"}
      {"SystemId":1,"Nm":"Ash"}
      {"SystemId":1,"Nm":"Ash","LegalNm":"Ash Ltd"}

      """#
    #expect(try RestoreTests.trip(Array(clients.utf8), "bigtime:ndjson", by: "trackops:json").back.text == clients)
  }

  @Test func linesThatStandTwiceCountOnce() throws {
    let trip = try RestoreRulesTests.trip(
      RestoreRulesTests.three.replacing(":2,", with: ":1,"), "bigtime:json", by: "harvest:json", residue: { $0 + $0 })
    #expect(try RestoreRulesTests.legalNames(trip) == ["A Ltd", "B Ltd", "C Ltd"])
    let restored = try #require(trip.back.summary.restored)
    #expect((restored.records, restored.added, restored.removed, restored.unplaced, restored.repeated) == (3, 0, 0, 0, 1))
    #expect(!trip.back.codes.contains(.removedRecord))
  }

  @Test func aRecordThatTookAnotherLineOfItsIdIsReported() throws {
    let trip = try RestoreTests.trip(
      Array(RestoreRulesTests.three.replacing(":2,", with: ":1,").utf8), "bigtime:json", by: "harvest:json",
      edit: { bytes, _ in bytes = Array(#"[{"client":{"id":1,"name":"B & Co"}},{"client":{"id":2,"name":"N"}}]"#.utf8) })
    #expect(try RestoreRulesTests.legalNames(trip) == ["A Ltd", "-"])
    #expect(trip.back.said.filter { $0.code == .repeatedKey }.count == 1)
    #expect(trip.back.said.filter { $0.code == .removedRecord }.map(\.help).count == 2)
  }

  @Test func equalRecordsWithoutIdsKeepTheirOrder() throws {
    let clients = ["A", "B", "C", "A", "D"].enumerated().map { #"{"Nm":"\#($1)","LegalNm":"\#($1) \#($0)"}"# }
    func names(_ order: [Int]) throws -> (names: [String], isSaid: Bool) {
      let trip = try RestoreTests.trip(
        Array("[\(clients.joined(separator: ","))]".utf8), "bigtime:json", by: "harvest:ndjson",
        edit: { bytes, _ in
          let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
          bytes = Array((order.map { lines[$0] }.joined(separator: "\n") + "\n").utf8)
        })
      return (try RestoreRulesTests.legalNames(trip), trip.back.codes.contains(.repeatedKey))
    }
    var got = try names([2, 0, 1, 3, 4])
    #expect(got.names == ["C 2", "A 0", "B 1", "A 3", "D 4"] && got.isSaid)
    // Nothing but their order tells which of the two is left.
    got = try names([1, 2, 3, 4])
    #expect(got.names == ["B 1", "C 2", "A 0", "D 4"] && got.isSaid)
    got = try names([0, 1, 2, 3, 4])
    #expect(got.names == ["A 0", "B 1", "C 2", "A 3", "D 4"] && !got.isSaid)
  }

  /// What says nothing in the other system is an empty record there.
  @Test(arguments: ["trackops:ndjson", "trackops:json", "trackops:csv", "harvest:json", "harvest:xml", "zoho-people:json", "zoho-people:xml", "canonical:json"])
  func recordsThatAreEmptyOnTheOtherSideComeBack(_ by: String) throws {
    let clients = #"""
      {}
      {"LegalNm":"A Ltd"}
      {"SystemId":1,"Nm":"A"}
      {}
      {"LegalNm":"B Ltd"}

      """#
    let trip = try RestoreTests.trip(Array(clients.utf8), "bigtime:ndjson", by: by, there: { $0.audit = .all }, back: { $0.audit = .all })
    #expect(trip.back.text == clients)
  }

  // MARK: - Maps of ids

  /// The ids of the way there are other records' ids now, so what the map says has to come first.
  @Test func aMapOfIdsComesBeforeTheIdsOfTheWayThere() throws {
    let map = FileManager.default.temporaryDirectory.appending(path: "crosswalk-map-\(UUID().uuidString).csv")
    defer { try? FileManager.default.removeItem(at: map) }
    try Data("source_id,target_id\n1,2\n2,3\n".utf8).write(to: map)
    let trip = try RestoreTests.trip(
      Array(RestoreRulesTests.three.utf8), "bigtime:json", by: "harvest:json",
      edit: { bytes, _ in
        bytes = Array(#"[{"client":{"id":2,"name":"A"}},{"client":{"id":3,"name":"B"}},{"client":{"id":9,"name":"N"}}]"#.utf8)
      }, back: { $0.ids = map.path })
    #expect(try RestoreRulesTests.legalNames(trip) == ["A Ltd", "B Ltd", "-"])
    #expect(try JSONReference.parse(trip.back.output).items.map { $0["SystemId"] } == [.number("1"), .number("2"), .number("9")])
    let same = try RestoreRulesTests.trip(
      RestoreRulesTests.three.replacing(":3,", with: ":7,").replacing(":2,", with: ":6,"), "bigtime:json", by: "harvest:json",
      back: { $0.ids = map.path })
    #expect(try RestoreRulesTests.legalNames(same) == ["A Ltd", "B Ltd", "C Ltd"])
    #expect(same.back.said.filter { $0.code == .repeatedKey }.count == 1)
  }

  @Test(arguments: ["trackops:csv", "trackops:json", "harvest:xml", "zoho-people:json"])
  func columnsThatNoFieldNamesComeBackIntoCSV(_ by: String) throws {
    let rows = "SystemId,Nm,Color\n1,A,red\n2,B,blue\n"
    let trip = try RestoreTests.trip(Array(rows.utf8), "bigtime:csv", by: by)
    let lines = trip.back.text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let columns = ["SystemId", "Nm", "Color"].map { name in lines[0].firstIndex { $0 == name } }
    #expect(lines.map { line in columns.map { $0.map { String(line[$0]) } } } == [["SystemId", "Nm", "Color"], ["1", "A", "red"], ["2", "B", "blue"]])
  }
}
