import Crosswalk
import CrosswalkFormats
import CrosswalkMapping
import CrosswalkModel
import CrosswalkPipeline
import CrosswalkReference
import TestSupport
import Testing

/// Records along one way, each value of them held to what the mapping files predict.
struct PredictedRun {
  /// How a value fared, or may fare.
  struct Fared: Hashable, CustomStringConvertible {
    var fate: Prediction.Fate
    var reason: Prediction.Reason?

    init(_ fate: Prediction.Fate, _ reason: Prediction.Reason? = nil) { (self.fate, self.reason) = (fate, reason) }
    init(_ outcome: Prediction.Outcome) { self.init(outcome.fate, outcome.reason) }
    var description: String { "\(fate)" + (reason.map { " \($0)" } ?? "") }
  }

  /// Something that is predicted of a leaf, or of any.
  struct Claim: Hashable, CustomStringConvertible {
    var leaf: String?
    var exception: Prediction.Exception
    var description: String { "\(leaf ?? "any"): \(Fared(exception.outcome)) when \(exception.condition.text("the target"))" }
  }

  let way: TwinTests.Case
  let prediction: Prediction
  let source: ReferenceSystem
  private let judge: ConditionJudge
  private let sets: [(String, Tree)]
  private let returns: ReturnPrediction?
  private var reference: ReferenceConversion
  /// The way from the target's records to those of the canonical model that hold them in `native`.
  private let natives: (records: ReferenceConversion, prediction: Prediction)?

  /// What is wrong, with a record.
  private var problems: [String: String] = [:]
  /// Predicted, and has not made a record differ.
  private(set) var open: Set<Claim> = []
  private(set) var claims = 0
  private(set) var values = 0
  private(set) var rejected = 0
  private var records: [Tree] = []
  /// The fates of mapped leaves, and the reasons of parking.
  private var fates: [String: [Prediction.Fate: Int]] = [:]
  private var reasons: [Prediction.Reason: Int] = [:]

  init(_ way: TwinTests.Case) throws {
    self.way = way
    sets = PredictionTests.sets(way.shape)
    prediction = try PredictionTests.prediction(way, sets: sets)
    source = try Twin.system(way.from)
    let target = try Twin.system(way.to)
    judge = ConditionJudge(prediction, from: source, to: target, sets: sets)
    reference = ReferenceConversion(from: source, to: target, shape: way.shape)
    reference.set = Dictionary(uniqueKeysWithValues: sets)
    returns = way.shape == .list && way.to != "canonical" ? try Self.returns(way, prediction) : nil
    if way.from == "canonical", target.formats.contains(way.input) {
      let there = TwinTests.Case(from: way.to, to: way.from, input: way.input, output: way.input, shape: .list)
      natives = (ReferenceConversion(from: target, to: source), try PredictionTests.prediction(there, sets: []))
    } else {
      natives = nil
    }
    for leaf in prediction.sources {
      for exception in leaf.exceptions { open.insert(Claim(leaf: leaf.name, exception: exception)) }
    }
    for exception in prediction.everywhere where exception.condition != .character {
      if exception.condition == .native, natives == nil { continue }
      open.insert(Claim(exception: exception))
    }
    claims = open.count
  }

  private static func returns(_ way: TwinTests.Case, _ there: Prediction) throws -> ReturnPrediction {
    let back = Prediction(
      from: there.target, way.output, to: there.source, way.input, shape: .list, canonical: try #require(PredictionTests.model),
      transforms: TransformTable.specs)
    return ReturnPrediction(there: there, back: back)
  }

  private mutating func note(_ problem: String, _ record: Tree) {
    if problems[problem] == nil { problems[problem] = record.json }
  }

  func expectNoProblems(_ note: String) {
    for (problem, record) in problems.sorted(by: { $0.key < $1.key }).prefix(5) {
      Issue.record("\(note), \(way.testDescription): \(problem)\n  in \(record)")
    }
  }

  func expectThatEverythingOccurred(_ note: String) {
    #expect(open.map(\.description).sorted() == [], "\(note), \(way.testDescription)")
  }

  // MARK: - One record

  mutating func take(_ record: Tree) {
    records.append(record)
    if way.shape == .update {
      // Every id is in the map.
      let id = try? source.read(record, format: way.input).values["id"]
      let text = id.map { $0.isBlankText ? "" : TwinTests.text($0) } ?? ""
      reference.ids = text.isEmpty ? [:] : [Array(text.utf8): Array("9\(text.filter(\.isNumber))".utf8)]
    }
    let converted: ReferenceConversion.Converted
    do {
      converted = try reference.convert(record, way.input, to: way.output)
    } catch {
      refused(record, error)
      return
    }
    let judged = judge.record(record, converted.canonical.leaves)
    for leaf in converted.canonical.leaves where leaf.field != nil {
      let name = String(decoding: leaf.path, as: UTF8.self)
      guard let predicted = prediction.source(named: name) else {
        note("\(name) is no leaf of the prediction", record)
        continue
      }
      let standing = converted.target.leaves.filter { !$0.isSupplied && !$0.from.isDisjoint(with: leaf.feeds) }
      for target in standing {
        let other = String(decoding: target.path, as: UTF8.self)
        if !prediction.allows(sourceLeaf: name, targetLeaf: other) { note("\(name) -> \(other) is not predicted", record) }
      }
      let fared = Self.fared(leaf, standing, converted)
      judgeFate(leaf.value, fared, predicted, judged)
      values += 1
      fates[name, default: [:]][fared.fate, default: 0] += leaf.value.leafCount
      if let reason = fared.reason { reasons[reason, default: 0] += leaf.value.leafCount }
      alwaysKept(leaf.value, predicted, standing, record)
      if let returns { comesBack(leaf, predicted, returns, converted, record) }
    }
  }

  /// The value fares as usual, or as one of the conditions says that hold.
  private mutating func judgeFate(
    _ value: Tree, _ fared: Fared, _ leaf: Prediction.SourceLeaf, _ judged: ConditionJudge.Record
  ) {
    let holding = judge.exceptions(of: leaf, in: judged)
    var allowed = Set(holding.map { Fared($0.outcome) })
    // What `native` says of other leaves is nothing to this one.
    if holding.allSatisfy({ $0.condition == .native }) { allowed.insert(Fared(leaf.usual)) }
    if !allowed.contains(fared) {
      let words = holding.map { "\"\($0.condition.text("the target"))\" (\(Fared($0.outcome)))" }
      note("\(leaf.name) is \(fared), usually \(Fared(leaf.usual)), where \(words) hold", judged.source)
      return
    }
    for exception in holding where Fared(exception.outcome) == fared {
      open.remove(Claim(leaf: leaf.name, exception: exception))
      open.remove(Claim(exception: exception))
    }
  }

  private static func fared(
    _ leaf: ReferenceCanonical.Leaf, _ standing: [ReferenceRecord.Leaf], _ converted: ReferenceConversion.Converted
  ) -> Fared {
    if let index = converted.residue.parked.firstIndex(where: { $0.path == leaf.path }) {
      return Fared(.parked, Prediction.Reason(rawValue: converted.residue.why[index].rawValue))
    }
    // Neither parked nor fed to anything: `native` has it, or brought it back.
    if standing.isEmpty { return Fared(.kept) }
    let literal = PredictionTests.characters(leaf.value)
    return Fared(standing.contains { PredictionTests.characters($0.value) == literal } ? .kept : .recoded)
  }

  /// A way that is always kept carries every value that went along it.
  private mutating func alwaysKept(
    _ value: Tree, _ leaf: Prediction.SourceLeaf, _ standing: [ReferenceRecord.Leaf], _ record: Tree
  ) {
    guard way.to != "canonical", !PredictionTests.isContainer(value) else { return }
    for edge in leaf.edges where edge.isAlwaysKept && edge.leg == 0 {
      let other = prediction.targets[edge.target].name
      let target = standing.first { String(decoding: $0.path, as: UTF8.self) == other }
      if PredictionTests.characters(target?.value ?? .object([])) != PredictionTests.characters(value) {
        note("\(leaf.name) -> \(other) is not always kept", record)
      }
    }
  }

  /// What is said to return always by itself is no matter of the residue.
  private mutating func comesBack(
    _ leaf: ReferenceCanonical.Leaf, _ predicted: Prediction.SourceLeaf, _ returns: ReturnPrediction,
    _ converted: ReferenceConversion.Converted, _ record: Tree
  ) {
    guard !PredictionTests.isContainer(leaf.value), let returning = returns.leaves.first(where: { $0.name == predicted.name })
    else { return }
    let isMissing = (converted.residue.parked + converted.residue.original).contains { $0.path == leaf.path }
    let type = prediction.source.fields[predicted.field].type
    let isOfItsKind =
      switch leaf.value {
      case .number: type == .integer
      case .bool: type == .boolean
      case .text(let text): text.isEmpty || type != .integer && type != .boolean
      default: true
      }
    if returning.isAlwaysByItself, isMissing, isOfItsKind || way.input != .json {
      note("\(predicted.name) does not always return by itself", record)
    }
    if !returning.comesBack, !isMissing, !leaf.value.isBlankText { note("\(predicted.name) returns by itself", record) }
  }

  /// A record is refused for a value of which that is predicted, or for what it lacks.
  private mutating func refused(_ record: Tree, _ reject: ReferenceReject) {
    rejected += 1
    guard let read = try? source.read(record, format: way.input) else { return }
    for leaf in read.leaves where leaf.field != nil {
      fates[String(decoding: leaf.path, as: UTF8.self), default: [:]][.rejected, default: 0] += leaf.value.leafCount
    }
    guard reject.why == .failed || reject.why == .missing || reject.why == .noId else { return }
    let judged = judge.record(record, read.leaves)
    let causes = prediction.sources.filter { leaf in
      if reject.why == .noId { return leaf.feeds == ["id"] }
      return leaf.edges.contains { prediction.target.fields[prediction.targets[$0.target].field].name == reject.field }
    }
    var isPredicted = false
    // Where `--set` gave the value, it is no leaf's.
    var isThere = false
    for leaf in causes {
      guard let value = judged.values[leaf.name] else { continue }
      if !value.isBlankText || !sets.contains(where: { leaf.feeds.contains($0.0) }) { isThere = true }
    }
    // Of several reasons the run tells the first.
    for leaf in prediction.sources {
      for exception in judge.exceptions(of: leaf, in: judged) where exception.outcome.fate == .rejected {
        open.remove(Claim(leaf: leaf.name, exception: exception))
        isPredicted = true
      }
    }
    if isThere, !isPredicted { note("the record is rejected for \(reject.field), \(reject.why)", record) }
  }

  // MARK: - The run

  /// The plan gives the same leaves the same fates, for the same reasons.
  func expectThatTheRunAgrees(_ note: String) throws {
    // The map of an update is a file, and one for all records.
    guard way.shape != .update else { return }
    let bytes = try source.document(of: records, shape: .list, format: way.input)
    let run = try Conversion.run(bytes, "\(way.from):\(way.input)", to: "\(way.to):\(way.output)") { job in
      job.shape = way.shape
      job.set = sets.map { .init(field: $0.0, value: TwinTests.text($0.1)) }
      job.maxRejects = .percent(100)
      job.jobs = 1
    }
    for leaf in prediction.sources {
      let mine = fates[leaf.name] ?? [:]
      let theirs = run.summary.fields[leaf.name]
      let counts: [Prediction.Fate: Int?] = [
        .kept: theirs?.kept, .recoded: theirs?.recoded, .parked: theirs?.parked, .rejected: theirs?.rejected,
      ]
      for (fate, count) in counts where mine[fate, default: 0] != count ?? 0 {
        let both = "\(mine[fate, default: 0]) are \(fate), \(count ?? 0) in the run"
        Issue.record("\(note), \(way.testDescription): of \(leaf.name) \(both)")
      }
    }
    // Of what no mapping names the run counts the leaves, one by one.
    for reason in Prediction.Reason.allCases where reason != .noPlace && way.to != "canonical" {
      let count = run.summary.parked.first { $0.key.rawValue == reason.rawValue }?.value ?? 0
      #expect(reasons[reason, default: 0] == count, "\(note), \(way.testDescription): parked as \(reason)")
    }
  }

  // MARK: - Generated records

  /// Anything anywhere, or what a condition is about.
  mutating func takeGenerated(_ random: inout Random) {
    if Int.random(in: 0..<3, using: &random) == 0 {
      return take(PredictionTests.record(source, prediction, way.input, &random))
    }
    let claim = Bool.random(using: &random) ? nil : anyClaim(&random)
    takeDirected(claim, Int.random(in: 0..<1000, using: &random), &random)
  }

  private func anyClaim(_ random: inout Random) -> Claim? {
    guard let leaf = prediction.sources.randomElement(using: &random),
      let exception = leaf.exceptions.randomElement(using: &random)
    else { return nil }
    return Claim(leaf: leaf.name, exception: exception)
  }

  /// Records for what has not occurred yet, each claim so many times at most.
  mutating func takeDirected(times: Int, _ random: inout Random) {
    for claim in open.sorted(by: { $0.description < $1.description }) {
      for attempt in 0..<times where open.contains(claim) { takeDirected(claim, attempt, &random) }
    }
  }

  private static let blanks = Twin.values.filter(\.isBlankText)
  private static let containers = Twin.values.filter(PredictionTests.isContainer)
  private static let somethings = Twin.values.filter { !$0.isBlankText && !PredictionTests.isContainer($0) }

  /// For the log of a long run.
  var figures: String {
    "\(way.testDescription): \(records.count) records, \(values) values, \(rejected) rejected, \(claims - open.count) of \(claims) conditions"
  }

  /// A record in which a leaf stands by itself, or beside what the condition names.
  ///
  /// - attempt: each has another value.
  private mutating func takeDirected(_ claim: Claim?, _ attempt: Int, _ random: inout Random) {
    var members: [String: Tree] = [:]
    func any(_ values: [Tree]) -> Tree { values[attempt % values.count] }
    func something() -> Tree { Self.somethings.randomElement(using: &random) ?? .null }
    if claim?.exception.condition == .native, let natives {
      let record = PredictionTests.record(natives.records.from, natives.prediction, way.input, &random)
      if let converted = try? natives.records.convert(record, way.input, to: way.input) { take(converted.target.tree) }
      return
    }
    for target in prediction.targets where target.isRequired {
      guard let leaf = target.feeders.first.map({ prediction.sources[$0] }) else { continue }
      if !sets.contains(where: { leaf.feeds.contains($0.0) }) { members[leaf.name] = .text("17") }
    }
    for leaf in prediction.sources where leaf.feeds == ["id"] && way.shape == .update { members[leaf.name] = .text("17") }
    guard let leaf = claim?.leaf.flatMap(prediction.source) ?? prediction.sources.randomElement(using: &random) else { return }
    switch claim?.exception.condition {
    case nil: members[leaf.name] = any(Twin.values)
    case .null, .nullBeside: members[leaf.name] = .null
    case .empty, .emptyBeside: members[leaf.name] = .text([])
    case .filled: members[leaf.name] = any(Self.blanks)
    case .container: members[leaf.name] = any(Self.containers)
    case .moreLines: members[leaf.name] = any([.text("a\nb"), .text("a\r\n\r\nb\nc\nd"), .text("a\rb\nc\n")])
    default: members[leaf.name] = any(Self.somethings)
    }
    func put(_ value: Tree, feeding name: String) {
      for other in prediction.sources where other.feeds.contains(name) && other.name != leaf.name { members[other.name] = value }
    }
    switch claim?.exception.condition {
    case .taken(let names), .joined(let names), .filled(let names):
      if let name = names.randomElement(using: &random), !name.hasPrefix("--set") { members[name] = something() }
    case .nullBeside(let names): if let name = names.randomElement(using: &random) { members[name] = .text([]) }
    case .emptyBeside(let names): if let name = names.randomElement(using: &random) { members[name] = .null }
    case .notListed, .spelling:
      if leaf.feeds == ["address.region"] { put(.text("US"), feeding: "address.country") }
    case .otherCode(let name): put(.text("USD"), feeding: name)
    case .sameSpelling: if leaf.feeds == ["currency.code"] { put(members[leaf.name] ?? .null, feeding: "currency.label") }
    default: break
    }
    // Its own id is not looked up.
    if way.from == "canonical", way.shape == .update, Int.random(in: 0..<3, using: &random) == 0 {
      members["system"] = .text(Array(way.to.utf8))
    }
    // What `--set` gives stands in each record, but for those that have something unreadable there.
    var isAboutSpelling = false
    if case .spelling? = claim?.exception.condition { isAboutSpelling = true }
    if !isAboutSpelling, Bool.random(using: &random) {
      for (name, _) in sets where Int.random(in: 0..<3, using: &random) > 0 { put(.array([]), feeding: name) }
    }
    take(Twin.record(source, members.sorted { $0.key < $1.key }.map { (PathStep.parse($0.key) ?? [], $0.value) }, way.input))
  }
}

extension Tree {
  /// The leaves in it: an object or a list without members is one.
  fileprivate var leafCount: Int {
    switch self {
    case .object(let members) where !members.isEmpty: members.reduce(0) { $0 + $1.value.leafCount }
    case .array(let items) where !items.isEmpty: items.reduce(0) { $0 + $1.leafCount }
    default: 1
    }
  }
}
