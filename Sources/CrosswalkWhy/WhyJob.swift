import CrosswalkExplain
import CrosswalkFiles
import CrosswalkFormats
import CrosswalkMapping
package import CrosswalkModel
package import CrosswalkPipeline
import CrosswalkRoute
import Glibc

/// One question: where the values of a record of an output came from. The input is converted again, by the plan of a real run and
/// with one worker, up to the record that was written as the output's; what stands in the output is read by its own system's
/// reader. Memory does not grow with the files.
package struct WhyJob: Sendable {
  package var output: ConvertJob.Input
  /// The number of the record in the output, from 0, as in a residue's `at`.
  package var record: Int
  /// A field of the target; nil asks for all of the record's.
  package var field: String?
  /// How the output was made: its inputs, systems, shape, `set`, `options`, `restore`, `ids`, `mappings`. Where the target's format is
  /// not named it is the output's.
  package var conversion: ConvertJob

  package init(_ output: ConvertJob.Input, record: Int, field: String?, conversion: ConvertJob) {
    self.output = output
    self.record = record
    self.field = field
    self.conversion = conversion
  }

  /// - `report` gets what is to be said of the files as a whole.
  package func run(report: ((Diagnostic) -> Void)? = nil) throws(Diagnostic) -> WhyAnswer {
    _ = try InputSource.check([output] + conversion.inputs)
    let prediction = try conversion.prediction(report: report).there
    // What comes back may stand under a name that no field has: only the record tells.
    var unknown: Diagnostic?
    do throws(Diagnostic) {
      try check(prediction)
    } catch {
      guard conversion.restore != nil || prediction.source.name == CanonicalModel.name else { throw error }
      unknown = error
    }
    let found = try readOutput(report)
    var conversion = conversion
    conversion.to.format = found.format
    let watch = InputWatch(record: record, field: field, found: found)
    let summary = try conversion.watch(watch, report: report)
    guard var answer = watch.answer else {
      throw WhyJob.noRecord(record, in: output.name, written: summary?.records.written ?? watch.written, by: conversion)
    }
    if let unknown, answer.fields.isEmpty { throw unknown }
    answer.residue = conversion.restore
    answer.output.line = try line(of: answer.output.bytes.lowerBound, in: output)
    if let input = conversion.inputs.first(where: { $0.name == answer.input.source }) {
      answer.input.line = try line(of: answer.input.bytes.lowerBound, in: input)
    }
    return answer
  }

  /// The field is one that the target has in this shape.
  private func check(_ prediction: Prediction) throws(Diagnostic) {
    guard let field else { return }
    let (source, target) = (prediction.source.name, prediction.target.name)
    let names = prediction.targets.map(\.name) + (target == CanonicalModel.name ? ["system", "native"] : [])
    if names.contains(field) { return }
    if let own = prediction.target.fields.first(where: { $0.name == field }) {
      throw Diagnostic(
        .unknownField, "`\(field)` of \(target) is not written in \(prediction.shape)", labels: [.init(own.place)],
        help: own.oneWay == nil && !own.shapes.isEmpty
          ? "it is written in \(Shape.allCases.filter(own.shapes.contains).map(\.rawValue).joined(separator: ", ")): say `--shape`" : nil)
    }
    if let leaf = prediction.source(named: field) {
      let into = prediction.targets.filter { target in leaf.edges.contains { prediction.targets[$0.target].name == target.name } }
      throw Diagnostic(
        .unknownField, "`\(field)` is a field of \(source), the source", labels: [.init(leaf.place)],
        help: into.isEmpty
          ? "\(target) has no place for it; `--field` takes fields of \(target)"
          : "in \(target) it is \(into.map { "`\($0.name)`" }.joined(separator: " or ")): say `--field \(into[0].name)`")
    }
    if let meant = prediction.targets.first(where: { $0.legs.contains { $0.canonical == [field] } }) {
      throw Diagnostic(
        .unknownField, "`\(field)` is a canonical field", labels: [.init(meant.place)],
        help: "in \(target) it is `\(meant.name)`: say `--field \(meant.name)`")
    }
    throw Diagnostic(
      .unknownField, "\(target) has no field `\(field)`",
      help: nearest(field, among: names).map { "did you mean `\($0)`?" } ?? "`crosswalk systems \(target)` lists its fields")
  }

  /// Also by the last name of a path.
  private func nearest(_ field: String, among names: [String]) -> String? {
    if let name = nearestName(to: field, among: names) { return name }
    let last = names.map { name in name.split(separator: ".").last.map(String.init) ?? name }
    return nearestName(to: field, among: last).flatMap { name in last.firstIndex(of: name).map { names[$0] } }
  }

  // MARK: - The output

  private func readOutput(_ report: ((Diagnostic) -> Void)?) throws(Diagnostic) -> OutputRecord {
    var reading = ConvertJob(inputs: [output], from: conversion.to, to: .init(CanonicalModel.name))
    reading.mappings = conversion.mappings
    reading.limits = conversion.limits
    reading.delimiter = conversion.delimiter
    reading.csvProfile = conversion.csvProfile
    reading.xmlParser = conversion.xmlParser
    let watch = OutputWatch(record: record)
    let summary: ConvertSummary?
    do throws(Diagnostic) {
      summary = try reading.watch(watch, report: report)
    } catch {
      // What is read here is named by the other flag.
      var problem = error
      problem.help = problem.help?.replacing("`--from ", with: "`--to ")
      throw problem
    }
    if let problem = watch.problem { throw problem }
    guard let found = watch.found else {
      throw WhyJob.noRecord(record, in: output.name, count: summary?.records.read ?? 0)
    }
    if found.values.isEmpty, !found.unnamed.isEmpty { throw WhyJob.foreign(found.record, conversion.to.system) }
    return found
  }

  /// Lines from 1; nil for what can be read only once.
  private func line(of offset: Int, in input: ConvertJob.Input) throws(Diagnostic) -> Int? {
    if input == .standardInput { return nil }
    if case .file(let path) = input {
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    }
    let source = try InputSource(input, limits: conversion.limits)
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 256 << 10)
    defer { room.deallocate() }
    var (line, at) = (1, 0)
    while at < offset {
      let got = try source.read(into: room, count: min(256 << 10, offset - at))
      guard got > 0 else { break }
      for index in 0..<got where room[index] == 0x0a { line += 1 }
      at += got
    }
    return line
  }
}

/// A record of the output as its own system reads it.
struct OutputRecord {
  struct Value {
    var value: Tree
    var bytes: Range<Int>?
  }

  var record: WhyAnswer.Record
  var format: Format
  /// By the names of leaves; absent ones have none.
  var values: [String: Value] = [:]
  /// Values that no field names, by their paths, and how many leaves each has.
  var unnamed: [String: (value: Value, leaves: Int)] = [:]
}

private final class OutputWatch: RecordWatch {
  private let wanted: Int
  private(set) var found: OutputRecord?
  private(set) var problem: Diagnostic?

  init(record: Int) { wanted = record }

  func see(_ record: WatchedRecord) -> Bool {
    guard record.number == wanted else { return record.number < wanted }
    let plan = record.plan
    var found = OutputRecord(
      record: .init(source: record.source, number: record.number, bytes: record.bytes), format: plan.sourceFormat)
    for (index, leaf) in plan.sourceLeaves.enumerated() {
      let slot = plan.aside.first { $0.leaf == index }?.value ?? plan.frame.slots[leaf.register]
      guard !slot.isAbsent else { continue }
      found.values[leaf.name] = .init(
        value: Native.literal(slot, frame: plan.frame, format: plan.sourceFormat), bytes: record.bytes(of: slot))
    }
    for extra in plan.frame.extras {
      let value = OutputRecord.Value(
        value: Native.literal(extra.value, frame: plan.frame, format: plan.sourceFormat), bytes: record.bytes(of: extra.value))
      found.unnamed[String(decoding: plan.path(of: extra), as: UTF8.self)] = (value, Int(extra.leaves))
    }
    self.found = found
    return false
  }

  func see(rejected number: Int, because problem: Diagnostic) -> Bool {
    guard number == wanted else { return number < wanted }
    self.problem = problem
    return false
  }
}

private final class InputWatch: RecordWatch {
  private let wanted: Int
  private let field: String?
  private let found: OutputRecord
  private(set) var answer: WhyAnswer?
  private(set) var written = 0

  init(record: Int, field: String?, found: OutputRecord) {
    wanted = record
    self.field = field
    self.found = found
  }

  func see(_ record: WatchedRecord) -> Bool {
    written = record.written + 1
    guard record.written == wanted else { return true }
    answer = FieldTracer(record).answer(to: field, found)
    return false
  }

  func see(rejected number: Int, because problem: Diagnostic) -> Bool { true }
}

extension WatchedRecord {
  /// Where a value stands in the input; nil for one that was put together.
  func bytes(of slot: Slot) -> Range<Int>? {
    guard slot.space == .chunk, slot.length > 0, slot.offset >= plan.frame.start, slot.offset + slot.length <= plan.frame.end
    else { return nil }
    return (chunk + slot.offset)..<(chunk + slot.offset + slot.length)
  }
}

// MARK: - Messages

extension WhyJob {
  private static func count(_ number: Int) -> String { "\(number) record\(number == 1 ? "" : "s")" }

  private static func foreign(_ record: WhyAnswer.Record, _ system: String) -> Diagnostic {
    Diagnostic(
      .noShape, "this record has no field of \(system)",
      at: .init(source: record.source, record: record.number, bytes: record.bytes),
      help: "`--to` is the system that the output was written for; `crosswalk systems \(system)` shows its fields")
  }

  private static func noRecord(_ record: Int, in output: String, count: Int) -> Diagnostic {
    Diagnostic(
      .noSuchRecord, "`\(output)` has \(WhyJob.count(count)), and no record \(record)",
      help: count == 0 ? nil : "records count from 0: the last one is record \(count - 1)")
  }

  private static func noRecord(_ record: Int, in output: String, written: Int, by job: ConvertJob) -> Diagnostic {
    Diagnostic(
      .noSuchRecord,
      "the conversion of \(job.inputs.map { "`\($0.name)`" }.joined(separator: ", ")) writes \(WhyJob.count(written)), and no "
        + "record \(record); `\(output)` has one",
      help: "name the inputs and flags that the output was made with; a record that was added later came from none of them")
  }
}
