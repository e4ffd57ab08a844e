import Crosswalk
import CrosswalkFormats
import CrosswalkModel
import CrosswalkPipeline
import TestSupport
import Testing

/// What `explain` says of a field holds of each value of each record: it fares as usual where none of the conditions holds that the
/// prediction names of its leaf, and otherwise as one of those says that hold. And each condition makes a generated record differ
/// (SEMANTICS S23).
@Suite struct ConditionTests {
  typealias Case = TwinTests.Case

  /// Records of the first way of a pair, the list of JSON, and of each of the others.
  static let counts = RoundTripTests.corpora ? (10_000, 1000) : (3, 2)

  @Test(arguments: PredictionTests.sampled) func everyValueOfGeneratedRecordsFaresAsPredicted(_ way: Case) throws {
    let seed = TwinTests.seed &+ 7
    var random = Random(seed: seed)
    var run = try PredictedRun(way)
    let isFirst = way.input == .json && way.output == .json && way.shape == .list
    for _ in 0..<(isFirst ? Self.counts.0 : Self.counts.1) { run.takeGenerated(&random) }
    run.expectNoProblems("seed \(seed)")
    try run.expectThatTheRunAgrees("seed \(seed)")
    if RoundTripTests.corpora { print("generated", run.figures) }
  }

  @Test(arguments: RoundTripTests.sampled(PredictionTests.cases, oneOf: 30)) func everyConditionMakesARecordDiffer(_ way: Case) throws {
    let seed = TwinTests.seed &+ 9
    var random = Random(seed: seed)
    var run = try PredictedRun(way)
    run.takeDirected(times: 150, &random)
    run.expectNoProblems("seed \(seed)")
    run.expectThatEverythingOccurred("seed \(seed)")
    if RoundTripTests.corpora { print("directed", run.figures) }
  }

  @Test func aTextWithAnEmptyLineIsRecodedWhereItsLinesStandApart() throws {
    for street in [#"a\n"#, #"\na"#, #"\n"#, #"a\n\nb"#] {
      let run = try Conversion.run(#"{"SystemId":7,"Nm":"Lark","Address":"\#(street)"}"#, "bigtime:ndjson", to: "trackops:ndjson")
      #expect(run.summary.fields["Address"]?.recoded == 1, "\(street)")
    }
  }

  @Test func ofACodeAndALabelThatAreBlankTheLabelIsWritten() throws {
    for (currency, written) in [(#"{"code":"","label":null}"#, "null"), (#"{"code":null,"label":""}"#, #""""#), (#"{"code":""}"#, #""""#)] {
      let run = try Conversion.run(#"{"name":"Lark","currency":\#(currency)}"#, "canonical:ndjson", to: "harvest:ndjson") { $0.audit = .all }
      #expect(run.text == #"{"client":{"name":"Lark","currency":\#(written)}}"# + "\n")
    }
  }

  @Test func aLineBesideAnObjectIsParkedWithItWhateverElseTheTargetComposes() throws {
    let source = #"{"name":"Lark","primary_location":{"address_1":{},"address_2":"b","city":"c"}}"#
    let run = try Conversion.run(source, "trackops:ndjson", to: "harvest:ndjson")
    #expect(run.text == #"{"client":{"name":"Lark","details":"c"}}"# + "\n")
    #expect(run.residue.first?["parked"]?.json == #"{"primary_location.address_1":{},"primary_location.address_2":"b"}"#)
    #expect(run.summary.parked[.failed] == 2)
  }
}
