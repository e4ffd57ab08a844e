import Crosswalk
import CrosswalkFormats
import CrosswalkModel
@testable import CrosswalkPipeline
import Foundation
import TestSupport
import Testing

/// `details: split`: what a block of free text is read into, and how it comes back.
@Suite struct BlockTests {
  static func split(_ job: inout ConvertJob) {
    job.options = [ConvertJob.OptionChoice(system: "harvest", name: "details", value: "split")]
    job.audit = .none
  }

  static func input(_ block: String, _ id: Int = 1) -> String {
    let record = Tree.object([.init("client", .object([.init("id", .number("\(id)")), .init("name", .text("Osprey")), .init("details", .text(block))]))])
    return "\(record.json)\n"
  }

  static func trip(_ block: String, by system: String, replacing edits: [(String, String)] = []) throws -> RestoreTests.Trip {
    try RestoreRulesTests.trip(
      input(block), "harvest:ndjson", by: "\(system):ndjson", there: split, replacing: edits, back: split)
  }

  static func details(_ trip: RestoreTests.Trip) throws -> Tree? {
    try JSONReference.parse(trip.back.output)["client"]?["details"]
  }

  static let boston =
    "Osprey Dental\r\n88 Quarry Road\r\nSuite 300\r\nBoston, MA 02118\r\nTel: 617-555-0142\r\nm: 917-555-0111\r\nwww.osprey.example\r\nopen till 5"

  @Test(arguments: ["bigtime", "trackops", "zoho-people", "canonical"])
  func theOriginalComesBackThroughEverySystem(system: String) throws {
    let blocks = [BlockTests.boston, "12 Park Row\nLeeds\nKent\nLS1 5HD", "10115 Berlin\nGermany\nFax: +49 30 5550142", "likes lilies", ""]
    let text = blocks.enumerated().map { BlockTests.input($1, $0) }.joined()
    let trip = try RestoreRulesTests.trip(
      text, "harvest:ndjson", by: "\(system):ndjson",
      there: {
        BlockTests.split(&$0)
        $0.audit = .all
      }, back: BlockTests.split)
    #expect(trip.back.text == text)
    #expect(trip.there.summary.audited == blocks.count)
  }

  @Test func partsStandInTheirFieldsAndTheRestInTheNotes() throws {
    let run = try Conversion.run(Array(BlockTests.input(BlockTests.boston).utf8), "harvest:ndjson", to: "bigtime:ndjson", change: BlockTests.split)
    #expect(
      run.text == #"""
        {"SystemId":1,"Nm":"Osprey","Address":"88 Quarry Road\nSuite 300","City":"Boston","State":"MA","Zip":"02118","MainPH":"617-555-0142","Notes":"Osprey Dental\nopen till 5"}

        """#)
  }

  @Test func editsStandInTheOriginalsLinesAndTheOtherLinesAreUntouched() throws {
    let trip = try BlockTests.trip(
      BlockTests.boston, by: "bigtime",
      replacing: [(#""City":"Boston""#, #""City":"Salem""#), (#""MainPH":"617-555-0142""#, #""MainPH":"617-555-0199","MainFX":"617-555-0143""#)])
    #expect(
      try BlockTests.details(trip)
        == .text(
          "Osprey Dental\r\n88 Quarry Road\r\nSuite 300\r\nSalem, MA 02118\r\nTel: 617-555-0199\r\nm: 917-555-0111\r\nwww.osprey.example\r\nopen till 5\n617-555-0143 (fax)"
        ))
    #expect(trip.back.summary.restored?.refused == 0)
  }

  @Test func aPartThatWasTakenOutGoesWithItsLine() throws {
    let trip = try BlockTests.trip(
      BlockTests.boston, by: "bigtime", replacing: [(#","MainPH":"617-555-0142""#, ""), (#"\nopen till 5"#, "")])
    #expect(
      try BlockTests.details(trip)
        == .text("88 Quarry Road\r\nSuite 300\r\nBoston, MA 02118\r\nm: 917-555-0111\r\nwww.osprey.example\nOsprey Dental"))
  }

  @Test func aTextOfWhichNothingIsCertainStaysWholeAndIsReported() throws {
    let block = "12 Birch Rd, Troy, NY 12180\nor 40 Congress St, Troy, NY 12180"
    let trip = try BlockTests.trip(block, by: "bigtime", replacing: [("or 40", "and 40")])
    #expect(trip.there.codes == [.unstructured])
    #expect(trip.there.summary.reported[.unstructured] == 1)
    #expect(try BlockTests.details(trip) == .text(block.replacing("or 40", with: "and 40")))
  }

  @Test func aComposedTextComesBackToItsPartsAlsoWhereItWasEdited() throws {
    let record = #"{"SystemId":1,"Nm":"Mill","Address":"4 Mill Lane","City":"Leeds","Zip":"LS1 4AP","MainFX":"0113 496 0001","Notes":"Net 30"}"#
    for (old, new) in [("", ""), ("4 Mill Lane", "5 Mill Lane")] {
      let trip = try RestoreRulesTests.trip(
        record + "\n", "bigtime:ndjson", by: "harvest:ndjson", there: BlockTests.split,
        replacing: old.isEmpty ? [] : [(old, new)], back: BlockTests.split)
      #expect(try JSONReference.parse(trip.back.output) == JSONReference.parse(Array((old.isEmpty ? record : record.replacing(old, with: new)).utf8)))
    }
    // A new record has no residue line: what we compose is read by the rules.
    let written = try Conversion.run(Array(record.utf8), "bigtime:ndjson", to: "harvest:ndjson", change: BlockTests.split)
    let back = try Conversion.run(written.output, "harvest:ndjson", to: "bigtime:ndjson", change: BlockTests.split)
    #expect(try JSONReference.parse(back.output) == JSONReference.parse(Array(record.utf8)))
  }

  /// One leaf has one fate: books, residue, budget and `explain` say the same of it.
  @Test func aTextOfWhichAPartStandsNowhereIsParkedWhateverItsOtherPartsGave() throws {
    let ways: [(block: String, target: String, why: ConvertSummary.ParkedReason?)] = [
      (BlockTests.boston, "bigtime", .noPlace), ("www.osprey.example", "bigtime", .noPlace), ("Boston, MA 02118", "bigtime", nil),
      ("Boston, MA 02118", "trackops", .failed), ("Boston, MA 02118\nUSA\nwww.osprey.example", "trackops", nil),
    ]
    for (block, target, why) in ways {
      var job: ConvertJob?
      let run = try Conversion.run(BlockTests.input(block), "harvest:ndjson", to: "\(target):ndjson") {
        BlockTests.split(&$0)
        $0.audit = .all
        job = $0
      }
      let details = try #require(run.summary.fields["details"])
      #expect((details.recoded, details.parked) == (why == nil ? (1, 0) : (0, 1)), "\(block), \(target)")
      #expect(run.summary.parked == (why.map { [$0: 1] } ?? [:]), "\(block), \(target)")
      #expect(run.residue.first?.parked("details") == (why == nil ? nil : .text(Array(block.utf8))), "\(block), \(target)")
      if why != nil { #expect(run.summary.values.onlyWithResidue == 0, "\(block), \(target)") }
      let predicted = try #require(job?.prediction().there.source(named: "details"))
      let reasons = predicted.exceptions.compactMap(\.outcome.reason)
      if let why { #expect(reasons.contains { $0.rawValue == why.rawValue }, "\(block), \(target)") }
      let budget = Result {
        try Conversion.run(BlockTests.input(block), "harvest:ndjson", to: "\(target):ndjson") {
          BlockTests.split(&$0)
          $0.allowParked = BlockTests.withoutPlace
        }.summary.failure
      }.mapError { ($0 as? Diagnostic)?.code.name == Code.parkedBudget.name ? Over.budget : Over.other("\($0)") }
      if why == nil {
        #expect(throws: Never.self, "\(block), \(target)") { try budget.get() }
      } else {
        #expect(throws: Over.budget, "\(block), \(target)") { try budget.get() }
      }
    }
  }

  private enum Over: Error, Equatable {
    case budget
    case other(String)
  }

  /// Fields that neither of the targets has.
  static let withoutPlace = [
    "active", "currency", "currency-symbol", "highrise-id", "cache-version", "default-invoice-timeframe", "last-invoice-kind", "default-invoice-kind",
    "statement-key", "address",
  ]

  @Test func explainHasTheWaysOfTheParts() throws {
    var job = ConvertJob(inputs: [], from: Conversion.endpoint("harvest"), to: Conversion.endpoint("bigtime"))
    BlockTests.split(&job)
    let details = try #require(job.prediction().there.source(named: "details"))
    #expect(details.edges.filter(\.isPart).flatMap(\.canonical).sorted() == [
      "address.city", "address.country", "address.postalCode", "address.region", "address.street", "notes", "phone.fax", "phone.main",
    ])
    #expect(details.usual.fate == .recoded)
    job.options = []
    #expect(try job.prediction().there.source(named: "details")?.edges.contains(where: \.isPart) == false)
  }
}
