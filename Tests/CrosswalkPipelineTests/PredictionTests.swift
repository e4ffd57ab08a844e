import Crosswalk
import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkPipeline
import CrosswalkReference
import Foundation
import TestSupport
import Testing

/// Every movement of a value that a run or the reference interpreter makes is one that the mapping files predict, and
/// no value differs that the prediction called always kept (SEMANTICS S4, S23).
@Suite struct PredictionTests {
  typealias Case = TwinTests.Case

  /// All 20 ordered pairs, in every format that both have, in each shape that the target has in it.
  static let cases: [Case] = Twin.pairs.flatMap { pair -> [Case] in
    guard let from = systems[pair[0]], let to = systems[pair[1]] else { return [] }
    return [Format.json, .xml, .csv].filter(from.formats.contains).flatMap { input in
      to.shapes.flatMap { rules in
        rules.write.filter { rules.shape != .single || $0.format == .json }.map {
          Case(from: pair[0], to: pair[1], input: input, output: $0.format, shape: rules.shape)
        }
      }
    }
  }

  /// Those that generated records are sent along.
  static let sampled = RoundTripTests.sampled(cases, oneOf: 4)

  static let model: CanonicalModel? = try? MappingLibrary().canonical()

  static let systems: [String: System] = {
    guard let library = try? MappingLibrary(), let model else { return [:] }
    var all: [String: System] = [:]
    for name in library.names { all[name] = library.system(name, canonical: model).0 }
    return all
  }()

  static func prediction(_ way: Case, sets: [(String, Tree)]) throws -> Prediction {
    Prediction(
      from: try #require(systems[way.from]), way.input, to: try #require(systems[way.to]), way.output, shape: way.shape,
      canonical: try #require(model), sets: sets.map { (field: $0.0, value: $0.1) },
      transforms: TransformTable.specs)
  }

  static func plan(_ way: Case, sets: [(String, Tree)], keepsResidue: Bool = false) throws -> Plan {
    var settings = PlanSettings(canonical: try #require(model), tables: { _ in nil })
    settings.sets = sets.map { (field: $0.0, value: $0.1) }
    return Plan(
      source: try #require(systems[way.from]), sourceFormat: way.input, target: try #require(systems[way.to]),
      targetFormat: way.output, shape: way.shape, settings: settings, keepsResidue: keepsResidue)
  }

  static func sets(_ shape: Shape) -> [(String, Tree)] { shape == .create ? TwinTests.set : [] }

  @Test func thereAreCasesOfEveryPairAndShape() {
    #expect(Set(Self.cases.map { "\($0.from) \($0.to)" }).count == 20)
    #expect(Set(Self.cases.map(\.shape)) == Set(Shape.allCases))
    #expect(Set(Self.cases.map(\.output)) == [.json, .xml, .csv, .form])
  }

  /// Leaves by the same names, and the same leaves that nothing of the target can take.
  @Test(arguments: RoundTripTests.sampled(PredictionTests.cases, oneOf: 3)) func leavesAndRequirementsAreThePlans(_ way: Case) throws {
    for sets in [[], TwinTests.set] {
      let prediction = try Self.prediction(way, sets: sets)
      let plan = try Self.plan(way, sets: sets)
      #expect(prediction.sources.map(\.name) == plan.sourceLeaves.filter { $0.field >= 0 }.map(\.name))
      #expect(prediction.targets.map(\.name) == plan.targetLeaves.filter { $0.leaf.field >= 0 }.map(\.leaf.name))
      #expect(prediction.unfedRequirements.map(\.name) == plan.unfedRequirements.map(\.leaf.name))
      for (leaf, reason) in zip(prediction.sources, plan.staticParking) {
        #expect(leaf.edges.isEmpty == (reason != nil), "\(leaf.name)")
        if let reason, way.to != "canonical" { #expect(leaf.usual.reason?.rawValue == reason.rawValue, "\(leaf.name)") }
      }
      for (fed, leaf) in zip(plan.targetLeaves.map(\.isFed), prediction.targets) where !sets.isEmpty || !fed {
        if !fed { #expect(leaf.feeders.isEmpty, "\(leaf.name)") }
      }
    }
  }

  // MARK: - Generated and realistic records

  @Test(
    .enabled(if: Repository.isCI || Repository.shared("perf/gen.py") != nil),
    arguments: ["bigtime", "trackops", "harvest", "zoho"])
  func everyMovementOfRealisticRecordsIsPredicted(_ vendor: String) throws {
    let seed = 11
    let name = vendor == "zoho" ? "zoho-people" : vendor
    let format: Format = vendor == "harvest" ? .xml : .json
    let bytes = try RoundTripTests.generated(vendor, format.rawValue, RoundTripTests.corpora ? 1000 : 6, seed: seed)
    let records = try Twin.system(name).documents(in: bytes, format: format).records.map { try $0.get() }
    for way in Self.sampled where way.from == name && way.input == format {
      var run = try PredictedRun(way)
      for record in records { run.take(record) }
      run.expectNoProblems("gen.py --seed \(seed)")
      try run.expectThatTheRunAgrees("gen.py --seed \(seed)")
    }
  }

  /// The prediction is no wider than it has to be: of the ways that it allows, generated records take all.
  @Test(
    arguments: RoundTripTests.sampled(
      PredictionTests.cases.filter { $0.shape == .list && $0.input == .json && $0.output == .json }, oneOf: 2))
  func everyPredictedWayIsTaken(_ way: Case) throws {
    let seed = TwinTests.seed &+ 8
    var random = Random(seed: seed)
    let source = try Twin.system(way.from)
    let prediction = try Self.prediction(way, sets: [])
    let reference = ReferenceConversion(from: source, to: try Twin.system(way.to))
    var open = Set(
      prediction.sources.flatMap { leaf in
        leaf.edges.map { "\(leaf.name) -> \(prediction.targets[$0.target].name), leg \($0.leg)" }
      })
    for count in 0..<6000 where !open.isEmpty {
      let record = count % 2 == 0 ? Self.record(source, prediction, .json, &random) : Self.sparse(prediction, &random)
      guard let converted = try? reference.convert(record, .json, to: .json) else { continue }
      for leaf in converted.canonical.leaves {
        for target in converted.target.leaves where !target.from.isDisjoint(with: leaf.feeds) {
          let name = String(decoding: target.path, as: UTF8.self)
          let place = try #require(prediction.targets.first { $0.name == name })
          for number in target.via == nil ? [0] : Array(place.legs.indices.dropFirst()) {
            open.remove("\(String(decoding: leaf.path, as: UTF8.self)) -> \(name), leg \(number)")
          }
        }
      }
    }
    #expect(open.sorted() == [], "seed \(seed)")
  }

  /// A record with two or three leaves, so that fallbacks have their turn.
  static func sparse(_ prediction: Prediction, _ random: inout Random) -> Tree {
    var record: Tree = .object([])
    // A region needs its country.
    let (region, country) = [("FL", "US"), ("Florida", "USA"), ("Bayern", "Germany"), ("BY", "DE")].randomElement(
      using: &random)!
    if Int.random(in: 0..<4, using: &random) == 0 {
      for leaf in prediction.sources where !Set(leaf.feeds).isDisjoint(with: ["address.region", "address.country"]) {
        let value = Tree.text(leaf.feeds == ["address.region"] ? region : country)
        record = RecordTree.insert(value, at: path(leaf, prediction)[...], into: record)
      }
    }
    // Or leaves that want the same place, one of them perhaps without a value.
    let shared = prediction.targets.filter { $0.feeders.count > 1 }.randomElement(using: &random)
    let isShared = Bool.random(using: &random)
    let leaves = isShared ? shared?.feeders.map { prediction.sources[$0] } ?? [] : prediction.sources
    for leaf in leaves.shuffled(using: &random).prefix(3) {
      let isBlank = isShared && Int.random(in: 0..<3, using: &random) == 0
      let value =
        Twin.values.filter { isBlank ? $0.isBlankText : !isContainer($0) }.randomElement(using: &random) ?? .null
      record = RecordTree.insert(value, at: path(leaf, prediction)[...], into: record)
    }
    return record
  }

  /// The place of a leaf in a JSON record.
  static func path(_ leaf: Prediction.SourceLeaf, _ prediction: Prediction) -> [PathStep] {
    (PathStep.parse(leaf.name) ?? []).map { step in
      guard case .name(let name) = step else { return step }
      let rule = prediction.source.names.first { $0.format == .json && !$0.from.isEmpty }
      return .name(rule.map { name.replacing($0.from, with: $0.to) } ?? name)
    }
  }

  /// A record with anything anywhere, in further lines and members of fields as well.
  static func record(_ source: ReferenceSystem, _ prediction: Prediction, _ format: Format, _ random: inout Random)
    -> Tree
  {
    if format == .json, Int.random(in: 0..<3, using: &random) == 0 { return sparse(prediction, &random) }
    var record = Twin.record(source, format, &random)
    for leaf in prediction.sources where leaf.name != prediction.source.fields[leaf.field].name && format != .xml {
      guard Bool.random(using: &random) else { continue }
      let value: Tree = [.text("Suite 2"), .text("a\nb"), .text("")].randomElement(using: &random) ?? .null
      if format == .csv, case .object(let members) = record {
        record = .object(members + [Tree.Member(leaf.name, value)])
      } else if format == .json {
        record = RecordTree.insert(value, at: path(leaf, prediction)[...], into: record)
      }
    }
    return record
  }

  static func isContainer(_ tree: Tree) -> Bool {
    switch tree {
    case .object, .array: true
    default: false
    }
  }

  /// The literal, whatever its kind.
  static func characters(_ tree: Tree) -> String {
    switch tree {
    case .null: "null"
    case .text(let text) where text.isEmpty: "\"\""
    default: TwinTests.text(tree)
    }
  }
}

extension Tree {
  /// Null or empty.
  var isBlankText: Bool { self == .null || self == .text([]) }
}
