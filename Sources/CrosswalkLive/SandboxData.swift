import Crosswalk
import CrosswalkSandbox
import CrosswalkTerminal
import Glibc

/// The first records of a sandbox: files that `convert` reads, whoever wrote them.
struct SandboxData {
  private let files: [(system: String, path: String)]
  private let from: String?
  private let job: SandboxJob

  /// - texts: `[SYSTEM=]FILE`; the system may be left out where one alone is played.
  init(_ texts: [String], from: String?, _ job: SandboxJob) throws(Diagnostic) {
    var files: [(system: String, path: String)] = []
    for text in texts {
      let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
      if sides.count == 2, job.systems.contains(sides[0]) {
        files.append((sides[0], sides[1]))
      } else if sides.count == 2, access(text, F_OK) != 0, access(sides[1], F_OK) == 0 {
        throw Diagnostic(
          .usage, "`--data \(text)`: \(sides[0]) is not played here", help: "name it beside the others: `crosswalk sandbox \(sides[0])`")
      } else if job.systems.count == 1 {
        files.append((job.systems[0], text))
      } else {
        throw Diagnostic(
          .usage, "`--data \(text)` does not say whose records these are",
          help: "`--data \(job.systems.first ?? "SYSTEM")=\(text)`")
      }
    }
    self.files = files
    self.from = from
    self.job = job
  }

  /// Puts the records into systems that have none yet; a store that has some goes on with them.
  func fill(_ sandbox: CrosswalkSandbox.Sandbox, _ console: Console) throws(Diagnostic) {
    for (system, _) in files where !sandbox.isEmpty(system) {
      throw Diagnostic(
        .usage, "the store has records of \(system) already", help: "leave `--data` out to go on with them, or name a new `--store`")
    }
    for (system, path) in files {
      let records = try records(of: path, as: system, console)
      if records.isEmpty {
        console.show(Diagnostic(.emptyInput, "`\(path)` has no records of \(system)", help: "the sandbox begins without", disposition: .warning))
      }
      for odd in try blocking({ () async throws(Diagnostic) in try await sandbox.seed(system, records) }) { console.show(odd) }
    }
  }

  /// A line each, in the system's own names.
  private func records(of path: String, as system: String, _ console: Console) throws(Diagnostic) -> [[UInt8]] {
    let input: ConvertJob.Input = path == "-" ? .standardInput : .file(path)
    let source = ConvertJob.Endpoint(stringLiteral: from ?? system)
    let target = ConvertJob.Endpoint(system, format: .ndjson)
    guard source.system == system else {
      let output = try TemporaryFile()
      let summary = try convert(input, source, to: target, output, of: path, as: system, console)
      if let lost = SandboxData.lost([summary], of: path, as: system) { console.show(lost) }
      return try output.bytes().split(separator: 0x0a).map(Array.init)
    }
    // Its own records keep what no field names: `native` carries it there and back. What canonical has to say of them does not matter.
    let canonical = try TemporaryFile()
    let there = try convert(input, source, to: ConvertJob.Endpoint("canonical", format: .ndjson), canonical, of: path, as: system, nil)
    let output = try TemporaryFile()
    let back = try convert(.file(canonical.path), ConvertJob.Endpoint("canonical", format: .ndjson), to: target, output, of: path, as: system, nil)
    if let lost = SandboxData.lost([there, back], of: path, as: system) { console.show(lost) }
    return try output.bytes().split(separator: 0x0a).map(Array.init)
  }

  private func convert(
    _ input: ConvertJob.Input, _ source: ConvertJob.Endpoint, to target: ConvertJob.Endpoint, _ output: TemporaryFile, of path: String,
    as system: String, _ console: Console?
  ) throws(Diagnostic) -> ConvertSummary {
    var convert = ConvertJob(inputs: [input], from: source, to: target)
    convert.output = .file(output.path)
    convert.residue = .none
    convert.force = true
    convert.mappings = job.mappings
    let summary = try convert.run(report: { console?.show($0) })
    guard summary.records.rejected == 0 else {
      throw Diagnostic(.usage, "\(summary.records.rejected) records of `\(path)` cannot be records of \(system)", help: "`convert` says why")
    }
    return summary
  }

  /// What is in the data and not in the sandbox.
  private static func lost(_ summaries: [ConvertSummary], of path: String, as system: String) -> Diagnostic? {
    var count = 0
    var hasBlanks = false
    var all: [String: Int] = [:]
    for summary in summaries {
      for (reason, values) in summary.parked {
        if reason == .empty || reason == .derived { hasBlanks = true } else { count += values }
      }
      count += summary.documentUnknown.values.reduce(0, +)
      all.merge(summary.parkedFields.merging(summary.documentUnknown, uniquingKeysWith: +), uniquingKeysWith: +)
    }
    guard count > 0 else { return nil }
    let fields = all.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    var list = fields.prefix(8).map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    if fields.count > 8 { list += " and \(fields.count - 8) more" }
    let which = hasBlanks ? ", empty and derived ones too" : ""
    return Diagnostic(
      .parkedNowhere, "\(count == 1 ? "1 value" : "\(count) values") of `\(path)` \(count == 1 ? "is" : "are") not in the sandbox: \(system) has no place for them as they are",
      help: "by field\(which): \(list); `client.yaml` of \(system) says which fields it has", disposition: .warning)
  }
}

/// A file that is gone when nobody holds it.
private final class TemporaryFile {
  let path: String

  init() throws(Diagnostic) {
    var name = Array("\(TemporaryFolder.path)/crosswalk-sandbox-XXXXXX".utf8CString)
    let descriptor = name.withUnsafeMutableBufferPointer { mkstemp($0.baseAddress!) }
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard descriptor >= 0 else {
      throw Diagnostic(.unwritableOutput, "a temporary file cannot be made in `\(TemporaryFolder.path)`", help: "TMPDIR names another folder")
    }
    close(descriptor)
  }

  deinit { unlink(path) }

  func bytes() throws(Diagnostic) -> [UInt8] {
    let source = try InputSource(.file(path), limits: Limits())
    var bytes: [UInt8] = []
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << 20)
    defer { room.deallocate() }
    while true {
      let count = try source.read(into: room, count: 1 << 20)
      if count == 0 { return bytes }
      bytes += UnsafeBufferPointer(start: room, count: count)
    }
  }
}
